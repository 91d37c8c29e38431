// Two QUIC sessions on a network in memory, on time of their own.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/transport/quic/ngtcp2_session.hpp"
#include "tests/support/peers.hpp"

namespace libp2p::test {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return {}; }
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  }
};

inline quic::Address udp(std::string_view ip, std::uint16_t port) {
  return {boost::asio::ip::make_address(ip), port};
}

inline std::shared_ptr<const quic::TlsIdentity> tls_identity(std::uint64_t number) {
  SeededRandom random(number);
  return quic::TlsIdentity::create(key_number(number), random).value();
}

// The client is peer 1 and the server peer 2. `drops` decides on each datagram, `delay` is one way.
class QuicNet {
 public:
  explicit QuicNet(QuicConfig client_config = {}, QuicConfig server_config = {})
      : client_config_(client_config), server_config_(server_config) {}

  struct Datagram {
    quic::Path path;  // as the receiver sees it
    Bytes bytes;
    bool to_server;
  };

  void dial(std::optional<PeerId> expected = peer_number(2)) {
    client = quic::Session::connect(parts(client_config_, 1), {client_address, server_address},
                                    std::move(expected), now)
                 .value();
  }
  // Both established.
  bool connect(std::optional<PeerId> expected = peer_number(2)) {
    dial(std::move(expected));
    return run_until([&] { return client->established() && server && server->established(); });
  }

  quic::SessionParts parts(const QuicConfig& config, std::uint64_t number) {
    return {.config = config,
            .random = random,
            .clock = clock_,
            .identity = number == 1 && client_identity ? client_identity : tls_identity(number),
            .reset_secret = {}};
  }

  // Sends what both have, then goes on to the next arrival or timer, until `done`. False: `limit` has passed,
  // or nothing is left to happen.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(60)) {
    const Instant end = now + limit;
    for (std::size_t steps = 0; steps < 1'000'000; ++steps) {
      pump();
      if (done()) return true;
      if (!step(end)) return done();
    }
    return false;
  }
  void run_for(Duration time) {
    const Instant end = now + time;
    pump();
    while (step(end)) pump();
    now = end;
  }
  void pump() {
    send_from(client.get(), true);
    send_from(server.get(), false);
  }
  // A datagram out of nowhere.
  void inject(Datagram datagram) { deliver(std::move(datagram)); }

  quic::Address client_address = udp("192.0.2.1", 1111);
  quic::Address server_address = udp("192.0.2.2", 2222);
  std::function<bool(const Datagram&)> drops = [](const Datagram&) { return false; };
  std::function<void(Datagram&)> rewrites = [](Datagram&) {};
  std::function<Duration()> delay = [] { return std::chrono::milliseconds(10); };
  std::shared_ptr<const quic::TlsIdentity> client_identity;  // null: that of peer 1
  std::uint64_t sent_by_client = 0;
  std::uint64_t sent_by_server = 0;  // bytes
  std::uint64_t datagrams = 0;

  Instant now{std::chrono::seconds(1)};
  SeededRandom random{7};
  std::unique_ptr<quic::Session> client;
  std::unique_ptr<quic::Session> server;

 private:
  void send_from(quic::Session* session, bool to_server) {
    if (session == nullptr) return;
    for (int i = 0; i < 10'000 && session->take_output(batch_, now); ++i) {
      for (BytesView left = batch_.view(); !left.empty();) {
        const BytesView one = left.first(std::min(batch_.segment_bytes, left.size()));
        left = left.subspan(one.size());
        (to_server ? sent_by_client : sent_by_server) += one.size();
        ++datagrams;
        Datagram datagram{{batch_.path.remote, batch_.path.local}, to_bytes(one), to_server};
        if (drops(datagram)) continue;
        rewrites(datagram);
        in_flight_.emplace(now + delay(), std::move(datagram));
      }
    }
  }
  bool step(Instant end) {
    std::optional<Instant> next;
    const auto consider = [&](std::optional<Instant> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!in_flight_.empty()) consider(in_flight_.begin()->first);
    if (client) consider(client->next_timer());
    if (server) consider(server->next_timer());
    if (!next || *next > end) return false;
    now = std::max(now, *next);
    while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
      deliver(std::move(in_flight_.extract(in_flight_.begin()).mapped()));
    }
    for (quic::Session* session : {client.get(), server.get()}) {
      if (session == nullptr) continue;
      const auto due = session->next_timer();
      if (due && *due <= now) session->on_timer(now);
    }
    return true;
  }
  void deliver(Datagram datagram) {
    if (!datagram.to_server) {
      if (client) client->receive(datagram.path, datagram.bytes, now);
      return;
    }
    if (!server) {
      const auto initial = quic::read_initial(datagram.bytes);
      if (!initial) return;
      server =
          quic::Session::accept(parts(server_config_, 2), datagram.path, *initial, std::nullopt, now).value();
    }
    server->receive(datagram.path, datagram.bytes, now);
  }

  QuicConfig client_config_;
  QuicConfig server_config_;
  FixedClock clock_;
  quic::Batch batch_;
  std::multimap<Instant, Datagram> in_flight_;
};

}  // namespace libp2p::test
