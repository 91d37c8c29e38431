// nginx.conf from a configuration of Unit's shape.
#pragma once

#include <string>

#include "starling/dataplane/nginx/refusal.hpp"

namespace starling {

// What of the machine goes into it.
struct NginxLayout {
  std::string directory;    // absolute; holds everything nginx writes
  std::string user;         // "www-data www-data" for the workers; empty leaves them what the master is
  bool stub_status = true;  // is the module there?

  [[nodiscard]] std::string generation_socket() const { return directory + "/generation.sock"; }
  [[nodiscard]] std::string pid_file() const { return directory + "/nginx.pid"; }
  [[nodiscard]] std::string error_log() const { return directory + "/error.log"; }
};

// The text names `generation`, and a server in it tells it on the generation socket. The same arguments give
// the same text. Errors: what nginx can't do.
[[nodiscard]] Rendered<std::string> render_nginx(const json::value& configuration, const NginxLayout& layout,
                                                 const GenerationId& generation);

}  // namespace starling
