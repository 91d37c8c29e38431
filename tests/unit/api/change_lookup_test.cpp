#include "starling/api/change_lookup.hpp"

#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::must;

class ChangeLookup : public ::testing::Test {
 protected:
  ChangeLookup()
      : fleet(world.fleet_of(1, store)),
        older(world.write(*fleet, {"settings", "a"}, 1)),
        newer(world.write(*fleet, {"settings", "a"}, 2)) {}
  ~ChangeLookup() override { world.runtime.run(fleet->stop()); }

  [[nodiscard]] std::string error_of(std::string_view name) const {
    const auto found = find_change(*fleet, name);
    return found ? "none" : found.error().message;
  }

  FleetWorld world;
  MemoryStore store;
  std::unique_ptr<Fleet> fleet;
  RecordPtr older;
  RecordPtr newer;
};

TEST_F(ChangeLookup, AChangeIsNamedByItsIdInEitherFormByABeginningAndFromTheEnd) {
  const std::string id = to_cid(older->id);
  for (const std::string& name : {id, to_hex(older->id), id.substr(0, 20), std::string("HEAD~1")})
    EXPECT_EQ(must(find_change(*fleet, name)), older) << name;
  EXPECT_EQ(must(find_change(*fleet, "HEAD")), newer);
}

TEST_F(ChangeLookup, WhatNamesNoneSaysWhatIsPossible) {
  const std::string id = to_cid(older->id);
  RecordId unknown = older->id;
  unknown.bytes[31] ^= 1;
  for (const std::string& name :
       {id.substr(0, 11), std::string("x"), to_cid(unknown), to_hex(unknown), to_cid(world.id)})
    EXPECT_NE(error_of(name).find("No change has the id " + name), std::string::npos) << error_of(name);
  EXPECT_NE(error_of("HEAD~2").find("holds 2 changes"), std::string::npos);
}

}  // namespace
}  // namespace starling
