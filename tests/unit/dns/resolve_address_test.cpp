#include <gtest/gtest.h>

#include <map>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/transport/dns/resolver.hpp"

namespace libp2p {
namespace {

constexpr std::string_view peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

class TableResolver final : public Resolver {
 public:
  Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily family) override {
    families.push_back(family);
    const auto found = table.find(name);
    if (found == table.end()) co_return fail(Errc::not_found, name);
    std::vector<Multiaddr> hosts;
    for (const std::string& text : found->second) hosts.push_back(Multiaddr::parse(text).value());
    co_return hosts;
  }
  std::map<std::string, std::vector<std::string>> table;
  std::vector<IpFamily> families;
};

struct Resolving {
  VirtualRuntime runtime;
  TableResolver resolver;
  Result<std::vector<Multiaddr>> operator()(std::string_view text) {
    return runtime.run(resolve_address(resolver, Multiaddr::parse(text).value()));
  }
};

TEST(ResolveAddress, AnAddressWithoutANameIsItsOwnAnswer) {
  Resolving resolve;
  const auto got = resolve("/ip4/10.0.0.1/tcp/7117");
  ASSERT_EQ(got->size(), 1U);
  EXPECT_EQ(got->front().to_string(), "/ip4/10.0.0.1/tcp/7117");
  EXPECT_TRUE(resolve.resolver.families.empty());
}

TEST(ResolveAddress, PutsEachAddressInThePlaceOfTheNameAndKeepsTheRest) {
  Resolving resolve;
  resolve.resolver.table["node.example"] = {"/ip6/2001:db8::1", "/ip4/192.0.2.1", "/ip4/192.0.2.1"};
  const auto got = resolve("/dns/node.example/tcp/7117" + std::string(peer));
  ASSERT_EQ(got->size(), 2U);
  EXPECT_EQ((*got)[0].to_string(), "/ip6/2001:db8::1/tcp/7117" + std::string(peer));
  EXPECT_EQ((*got)[1].to_string(), "/ip4/192.0.2.1/tcp/7117" + std::string(peer));
}

TEST(ResolveAddress, AsksForTheFamilyThatTheAddressNames) {
  Resolving resolve;
  resolve.resolver.table["h"] = {"/ip4/192.0.2.1"};
  ASSERT_TRUE(resolve("/dns4/h/tcp/1"));
  ASSERT_TRUE(resolve("/dns6/h/tcp/1"));
  ASSERT_TRUE(resolve("/dns/h/tcp/1"));
  EXPECT_EQ(resolve.resolver.families, (std::vector{IpFamily::v4, IpFamily::v6, IpFamily::any}));
}

TEST(ResolveAddress, KeepsTheNameOfASecureWebSocket) {
  Resolving resolve;
  resolve.resolver.table["ws.example"] = {"/ip4/192.0.2.1", "/ip6/2001:db8::1"};
  const std::string named = "/tcp/443/tls/sni/ws.example/ws";
  for (const char* form : {"/dns/ws.example/tcp/443/wss", "/dns4/ws.example/tcp/443/tls/ws"}) {
    const auto got = resolve(form + std::string(peer));
    ASSERT_EQ(got->size(), 2U) << form;
    EXPECT_EQ((*got)[0].to_string(), "/ip4/192.0.2.1" + named + std::string(peer));
    EXPECT_EQ((*got)[1].to_string(), "/ip6/2001:db8::1" + named + std::string(peer));
  }
  EXPECT_EQ(resolve("/dns/ws.example/wss")->front().to_string(), "/ip4/192.0.2.1/tls/sni/ws.example/ws");
  EXPECT_EQ(resolve("/dns/ws.example/tcp/443/wss/http-path/a%2Fb")->front().to_string(),
            "/ip4/192.0.2.1" + named + "/http-path/a%2Fb");
}

TEST(ResolveAddress, LeavesOtherAddressesWithoutAName) {
  Resolving resolve;
  resolve.resolver.table["h"] = {"/ip4/192.0.2.1"};
  for (const char* rest :
       {"", "/tcp/80/ws", "/tcp/443/tls/sni/other.example/ws", "/udp/443/quic-v1", "/tcp/443/tls/http"}) {
    EXPECT_EQ(resolve("/dns4/h" + std::string(rest))->front().to_string(),
              "/ip4/192.0.2.1" + std::string(rest));
  }
  // Behind the relay is what the relay dials.
  const std::string relayed = "/tcp/80/ws" + std::string(peer) + "/p2p-circuit/tls/ws";
  EXPECT_EQ(resolve("/dns4/h" + relayed)->front().to_string(), "/ip4/192.0.2.1" + relayed);
}

TEST(ResolveAddress, KeepsARelayBehindASecureWebSocket) {
  Resolving resolve;
  resolve.resolver.table["relay.example"] = {"/ip4/192.0.2.1"};
  const std::string circuit = std::string(peer) + "/p2p-circuit";
  EXPECT_EQ(resolve("/dns/relay.example/tcp/443/wss" + circuit)->front().to_string(),
            "/ip4/192.0.2.1/tcp/443/tls/sni/relay.example/ws" + circuit);
}

TEST(ResolveAddress, ANameThatNoAddressHasRoomForIsAnError) {
  Resolving resolve;
  const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') +
                           "." + std::string(60, 'd');
  resolve.resolver.table[name] = {"/ip4/192.0.2.1"};
  const std::string path(250, 'p');
  EXPECT_EQ(resolve("/dns/" + name + "/tcp/1/wss/http-path/" + path).error().code, Errc::limit);
}

TEST(ResolveAddress, SaysWhatItCantDo) {
  Resolving resolve;
  resolve.resolver.table["none"] = {};
  EXPECT_EQ(resolve("/dns/unknown/tcp/1").error().code, Errc::not_found);
  EXPECT_EQ(resolve("/dns/none/tcp/1").error().code, Errc::not_found);
}

TEST(ResolveAddress, KeepsABoundedNumber) {
  Resolving resolve;
  for (int i = 0; i < 100; ++i) resolve.resolver.table["many"].push_back("/ip4/10.0.0." + std::to_string(i));
  EXPECT_EQ(resolve("/dns/many/tcp/1")->size(), Resolver::max_addresses);
}

// The real one, with names that every machine has an answer for.
Task<> look_up(Resolver& resolver, std::string name, std::optional<Result<std::vector<Multiaddr>>>& answer) {
  answer.emplace(co_await resolver.resolve(std::move(name), IpFamily::v4));
}

TEST(SystemResolver, FindsLocalhostAndNotWhatIsInvalid) {
  NullLog log;
  SystemRuntime runtime(log);
  SystemResolver resolver(runtime.env());
  std::optional<Result<std::vector<Multiaddr>>> answer;
  runtime.run(look_up(resolver, "localhost", answer));
  ASSERT_TRUE(*answer) << answer->error().to_string();
  EXPECT_TRUE((*answer)->front().is_loopback());
  answer.reset();
  runtime.run(look_up(resolver, "name.invalid", answer));
  EXPECT_FALSE(*answer);
}

}  // namespace
}  // namespace libp2p
