// On loopback TCP.
#include <gtest/gtest.h>

#include "libp2p/base/notifier.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/protocols/identify/identify.hpp"
#include "tests/support/tcp_swarm.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;

struct Node : test::TcpSwarm {
  Node(Env env, std::uint64_t number) : TcpSwarm(env, number), identify(env, swarm) { identify.start(); }
  Identify identify;
};

struct Outcome {
  std::optional<Result<IdentifyInfo>> of_a;
  std::optional<Result<IdentifyInfo>> of_b;
  std::vector<Multiaddr> a_listens;
  std::optional<Multiaddr> a_sees_b_at;
  bool pushed = false;
};

// Resumes at each event of the swarm that it observes.
struct Waker final : SwarmObserver {
  explicit Waker(Env env) : changed(env.executor) {}
  void on_peer_identified(const PeerId&) override { changed.notify_all(); }
  void on_connection_opened(const ConnectionInfo&) override { changed.notify_all(); }
  Notifier changed;
};

Task<> meet(Env env, Node& a, Node& b, Outcome& out) {
  Waker waker(env);
  a.swarm.add_observer(waker);
  const auto listening = co_await a.swarm.listen(test::multiaddr("/ip4/127.0.0.1/tcp/0"));
  const Instant deadline = env.now() + seconds(5);
  if (listening && co_await b.swarm.connect(a.id, {*listening})) {
    out.a_listens = {*listening};
    while (!a.swarm.is_connected(b.id) && co_await waker.changed.wait_until(env, deadline)) {
    }
    out.of_a = co_await b.identify.identify(a.id);
    out.of_b = co_await a.identify.identify(b.id);
    for (const ConnectionInfo& connection : a.swarm.connections(b.id)) out.a_sees_b_at = connection.remote;
    b.swarm.set_handler("/new/1", [](InboundStream) -> Task<> { co_return; });
    while (!a.swarm.peerstore().supports(b.id, "/new/1") &&
           co_await waker.changed.wait_until(env, deadline)) {
    }
    out.pushed = a.swarm.peerstore().supports(b.id, "/new/1");
  }
  a.swarm.remove_observer(waker);
  for (Node* node : {&a, &b}) {
    co_await node->identify.stop();
    co_await node->swarm.stop();
  }
}

TEST(IdentifyOverTcp, PeersOnLoopbackTellEachOtherLoopbackAddresses) {
  NullLog log;
  SystemRuntime runtime(log);
  Node a(runtime.env(), 1);
  Node b(runtime.env(), 2);
  Outcome out;
  runtime.run(meet(runtime.env(), a, b, out));
  ASSERT_TRUE(out.of_a && *out.of_a);
  ASSERT_TRUE(out.of_b && *out.of_b);
  EXPECT_EQ((*out.of_a)->addresses, out.a_listens);
  EXPECT_TRUE((*out.of_a)->signed_addresses);
  EXPECT_TRUE((*out.of_b)->addresses.empty());  // it doesn't listen
  // A told B where B's connection comes from.
  EXPECT_EQ((*out.of_a)->observed, out.a_sees_b_at);
  EXPECT_TRUE(out.pushed);
}

}  // namespace
}  // namespace libp2p
