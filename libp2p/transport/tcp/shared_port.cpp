#include "libp2p/transport/tcp/shared_port.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "libp2p/base/deadline.hpp"
#include "libp2p/transport/tcp/tcp_address.hpp"
#include "libp2p/transport/tcp/tcp_listener.hpp"
#include "libp2p/transport/tcp/tcp_socket.hpp"

namespace libp2p {
namespace {

using asio::ip::tcp;

struct Beginning {
  PortProtocol protocol;
  std::string_view bytes;
};
constexpr std::array beginnings{
    Beginning{PortProtocol::multistream, "\x13/multistream/"},
    Beginning{PortProtocol::http, "GET "},
    Beginning{PortProtocol::tls, "\x16\x03"},
};
static_assert(std::ranges::all_of(beginnings,
                                  [](const Beginning& one) { return one.bytes.size() <= max_first_bytes; }));

// Gives back what was read to find out, then goes on with what is below.
class RewoundStream final : public Stream {
 public:
  RewoundStream(BytesView first, StreamPtr below) : below_(std::move(below)), size_(first.size()) {
    std::ranges::copy(first, first_.begin());
  }
  ~RewoundStream() override { below_->reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    return begin_ < size_ ? read_first(out) : below_->read_some(out);
  }
  Task<Result<>> write(BytesView data) override { return below_->write(data); }
  Task<Result<>> close_write() override { return below_->close_write(); }
  void reset() override {
    begin_ = size_;
    below_->reset();
  }

 private:
  Task<Result<std::size_t>> read_first(MutableBytes out) {
    const std::size_t size = std::min(out.size(), size_ - begin_);
    std::ranges::copy(BytesView(first_).subspan(begin_, size), out.begin());
    begin_ += size;
    co_return size;
  }

  StreamPtr below_;
  std::array<std::uint8_t, max_first_bytes> first_{};
  std::size_t begin_ = 0;
  std::size_t size_;
};

Multiaddr join(const Multiaddr& base, const Multiaddr& suffix) {
  if (suffix.empty()) return base;
  Bytes bytes = base.bytes();
  append(bytes, suffix.bytes());
  return Multiaddr::from_bytes(bytes).value_or(base);
}

}  // namespace

FirstBytes recognise(BytesView bytes) noexcept {
  const std::string_view text = as_text(bytes);
  FirstBytes result;
  for (const Beginning& one : beginnings) {
    if (text.starts_with(one.bytes)) return {.protocol = one.protocol};
    if (one.bytes.starts_with(text)) result.undecided = true;
  }
  return result;
}

// A listening socket and what it is used for. Each use waits with a descriptor of its own, so that it can be
// closed alone; the port's own goes with the last of them.
class SharedPorts::Port {
 public:
  Port(Env env, Duration decide_timeout, int socket)
      : env_(env), decide_timeout_(decide_timeout), socket_(socket) {}
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() { close(); }

  [[nodiscard]] bool in_use() const noexcept { return !uses_.empty(); }
  [[nodiscard]] bool has(PortProtocol protocol) const { return uses_.contains(protocol); }
  void add(PortUse use) {
    const PortProtocol protocol = use.protocol;
    uses_.emplace(protocol, std::make_shared<const PortUse>(std::move(use)));
  }
  void remove(PortProtocol protocol) {
    uses_.erase(protocol);
    if (uses_.empty()) close();
  }
  // Asio takes a descriptor that it is given for one of several, and leaves the others' watches alone when it
  // closes it.
  [[nodiscard]] Result<TcpAcceptor> make_acceptor(const tcp& family) const {
    const int copy = ::fcntl(socket_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return tcp_error("listen", {errno, boost::system::system_category()});
    TcpAcceptor acceptor(env_.executor);
    boost::system::error_code error;
    acceptor.assign(family, copy, error);
    if (!error) return acceptor;
    ::close(copy);
    return tcp_error("listen", error);
  }

  // The rest of an inbound connection's way, whichever listener took it.
  static Task<Result<>> admit(std::shared_ptr<Port> port, ByteConnection& connection) {
    LIBP2P_CO_TRY(const std::shared_ptr<const PortUse> use, co_await port->find_use(connection));
    connection.local = join(connection.local, use->suffix);
    connection.remote = join(connection.remote, use->remote_suffix);
    if (use->handshake) co_return co_await use->handshake(connection);
    co_return Result<>{};
  }

 private:
  using UsePtr = std::shared_ptr<const PortUse>;

  void close() noexcept {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  Task<Result<UsePtr>> find_use(ByteConnection& connection) {
    // With one use there is nothing to find out, and no reason to wait for who dialled to speak first.
    if (uses_.size() == 1) co_return uses_.begin()->second;
    LIBP2P_CO_TRY(const PortProtocol protocol, co_await find_protocol(connection));
    const auto use = uses_.find(protocol);
    if (use == uses_.end()) co_return fail(Errc::refused, "a protocol that this port isn't used for");
    co_return use->second;
  }

  Task<Result<PortProtocol>> find_protocol(ByteConnection& connection) {
    Stream& stream = *connection.stream;
    bool expired = false;
    const DeadlineGuard deadline(env_, decide_timeout_, [&stream, &expired] {
      expired = true;
      stream.reset();
    });
    std::array<std::uint8_t, max_first_bytes> first{};
    std::size_t have = 0;
    FirstBytes seen{.protocol = {}, .undecided = true};
    while (seen.undecided) {
      const auto got = co_await stream.read_some(MutableBytes(first).subspan(have));
      if (expired) co_return fail(Errc::timeout, "a connection that doesn't say what it speaks");
      if (!got) co_return std::unexpected(got.error());
      if (*got == 0) co_return fail(Errc::closed, "a connection that ended before it said what it speaks");
      have += *got;
      seen = recognise(BytesView(first).first(have));
    }
    if (!seen.protocol) co_return fail(Errc::protocol, "a connection that begins like nothing that is known");
    connection.stream =
        std::make_unique<RewoundStream>(BytesView(first).first(have), std::move(connection.stream));
    co_return *seen.protocol;
  }

  Env env_;
  Duration decide_timeout_;
  int socket_;
  std::map<PortProtocol, UsePtr> uses_;
};

class SharedPorts::Listener final : public ByteListener {
 public:
  Listener(std::unique_ptr<TcpListener> below, std::shared_ptr<Port> port, PortUse use)
      : below_(std::move(below)),
        port_(std::move(port)),
        protocol_(use.protocol),
        address_(join(below_->address(), use.suffix)) {
    port_->add(std::move(use));
  }
  ~Listener() override { Listener::close(); }

  Task<Result<ByteConnection>> accept() override {
    LIBP2P_CO_TRY(ByteConnection connection, co_await below_->accept());
    connection.handshake = [port = port_](ByteConnection& inbound) { return Port::admit(port, inbound); };
    co_return connection;
  }
  [[nodiscard]] Multiaddr address() const override { return address_; }
  void close() override {
    if (std::exchange(closed_, true)) return;
    port_->remove(protocol_);
    below_->close();
  }

 private:
  std::unique_ptr<TcpListener> below_;
  std::shared_ptr<Port> port_;
  PortProtocol protocol_;
  Multiaddr address_;
  bool closed_ = false;
};

SharedPorts::SharedPorts(Env env, Duration decide_timeout) : env_(env), decide_timeout_(decide_timeout) {}

std::shared_ptr<SharedPorts::Port> SharedPorts::find(const tcp::endpoint& endpoint) {
  std::erase_if(ports_, [](const auto& entry) {
    const auto port = entry.second.lock();
    return port == nullptr || !port->in_use();
  });
  const auto found = ports_.find(endpoint);
  return found == ports_.end() ? nullptr : found->second.lock();
}

Result<std::shared_ptr<SharedPorts::Port>> SharedPorts::open(const tcp::endpoint& endpoint,
                                                             const TcpConfig& config) {
  LIBP2P_TRY(TcpAcceptor acceptor, open_acceptor(env_.executor, endpoint, config));
  boost::system::error_code error;
  const tcp::endpoint bound = acceptor.local_endpoint(error);
  if (error) return tcp_error("listen", error);
  const int socket = acceptor.release(error);
  if (error) return tcp_error("listen", error);
  auto port = std::make_shared<Port>(env_, decide_timeout_, socket);
  if (config.share_port) ports_.insert_or_assign(bound, port);
  return port;
}

Result<std::unique_ptr<ByteListener>> SharedPorts::listen(const tcp::endpoint& endpoint,
                                                          const TcpConfig& config, PortUse use) {
  std::shared_ptr<Port> port = config.share_port ? find(endpoint) : nullptr;
  if (port == nullptr) {
    LIBP2P_TRY(port, open(endpoint, config));
  } else if (port->has(use.protocol)) {
    return fail(Errc::exists, "listen: the same is listened for there already");
  }
  LIBP2P_TRY(TcpAcceptor acceptor, port->make_acceptor(endpoint.protocol()));
  LIBP2P_TRY(std::unique_ptr<TcpListener> below, TcpListener::create(std::move(acceptor), config));
  return std::make_unique<Listener>(std::move(below), std::move(port), std::move(use));
}

}  // namespace libp2p
