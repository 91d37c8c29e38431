#include "libp2p/base/log.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace libp2p {
namespace {

std::string line_of(std::initializer_list<LogField> fields) {
  return format_log_line("peer.connected", {fields.begin(), fields.size()});
}

TEST(LogLine, IsTheEventAndItsFields) {
  EXPECT_EQ(line_of({}), "peer.connected");
  EXPECT_EQ(line_of({{"peer", "4kx6nXTN"}, {"port", 4001}, {"ok", std::string("yes")}}),
            "peer.connected peer=4kx6nXTN port=4001 ok=yes");
}

TEST(LogLine, QuotesValuesThatWouldReadAsSeveralFields) {
  EXPECT_EQ(line_of({{"what", "two words"}}), "peer.connected what=\"two words\"");
  EXPECT_EQ(line_of({{"what", "a=b"}}), "peer.connected what=\"a=b\"");
  EXPECT_EQ(line_of({{"what", ""}}), "peer.connected what=\"\"");
  EXPECT_EQ(line_of({{"what", "say \"no\""}}), "peer.connected what=\"say \\\"no\\\"\"");
}

TEST(LogLine, LetsNothingThroughThatStartsALineOrMovesACursor) {
  EXPECT_EQ(line_of({{"agent", "x\nerror forged=1"}}), "peer.connected agent=\"x\\x0aerror forged=1\"");
  EXPECT_EQ(line_of({{"agent", "\x1b[2J"}}), "peer.connected agent=\\x1b[2J");
}

class Recorder final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel level) const noexcept override { return level >= LogLevel::info; }
  void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + format_log_line(event, fields));
  }
  std::vector<std::string> lines;
};

TEST(Log, AsksTheSinkBeforeWriting) {
  Recorder log;
  log.debug("unheard");
  log.info("one", {{"n", 1}});
  log.warn("two");
  log.error("three");
  EXPECT_EQ(log.lines, (std::vector<std::string>{"1 one n=1", "2 two", "3 three"}));
}

}  // namespace
}  // namespace libp2p
