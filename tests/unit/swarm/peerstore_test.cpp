#include "libp2p/swarm/peerstore.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/swarm/peerstore_file.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct MemoryFile final : PeerstoreFile {
  std::optional<Bytes> contents;
  Result<Bytes> load() override {
    if (!contents) return fail(Errc::not_found, "none yet");
    return *contents;
  }
  Result<> save(BytesView bytes) override {
    contents = to_bytes(bytes);
    return {};
  }
};

struct Store {
  VirtualRuntime runtime;
  MemoryFile file;
  Peerstore peers{runtime.env(), &file};
  // A record as it comes from the network: sealed and opened again.
  bool add_record(std::uint64_t number, std::uint64_t seq) {
    const PeerRecord record{node_id(number), seq, {address_of("/ip4/10.0.0.1/tcp/1")}};
    return peers.add_record(record, record.seal(node_key(number)).value());
  }
};

TEST(Peerstore, AddressesLapseExceptThoseOfKeptPeers) {
  Store store;
  store.peers.add_addresses(node_id(1), {address_of("/ip4/10.0.0.1/tcp/1")}, minutes(1));
  store.peers.add_addresses(node_id(2), {address_of("/ip4/10.0.0.2/tcp/1")}, minutes(1));
  store.peers.set_kept(node_id(2), true);
  store.runtime.run_for(seconds(59));
  EXPECT_EQ(store.peers.addresses(node_id(1)).size(), 1U);
  store.runtime.run_for(seconds(2));
  EXPECT_TRUE(store.peers.addresses(node_id(1)).empty());
  EXPECT_EQ(store.peers.addresses(node_id(2)).size(), 1U);
}

TEST(Peerstore, AnAddressIsStoredOnceWithoutItsPeerAndForTheLongerTime) {
  Store store;
  const Multiaddr plain = address_of("/ip4/10.0.0.1/tcp/1");
  store.peers.add_addresses(node_id(1), {plain.with_peer(node_id(1).bytes())}, hours(1));
  store.peers.add_addresses(node_id(1), {plain}, seconds(1));
  store.runtime.run_for(minutes(30));
  EXPECT_EQ(store.peers.addresses(node_id(1)), std::vector{plain});
}

TEST(Peerstore, KeepsABoundedNumberOfAddressesAndProtocols) {
  Store store;
  std::vector<Multiaddr> addresses;
  for (int i = 0; i < 1000; ++i)
    addresses.push_back(address_of("/ip4/10.0.0.1/tcp/" + std::to_string(i + 1)));
  store.peers.add_addresses(node_id(1), addresses, minutes(1));
  EXPECT_EQ(store.peers.addresses(node_id(1)).size(), Peerstore::max_addresses_per_peer);
  std::vector<std::string> protocols;
  for (int i = 0; i < 1000; ++i) protocols.push_back("/p/" + std::to_string(i));
  store.peers.set_protocols(node_id(1), protocols);
  EXPECT_EQ(store.peers.protocols(node_id(1)).size(), Peerstore::max_protocols_per_peer);
}

std::vector<Multiaddr> at_ports(int first, int count) {
  std::vector<Multiaddr> addresses;
  for (int port = first; port < first + count; ++port)
    addresses.push_back(address_of("/ip4/10.0.0.1/tcp/" + std::to_string(port)));
  return addresses;
}

// As of a peer that takes other ports at each restart.
TEST(Peerstore, WhatWasToldLastComesFirstAlsoAfterARestart) {
  Store store;
  store.peers.set_kept(node_id(1), true);
  store.peers.add_addresses(node_id(1), at_ports(30, 2), hours(1));
  store.peers.add_addresses(node_id(1), at_ports(10, 2), hours(1));
  store.peers.add_addresses(node_id(1), at_ports(20, 2), minutes(10));
  store.peers.add_addresses(node_id(1), at_ports(31, 1), minutes(10));
  const std::vector<Multiaddr> expected{
      address_of("/ip4/10.0.0.1/tcp/31"), address_of("/ip4/10.0.0.1/tcp/20"),
      address_of("/ip4/10.0.0.1/tcp/21"), address_of("/ip4/10.0.0.1/tcp/10"),
      address_of("/ip4/10.0.0.1/tcp/11"), address_of("/ip4/10.0.0.1/tcp/30")};
  EXPECT_EQ(store.peers.addresses(node_id(1)), expected);
  ASSERT_TRUE(store.peers.save());
  Peerstore again(store.runtime.env(), &store.file);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.addresses(node_id(1)), expected);
}

TEST(Peerstore, AFullTableTakesAllThatAPeerIsSeenAtAndKeepsWhatItHasProved) {
  Store store;
  store.peers.set_kept(node_id(1), true);
  store.peers.add_addresses(node_id(1), at_ports(1, Peerstore::max_addresses_per_peer), hours(1));
  for (int seen = 1000; seen < 1040; seen += 4) {
    store.peers.add_addresses(node_id(1), at_ports(seen, 4), minutes(10));
    std::vector<Multiaddr> known = store.peers.addresses(node_id(1));
    EXPECT_EQ(known.size(), Peerstore::max_addresses_per_peer);
    known.resize(4);
    EXPECT_EQ(known, at_ports(seen, 4));
  }
  const auto proved = [](const Multiaddr& address) { return address.port().value_or(0) < 1000; };
  EXPECT_EQ(std::ranges::count_if(store.peers.addresses(node_id(1)), proved),
            static_cast<std::ptrdiff_t>(Peerstore::max_addresses_per_peer - 4));
}

// Peer ids without keys behind them: only their number matters here.
PeerId made_up(std::uint64_t number) {
  Bytes multihash{0x12, 0x20};
  multihash.resize(34);
  store_be(number, multihash.data() + 2);
  return PeerId::from_bytes(multihash).value();
}

TEST(Peerstore, MakesRoomByForgettingWhoWasTouchedLongestAgoAndNeverWhoIsKept) {
  Store store;
  const std::vector<Multiaddr> address{address_of("/ip4/10.0.0.1/tcp/1")};
  store.peers.add_addresses(made_up(0), address, hours(1));
  store.peers.set_kept(made_up(0), true);
  for (std::uint64_t i = 1; i <= Peerstore::max_peers; ++i) {
    store.runtime.run_for(std::chrono::milliseconds(1));
    store.peers.add_addresses(made_up(i), address, hours(1));
  }
  EXPECT_EQ(store.peers.peers().size(), Peerstore::max_peers);
  EXPECT_EQ(store.peers.addresses(made_up(0)).size(), 1U);
  EXPECT_TRUE(store.peers.addresses(made_up(1)).empty());
  EXPECT_EQ(store.peers.addresses(made_up(2)).size(), 1U);
}

TEST(Peerstore, ForgetsInTimeEveryoneWhoIsNotKept) {
  Store store;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    store.peers.add_addresses(made_up(i), {address_of("/ip4/10.0.0.1/tcp/1")}, minutes(1));
    store.peers.set_protocols(made_up(i), {"/a"});
  }
  ASSERT_TRUE(store.add_record(200, 1));
  store.runtime.run_for(hours(25));
  store.peers.add_addresses(made_up(500), {address_of("/ip4/10.0.0.1/tcp/1")}, minutes(1));
  EXPECT_EQ(store.peers.peers(), std::vector{made_up(500)});
  store.peers.forget(made_up(500));
  EXPECT_TRUE(store.peers.peers().empty());
}

TEST(Peerstore, AnOlderOrEqualRecordIsRefused) {
  Store store;
  EXPECT_TRUE(store.add_record(1, 10));
  const auto first = store.peers.record_envelope(node_id(1));
  EXPECT_FALSE(store.add_record(1, 10));
  EXPECT_FALSE(store.add_record(1, 9));
  EXPECT_EQ(store.peers.record_envelope(node_id(1)), first);
  EXPECT_TRUE(store.add_record(1, 11));
  EXPECT_NE(store.peers.record_envelope(node_id(1)), first);
}

TEST(Peerstore, ARecordFromTheFutureIsRefused) {
  Store store;
  const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                  store.runtime.env().clock.wall().time_since_epoch())
                                                  .count());
  constexpr std::uint64_t hour = 3'600'000'000'000;
  EXPECT_FALSE(store.add_record(1, ~std::uint64_t{0}));
  EXPECT_FALSE(store.add_record(1, now + 25 * hour));
  EXPECT_TRUE(store.add_record(1, now + 23 * hour));
}

TEST(Peerstore, KnowsProtocolsAndAgents) {
  Store store;
  store.peers.set_protocols(node_id(1), {"/b", "/a", "/b"});
  EXPECT_EQ(store.peers.protocols(node_id(1)), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_TRUE(store.peers.supports(node_id(1), "/b"));
  EXPECT_FALSE(store.peers.supports(node_id(1), "/c"));
  EXPECT_FALSE(store.peers.supports(node_id(2), "/a"));
  store.peers.set_agent(node_id(1), "some/1.0");
  EXPECT_EQ(store.peers.agent(node_id(1)), "some/1.0");
}

TEST(Peerstore, WhatIsKeptOrSignedComesBackAfterARestart) {
  Store store;
  store.peers.add_addresses(node_id(1), {address_of("/ip4/10.0.0.7/tcp/7")}, hours(1));
  store.peers.set_kept(node_id(1), true);
  ASSERT_TRUE(store.add_record(2, 5));
  store.peers.add_addresses(node_id(3), {address_of("/ip4/10.0.0.9/tcp/9")}, hours(1));
  ASSERT_TRUE(store.peers.save());

  Peerstore again(store.runtime.env(), &store.file);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.addresses(node_id(1)), std::vector{address_of("/ip4/10.0.0.7/tcp/7")});
  EXPECT_EQ(again.addresses(node_id(2)), std::vector{address_of("/ip4/10.0.0.1/tcp/1")});
  EXPECT_EQ(again.record_envelope(node_id(2)), store.peers.record_envelope(node_id(2)));
  EXPECT_TRUE(again.addresses(node_id(3)).empty());
}

TEST(Peerstore, AnEntryThatIsBrokenDoesntCostTheOthers) {
  Store store;
  ASSERT_TRUE(store.add_record(2, 5));
  store.peers.add_addresses(node_id(1), {address_of("/ip4/10.0.0.7/tcp/7")}, hours(1));
  store.peers.set_kept(node_id(1), true);
  ProtobufWriter broken;
  broken.bytes(1, as_bytes("not a peer id"));
  Bytes contents = ProtobufWriter().message(1, broken).take();
  append(contents, store.peers.serialise());
  // And a signature that was tampered with.
  const Bytes envelope = *store.peers.record_envelope(node_id(2));
  const auto at = std::ranges::search(contents, envelope).begin() - contents.begin();
  contents[static_cast<std::size_t>(at) + envelope.size() - 1] ^= 1;
  store.file.contents = contents;

  Peerstore again(store.runtime.env(), &store.file);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.addresses(node_id(1)).size(), 1U);
  EXPECT_EQ(again.record_envelope(node_id(2)), std::nullopt);
  store.file.contents = to_bytes("\x08 garbage");
  EXPECT_FALSE(Peerstore(store.runtime.env(), &store.file).load());
}

TEST(DiskPeerstoreFile, IsReplacedWholeAndReadableByItsOwnerAlone) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("peerstore-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  DiskPeerstoreFile file((folder / "peers").string());
  EXPECT_EQ(file.load().error().code, Errc::not_found);
  ASSERT_TRUE(file.save(to_bytes("the first contents")));
  ASSERT_TRUE(file.save(to_bytes("second")));
  EXPECT_EQ(as_text(*file.load()), "second");
  EXPECT_EQ(std::filesystem::status(folder / "peers").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(folder / "peers.new"));
  std::filesystem::remove_all(folder);
  EXPECT_EQ(file.save(to_bytes("x")).error().code, Errc::not_found);
}

}  // namespace
}  // namespace libp2p::test
