// A founded fleet whose nodes are Fleets without a network: records pass between them as a test says.
#pragma once

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/fleet/fleet.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling::testing {

// A founder's store: genesis, and operator grants for nodes 1 and 2; node 3 is an admin.
struct FleetWorld {
  FleetWorld() {
    const libp2p::WallTime start = runtime.env().clock.wall();
    const PrivateKey root = key_of(200);
    const RecordPtr genesis = must(write_genesis(root, 1, Bytes(16, 7), start));
    id = genesis->id;
    Changelog log(id);
    EXPECT_EQ(log.ingest(genesis).outcome, Changelog::Outcome::added);
    records.push_back(genesis);
    Author author(root, 2);
    for (const std::uint8_t node : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
      const Role role = node == 3 ? Role::admin : Role::operator_;
      const Grant grant{peer_of(key_of(node)), role, "node" + std::to_string(node), {}, {}};
      records.push_back(
          must(author.write({id, log, start, Hlc{UINT64_MAX}}, RecordKind::grant, id, grant.to_body())));
      EXPECT_EQ(log.ingest(records.back()).outcome, Changelog::Outcome::added);
    }
  }

  // Loaded; the fleet refers to `store`.
  std::unique_ptr<Fleet> fleet_of(std::uint8_t node, Store& store,
                                  std::chrono::milliseconds clock_error = {}) {
    EXPECT_TRUE(store.append(records));
    auto fleet = std::make_unique<Fleet>(runtime.env_with_wall_offset(clock_error), id, key_of(node), store);
    EXPECT_TRUE(fleet->load());
    return fleet;
  }
  RecordPtr write(Fleet& fleet, Path path, json::value value) {
    return must(runtime.run(
        fleet.author(RecordKind::change, set_change(std::move(path), std::move(value)).to_body())));
  }

  // Signs a change as `node` would that knows only genesis and grants, in an incarnation of its own.
  RecordPtr forge(std::uint8_t node, std::uint64_t incarnation, const SignedRecord* prev, json::value value,
                  Hlc hlc) {
    Record record;
    record.fleet = id;
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(node));
    record.incarnation = incarnation;
    record.seq = prev ? prev->record.seq + 1 : 1;
    if (prev) record.prev = prev->id;
    record.grant = records[node]->id;
    record.hlc = hlc;
    record.body = set_change({"settings", "forged"}, std::move(value)).to_body();
    return must(sign_record(record, key_of(node)));
  }
  // And what follows from it.
  void pass_on(const Fleet& from, Fleet& to) {
    EXPECT_TRUE(runtime.run(to.accept(from.log().records())));
    settle();
  }
  void settle() { runtime.run_for(std::chrono::milliseconds(1)); }
  [[nodiscard]] Hlc now() { return Hlc::at(runtime.env().clock.wall()); }

  libp2p::VirtualRuntime runtime;
  FleetId id;
  std::vector<RecordPtr> records;
};

}  // namespace starling::testing
