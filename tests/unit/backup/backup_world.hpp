// A fleet of two nodes, and the folder of the first.
#pragma once

#include <gmock/gmock.h>

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/backup/restore.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/daemon/files.hpp"
#include "starling/fleet/fleet.hpp"
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling::test {

using starling::testing::key_of;
using starling::testing::must;
using starling::testing::peer_of;
using starling::testing::set_change;

class BackupWorld : public ::testing::Test {
 protected:
  BackupWorld() {
    const libp2p::WallTime start = runtime_.env().clock.wall();
    const PrivateKey root = key_of(200);
    founding_.push_back(must(write_genesis(root, 1, Bytes(16, 7), start)));
    fleet_ = founding_[0]->id;
    Changelog log(fleet_);
    (void)log.ingest(founding_[0]);
    Author author(root, 2);
    for (const std::uint8_t node : {std::uint8_t{1}, std::uint8_t{2}}) {
      const Grant grant{peer_of(key_of(node)), Role::operator_, "node" + std::to_string(node), {}, {}};
      founding_.push_back(must(
          author.write({fleet_, log, start, Hlc{UINT64_MAX}}, RecordKind::grant, fleet_, grant.to_body())));
      (void)log.ingest(founding_.back());
    }
  }

  void SetUp() override {
    ASSERT_TRUE(state_.create());
    config_.fleet = fleet_;
    config_.name = "node1";
    config_.api = {"unix:" + state_.api_socket().string(), "127.0.0.1:7118"};
    ASSERT_TRUE(state_.save_identity(key_of(1)));
    ASSERT_TRUE(state_.save_encryption_key(X25519KeyPair::generate(random_)));
    ASSERT_TRUE(state_.save_config(config_));
    ASSERT_TRUE(save_private_key(state_.root_key(), key_of(200)));
    ASSERT_TRUE(write_file(state_.peers(), libp2p::as_bytes("peers")));
    ASSERT_TRUE(must(SqliteStore::open(state_.store()))->append(founding_, {{"last-good", "this"}}));
  }

  // A node at work on `store`.
  std::unique_ptr<Fleet> node(std::uint8_t number, Store& store) {
    auto fleet = std::make_unique<Fleet>(runtime_.env(), fleet_, key_of(number), store);
    EXPECT_TRUE(fleet->load());
    return fleet;
  }
  RecordPtr write(Fleet& fleet, const std::string& setting) {
    return must(
        runtime_.run(fleet.author(RecordKind::change, set_change({"settings", setting}, 1).to_body())));
  }
  Backup taken(bool node = true) { return must(take_backup(state_, node, 1'700'000'000'000, "1.2.3")); }

  libp2p::VirtualRuntime runtime_;
  libp2p::SeededRandom random_{1};
  test::TempDir directory_;
  StateDir state_{directory_ / "state"};
  NodeConfig config_;
  FleetId fleet_;
  std::vector<RecordPtr> founding_;
};

inline std::string mode_of(const std::filesystem::path& path) {
  char text[8];
  std::snprintf(text, sizeof text, "%03o",
                static_cast<unsigned>(std::filesystem::status(path).permissions()));
  return text;
}

}  // namespace starling::test
