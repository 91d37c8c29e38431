#include "libp2p/transport/memory/memory_transport.hpp"

#include <deque>
#include <map>

#include "libp2p/base/notifier.hpp"
#include "libp2p/transport/memory/circuit.hpp"

namespace libp2p {
namespace {

// What a SYN or its answer weighs on a link with bounded bandwidth.
constexpr std::size_t handshake_bytes = 60;

Multiaddr memory_address(std::uint64_t number) {
  return Multiaddr::parse("/memory/" + std::to_string(number)).value_or(Multiaddr{});
}

// The number of a memory address, which handles() has let through.
std::uint64_t address_number(const Multiaddr& address) {
  const AddrComponent* part = address.find(AddrProtocol::memory);
  return part != nullptr && part->value.size() == 8 ? load_be<std::uint64_t>(part->value.data()) : 0;
}

class Listener;

}  // namespace

struct MemoryNetwork::Parts {
  Parts(Env e, LinkPolicy* p) : env(e), policy(p), changed(e.executor) {}

  Env env;
  LinkPolicy* policy;
  Notifier changed;
  struct Listening {
    MemoryNode node;
    Listener* listener;
  };
  std::map<std::uint64_t, Listening> listeners;
  std::map<std::uint64_t, std::weak_ptr<memory::Circuit>> circuits;
  std::uint64_t next_circuit = 1;

  // Returns when something small that is sent now has arrived; over a cut link, after it is healed.
  Task<> transit(MemoryNode from, MemoryNode to) {
    while (policy != nullptr) {
      if (const auto delay = policy->delay(from, to, handshake_bytes)) {
        if (*delay > Duration::zero()) co_await sleep_for(env, *delay);
        co_return;
      }
      co_await changed.wait();
    }
  }
  std::shared_ptr<memory::Circuit> connect(MemoryNode from, MemoryNode to) {
    std::erase_if(circuits, [](const auto& entry) { return entry.second.expired(); });
    auto circuit = std::make_shared<memory::Circuit>(env, policy, from, to, MemoryNetwork::capacity_bytes);
    circuits.emplace(next_circuit++, circuit);
    return circuit;
  }
};

namespace {

class Listener final : public ByteListener {
 public:
  Listener(Env env, std::function<void()> on_close, Multiaddr address)
      : on_close_(std::move(on_close)), address_(std::move(address)), arrived_(env.executor) {}
  ~Listener() override { close(); }

  Task<Result<ByteConnection>> accept() override {
    while (waiting_.empty() && !closed_) co_await arrived_.wait();
    if (closed_) co_return fail(Errc::closed, "the listener is closed");
    ByteConnection connection = std::move(waiting_.front());
    waiting_.pop_front();
    co_return connection;
  }
  [[nodiscard]] Multiaddr address() const override { return address_; }
  void close() override {
    if (closed_) return;
    closed_ = true;
    waiting_.clear();
    arrived_.notify_all();
    on_close_();
  }

  [[nodiscard]] bool has_room() const noexcept { return waiting_.size() < MemoryNetwork::backlog; }
  void offer(ByteConnection connection) {
    waiting_.push_back(std::move(connection));
    arrived_.notify_one();
  }

 private:
  std::function<void()> on_close_;
  Multiaddr address_;
  std::deque<ByteConnection> waiting_;
  Notifier arrived_;
  bool closed_ = false;
};

}  // namespace

MemoryNetwork::MemoryNetwork(Env env, LinkPolicy* policy) : parts_(std::make_unique<Parts>(env, policy)) {}
MemoryNetwork::~MemoryNetwork() = default;

void MemoryNetwork::links_changed() {
  parts_->changed.notify_all();
  for (const auto& [id, weak] : parts_->circuits) {
    const auto circuit = weak.lock();
    if (!circuit) continue;
    circuit->forth.offer_held_again();
    circuit->back.offer_held_again();
  }
}

void MemoryNetwork::silence(MemoryNode node) {
  for (const auto& [id, weak] : parts_->circuits) {
    const auto circuit = weak.lock();
    if (!circuit || (circuit->forth.from() != node && circuit->back.from() != node)) continue;
    circuit->forth.silence();
    circuit->back.silence();
  }
}

std::size_t MemoryNetwork::connection_count() const noexcept {
  std::size_t count = 0;
  for (const auto& [id, weak] : parts_->circuits) count += weak.expired() ? 0 : 1;
  return count;
}

MemoryTransport::MemoryTransport(Env env, MemoryNetwork& network, MemoryNode self)
    : env_(env), network_(network), self_(self) {}

bool MemoryTransport::handles(const Multiaddr& address) const {
  const auto& parts = address.components();
  const bool one = parts.size() == 1 || (parts.size() == 2 && parts[1].protocol == AddrProtocol::p2p);
  return one && parts[0].protocol == AddrProtocol::memory;
}

Task<Result<ByteConnection>> MemoryTransport::dial(Multiaddr address) {
  if (!handles(address))
    co_return fail(Errc::invalid_argument, "not a memory address: " + address.to_string());
  MemoryNetwork::Parts& net = *network_.parts_;
  const std::uint64_t number = address_number(address);
  const auto found = net.listeners.find(number);
  // A number that nobody listens on is its own node: that link may be cut, too.
  const MemoryNode node = found == net.listeners.end() ? number : found->second.node;
  co_await net.transit(self_, node);
  const auto listening = net.listeners.find(number);
  const bool refused = listening == net.listeners.end() || !listening->second.listener->has_room() ||
                       (net.policy != nullptr && net.policy->refuses_dial(self_, node));
  co_await net.transit(node, self_);
  // The listener may have gone while the answer was under way.
  const auto still = net.listeners.find(number);
  if (refused || still == net.listeners.end()) {
    co_return fail(Errc::refused, "nobody listens at " + address.without_peer().to_string());
  }
  const auto circuit = net.connect(self_, node);
  const Multiaddr here = memory_address(self_);
  still->second.listener->offer(
      {make_circuit_end(circuit, circuit->back, circuit->forth), still->second.listener->address(), here});
  co_return ByteConnection{make_circuit_end(circuit, circuit->forth, circuit->back), here,
                           address.without_peer()};
}

Task<Result<std::unique_ptr<ByteListener>>> MemoryTransport::listen(Multiaddr address) {
  if (!handles(address))
    co_return fail(Errc::invalid_argument, "not a memory address: " + address.to_string());
  MemoryNetwork::Parts& net = *network_.parts_;
  const std::uint64_t asked = address_number(address);
  const std::uint64_t number = asked == 0 ? self_ : asked;
  if (net.listeners.contains(number)) {
    co_return fail(Errc::exists, "somebody listens at " + memory_address(number).to_string());
  }
  auto listener = std::make_unique<Listener>(
      env_, [&net, number] { net.listeners.erase(number); }, memory_address(number));
  net.listeners.emplace(number, MemoryNetwork::Parts::Listening{self_, listener.get()});
  co_return listener;
}

}  // namespace libp2p
