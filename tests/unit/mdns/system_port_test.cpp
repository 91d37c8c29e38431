// On the machine's own interfaces, where it has one that can multicast.
#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/protocols/mdns/mdns.hpp"
#include "tests/support/tcp_swarm.hpp"

namespace libp2p::mdns {
namespace {

using std::chrono::seconds;

class MdnsOnSockets : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_interfaces().empty()) {
      GTEST_SKIP() << "no interface of this machine is up and can multicast";
    }
  }
  NullLog log;
  SystemRuntime runtime{log};
};

// Waits for a datagram that is `wanted`; other responders of the machine may be talking.
Task<Result<Datagram>> receive(MulticastPort& port, Bytes wanted) {
  for (;;) {
    auto datagram = co_await port.receive();
    if (!datagram || datagram->bytes == wanted) co_return datagram;
  }
}

Task<> exchange(Env env, std::unique_ptr<MulticastPort>& a, std::unique_ptr<MulticastPort>& b,
                std::map<unsigned, std::vector<IpAddress>>& heard) {
  for (const Interface& interface : a->rescan()) {
    (void)b->rescan();
    const Bytes packet =
        PacketWriter(false)
            .question(Name::parse("starling-test-" + interface.name + ".local").value(), RecordType::ptr)
            .take();
    a->send(interface.index, packet);
    for (MulticastPort* port : {a.get(), b.get()}) {
      const auto datagram = co_await with_timeout(env, seconds(2), "nothing came", receive(*port, packet));
      if (datagram && datagram->interface == interface.index)
        heard[interface.index].push_back(datagram->from);
    }
  }
  co_await a->stop();
  co_await b->stop();
}

TEST_F(MdnsOnSockets, SeveralPortsOfOneHostHearEachOtherAndThemselves) {
  auto a = make_system_port(runtime.env());
  auto b = make_system_port(runtime.env());
  std::map<unsigned, std::vector<IpAddress>> heard;
  runtime.run(exchange(runtime.env(), a, b, heard));
  std::size_t working = 0;
  for (const Interface& interface : machine_interfaces()) {
    const auto& sources = heard[interface.index];
    working += sources.size() == 2 ? 1 : 0;
    for (const IpAddress& source : sources) EXPECT_TRUE(interface.owns(source)) << source.to_string();
  }
  if (working == 0) GTEST_SKIP() << "multicast does not come back on any interface";
}

TEST_F(MdnsOnSockets, OpensWhatComesAndClosesWhatGoes) {
  std::vector<Interface> now = machine_interfaces();
  auto port = make_system_port(runtime.env(), [&now] { return now; });
  EXPECT_EQ(port->rescan(), now);
  const std::vector<Interface> all = std::exchange(now, {});
  EXPECT_TRUE(port->rescan().empty());
  port->send(all.front().index, Bytes(12, 0));  // goes nowhere
  now = all;
  EXPECT_EQ(port->rescan(), all);
  // One that is not there fails, and is tried again later.
  now.push_back({4'000'000, "gone0", {{boost::asio::ip::make_address("10.255.255.1"), 8}}});
  EXPECT_EQ(port->rescan().size(), all.size() + 1);
  EXPECT_EQ(port->rescan().size(), all.size() + 1);
  runtime.run(port->stop());
}

struct Node : test::TcpSwarm {
  Node(Env env, std::uint64_t number) : TcpSwarm(env, number), mdns(env, swarm) {}
  Mdns mdns;
};

Task<> find_and_connect(Env env, Node& a, Node& b, bool& found, bool& connected) {
  Notifier seen(env.executor);
  std::vector<Multiaddr> where;
  for (Node* node : {&a, &b}) {
    (void)co_await node->swarm.listen(test::multiaddr("/ip4/0.0.0.0/tcp/0"));
    (void)co_await node->swarm.listen(test::multiaddr("/ip6/::/tcp/0"));
  }
  a.mdns.set_handler([&](const PeerId& peer, const std::vector<Multiaddr>& addresses) {
    if (peer != b.id) return;
    where = addresses;
    seen.notify_all();
  });
  a.mdns.start();
  b.mdns.start();
  const Instant deadline = env.now() + seconds(5);
  while (where.empty() && co_await seen.wait_until(env, deadline)) {
  }
  found = !where.empty();
  if (found) connected = (co_await a.swarm.connect(b.id, where)).has_value();
  for (Node* node : {&a, &b}) {
    co_await node->mdns.stop();
    co_await node->swarm.stop();
  }
}

TEST_F(MdnsOnSockets, NodesOfOneHostFindAndReachEachOther) {
  Node a(runtime.env(), 1001);
  Node b(runtime.env(), 1002);
  bool found = false;
  bool connected = false;
  runtime.run(find_and_connect(runtime.env(), a, b, found, connected));
  if (!found && a.mdns.counters().accepted == 0)
    GTEST_SKIP() << "multicast does not come back on any interface";
  EXPECT_TRUE(found);
  EXPECT_TRUE(connected);
}

}  // namespace
}  // namespace libp2p::mdns
