// ATTACKS, QUIC: QU01 to QU17.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/base/varint.hpp"
#include "libp2p/transport/quic/quic_transport.hpp"
#include "libp2p/transport/quic/udp_socket.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/quic_forgery.hpp"
#include "tests/support/quic_net.hpp"

namespace libp2p {
namespace {

using quic::StreamStatePtr;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Forging;
using test::is_short_header;
using test::key_number;
using test::multiaddr;
using test::peer_number;
using test::QuicNet;

// Frames that no honest peer sends, over a network in memory.

void put_varint(Bytes& out, std::uint64_t value) {
  if (value < 64) {
    out.push_back(static_cast<std::uint8_t>(value));
  } else {
    std::array<std::uint8_t, 8> wide{};
    store_be(value | (std::uint64_t{3} << 62), wide.data());
    append(out, wide);
  }
}

// An established pair whose client is an attacker.
class Attack {
 public:
  explicit Attack(QuicConfig server_config = {}) : net({}, server_config) {
    EXPECT_TRUE(net.connect());
    net.run_for(seconds(1));
    stream_ = net.client->open(net.now).value();
  }

  // One packet whose frames are these.
  void send(const Bytes& frames) {
    net.pump();
    const Bytes carrier(1100, 0x41);
    // It is for the packet alone; what it carries is replaced, and counts as lost.
    (void)net.client->write(*stream_, carrier);
    {
      bool done = false;
      const Forging forging([&](BytesView header, Bytes& payload) {
        if (!is_short_header(header) || frames.size() > payload.size() || std::exchange(done, true)) return;
        std::ranges::fill(payload, std::uint8_t{0});
        std::ranges::copy(frames, payload.begin());
      });
      net.pump();
    }
    net.run_for(milliseconds(50));
  }
  [[nodiscard]] std::optional<Error> verdict() const { return net.server->ended(); }

  QuicNet net;

 private:
  StreamStatePtr stream_;
};

void expect_broken_protocol(const Bytes& frames) {
  Attack attack;
  attack.send(frames);
  ASSERT_TRUE(attack.verdict()) << to_hex(frames);
  EXPECT_EQ(attack.verdict()->code, Errc::protocol) << attack.verdict()->to_string();
}

// The encoded parameters without the one of this id; both are small enough for varints of two bytes.
Bytes without_parameter(const Bytes& encoded, std::uint64_t id) {
  Bytes out;
  const auto varint_at = [&](std::size_t at, std::size_t& size) {
    size = std::size_t{1} << (encoded.at(at) >> 6);
    std::uint64_t value = encoded.at(at) & 0x3f;
    for (std::size_t i = 1; i < size; ++i) value = value << 8 | encoded.at(at + i);
    return value;
  };
  for (std::size_t at = 0; at < encoded.size();) {
    std::size_t id_size = 0;
    std::size_t length_size = 0;
    const std::uint64_t found = varint_at(at, id_size);
    const std::uint64_t length = varint_at(at + id_size, length_size);
    const std::size_t whole = id_size + length_size + static_cast<std::size_t>(length);
    if (found != id) append(out, BytesView(encoded).subspan(at, whole));
    at += whole;
  }
  return out;
}

TEST(Quic, QU04_WrongTransportParametersEndTheHandshake) {
  struct Case {
    const char* what;
    std::uint64_t id;
    const char* forged;
  };
  for (const Case& one :
       {Case{"an ack delay exponent of 21", 0x0a, "0a0115"},
        Case{"datagrams of at most 100 bytes", 0x03, "03024064"},
        Case{"a limit of one connection id", 0x0e, "0e0101"},
        Case{"a max ack delay of 2^14 ms", 0x0b, "0b0480004000"},
        Case{"more than 2^60 streams", 0x08, "0808d000000000000001"},
        Case{"what only a server may say", 0x00, "00080102030405060708"},
        Case{"a length beyond the end", 0x01, "013f00"}, Case{"a varint that is cut", 0x01, "0104c0"}}) {
    QuicNet net;
    test::parameter_forgery() = [&](Bytes& encoded) {
      encoded = without_parameter(encoded, one.id);
      append(encoded, from_hex(one.forged).value());
    };
    net.dial();
    net.pump();
    test::parameter_forgery() = nullptr;
    net.run_for(seconds(15));
    ASSERT_TRUE(net.server) << one.what;
    EXPECT_FALSE(net.server->established()) << one.what;
    ASSERT_TRUE(net.server->ended()) << one.what;
    EXPECT_EQ(net.server->ended()->code, Errc::protocol)
        << one.what << ": " << net.server->ended()->to_string();
  }
}

TEST(Quic, QU05_UnknownFramesAndCutOnesEndTheConnection) {
  expect_broken_protocol(from_hex("21").value());
  expect_broken_protocol(from_hex("40ff").value());
  expect_broken_protocol(from_hex("ffffffffffffffff").value());
  // A type that ends in the middle: the packet's last byte begins a varint of eight.
  Attack attack;
  attack.net.pump();
  {
    const Forging forging([](BytesView header, Bytes& payload) {
      if (!is_short_header(header)) return;
      std::ranges::fill(payload, std::uint8_t{0});
      payload.back() = 0xc0;
    });
    const StreamStatePtr stream = attack.net.client->open(attack.net.now).value();
    ASSERT_TRUE(*attack.net.client->write(*stream, as_bytes("carrier of something else")));
    attack.net.pump();
  }
  attack.net.run_for(milliseconds(50));
  ASSERT_TRUE(attack.verdict());
  EXPECT_EQ(attack.verdict()->code, Errc::protocol);
}

TEST(Quic, QU06_AFloodOfConnectionIdsToRetireEndsTheConnection) {
  Attack attack;
  std::uint64_t sequence = 1;
  // The server's acknowledgements of the retirements are what the attacker withholds.
  for (int packets = 0; packets < 100 && !attack.verdict(); ++packets) {
    Bytes frames;
    for (int i = 0; i < 20; ++i, ++sequence) {
      frames.push_back(0x18);
      put_varint(frames, sequence + 100);
      put_varint(frames, sequence + 100);
      frames.push_back(8);
      Bytes id(8);
      store_be(sequence, id.data());
      append(frames, id);
      append(frames, Bytes(16, static_cast<std::uint8_t>(sequence)));
    }
    attack.send(frames);
  }
  ASSERT_TRUE(attack.verdict());
  EXPECT_EQ(attack.verdict()->code, Errc::protocol);
  EXPECT_LE(sequence, 8U * 20U);
}

TEST(Quic, QU07_PathChallengesAreAnsweredOnlySoFar) {
  Attack attack;
  const std::uint64_t before = attack.net.sent_by_server;
  Bytes frames;
  for (std::uint8_t i = 0; i < 100; ++i) {
    frames.push_back(0x1a);
    append(frames, Bytes(8, i));
  }
  for (int packets = 0; packets < 20; ++packets) attack.send(frames);
  EXPECT_FALSE(attack.verdict());
  // 2,000 challenges in 22 KB: at most four answers wait at a time, a datagram each.
  EXPECT_LE(attack.net.sent_by_server - before, 20U * 4U * 1500U);
}

// One byte of every two, from `begin` on.
Bytes gaps(std::uint64_t stream, std::uint64_t& at, std::uint64_t end) {
  Bytes frames;
  for (; frames.size() < 1000 && at < end; at += 2) {
    frames.push_back(0x0e);  // STREAM with offset and length
    put_varint(frames, stream);
    put_varint(frames, at);
    put_varint(frames, 1);
    frames.push_back('x');
  }
  return frames;
}

TEST(Quic, QU08_GapsThatCostMoreThanTheWindowEndTheConnection) {
  const auto allowed = [](const Attack& attack) {
    return 2 * attack.net.server->window_bytes() + (1U << 20) + (64U << 10);
  };
  {
    Attack attack;
    for (std::uint64_t at = 1; at < QuicConfig{}.initial_window_bytes && !attack.verdict();) {
      attack.send(gaps(400, at, QuicConfig{}.initial_window_bytes));
      EXPECT_LE(attack.net.server->reordering_bytes(), allowed(attack));
    }
    EXPECT_TRUE(attack.verdict()) << "too many gaps in one stream";
  }
  Attack attack({.initial_connection_window_bytes = 300'000});
  for (std::uint64_t stream = 4; stream < 128UZ * 4 && !attack.verdict(); stream += 4) {
    for (std::uint64_t at = 1; at < 1900 && !attack.verdict();) {
      attack.send(gaps(stream, at, 1900));
      EXPECT_LE(attack.net.server->reordering_bytes(), allowed(attack));
    }
  }
  ASSERT_TRUE(attack.verdict()) << attack.net.server->reordering_bytes();
  EXPECT_EQ(attack.verdict()->code, Errc::limit) << attack.verdict()->to_string();
}

TEST(Quic, QU09_AHandshakeThatIsSaidToBeDoneTooEarly) {
  // By a client, which has nothing to say about it.
  expect_broken_protocol({0x1e});
  // By a server, before it is: quic-go's CVE-2025-59530.
  QuicNet net;
  const Forging forging([](BytesView header, Bytes& payload) {
    if (!test::is_handshake(header)) return;
    std::ranges::fill(payload, std::uint8_t{0});
    payload[0] = 0x1e;
  });
  net.dial();
  net.run_until([&] { return net.client->ended().has_value(); }, seconds(15));
  ASSERT_TRUE(net.client->ended());
  EXPECT_FALSE(net.client->established());
}

TEST(Quic, QU10_AnAcknowledgementOfWhatWasNeverSentEndsTheConnection) {
  Bytes frames{0x02};
  put_varint(frames, 100'000);  // the largest
  put_varint(frames, 0);        // delay
  put_varint(frames, 0);        // further ranges
  put_varint(frames, 0);        // the first
  expect_broken_protocol(frames);
}

TEST(Quic, QU11_AGapInTheHandshakesBytesEndsTheConnection) {
  Bytes frames{0x06};
  put_varint(frames, 70'000);
  put_varint(frames, 1);
  frames.push_back(0);
  expect_broken_protocol(frames);
}

// The same before anybody has proven anything: one byte of every two, and never the first.
TEST(Quic, QU11_GapsWithinTheHandshakeEndItBeforeTheyCostMuch) {
  QuicNet net;
  std::uint64_t at = 1;
  test::handshake_excess() = 200'000;
  const Forging forging([&](BytesView header, Bytes& payload) {
    if (!test::is_handshake(header) || test::handshake_excess() != 0) return;
    std::ranges::fill(payload, std::uint8_t{0});
    for (std::size_t size = 0; size + 10 < payload.size() && at < 65'000; at += 2) {
      Bytes frame{0x06};
      put_varint(frame, at);
      append(frame, Bytes{1, 1});
      std::ranges::copy(frame, payload.begin() + static_cast<std::ptrdiff_t>(size));
      size += frame.size();
    }
  });
  net.dial();
  net.run_until([&] { return net.server && net.server->ended(); }, seconds(9));
  test::handshake_excess() = 0;
  ASSERT_TRUE(net.server && net.server->ended());
  EXPECT_EQ(net.server->ended()->code, Errc::protocol) << net.server->ended()->to_string();
  EXPECT_FALSE(net.server->established());
  EXPECT_LT(at, 10'000U) << "more gaps than ngtcp2 is known to bear";
}

TEST(Quic, QU13_MoreThanFourMigrationsAMinuteAreNotFollowed) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  net.run_for(seconds(1));
  const StreamStatePtr stream = net.client->open(net.now).value();
  ASSERT_TRUE(*net.client->write(*stream, as_bytes("x")));
  net.run_for(seconds(1));
  StreamStatePtr at_server = net.server->accept();
  ASSERT_TRUE(at_server);
  std::uint16_t port = 2000;
  net.rewrites = [&](QuicNet::Datagram& datagram) {
    if (datagram.to_server) datagram.path.remote = test::udp("198.51.100.1", port);
  };
  for (int i = 0; i < 100; ++i) {
    ++port;
    ASSERT_TRUE(*net.client->write(*stream, as_bytes("y")));
    net.run_for(milliseconds(10));
  }
  EXPECT_LE(net.server->migrations(), 4U);
  EXPECT_FALSE(net.server->ended());
}

TEST(Quic, QU15_AForgedVersionNegotiationIsNotBelieved) {
  QuicNet net;
  int forged = 0;
  net.rewrites = [&](QuicNet::Datagram& datagram) {
    const auto header = quic::read_header(datagram.bytes);
    if (!datagram.to_server || !header || !header->long_form) return;
    // To the client: the ids are known to whoever saw its datagram.
    Bytes versions = quic::version_negotiation(*header, 0x33);
    store_be(std::uint32_t{0xfaceb00c}, &versions[versions.size() - 4]);
    net.inject({{datagram.path.remote, datagram.path.local}, versions, false});
    ++forged;
  };
  EXPECT_TRUE(net.connect());
  EXPECT_GT(forged, 0);
}

TEST(Quic, QU16_ZeroRttBeginsNothingAndCarriesNothing) {
  QuicNet net;
  Bytes early;
  net.rewrites = [&](QuicNet::Datagram& datagram) {
    if (!datagram.to_server || !early.empty()) return;
    early = datagram.bytes;
    early[0] = static_cast<std::uint8_t>((early[0] & 0xcf) | 0x10);  // its type: 0-RTT
  };
  net.dial();
  net.pump();
  ASSERT_FALSE(early.empty());
  EXPECT_FALSE(quic::read_initial(early)) << "it would begin a connection";
  const quic::Path path{net.server_address, net.client_address};
  net.inject({path, early, true});
  EXPECT_FALSE(net.server);
  ASSERT_TRUE(
      net.run_until([&] { return net.client->established() && net.server && net.server->established(); }));
  net.inject({path, early, true});
  net.run_for(seconds(1));
  EXPECT_FALSE(net.server->accept());
  EXPECT_FALSE(net.server->ended());
}

TEST(Quic, QU17_AnUnexpectedPeerIsLeftBeforeAnyStream) {
  QuicNet net;
  EXPECT_FALSE(net.connect(peer_number(3)));
  ASSERT_TRUE(net.client->ended());
  EXPECT_EQ(net.client->ended()->code, Errc::crypto);
  EXPECT_FALSE(net.client->established());
  EXPECT_EQ(net.client->open(net.now).error().code, Errc::closed);
  ASSERT_TRUE(net.server->ended());
  EXPECT_FALSE(net.server->established());
}

// A stream that we let go is over for us, though the other side neither ends it nor says that it will: it
// doesn't keep the connection from being closed as idle.
TEST(Quic, AStreamThatOnlyTheOtherSideKeepsOpenIsNotAlive) {
  for (const bool in_order : {false, true}) {
    QuicNet net;
    ASSERT_TRUE(net.connect());
    net.run_for(seconds(1));
    const StreamStatePtr stream = net.client->open(net.now).value();
    ASSERT_TRUE(*net.client->write(*stream, as_bytes("x")));
    net.run_for(seconds(1));
    const StreamStatePtr at_server = net.server->accept();
    ASSERT_TRUE(at_server);
    EXPECT_EQ(net.server->stream_count(), 1U);
    const Forging forging([](BytesView header, Bytes& payload) {
      if (!is_short_header(header)) return;
      std::ranges::fill(payload, std::uint8_t{0});
      payload.front() = 0x01;  // PING, whatever it was that it had to say
    });
    if (in_order) ASSERT_TRUE(net.server->close_write(*at_server));
    net.server->release(*at_server, net.now);
    net.run_for(seconds(5));
    EXPECT_FALSE(net.server->ended());
    EXPECT_EQ(net.server->stream_count(), 0U);
  }
}

// How a handshake ends with a client that shows this certificate, and speaks as it likes.
std::optional<Error> outcome_for(const test::CertificateForm& form) {
  QuicNet net;
  test::priorities_forgery() = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
  net.client_identity = quic::TlsIdentity::load(form.der(), form.private_key_der()).value();
  net.dial();
  test::priorities_forgery() = nullptr;
  net.run_until([&] { return net.server && (net.server->established() || net.server->ended()); });
  EXPECT_TRUE(net.server);
  EXPECT_NE(net.server->established(), net.server->ended().has_value());
  return net.server->ended();
}

// So that the refusals below are not of the harness's making.
TEST(Quic, AnHonestCertificateOfOthersIsAccepted) {
  const auto ended = outcome_for(test::CertificateForm(key_number(66)));
  EXPECT_FALSE(ended) << ended->to_string();
}

// TLS ends it, without an RSA signature being looked at, whatever the size of its numbers (CVE-2023-39533).
TEST(Quic, ACertificateOfRsaIsRefusedByTls) {
  test::CertificateForm form(key_number(66));
  SeededRandom random(5);
  form.key = PrivateKey::generate(KeyType::rsa, random, 4096).value();
  form.extensions = {
      test::extension(test::libp2p_extension_id, false,
                      test::signed_key(form.identity, test::key_info_of(form.key.public_key())))};
  const auto ended = outcome_for(form);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, Errc::crypto) << ended->to_string();
}

TEST(Quic, TL13_AHandshakeMessageOver16KiBEndsTheHandshakeBeforeItIsRead) {
  test::CertificateForm form(key_number(66));
  form.extensions.push_back(test::extension(from_hex("2a03").value(), false, Bytes(17U << 10)));
  const auto ended = outcome_for(form);
  ASSERT_TRUE(ended);
  // Not `limit`, which would be said of a certificate that was read.
  EXPECT_EQ(ended->code, Errc::crypto) << ended->to_string();
}

// Datagrams of strangers, over real sockets.

// A listener of peer 2 on loopback, and a socket that knows no manners.
struct Target {
  explicit Target(QuicConfig config = {})
      : transport(runtime.env(), key_number(2), config),
        listener(run(transport.listen(multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")))),
        at(quic::udp_address(listener->address()).value()),
        socket(quic::UdpSocket::open(runtime.env().executor, test::udp("127.0.0.1", 0), 1U << 20).value()) {}

  template <class T>
  T run(Task<Result<T>> task) {
    std::optional<Result<T>> out;
    runtime.run(store(with_timeout(runtime.env(), seconds(30), "the test", std::move(task)), out));
    return std::move(*out).value();
  }
  template <class T>
  static Task<> store(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  void send(BytesView datagram) {
    quic::Batch batch;
    batch.assign({socket.bound(), at}, datagram);
    (void)socket.send(batch);
  }
  // Lets the target take in what was sent.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      runtime.io().restart();
      runtime.io().poll();
    }
  }
  // All answers that came: how many, and their bytes.
  std::pair<std::size_t, std::size_t> answers() {
    Bytes buffer(65536);
    std::pair<std::size_t, std::size_t> sum;
    while (const auto got = socket.receive(buffer)) {
      last = to_bytes(got->bytes.first(std::min(got->bytes.size(), got->segment_bytes)));
      sum.first +=
          (got->bytes.size() + got->segment_bytes - 1) / std::max<std::size_t>(got->segment_bytes, 1);
      sum.second += got->bytes.size();
    }
    return sum;
  }
  // Somebody honest still gets in.
  bool lets_in(std::uint64_t number) {
    QuicTransport honest(runtime.env(), key_number(number));
    auto connection = run(honest.dial(listener->address(), peer_number(2)));
    const bool in = connection != nullptr;
    run(stop(*connection));
    return in;
  }
  static Task<Result<bool>> stop(MuxedConnection& connection) {
    co_await connection.stop();
    co_return true;
  }

  NullLog log;
  SystemRuntime runtime{log};
  QuicTransport transport;
  std::unique_ptr<ConnectionListener> listener;
  quic::Address at;
  quic::UdpSocket socket;
  Bytes last;
};

// The first datagram of a client.
Bytes first_datagram() {
  QuicNet net;
  Bytes first;
  net.drops = [&](const QuicNet::Datagram& datagram) {
    if (first.empty()) first = datagram.bytes;
    return true;
  };
  // Each has ids of its own.
  static std::uint64_t seed = 1;
  net.random = SeededRandom(++seed);
  net.dial();
  net.pump();
  return first;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

TEST(Quic, QU01_AnInitialThatIsTooSmallIsDropped) {
  Bytes first = first_datagram();
  ASSERT_GE(first.size(), 1200U);
  ASSERT_TRUE(quic::read_initial(first));
  Target target;
  target.send(BytesView(first).first(1199));
  target.settle();
  EXPECT_EQ(target.transport.half_open(), 0U);
  EXPECT_EQ(target.answers().second, 0U);
  target.send(first);
  target.settle();
  EXPECT_EQ(target.transport.half_open(), 1U);
}

TEST(Quic, QU02_AFloodOfInitialsCostsLittleAndIsAskedToProveItsAddress) {
  Target target({.retry_above_half_open_of_network = 1000});
  [[maybe_unused]] const std::size_t before = resident_bytes();
  std::size_t sent = 0;
  std::size_t answered = 0;
  for (int i = 0; i < 300; ++i) {
    const Bytes first = first_datagram();
    sent += first.size();
    target.send(first);
    target.settle();
    answered += target.answers().second;
  }
  EXPECT_EQ(target.transport.half_open(), 64U);
  EXPECT_LE(answered, 3 * sent);
  // The last of the answers is a Retry: shorter than what it answers, and nothing was kept for it.
  EXPECT_EQ(target.last[0] & 0xf0, 0xf0);
  EXPECT_LT(target.last.size(), 200U);
#if !__has_feature(address_sanitizer)
  EXPECT_LT(resident_bytes() - before, 16U << 20);
#endif
  EXPECT_TRUE(target.lets_in(5));
}

// Who forges the sender could otherwise fill up the handshakes that the swarm allows one address, and each
// more would end one of whoever really is there.
TEST(Quic, QU02_ForgedSendersTakeTwoPlacesOfTheAddressThatTheyName) {
  Target target;
  for (int i = 0; i < 20; ++i) {
    target.send(first_datagram());
    target.settle();
  }
  EXPECT_EQ(target.transport.half_open(), 2U);
  (void)target.answers();
  EXPECT_EQ(target.last[0] & 0xf0, 0xf0) << "no Retry";
  EXPECT_TRUE(target.lets_in(5));
  // Another address isn't asked.
  target.socket =
      quic::UdpSocket::open(target.runtime.env().executor, test::udp("127.0.0.2", 0), 1U << 20).value();
  target.send(first_datagram());
  target.settle();
  EXPECT_EQ(target.transport.half_open(), 3U);
}

// An Initial with this token, and nothing in it that could be opened.
Bytes initial_with_token(BytesView token) {
  Bytes out = from_hex("c00000000108010203040506070808a1a2a3a4a5a6a7a8").value();
  put_varint(out, token.size());
  append(out, token);
  put_varint(out, 1100);
  out.resize(1300, 0x5a);
  return out;
}

TEST(Quic, QU03_TokensThatAreBadOrOldLeadNowhere) {
  for (const std::size_t retry_above : {0U, 64U}) {
    Target target({.retry_above_half_open = retry_above});
    for (const std::size_t size : {1U, 2U, 16U, 78U, 79U, 255U}) {
      for (const std::uint8_t kind : {std::uint8_t{0x36}, std::uint8_t{0xb6}, std::uint8_t{0}}) {
        target.send(initial_with_token(Bytes(size, kind)));
        target.settle();
      }
    }
    EXPECT_EQ(target.transport.half_open(), 0U);
    EXPECT_TRUE(target.lets_in(5)) << retry_above;
  }
  // A true one, but late, from elsewhere, or for another id.
  const quic::Secret secret{7};
  quic::Initial initial{
      .destination = quic::ConnectionId(Bytes(8, 1)), .source = quic::ConnectionId(Bytes(8, 2)), .token = {}};
  const quic::ConnectionId own(Bytes(8, 3));
  const quic::Address client = test::udp("192.0.2.1", 1);
  const Instant now{};
  const Bytes packet = quic::retry(initial, client, own, secret, now);
  // Its header: flags, version, both ids with their lengths; at its end the tag of 16 bytes.
  const std::size_t begin = 1 + 4 + 1 + 8 + 1 + 8;
  ASSERT_GT(packet.size(), begin + 16);
  initial.token = to_bytes(BytesView(packet).subspan(begin, packet.size() - begin - 16));
  initial.destination = own;
  const auto check = [&](const quic::Address& from, Instant at) {
    return quic::check_token(initial, from, secret, seconds(10), at).verdict;
  };
  EXPECT_EQ(check(client, now), quic::TokenVerdict::valid);
  EXPECT_EQ(check(client, now + seconds(11)), quic::TokenVerdict::invalid);
  EXPECT_EQ(check(test::udp("192.0.2.2", 1), now), quic::TokenVerdict::invalid);
  initial.destination = quic::ConnectionId(Bytes(8, 4));
  EXPECT_EQ(check(client, now), quic::TokenVerdict::invalid);
}

// Whoever makes the one answer useless leaves the others to those who need them.
TEST(Quic, QU03_AFloodForOneKindOfAnswerLeavesTheOthers) {
  Target target({.max_stateless_answers = 5});
  const Bytes of_nothing(100, 0x41);  // of a connection that isn't there
  Bytes of_another_version = from_hex("c0abcdef0104aabbccdd02eeff").value();
  of_another_version.resize(1200);
  const Bytes with_bad_token = initial_with_token(Bytes(79, 0xb6));
  for (const Bytes& datagram : {of_nothing, of_another_version, with_bad_token}) {
    for (int i = 0; i < 10; ++i) target.send(datagram);
    target.settle();
    EXPECT_EQ(target.answers().first, 5U) << to_hex(BytesView(datagram).first(5));
  }
}

TEST(Quic, QU12_EmptyDatagramsWithoutEndLetOthersHaveTheirTurn) {
  Target target;
  // The target isn't run meanwhile: all of them wait in its socket.
  for (int i = 0; i < 400; ++i) target.send({});
  int turns = 0;
  std::function<void()> count = [&] {
    if (++turns < 1000) boost::asio::post(target.runtime.env().executor, [&] { count(); });
  };
  count();
  target.runtime.io().restart();
  int events = 0;
  while (turns < 1000 && target.runtime.io().poll_one() > 0) ++events;
  EXPECT_GT(events, 1000) << "the socket had no turn of its own";
  EXPECT_TRUE(target.lets_in(5));
}

// Says to this machine that datagrams from `source` to `destination` may have 600 bytes at most. False: that
// takes rights that the test doesn't have.
bool forge_too_big(const quic::Address& source, const quic::Address& destination) {
  const int raw = ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  if (raw < 0) return false;
  struct {
    icmphdr icmp{};
    iphdr ip{};
    udphdr udp{};
  } message;
  message.icmp.type = ICMP_DEST_UNREACH;
  message.icmp.code = ICMP_FRAG_NEEDED;
  message.icmp.un.frag.mtu = htons(600);
  message.ip.version = 4;
  message.ip.ihl = 5;
  message.ip.tot_len = htons(1400);
  message.ip.frag_off = htons(IP_DF);
  message.ip.ttl = 64;
  message.ip.protocol = IPPROTO_UDP;
  message.ip.saddr = htonl(source.address().to_v4().to_uint());
  message.ip.daddr = htonl(destination.address().to_v4().to_uint());
  message.udp.source = htons(source.port());
  message.udp.dest = htons(destination.port());
  message.udp.len = htons(1380);
  std::array<std::uint16_t, sizeof message / 2> words{};
  std::memcpy(words.data(), &message, sizeof message);
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words) sum += word;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  message.icmp.checksum = static_cast<std::uint16_t>(~sum);
  const ssize_t sent =
      ::sendto(raw, &message, sizeof message, 0, source.data(), static_cast<socklen_t>(source.size()));
  ::close(raw);
  return sent == static_cast<ssize_t>(sizeof message);
}

// Whether 1,400 bytes still leave a socket that believes what it is told.
bool believer_can_send(int socket, const quic::Address& to) {
  const Bytes datagram(1400);
  return ::sendto(socket, datagram.data(), datagram.size(), 0, to.data(), static_cast<socklen_t>(to.size())) >
         0;
}

TEST(Quic, QU14_AForgedIcmpMessageMakesDatagramsNoSmaller) {
  NullLog log;
  SystemRuntime runtime(log);
  const auto open = [&](const char* ip) {
    return quic::UdpSocket::open(runtime.env().executor, test::udp(ip, 0), 1U << 20).value();
  };
  quic::UdpSocket ours = open("127.0.0.1");
  // An address that nobody else uses, since the kernel remembers for minutes what it was told.
  quic::UdpSocket theirs = open("127.14.14.14");
  const int believer = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int always = IP_PMTUDISC_DO;
  (void)::setsockopt(believer, IPPROTO_IP, IP_MTU_DISCOVER, &always, sizeof always);
  const bool forged = forge_too_big(ours.bound(), theirs.bound());
  const bool believed = forged && !believer_can_send(believer, theirs.bound());
  ::close(believer);

  quic::Batch batch;
  batch.assign({ours.bound(), theirs.bound()}, Bytes(1400, 7));
  EXPECT_EQ(ours.send(batch), quic::UdpSocket::Sent::all);
  Bytes buffer(65536);
  std::optional<quic::Received> got;
  // The believer's may have come before it.
  while (const auto next = theirs.receive(buffer)) {
    if (next->path.remote == ours.bound()) got = next;
  }
  ASSERT_TRUE(got);
  EXPECT_EQ(got->bytes.size(), 1400U);
  if (!believed)
    GTEST_SKIP() << "no raw socket, or the kernel believed nobody: the message may have done nothing";
}

}  // namespace
}  // namespace libp2p
