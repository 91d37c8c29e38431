// The actions of routing.hpp: what a named location does.
#include <array>

#include "starling/dataplane/nginx/addresses.hpp"
#include "starling/dataplane/nginx/conf_text.hpp"
#include "starling/dataplane/nginx/routing.hpp"
#include "starling/dataplane/nginx/template_text.hpp"

namespace starling {

namespace {

// As Unit's own error pages.
std::string error_page(std::int64_t status) {
  const std::string code = std::to_string(status);
  return "default_type text/html;\nreturn " + code + " \"<!DOCTYPE html><title>Error " + code +
         "</title><p>Error " + code + ".\\r\\n\";\n";
}

bool is_redirect(std::int64_t status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

// Refuses members besides these.
Rendered<> only(const json::object& action, const Path& path, std::initializer_list<std::string_view> known) {
  for (const auto& entry : action) {
    if (std::ranges::find(known, std::string_view(entry.key())) == known.end()) {
      return refuse(below(path, entry.key()),
                    "nginx can't do \"" + std::string(entry.key()) + "\" in an action.");
    }
  }
  return {};
}

Rendered<std::string> expression(const json::value& value, const Path& path, TemplateUse use) {
  const json::string* text = value.if_string();
  if (text == nullptr) return refuse(path, "The value must be a string.");
  auto expression = template_expression(*text, use);
  if (!expression) return refuse(path, "nginx can't do this: " + expression.error() + ".");
  return std::move(*expression);
}

// Paths that $uri can't lead out of, and that don't depend on where nginx runs.
Rendered<std::string> share_expression(const json::value& value, const Path& path) {
  auto file = expression(value, path, TemplateUse::file);
  if (file && !file->starts_with('/')) return refuse(path, "nginx needs a share that begins with a slash.");
  return file;
}

std::string proxy_to(const std::string& upstream) { return "proxy_pass http://" + upstream + ";\n"; }

}  // namespace

RouteTarget Routing::named_location(const std::string& text, Locations& locations) {
  const auto [known, added] = locations.names.try_emplace(text);
  if (added) {
    known->second = "@s_a" + std::to_string(next_location_++);
    locations.text += "location " + known->second + " {\n" + text + "}\n";
  }
  return RouteTarget{.word = known->second, .routes = {}};
}

Rendered<RouteTarget> Routing::action(const json::value& value, const Path& path, Locations& locations) {
  const json::object* action = value.if_object();
  if (action == nullptr) return refuse(path, "The \"action\" value must be an object.");
  std::size_t kinds = 0;
  for (const char* kind : {"pass", "return", "share", "proxy"}) kinds += action->contains(kind) ? 1 : 0;
  if (kinds != 1) {
    return refuse(
        path,
        "The \"action\" object must have exactly one of \"pass\", \"return\", \"share\" and \"proxy\".");
  }
  if (action->contains("return")) return return_action(*action, path, locations);
  if (action->contains("share")) return share_action(*action, path, locations);
  if (action->contains("proxy")) return proxy_action(*action, path, locations);
  if (auto known = only(*action, path, {"pass"}); !known) return std::unexpected(std::move(known.error()));
  return pass(action->at("pass"), below(path, "pass"));
}

Rendered<RouteTarget> Routing::return_action(const json::object& action, const Path& path,
                                             Locations& locations) {
  if (auto known = only(action, path, {"return", "location"}); !known)
    return std::unexpected(std::move(known.error()));
  const Path return_path = below(path, "return");
  const std::int64_t* code = action.at("return").if_int64();
  if (code == nullptr || *code < 200 || *code > 599) {
    return refuse(return_path, "nginx can return integer codes from 200 to 599.");
  }
  std::string location;
  if (const json::value* value = action.if_contains("location")) {
    auto text = expression(*value, below(path, "location"), TemplateUse::location);
    if (!text) return std::unexpected(std::move(text.error()));
    location = std::move(*text);
  }
  // Unit answers 497, its own sign for a plain request on a TLS port, as 400.
  if (*code >= 400) return named_location(error_page(*code == 497 ? 400 : *code), locations);
  const std::string start = "return " + std::to_string(*code) + " ";
  if (is_redirect(*code)) {
    if (location.empty()) return refuse(return_path, "nginx can't return a redirect without a \"location\".");
    return named_location(start + quoted(location) + ";\n", locations);
  }
  const std::string header = location.empty() ? "" : "add_header Location " + quoted(location) + " always;\n";
  return named_location(header + start + "\"\";\n", locations);
}

// Tries `file`; a directory is redirected to its name with a slash, and answered by its index file.
void Routing::render_share(const std::string& name, const std::string& file, const std::string& index,
                           const std::string& next, Locations& locations) {
  const std::string slash = quoted("~/\\z") + " ";
  http_ += "map " + quoted(file) + " $" + name + "_f {\ndefault " + quoted(file) + ";\n" + slash +
           quoted(file + index) + ";\n}\n";
  http_ += "map " + quoted(file) + " $" + name + "_d {\ndefault " + quoted(file) + ";\n" + slash +
           "/dev/null;\n}\n";
  locations.text += "location @" + name + " {\nif (-d $" + name + "_d) {\nreturn 301 \"${" +
                    std::string(raw_path_variable) + "}/$is_args$args\";\n}\nroot /;\ntry_files $" + name +
                    "_f " + quoted(next) + ";\n}\n";
}

Rendered<RouteTarget> Routing::share_action(const json::object& action, const Path& path,
                                            Locations& locations) {
  if (auto known = only(action, path, {"share", "index", "fallback"}); !known) {
    return std::unexpected(std::move(known.error()));
  }
  const Path share_path = below(path, "share");
  std::vector<std::string> files;
  const json::value& share = action.at("share");
  const json::array* array = share.if_array();
  for (std::size_t i = 0; i < (array != nullptr ? array->size() : 1); ++i) {
    auto file = array != nullptr ? share_expression((*array)[i], below(share_path, i))
                                 : share_expression(share, share_path);
    if (!file) return std::unexpected(std::move(file.error()));
    files.push_back(std::move(*file));
  }
  if (files.empty()) return refuse(share_path, "The \"share\" array must contain at least one element.");
  std::string index = "index.html";
  if (const json::value* value = action.if_contains("index")) {
    const json::string* text = value->if_string();
    if (text == nullptr || !fits_conf(*text))
      return refuse(below(path, "index"), "nginx can't do this index.");
    index.clear();
    for (const char c : *text)
      index += c == '$' ? "${" + std::string(dollar_variable) + "}" : std::string(1, c);
  }
  RouteTarget end{.word = "@s_404", .routes = {}};
  std::string other_methods = "@s_405";
  if (const json::value* fallback = action.if_contains("fallback")) {
    auto target = this->action(*fallback, below(path, "fallback"), locations);
    if (!target) return target;
    end = std::move(*target);
    other_methods = end.word;
  }
  const std::string name = "s_a" + std::to_string(next_location_++);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string next = i + 1 < files.size() ? "@" + name + "_" + std::to_string(i + 1) : end.word;
    render_share(name + "_" + std::to_string(i), files[i], index, next, locations);
  }
  http_ += "map $request_method $" + name + " {\ndefault " + quoted(other_methods) + ";\nGET \"@" + name +
           "_0\";\nHEAD \"@" + name + "_0\";\n}\n";
  return RouteTarget{.word = "${" + name + "}",
                     .hops = files.size() + end.hops,
                     .depth = 1 + end.depth,
                     .routes = std::move(end.routes)};
}

Rendered<RouteTarget> Routing::proxy_action(const json::object& action, const Path& path,
                                            Locations& locations) {
  if (auto known = only(action, path, {"proxy"}); !known) return std::unexpected(std::move(known.error()));
  const Path proxy_path = below(path, "proxy");
  const json::string* text = action.at("proxy").if_string();
  if (text == nullptr || !text->starts_with("http://")) {
    return refuse(proxy_path, "The \"proxy\" address must begin with \"http://\".");
  }
  auto address = server_address(std::string_view(*text).substr(7));
  if (!address) return refuse(proxy_path, address.error());
  const std::string upstream = "s_u" + std::to_string(next_upstream_++);
  http_ += "upstream " + upstream + " {\nserver " + *address + ";\n}\n";
  return named_location(proxy_to(upstream), locations);
}

}  // namespace starling
