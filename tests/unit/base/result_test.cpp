#include "libp2p/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace libp2p {
namespace {

Result<int> positive(int value) {
  if (value <= 0) return fail(Errc::invalid_argument, "not positive");
  return value;
}

Result<> check(int value) {
  LIBP2P_CHECK(positive(value));
  return {};
}

Result<int> sum(int a, int b) {
  LIBP2P_TRY(const int first, positive(a));
  LIBP2P_TRY(const int second, positive(b));
  return first + second;
}

Result<std::unique_ptr<int>> move_only(int value) {
  LIBP2P_TRY(const int checked, positive(value));
  auto made = [&]() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(checked); };
  LIBP2P_TRY(auto pointer, made());
  return pointer;
}

TEST(Result, GoesUpUnchangedThroughTheMacros) {
  EXPECT_EQ(sum(1, 2).value(), 3);
  EXPECT_EQ(sum(1, 0).error().to_string(), "invalid argument: not positive");
  EXPECT_TRUE(check(1));
  EXPECT_EQ(check(-1).error().code, Errc::invalid_argument);
  EXPECT_EQ(**move_only(5), 5);
  EXPECT_FALSE(move_only(0));
}

TEST(Result, GathersContextOnItsWayUp) {
  const Result<int> inner = fail(Errc::refused, "connection refused");
  const Result<int> outer = fail_in("dial /ip4/1.2.3.4/tcp/1", inner.error());
  EXPECT_EQ(outer.error().message, "dial /ip4/1.2.3.4/tcp/1: connection refused");
  EXPECT_EQ(outer.error().code, Errc::refused);
}

TEST(Error, NamesItsCodeEvenWithoutAMessage) {
  EXPECT_EQ((Error{Errc::timeout, ""}).to_string(), "timed out");
  for (unsigned code = 0; code <= static_cast<unsigned>(Errc::busy); ++code) {
    EXPECT_NE(to_string(static_cast<Errc>(code)), "unknown") << code;
  }
}

}  // namespace
}  // namespace libp2p
