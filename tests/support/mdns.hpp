// What tests of mDNS share: peers, a small LAN, and an engine on it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "libp2p/protocols/mdns/engine.hpp"
#include "tests/support/peers.hpp"

namespace libp2p::test {

inline mdns::IpAddress ip(std::string_view text) { return boost::asio::ip::make_address(std::string(text)); }

inline mdns::Name name(std::string_view text) { return mdns::Name::parse(text).value(); }

// eth0 in 192.168.7.0/24 and fd00:7::/64.
inline mdns::Interface lan_interface(unsigned index = 2) {
  return {index, "eth0", {{ip("192.168.7.1"), 24}, {ip("fd00:7::1"), 64}, {ip("fe80::1"), 64}}};
}

inline mdns::EngineConfig engine_config(const PeerId& self) {
  mdns::EngineConfig config;
  config.self = self;
  config.service = name("_p2p._udp.local");
  config.peer_name = "k3j9x0q2w8e7r6t5y4u3i2o1p0a9s8d7f6g5h4j3";
  return config;
}

// A reply of somebody else: one TXT record with these texts.
inline Bytes reply_with_texts(const std::vector<std::string>& texts, std::uint32_t ttl_s = 120) {
  const mdns::Name instance = name("someoneelse0123456789someoneelse0123456789._p2p._udp.local");
  mdns::PacketWriter out(true);
  out.answer_ptr(name("_p2p._udp.local"), ttl_s, instance);
  out.additional_txt(instance, ttl_s, texts);
  return out.take();
}

inline Bytes reply_of(const PeerId& peer, std::string_view at) {
  return reply_with_texts({"dnsaddr=" + std::string(at) + "/p2p/" + peer.to_string()});
}

inline Bytes query_for(std::string_view what = "_p2p._udp.local",
                       mdns::RecordType type = mdns::RecordType::ptr) {
  return mdns::PacketWriter(false).question(name(what), type).take();
}

// An engine with one interface and one address, and a clock moved by hand.
struct EngineOnLan {
  explicit EngineOnLan(std::uint64_t self = 1) : engine(engine_config(peer_number(self)), random) {
    engine.set_interfaces({lan_interface()}, now);
    engine.set_addresses({multiaddr("/ip4/192.168.7.1/tcp/7117")}, now);
  }

  mdns::Actions hear(Bytes packet, std::string_view from = "192.168.7.20") {
    return engine.handle({2, ip(from), std::move(packet)}, now);
  }
  // Lets time pass, doing what is due; what was sent meanwhile, and when.
  struct Sent {
    Instant at;
    mdns::Packet packet;
    Bytes bytes;
  };
  std::vector<Sent> run_for(Duration duration) {
    std::vector<Sent> sent;
    const Instant end = now + duration;
    for (auto next = engine.next_wakeup(); next && *next <= end; next = engine.next_wakeup()) {
      now = std::max(now, *next);
      for (mdns::Outgoing& out : engine.tick(now).send) {
        sent.push_back({now, mdns::decode_packet(out.packet).value(), std::move(out.packet)});
      }
    }
    now = end;
    return sent;
  }

  SeededRandom random{7};
  Instant now{std::chrono::seconds(1000)};
  mdns::Engine engine;
};

inline std::size_t count_replies(const std::vector<EngineOnLan::Sent>& sent) {
  return static_cast<std::size_t>(
      std::ranges::count_if(sent, [](const auto& s) { return s.packet.response; }));
}
inline std::size_t count_queries(const std::vector<EngineOnLan::Sent>& sent) {
  return sent.size() - count_replies(sent);
}

}  // namespace libp2p::test
