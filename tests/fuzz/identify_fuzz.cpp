// Identify messages in pieces, and what is learnt of an answer and a push after it.
#include <algorithm>
#include <cstdlib>

#include "libp2p/base/virtual_runtime.hpp"
#include "tests/support/identify.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_plain(std::string_view text) {
  return text.size() <= identify::max_text_characters &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Pieces of up to 64 KiB, each after its length in two bytes.
std::optional<identify::Message> assemble(BytesView& script) {
  identify::Assembler assembler;
  while (script.size() >= 2) {
    const std::size_t claimed = load_be<std::uint16_t>(script.data());
    script = script.subspan(2);
    if (claimed == 0xffff) break;  // the next message begins
    const std::size_t size = std::min(claimed, script.size());
    const bool added = assembler.add(script.first(size)).has_value();
    script = script.subspan(size);
    if (!added) return std::nullopt;
  }
  return assembler.take();
}

void check(const identify::Message& message) {
  require(message.listen_addresses.size() <= identify::max_addresses);
  require(message.protocols.size() <= identify::max_protocols);
  for (const auto& name : message.protocols)
    require(!name.empty() && name.size() <= identify::max_protocol_bytes);
  require(!message.public_key || message.public_key->size() <= identify::max_key_bytes);
  require(is_plain(message.agent_version.value_or("")) && is_plain(message.protocol_version.value_or("")));
  // What we would send of it keeps the limits that we hold others to, and is read again.
  identify::Assembler again;
  std::size_t bytes = 0;
  for (const Bytes& piece : identify::encode(message)) {
    require(piece.size() <= identify::max_sent_message_bytes);
    require(again.add(piece).has_value());
    bytes += piece.size();
  }
  require(bytes <= identify::max_total_bytes && again.take().protocols.size() <= message.protocols.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static VirtualRuntime runtime;
  static const ConnectionInfo connection = test::connection_to(2, "/ip4/203.0.113.9/tcp/9");
  BytesView script(data, size);
  Peerstore peerstore(runtime.env(), nullptr);
  identify::Learner learner(runtime.env(), peerstore, std::chrono::hours(1));
  IdentifyInfo info;
  for (bool partial = false; script.size() >= 2; partial = true) {
    const auto message = assemble(script);
    if (!message) break;
    check(*message);
    const auto before = peerstore.protocols(connection.peer);
    const bool learnt = learner.learn(connection, *message, partial, info).has_value();
    if (!learnt || (partial && message->protocols.empty()))
      require(peerstore.protocols(connection.peer) == before);
    require(info.addresses.size() <= identify::max_addresses);
    for (const Multiaddr& address : info.addresses) {
      require(!address.is_loopback() && !address.is_private() && !address.is_unspecified());
    }
    for (const PeerId& peer : peerstore.peers()) require(peer == connection.peer);
  }
  return 0;
}
