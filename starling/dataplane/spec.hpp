// What `--data-plane` names: unit:PATH, unit:HOST:PORT, nginx:DIR or none.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/base/result.hpp"
#include "starling/dataplane/control_address.hpp"

namespace starling {

struct DataPlaneSpec {
  enum class Kind { none, unit, nginx };

  Kind kind = Kind::none;
  ControlAddress unit;    // of kind unit
  std::string directory;  // of kind nginx

  // HOST is an IP address (IPv6 in brackets) or localhost; PATH holds a slash. Errors: invalid_argument, in
  // words that say what would do.
  [[nodiscard]] static Result<DataPlaneSpec> parse(std::string_view text);
  // Paths that are relative, taken from `directory`: what is stored must not depend on where the daemon
  // starts.
  [[nodiscard]] DataPlaneSpec absolute(std::string_view directory) const;
  // What parse() takes.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const DataPlaneSpec&, const DataPlaneSpec&) = default;
};

}  // namespace starling
