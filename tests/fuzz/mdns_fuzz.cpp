// mDNS packets, and the state machine under a script of them.
#include <cstdlib>

#include "libp2p/protocols/mdns/engine.hpp"
#include "tests/support/mdns.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

// A script: repeated { source and pause, length, packet }.
void run_script(BytesView script) {
  static const mdns::EngineConfig config = test::engine_config(test::peer_number(1));
  SeededRandom random(1);
  mdns::Engine engine(config, random);
  Instant now{std::chrono::seconds(1000)};
  engine.set_interfaces({test::lan_interface()}, now);
  engine.set_addresses({test::multiaddr("/ip4/192.168.7.1/tcp/7117")}, now);
  while (script.size() > 3) {
    const std::uint8_t control = script[0];
    const std::size_t size =
        std::min<std::size_t>(load_be<std::uint16_t>(script.data() + 1), script.size() - 3);
    const boost::asio::ip::address_v4 from(0xc0a80700U + (control & 0x0f));
    const auto heard = engine.handle({2, from, to_bytes(script.subspan(3, size))}, now);
    require(heard.send.empty() && heard.discovered.size() <= 8);
    for (const auto& found : heard.discovered) {
      require(!found.addresses.empty() && found.addresses.size() <= 16 && found.peer != config.self);
    }
    now += std::chrono::milliseconds((control >> 4) * 40);
    const auto due = engine.tick(now);
    require(due.send.size() <= 3 && due.discovered.empty());
    for (const auto& out : due.send) require(mdns::decode_packet(out.packet).has_value());
    require(engine.known_peers() <= config.max_peers);
    require(engine.next_wakeup() && *engine.next_wakeup() > now);
    script = script.subspan(3 + size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  const auto packet = mdns::decode_packet(input);
  if (packet) {
    require(packet->questions.size() + packet->records.size() <= mdns::max_records);
    for (const auto& question : packet->questions) require(question.name.wire_size() <= 255);
    for (const auto& record : packet->records)
      require(record.name.wire_size() <= 255 && record.target.wire_size() <= 255);
  }
  run_script(input);
  return 0;
}
