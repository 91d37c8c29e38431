#include "libp2p/security/noise/noise.hpp"

#include <array>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/security/noise/payload.hpp"
#include "libp2p/security/noise/transport_stream.hpp"

namespace libp2p {
namespace {

using noise::Handshake;
using noise::Role;

struct Agreement {
  noise::TransportCiphers ciphers;
  PublicKey remote_key;
  PeerId remote_peer;
  std::string muxer;
};

Task<Result<>> write_message(Stream& stream, BytesView message) {
  Bytes frame(2);
  store_be(static_cast<std::uint16_t>(message.size()), frame.data());
  append(frame, message);
  co_return co_await stream.write(frame);
}

Task<Result<Bytes>> read_message(Stream& stream, std::size_t least, std::size_t most) {
  std::array<std::uint8_t, 2> length{};
  LIBP2P_CO_CHECK(co_await read_exact(stream, length));
  const std::size_t size = load_be<std::uint16_t>(length.data());
  if (size < least || size > most) {
    co_return fail(size < least ? Errc::protocol : Errc::limit,
                   "a message of " + std::to_string(size) + " bytes, where " + std::to_string(least) +
                       " to " + std::to_string(most) + " are possible");
  }
  Bytes message(size);
  auto got = co_await read_exact(stream, message);
  if (!got && got.error().code == Errc::closed) {
    co_return fail(Errc::protocol, "the other side closed the stream in the middle of a message");
  }
  if (!got) co_return std::unexpected(std::move(got).error());
  co_return message;
}

// Reads the other side's message, and with it who it is; the initiator's first says nothing yet.
Task<Result<>> take_message(Stream& stream, Handshake& handshake, const NoiseOptions& options,
                            noise::Payload& theirs, PublicKey& remote_key, PeerId& remote_peer) {
  const bool first = handshake.at_first_message();
  const std::size_t least = handshake.overhead();
  const std::size_t most = least + (first ? 0 : noise::max_payload_size);
  LIBP2P_CO_TRY(const Bytes message, co_await read_message(stream, least, most));
  LIBP2P_CO_TRY(const Bytes payload, handshake.read(message));
  if (first) co_return Result<>{};
  LIBP2P_CO_TRY(theirs, noise::Payload::decode(payload));
  LIBP2P_CO_TRY(remote_key, noise::verify_identity(theirs, handshake.remote_static()));
  remote_peer = PeerId::from_public_key(remote_key);
  if (options.expected_peer && *options.expected_peer != remote_peer) {
    co_return fail(Errc::refused,
                   remote_peer.to_string() + " answered in place of " + options.expected_peer->to_string());
  }
  co_return Result<>{};
}

Task<Result<Agreement>> shake_hands(Env env, Stream& stream, Role role, const NoiseIdentity& identity,
                                    const NoiseOptions& options) {
  LIBP2P_CO_TRY(const Bytes ours, identity.payload(options.muxers));
  Handshake handshake(role, options.prologue, identity.static_key(), X25519KeyPair::generate(env.random));
  noise::Payload theirs;
  PublicKey remote_key;
  PeerId remote_peer;
  while (!handshake.finished()) {
    if (handshake.writes_next()) {
      const bool first = handshake.at_first_message();
      LIBP2P_CO_TRY(const Bytes message, handshake.write(first ? BytesView() : BytesView(ours)));
      LIBP2P_CO_CHECK(co_await write_message(stream, message));
    } else {
      LIBP2P_CO_CHECK(co_await take_message(stream, handshake, options, theirs, remote_key, remote_peer));
    }
  }
  const bool initiator = role == Role::initiator;
  LIBP2P_CO_TRY(std::string muxer, noise::choose_muxer(initiator ? options.muxers : theirs.muxers,
                                                       initiator ? theirs.muxers : options.muxers));
  co_return Agreement{handshake.split(), std::move(remote_key), std::move(remote_peer), std::move(muxer)};
}

}  // namespace

Result<NoiseIdentity> NoiseIdentity::create(const PrivateKey& identity, Random& random) {
  NoiseIdentity self;
  self.static_key_ = X25519KeyPair::generate(random);
  self.identity_key_ = identity.public_key().to_protobuf();
  LIBP2P_TRY(self.signature_, identity.sign(noise::signed_text(self.static_key_.public_key)));
  return self;
}

Result<Bytes> NoiseIdentity::payload(const std::vector<std::string>& muxers) const {
  Bytes message = noise::Payload{identity_key_, signature_, muxers}.encode();
  if (message.size() > noise::max_payload_size || muxers.size() > noise::max_muxers) {
    return fail(Errc::limit, "a handshake payload of " + std::to_string(message.size()) + " bytes with " +
                                 std::to_string(muxers.size()) + " muxers");
  }
  return message;
}

Task<Result<SecuredConnection>> noise_secure(Env env, StreamPtr stream, Role role,
                                             const NoiseIdentity& identity, NoiseOptions options) {
  bool expired = false;
  std::optional<DeadlineGuard> guard(std::in_place, env, options.timeout, [&] {
    expired = true;
    stream->reset();
  });
  auto agreement = co_await shake_hands(env, *stream, role, identity, options);
  guard.reset();
  if (expired) co_return fail(Errc::timeout, "noise handshake");
  if (!agreement) co_return fail_in("noise handshake", std::move(agreement).error());
  co_return SecuredConnection{
      .stream = noise::make_transport_stream(std::move(stream), std::move(agreement->ciphers)),
      .remote_peer = std::move(agreement->remote_peer),
      .remote_key = std::move(agreement->remote_key),
      .early_muxer = std::move(agreement->muxer)};
}

Task<Result<SecuredConnection>> noise_secure_outbound(Env env, StreamPtr stream, PrivateKey identity,
                                                      NoiseOptions options) {
  LIBP2P_CO_TRY(const NoiseIdentity own, NoiseIdentity::create(identity, env.random));
  co_return co_await noise_secure(env, std::move(stream), Role::initiator, own, std::move(options));
}

Task<Result<SecuredConnection>> noise_secure_inbound(Env env, StreamPtr stream, PrivateKey identity,
                                                     NoiseOptions options) {
  LIBP2P_CO_TRY(const NoiseIdentity own, NoiseIdentity::create(identity, env.random));
  co_return co_await noise_secure(env, std::move(stream), Role::responder, own, std::move(options));
}

}  // namespace libp2p
