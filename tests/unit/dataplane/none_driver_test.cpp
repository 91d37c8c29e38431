#include "starling/dataplane/none_driver.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"

namespace starling {
namespace {

TEST(NoneDriver, ServesNothingAndPretendsNothing) {
  libp2p::VirtualRuntime runtime;
  NoneDriver driver;
  EXPECT_FALSE(driver.serves());
  EXPECT_EQ(driver.info().kind, "none");
  EXPECT_TRUE(driver.check(json::object{}));
  EXPECT_EQ(runtime.run(driver.apply(json::object{}, {})).error().kind, DataPlaneFault::Kind::unreachable);
  EXPECT_EQ(runtime.run(driver.read()).error().message, "this node has no data plane");
  EXPECT_FALSE(runtime.run(driver.probe()));
  EXPECT_FALSE(runtime.run(driver.status()));
}

}  // namespace
}  // namespace starling
