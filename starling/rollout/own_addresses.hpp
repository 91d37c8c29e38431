// What a configuration must leave to the node itself: its API, the ports on which its fleet reaches it, and
// its data plane's control address (RV24).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "starling/merge/validate.hpp"

namespace starling {

class OwnAddresses {
 public:
  // `address` as a listener would name it ("127.0.0.1:8117", "[::]:4001", "unix:/run/api.sock"), or the path
  // of a unix socket alone; `what` it is, for people. What is neither is left out.
  void add(std::string_view address, std::string what);

  // A listener that would take one of them, if the data plane came first.
  [[nodiscard]] std::optional<Invalid> taken_by(const json::value& document) const;

 private:
  struct Endpoint {
    std::string path;  // of a unix socket; else host and port
    std::string host;  // an IP address, normal form
    std::uint16_t port = 0;
  };
  struct Own {
    Endpoint endpoint;
    std::string text;
    std::string what;
  };
  [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] static bool clash(const Endpoint& a, const Endpoint& b);

  std::vector<Own> own_;
};

}  // namespace starling
