// A connection of ngtcp2 and its TLS, and what they call back. Seen only by the parts of Session.
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "libp2p/transport/quic/ngtcp2_session.hpp"
#include "libp2p/transport/quic/ngtcp2_values.hpp"

namespace libp2p::quic {

struct Session::Native {
  Native() noexcept;
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;
  ~Native() {
    if (conn != nullptr) ngtcp2_conn_del(conn);
  }
  static ngtcp2_conn* get_conn(ngtcp2_crypto_conn_ref* ref) {
    return static_cast<Session*>(ref->user_data)->native_->conn;
  }

  std::size_t allocated = 0;  // by ngtcp2 for this connection, in bytes
  ngtcp2_mem mem;
  ngtcp2_crypto_conn_ref ref{};
  TlsSession tls;
  ngtcp2_conn* conn = nullptr;
};

// They only note what happened: a connection must not be destroyed under its own feet.
struct Session::Callbacks {
  struct Calls;
  [[nodiscard]] static ngtcp2_callbacks table(bool client);
  [[nodiscard]] static int verify(gnutls_session_t tls);
};

}  // namespace libp2p::quic
