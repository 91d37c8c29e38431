#include "starling/cli/event_stream.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

TEST(EventStream, IsReadInWhateverPartsItComes) {
  const std::string text =
      ": connected\n\nid: a-1\nevent: node\ndata: {\"x\":\": \"}\n\n: still here\n\nid: a-2\nevent: "
      "gap\ndata: {}\n\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, text.size()}) {
    EventStream stream;
    std::vector<ToldEvent> events;
    for (std::size_t at = 0; at < text.size(); at += size) {
      for (ToldEvent& event : stream.take(std::string_view(text).substr(at, size)))
        events.push_back(std::move(event));
    }
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].id + " " + events[0].type + " " + events[0].data, "a-1 node {\"x\":\": \"}");
    EXPECT_EQ(events[1].id + " " + events[1].type + " " + events[1].data, "a-2 gap {}");
  }
}

TEST(EventStream, WhatHasNotEndedIsNoEventYet) {
  EventStream stream;
  EXPECT_TRUE(stream.take("id: a-1\nevent: node\ndata: {}\n").empty());
  EXPECT_EQ(stream.take("\n").size(), 1U);
}

}  // namespace
}  // namespace starling
