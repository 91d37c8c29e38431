#include "libp2p/security/noise/handshake.hpp"

#include <algorithm>
#include <cassert>

namespace libp2p::noise {
namespace {

constexpr std::string_view protocol_name = "Noise_XX_25519_ChaChaPoly_SHA256";
constexpr std::size_t key_size = std::tuple_size_v<X25519Key>;
constexpr std::size_t tag_size = CipherState::tag_size;

}  // namespace

Handshake::Handshake(Role role, BytesView prologue, const X25519KeyPair& static_key,
                     const X25519KeyPair& ephemeral)
    : role_(role), static_(static_key), ephemeral_(ephemeral), symmetric_(protocol_name) {
  symmetric_.mix_hash(prologue);
}

Handshake::~Handshake() {
  wipe(static_.private_key);
  wipe(ephemeral_.private_key);
}

std::span<const Handshake::Token> Handshake::pattern() const noexcept {
  static constexpr std::array first{Token::e};
  static constexpr std::array second{Token::e, Token::ee, Token::s, Token::es};
  static constexpr std::array third{Token::s, Token::se};
  switch (next_message_) {
    case 0:
      return first;
    case 1:
      return second;
    case 2:
      return third;
    default:
      return {};
  }
}

bool Handshake::writes_next() const noexcept {
  return !finished() && (next_message_ % 2 == 0) == (role_ == Role::initiator);
}

std::size_t Handshake::overhead() const noexcept {
  // The first message has no key yet, so its payload has no tag.
  std::size_t size = at_first_message() ? 0 : tag_size;
  for (const Token token : pattern()) {
    if (token == Token::e) size += key_size;
    if (token == Token::s) size += key_size + tag_size;
  }
  return size;
}

Result<> Handshake::check_turn(bool writing) const {
  if (failed_ || finished() || writes_next() != writing) {
    return fail(Errc::invalid_argument, "the handshake has failed, is finished, or waits for the other side");
  }
  return {};
}

Result<Bytes> Handshake::write(BytesView payload) {
  LIBP2P_CHECK(check_turn(true));
  auto message = write_tokens(payload);
  failed_ = !message;
  if (message) ++next_message_;
  return message;
}

Result<Bytes> Handshake::read(BytesView message) {
  LIBP2P_CHECK(check_turn(false));
  auto payload = read_tokens(message);
  failed_ = !payload;
  if (payload) ++next_message_;
  return payload;
}

Result<Bytes> Handshake::write_tokens(BytesView payload) {
  if (overhead() + payload.size() > max_message_size) {
    return fail(Errc::limit, "a payload of " + std::to_string(payload.size()) + " bytes");
  }
  Bytes message;
  message.reserve(overhead() + payload.size());
  for (const Token token : pattern()) {
    if (token == Token::e) {
      append(message, ephemeral_.public_key);
      symmetric_.mix_hash(ephemeral_.public_key);
    } else if (token == Token::s) {
      LIBP2P_CHECK(symmetric_.encrypt_and_hash(static_.public_key, message));
    } else {
      LIBP2P_CHECK(mix_shared_secret(token));
    }
  }
  LIBP2P_CHECK(symmetric_.encrypt_and_hash(payload, message));
  return message;
}

Result<Bytes> Handshake::read_tokens(BytesView message) {
  if (message.size() < overhead() || message.size() > max_message_size) {
    return fail(Errc::protocol, "a handshake message of " + std::to_string(message.size()) + " bytes");
  }
  for (const Token token : pattern()) {
    if (token == Token::e) {
      std::ranges::copy(message.first(key_size), remote_ephemeral_.begin());
      message = message.subspan(key_size);
      symmetric_.mix_hash(remote_ephemeral_);
    } else if (token == Token::s) {
      LIBP2P_TRY(const Bytes key, symmetric_.decrypt_and_hash(message.first(key_size + tag_size)));
      message = message.subspan(key_size + tag_size);
      std::ranges::copy(key, remote_static_.begin());
    } else {
      LIBP2P_CHECK(mix_shared_secret(token));
    }
  }
  return symmetric_.decrypt_and_hash(message);
}

Result<> Handshake::mix_shared_secret(Token token) {
  // The first letter is the initiator's key, the second the responder's.
  const bool initiator = role_ == Role::initiator;
  const bool own_static = token == (initiator ? Token::se : Token::es);
  const bool their_static = token == (initiator ? Token::es : Token::se);
  LIBP2P_TRY(X25519Key secret,
             x25519(own_static ? static_ : ephemeral_, their_static ? remote_static_ : remote_ephemeral_));
  symmetric_.mix_key(secret);
  wipe(secret);
  return {};
}

TransportCiphers Handshake::split() const {
  assert(finished());
  auto [initiators, responders] = symmetric_.split();
  if (role_ == Role::initiator) return {std::move(initiators), std::move(responders)};
  return {std::move(responders), std::move(initiators)};
}

}  // namespace libp2p::noise
