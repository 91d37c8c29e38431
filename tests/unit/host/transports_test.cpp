#include "libp2p/host/transports.hpp"

#include <gtest/gtest.h>

#include <map>

#include "libp2p/base/deadline.hpp"
#include "libp2p/host/host.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/web_certificates.hpp"

namespace libp2p {
namespace {

using starling::test::TempDir;
using std::chrono::seconds;
using test::Authority;
using test::multiaddr;
using test::PemPair;
using test::write_file;

class LocalNames final : public Resolver {
 public:
  Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily) override {
    if (!name.ends_with(".example")) co_return fail(Errc::not_found, name);
    co_return std::vector{multiaddr("/ip4/127.0.0.1")};
  }
};

// Real sockets on loopback. `server` listens for TCP, WebSocket and secure WebSocket at one port; its
// certificate names node.example.
struct Fleet {
  Fleet() {
    write_file(folder / "ca.pem", authority.pem());
    const PemPair pair = authority.issue("DNS:node.example");
    write_file(folder / "server.pem", pair.certificate);
    write_file(folder / "server.key", pair.key);
    EXPECT_TRUE(loop.run(server.start()));
    tcp = server.swarm().listen_addresses().at(0).to_string();
    for (const char* more : {"/ws", "/tls/ws"}) {
      const auto at = loop.run(server.swarm().listen(multiaddr(tcp + more)));
      EXPECT_TRUE(at) << at.error().to_string();
      if (at) EXPECT_EQ(at->to_string(), tcp + more);
    }
  }
  ~Fleet() { loop.run(server.stop()); }
  [[nodiscard]] HostConfig config(const TcpConfig& tcp_config = {}) {
    HostConfig made;
    made.resolver = &names;
    made.perf.emplace();
    made.byte_transports = tcp_and_websocket(loop.env(), tcp_config,
                                             {.certificate_file = folder / "server.pem",
                                              .key_file = folder / "server.key",
                                              .extra_ca_file = folder / "ca.pem"});
    return made;
  }
  HostConfig listening() {
    HostConfig made = config();
    made.listen = {multiaddr("/ip4/127.0.0.1/tcp/0")};
    return made;
  }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return loop.run(with_timeout(loop.env(), seconds(60), "the test's own limit", std::move(task)));
  }
  [[nodiscard]] Multiaddr whole(const std::string& address) const {
    return multiaddr(address).with_peer(server.peer().bytes());
  }
  [[nodiscard]] std::string port() const { return tcp.substr(tcp.rfind('/')); }

  starling::test::Loop loop;
  TempDir folder;
  Authority authority;
  LocalNames names;
  Host server{loop.env(), listening()};
  std::string tcp;
};

// Who knows nothing of the server but what it is told to dial.
struct Client {
  explicit Client(Fleet& f) : fleet(f), host(f.loop.env(), f.config()) {
    EXPECT_TRUE(fleet.loop.run(host.start()));
  }
  ~Client() { fleet.loop.run(host.stop()); }
  Fleet& fleet;
  Host host;
};

TEST(Transports, APeerIsReachedOverEachOfThemAtOnePort) {
  Fleet fleet;
  EXPECT_EQ(fleet.server.addresses().size(), 3U);
  const std::string name = "/dns4/node.example/tcp" + fleet.port();
  const std::map<std::string, std::string> ways = {
      {fleet.tcp, fleet.tcp},
      {fleet.tcp + "/ws", fleet.tcp + "/ws"},
      {name + "/ws", fleet.tcp + "/ws"},
      {name + "/wss", fleet.tcp + "/tls/sni/node.example/ws"},
      {name + "/tls/ws", fleet.tcp + "/tls/sni/node.example/ws"},
  };
  for (const auto& [dialled, reached] : ways) {
    Client client(fleet);
    const auto peer = fleet.run(client.host.connect(fleet.whole(dialled)));
    ASSERT_TRUE(peer) << dialled << ": " << peer.error().to_string();
    const auto outbound = client.host.swarm().connections();
    ASSERT_EQ(outbound.size(), 1U) << dialled;
    EXPECT_EQ(outbound[0].remote.to_string(), reached);
    EXPECT_TRUE(fleet.run(client.host.ping()->ping(*peer)));
    const auto inbound = fleet.server.swarm().connections(client.host.peer());
    ASSERT_EQ(inbound.size(), 1U) << dialled;
    EXPECT_EQ(inbound[0].remote.to_string(), outbound[0].local.to_string());
    EXPECT_EQ(inbound[0].remote.has(AddrProtocol::ws), dialled != fleet.tcp) << inbound[0].remote.to_string();
  }
}

TEST(Transports, ACertificateForAnotherNameIsNoConnection) {
  Fleet fleet;
  Client client(fleet);
  const auto peer =
      fleet.run(client.host.connect(fleet.whole("/dns4/other.example/tcp" + fleet.port() + "/wss")));
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, Errc::crypto) << peer.error().to_string();
}

TEST(Transports, WhoNeverSaysWhatHeSpeaksHoldsNobodyUp) {
  Fleet fleet;
  Client client(fleet);
  TcpTransport plain(fleet.loop.env());
  std::vector<ByteConnection> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(fleet.run(plain.dial(multiaddr(fleet.tcp))).value());
  EXPECT_TRUE(fleet.run(client.host.connect(fleet.whole(fleet.tcp + "/ws"))));
  EXPECT_EQ(fleet.server.swarm().counters().upgrading, 20U);
}

TEST(Transports, BothDirectionsCarry64MiB) {
  Fleet fleet;
  for (const std::string& way : {fleet.tcp + "/ws", "/dns4/node.example/tcp" + fleet.port() + "/wss"}) {
    Client client(fleet);
    const auto peer = fleet.run(client.host.connect(fleet.whole(way)));
    ASSERT_TRUE(peer) << peer.error().to_string();
    EXPECT_TRUE(client.host.swarm().connections().at(0).remote.has(AddrProtocol::ws));
    constexpr std::uint64_t size = 64ULL * 1024 * 1024;
    const auto moved = fleet.run(client.host.perf()->run(*peer, size, size));
    EXPECT_TRUE(moved) << moved.error().to_string();
  }
}

TEST(Transports, APrivateNetworksPortIsNotShared) {
  Fleet fleet;
  HostConfig config = fleet.config({.share_port = false});
  config.listen = {multiaddr("/ip4/127.0.0.1/tcp/0")};
  Host alone(fleet.loop.env(), std::move(config));
  ASSERT_TRUE(fleet.run(alone.start()));
  const std::string at = alone.swarm().listen_addresses().at(0).to_string();
  EXPECT_EQ(fleet.run(alone.swarm().listen(multiaddr(at + "/ws"))).error().code, Errc::exists);
  fleet.loop.run(alone.stop());
}

}  // namespace
}  // namespace libp2p
