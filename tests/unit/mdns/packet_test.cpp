#include "libp2p/protocols/mdns/packet.hpp"

#include <gtest/gtest.h>

#include "tests/support/mdns.hpp"

namespace libp2p::mdns {
namespace {

using test::name;

TEST(MdnsName, ReadsLabelsInLowerCase) {
  EXPECT_EQ(name("_P2P._udp.Local."), name("_p2p._udp.local"));
  EXPECT_EQ(name("_p2p._udp.local").labels(), (std::vector<std::string>{"_p2p", "_udp", "local"}));
  EXPECT_EQ(name("_p2p._udp.local").wire_size(), 17U);
}

TEST(MdnsName, RefusesEmptyAndOverlongLabelsAndNames) {
  EXPECT_FALSE(Name::parse("a..b"));
  EXPECT_FALSE(Name::parse(".a"));
  EXPECT_FALSE(Name::parse(".."));
  EXPECT_FALSE(Name::parse(std::string(64, 'a')));
  EXPECT_TRUE(Name::parse(std::string(63, 'a')));
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, 'a') + ".";
  EXPECT_TRUE(Name::parse(longest + std::string(61, 'b')));
  EXPECT_FALSE(Name::parse(longest + std::string(62, 'b')));
  EXPECT_FALSE(Name::below(std::string(62, 'b'), name(longest)));
  EXPECT_FALSE(Name::below("", name("local")));
}

TEST(MdnsName, KnowsItsParent) {
  const Name service = name("_p2p._udp.local");
  EXPECT_TRUE(name("x._p2p._udp.local").is_child_of(service));
  EXPECT_FALSE(service.is_child_of(service));
  EXPECT_FALSE(name("y.x._p2p._udp.local").is_child_of(service));
  EXPECT_FALSE(name("x._p2q._udp.local").is_child_of(service));
}

TEST(MdnsPacket, WritesTheQueryOfTheSpecification) {
  // Header with one question; 4 _p2p 4 _udp 5 local 0; PTR, IN.
  EXPECT_EQ(to_hex(test::query_for()), "000000000001000000000000045f703270045f756470056c6f63616c00000c0001");
}

TEST(MdnsPacket, CompressesNamesButNotTheTargetOfAnSrvRecord) {
  const Name service = name("_p2p._udp.local");
  const Name instance = name("abc._p2p._udp.local");
  const Bytes bytes = PacketWriter(true)
                          .answer_ptr(service, 120, instance)
                          .additional_txt(instance, 120, {"dnsaddr=x"})
                          .additional_srv(instance, 120, 4001, name("abc.p2p.local"))
                          .additional_address(name("abc.p2p.local"), 120, test::ip("192.0.2.1"))
                          .take();
  EXPECT_EQ(to_hex(bytes),
            "000084000000000100000003"
            "045f703270045f756470056c6f63616c00"  // at 0x0c
            "000c0001000000780006"
            "03616263c00c"  // at 0x27
            "c0270010000100000078000a"
            "09646e73616464723d78"
            "c02700210001000000780015"
            "000000000fa1"
            "0361626303703270056c6f63616c00"  // at 0x55
            "c05500010001000000780004"
            "c0000201");
}

TEST(MdnsPacket, ReadsWhatItWrites) {
  const Name service = name("_p2p._udp.local");
  const Name instance = name("abc._p2p._udp.local");
  const Bytes bytes = PacketWriter(true)
                          .answer_ptr(service, 120, instance)
                          .additional_txt(instance, 60, {"dnsaddr=one", std::string(255, 'x')})
                          .additional_srv(instance, 120, 4001, name("abc.p2p.local"))
                          .additional_address(name("abc.p2p.local"), 120, test::ip("fd00::1"))
                          .take();
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet) << packet.error().message;
  EXPECT_TRUE(packet->response);
  ASSERT_EQ(packet->records.size(), 2U);
  EXPECT_EQ(packet->records[0].type, RecordType::ptr);
  EXPECT_EQ(packet->records[0].name, service);
  EXPECT_EQ(packet->records[0].target, instance);
  EXPECT_EQ(packet->records[1].name, instance);
  EXPECT_EQ(packet->records[1].ttl_s, 60U);
  EXPECT_EQ(packet->records[1].texts, (std::vector<std::string>{"dnsaddr=one", std::string(255, 'x')}));
}

TEST(MdnsPacket, ReadsTheUnicastReplyBitAndAnyClass) {
  const auto unicast = decode_packet(from_hex("000000000001000000000000056c6f63616c00000c8001").value());
  ASSERT_TRUE(unicast);
  EXPECT_EQ(unicast->questions.size(), 1U);
  const auto any = decode_packet(from_hex("000000000001000000000000056c6f63616c0000ff00ff").value());
  ASSERT_TRUE(any);
  EXPECT_EQ(any->questions.size(), 1U);
  const auto chaos = decode_packet(from_hex("000000000001000000000000056c6f63616c00000c0003").value());
  ASSERT_TRUE(chaos);
  EXPECT_TRUE(chaos->questions.empty());
}

TEST(MdnsPacket, RefusesWhatIsNoPlainMessage) {
  for (const int flags : {0x0800, 0x2800, 0x8003}) {
    Bytes bytes(12, 0);
    store_be(static_cast<std::uint16_t>(flags), bytes.data() + 2);
    const auto packet = decode_packet(bytes);
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().code, Errc::not_supported);
  }
}

TEST(MdnsPacket, RefusesEveryTruncation) {
  const Bytes whole = test::reply_of(test::peer_number(2), "/ip4/192.168.7.20/tcp/1");
  ASSERT_TRUE(decode_packet(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_packet(BytesView(whole).first(size))) << size;
}

TEST(MdnsPacket, RefusesTextsBeyondTheirRecord) {
  Bytes bytes = test::reply_with_texts({"abc"});
  bytes[bytes.size() - 4] = 4;  // the length of "abc"
  EXPECT_FALSE(decode_packet(bytes));
}

TEST(MdnsPacket, RefusesAPtrRecordLongerThanItsName) {
  // One answer: root PTR, data of 2 bytes of which the root name takes one.
  EXPECT_FALSE(decode_packet(from_hex("000084000000000100000000"
                                      "00000c000100000078"
                                      "0002"
                                      "0000")
                                 .value()));
  EXPECT_TRUE(decode_packet(from_hex("000084000000000100000000"
                                     "00000c000100000078"
                                     "0001"
                                     "00")
                                .value()));
}

}  // namespace
}  // namespace libp2p::mdns
