#include "libp2p/protocols/mdns/virtual_lan.hpp"

#include "libp2p/base/bounded_queue.hpp"

namespace libp2p::mdns {
namespace {

constexpr unsigned interface_index = 1;
constexpr std::size_t max_queued = 256;

}  // namespace

struct VirtualLan::State : std::enable_shared_from_this<VirtualLan::State> {
  State(Env e, Duration l) : env(e), latency(l) {}

  void carry(const IpAddress& from, BytesView packet) {
    for (const auto& [address, port] : ports) {
      if (!filter || filter(from, address)) deliver_later(from, address, to_bytes(packet));
    }
  }
  // Whether the port is still there is decided when the datagram arrives.
  void deliver_later(const IpAddress& from, const IpAddress& to, Bytes packet) {
    env.timers.schedule(env.now() + latency,
                        [lan = weak_from_this(), from, to, packet = std::move(packet)]() mutable {
                          if (const auto state = lan.lock()) state->deliver(from, to, std::move(packet));
                        });
  }
  void deliver(const IpAddress& from, const IpAddress& to, Bytes packet);

  Env env;
  Duration latency;
  Filter filter;
  std::map<IpAddress, Port*> ports;
  std::uint64_t sent = 0;
};

class VirtualLan::Port final : public MulticastPort {
 public:
  Port(std::shared_ptr<State> lan, const Prefix& address)
      : lan_(std::move(lan)), address_(address), received_(lan_->env.executor, max_queued) {
    lan_->ports.emplace(address.address, this);
  }
  ~Port() override { lan_->ports.erase(address_.address); }

  std::vector<Interface> rescan() override {
    if (!plugged) return {};
    return {Interface{interface_index, "lan", {address_}}};
  }
  Task<Result<Datagram>> receive() override {
    std::optional<Datagram> datagram = co_await received_.pop();
    if (!datagram) co_return fail(Errc::closed, "the port has been stopped");
    co_return std::move(*datagram);
  }
  void send(unsigned interface, BytesView packet) override {
    if (!plugged || received_.closed() || interface != interface_index) return;
    ++lan_->sent;
    lan_->carry(address_.address, packet);
  }
  Task<> stop() override {
    received_.close();
    co_return;
  }
  void arrive(const IpAddress& from, Bytes packet) {
    if (plugged) (void)received_.try_push({interface_index, from, std::move(packet)});
  }

  bool plugged = true;

 private:
  std::shared_ptr<State> lan_;
  Prefix address_;
  BoundedQueue<Datagram> received_;
};

void VirtualLan::State::deliver(const IpAddress& from, const IpAddress& to, Bytes packet) {
  const auto port = ports.find(to);
  if (port != ports.end()) port->second->arrive(from, std::move(packet));
}

VirtualLan::VirtualLan(Env env, Duration latency) : state_(std::make_shared<State>(env, latency)) {}
VirtualLan::~VirtualLan() = default;

std::unique_ptr<MulticastPort> VirtualLan::attach(const Prefix& address) {
  return std::make_unique<Port>(state_, address);
}

void VirtualLan::set_plugged(const IpAddress& address, bool plugged) {
  const auto port = state_->ports.find(address);
  if (port != state_->ports.end()) port->second->plugged = plugged;
}

void VirtualLan::set_filter(Filter filter) { state_->filter = std::move(filter); }

void VirtualLan::inject(const IpAddress& from, BytesView packet) { state_->carry(from, packet); }

std::uint64_t VirtualLan::sent() const noexcept { return state_->sent; }

}  // namespace libp2p::mdns
