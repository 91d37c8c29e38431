#include <gtest/gtest.h>

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/security/tls/engine.hpp"
#include "libp2p/security/tls/transport_stream.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/raw_tls.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::tls {
namespace {

using std::chrono::seconds;
using test::CountingStream;
using test::keep;
using test::key_number;
using test::RawTls;
using test::receive;
using test::send;

constexpr std::size_t record_overhead = 5 + 1 + 16;
constexpr std::size_t capacity = 1024UZ * 1024;

PeerCertificate certificate(std::uint64_t number) {
  SeededRandom random(number);
  return make_peer_certificate(key_number(number), random).value();
}

Bytes pattern(std::size_t size, std::uint64_t seed = 1) { return SeededRandom(seed).bytes(size); }

// Our stream as client, and a raw server behind the other end of what it was made over.
class TlsTransport : public testing::Test {
 protected:
  void SetUp() override { secure({}); }
  void secure(std::optional<std::uint64_t> records_a_key) {
    EngineOptions options{.protocols = {"libp2p"}, .expected_peer = {}, .now = runtime_.env().clock.wall()};
    if (records_a_key) options.records_a_key = *records_a_key;
    auto engine = std::make_unique<Engine>(Context::create(certificate(1)).value(), Role::client, options);
    raw_.emplace(Role::server,
                 test::RawTlsOptions{.certificate = certificate(2), .change_settings = [](SSL_CTX* settings) {
                                       SSL_CTX_set_num_tickets(settings, 0);
                                     }});
    for (int round = 0; round < 2; ++round) {
      const auto done = engine->shake();
      ASSERT_TRUE(done) << done.error().to_string();
      raw_->take(engine->take_output());
      const bool theirs = raw_->shake();
      ASSERT_EQ(theirs, round == 1);
      bring(*engine, raw_->give());
    }
    auto [near, far] = make_memory_stream_pair(runtime_.env(), capacity);
    counts_ = {};
    secured_ =
        make_transport_stream(std::make_unique<CountingStream>(std::move(near), counts_), std::move(engine));
    wire_ = std::move(far);
  }
  static void bring(Engine& engine, BytesView bytes) {
    while (!bytes.empty()) {
      const MutableBytes room = engine.received().tail();
      const std::size_t size = std::min(room.size(), bytes.size());
      std::ranges::copy(bytes.first(size), room.begin());
      engine.received().arrived(size);
      bytes = bytes.subspan(size);
    }
  }

  // As the other side would send it.
  Bytes records(BytesView plaintext) {
    raw_->write(plaintext);
    return raw_->give();
  }
  Bytes close_notify() {
    SSL_shutdown(raw_->connection());
    return raw_->give();
  }
  void arrive(BytesView bytes) { ASSERT_TRUE(runtime_.run(send(*wire_, to_bytes(bytes)))); }
  Errc read_error(std::size_t at_most = 4096) {
    const auto got = runtime_.run(receive(*secured_, at_most));
    EXPECT_FALSE(got) << got->size() << " bytes";
    return got ? Errc{} : got.error().code;
  }
  Bytes read(std::size_t at_most = 4096) {
    auto got = runtime_.run(receive(*secured_, at_most));
    EXPECT_TRUE(got) << got.error().to_string();
    return got ? *got : Bytes();
  }
  // What we have written, as the other side reads it.
  Bytes read_by_other() {
    Bytes bytes(capacity);
    const auto size = runtime_.run(wire_->read_some(bytes));
    EXPECT_TRUE(size);
    raw_->take(BytesView(bytes).first(*size));
    return raw_->read();
  }

  VirtualRuntime runtime_;
  std::optional<RawTls> raw_;
  CountingStream::Counts counts_;
  StreamPtr secured_;
  StreamPtr wire_;
  TaskGroup tasks_{runtime_.env()};
};

TEST_F(TlsTransport, ALargeWriteIsFullRecordsInOneWriteBelow) {
  const Bytes data = pattern(max_batch);
  ASSERT_TRUE(runtime_.run(send(*secured_, data)));
  EXPECT_EQ(counts_.writes, std::vector{max_batch + records_at_once * record_overhead});
  EXPECT_TRUE(read_by_other() == data);
}

TEST_F(TlsTransport, MoreThanThatGoesDownInSeveralWrites) {
  ASSERT_TRUE(runtime_.run(send(*secured_, Bytes(max_batch + 1))));
  EXPECT_EQ(counts_.writes,
            std::vector({max_batch + records_at_once * record_overhead, 1 + record_overhead}));
}

TEST_F(TlsTransport, AnEmptyWriteSendsNothing) {
  ASSERT_TRUE(runtime_.run(send(*secured_, {})));
  EXPECT_TRUE(counts_.writes.empty());
}

TEST_F(TlsTransport, ReadsARecordInAsManyPiecesAsTheReaderLikes) {
  const Bytes data = pattern(1000);
  for (const std::size_t step : {1U, 7U, 999U, 1000U, 1001U}) {
    arrive(records(data));
    Bytes got;
    while (got.size() < data.size()) append(got, read(step));
    EXPECT_EQ(got, data);
  }
}

TEST_F(TlsTransport, OneReadTakesAllThatIsThere) {
  Bytes all = records(pattern(10));
  append(all, records(pattern(20)));
  append(all, records(pattern(30)));
  arrive(all);
  EXPECT_EQ(read(55).size(), 55U);
  EXPECT_EQ(read(55).size(), 5U);
}

TEST_F(TlsTransport, ReadsRecordsHoweverTheyAreCut) {
  for (const std::size_t step : {1U, 2U, 5U, 121U, 122U, 123U}) {
    secure({});
    Bytes all = records(pattern(100));
    append(all, records(pattern(200, 2)));
    append(all, close_notify());
    Bytes expected = pattern(100);
    append(expected, pattern(200, 2));
    std::optional<Result<Bytes>> got;
    tasks_.spawn("reader", keep(read_to_end(*secured_, 1000), got));
    for (std::size_t at = 0; at < all.size(); at += step) {
      arrive(BytesView(all).subspan(at, std::min(step, all.size() - at)));
      runtime_.run_ready();
    }
    runtime_.run(tasks_.join());
    EXPECT_EQ(got->value(), expected);
  }
}

TEST_F(TlsTransport, TheEndThatTheOtherSideDeclaresIsAnEndAndWritingGoesOn) {
  arrive(records(as_bytes("last")));
  arrive(close_notify());
  ASSERT_TRUE(runtime_.run(wire_->close_write()));
  EXPECT_EQ(read(), to_bytes("last"));
  EXPECT_EQ(read(), Bytes());
  EXPECT_EQ(read(), Bytes());
  ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("still"))));
  EXPECT_FALSE(counts_.reset);
}

TEST_F(TlsTransport, AnEndThatWasNotDeclaredIsAnErrorAtEveryOffset) {
  const std::size_t size = records(as_bytes("first")).size();
  for (std::size_t cut = 0; cut <= size; ++cut) {
    secure({});
    const Bytes bytes = records(as_bytes("first"));
    arrive(BytesView(bytes).first(cut));
    ASSERT_TRUE(runtime_.run(wire_->close_write()));
    if (cut == size) {
      EXPECT_EQ(read(), to_bytes("first"));
    }
    EXPECT_EQ(read_error(), Errc::reset);
    EXPECT_EQ(read_error(), Errc::reset);
  }
}

TEST_F(TlsTransport, ClosingDeclaresTheEndAndReadingGoesOn) {
  ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("bye"))));
  ASSERT_TRUE(runtime_.run(secured_->close_write()));
  EXPECT_TRUE(counts_.write_closed);
  EXPECT_EQ(read_by_other(), to_bytes("bye"));
  EXPECT_EQ(SSL_get_shutdown(raw_->connection()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
  EXPECT_EQ(runtime_.run(send(*secured_, to_bytes("more"))).error().code, Errc::closed);
  arrive(records(as_bytes("answer")));
  EXPECT_EQ(read(), to_bytes("answer"));
  EXPECT_TRUE(runtime_.run(secured_->close_write())) << "twice is once";
}

TEST_F(TlsTransport, WhatComesBeforeAForgedRecordIsDeliveredAndNothingAfterIt) {
  Bytes all = records(as_bytes("good"));
  const std::size_t good = all.size();
  append(all, records(as_bytes("forged")));
  append(all, records(as_bytes("after")));
  all[good + 5 + 2] ^= 1;
  arrive(all);
  EXPECT_EQ(read(), to_bytes("good"));
  EXPECT_EQ(read_error(), Errc::crypto);
  EXPECT_EQ(read_error(), Errc::crypto);
  EXPECT_TRUE(counts_.reset);
}

TEST_F(TlsTransport, AForgedRecordLeavesNothingInTheReadersBuffer) {
  Bytes all = records(Bytes(1000, 0x55));
  all.back() ^= 1;
  arrive(all);
  Bytes out(1000, 0xee);
  ASSERT_FALSE(runtime_.run(secured_->read_some(out)));
  EXPECT_TRUE(std::ranges::none_of(out, [](std::uint8_t byte) { return byte == 0x55; }));
}

TEST_F(TlsTransport, AReplayedRecordIsRefused) {
  const Bytes record = records(as_bytes("once"));
  arrive(record);
  arrive(record);
  EXPECT_EQ(read(), to_bytes("once"));
  EXPECT_EQ(read_error(), Errc::crypto);
}

TEST_F(TlsTransport, WhatIsNoRecordIsRefused) {
  for (const std::string_view hex : {"1503030002010000", "ff03030001aa", "170303ffff", "1703030000"}) {
    secure({});
    arrive(from_hex(hex).value());
    ASSERT_TRUE(runtime_.run(wire_->close_write()));
    EXPECT_NE(read_error(), Errc{}) << hex;
    EXPECT_TRUE(counts_.reset);
  }
}

TEST_F(TlsTransport, AnswersAKeyUpdateWithTheNextWrite) {
  SSL_key_update(raw_->connection(), SSL_KEY_UPDATE_REQUESTED);
  arrive(records(as_bytes("under the new key")));
  EXPECT_EQ(read(), to_bytes("under the new key"));
  EXPECT_TRUE(counts_.writes.empty());
  ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("mine, too"))));
  ASSERT_EQ(counts_.writes.size(), 1U);
  EXPECT_GT(counts_.writes[0], 9 + record_overhead) << "with a KeyUpdate before it";
  EXPECT_EQ(read_by_other(), to_bytes("mine, too"));
}

TEST_F(TlsTransport, ChangesItsKeyBeforeItIsUsedUp) {
  secure(4);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(runtime_.run(send(*secured_, to_bytes("record"))));
    EXPECT_EQ(read_by_other(), to_bytes("record"));
  }
  const auto updates =
      std::ranges::count_if(counts_.writes, [](std::size_t size) { return size > 6 + record_overhead; });
  EXPECT_GE(updates, 4);
  EXPECT_LE(updates, 7);
}

TEST_F(TlsTransport, AfterAWriteThatWasCutOffNothingIsWritten) {
  std::optional<Result<>> written;
  TaskGroup writers(runtime_.env());
  writers.spawn("writer", keep(send(*secured_, Bytes(2 * capacity)), written));
  runtime_.run_ready();
  runtime_.run(writers.stop());
  EXPECT_FALSE(written);
  EXPECT_EQ(runtime_.run(send(*secured_, to_bytes("more"))).error().code, Errc::reset);
  EXPECT_EQ(runtime_.run(secured_->close_write()).error().code, Errc::reset);
}

TEST_F(TlsTransport, ACancelledReadLosesNothing) {
  const Bytes bytes = records(as_bytes("hello"));
  arrive(BytesView(bytes).first(7));
  const auto late = runtime_.run(with_timeout(runtime_.env(), seconds(1), "reading", receive(*secured_)));
  EXPECT_EQ(late.error().code, Errc::timeout);
  arrive(BytesView(bytes).subspan(7));
  EXPECT_EQ(read(), to_bytes("hello"));
}

Task<> write_pieces(Stream& stream, Bytes data, std::uint64_t seed) {
  SeededRandom random(seed);
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t most = random.below(2) == 0 ? 2000 : 400'000;
    const std::size_t size = std::min<std::size_t>(data.size() - at, 1 + random.below(most));
    const auto written = co_await stream.write(BytesView(data).subspan(at, size));
    EXPECT_TRUE(written);
    at += size;
  }
  (void)co_await stream.close_write();
}

Task<> read_pieces(Stream& stream, Bytes& all, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes piece;
  for (;;) {
    piece.resize(1 + random.below(random.below(2) == 0 ? 100 : 300'000));
    const auto got = co_await stream.read_some(piece);
    EXPECT_TRUE(got) << got.error().to_string();
    if (!got || *got == 0) co_return;
    append(all, BytesView(piece).first(*got));
  }
}

// With keys that change all the time on both sides, and so with control records between data in both
// directions.
TEST(TlsTransportPair, CarriesAnyMixOfSizesBothWaysAtOnce) {
  VirtualRuntime runtime;
  const auto one = Context::create(certificate(1)).value();
  const auto two = Context::create(certificate(2)).value();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const EngineOptions options{.protocols = {"libp2p"},
                                .expected_peer = {},
                                .now = runtime.env().clock.wall(),
                                .records_a_key = seed == 1 ? std::uint64_t{1} << 23 : 40};
    auto client = std::make_unique<Engine>(one, Role::client, options);
    auto server = std::make_unique<Engine>(two, Role::server, options);
    const auto move = [](Engine& from, Engine& to) {
      const Bytes bytes = from.take_output();
      std::ranges::copy(bytes, to.received().tail().begin());
      to.received().arrived(bytes.size());
    };
    EXPECT_FALSE(client->shake().value());
    move(*client, *server);
    EXPECT_FALSE(server->shake().value());
    move(*server, *client);
    EXPECT_TRUE(client->shake().value());
    move(*client, *server);
    EXPECT_TRUE(server->shake().value());
    auto [a, b] = make_memory_stream_pair(runtime.env(), 100'000);
    const StreamPtr left = make_transport_stream(std::move(a), std::move(client));
    const StreamPtr right = make_transport_stream(std::move(b), std::move(server));
    const Bytes there = pattern(3'000'000, seed);
    const Bytes back = pattern(2'000'000, seed + 100);
    Bytes at_right;
    Bytes at_left;
    TaskGroup tasks(runtime.env());
    tasks.spawn("there", write_pieces(*left, there, seed));
    tasks.spawn("back", write_pieces(*right, back, seed + 1));
    tasks.spawn("at right", read_pieces(*right, at_right, seed + 2));
    tasks.spawn("at left", read_pieces(*left, at_left, seed + 3));
    runtime.run(tasks.join());
    EXPECT_TRUE(at_right == there);
    EXPECT_TRUE(at_left == back);
  }
}

}  // namespace
}  // namespace libp2p::tls
