// The structural validator (M6) beside a real Unit or FreeUnit, where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/raw_http.hpp"
#include "tests/support/real_unit.hpp"
#include "tests/unit/merge/random_configurations.hpp"
#include "tests/unit/merge/unit_verdict.hpp"

namespace starling::test {
namespace {

UnitVerdict put(const RealUnit& unit, const json::value& configuration) {
  const RawReply reply = ask(unit.control(), "PUT", "/config", "x", "1.1", canonical_json(configuration));
  const auto body = parse_json(reply.body);
  return verdict_of(reply.status, body ? *body : json::value());
}

// What is left to the daemon: which members and variables its version knows, whether it can do what it is
// told, and what only FreeUnit looks at.
bool is_its_own(const UnitVerdict& verdict) {
  constexpr std::array begins{"Unknown parameter", "Unknown variable",
                              "The \"action\" object must have either", "The response header name \""};
  return verdict.status == 500 ||
         std::ranges::any_of(begins, [&](std::string_view text) { return verdict.detail.starts_with(text); });
}

class ValidateRealUnit : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ValidateRealUnit, M6_GivesTheVerdictThatTheDaemonGivesOnRandomConfigurations) {
  RealUnit unit(SKIP_WITHOUT_UNIT());
  ASSERT_TRUE(unit.start()) << unit.log();
  libp2p::SeededRandom random(GetParam());
  RandomConfigurations configurations(random, unit.dir().path());
  int taken = 0;
  int refused = 0;
  int own = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const json::value configuration = configurations.configuration(random.below(3));
    const UnitVerdict verdict = put(unit, configuration);
    SCOPED_TRACE(canonical_json(configuration));
    ASSERT_TRUE(verdict.status == 200 || verdict.status == 400 || verdict.status == 500) << verdict.status;
    const auto invalid = validate(configuration, newest);
    // Strictly: nothing that the daemon takes is refused.
    if (verdict.accepted()) {
      ASSERT_EQ(text(invalid), "valid");
      ++taken;
    } else if (is_its_own(verdict)) {
      ++own;
    } else {
      ASSERT_EQ(difference(configuration, verdict), "");
      ++refused;
    }
  }
  EXPECT_GE(taken, 60);
  EXPECT_GE(refused, 40);
  EXPECT_LE(own, 30);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ValidateRealUnit, testing::Range<std::uint64_t>(0, 3));

}  // namespace
}  // namespace starling::test
