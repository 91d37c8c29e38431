// WebSocket's opening handshake (RFC 6455, section 4): an HTTP/1.1 request and its answer.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p::websocket {

struct UpgradeLimits {
  std::size_t max_head_bytes = 8UZ * 1024;
  std::size_t max_fields = 64;
  Duration timeout = std::chrono::seconds(5);  // for all of the handshake
};

// The server's side. Any target, and any Origin, will do: what a web page could reach here is guarded by the
// handshakes above, which prove a peer (ATTACKS, WS08). Extensions and subprotocols are never agreed on. What
// came behind the request is returned: it is of the connection. A request that is refused is answered with a
// status. Errors: parse, protocol (not an upgrade to WebSocket), limit, timeout, and those of the stream.
[[nodiscard]] Task<Result<Bytes>> accept_upgrade(Env env, Stream& stream, UpgradeLimits limits = {});

// The client's side. `authority` is the Host, with its port unless that is the scheme's own; `target` an
// absolute path. Returns what came behind the answer. Errors: refused (another status), else as above.
[[nodiscard]] Task<Result<Bytes>> request_upgrade(Env env, Stream& stream, std::string authority,
                                                  std::string target, UpgradeLimits limits = {});

// The pure parts. What to answer to a whole head of a request; `outcome` says why it is not an upgrade.
struct UpgradeAnswer {
  std::string response;
  Result<> outcome;
};
[[nodiscard]] UpgradeAnswer answer_upgrade(std::string_view head, const UpgradeLimits& limits = {});
// `key` is what request_upgrade() sent as Sec-WebSocket-Key.
[[nodiscard]] Result<> check_upgrade_answer(std::string_view head, std::string_view key,
                                            const UpgradeLimits& limits = {});
[[nodiscard]] std::string upgrade_request(std::string_view authority, std::string_view target,
                                          std::string_view key);

}  // namespace libp2p::websocket
