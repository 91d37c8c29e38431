// What nginx can't do is refused with the path at which it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/dataplane/nginx/nginx_driver.hpp"

namespace starling {
namespace {

using testing::HasSubstr;

struct Refused {
  std::string_view configuration;
  std::string_view pointer;
  std::string_view words;
};

class NginxRefusal : public testing::Test {
 protected:
  DriverResult<> check(std::string_view text) {
    const auto configuration = parse_json(text);
    EXPECT_TRUE(configuration) << text;
    return driver_.check(*configuration);
  }
  void refuses(const std::vector<Refused>& cases) {
    for (const Refused& refused : cases) {
      SCOPED_TRACE(refused.configuration);
      const auto checked = check(refused.configuration);
      ASSERT_FALSE(checked);
      EXPECT_EQ(checked.error().kind, DataPlaneFault::Kind::refused);
      EXPECT_EQ(checked.error().status, 400);
      EXPECT_EQ(checked.error().body.at("error"), json::value("Invalid configuration."));
      EXPECT_EQ(checked.error().body.at("location").at("path"), json::value(refused.pointer));
      EXPECT_THAT(std::string(checked.error().body.at("detail").as_string()),
                  HasSubstr(std::string(refused.words)));
    }
  }

  libp2p::VirtualRuntime runtime_;
  NginxDriver driver_{runtime_.env(), {.directory = "/tmp/nginx", .program = ""}};
};

TEST_F(NginxRefusal, TakesWhatItCanDo) {
  for (
      const char* text : {
          "{}",
          R"({"listeners":{},"routes":[],"applications":{},"settings":{},"upstreams":{}})",
          R"({"listeners":{"*:80":{"pass":"routes"},"1.2.3.4:80":{"pass":"routes"},"[::1]:80":{"pass":"routes"},
               "unix:/run/l.sock":{"pass":"routes"}},"routes":[{"match":{"uri":"~^/a\\d+$"},"action":{"return":200}}]})",
      }) {
    EXPECT_TRUE(check(text)) << text;
  }
}

TEST_F(NginxRefusal, Sections) {
  refuses({
      {"[]", "", "must be an object"},
      {R"({"applications":{"my/app":{"type":"php"}}})", "/applications/my~1app",
       "nginx can't run applications"},
      {R"({"settings":{"http":{}}})", "/settings/http", "settings"},
      {R"({"access_log":"/x"})", "/access_log", "access_log"},
      {R"({"routes":{"a":{}}})", "/routes/a", "must be an array"},
      {R"({"routes":1})", "/routes", "must be an array or an object"},
      {R"({"listeners":[]})", "/listeners", "must be an object"},
  });
}

TEST_F(NginxRefusal, Listeners) {
  refuses({
      {R"({"listeners":{"*:80":{}}})", "/listeners/*:80", "with \"pass\""},
      {R"({"listeners":{"*:80":{"pass":"routes","tls":{}}},"routes":[]})", "/listeners/*:80/tls", "tls"},
      {R"({"listeners":{"*:80":{"pass":"routes"}}})", "/listeners/*:80/pass",
       "points to invalid location \"routes\""},
      {R"({"listeners":{"*:80":{"pass":"routes"}},"routes":{"a":[]}})", "/listeners/*:80/pass",
       "invalid location"},
      {R"({"listeners":{"*:80":{"pass":"routes/b"}},"routes":{"a":[]}})", "/listeners/*:80/pass",
       "invalid location"},
      {R"({"listeners":{"*:80":{"pass":"upstreams/b"}},"upstreams":{}})", "/listeners/*:80/pass",
       "invalid location"},
      {R"({"listeners":{"*:80":{"pass":"applications/a"}}})", "/listeners/*:80/pass",
       "can't run applications"},
      {R"({"listeners":{"*:80":{"pass":"routes/$host"}},"routes":{"a":[]}})", "/listeners/*:80/pass",
       "variables"},
      {R"({"listeners":{"*:0":{"pass":"routes"}},"routes":[]})", "/listeners/*:0", "invalid"},
      {R"({"listeners":{"localhost:80":{"pass":"routes"}},"routes":[]})", "/listeners/localhost:80",
       "invalid"},
      {R"({"listeners":{"*:80; user root":{"pass":"routes"}},"routes":[]})", "/listeners/*:80; user root",
       "invalid"},
      {R"({"listeners":{"unix:@a":{"pass":"routes"}},"routes":[]})", "/listeners/unix:@a", "abstract"},
      {R"({"listeners":{"unix:/a\nb":{"pass":"routes"}},"routes":[]})", "/listeners/unix:~1a\nb", "invalid"},
  });
}

TEST_F(NginxRefusal, Routes) {
  refuses({
      {R"({"routes":[{}]})", "/routes/0", "must have an \"action\""},
      {R"({"routes":[{"matches":{},"action":{"return":200}}]})", "/routes/0/matches", "Unknown parameter"},
      {R"({"routes":{"a":[{"match":{"headers":{}},"action":{"return":200}}]}})", "/routes/a/0/match/headers",
       "headers"},
      {R"({"routes":[{"match":{"uri":"/%zz"},"action":{"return":200}}]})", "/routes/0/match/uri",
       "hexadecimal"},
      {R"({"routes":[{"match":{"uri":["/a",5]},"action":{"return":200}}]})", "/routes/0/match/uri",
       "not a string"},
      {R"({"routes":[{"match":[],"action":{"return":200}}]})", "/routes/0/match", "must be an object"},
      {R"({"routes":{"a":[{"action":{"pass":"routes/b"}}],"b":[{"action":{"pass":"routes/a"}}]}})",
       "/routes/b/0/action/pass", "circle"},
  });
}

TEST_F(NginxRefusal, Actions) {
  refuses({
      {R"({"routes":[{"action":{}}]})", "/routes/0/action", "exactly one"},
      {R"({"routes":[{"action":{"return":200,"share":"/x"}}]})", "/routes/0/action", "exactly one"},
      {R"({"routes":[{"action":{"pass":"applications/a"}}]})", "/routes/0/action/pass", "applications"},
      {R"({"routes":[{"action":{"return":700}}]})", "/routes/0/action/return", "200 to 599"},
      {R"({"routes":[{"action":{"return":1.5}}]})", "/routes/0/action/return", "200 to 599"},
      {R"({"routes":[{"action":{"return":302}}]})", "/routes/0/action/return", "without a \"location\""},
      {R"({"routes":[{"action":{"return":302,"location":"/$arg_x"}}]})", "/routes/0/action/location",
       "$arg_x"},
      {R"({"routes":[{"action":{"return":302,"location":"/a\r\nSet-Cookie: b"}}]})",
       "/routes/0/action/location", "control"},
      {R"({"routes":[{"action":{"share":"www$uri"}}]})", "/routes/0/action/share", "begins with a slash"},
      {R"({"routes":[{"action":{"share":["/a","$uri"]}}]})", "/routes/0/action/share/1",
       "begins with a slash"},
      {R"({"routes":[{"action":{"share":[]}}]})", "/routes/0/action/share", "at least one"},
      {R"({"routes":[{"action":{"share":"/x","chroot":"/x"}}]})", "/routes/0/action/chroot", "chroot"},
      {R"({"routes":[{"action":{"share":"/x","types":["!text/*"]}}]})", "/routes/0/action/types", "types"},
      {R"({"routes":[{"action":{"share":"/x","fallback":{"share":"/y","rewrite":"/z"}}}]})",
       "/routes/0/action/fallback/rewrite", "rewrite"},
      {R"({"routes":[{"action":{"return":200,"response_headers":{}}}]})", "/routes/0/action/response_headers",
       "response_headers"},
      {R"({"routes":[{"action":{"proxy":"https://1.2.3.4:80"}}]})", "/routes/0/action/proxy", "http://"},
      {R"({"routes":[{"action":{"proxy":"http://host:80"}}]})", "/routes/0/action/proxy", "invalid"},
      {R"({"upstreams":{"u":{"servers":{"1.2.3.4":{}}}}})", "/upstreams/u/servers/1.2.3.4", "invalid"},
      {R"({"upstreams":{"u":{"servers":{"1.2.3.4:5":{"weight":-1}}}}})",
       "/upstreams/u/servers/1.2.3.4:5/weight", "positive"},
      {R"({"upstreams":{"u":{"servers":{"1.2.3.4:5":{"down":true}}}}})",
       "/upstreams/u/servers/1.2.3.4:5/down", "Unknown"},
      {R"({"upstreams":{"u":{}}})", "/upstreams/u", "servers"},
  });
}

TEST_F(NginxRefusal, MoreJumpsThanNginxMakes) {
  std::string shares;
  for (int i = 0; i < 9; ++i) shares += std::string(i == 0 ? "" : ",") + "\"/" + std::to_string(i) + "$uri\"";
  const auto with = [&](const std::string& list) {
    return R"({"listeners":{"*:80":{"pass":"routes"}},"routes":[{"action":{"share":[)" + list + "]}}]}";
  };
  EXPECT_TRUE(check(with(shares)));
  const std::string more = with(shares + ",\"/x$uri\"");
  refuses({{more, "/listeners/*:80/pass", "that many shares"}});
}

}  // namespace
}  // namespace starling
