#include "starling/rollout/own_addresses.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

OwnAddresses some() {
  OwnAddresses own;
  own.add("127.0.0.1:8117", "this node's API");
  own.add("unix:/run/starling/api.sock", "this node's API");
  own.add("0.0.0.0:4001", "this node's port for its fleet");
  own.add("[::1]:4002", "this node's port for its fleet");
  own.add("/run/control.unit.sock", "Unit's control address");
  own.add("nonsense", "nothing");
  return own;
}

std::optional<Invalid> with_listener(std::string_view address) {
  return some().taken_by(
      json::object{{"listeners", json::object{{address, json::object{{"pass", "routes"}}}}}});
}

TEST(OwnAddresses, RV24_NamesTheListenerThatWouldTakeOne) {
  for (const std::string_view address :
       {"127.0.0.1:8117", "*:8117", "0.0.0.0:8117", "*:4001", "10.0.0.1:4001", "[::1]:4002", "[::]:4002",
        "[0:0:0:0:0:0:0:1]:4002", "unix:/run/starling/api.sock", "unix:/run//starling/../starling/api.sock",
        "unix:/run/control.unit.sock"}) {
    const auto taken = with_listener(address);
    ASSERT_TRUE(taken) << address;
    EXPECT_EQ(taken->path, (Path{"listeners", std::string(address)}));
  }
  const std::string detail = with_listener("*:8117")->detail;
  EXPECT_NE(detail.find("127.0.0.1:8117"), std::string::npos);
  EXPECT_NE(detail.find("this node's API"), std::string::npos);
}

TEST(OwnAddresses, LeavesOthersAlone) {
  for (const std::string_view address :
       {"127.0.0.2:8117", "10.0.0.1:8117", "*:8118", "[::]:8117", "[::]:4001", "*:4002", "[::2]:4002",
        "unix:/run/other.sock", "*", "*:", "*:99999", "::", ""}) {
    EXPECT_FALSE(with_listener(address)) << address;
  }
  EXPECT_FALSE(some().taken_by(json::object{}));
  EXPECT_FALSE(some().taken_by(json::object{{"listeners", 1}}));
  EXPECT_FALSE(some().taken_by(nullptr));
}

}  // namespace
}  // namespace starling
