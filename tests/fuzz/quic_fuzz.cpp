// Datagrams of strangers, datagrams into an established connection, and frames that were sealed by an honest
// peer's keys, to either side. Nothing may crash, and what is kept stays bounded.
#include <cstdlib>

#include "tests/support/quic_forgery.hpp"
#include "tests/support/quic_net.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::QuicNet;

void require(bool ok) {
  if (!ok) std::abort();
}

// Pieces of what is left, each after its length.
class Script {
 public:
  explicit Script(BytesView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool done() const { return bytes_.size() < 2; }
  BytesView next() {
    const std::size_t size = load_be<std::uint16_t>(bytes_.data()) % 1500;
    const BytesView piece = bytes_.subspan(2, std::min(size, bytes_.size() - 2));
    bytes_ = bytes_.subspan(2 + piece.size());
    return piece;
  }

 private:
  BytesView bytes_;
};

void strangers(Script script) {
  const quic::Secret secret{1};
  const quic::Address from = test::udp("192.0.2.1", 1);
  while (!script.done()) {
    const BytesView datagram = script.next();
    const auto header = quic::read_header(datagram);
    if (header && header->long_form && header->version != 0 && !quic::is_our_version(header->version)) {
      require(quic::version_negotiation(*header, 1).size() <= datagram.size());
    }
    if (header && !header->long_form) {
      const quic::ConnectionId id(header->destination);
      require(quic::stateless_reset(datagram, id, secret, Bytes(32)).size() <
              std::max<std::size_t>(datagram.size(), 1));
    }
    const auto initial = quic::read_initial(datagram);
    if (!initial) continue;
    (void)quic::check_token(*initial, from, secret, seconds(10), Instant{});
    require(quic::retry(*initial, from, quic::ConnectionId(Bytes(8)), secret, Instant{}).size() <=
            datagram.size());
    require(quic::refuse_token(*initial).size() <= datagram.size());
    QuicNet net;
    net.inject({{net.server_address, net.client_address}, to_bytes(datagram), true});
    net.run_for(seconds(1));
    require(net.sent_by_server <= 3 * datagram.size());
  }
}

void into_connection(Script script, bool to_server) {
  QuicNet net;
  require(net.connect());
  while (!script.done()) {
    Bytes datagram = to_bytes(script.next());
    quic::Path path{net.server_address, net.client_address};
    if (!to_server) std::swap(path.local, path.remote);
    net.inject({path, std::move(datagram), to_server});
    net.run_for(milliseconds(20));
  }
  // What can't be opened changes nothing.
  require(!net.client->ended() && !net.server->ended());
}

void sealed_frames(Script script, bool by_client) {
  QuicNet net;
  require(net.connect());
  quic::Session& attacker = by_client ? *net.client : *net.server;
  quic::Session& victim = by_client ? *net.server : *net.client;
  const auto stream = attacker.open(net.now).value();
  while (!script.done() && !victim.ended() && !attacker.ended()) {
    const BytesView frames = script.next();
    const Bytes carrier(std::max<std::size_t>(frames.size(), 1) + 40, 1);
    (void)attacker.write(*stream, carrier);
    bool forged = false;
    const test::Forging forging([&](BytesView header, Bytes& payload) {
      if (!test::is_short_header(header) || frames.size() > payload.size() || std::exchange(forged, true))
        return;
      std::ranges::fill(payload, std::uint8_t{0});
      std::ranges::copy(frames, payload.begin());
    });
    net.pump();
    net.run_for(milliseconds(20));
    Bytes out(4096);
    while (const auto accepted = victim.accept()) {
      (void)victim.read(*accepted, out, net.now);
      (void)victim.write(*accepted, out);
      victim.release(*accepted, net.now);
    }
    require(victim.ended() || victim.reordering_bytes() <= 2 * victim.window_bytes() + (2U << 20));
  }
}

}  // namespace
}  // namespace libp2p

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace libp2p;
  if (size < 3 || size > 8192) return 0;
  const Script script({data + 1, size - 1});
  switch (data[0] % 5) {
    case 0:
      strangers(script);
      break;
    case 1:
    case 2:
      into_connection(script, data[0] % 5 == 1);
      break;
    default:
      sealed_frames(script, data[0] % 5 == 3);
  }
  return 0;
}
