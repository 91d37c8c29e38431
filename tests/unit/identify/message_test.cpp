#include "libp2p/protocols/identify/message.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "tests/support/identify.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::identify {
namespace {

using test::multiaddr;
using test::multiaddrs;

Message full_message() {
  Message message;
  message.public_key = test::key_number(1).public_key().to_protobuf();
  message.listen_addresses = multiaddrs({"/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1"});
  message.protocols = {"/ipfs/id/1.0.0", "/meshsub/1.1.0"};
  message.observed_address = multiaddr("/ip4/198.51.100.7/tcp/5555");
  message.protocol_version = "ipfs/0.1.0";
  message.agent_version = "starling/0.1.0";
  message.signed_peer_record = Bytes(200, 7);
  return message;
}

Result<Message> decode(const std::vector<Bytes>& pieces) {
  Assembler assembler;
  for (const Bytes& piece : pieces) LIBP2P_CHECK(assembler.add(piece));
  return assembler.take();
}

std::size_t total(const std::vector<Bytes>& pieces) {
  std::size_t bytes = 0;
  for (const Bytes& piece : pieces) bytes += piece.size();
  return bytes;
}

TEST(IdentifyMessage, HasTheFieldNumbersOfTheSpecification) {
  Message message;
  message.public_key = Bytes{0xaa};
  message.listen_addresses = {multiaddr("/ip4/1.2.3.4/tcp/1")};
  message.protocols = {"/x"};
  message.observed_address = multiaddr("/ip4/1.2.3.4/tcp/2");
  message.protocol_version = "p";
  message.agent_version = "a";
  message.signed_peer_record = Bytes{0xbb};
  const auto pieces = encode(message);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(to_hex(pieces[0]),
            "0a01aa"
            "2a0170"
            "320161"
            "2208"
            "0401020304060002"
            "1a022f78"
            "1208"
            "0401020304060001"
            "4201bb");
}

TEST(IdentifyMessage, ReadsWhatItWrites) {
  const auto read = decode(encode(full_message()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, full_message());
}

TEST(IdentifyMessage, TellsMissingFromEmpty) {
  const auto read = decode({Bytes{}});
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, Message{});
}

TEST(IdentifyMessage, OfSingleFieldsTheLastStandsAndListsAreJoined) {
  Message first;
  first.agent_version = "one";
  first.protocols = {"/a", "/b"};
  first.listen_addresses = multiaddrs({"/ip4/1.2.3.4/tcp/1"});
  Message second;
  second.agent_version = "two";
  second.protocols = {"/b", "/c"};
  second.listen_addresses = multiaddrs({"/ip4/1.2.3.4/tcp/2"});
  second.signed_peer_record = Bytes{1};
  const auto read = decode({encode(first)[0], encode(second)[0]});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->agent_version, "two");
  EXPECT_EQ(read->protocols, (std::vector<std::string>{"/a", "/b", "/c"}));
  EXPECT_EQ(read->listen_addresses.size(), 2U);
  EXPECT_EQ(read->signed_peer_record, Bytes{1});
}

TEST(IdentifyMessage, SkipsAddressesThatItCantRead) {
  const Bytes piece = ProtobufWriter()
                          .bytes(2, from_hex("ffffff7f").value())
                          .bytes(2, multiaddr("/ip4/1.2.3.4/tcp/1").bytes())
                          .bytes(4, from_hex("ff").value())
                          .take();
  const auto read = decode({piece});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->listen_addresses, multiaddrs({"/ip4/1.2.3.4/tcp/1"}));
  EXPECT_FALSE(read->observed_address);
}

TEST(IdentifyMessage, KeepsSixtyFourCharactersOfPlainText) {
  Message message;
  message.agent_version = std::string(64, 'x');
  EXPECT_EQ(decode(encode(message))->agent_version, std::string(64, 'x'));
  message.agent_version = std::string(65, 'x');
  EXPECT_EQ(decode(encode(message))->agent_version, std::string(61, 'x') + "...");
}

TEST(IdentifyMessage, BoundsKeysAndProtocols) {
  EXPECT_TRUE(decode({ProtobufWriter().bytes(1, Bytes(max_key_bytes, 1)).take()}));
  EXPECT_FALSE(decode({ProtobufWriter().bytes(1, Bytes(max_key_bytes + 1, 1)).take()}));
  EXPECT_TRUE(decode({ProtobufWriter().string(3, std::string(128, 'p')).take()}));
  EXPECT_FALSE(decode({ProtobufWriter().string(3, std::string(129, 'p')).take()}));
  ProtobufWriter many;
  for (int i = 0; i < 256; ++i) many.string(3, "/p/" + std::to_string(i));
  EXPECT_EQ(decode({many.view()})->protocols.size(), 256U);
  many.string(3, "/p/0");  // told twice
  EXPECT_TRUE(decode({many.view()}));
  many.string(3, "/p/256");
  EXPECT_FALSE(decode({many.view()}));
}

TEST(IdentifyMessage, BoundsPiecesAndBytes) {
  EXPECT_TRUE(decode(std::vector<Bytes>(10)));
  EXPECT_FALSE(decode(std::vector<Bytes>(11)));
  const Bytes half = ProtobufWriter().bytes(8, Bytes(4093, 1)).take();  // 4,096 bytes
  ASSERT_EQ(half.size(), 4096U);
  EXPECT_TRUE(decode({half, half}));
  EXPECT_FALSE(decode({half, half, Bytes{0x0a, 0x00}}));
}

TEST(IdentifyMessage, SplitsWhatTheMostModestReaderCantTakeAtOnce) {
  Message message = full_message();
  for (int i = 0; i < 50; ++i) message.protocols.push_back("/" + std::string(50, 'p') + std::to_string(i));
  message.signed_peer_record = Bytes(3000, 7);
  const auto pieces = encode(message);
  EXPECT_EQ(pieces.size(), 2U);
  for (const Bytes& piece : pieces) EXPECT_LE(piece.size(), max_sent_message_bytes);
  EXPECT_EQ(*decode(pieces), message);
}

TEST(IdentifyMessage, LeavesOutWhatDoesNotFitTheRecordFirst) {
  Message message = full_message();
  message.protocols.clear();
  for (int i = 0; i < 300; ++i) message.protocols.push_back("/" + std::string(16, 'p') + std::to_string(i));
  message.listen_addresses.clear();
  for (int i = 1; i < 100; ++i)
    message.listen_addresses.push_back(multiaddr("/ip4/1.2.3.4/tcp/" + std::to_string(i)));
  message.signed_peer_record = Bytes(3000, 7);
  const auto pieces = encode(message);
  EXPECT_LE(total(pieces), max_total_bytes);
  const auto read = decode(pieces);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->public_key, message.public_key);
  EXPECT_EQ(read->protocols.size(), max_protocols);
  EXPECT_EQ(read->listen_addresses.size(), max_addresses);
  EXPECT_FALSE(read->signed_peer_record);
}

// Writes `bytes` to one end and reads a message from the other.
Result<Message> read_from(Bytes bytes, bool end) {
  VirtualRuntime runtime;
  auto [near, far] = make_memory_stream_pair(runtime.env());
  std::optional<Result<Message>> outcome;
  runtime.run([](Stream& to, Bytes what, bool close) -> Task<> {
    (void)co_await to.write(what);
    if (close) {
      (void)co_await to.close_write();
    } else {
      to.reset();
    }
  }(*near, std::move(bytes), end));
  runtime.run(test::keep(read_message(*far), outcome));
  return std::move(*outcome);
}

Bytes framed(const std::vector<Bytes>& pieces) {
  Bytes out;
  for (const Bytes& piece : pieces) {
    append_varint(out, piece.size());
    append(out, piece);
  }
  return out;
}

TEST(IdentifyMessage, IsReadToTheEndOfTheStream) {
  Message rest;
  rest.agent_version = "late";
  const auto read = read_from(framed({encode(full_message())[0], encode(rest)[0]}), true);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->agent_version, "late");
  EXPECT_EQ(read->protocols, full_message().protocols);
}

TEST(IdentifyMessage, IsNotReadFromAStreamThatSaysNothingBreaksOrIsCutShort) {
  const Bytes whole = framed(encode(full_message()));
  EXPECT_EQ(read_from({}, true).error().code, Errc::protocol);
  EXPECT_FALSE(read_from(whole, false));
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    EXPECT_FALSE(read_from(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), true))
        << size;
  }
}

TEST(IdentifyMessage, TravelsOverAStream) {
  VirtualRuntime runtime;
  auto [near, far] = make_memory_stream_pair(runtime.env());
  runtime.run([](Stream& to) -> Task<> {
    (void)co_await write_message(to, full_message());
    (void)co_await to.close_write();
  }(*near));
  std::optional<Result<Message>> outcome;
  runtime.run(test::keep(read_message(*far), outcome));
  ASSERT_TRUE(*outcome);
  EXPECT_EQ(**outcome, full_message());
}

}  // namespace
}  // namespace libp2p::identify
