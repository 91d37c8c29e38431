#include "libp2p/transport/quic/ngtcp2_session.hpp"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <algorithm>
#include <string>
#include <utility>

#include "libp2p/transport/quic/ngtcp2_native.hpp"

namespace libp2p::quic {
namespace {

constexpr std::size_t initial_id_bytes = 16;  // of the id that a client invents for the server
constexpr std::uint8_t no_application_protocol = 120;
constexpr std::chrono::minutes migration_period(1);
// What ngtcp2 may hold of what came, beside data that came out of order: its pools grow and never shrink.
constexpr std::size_t pools_bytes = 1U << 20;

}  // namespace

Session::Session(SessionParts parts, const Path& path, Instant now)
    : parts_(std::move(parts)),
      path_(path),
      window_(parts_.config.initial_connection_window_bytes, parts_.config.max_connection_window_bytes, now),
      migration_limit_(parts_.config.max_migrations_per_minute, migration_period) {}

Session::~Session() {
  if (memory_.budget() != nullptr) memory_.budget()->give_back(window_.growth());
}

Result<std::unique_ptr<Session>> Session::connect(SessionParts parts, const Path& path,
                                                  std::optional<PeerId> expected, Instant now) {
  std::unique_ptr<Session> made(new Session(std::move(parts), path, now));
  made->client_ = true;
  made->expected_ = std::move(expected);
  LIBP2P_CHECK(made->start(TlsSession::Role::client, made->fresh_id(initial_id_bytes),
                           made->fresh_id(own_id_bytes), nullptr, std::nullopt, now));
  return made;
}

Result<std::unique_ptr<Session>> Session::accept(SessionParts parts, const Path& path, const Initial& initial,
                                                 std::optional<ConnectionId> retried, Instant now) {
  std::unique_ptr<Session> made(new Session(std::move(parts), path, now));
  LIBP2P_CHECK(made->start(TlsSession::Role::server, initial.source, made->fresh_id(own_id_bytes), &initial,
                           retried, now));
  made->events_.new_ids.push_back(initial.destination);
  return made;
}

ConnectionId Session::fresh_id(std::size_t size) { return ConnectionId(parts_.random.bytes(size)); }

Result<> Session::start(TlsSession::Role role, const ConnectionId& remote, const ConnectionId& own,
                        const Initial* initial, const std::optional<ConnectionId>& retried, Instant now) {
  native_ = std::make_unique<Native>();
  LIBP2P_TRY(native_->tls, TlsSession::create(parts_.identity, role, Callbacks::verify));
  const QuicConfig& config = parts_.config;
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_native(now);
  settings.rand_ctx.native_handle = &parts_.random;
  settings.handshake_timeout = static_cast<ngtcp2_duration>(config.handshake_timeout.count());
  settings.cc_algo = NGTCP2_CC_ALGO_CUBIC;

  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_local = config.initial_window_bytes;
  params.initial_max_stream_data_bidi_remote = config.initial_window_bytes;
  params.initial_max_data = config.initial_connection_window_bytes;
  params.initial_max_streams_bidi = config.max_inbound_streams;
  params.max_idle_timeout = static_cast<ngtcp2_duration>(config.idle_timeout.count());
  params.active_connection_id_limit = 8;

  const ngtcp2_cid remote_id = to_native(remote);
  const ngtcp2_cid own_id = to_native(own);
  const ngtcp2_path path = to_native(path_);
  const ngtcp2_callbacks calls = Callbacks::table(client_);
  int code = 0;
  if (client_) {
    code = ngtcp2_conn_client_new(&native_->conn, &remote_id, &own_id, &path, NGTCP2_PROTO_VER_V1, &calls,
                                  &settings, &params, &native_->mem, this);
  } else {
    params.original_dcid = to_native(retried ? *retried : initial->destination);
    params.stateless_reset_token_present = 1;
    if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token, parts_.reset_secret.data(),
                                                     parts_.reset_secret.size(), &own_id) != 0) {
      return libp2p::fail(Errc::crypto, "no stateless reset token");
    }
    Bytes token;
    if (retried) {
      params.retry_scid_present = 1;
      params.retry_scid = to_native(initial->destination);
      token = initial->token;
      settings.token = {token.data(), token.size()};
    }
    code = ngtcp2_conn_server_new(&native_->conn, &remote_id, &own_id, &path, NGTCP2_PROTO_VER_V1, &calls,
                                  &settings, &params, &native_->mem, this);
  }
  if (code != 0) return libp2p::fail(Errc::io, std::string("QUIC: ") + ngtcp2_strerror(code));

  native_->ref = {.get_conn = Native::get_conn, .user_data = this};
  const gnutls_session_t tls = native_->tls.get();
  gnutls_session_set_ptr(tls, &native_->ref);
  ngtcp2_conn_set_tls_native_handle(native_->conn, tls);
  const int configured = client_ ? ngtcp2_crypto_gnutls_configure_client_session(tls)
                                 : ngtcp2_crypto_gnutls_configure_server_session(tls);
  if (configured != 0) return libp2p::fail(Errc::crypto, "the TLS session can't be used for QUIC");
  ngtcp2_conn_set_keep_alive_timeout(native_->conn, static_cast<ngtcp2_duration>(config.keep_alive.count()));
  events_.new_ids.push_back(own);
  return {};
}

void Session::receive(const Path& path, BytesView datagram, Instant now) {
  if (!native_ || datagram.empty()) return;
  now_ = now;
  heard_ = true;
  // We speak one version: what says that there are others is no help, and may be forged (ATTACKS, QU15).
  if (const auto header = read_header(datagram); header && header->long_form && header->version == 0) {
    other_versions_ = true;
    return;
  }
  if (!client_ && established_ && path.remote != path_.remote && !migration_limit_.allows(now)) return;
  const std::size_t before = native_->allocated;
  const ngtcp2_path native_path = to_native(path);
  const ngtcp2_pkt_info info{};
  const int code = ngtcp2_conn_read_pkt(native_->conn, &native_path, &info, datagram.data(), datagram.size(),
                                        to_native(now));
  if (established_) {
    const std::size_t held = reordering_ + native_->allocated;
    reordering_ = held > before ? held - before : 0;
  }
  on_read_result(code, now);
  (void)memory_.cover(held(unread_, buffered_));
  watch_progress(now);
  if (native_ && reordering_ > 2 * window_.size() + pools_bytes) {
    end(Error{Errc::limit, "the other side sends with gaps that cost more than its window"});
    say_farewell(false, NGTCP2_ERR_INTERNAL, now);
  }
  finish_when_sent(now);
}

void Session::on_read_result(int code, Instant now) {
  switch (code) {
    case 0:
      follow_path(now);
      return;
    case NGTCP2_ERR_DRAINING:
      peer_knows_ = true;
      end(closed_by_peer());
      drop_native();
      return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
      end(Error{Errc::protocol, "the first packets are not those of a client"});
      drop_native();
      return;
    default:
      fail(code, now);
  }
}

Error Session::closed_by_peer() const {
  if (reset_by_peer_) return {Errc::reset, "the other side has lost the connection"};
  ngtcp2_connection_close_error said{};
  ngtcp2_conn_get_connection_close_error(native_->conn, &said);
  const std::string reason =
      said.reasonlen == 0 ? std::string() : ": " + printable(as_text({said.reason, said.reasonlen}));
  if (said.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION) {
    return {Errc::closed, "the other side closed the connection" + reason};
  }
  if (said.error_code == NGTCP2_NO_ERROR)
    return {Errc::closed, "the other side closed the connection" + reason};
  if (said.error_code >= NGTCP2_CRYPTO_ERROR && said.error_code < NGTCP2_CRYPTO_ERROR + 256) {
    return {Errc::refused, "the other side refused the handshake, TLS alert " +
                               std::to_string(said.error_code - NGTCP2_CRYPTO_ERROR) + reason};
  }
  return {Errc::protocol,
          "the other side closed the connection, error " + std::to_string(said.error_code) + reason};
}

// The server follows its client to a new address; ngtcp2 has seen a packet from there, and validates the
// path.
void Session::follow_path(Instant now) {
  const Path current = from_native(*ngtcp2_conn_get_path(native_->conn));
  if (current == path_) return;
  if (current.remote != path_.remote) {
    migration_limit_.count(now);
    ++migrations_;
  }
  path_ = current;
}

void Session::fail(int code, Instant now) {
  if (verdict_) {
    end(*verdict_);
  } else if (code == NGTCP2_ERR_CRYPTO) {
    const int alert = ngtcp2_conn_get_tls_alert(native_->conn);
    end(Error{Errc::crypto, "the TLS handshake failed, alert " + std::to_string(alert)});
  } else {
    end(Error{Errc::protocol, std::string("the other side broke the protocol: ") + ngtcp2_strerror(code)});
  }
  say_farewell(false, code, now);
}

std::optional<Instant> Session::next_timer() const {
  if (!native_) return std::nullopt;
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(native_->conn);
  std::optional<Instant> next = linger_until_;
  const auto consider = [&next](Instant at) { next = next ? std::min(*next, at) : at; };
  // At the very moment some of ngtcp2's timers aren't due yet.
  if (expiry != UINT64_MAX) consider(instant_from_native(expiry) + std::chrono::nanoseconds(1));
  if (progress_) consider(*progress_ + parts_.config.write_timeout);
  return next;
}

void Session::on_timer(Instant now) {
  if (!native_) return;
  now_ = now;
  if (linger_until_ && now >= *linger_until_) {
    say_farewell(true, 0, now);
    return;
  }
  if (progress_ && now - *progress_ >= parts_.config.write_timeout) {
    progress_ = now;
    if (!ended_ && others_keep_us_waiting()) {
      end(Error{Errc::timeout, "the other side took nothing of what is sent to it for too long"});
      say_farewell(true, 0, now);
      return;
    }
  }
  if (to_native(now) <= ngtcp2_conn_get_expiry(native_->conn)) return;
  const int code = ngtcp2_conn_handle_expiry(native_->conn, to_native(now));
  if (code == NGTCP2_ERR_IDLE_CLOSE) {
    end(Error{Errc::timeout, "the other side sent nothing for too long"});
    drop_native();
  } else if (code == NGTCP2_ERR_HANDSHAKE_TIMEOUT) {
    end(Error{Errc::timeout, other_versions_ ? "the other side speaks other versions of QUIC" : "no answer"});
    say_farewell(true, 0, now);
  } else if (code != 0) {
    fail(code, now);
  }
}

Result<> Session::migrate(const Address& local, Instant now) {
  if (!client_ || !native_ || ended_)
    return libp2p::fail(Errc::invalid_argument, "only a live client migrates");
  Path next{local, path_.remote};
  const ngtcp2_path native_path = to_native(next);
  const int code = ngtcp2_conn_initiate_immediate_migration(native_->conn, &native_path, to_native(now));
  switch (code) {
    case 0:
      path_ = std::move(next);
      ++migrations_;
      return {};
    case NGTCP2_ERR_INVALID_ARGUMENT:
      return libp2p::fail(Errc::invalid_argument, "the connection is at that address");
    case NGTCP2_ERR_CONN_ID_BLOCKED:
      return libp2p::fail(Errc::busy, "the other side has given no further connection id");
    default: {
      const bool early = ngtcp2_conn_get_remote_transport_params(native_->conn) == nullptr || !established_;
      return early ? libp2p::fail(Errc::busy, "the handshake isn't over")
                   : libp2p::fail(Errc::refused, "the other side wants no migration");
    }
  }
}

void Session::close(Error why, Instant now) {
  if (ended_) return;
  now_ = now;
  end(std::move(why));
  if (!established_ || buffered_ == 0) {
    finish_when_sent(now);
    if (native_ && !established_) say_farewell(true, 0, now);
    if (!native_) return;
  }
  linger_until_ = now + parts_.config.linger;
}

void Session::abandon(Error why) {
  end(std::move(why));
  drop_native();
  farewell_.size = 0;
}

// Every stream fails, after what had come before.
void Session::end(Error why) {
  if (ended_) return;
  ended_ = std::move(why);
  const Error failure{Errc::reset, "the connection ended: " + ended_->to_string()};
  for (const auto& [id, stream] : streams_) {
    if (!stream->read_failure && !stream->fin_received) stream->read_failure = failure;
    if (!stream->write_failure) stream->write_failure = failure;
    count_off(*stream);
    touch(*stream);
  }
  for (const StreamStatePtr& stream : incoming_) {
    stream->released = true;
    unread_ -= stream->unread.size();
    stream->unread.clear();
    count_off(*stream);
  }
  incoming_.clear();
}

// Once everything that had been taken over has arrived, nothing keeps the connection.
void Session::finish_when_sent(Instant now) {
  if (!ended_ || !native_) return;
  if (buffered_ == 0 && next_turn() == nullptr) say_farewell(true, 0, now);
}

void Session::say_farewell(bool in_order, int code, Instant now) {
  if (!native_) return;
  ngtcp2_connection_close_error what;
  ngtcp2_connection_close_error_default(&what);
  if (in_order) {
    ngtcp2_connection_close_error_set_application_error(&what, 0, nullptr, 0);
  } else if (verdict_ && verdict_->code == Errc::not_supported) {
    ngtcp2_connection_close_error_set_transport_error_tls_alert(&what, no_application_protocol, nullptr, 0);
  } else if (code == NGTCP2_ERR_CRYPTO) {
    ngtcp2_connection_close_error_set_transport_error_tls_alert(
        &what, ngtcp2_conn_get_tls_alert(native_->conn), nullptr, 0);
  } else {
    ngtcp2_connection_close_error_set_transport_error_liberr(&what, code, nullptr, 0);
  }
  ngtcp2_path_storage storage;
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_pkt_info info{};
  Bytes packet(smallest_initial_bytes);
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
      native_->conn, &storage.path, &info, packet.data(), packet.size(), &what, to_native(now));
  if (size > 0) {
    farewell_.assign(from_native(storage.path), BytesView(packet).first(static_cast<std::size_t>(size)));
  }
  drop_native();
}

void Session::drop_native() {
  linger_until_.reset();
  held_.size = 0;
  for (const auto& [id, stream] : streams_) {
    stream->closed = true;
    stream->outgoing.clear();
    stream->sent = 0;
    count_off(*stream);
  }
  streams_.clear();
  turns_.clear();
  blocked_.clear();
  unbuffer(buffered_);
  progress_.reset();
  native_.reset();
}

}  // namespace libp2p::quic
