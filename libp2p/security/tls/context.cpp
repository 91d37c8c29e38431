#include "libp2p/security/tls/context.hpp"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "libp2p/security/tls/engine.hpp"

namespace libp2p::tls {
namespace {

// Where the processor has instructions for it AES is the faster cipher by far, elsewhere ChaCha20.
bool has_fast_aes() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__) && defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  return false;
#endif
}

constexpr const char* aes_first =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* chacha_first =
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
// What verify_peer_certificate takes, as the other side is told.
constexpr const char* signatures = "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:RSA+SHA256";

void set_up(SSL_CTX* settings) {
  const bool ok = SSL_CTX_set_min_proto_version(settings, TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_max_proto_version(settings, TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_ciphersuites(settings, has_fast_aes() ? aes_first : chacha_first) == 1 &&
                  SSL_CTX_set1_groups_list(settings, "X25519:P-256") == 1 &&
                  SSL_CTX_set1_sigalgs_list(settings, signatures) == 1 &&
                  SSL_CTX_set_num_tickets(settings, 0) == 1;
  openssl::require(ok, "TLS settings");
  // A client that has ChaCha20 first is one without instructions for AES.
  SSL_CTX_set_options(settings, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(settings, static_cast<long>(max_peer_certificate_bytes));
  SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

Result<> use_certificate(SSL_CTX* settings, const PeerCertificate& certificate) {
  const openssl::ErrorScope errors;
  const std::uint8_t* at = certificate.private_key_der.data();
  const openssl::Pkey key(
      d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(certificate.private_key_der.size())));
  const bool ok = key &&
                  SSL_CTX_use_certificate_ASN1(settings, static_cast<int>(certificate.certificate_der.size()),
                                               certificate.certificate_der.data()) == 1 &&
                  SSL_CTX_use_PrivateKey(settings, key.get()) == 1;
  if (!ok) return fail(Errc::invalid_argument, "a certificate and key that OpenSSL can't use");
  return {};
}

Engine& engine_of(const SSL* connection) { return *static_cast<Engine*>(SSL_get_app_data(connection)); }

MutableBytes bytes_at(char* data, int size) {
  return {reinterpret_cast<std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

// The other operations that a BIO may be asked for mean nothing here.
long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

// Lambdas are the callbacks, since the engine's parts are private to everybody but this class.
Context::Context()
    : settings_(SSL_CTX_new(TLS_method())), bytes_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "libp2p stream")) {
  openssl::require(settings_ && bytes_, "TLS context");
  set_up(settings_.get());
  SSL_CTX_set_cert_verify_callback(
      settings_.get(),
      [](X509_STORE_CTX* chain, void*) {
        const auto* connection =
            static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
        return engine_of(connection).verify_certificate(chain) ? 1 : 0;
      },
      nullptr);
  SSL_CTX_set_alpn_select_cb(
      settings_.get(),
      [](SSL* connection, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
         unsigned in_size, void*) {
        const auto chosen = engine_of(connection).choose_protocol({in, in_size});
        if (!chosen) return SSL_TLSEXT_ERR_ALERT_FATAL;
        *out = chosen->data();
        *out_size = static_cast<unsigned char>(chosen->size());
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  SSL_CTX_set_msg_callback(settings_.get(),
                           [](int outgoing, int, int kind, const void*, std::size_t, SSL* connection, void*) {
                             if (outgoing == 0 && kind == SSL3_RT_HANDSHAKE)
                               engine_of(connection).message_arrived();
                           });
  const bool ok =
      BIO_meth_set_read(bytes_.get(),
                        [](BIO* bio, char* out, int size) {
                          BIO_clear_retry_flags(bio);
                          const int got =
                              static_cast<Engine*>(BIO_get_data(bio))->read_bytes(bytes_at(out, size));
                          if (got == 0) BIO_set_retry_read(bio);
                          return got > 0 ? got : -1;
                        }) == 1 &&
      BIO_meth_set_write(bytes_.get(),
                         [](BIO* bio, const char* data, int size) {
                           const BytesView bytes(reinterpret_cast<const std::uint8_t*>(data),
                                                 static_cast<std::size_t>(size));
                           return static_cast<Engine*>(BIO_get_data(bio))->write_bytes(bytes);
                         }) == 1 &&
      BIO_meth_set_ctrl(bytes_.get(), &control) == 1;
  openssl::require(ok, "BIO method");
}

Result<std::shared_ptr<const Context>> Context::create(const PeerCertificate& certificate) {
  std::shared_ptr<Context> context(new Context());
  LIBP2P_CHECK(use_certificate(context->settings(), certificate));
  return std::shared_ptr<const Context>(std::move(context));
}

}  // namespace libp2p::tls
