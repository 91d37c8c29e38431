// HTTP/1.1 on a unix socket, and on loopback where asked for. The only files that see Beast.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "libp2p/base/env.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

using libp2p::Duration;
using libp2p::Env;

struct HttpLimits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_headers = 64;
  std::size_t max_body_bytes = 8 * 1024 * 1024;
  std::size_t max_connections = 256;
  Duration header_timeout = std::chrono::seconds(10);
  Duration request_timeout = std::chrono::seconds(60);  // the body
  Duration write_timeout = std::chrono::seconds(60);
};

// Where to listen: "unix:PATH", or "HOST:PORT" with a loopback address. Errors: invalid_argument, saying what
// is allowed.
struct HttpAddress {
  bool is_unix = false;
  std::filesystem::path path;  // of a unix socket
  std::string host;            // an IP address
  std::uint16_t port = 0;      // 0: any free one

  [[nodiscard]] static Result<HttpAddress> parse(std::string_view text);
};

class HttpServer {
 public:
  using Handler = std::function<Task<HttpResponse>(HttpRequest)>;

  // `handler` must not throw; it is called at most once at a time for one connection.
  HttpServer(Env env, Handler handler, HttpLimits limits = {});
  ~HttpServer();

  // A unix socket is made with mode 0600; one left behind by a dead process is replaced, one that answers is
  // not. Gives back the address as bound: "unix:/run/api.sock", "127.0.0.1:8117". Errors: io, busy.
  [[nodiscard]] Result<std::string> listen(const HttpAddress& address);
  [[nodiscard]] Task<> stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace starling
