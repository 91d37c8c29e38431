// Routers joined by links that the test makes, cuts and spoils, on virtual time and from one seed.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libp2p/base/varint.hpp"
#include "libp2p/protocols/gossipsub/outbox.hpp"
#include "libp2p/protocols/gossipsub/router.hpp"
#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub::test {

// Each RPC goes through an Outbox and through its bytes, as in the service.
class RouterNet {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Duration latency = std::chrono::milliseconds(5);
    Duration jitter = std::chrono::milliseconds(20);
    double control_loss = 0;  // share of GRAFT, PRUNE, IHAVE and IWANT that never leave
    GossipsubConfig config = {};
  };
  struct Node {
    Node(std::uint32_t n, const GossipsubConfig& config, std::uint64_t seed)
        : number(n), random(seed), router(test_peer(n), config, random), signer(test_key(n), 1) {}
    std::uint32_t number;
    SeededRandom random;
    Router router;
    MessageSigner signer;
    std::map<std::uint32_t, Outbox> links;
    std::map<std::uint32_t, std::uint64_t> link_age;  // what is under way on an older link is lost
    std::vector<std::string> got;
  };

  explicit RouterNet(Options options) : options_(options), random_(options.seed) {}

  std::uint32_t add_node() {
    const auto number = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(std::make_unique<Node>(number, options_.config, options_.seed * 1000 + number));
    numbers_[test_peer(number)] = number;
    at(now_ + Duration(random_.below(static_cast<std::uint64_t>(options_.config.heartbeat.count()))),
       [this, number] { beat(number); });
    return number;
  }
  void add_nodes(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) add_node();
  }
  // `a` dials.
  void connect(std::uint32_t a, std::uint32_t b) {
    if (connected(a, b)) return;
    open(a, b, true);
    open(b, a, false);
    greet(a, b);
    greet(b, a);
  }
  void disconnect(std::uint32_t a, std::uint32_t b) {
    close(a, b);
    close(b, a);
  }
  [[nodiscard]] bool connected(std::uint32_t a, std::uint32_t b) const {
    return nodes_[a]->links.contains(b);
  }
  void connect_all() {
    for (std::uint32_t a = 0; a < nodes_.size(); ++a) {
      for (std::uint32_t b = a + 1; b < nodes_.size(); ++b) connect(a, b);
    }
  }

  void join(std::uint32_t node, const std::string& topic = "t") {
    carry_out(node, nodes_[node]->router.join(topic, {}, now_).value());
  }
  void join_all() {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) join(i);
  }
  void leave(std::uint32_t node, const std::string& topic = "t") {
    carry_out(node, nodes_[node]->router.leave(topic, now_));
  }
  void publish(std::uint32_t node, const std::string& text, const std::string& topic = "t") {
    Node& author = *nodes_[node];
    const auto message = author.signer.sign(topic, as_bytes(text)).value();
    carry_out(node, author.router.publish(message, now_));
  }

  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (!events_.empty() && events_.top().when <= end) {
      Event event = std::move(const_cast<Event&>(events_.top()));
      events_.pop();
      now_ = event.when;
      event.what();
    }
    now_ = end;
  }

  [[nodiscard]] Node& node(std::uint32_t number) { return *nodes_[number]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  [[nodiscard]] std::size_t times_got(std::uint32_t node, const std::string& text) const {
    return static_cast<std::size_t>(std::ranges::count(nodes_[node]->got, text));
  }
  [[nodiscard]] SeededRandom& random() { return random_; }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  struct Event {
    Instant when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };

  void at(Instant when, std::function<void()> what) { events_.push({when, next_order_++, std::move(what)}); }

  void beat(std::uint32_t number) {
    carry_out(number, nodes_[number]->router.heartbeat(now_));
    at(now_ + options_.config.heartbeat, [this, number] { beat(number); });
  }
  void open(std::uint32_t from, std::uint32_t to, bool outbound) {
    Node& node = *nodes_[from];
    node.links.try_emplace(to, options_.config);
    node.link_age[to] = ++next_age_;
    arrival_.erase({from, to});
    node.router.peer_connected(test_peer(to), outbound);
    (void)node.router.inbound_opened(test_peer(to), now_);
  }
  void greet(std::uint32_t from, std::uint32_t to) {
    carry_out(from, nodes_[from]->router.stream_opened(test_peer(to), ProtocolVersion::v1_1, now_));
  }
  void close(std::uint32_t from, std::uint32_t to) {
    nodes_[from]->links.erase(to);
    nodes_[from]->router.peer_gone(test_peer(to));
  }
  [[nodiscard]] bool lost(const Outgoing& item) {
    const bool control = !std::holds_alternative<Publish>(item) && !std::holds_alternative<Announce>(item);
    return control && options_.control_loss > 0 && random_.unit() < options_.control_loss;
  }

  void carry_out(std::uint32_t from, Actions actions) {
    Node& node = *nodes_[from];
    std::set<std::uint32_t> touched;
    for (auto& send : actions.sends) {
      const std::uint32_t to = numbers_.at(send.peer);
      const auto link = node.links.find(to);
      if (link == node.links.end() || lost(send.item)) continue;
      if (!link->second.push(std::move(send.item))) throw std::runtime_error("an outbox is full");
      touched.insert(to);
    }
    for (const auto& message : actions.deliveries) node.got.emplace_back(as_text(message.data));
    for (const std::uint32_t to : touched) flush(from, to);
  }
  void flush(std::uint32_t from, std::uint32_t to) {
    Outbox& outbox = nodes_[from]->links.at(to);
    while (!outbox.empty()) {
      Bytes frame = outbox.next();
      frame.erase(
          frame.begin(),
          frame.begin() +
              static_cast<std::ptrdiff_t>(
                  decode_varint(BytesView(frame).first(std::min<std::size_t>(frame.size(), 10)))->size));
      // In order on each link, as a stream is.
      Instant& when = arrival_[{from, to}];
      when = std::max(when,
                      now_ + options_.latency +
                          Duration(random_.below(static_cast<std::uint64_t>(options_.jitter.count() + 1))));
      const std::uint64_t age = nodes_[from]->link_age.at(to);
      at(when, [this, from, to, age, frame = std::move(frame)] { arrive(from, to, age, frame); });
    }
  }
  void arrive(std::uint32_t from, std::uint32_t to, std::uint64_t age, const Bytes& rpc) {
    if (!connected(from, to) || nodes_[from]->link_age.at(to) != age) return;
    auto actions = nodes_[to]->router.receive(test_peer(from), rpc, now_);
    if (!actions) throw std::runtime_error(actions.error().to_string());
    carry_out(to, std::move(*actions));
  }

  Options options_;
  SeededRandom random_;
  Instant now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<PeerId, std::uint32_t> numbers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Instant> arrival_;
  std::priority_queue<Event> events_;
  std::uint64_t next_order_ = 0;
  std::uint64_t next_age_ = 0;
};

}  // namespace libp2p::gossipsub::test
