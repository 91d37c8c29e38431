#include "starling/dataplane/spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace starling {
namespace {

TEST(DataPlaneSpec, ReadsTheFourForms) {
  EXPECT_EQ(DataPlaneSpec::parse("none")->kind, DataPlaneSpec::Kind::none);
  const auto socket = DataPlaneSpec::parse("unit:/run/control.unit.sock");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->kind, DataPlaneSpec::Kind::unit);
  EXPECT_EQ(socket->unit.path, "/run/control.unit.sock");
  const auto tcp = DataPlaneSpec::parse("unit:127.0.0.1:8443");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->unit.host, "127.0.0.1");
  EXPECT_EQ(tcp->unit.port, 8443);
  EXPECT_EQ(DataPlaneSpec::parse("unit:[::1]:8443")->unit.host, "::1");
  EXPECT_EQ(DataPlaneSpec::parse("unit:localhost:8443")->unit.host, "127.0.0.1");
  EXPECT_EQ(DataPlaneSpec::parse("nginx:/var/lib/starling/nginx")->directory, "/var/lib/starling/nginx");
}

TEST(DataPlaneSpec, WritesWhatItReads) {
  for (const char* text :
       {"none", "unit:/run/c.sock", "unit:10.0.0.1:80", "unit:[fe80::1]:80", "nginx:/srv/n"}) {
    const auto spec = DataPlaneSpec::parse(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(spec->to_string(), text);
    EXPECT_EQ(DataPlaneSpec::parse(spec->to_string()).value(), *spec);
  }
}

TEST(DataPlaneSpec, SaysWhatWouldDo) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "unit:PATH, unit:HOST:PORT, nginx:DIR or none"},
      {"apache:/x", "unit:PATH"},
      {"unit:", "unit:PATH"},
      {"unit", "unit:PATH"},
      {"nginx:", "nginx:DIR"},
      {"none:x", "none"},
      {"unit:control.sock", "neither a path (with a slash) nor HOST:PORT"},
      {"unit:example.org:80", "HOST is an IPv4 address"},
      {"unit:::1:80", "IPv6 address in brackets"},
      {"unit:127.0.0.1:0", "not a port"},
      {"unit:127.0.0.1:70000", "not a port"},
      {"unit:127.0.0.1:8x", "not a port"},
      {"unit:/" + std::string(107, 'a'), "at most 107 bytes"},
  };
  for (const auto& [text, words] : cases) {
    const auto spec = DataPlaneSpec::parse(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().code, Errc::invalid_argument);
    EXPECT_THAT(spec.error().message, testing::HasSubstr(words)) << text;
  }
}

TEST(DataPlaneSpec, TakesRelativePathsFromADirectory) {
  EXPECT_EQ(DataPlaneSpec::parse("unit:./c.sock")->absolute("/srv/node").to_string(),
            "unit:/srv/node/c.sock");
  EXPECT_EQ(DataPlaneSpec::parse("nginx:../n")->absolute("/srv/node").to_string(), "nginx:/srv/n");
  EXPECT_EQ(DataPlaneSpec::parse("nginx:/a")->absolute("/srv/node").to_string(), "nginx:/a");
  EXPECT_EQ(DataPlaneSpec::parse("none")->absolute("/srv/node").to_string(), "none");
}

}  // namespace
}  // namespace starling
