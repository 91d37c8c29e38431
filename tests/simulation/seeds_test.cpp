// Many short lives, each from one seed. In batches, so that they run side by side.
//
//   STARLING_SIM_SEEDS=10000  another number of seeds in all
//   STARLING_SIM_FROM=5000    others
//   STARLING_SIM_SEED=1042    that one alone, as a failure names it, with what its nodes log
//   STARLING_SIM_LOG=debug    and more of that
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "tests/simulation/life.hpp"

namespace starling::sim {
namespace {

constexpr std::uint64_t batches = 20;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

std::uint64_t seeds_a_batch() {
  return (number_from("STARLING_SIM_SEEDS").value_or(1000) + batches - 1) / batches;
}

void expect_good_life(std::uint64_t seed) {
  const Life life = live(seed);
  ASSERT_TRUE(life.broken.empty()) << "seed " << seed << " (" << life.faults << "): " << life.broken
                                   << "\nreplay: STARLING_SIM_SEED=" << seed
                                   << " build/release/tests/simulation --gtest_filter=*OneSeed*";
  // Invariant 12, for every fiftieth.
  if (seed % 50 == 0) {
    ASSERT_EQ(live(seed).trace, life.trace) << "seed " << seed << " does not run the same twice";
  }
}

class PrintedLog final : public libp2p::Log {
 public:
  [[nodiscard]] bool enabled(libp2p::LogLevel level) const noexcept override {
    static const bool all = std::getenv("STARLING_SIM_LOG") != nullptr;
    return all || level >= libp2p::LogLevel::info;
  }
  void write(libp2p::LogLevel, std::string_view event, std::span<const libp2p::LogField> fields) override {
    std::printf("%s\n", format_log_line(event, fields).c_str());
  }
};

TEST(SeededFleet, OneSeed) {
  const auto seed = number_from("STARLING_SIM_SEED");
  if (!seed) GTEST_SKIP() << "STARLING_SIM_SEED names none";
  PrintedLog log;
  const Life life = live(*seed, &log);
  std::printf("%zu records, %zu evaluations: %s\n", life.records, life.evaluations, life.faults.c_str());
  EXPECT_TRUE(life.broken.empty()) << life.broken;
}

TEST(SeededFleet, AnotherSeedIsAnotherTrace) { EXPECT_NE(live(11).trace, live(12).trace); }

class Seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepAllInvariantsWhateverGoesWrong) {
  for (std::uint64_t i = 0; i < seeds_a_batch(); ++i)
    expect_good_life(number_from("STARLING_SIM_FROM").value_or(1000) + GetParam() * 100'000 + i);
}

INSTANTIATE_TEST_SUITE_P(Batch, Seeds, ::testing::Range(std::uint64_t{0}, batches));

}  // namespace
}  // namespace starling::sim
