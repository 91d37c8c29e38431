// Lets a test write what an honest QUIC session never would: the frames of its packets are replaced just
// before they are sealed. Include it in one file of a program only: it takes the place of the libraries' own
// functions there.
#pragma once

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "libp2p/base/bytes.hpp"

namespace libp2p::test {

// `header` begins with the first byte of the packet; the payload keeps its length, and is filled up with
// PADDING.
using Forgery = std::function<void(BytesView header, Bytes& payload)>;

inline Forgery& forgery() {
  static Forgery current;
  return current;
}

[[nodiscard]] inline bool is_short_header(BytesView header) { return (header[0] & 0x80) == 0; }
[[nodiscard]] inline bool is_handshake(BytesView header) {
  return (header[0] & 0xb0) == 0xa0;  // whatever the fixed bit is, which is greased
}

// How many bytes the next client that hears a server's handshake adds to its own.
inline std::size_t& handshake_excess() {
  static std::size_t current = 0;
  return current;
}

// Of the transport parameters, as they are encoded.
inline std::function<void(Bytes&)>& parameter_forgery() {
  static std::function<void(Bytes&)> current;
  return current;
}

// What GnuTLS is to speak, for identities that are made meanwhile, and sessions that begin then know no bound
// of their messages; null: what they ask for.
inline const char*& priorities_forgery() {
  static const char* current = nullptr;
  return current;
}

// Forges while it lives.
struct Forging {
  explicit Forging(Forgery how) { forgery() = std::move(how); }
  Forging(const Forging&) = delete;
  Forging& operator=(const Forging&) = delete;
  ~Forging() { forgery() = nullptr; }
};

}  // namespace libp2p::test

extern "C" int ngtcp2_crypto_encrypt_cb(uint8_t* dest, const ngtcp2_crypto_aead* aead,
                                        const ngtcp2_crypto_aead_ctx* context, const uint8_t* plaintext,
                                        size_t plaintext_size, const uint8_t* nonce, size_t nonce_size,
                                        const uint8_t* aad, size_t aad_size) {
  libp2p::Bytes payload(plaintext, plaintext + plaintext_size);
  if (const auto& forge = libp2p::test::forgery()) {
    forge({aad, aad_size}, payload);
    payload.resize(plaintext_size);
  }
  const int code = ngtcp2_crypto_encrypt(dest, aead, context, payload.data(), payload.size(), nonce,
                                         nonce_size, aad, aad_size);
  return code == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

extern "C" ngtcp2_ssize ngtcp2_conn_encode_local_transport_params(ngtcp2_conn* conn, uint8_t* dest,
                                                                  size_t dest_size) {
  const bool server = ngtcp2_conn_is_server(conn) != 0;
  const ngtcp2_ssize size = ngtcp2_encode_transport_params(
      dest, dest_size,
      server ? NGTCP2_TRANSPORT_PARAMS_TYPE_ENCRYPTED_EXTENSIONS : NGTCP2_TRANSPORT_PARAMS_TYPE_CLIENT_HELLO,
      ngtcp2_conn_get_local_transport_params(conn));
  const auto& forge = libp2p::test::parameter_forgery();
  if (size < 0 || !forge) return size;
  libp2p::Bytes encoded(dest, dest + size);
  forge(encoded);
  encoded.resize(std::min(encoded.size(), dest_size));
  std::ranges::copy(encoded, dest);
  return static_cast<ngtcp2_ssize>(encoded.size());
}

extern "C" int gnutls_priority_init(gnutls_priority_t* priority, const char* wanted, const char** wrong) {
  using Init = int (*)(gnutls_priority_t*, const char*, const char**);
  static const auto init = reinterpret_cast<Init>(dlsym(RTLD_NEXT, "gnutls_priority_init"));
  const char* const forged = libp2p::test::priorities_forgery();
  return init(priority, forged != nullptr ? forged : wanted, wrong);
}

extern "C" void gnutls_handshake_set_max_packet_length(gnutls_session_t session, size_t most) {
  using Set = void (*)(gnutls_session_t, size_t);
  static const auto set = reinterpret_cast<Set>(dlsym(RTLD_NEXT, "gnutls_handshake_set_max_packet_length"));
  if (libp2p::test::priorities_forgery() == nullptr) set(session, most);
}

extern "C" int ngtcp2_crypto_recv_crypto_data_cb(ngtcp2_conn* conn, ngtcp2_crypto_level level,
                                                 uint64_t offset, const uint8_t* data, size_t size,
                                                 void* user) {
  using Receive = int (*)(ngtcp2_conn*, ngtcp2_crypto_level, uint64_t, const uint8_t*, size_t, void*);
  static const auto receive =
      reinterpret_cast<Receive>(dlsym(RTLD_NEXT, "ngtcp2_crypto_recv_crypto_data_cb"));
  static const libp2p::Bytes more(200'000);  // referred to until it has arrived
  const int code = receive(conn, level, offset, data, size, user);
  const bool now = ngtcp2_conn_is_server(conn) == 0 && level == NGTCP2_CRYPTO_LEVEL_HANDSHAKE;
  if (code != 0 || !now || libp2p::test::handshake_excess() == 0) return code;
  const size_t excess = std::min(more.size(), std::exchange(libp2p::test::handshake_excess(), 0));
  return ngtcp2_conn_submit_crypto_data(conn, level, more.data(), excess);
}
