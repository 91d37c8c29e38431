#include "starling/model/path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace starling {
namespace {

Path url(std::string_view text) {
  const auto path = parse_url_path(text);
  EXPECT_TRUE(path) << text;
  return path.value_or(Path{"refused"});
}

TEST(UrlPath, DecodesEachSegmentByItself) {
  EXPECT_EQ(url("/listeners/*:8080"), (Path{"listeners", "*:8080"}));
  EXPECT_EQ(url("/routes/a%2Fb"), (Path{"routes", "a/b"}));
  EXPECT_EQ(url("/routes/a%2fb"), (Path{"routes", "a/b"}));
  EXPECT_EQ(url("/routes/a%252Fb"), (Path{"routes", "a%2Fb"}));
  EXPECT_EQ(url("/routes/%5B::1%5D+%22~%5C"), (Path{"routes", "[::1]+\"~\\"}));
  EXPECT_EQ(url("/routes/a%3Fb%23c"), (Path{"routes", "a?b#c"}));
  EXPECT_EQ(url("/routes/\xC3\xA9 x"), (Path{"routes", "\xC3\xA9 x"}));
  EXPECT_EQ(url("/listeners/unix:%2Fp%2Fl.sock"), (Path{"listeners", "unix:/p/l.sock"}));
}

TEST(UrlPath, CollapsesDotsAndSlashesAfterDecodingDots) {
  EXPECT_EQ(url(""), Path{});
  EXPECT_EQ(url("/"), Path{});
  EXPECT_EQ(url("/a/"), Path{"a"});
  EXPECT_EQ(url("//a///b//"), (Path{"a", "b"}));
  EXPECT_EQ(url("/a/./b/."), (Path{"a", "b"}));
  EXPECT_EQ(url("/a/../b"), Path{"b"});
  EXPECT_EQ(url("/a/b/%2E%2e"), Path{"a"});
  EXPECT_EQ(url("/config/../status"), Path{"status"});
  EXPECT_EQ(url("/a/..b/.c/..."), (Path{"a", "..b", ".c", "..."}));
  // An encoded slash doesn't end a segment, so this is neither ".." nor two segments.
  EXPECT_EQ(url("/a/..%2Fb"), (Path{"a", "../b"}));
}

TEST(UrlPath, CutsQueryAndFragment) {
  EXPECT_EQ(url("/a/b?c/d"), (Path{"a", "b"}));
  EXPECT_EQ(url("/a/..?c"), Path{});
  EXPECT_EQ(url("/a#b?c"), Path{"a"});
}

TEST(UrlPath, RefusesWhatUnitClosesTheConnectionFor) {
  for (const std::string bad : {"/%zz", "/%", "/a%2", "/%00", "/..", "/a/../..", "a/b"}) {
    EXPECT_FALSE(parse_url_path(bad)) << bad;
  }
  EXPECT_FALSE(parse_url_path("/%FF%FE"));  // Unit takes this, and then its configuration can't be shown
  EXPECT_FALSE(parse_url_path(std::string_view("/a\0b", 4)));
}

TEST(UrlPath, BoundsTheSegments) {
  std::string longest;
  for (std::size_t i = 0; i < max_path_segments; ++i) longest += "/a";
  EXPECT_TRUE(parse_url_path(longest));
  const auto refused = parse_url_path(longest + "/a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::limit);
  EXPECT_FALSE(parse_pointer(longest + "/a"));
}

TEST(UrlPath, WritingAndReadingGivesTheSamePath) {
  const std::vector<Path> paths = {{},
                                   {"listeners", "*:8080"},
                                   {"a/b", "%2F", "?#", "[::1]:80", " ", "\xC3\xA9", "\x7F\x01"},
                                   {"unix:/p/l.sock"}};
  for (const Path& path : paths) {
    EXPECT_EQ(url(to_url_path(path)), path) << to_url_path(path);
    EXPECT_EQ(parse_pointer(to_pointer(path)).value(), path) << to_pointer(path);
  }
  EXPECT_EQ(to_url_path({}), "/");
  EXPECT_EQ(to_url_path({"listeners", "[::1]:80", "a b"}), "/listeners/%5B::1%5D:80/a%20b");
}

// RFC 6901, section 5.
TEST(Pointer, FollowsTheSpecification) {
  EXPECT_EQ(parse_pointer("").value(), Path{});
  EXPECT_EQ(parse_pointer("/").value(), Path{""});
  EXPECT_EQ(parse_pointer("/foo/0").value(), (Path{"foo", "0"}));
  EXPECT_EQ(parse_pointer("/a~1b").value(), Path{"a/b"});
  EXPECT_EQ(parse_pointer("/m~0n").value(), Path{"m~n"});
  EXPECT_EQ(parse_pointer("/~01").value(), Path{"~1"});
  EXPECT_EQ(to_pointer({"a/b", "m~n", "", "~1"}), "/a~1b/m~0n//~01");
  for (const char* bad : {"a", "/~", "/~2", "/a~", "/\xFF"}) EXPECT_FALSE(parse_pointer(bad)) << bad;
}

TEST(PathOrder, APrefixIsAboveOrEqual) {
  EXPECT_TRUE(is_prefix({}, {"a"}));
  EXPECT_TRUE(is_prefix({"a"}, {"a"}));
  EXPECT_FALSE(is_prefix({"a", "b"}, {"a"}));
  EXPECT_FALSE(is_prefix({"b"}, {"a", "b"}));
  EXPECT_TRUE(overlaps({"a", "b"}, {"a"}));
  EXPECT_FALSE(overlaps({"a", "b"}, {"a", "c"}));
}

}  // namespace
}  // namespace starling
