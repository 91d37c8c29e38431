// Configurations and requests whose answers don't depend on what serves them: nginx as Unit.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace starling::test {

struct Request {
  std::string target;
  std::string host = "example.org";
  std::string method = "GET";
};

struct Expected {
  int status;
  std::string body{};      // looked at when not empty
  std::string location{};  // looked at when not empty
};

struct RoutingCase {
  std::string name;
  // JSON. PORT, WWW (a directory of files) and ORIGIN (the unix socket of an HTTP server) are filled in.
  std::string configuration;
  std::vector<std::pair<Request, Expected>> requests;
};

inline std::string routes_only(const std::string& routes) {
  return R"({"listeners":{"127.0.0.1:PORT":{"pass":"routes"}},"routes":)" + routes + "}";
}

inline std::vector<RoutingCase> order_cases() {
  return {
      {"TheFirstStepThatMatchesWins",
       routes_only(R"([
         {"match":{"uri":"/a/*"},"action":{"return":201}},
         {"match":{"uri":"/a/b"},"action":{"return":202}},
         {"match":{"host":"x.org"},"action":{"return":203}},
         {"match":{"uri":"/b"},"action":{"return":205}},
         {"action":{"return":206}},
         {"match":{"uri":"/c"},"action":{"return":207}}])"),
       {{{"/a/b"}, {201}},
        {{"/a"}, {206}},
        {{"/a/"}, {201}},
        {{"/b"}, {205}},
        {{"/b", "x.org"}, {203}},
        {{"/a/b", "x.org"}, {201}},
        {{"/c"}, {206}},
        {{"/"}, {206}}}},
      {"AllConditionsOfAStepMustHold",
       routes_only(R"([
         {"match":{"uri":"/a","host":"x.org","method":"POST"},"action":{"return":201}},
         {"match":{"uri":"/a","host":["x.org","y.org"]},"action":{"return":202}},
         {"match":{"host":"*.org","method":["!GET","!HEAD"]},"action":{"return":203}},
         {"match":{},"action":{"return":404}}])"),
       {{{"/a", "x.org", "POST"}, {201}},
        {{"/a", "x.org"}, {202}},
        {{"/a", "y.org", "POST"}, {202}},
        {{"/a", "z.org", "POST"}, {203}},
        {{"/a", "z.org"}, {404}},
        {{"/b", "x.org", "DELETE"}, {203}},
        {{"/b", "x.com", "DELETE"}, {404}}}},
      {"NoStepIs404",
       routes_only(R"([{"match":{"uri":"/only"},"action":{"return":200}}])"),
       {{{"/only"}, {200}}, {{"/else"}, {404, "<!DOCTYPE html><title>Error 404</title><p>Error 404.\r\n"}}}},
      {"AnEmptyRouteIs404", routes_only("[]"), {{{"/"}, {404}}}},
  };
}

inline std::vector<RoutingCase> comparison_cases() {
  return {
      {"HostsAreComparedWithoutCasePortAndDot",
       routes_only(R"([{"match":{"host":"Example.ORG"},"action":{"return":201}},
                       {"match":{"host":"[::1]"},"action":{"return":202}}])"),
       {{{"/", "example.org"}, {201}},
        {{"/", "EXAMPLE.org:8080"}, {201}},
        {{"/", "example.org."}, {201}},
        {{"/", "[::1]:80"}, {202}},
        {{"/", "example.com"}, {404}}}},
      {"RegularExpressionsAreConditionsLikeOthers",
       routes_only(R"([
         {"match":{"uri":"~^/v[0-9]+/(a|b)$","method":"!~^(PUT|DELETE)$"},"action":{"return":201}},
         {"match":{"uri":["~\\.php$","!/safe/*"],"host":"~^(www\\.)?x\\.org$"},"action":{"return":202}},
         {"match":{"host":"!~org$","uri":"/only/*"},"action":{"return":203}},
         {"match":{"uri":"~(?i)/CASE"},"action":{"return":205}},
         {"match":{"uri":"~ \"{2}"},"action":{"return":206}}])"),
       {{{"/v12/a"}, {201}},
        {{"/v12/c"}, {404}},
        {{"/v1/b", "example.org", "PUT"}, {404}},
        {{"/x.php", "www.x.org"}, {202}},
        {{"/safe/x.php", "x.org"}, {404}},
        {{"/x.php", "y.org"}, {404}},
        {{"/x.phpx", "x.org"}, {404}},
        {{"/only/1", "a.com"}, {203}},
        {{"/only/1", "a.org"}, {404}},
        {{"/some/case"}, {205}},
        {{"/a%20%22%22"}, {206}}}},
      {"UrisAreComparedDecodedAndNormalised",
       routes_only(R"([{"match":{"uri":"/a b/%2A*"},"action":{"return":201}},
                       {"match":{"uri":"/a/b"},"action":{"return":202}},
                       {"match":{"uri":"/\u00e9"},"action":{"return":203}},
                       {"match":{"uri":"/q?x"},"action":{"return":205}}])"),
       {{{"/a%20b/*x"}, {201}},
        {{"/a%20b/x"}, {404}},
        {{"/a/b"}, {202}},
        {{"//a///b"}, {202}},
        {{"/a/./b"}, {202}},
        {{"/x/../a/b?y=1"}, {202}},
        {{"/a%2Fb"}, {202}},
        {{"/%61/b"}, {202}},
        {{"/a/b/"}, {404}},
        {{"/%C3%A9"}, {203}},
        {{"/q%3Fx"}, {205}},
        {{"/q?x"}, {404}}}},
  };
}

// Several groups of steps, each step with a code of its own.
inline RoutingCase many_steps_case() {
  RoutingCase many{"OrderHoldsOverManySteps", "", {}};
  std::string steps;
  for (int i = 0; i < 97; ++i) {
    const std::string number = std::to_string(i);
    steps += std::string(i == 0 ? "" : ",") + R"({"match":{"uri":["/n/)" + number + R"(","/all/)" +
             std::to_string(i % 50) + R"("]},"action":{"return":)" + std::to_string(400 + i) + "}}";
    many.requests.push_back({{"/n/" + number}, {400 + i}});
    many.requests.push_back({{"/all/" + number}, {i < 50 ? 400 + i : 404}});
  }
  many.configuration = routes_only("[" + steps + "]");
  return many;
}

inline std::vector<RoutingCase> action_cases() {
  return {
      {"ReturnsAnyStatusWithUnitsBodies",
       routes_only(R"([
         {"match":{"uri":"/200"},"action":{"return":200}},
         {"match":{"uri":"/204"},"action":{"return":204}},
         {"match":{"uri":"/201"},"action":{"return":201,"location":"/made?x=1"}},
         {"match":{"uri":"/301"},"action":{"return":301,"location":"https://$host/new"}},
         {"match":{"uri":"/302"},"action":{"return":302,"location":"/x y\u00e9$dollar{host}"}},
         {"match":{"uri":"/307*"},"action":{"return":307,"location":"http://o.org$request_uri"}},
         {"match":{"uri":"/308*"},"action":{"return":308,"location":"http://o.org$uri"}},
         {"match":{"uri":"/418"},"action":{"return":418,"location":"/ignored"}},
         {"match":{"uri":"/408"},"action":{"return":408}},
         {"match":{"uri":"/444"},"action":{"return":444}},
         {"match":{"uri":"/499"},"action":{"return":499}},
         {"match":{"uri":"/497"},"action":{"return":497}},
         {"match":{"uri":"/503"},"action":{"return":503}}])"),
       {{{"/200"}, {200}},
        {{"/204"}, {204}},
        {{"/201"}, {201, "", "/made?x=1"}},
        {{"/301", "A.org:99"}, {301, "", "https://a.org/new"}},
        {{"/302"}, {302, "", "/x%20y%C3%A9$%7Bhost%7D"}},
        {{"/307/a%20b?q=/../x"}, {307, "", "http://o.org/307/a%20b?q=/../x"}},
        {{"/308/a%20b?q"}, {308, "", "http://o.org/308/a%20b"}},
        {{"/418"}, {418, "<!DOCTYPE html><title>Error 418</title><p>Error 418.\r\n"}},
        {{"/408"}, {408}},
        {{"/444"}, {444, "<!DOCTYPE html><title>Error 444</title><p>Error 444.\r\n"}},
        {{"/499"}, {499}},
        {{"/497"}, {400}},
        {{"/503"}, {503}}}},
      {"PassesFromRouteToRoute",
       R"({"listeners":{"127.0.0.1:PORT":{"pass":"routes/a%2Fb"}},
           "routes":{"a/b":[{"match":{"uri":"/x*"},"action":{"pass":"routes/x"}},
                            {"match":{"uri":"/x/2"},"action":{"return":500}},
                            {"action":{"pass":"routes/rest"}}],
                     "x":[{"match":{"uri":"/x/1"},"action":{"return":201}},
                          {"match":{"host":"deep.org"},"action":{"pass":"routes/rest"}}],
                     "rest":[{"match":{"uri":"/x/3"},"action":{"return":203}},{"action":{"return":202}}]}})",
       {{{"/x/1"}, {201}},
        {{"/x/2"}, {404}},
        {{"/x/2", "deep.org"}, {202}},
        {{"/x/3", "deep.org"}, {203}},
        {{"/y"}, {202}}}},
      {"ProxiesTheTargetAsItCame",
       R"({"listeners":{"127.0.0.1:PORT":{"pass":"routes"}},
           "routes":[{"match":{"uri":"/up*"},"action":{"pass":"upstreams/u"}},
                     {"match":{"uri":"/none*"},"action":{"pass":"upstreams/none"}},
                     {"action":{"proxy":"http://unix:ORIGIN"}}],
           "upstreams":{"u":{"servers":{"unix:ORIGIN":{"weight":0.5}}},"none":{"servers":{}}}})",
       {{{"/a%2Fb//c/../d?x=%20"}, {200, "GET /a%2Fb//c/../d?x=%20 example.org "}},
        {{"/p", "h.org:81", "DELETE"}, {200, "DELETE /p h.org:81 "}},
        {{"/up?1"}, {200, "GET /up?1 example.org "}},
        {{"/none"}, {502}}}},
      {"AListenerPassesToAnUpstream",
       R"({"listeners":{"127.0.0.1:PORT":{"pass":"upstreams/u"}},"upstreams":{"u":{"servers":{"unix:ORIGIN":{}}}}})",
       {{{"/x"}, {200, "GET /x example.org "}}}},
  };
}

inline std::vector<RoutingCase> share_cases() {
  return {
      {"SharesFiles",
       routes_only(R"([{"action":{"share":"WWW$uri"}}])"),
       {{{"/a.txt"}, {200, "file a"}},
        {{"/a.txt", "example.org", "HEAD"}, {200}},
        {{"/a.txt", "example.org", "POST"}, {405}},
        {{"/nope", "example.org", "POST"}, {405}},
        {{"/nope"}, {404, "<!DOCTYPE html><title>Error 404</title><p>Error 404.\r\n"}},
        {{"/dir"}, {301, "", "/dir/"}},
        {{"/dir?x=1"}, {301, "", "/dir/?x=1"}},
        {{"/dir/"}, {200, "index of dir"}},
        {{"/empty"}, {301, "", "/empty/"}},
        {{"/empty/"}, {404}},
        {{"/a.txt/"}, {404}},
        {{"/sp%20ace%3F.txt"}, {200, "file with space"}},
        {{"/dir/../a.txt"}, {200, "file a"}},
        {{"/$uri"}, {200, "dollar"}},
        {{"/unknown.type"}, {200, "unknown"}}}},
      {"SharesWithAnotherIndexAndConstantPaths",
       routes_only(R"([{"match":{"uri":"/i/*"},"action":{"share":"WWW/dir/","index":"other$x.txt"}},
                       {"match":{"uri":"/d*"},"action":{"share":"WWW$uri","index":"other$x.txt"}},
                       {"match":{"uri":"/$*"},"action":{"share":"WWW/${dollar}uri"}},
                       {"match":{"host":"dir"},"action":{"share":"WWW/$host/index.html"}},
                       {"action":{"share":"WWW/a.txt"}}])"),
       {{{"/i/x"}, {200, "other index"}},
        {{"/dir/"}, {200, "other index"}},
        {{"/$anything"}, {200, "dollar"}},
        {{"/x", "dir"}, {200, "index of dir"}},
        {{"/whatever/else"}, {200, "file a"}}}},
      {"TriesSharesInOrder",
       routes_only(R"([{"action":{"share":["WWW/dir$uri","WWW/second$uri","WWW$uri"]}}])"),
       {{{"/index.html"}, {200, "index of dir"}},
        {{"/only-second"}, {200, "second"}},
        {{"/a.txt"}, {200, "file a"}},
        {{"/both"}, {200, "first of both"}},
        {{"/dir"}, {301, "", "/dir/"}},
        {{"/nope"}, {404}}}},
      {"FallsBack",
       R"({"listeners":{"127.0.0.1:PORT":{"pass":"routes/main"}},
           "routes":{"main":[
             {"match":{"host":"ret.org"},"action":{"share":"WWW$uri","fallback":{"return":410}}},
             {"match":{"host":"spa.org"},"action":{"share":"WWW$uri","fallback":{"share":"WWW/dir/index.html"}}},
             {"match":{"host":"pass.org"},"action":{"share":"WWW$uri","fallback":{"pass":"routes/other"}}},
             {"action":{"share":"WWW$uri","fallback":{"proxy":"http://unix:ORIGIN"}}}],
           "other":[{"match":{"method":"POST"},"action":{"return":201}},{"action":{"return":202}}]}})",
       {{{"/a.txt", "ret.org"}, {200, "file a"}},
        {{"/nope", "ret.org"}, {410}},
        {{"/a.txt", "ret.org", "POST"}, {410}},
        {{"/dir", "ret.org"}, {301, "", "/dir/"}},
        {{"/any/thing", "spa.org"}, {200, "index of dir"}},
        {{"/any/thing", "spa.org", "PUT"}, {405}},
        {{"/nope", "pass.org"}, {202}},
        {{"/a.txt", "pass.org", "POST"}, {201}},
        {{"/nope%2F?x=/", "else.org"}, {200, "GET /nope%2F?x=/ else.org "}},
        {{"/a.txt", "else.org"}, {200, "file a"}}}},
      {"FallsBackManyTimes",
       routes_only(
           R"([{"action":{"share":"WWW/1$uri","fallback":{"share":["WWW/2$uri","WWW/3$uri"],"fallback":
                       {"share":["WWW/4$uri","WWW/5$uri"],"fallback":{"share":"WWW/6$uri","fallback":{"share":"WWW$uri"}}}}}}])"),
       {{{"/a.txt"}, {200, "file a"}}, {{"/nope"}, {404}}}},
  };
}

}  // namespace starling::test
