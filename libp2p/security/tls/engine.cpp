#include "libp2p/security/tls/engine.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cassert>

namespace libp2p::tls {
namespace {

// Header, kind and tag.
constexpr std::size_t record_overhead = 5 + 1 + 16;
// A KeyUpdate in its record, and something to spare.
constexpr std::size_t for_key_update = 64;
constexpr std::size_t most_received = records_at_once * (record_plaintext + 256);
constexpr std::size_t bytes_a_later_message = 1024UZ * 1024;
// What waits for the next write when nobody writes: answers to max_later_messages, and an alert.
constexpr std::size_t most_waiting = 64UZ * 1024;
constexpr std::size_t most_sent =
    max_batch + (records_at_once + 1) * record_overhead + for_key_update + most_waiting;

Bytes alpn_list(const std::vector<std::string>& protocols) {
  Bytes list;
  for (const std::string& protocol : protocols) {
    list.push_back(static_cast<std::uint8_t>(protocol.size()));
    append(list, as_bytes(protocol));
  }
  return list;
}

// OpenSSL's words for the first thing that went wrong in its last call.
std::string openssl_reason(unsigned long code) {
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

}  // namespace

Engine::Engine(std::shared_ptr<const Context> context, Role role, EngineOptions options)
    : context_(std::move(context)),
      connection_(SSL_new(context_->settings())),
      options_(std::move(options)),
      received_(most_received),
      sending_(most_sent) {
  const openssl::ErrorScope errors;
  BIO* const bytes = BIO_new(context_->bytes());
  openssl::require(connection_ && bytes != nullptr, "TLS connection");
  BIO_set_data(bytes, this);
  BIO_set_init(bytes, 1);
  SSL_set_bio(connection_.get(), bytes, bytes);
  SSL_set_app_data(connection_.get(), this);
  if (role == Role::server) {
    SSL_set_accept_state(connection_.get());
  } else {
    SSL_set_connect_state(connection_.get());
    const Bytes list = alpn_list(options_.protocols);
    const int failed =
        SSL_set_alpn_protos(connection_.get(), list.data(), static_cast<unsigned>(list.size()));
    openssl::require(failed == 0, "ALPN");
  }
}

Result<bool> Engine::shake() {
  assert(!done_);
  const openssl::ErrorScope errors;
  const int outcome = SSL_do_handshake(connection_.get());
  if (outcome != 1) {
    if (!refusal_ && SSL_get_error(connection_.get(), outcome) == SSL_ERROR_WANT_READ) return false;
    return std::unexpected(failure("the handshake failed"));
  }
  done_ = true;
  LIBP2P_CHECK(check_protocol());
  return true;
}

// The server's choice is one of those that were offered, and it has made one. A server notices here that the
// client knows no ALPN: its callback isn't asked then.
Result<> Engine::check_protocol() {
  const std::uint8_t* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection_.get(), &data, &size);
  protocol_ = std::string(as_text({data, size}));
  if (std::ranges::find(options_.protocols, protocol_) != options_.protocols.end()) return {};
  if (protocol_.empty()) return fail(Errc::protocol, "the other side takes no part in ALPN");
  return fail(Errc::protocol,
              "the other side chose a protocol that was not offered: " + printable(protocol_));
}

Result<std::optional<std::size_t>> Engine::read(MutableBytes out) {
  if (read_failure_) return std::unexpected(*read_failure_);
  const openssl::ErrorScope errors;
  std::size_t filled = 0;
  while (filled < out.size()) {
    std::size_t size = 0;
    const int outcome = SSL_read_ex(connection_.get(), out.data() + filled, out.size() - filled, &size);
    filled += size;
    if (outcome == 1) continue;
    const int why = SSL_get_error(connection_.get(), outcome);
    if (!refusal_ && why == SSL_ERROR_ZERO_RETURN) return filled;
    if (!refusal_ && why == SSL_ERROR_WANT_READ) {
      // While half a message is there OpenSSL doesn't write, and nobody has a reason to cut these few bytes.
      if (SSL_in_init(connection_.get()) == 0) break;
      refusal_ = Error{Errc::protocol, "a message after the handshake that was sent in pieces"};
    }
    read_failure_ = failure("reading failed");
    if (filled == 0) return std::unexpected(*read_failure_);
    break;
  }
  if (filled == 0) return std::nullopt;
  return filled;
}

template <class Produce>
Result<BytesView> Engine::collect(std::size_t size, Produce produce) {
  const openssl::ErrorScope errors;
  room_ = sending_.room(waiting_.size() + size);
  filled_ = 0;
  // In the order in which it was encrypted.
  const Bytes before = std::exchange(waiting_, {});
  std::ranges::copy(before, room_.begin());
  filled_ = before.size();
  const bool ok = produce();
  const BytesView out = room_.first(filled_);
  room_ = {};
  if (!ok) return std::unexpected(failure("writing failed"));
  return out;
}

Result<BytesView> Engine::write(BytesView plaintext) {
  assert(plaintext.size() <= max_batch);
  const std::size_t records = (plaintext.size() + record_plaintext - 1) / record_plaintext;
  change_key_in_time(records);
  return collect(plaintext.size() + records * record_overhead + for_key_update, [&] {
    std::size_t written = 0;
    return SSL_write_ex(connection_.get(), plaintext.data(), plaintext.size(), &written) == 1 &&
           written == plaintext.size();
  });
}

Result<BytesView> Engine::finish() {
  return collect(for_key_update, [this] { return SSL_shutdown(connection_.get()) >= 0; });
}

void Engine::change_key_in_time(std::size_t records) {
  records_out_ += records;
  if (records_out_ < options_.records_a_key) return;
  records_out_ = records;
  // It goes out before the records, under the old key.
  (void)SSL_key_update(connection_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
}

int Engine::read_bytes(MutableBytes out) {
  if (refusal_) return -1;
  const BytesView unread = received_.unread();
  const std::size_t size = std::min(out.size(), unread.size());
  if (!done_ && bytes_in_ + size > max_handshake_bytes) {
    refusal_ =
        Error{Errc::limit, "a handshake of more than " + std::to_string(max_handshake_bytes) + " bytes"};
    return -1;
  }
  std::ranges::copy(unread.first(size), out.begin());
  received_.pass_over(size);
  bytes_in_ += size;
  return static_cast<int>(size);
}

int Engine::write_bytes(BytesView data) {
  if (room_.empty()) {
    if (waiting_.size() + data.size() > most_waiting) return -1;
    append(waiting_, data);
  } else {
    if (room_.size() - filled_ < data.size()) return -1;
    std::ranges::copy(data, room_.subspan(filled_).begin());
    filled_ += data.size();
  }
  return static_cast<int>(data.size());
}

bool Engine::verify_certificate(X509_STORE_CTX* chain) {
  X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
  const STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(chain);
  if (sk_X509_num(sent) != 1) {
    refusal_ =
        Error{Errc::protocol, std::to_string(sk_X509_num(sent)) + " certificates, where one is allowed"};
    return false;
  }
  std::uint8_t* encoded = nullptr;
  const int size = i2d_X509(X509_STORE_CTX_get0_cert(chain), &encoded);
  const Bytes der(encoded, encoded + std::max(size, 0));
  OPENSSL_free(encoded);
  auto key = verify_peer_certificate(der, options_.now);
  if (!key) {
    refusal_ = std::move(key).error();
    return false;
  }
  remote_key_ = *std::move(key);
  remote_peer_ = PeerId::from_public_key(remote_key_);
  // A client finds this out before it has said who it is itself.
  if (options_.expected_peer && *options_.expected_peer != remote_peer_) {
    refusal_ = Error{Errc::refused, remote_peer_.to_string() + " answered in place of " +
                                        options_.expected_peer->to_string()};
    return false;
  }
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return true;
}

std::optional<BytesView> Engine::choose_protocol(BytesView offered) const {
  // The client's order counts. OpenSSL has checked the form: a byte of length, which isn't 0, and the name.
  while (!offered.empty()) {
    const BytesView name = offered.subspan(1, offered[0]);
    if (std::ranges::find(options_.protocols, as_text(name)) != options_.protocols.end()) return name;
    offered = offered.subspan(1 + name.size());
  }
  return std::nullopt;
}

// Each costs us something, and the other side nearly nothing.
void Engine::message_arrived() noexcept {
  if (!done_) return;
  if (++later_messages_ > max_later_messages + bytes_in_ / bytes_a_later_message && !refusal_) {
    refusal_ = Error{Errc::limit, "too many messages after the handshake"};
  }
}

Error Engine::failure(std::string_view doing) {
  if (refusal_) return *refusal_;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const std::string words = std::string(doing) + ": " + openssl_reason(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) return {Errc::crypto, words};
    if (reason == SSL_R_BAD_SIGNATURE) return {Errc::crypto, words};
    if (reason == SSL_R_EXCESSIVE_MESSAGE_SIZE) return {Errc::limit, words};
    // The alerts that the other side may send.
    if (reason >= SSL_AD_REASON_OFFSET) return {Errc::refused, words};
  }
  return {Errc::protocol, words};
}

}  // namespace libp2p::tls
