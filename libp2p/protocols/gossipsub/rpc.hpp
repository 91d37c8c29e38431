// The RPC that everything travels in (pubsub/README.md, The RPC; gossipsub-v1.0.md and v1.1.md, Protobuf),
// bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/protocols/gossipsub/message.hpp"

namespace libp2p::gossipsub {

inline constexpr std::string_view protocol_v1_1 = "/meshsub/1.1.0";
inline constexpr std::string_view protocol_v1_0 = "/meshsub/1.0.0";

// Ordered: a later version speaks all that an earlier one does.
enum class ProtocolVersion : std::uint8_t { v1_0, v1_1 };
[[nodiscard]] ProtocolVersion version_of(std::string_view protocol) noexcept;

// Limits of one RPC, each way. What others put beyond them is left out and counted, but for the size of the
// frame.
inline constexpr std::size_t max_subscriptions_per_rpc = 32;
inline constexpr std::size_t max_messages_per_rpc = 8192;  // more signed ones don't fit into 1 MiB
inline constexpr std::size_t max_grafts_per_rpc = 32;
inline constexpr std::size_t max_prunes_per_rpc = 32;
inline constexpr std::size_t max_ids_per_rpc = 500;          // of IHAVE, and as many of IWANT
inline constexpr std::size_t max_id_bytes = 256;             // a longer one is nobody's message
inline constexpr std::size_t max_control_bytes = 16 * 1024;  // of ids, in IHAVE and IWANT together

// What one RPC says. The views point into its bytes.
struct Rpc {
  struct Subscription {
    bool subscribe = false;
    std::string_view topic;
  };
  struct IHave {
    std::string_view topic;
    std::vector<BytesView> ids;
  };
  struct Prune {
    std::string_view topic;
    std::uint64_t backoff_s = 0;  // as the peer sent it: anything; 0 when it gave none
  };

  std::vector<Subscription> subscriptions;
  std::vector<BytesView> messages;  // each an encoded Message, not looked into yet
  std::vector<IHave> ihave;
  std::vector<BytesView> iwant;
  std::vector<std::string_view> graft;
  std::vector<Prune> prune;
  std::size_t left_out = 0;  // what stood beyond the limits
};

// `encoded` is an RPC without its length prefix. Nothing is copied; peers offered in PRUNE (PX), IDONTWANT
// and extensions are passed over. Errors: parse.
[[nodiscard]] Result<Rpc> decode_rpc(BytesView encoded);

// What the router has to say to one peer; an Outbox packs them into RPCs.
struct Announce {
  std::string topic;
  bool subscribe = true;
};
struct Graft {
  std::string topic;
};
struct Prune {
  std::string topic;
  std::uint64_t backoff_s = 0;  // 0: not written, for peers of version 1.0
};
struct IHave {
  std::string topic;
  std::vector<MessageId> ids;
};
struct IWant {
  std::vector<MessageId> ids;
};
struct Publish {
  WireMessage message;
};
using Outgoing = std::variant<Announce, Graft, Prune, IHave, IWant, Publish>;

}  // namespace libp2p::gossipsub
