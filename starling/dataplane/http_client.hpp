// A client for control APIs: one request a connection, over a unix socket or TCP.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "libp2p/base/env.hpp"
#include "starling/dataplane/control_address.hpp"
#include "starling/dataplane/http_reply.hpp"

namespace starling {

struct ControlRequest {
  std::string method;
  std::string path;  // encoded
  std::string body;
};

// Why there is no reply.
struct HttpFault {
  enum class Kind {
    unreachable,  // nothing was sent: nobody accepted the connection, or the head would be too long
    silent,       // closed before the head of a reply had come: it may or may not have acted
    timeout,      // no (whole) reply in time: it may still act
    unusable,     // what came is not a reply, or too large a one; it has acted
  };
  Kind kind{};
  std::string message;
  std::optional<PeerProcess> peer;
};

// Unit closes the connection of a request whose line and headers take this many bytes or more.
inline constexpr std::size_t max_request_head_bytes = 1024;

// Sends the request with a Content-Length, always, and no header besides but Host and Connection; reads one
// reply. `limit` is for all of it. Past it the connection is closed. A reply may be short: see
// HttpReply::complete.
[[nodiscard]] libp2p::Task<std::expected<HttpReply, HttpFault>> exchange(libp2p::Env env,
                                                                         ControlAddress address,
                                                                         ControlRequest request,
                                                                         libp2p::Duration limit);

// The request line and headers as they are sent.
[[nodiscard]] std::string request_head(const ControlRequest& request);

}  // namespace starling
