// Gossip RPCs through the router, on virtual time: whatever peers send, what is kept stays bounded and what
// goes out is within the limits that we hold others to.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "libp2p/base/varint.hpp"
#include "libp2p/protocols/gossipsub/frames.hpp"
#include "libp2p/protocols/gossipsub/outbox.hpp"
#include "libp2p/protocols/gossipsub/router.hpp"
#include "tests/support/gossipsub.hpp"

namespace {

using namespace libp2p;
using namespace libp2p::gossipsub;

constexpr std::size_t peer_count = 3;

void require(bool holds) {
  if (!holds) std::abort();
}

const std::array<PeerId, peer_count>& peers() {
  static const std::array<PeerId, peer_count> all{test::test_peer(1), test::test_peer(2), test::test_peer(3)};
  return all;
}

class Run {
 public:
  Run() {
    carry_out(router_.join("t", validator(), now_).value());
    carry_out(router_.join("birds", validator(), now_).value());
    for (std::size_t i = 0; i < peer_count; ++i) connect(i);
  }

  void hear(std::size_t peer, BytesView rpc) {
    auto actions = router_.receive(peers()[peer], rpc, now_);
    if (actions) carry_out(std::move(*actions));
    check();
  }
  // An empty RPC says nothing on the wire; here it stands for what happens besides.
  void happen(std::size_t what) {
    switch (what % 5) {
      case 0:
        carry_out(router_.publish(own_message(), now_));
        break;
      case 1:
        router_.peer_gone(peers()[0]);
        connect(0);
        break;
      case 2:
        carry_out(router_.leave("t", now_));
        carry_out(router_.join("t", validator(), now_).value());
        break;
      case 3:
        router_.stream_lost(peers()[1]);
        carry_out(router_.stream_opened(peers()[1], ProtocolVersion::v1_0, now_));
        break;
      default:
        router_.inbound_lost(peers()[2], now_);
        carry_out(router_.inbound_opened(peers()[2], now_));
    }
    check();
  }
  void pass(Duration duration) {
    now_ += duration;
    carry_out(router_.heartbeat(now_));
    check();
  }

 private:
  static GossipValidator validator() {
    return [](const PeerId&, const GossipMessage& message) {
      const std::uint8_t first = message.data.empty() ? 0 : message.data.front();
      return static_cast<GossipVerdict>(first % 3);
    };
  }
  static const SignedMessage& own_message() {
    static const SignedMessage message = [] {
      MessageSigner signer(test::test_key(9), 7);
      return signer.sign("t", as_bytes("own")).value();
    }();
    return message;
  }
  void connect(std::size_t peer) {
    router_.peer_connected(peers()[peer], peer == 0);
    carry_out(router_.stream_opened(peers()[peer], ProtocolVersion::v1_1, now_));
  }
  void carry_out(const Actions& actions) {
    Outbox outbox{config_};
    for (const auto& send : actions.sends) {
      require(std::ranges::find(peers(), send.peer) != peers().end());
      require(outbox.push(send.item));
    }
    while (!outbox.empty()) {
      const Bytes framed = outbox.next();
      const auto length = decode_varint(BytesView(framed).first(std::min<std::size_t>(framed.size(), 10)));
      require(length && length->size + length->value == framed.size() &&
              length->value <= config_.max_rpc_bytes);
      const auto rpc = decode_rpc(BytesView(framed).subspan(length->size));
      require(rpc && rpc->left_out == 0);
      for (const BytesView message : rpc->messages) {
        const auto parsed = parse_message(message);
        require(parsed && verify_message(*parsed));
      }
    }
    for (const auto& message : actions.deliveries) require(message.topic == "t" || message.topic == "birds");
  }
  void check() const {
    const auto kept = router_.footprint();
    require(kept.peers <= peer_count && kept.peer_topics <= peer_count * config_.max_topics_per_peer);
    require(kept.mesh_links <= 2 * peer_count && kept.backoffs <= 2 * peer_count);
    require(kept.cached_bytes <= config_.message_cache_bytes && kept.seen <= config_.seen_capacity);
    require(kept.promises <= peer_count * config_.max_ihave_rpcs * 5);
  }

  GossipsubConfig config_;
  SeededRandom random_{1};
  Router router_{test::test_peer(9), config_, random_};
  Instant now_{std::chrono::hours(1)};
};

}  // namespace

// The input is what a stream brings: RPCs, each with its length before it. They come from the peers in turn.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run;
  FrameBuffer frames(GossipsubConfig{}.max_rpc_bytes);
  BytesView rest(data, size);
  std::size_t turn = 0;
  while (!rest.empty()) {
    const MutableBytes room = frames.prepare();
    const std::size_t some = std::min(room.size(), rest.size());
    std::copy_n(rest.begin(), some, room.begin());
    frames.commit(some);
    rest = rest.subspan(some);
    for (;;) {
      const auto rpc = frames.next();
      if (!rpc) return 0;
      if (!*rpc) break;
      if ((*rpc)->empty()) {
        run.happen(turn);
      } else {
        run.hear(turn % peer_count, **rpc);
      }
      if (++turn % 4 == 0) run.pass(std::chrono::milliseconds(700));
    }
  }
  // Back-offs of any length run out; none may trip a later heartbeat (CVE-2026-34219).
  for (int i = 0; i < 5; ++i) run.pass(std::chrono::seconds(1));
  for (int i = 0; i < 4; ++i) run.pass(std::chrono::minutes(21));
  return 0;
}
