#include <gtest/gtest.h>

#include "starling/api/acknowledgement.hpp"
#include "starling/api/http_server.hpp"
#include "starling/api/page.hpp"
#include "starling/api/request_guard.hpp"
#include "starling/api/writing.hpp"

namespace starling {
namespace {

HttpRequest request_for(std::string target, std::map<std::string, std::string> headers = {}) {
  HttpRequest request;
  request.method = HttpMethod::get;
  request.target = std::move(target);
  request.headers = std::move(headers);
  EXPECT_TRUE(split_target(request));
  return request;
}

TEST(Target, IsPathAndDecodedQuery) {
  const HttpRequest request = request_for("/config/a%2Fb?ack=replicated%3A3&x=a+b#part");
  EXPECT_EQ(request.path, "/config/a%2Fb");
  EXPECT_EQ(request.query.at("ack"), "replicated:3");
  EXPECT_EQ(request.query.at("x"), "a b");
  HttpRequest bad;
  bad.target = "/?x=%zz";
  EXPECT_FALSE(split_target(bad));
}

TEST(Acknowledgement, IsOneOfThreeWithATimeout) {
  EXPECT_EQ(Acknowledgement::parse(request_for("/"))->kind, Acknowledgement::Kind::local);
  const auto wanted = Acknowledgement::parse(request_for("/?ack=replicated:3&timeout=500ms"));
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->copies, 3U);
  EXPECT_EQ(wanted->timeout, std::chrono::milliseconds(500));
  for (const char* bad : {"/?ack=all", "/?ack=replicated:0", "/?ack=replicated:x", "/?timeout=5h",
                          "/?timeout=-1", "/?timeout="}) {
    EXPECT_FALSE(Acknowledgement::parse(request_for(bad))) << bad;
  }
}

TEST(WriteTerms, WhatIsSaidOfAWriteIsTextThatAChangeCanHold) {
  const auto with = [](const char* header, std::string text) {
    return WriteTerms::parse(request_for("/", {{header, std::move(text)}}));
  };
  EXPECT_EQ(with("starling-message", "caf\xc3\xa9")->options.message, "caf\xc3\xa9");
  EXPECT_EQ(with("starling-message", std::string(4096, 'a'))->options.message.size(), 4096U);
  EXPECT_FALSE(with("starling-message", std::string(4097, 'a')));
  EXPECT_FALSE(with("starling-message", "caf\xe9"));
  EXPECT_FALSE(with("starling-actor", std::string(257, 'a')));
  EXPECT_FALSE(with("starling-actor", "caf\xc3"));
}

const HttpOrigin tcp{false, "127.0.0.1", 8117};

TEST(Guard, HT13_AnotherHostIsNotOurs) {
  EXPECT_EQ(refuse_foreign(request_for("/config", {{"host", "attacker.test"}}), tcp)->status, 421);
  EXPECT_EQ(refuse_foreign(request_for("/config", {{"host", "localhost:1"}}), tcp)->status, 421);
  for (const char* ours : {"localhost:8117", "127.0.0.1:8117", "[::1]:8117", "LOCALHOST:8117"}) {
    EXPECT_FALSE(refuse_foreign(request_for("/config", {{"host", ours}}), tcp)) << ours;
  }
}

TEST(Guard, HT14_AForeignOriginIsRefusedWhateverTheType) {
  const std::string host = "localhost:8117";
  EXPECT_EQ(
      refuse_foreign(request_for("/", {{"host", host}, {"origin", "http://attacker.test"}}), tcp)->status,
      403);
  EXPECT_EQ(refuse_foreign(request_for("/", {{"host", host}, {"origin", "null"}}), tcp)->status, 403);
  EXPECT_EQ(refuse_foreign(request_for("/", {{"host", host}, {"sec-fetch-site", "cross-site"}}), tcp)->status,
            403);
  EXPECT_EQ(refuse_foreign(request_for("/", {{"host", host}, {"sec-fetch-site", "same-site"}}), tcp)->status,
            403);
  EXPECT_FALSE(refuse_foreign(request_for("/", {{"host", host}, {"origin", "http://localhost:8117"}}), tcp));
}

TEST(Page, IsGivenOnlyWhereHtmlIsPreferred) {
  EXPECT_TRUE(page_file(request_for("/", {{"accept", "text/html,application/xhtml+xml,*/*;q=0.8"}})));
  EXPECT_FALSE(page_file(request_for("/", {{"accept", "*/*"}})));
  EXPECT_FALSE(page_file(request_for("/")));
  EXPECT_FALSE(page_file(request_for("/", {{"accept", "application/json, text/html;q=0.9"}})));
  EXPECT_FALSE(page_file(request_for("/config", {{"accept", "text/html"}})));
}

TEST(Address, IsAUnixPathOrLoopback) {
  EXPECT_TRUE(HttpAddress::parse("unix:/run/api.sock")->is_unix);
  EXPECT_EQ(HttpAddress::parse("localhost:8117")->host, "127.0.0.1");
  EXPECT_EQ(HttpAddress::parse("[::1]:0")->host, "::1");
  for (const char* bad : {"0.0.0.0:80", "10.0.0.1:80", "example.com:80", "127.0.0.1", "127.0.0.1:99999",
                          "unix:", "127.0.0.1:x"}) {
    EXPECT_FALSE(HttpAddress::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace starling
