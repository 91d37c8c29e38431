#include "libp2p/transport/dns/dnsaddr.hpp"

#include <gtest/gtest.h>

#include <map>

#include "libp2p/base/virtual_runtime.hpp"

namespace libp2p::dns {
namespace {

const std::string peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const std::string other_peer = "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

class TextResolver final : public Resolver {
 public:
  Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily) override {
    asked.push_back(name);
    const auto found = hosts.find(name);
    if (found == hosts.end()) co_return fail(Errc::not_found, name);
    co_return std::vector{Multiaddr::parse(found->second).value()};
  }
  Task<Result<std::vector<std::string>>> resolve_txt(std::string name) override {
    asked.push_back(name);
    const auto found = texts.find(name);
    if (found == texts.end()) co_return fail(Errc::not_found, name);
    co_return found->second;
  }
  void add(const std::string& name, const std::string& address) {
    texts["_dnsaddr." + name].push_back("dnsaddr=" + address);
  }
  std::map<std::string, std::string> hosts;
  std::map<std::string, std::vector<std::string>> texts;
  std::vector<std::string> asked;
};

class Dnsaddr : public testing::Test {
 protected:
  Result<std::vector<Multiaddr>> resolve(const std::string& text) {
    return runtime_.run(resolve_address(resolver_, Multiaddr::parse(text).value()));
  }
  std::vector<std::string> found(const std::string& text) {
    const auto got = resolve(text);
    if (!got) return {got.error().to_string()};
    std::vector<std::string> texts;
    for (const Multiaddr& address : *got) texts.push_back(address.to_string());
    return texts;
  }
  VirtualRuntime runtime_;
  TextResolver resolver_;
};

using Texts = std::vector<std::string>;

TEST_F(Dnsaddr, GivesTheAddressesOfTheRecords) {
  resolver_.add("a.example", "/ip4/192.0.2.1/tcp/1" + peer);
  resolver_.add("a.example", "/ip6/2001:db8::1/udp/2/quic-v1" + other_peer);
  resolver_.texts["_dnsaddr.a.example"].push_back("v=spf1 -all");
  resolver_.texts["_dnsaddr.a.example"].push_back("dnsaddr=/ip4/300.0.0.1/tcp/1");
  EXPECT_EQ(found("/dnsaddr/a.example"),
            Texts({"/ip4/192.0.2.1/tcp/1" + peer, "/ip6/2001:db8::1/udp/2/quic-v1" + other_peer}));
  EXPECT_EQ(resolver_.asked, Texts{"_dnsaddr.a.example"});
}

TEST_F(Dnsaddr, OnlyWhatEndsAsTheQuestionDoesIsAnAnswer) {
  resolver_.add("a.example", "/ip4/192.0.2.1/tcp/1" + peer);
  resolver_.add("a.example", "/ip4/192.0.2.2/tcp/1" + other_peer);
  resolver_.add("a.example", "/ip4/192.0.2.3/tcp/1");
  EXPECT_EQ(found("/dnsaddr/a.example" + peer), Texts{"/ip4/192.0.2.1/tcp/1" + peer});
  EXPECT_EQ(found("/dnsaddr/a.example/tcp/1"), Texts{"/ip4/192.0.2.3/tcp/1"});
  EXPECT_EQ(resolve("/dnsaddr/a.example/tcp/2").error().code, Errc::not_found);
}

TEST_F(Dnsaddr, WhatIsBehindARelayIsPutBehindTheRelaysAddresses) {
  resolver_.add("relay.example", "/ip4/192.0.2.1/tcp/1" + peer);
  resolver_.add("relay.example", "/ip4/192.0.2.2/tcp/1" + peer + "/p2p-circuit");
  EXPECT_EQ(found("/dnsaddr/relay.example" + peer + "/p2p-circuit" + other_peer),
            Texts{"/ip4/192.0.2.1/tcp/1" + peer + "/p2p-circuit" + other_peer});
}

TEST_F(Dnsaddr, FollowsFurtherNames) {
  resolver_.add("a.example", "/dnsaddr/b.example" + peer);
  resolver_.add("a.example", "/dns4/host.example/tcp/9" + peer);
  resolver_.add("b.example", "/ip4/192.0.2.1/tcp/1" + peer);
  resolver_.add("b.example", "/ip4/192.0.2.9/tcp/1" + other_peer);
  resolver_.hosts["host.example"] = "/ip4/192.0.2.7";
  EXPECT_EQ(found("/dnsaddr/a.example" + peer),
            Texts({"/ip4/192.0.2.1/tcp/1" + peer, "/ip4/192.0.2.7/tcp/9" + peer}));
}

TEST_F(Dnsaddr, OneBranchThatFailsLeavesTheOthers) {
  resolver_.add("a.example", "/dnsaddr/gone.example");
  resolver_.add("a.example", "/dns/gone.example/tcp/1");
  resolver_.add("a.example", "/ip4/192.0.2.1/tcp/1");
  EXPECT_EQ(found("/dnsaddr/a.example"), Texts{"/ip4/192.0.2.1/tcp/1"});
}

TEST_F(Dnsaddr, NamesBehindEachOtherAreFourDeep) {
  for (int i = 1; i <= 6; ++i) {
    const std::string name = std::to_string(i) + ".example";
    resolver_.add(name, "/dnsaddr/" + std::to_string(i + 1) + ".example");
    resolver_.add(name, "/ip4/192.0.2." + std::to_string(i) + "/tcp/1");
  }
  EXPECT_EQ(found("/dnsaddr/1.example").size(), Search::max_depth);
  EXPECT_EQ(resolver_.asked.size(), Search::max_depth);
}

TEST_F(Dnsaddr, ACircleEnds) {
  resolver_.add("a.example", "/dnsaddr/b.example");
  resolver_.add("b.example", "/dnsaddr/a.example");
  EXPECT_EQ(resolve("/dnsaddr/a.example").error().code, Errc::not_found);
  EXPECT_EQ(resolver_.asked.size(), 2U);
}

TEST_F(Dnsaddr, OfOneNameSixteenAnswersAreTaken) {
  for (int i = 0; i < 40; ++i) resolver_.add("a.example", "/ip4/192.0.2." + std::to_string(i) + "/tcp/1");
  EXPECT_EQ(found("/dnsaddr/a.example").size(), Search::max_answers);
}

// Each name has sixteen more: 1 + 16 + 256 + 4096 look-ups, if nobody counted.
TEST_F(Dnsaddr, LookUpsAreBoundedInAll) {
  for (int a = 0; a < 16; ++a) {
    const std::string first = std::to_string(a) + ".example";
    resolver_.add("example", "/dnsaddr/" + first);
    for (int b = 0; b < 16; ++b) resolver_.add(first, "/dnsaddr/" + std::to_string(b) + "." + first);
  }
  EXPECT_FALSE(resolve("/dnsaddr/example"));
  EXPECT_EQ(resolver_.asked.size(), Search::max_lookups);
}

TEST_F(Dnsaddr, AddressesAreBoundedInAll) {
  for (int a = 0; a < 16; ++a) {
    const std::string name = std::to_string(a) + ".example";
    resolver_.add("example", "/dnsaddr/" + name);
    for (int b = 0; b < 16; ++b)
      resolver_.add(name, "/ip4/192.0." + std::to_string(a) + "." + std::to_string(b) + "/tcp/1");
  }
  EXPECT_EQ(found("/dnsaddr/example").size(), Search::max_addresses);
}

TEST_F(Dnsaddr, ANameThatGetsTooLongIsNotAskedFor) {
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  EXPECT_EQ(resolve("/dnsaddr/" + name + ".example").error().code, Errc::invalid_argument);
  EXPECT_TRUE(resolver_.asked.empty());
}

TEST_F(Dnsaddr, AResolverWithoutADnsClientSaysSo) {
  class Hosts final : public Resolver {
   public:
    Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily) override {
      co_return fail(Errc::not_found, name);
    }
  };
  Hosts hosts;
  const auto got = runtime_.run(resolve_address(hosts, Multiaddr::parse("/dnsaddr/a.example").value()));
  EXPECT_EQ(got.error().code, Errc::not_supported);
}

}  // namespace
}  // namespace libp2p::dns
