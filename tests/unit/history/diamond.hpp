// A fleet with four changes of which two are concurrent.
#pragma once

#include "tests/support/fleet_fixture.hpp"

namespace starling::testing {

// a ← b of one author; c of another knows a alone; d knows all of them.
struct Diamond {
  Diamond() {
    const RecordId grant = fleet.grant(key_of(1), Role::operator_, "one")->id;
    a = fleet.write(one, RecordKind::change, grant, set_change({"a"}, 1).to_body());
    Changelog without_b = fleet.log;
    b = fleet.write(one, RecordKind::change, grant, set_change({"b"}, 1).to_body());
    c = must(two.write({fleet.id(), without_b, noon, Hlc{UINT64_MAX}}, RecordKind::change, grant,
                       set_change({"c"}, 1).to_body()));
    EXPECT_EQ(fleet.log.ingest(c).outcome, Changelog::Outcome::added);
    d = fleet.write(one, RecordKind::change, grant, set_change({"d"}, 1).to_body());
  }
  FoundedFleet fleet;
  Author one{key_of(1), 1};
  Author two{key_of(2), 1};
  RecordPtr a, b, c, d;
};

}  // namespace starling::testing
