#include "starling/cli/labels.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

TEST(LabelArguments, SetAndTakeAway) {
  Labels labels;
  ASSERT_TRUE(set_label(labels, "site=syd"));
  ASSERT_TRUE(set_label(labels, "edge="));
  ASSERT_TRUE(set_label(labels, "site=ber"));
  EXPECT_EQ(labels, (Labels{{"edge", ""}, {"site", "ber"}}));
  EXPECT_EQ(to_text(labels), "edge=,site=ber");
  ASSERT_TRUE(set_label(labels, "site-"));
  ASSERT_TRUE(set_label(labels, "none-"));
  EXPECT_EQ(labels, (Labels{{"edge", ""}}));
}

TEST(LabelArguments, WhatNoSelectorCouldNameIsRefused) {
  for (const std::string_view text : {"", "site", "=syd", "a b=c", "a=b,c=d", "a=b=c", "a={{x}}"}) {
    Labels labels;
    EXPECT_EQ(set_label(labels, text).error().code, Errc::invalid_argument) << text;
    EXPECT_TRUE(labels.empty()) << text;
  }
}

TEST(LabelArguments, ThereAreAtMostThirtyTwo) {
  Labels labels;
  for (std::size_t i = 0; i < max_labels; ++i) ASSERT_TRUE(set_label(labels, "k" + std::to_string(i) + "=v"));
  EXPECT_EQ(set_label(labels, "more=v").error().code, Errc::limit);
}

}  // namespace
}  // namespace starling
