#include "starling/api/change_json.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

TEST(StoodJson, OfManyPlacesTheFirstAreTold) {
  const auto told = [](std::size_t count) {
    std::vector<Place> places;
    for (std::size_t i = 0; i < count; ++i) places.push_back({"lab", {"settings", std::to_string(i)}});
    return stood_json(std::make_shared<const std::vector<Place>>(std::move(places)));
  };
  EXPECT_EQ(told(2), (json::array{"lab:/settings/0", "lab:/settings/1"}));
  EXPECT_EQ(told(65'536).size(), 16U);
  EXPECT_TRUE(stood_json(nullptr).empty());
}

}  // namespace
}  // namespace starling
