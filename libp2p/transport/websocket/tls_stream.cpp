#include "libp2p/transport/websocket/tls_stream.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace libp2p::websocket {
namespace {

constexpr std::string_view alpn = "\x08http/1.1";
// Two records of TLS and a little: one read brings what two steps need.
constexpr std::size_t receive_size = 34UZ * 1024;
// A batch of records that goes to the stream below in one write.
constexpr std::size_t send_size = 64UZ * 1024;
constexpr std::size_t most_unsent = 2 * send_size;

// What OpenSSL reads from and writes to.
struct Wire {
  BytesView in;
  Bytes out;
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int bio_read(BIO* bio, char* to, int size) {
  Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  if (wire.in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(wire.in.size(), static_cast<std::size_t>(size));
  std::memcpy(to, wire.in.data(), count);
  wire.in = wire.in.subspan(count);
  return static_cast<int>(count);
}

int bio_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  // Only a peer that provokes alerts, and whom nothing is written to, gets so far.
  if (wire_of(bio).out.size() > most_unsent) return -1;
  append(wire_of(bio).out, as_bytes({from, static_cast<std::size_t>(size)}));
  return size;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* wire_method() {
  static const std::unique_ptr<BIO_METHOD, openssl::Releaser<&BIO_meth_free>> method([] {
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "stream");
    openssl::require(made != nullptr && BIO_meth_set_read(made, &bio_read) == 1 &&
                         BIO_meth_set_write(made, &bio_write) == 1 &&
                         BIO_meth_set_ctrl(made, &bio_control) == 1,
                     "BIO_METHOD");
    return made;
  }());
  return method.get();
}

std::string reason_of_queue() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

class TlsStream final : public Stream {
 public:
  TlsStream(StreamPtr below, SharedSslContext context)
      : below_(std::move(below)), context_(std::move(context)), ssl_(SSL_new(context_.get())) {
    BIO* const bio = BIO_new(wire_method());
    openssl::require(ssl_ != nullptr && bio != nullptr, "SSL_new");
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }
  ~TlsStream() override { below_->reset(); }

  [[nodiscard]] SSL* ssl() noexcept { return ssl_.get(); }

  Task<Result<>> handshake() {
    for (;;) {
      const Result<bool> done = shake_hands();
      // An alert has to go out, too.
      auto sent = co_await flush();
      if (!done) {
        (void)co_await below_->close_write();
        co_return std::unexpected(done.error());
      }
      if (!sent || *done) co_return sent;
      LIBP2P_CO_TRY(const std::size_t got, co_await receive());
      if (got == 0) co_return fail(Errc::closed, "tls: the other side closed in the middle of the handshake");
    }
  }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    assert(!out.empty());
    for (;;) {
      bool ended = false;
      LIBP2P_CO_TRY(const std::size_t size, decrypt(out, ended));
      if (size > 0 || ended) co_return size;
      LIBP2P_CO_TRY(const std::size_t got, co_await receive());
      if (got == 0) co_return fail(Errc::reset, "tls: the connection was cut");
    }
  }

  Task<Result<>> write(BytesView data) override {
    while (!data.empty()) {
      const BytesView chunk = data.first(std::min(data.size(), send_size));
      data = data.subspan(chunk.size());
      LIBP2P_CO_CHECK(encrypt(chunk));
      LIBP2P_CO_CHECK(co_await flush());
    }
    co_return Result<>{};
  }

  Task<Result<>> close_write() override {
    {
      const openssl::ErrorScope errors;
      (void)SSL_shutdown(ssl_.get());  // our close_notify; the other side's is read as the end
    }
    LIBP2P_CO_CHECK(co_await flush());
    co_return co_await below_->close_write();
  }

  void reset() override { below_->reset(); }

 private:
  // Whether the handshake is complete; else there is something to send or to be received.
  Result<bool> shake_hands() {
    const openssl::ErrorScope errors;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return true;
    if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return false;
    return fail(Errc::crypto, "tls: " + describe_failure());
  }

  // As many records as have arrived and fit. What is wrong behind data comes with the next call.
  Result<std::size_t> decrypt(MutableBytes out, bool& ended) {
    const openssl::ErrorScope errors;
    std::size_t filled = 0;
    while (filled < out.size()) {
      std::size_t size = 0;
      const int result = SSL_read_ex(ssl_.get(), out.data() + filled, out.size() - filled, &size);
      filled += size;
      if (result == 1) continue;
      const int why = SSL_get_error(ssl_.get(), result);
      ended = why == SSL_ERROR_ZERO_RETURN;
      if (filled > 0 || ended || why == SSL_ERROR_WANT_READ) break;
      return fail(Errc::crypto, "tls: " + describe_failure());
    }
    return filled;
  }

  Result<> encrypt(BytesView data) {
    if (cut_off_) return fail(Errc::reset, "a write before this one was cut off");
    const openssl::ErrorScope errors;
    std::size_t taken = 0;
    if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &taken) != 1) {
      return fail(Errc::crypto, "tls: " + describe_failure());
    }
    return {};
  }

  // What OpenSSL has for the other side. What is left in the middle can't be gone on with.
  Task<Result<>> flush() {
    while (!wire_.out.empty() && !cut_off_) {
      sending_.clear();
      sending_.swap(wire_.out);
      cut_off_ = true;
      LIBP2P_CO_CHECK(co_await below_->write(sending_));
      cut_off_ = false;
    }
    co_return Result<>{};
  }

  Task<Result<std::size_t>> receive() {
    assert(wire_.in.empty());
    received_.resize(receive_size);
    LIBP2P_CO_TRY(const std::size_t got, co_await below_->read_some(received_));
    wire_.in = BytesView(received_).first(got);
    co_return got;
  }

  [[nodiscard]] std::string describe_failure() const {
    const long verified = SSL_get_verify_result(ssl_.get());
    if (SSL_is_server(ssl_.get()) == 0 && verified != X509_V_OK &&
        SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
      return std::string("the server's certificate: ") + X509_verify_cert_error_string(verified);
    }
    return reason_of_queue();
  }

  StreamPtr below_;
  SharedSslContext context_;
  Wire wire_;  // before ssl_, which refers to it
  std::unique_ptr<SSL, openssl::Releaser<&SSL_free>> ssl_;
  Bytes received_;
  Bytes sending_;
  bool cut_off_ = false;
};

// A server takes http/1.1 where it is offered, and does without where ALPN is not spoken or names others.
int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

SslContext make_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  openssl::require(context != nullptr && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1,
                   "SSL_CTX_new");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // The fastest that is strong enough comes first.
  openssl::require(
      SSL_CTX_set_ciphersuites(
          context.get(), "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") == 1,
      "cipher suites");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

bool is_ip(const std::string& host) {
  std::array<std::uint8_t, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

void expect_host(SSL* ssl, const std::string& host, WallTime now) {
  X509_VERIFY_PARAM* const param = SSL_get0_param(ssl);
  const bool ip = is_ip(host);
  const bool set = ip ? X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1
                      : X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1 &&
                            SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  openssl::require(set, "the name of a server");
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set_time(
      param, std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace

SslContext make_server_context() {
  SslContext context = make_context(TLS_server_method());
  SSL_CTX_set_alpn_select_cb(context.get(), &choose_alpn, nullptr);
  return context;
}

SslContext make_client_context() {
  SslContext context = make_context(TLS_client_method());
  openssl::require(SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                                           static_cast<unsigned>(alpn.size())) == 0,
                   "ALPN");
  return context;
}

Task<Result<StreamPtr>> accept_tls(StreamPtr below, SharedSslContext context) {
  auto stream = std::make_unique<TlsStream>(std::move(below), std::move(context));
  SSL_set_accept_state(stream->ssl());
  LIBP2P_CO_CHECK(co_await stream->handshake());
  co_return StreamPtr(std::move(stream));
}

Task<Result<StreamPtr>> connect_tls(Env env, StreamPtr below, SharedSslContext context, std::string host) {
  auto stream = std::make_unique<TlsStream>(std::move(below), std::move(context));
  SSL_set_connect_state(stream->ssl());
  expect_host(stream->ssl(), host, env.clock.wall());
  LIBP2P_CO_CHECK(co_await stream->handshake());
  co_return StreamPtr(std::move(stream));
}

}  // namespace libp2p::websocket
