#include "libp2p/yamux/frame.hpp"

#include <gtest/gtest.h>

namespace libp2p::yamux {
namespace {

Result<Header> decode(std::string_view hex) {
  const Bytes bytes = from_hex(hex).value();
  return decode_header(BytesView(bytes).first<header_size>());
}

TEST(YamuxFrame, HasTheFieldsOfTheSpecificationInNetworkOrder) {
  const Header header{FrameType::window_update, syn_flag | fin_flag, 0x01020304, 0x0a0b0c0d};
  EXPECT_EQ(to_hex(encode(header)), "00010005010203040a0b0c0d");
  EXPECT_EQ(decode("00010005010203040a0b0c0d").value(), header);
}

TEST(YamuxFrame, EveryTypeSurvivesTheRoundTrip) {
  for (const Header& header :
       {Header{FrameType::data, ack_flag, 7, 1000}, Header{FrameType::data, fin_flag, 7, 0},
        Header{FrameType::window_update, rst_flag, 8, 0xffffffff}, Header{FrameType::ping, syn_flag, 0, 99},
        Header{FrameType::ping, ack_flag, 0, 99}, Header{FrameType::go_away, {}, 0, 1}}) {
    EXPECT_EQ(decode_header(encode(header)).value(), header);
  }
}

TEST(YamuxFrame, RefusesAnotherVersion) {
  EXPECT_EQ(decode("010000000000000100000000").error().code, Errc::protocol);
}

TEST(YamuxFrame, RefusesUnknownTypes) {
  EXPECT_EQ(decode("000400000000000100000000").error().code, Errc::protocol);
  EXPECT_EQ(decode("00ff00000000000100000000").error().code, Errc::protocol);
}

TEST(YamuxFrame, RefusesAStreamsFrameWithoutAStreamAndTheReverse) {
  EXPECT_FALSE(decode("000000010000000000000000"));
  EXPECT_FALSE(decode("000100000000000000000001"));
  EXPECT_FALSE(decode("000200010000000100000000"));
  EXPECT_FALSE(decode("000300000000000200000000"));
}

TEST(YamuxFrame, RefusesToOpenAndAnswerAtOnce) {
  EXPECT_FALSE(decode("000000030000000100000000"));  // SYN ACK
  EXPECT_FALSE(decode("000100090000000100000000"));  // SYN RST
  EXPECT_FALSE(decode("0000000f0000000100000000"));
  EXPECT_FALSE(decode("000200030000000000000000"));  // a ping and its answer
}

TEST(YamuxFrame, ForgetsFlagsThatTheSpecificationDoesNotName) {
  EXPECT_EQ(decode("0000fff40000000100000000").value().flags, fin_flag);
}

}  // namespace
}  // namespace libp2p::yamux
