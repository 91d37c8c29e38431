#include "libp2p/transport/quic/port.hpp"

#include <boost/asio/post.hpp>

#include "libp2p/transport/quic/connection_core.hpp"
#include "libp2p/transport/quic/hub.hpp"

namespace libp2p::quic {

Result<std::shared_ptr<Port>> Port::open(std::shared_ptr<Hub> hub, const Address& at) {
  LIBP2P_TRY(UdpSocket socket, UdpSocket::open(hub->env().executor, at, hub->config().socket_buffer_bytes));
  auto port = std::make_shared<Port>(hub, std::move(socket));
  hub->add_port(port);
  port->wait_readable();
  return port;
}

Port::Port(std::shared_ptr<Hub> hub, UdpSocket socket)
    : hub_(std::move(hub)), socket_(std::move(socket)), arrival_(hub_->env().executor) {}

bool Port::serves(const Address& local) const {
  return local.port() == bound().port() && can_send_from(local.address());
}

bool Port::can_send_from(const boost::asio::ip::address& source) const {
  const auto& at = bound().address();
  if (at.is_v4() != source.is_v4()) return false;
  return at.is_unspecified() || at == source;
}

// The handlers keep nothing alive: they find the port gone once nobody keeps it.
void Port::wait_readable() {
  socket_.native().async_wait(boost::asio::socket_base::wait_read,
                              [weak = weak_from_this()](boost::system::error_code error) {
                                const auto port = weak.lock();
                                if (port && !error) port->read_turn();
                              });
}

void Port::read_turn() {
  std::size_t left = datagrams_a_turn;
  while (left > 0) {
    const auto received = socket_.receive(hub_->receive_buffer());
    if (!received) {
      wait_readable();
      return;
    }
    // An empty datagram counts as one (curl's CVE-2026-11352).
    const std::size_t count =
        received->bytes.empty()
            ? 1
            : (received->bytes.size() + received->segment_bytes - 1) / received->segment_bytes;
    left -= std::min(left, count);
    take(*received);
  }
  boost::asio::post(hub_->env().executor, [weak = weak_from_this()] {
    if (const auto port = weak.lock()) port->read_turn();
  });
}

void Port::take(const Received& received) {
  for (BytesView left = received.bytes; !left.empty();) {
    const BytesView one = left.first(std::min(received.segment_bytes, left.size()));
    take_datagram(received.path, one);
    left = left.subspan(one.size());
  }
}

void Port::take_datagram(const Path& path, BytesView datagram) {
  const auto header = read_header(datagram);
  if (!header || header->destination.size() > ConnectionId::max_bytes) {
    if (header) on_stranger(path, datagram);
    return;
  }
  if (ConnectionCore* connection = hub_->find(ConnectionId(header->destination))) {
    connection->on_datagram(path, datagram);
  } else {
    on_stranger(path, datagram);
  }
}

void Port::on_stranger(const Path& path, BytesView datagram) {
  const auto header = read_header(datagram);
  if (header->long_form && header->version != 0 && !is_our_version(header->version)) {
    if (!listening_ || datagram.size() < smallest_initial_bytes) return;
    if (!hub_->may_answer(StatelessAnswer::version_negotiation)) return;
    answer(path, version_negotiation(*header, hub_->env().random.bytes(1).front()));
  } else if (header->long_form) {
    if (listening_) on_client(path, datagram);
  } else if (const ConnectionId id(header->destination);
             !hub_->silent(id) && hub_->may_answer(StatelessAnswer::reset)) {
    if (hub_->offer_reset(path, datagram)) return;
    answer(path, stateless_reset(datagram, id, hub_->reset_secret(), hub_->env().random.bytes(32)));
  }
}

void Port::on_client(const Path& path, BytesView datagram) {
  const auto initial = read_initial(datagram);
  if (!initial) return;
  const QuicConfig& config = hub_->config();
  const Instant now = hub_->env().now();
  const CheckedToken token =
      check_token(*initial, path.remote, hub_->retry_secret(), config.retry_token_lifetime, now);
  if (token.verdict == TokenVerdict::invalid) {
    if (hub_->may_answer(StatelessAnswer::refused_token)) answer(path, refuse_token(*initial));
    return;
  }
  const bool crowded = hub_->half_open() >= config.retry_above_half_open ||
                       hub_->half_open_near(path.remote) >= config.retry_above_half_open_of_network;
  if (token.verdict == TokenVerdict::absent && crowded) {
    // It is shorter than what it answers, and nothing is kept: there may be any number of them.
    const ConnectionId own(hub_->env().random.bytes(own_id_bytes));
    answer(path, retry(*initial, path.remote, own, hub_->retry_secret(), now));
    return;
  }
  if (hub_->half_open() >= config.max_half_open || arrived_.size() >= backlog) return;
  begin(path, datagram, *initial,
        token.verdict == TokenVerdict::valid ? std::optional(token.original) : std::nullopt);
}

void Port::begin(const Path& path, BytesView datagram, const Initial& initial,
                 const std::optional<ConnectionId>& retried) {
  auto session = Session::accept(hub_->session_parts(), path, initial, retried, hub_->env().now());
  if (!session) {
    hub_->env().log.debug("quic.not_accepted", {{"why", session.error().to_string()}});
    return;
  }
  const auto connection =
      ConnectionCore::make(hub_, shared_from_this(), std::move(*session), Direction::inbound);
  connection->on_datagram(path, datagram);
  // What isn't the beginning of a handshake is found out at once.
  if (connection->session().ended()) return;
  arrived_.push_back(connection);
  arrival_.notify_one();
}

void Port::answer(const Path& path, const Bytes& datagram) {
  if (datagram.empty()) return;
  answer_.assign(path, datagram);
  (void)socket_.send(answer_);
}

Task<std::shared_ptr<ConnectionCore>> Port::accept(std::shared_ptr<Port> port) {
  for (;;) {
    while (port->arrived_.empty() && port->listening_) co_await port->arrival_.wait();
    if (!port->listening_) co_return nullptr;
    std::shared_ptr<ConnectionCore> connection = std::move(port->arrived_.front());
    port->arrived_.pop_front();
    if (!connection->session().ended()) co_return connection;
  }
}

void Port::stop_listening() {
  listening_ = false;
  for (const auto& connection : std::exchange(arrived_, {})) {
    connection->close(Error{Errc::closed, "the listener was closed"});
  }
  arrival_.notify_all();
}

void Port::flush_when_writable(std::shared_ptr<ConnectionCore> connection) {
  const bool waits_already = !blocked_.empty();
  blocked_.insert(std::move(connection));
  if (waits_already) return;
  socket_.native().async_wait(boost::asio::socket_base::wait_write,
                              [weak = weak_from_this()](boost::system::error_code /*error*/) {
                                const auto port = weak.lock();
                                if (!port) return;
                                for (const auto& one : std::exchange(port->blocked_, {})) one->mark();
                              });
}

}  // namespace libp2p::quic
