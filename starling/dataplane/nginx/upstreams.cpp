// The upstreams of routing.hpp.
#include <cmath>
#include <numeric>

#include "starling/dataplane/nginx/addresses.hpp"
#include "starling/dataplane/nginx/routing.hpp"

namespace starling {

namespace {

// nginx's weights are integers: those of Unit, with their ratios to three places.
std::vector<std::int64_t> integer_weights(const std::vector<double>& weights) {
  const bool whole = std::ranges::all_of(weights, [](double w) { return w == std::trunc(w); });
  std::vector<std::int64_t> scaled;
  std::int64_t divisor = 0;
  for (const double weight : weights) {
    const auto value = weight == 0 ? 0 : std::max<std::int64_t>(1, std::llround(weight * (whole ? 1 : 1000)));
    scaled.push_back(value);
    divisor = std::gcd(divisor, value);
  }
  for (std::int64_t& value : scaled) value /= std::max<std::int64_t>(divisor, 1);
  return scaled;
}

Rendered<double> weight_of(const json::value& server, const Path& path) {
  const json::object* object = server.if_object();
  if (object == nullptr) return refuse(path, "A server must be an object.");
  for (const auto& entry : *object) {
    if (entry.key() != "weight") {
      return refuse(below(path, entry.key()), "Unknown parameter \"" + std::string(entry.key()) + "\".");
    }
  }
  const json::value* weight = object->if_contains("weight");
  if (weight == nullptr) return 1;
  if (!weight->is_number()) return refuse(below(path, "weight"), "The \"weight\" value must be a number.");
  const auto value = weight->to_number<double>();
  if (value < 0) return refuse(below(path, "weight"), "The \"weight\" number must be positive.");
  if (value > 1'000'000)
    return refuse(below(path, "weight"), "The \"weight\" number must not exceed 1,000,000");
  return value;
}

}  // namespace

Rendered<> Routing::render_upstreams() {
  shared_locations_ +=
      "location @s_404 {\ndefault_type text/html;\nreturn 404 \"<!DOCTYPE html><title>Error "
      "404</title><p>Error "
      "404.\\r\\n\";\n}\n"
      "location @s_405 {\ndefault_type text/html;\nreturn 405 \"<!DOCTYPE html><title>Error "
      "405</title><p>Error "
      "405.\\r\\n\";\n}\n";
  const json::object* top = configuration_.if_object();
  const json::value* upstreams = top != nullptr ? top->if_contains("upstreams") : nullptr;
  if (upstreams == nullptr) return {};
  if (!upstreams->is_object()) return refuse({"upstreams"}, "The \"upstreams\" value must be an object.");
  for (const auto& [name, upstream] : upstreams->get_object()) {
    const Path path{"upstreams", name};
    const json::object* object = upstream.if_object();
    const json::value* servers = object != nullptr ? object->if_contains("servers") : nullptr;
    if (servers == nullptr || !servers->is_object())
      return refuse(path, "An upstream must have \"servers\".");
    if (object->size() != 1) return refuse(path, "An upstream has no other parameter than \"servers\".");
    const std::size_t index = next_upstream_++;
    upstream_names_.emplace(name, index);
    if (auto done = render_servers(*servers, below(path, "servers"), index); !done) return done;
  }
  return {};
}

Rendered<> Routing::render_servers(const json::value& servers, const Path& path, std::size_t index) {
  std::vector<std::string> addresses;
  std::vector<double> weights;
  for (const auto& [text, server] : servers.get_object()) {
    auto address = server_address(text);
    if (!address) return refuse(below(path, text), address.error());
    auto weight = weight_of(server, below(path, text));
    if (!weight) return std::unexpected(std::move(weight.error()));
    addresses.push_back(std::move(*address));
    weights.push_back(*weight);
  }
  const std::vector<std::int64_t> scaled = integer_weights(weights);
  const std::string name = "s_u" + std::to_string(index);
  std::string lines;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (scaled[i] == 0) continue;
    // As in Unit a server stays in its turn whatever it did before.
    lines += "server " + addresses[i] + " weight=" + std::to_string(scaled[i]) + " max_fails=0;\n";
  }
  std::string what = "proxy_pass http://" + name + ";\n";
  if (lines.empty()) {
    what = "return 502;\n";
  } else {
    // One count for all workers, or each would begin with the same server.
    http_ += "upstream " + name + " {\nzone " + name + " 64k;\n" + lines + "}\n";
  }
  shared_locations_ += "location @s_up" + std::to_string(index) + " {\n" + what + "}\n";
  return {};
}

}  // namespace starling
