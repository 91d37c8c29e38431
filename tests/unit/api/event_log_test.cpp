#include "starling/api/event_log.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"

namespace starling {
namespace {

class Events : public ::testing::Test {
 protected:
  static void tell(EventLog& log, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) log.add("node", nullptr);
  }

  libp2p::VirtualRuntime runtime;
  EventLog log{runtime.env()};
};

TEST_F(Events, AWatcherGoesOnAfterWhatItHasSeen) {
  tell(log, 3);
  const auto place = log.find(log.cursor(2));
  ASSERT_TRUE(place);
  EXPECT_FALSE(place->gap);
  ASSERT_EQ(log.after(place->after).size(), 1U);
  EXPECT_FALSE(log.find(log.cursor(3))->gap);
  EXPECT_FALSE(log.find("0")->gap);
  EXPECT_EQ(log.find("0")->after, 0U);
}

TEST_F(Events, ACursorOfAnotherProcessIsAGapAndAllThatIsKeptFollows) {
  EventLog earlier{runtime.env()};
  tell(earlier, 40);
  tell(log, 2);
  ASSERT_NE(log.cursor(1), earlier.cursor(1));
  // Of the version before, too, which told numbers alone; and of what this process has yet to tell.
  for (const std::string& cursor :
       {earlier.cursor(40), earlier.cursor(1), std::string("40"), log.cursor(3)}) {
    const auto place = log.find(cursor);
    ASSERT_TRUE(place) << cursor;
    EXPECT_TRUE(place->gap) << cursor;
    EXPECT_EQ(place->after, 0U) << cursor;
  }
}

TEST_F(Events, WhatIsNotKeptAnyMoreIsAGapAlsoForWhoWatchesTooSlowly) {
  tell(log, EventLog::capacity + 10);
  EXPECT_TRUE(log.find(log.cursor(9))->gap);
  EXPECT_EQ(log.find(log.cursor(9))->after, 10U);
  EXPECT_FALSE(log.find(log.cursor(10))->gap);
  EXPECT_TRUE(log.find("0")->gap);
  EXPECT_TRUE(log.go_on(9).gap);
  EXPECT_EQ(log.after(log.go_on(9).after).size(), EventLog::capacity);
}

TEST_F(Events, WhatIsNoCursorIsNotTakenForOne) {
  for (const char* text : {"", "x", "-1", "1-", "-", "12-3", "0123456789abcdeg-1", "0123456789abcdef-1x"})
    EXPECT_FALSE(log.find(text)) << text;
}

}  // namespace
}  // namespace starling
