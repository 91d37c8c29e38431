// One TLS connection without its I/O: bytes from the other side in, bytes for it out. Inside of this module
// only.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/traffic_buffers.hpp"
#include "libp2p/security/tls/context.hpp"
#include "libp2p/security/tls/role.hpp"

namespace libp2p::tls {

inline constexpr std::size_t record_plaintext = 16UZ * 1024;
// What one write takes at most: so many full records.
inline constexpr std::size_t records_at_once = 16;
inline constexpr std::size_t max_batch = records_at_once * record_plaintext;
// All of a handshake from the other side. Real ones have 1 to 4 KiB.
inline constexpr std::size_t max_handshake_bytes = 16UZ * 1024;
// Messages after the handshake (KeyUpdate, NewSessionTicket): so many, and one more for each MiB received.
inline constexpr std::size_t max_later_messages = 32;

struct EngineOptions {
  std::vector<std::string> protocols;  // for ALPN, in order of preference
  std::optional<PeerId> expected_peer;
  WallTime now;  // for the other side's certificate
  // After so many records another key is used; AES-GCM allows 2^24.5 (RFC 8446, 5.5).
  std::uint64_t records_a_key = std::uint64_t{1} << 23;
};

// Its owner brings what arrives into received() and takes away output(). Not movable: OpenSSL points to it.
class Engine {
 public:
  Engine(std::shared_ptr<const Context> context, Role role, EngineOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Goes on with the handshake: true once it is done, false when more has to be received. Either way, and
  // after an error, output() may have something for the other side. Errors: limit (max_handshake_bytes),
  // refused (another peer than expected; an alert from the other side), protocol, and those of
  // verify_peer_certificate.
  [[nodiscard]] Result<bool> shake();
  // The other side's identity and the protocol that both speak; once the handshake is done.
  [[nodiscard]] const PublicKey& remote_key() const noexcept { return remote_key_; }
  [[nodiscard]] const PeerId& remote_peer() const noexcept { return remote_peer_; }
  [[nodiscard]] const std::string& protocol() const noexcept { return protocol_; }

  // Fills `out` from what has been received: how far, 0 for the end that the other side has declared, none
  // when more has to be received. The first error is that of every later call. Errors: crypto (a record that
  // doesn't verify), protocol, limit (max_later_messages), refused (an alert).
  [[nodiscard]] Result<std::optional<std::size_t>> read(MutableBytes out);
  // `plaintext`, at most max_batch of it, in records, behind what else has to go out. Valid until the next
  // write. Errors: protocol, after a failure of read().
  [[nodiscard]] Result<BytesView> write(BytesView plaintext);
  // Declares the end of what is written. Valid until the next write.
  [[nodiscard]] Result<BytesView> finish();

  [[nodiscard]] ReceiveBuffer& received() noexcept { return received_; }
  [[nodiscard]] bool has_received() const noexcept { return bytes_in_ > 0 || !received_.unread().empty(); }
  // What a handshake has for the other side. Later it goes with the next write.
  [[nodiscard]] Bytes take_output() noexcept { return std::exchange(waiting_, {}); }

 private:
  friend class Context;  // hands over OpenSSL's calls

  int read_bytes(MutableBytes out);
  int write_bytes(BytesView data);
  bool verify_certificate(X509_STORE_CTX* chain);
  [[nodiscard]] std::optional<BytesView> choose_protocol(BytesView offered) const;
  void message_arrived() noexcept;

  [[nodiscard]] Error failure(std::string_view doing);
  void change_key_in_time(std::size_t records);
  [[nodiscard]] Result<> check_protocol();
  template <class Produce>
  Result<BytesView> collect(std::size_t size, Produce produce);

  std::shared_ptr<const Context> context_;
  std::unique_ptr<SSL, openssl::Releaser<&SSL_free>> connection_;
  EngineOptions options_;
  bool done_ = false;
  std::optional<Error> refusal_;  // why one of our own checks stopped it
  PublicKey remote_key_;
  PeerId remote_peer_;
  std::string protocol_;

  ReceiveBuffer received_;
  std::uint64_t bytes_in_ = 0;  // that OpenSSL has taken
  std::uint64_t later_messages_ = 0;
  std::optional<Error> read_failure_;

  SendBuffer sending_;
  MutableBytes room_;       // for what OpenSSL writes in a write
  std::size_t filled_ = 0;  // of it
  Bytes waiting_;           // what it wrote else
  std::uint64_t records_out_ = 0;
};

}  // namespace libp2p::tls
