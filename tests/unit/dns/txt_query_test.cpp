#include "libp2p/transport/dns/txt_query.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/system_runtime.hpp"
#include "tests/support/dns_server.hpp"

namespace libp2p::dns {
namespace {

using std::chrono::milliseconds;
using test::DnsServer;

const std::string peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

// A name server of our own, and a resolver that asks it.
class TxtRecords : public testing::Test {
 protected:
  TxtRecords()
      : server_(runtime_.env()), resolver_(runtime_.env(), {server_.address(), milliseconds(50), 2}) {}
  ~TxtRecords() override { runtime_.run(server_.stop()); }

  Result<std::vector<std::string>> ask(std::string name) {
    return run(resolver_.resolve_txt(std::move(name)));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    runtime_.run(store(std::move(task), value));
    return std::move(*value);
  }
  template <class T>
  static Task<> store(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }

  NullLog log_;
  SystemRuntime runtime_{log_};
  DnsServer server_;
  SystemResolver resolver_;
};

using Texts = std::vector<std::string>;

TEST_F(TxtRecords, ComeAsTheyAreAndInPieces) {
  server_.add("a.example", "one");
  server_.add("a.example", Texts{"t", "", "wo"});
  server_.add("a.example", "");
  EXPECT_EQ(ask("a.example"), Texts({"one", "two", ""}));
  EXPECT_EQ(server_.asked(), Texts{"a.example"});
}

TEST_F(TxtRecords, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(ask("gone.example").error().code, Errc::not_found);
  EXPECT_NE(ask("gone.example").error().message.find("gone.example"), std::string::npos);
}

TEST_F(TxtRecords, LongAnswersComeByTcp) {
  for (int i = 0; i < 20; ++i) server_.add("a.example", std::string(200, static_cast<char>('a' + i)));
  server_.set_manner(DnsServer::Manner::only_by_tcp);
  const auto got = ask("a.example");
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(got->size(), 20U);
  EXPECT_EQ(got->back(), std::string(200, 't'));
  EXPECT_EQ(server_.asked_by_tcp(), 1U);
}

TEST_F(TxtRecords, AServerThatSaysNothingIsATimeout) {
  server_.set_manner(DnsServer::Manner::is_silent);
  EXPECT_EQ(ask("a.example").error().code, Errc::timeout);
}

TEST_F(TxtRecords, WhatIsNoAnswerIsAnError) {
  server_.add("a.example", "one");
  server_.set_manner(DnsServer::Manner::sends_garbage);
  const auto got = ask("a.example");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::parse) << got.error().to_string();
}

TEST_F(TxtRecords, NumberAndLengthAreBounded) {
  server_.add("a.example", Texts(5, std::string(250, 'x')));
  for (int i = 0; i < 100; ++i) server_.add("a.example", std::to_string(i));
  server_.set_manner(DnsServer::Manner::only_by_tcp);
  const auto got = ask("a.example");
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(got->size(), Resolver::max_texts);
  EXPECT_EQ(got->front(), "0");
}

TEST_F(TxtRecords, ADnsaddrIsFollowedToItsAddresses) {
  server_.add("_dnsaddr.fleet.example", "dnsaddr=/dnsaddr/a.fleet.example" + peer);
  server_.add("_dnsaddr.fleet.example", "dnsaddr=/dns4/localhost/tcp/7117" + peer);
  server_.add("_dnsaddr.a.fleet.example", "dnsaddr=/ip4/192.0.2.1/tcp/7117" + peer);
  const auto got = run(resolve_address(resolver_, Multiaddr::parse("/dnsaddr/fleet.example" + peer).value()));
  ASSERT_TRUE(got) << got.error().to_string();
  Texts texts;
  for (const Multiaddr& address : *got) texts.push_back(address.to_string());
  EXPECT_EQ(texts, Texts({"/ip4/192.0.2.1/tcp/7117" + peer, "/ip4/127.0.0.1/tcp/7117" + peer}));
}

TEST(TextsOfAnswer, BytesThatAreNoneAreRefused) {
  EXPECT_EQ(texts_of_answer({}).error().code, Errc::parse);
  EXPECT_EQ(texts_of_answer(Bytes(12)).error().code, Errc::parse);
  EXPECT_EQ(texts_of_answer(Bytes(100, 0xff)).error().code, Errc::parse);
}

}  // namespace
}  // namespace libp2p::dns
