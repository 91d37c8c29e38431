#include "libp2p/security/tls/tls.hpp"

#include <algorithm>

#include "libp2p/base/deadline.hpp"
#include "libp2p/crypto/certificate.hpp"
#include "libp2p/security/tls/engine.hpp"
#include "libp2p/security/tls/transport_stream.hpp"

namespace libp2p {
namespace {

using tls::Engine;

// ALPN when the muxer is left to multistream-select (tls/tls.md, ALPN;
// connections/inlined-muxer-negotiation.md).
constexpr std::string_view no_muxer = "libp2p";
constexpr std::size_t max_muxers = 32;
constexpr std::size_t max_protocol_bytes = 255;

Result<std::vector<std::string>> alpn_protocols(std::vector<std::string> muxers) {
  const auto impossible = [](const std::string& muxer) {
    return muxer.empty() || muxer.size() > max_protocol_bytes || muxer == no_muxer;
  };
  if (muxers.size() > max_muxers || std::ranges::any_of(muxers, impossible)) {
    return fail(Errc::invalid_argument, "muxers that ALPN can't carry");
  }
  muxers.emplace_back(no_muxer);
  return muxers;
}

Task<Result<>> shake_hands(Stream& stream, Engine& engine) {
  for (;;) {
    const auto done = engine.shake();
    const Bytes out = engine.take_output();
    if (!done) {
      // The alert that says why. Closed in order, so that it may still arrive.
      if (!out.empty() && co_await stream.write(out)) (void)co_await stream.close_write();
      co_return std::unexpected(done.error());
    }
    if (!out.empty()) LIBP2P_CO_CHECK(co_await stream.write(out));
    if (*done) co_return Result<>{};
    LIBP2P_CO_TRY(const std::size_t size, co_await stream.read_some(engine.received().tail()));
    if (size == 0) {
      co_return fail(engine.has_received() ? Errc::protocol : Errc::closed,
                     "the other side closed the stream");
    }
    engine.received().arrived(size);
  }
}

}  // namespace

Result<TlsIdentity> TlsIdentity::create(const PrivateKey& identity, Random& random) {
  LIBP2P_TRY(const PeerCertificate certificate, make_peer_certificate(identity, random));
  return of(certificate);
}

Result<TlsIdentity> TlsIdentity::of(const PeerCertificate& certificate) {
  TlsIdentity self;
  LIBP2P_TRY(self.context_, tls::Context::create(certificate));
  return self;
}

Task<Result<SecuredConnection>> tls_secure(Env env, StreamPtr stream, tls::Role role, TlsIdentity identity,
                                           TlsOptions options) {
  LIBP2P_CO_TRY(std::vector<std::string> protocols, alpn_protocols(std::move(options.muxers)));
  auto engine = std::make_unique<Engine>(identity.context(), role,
                                         tls::EngineOptions{.protocols = std::move(protocols),
                                                            .expected_peer = std::move(options.expected_peer),
                                                            .now = env.clock.wall()});
  bool expired = false;
  std::optional<DeadlineGuard> guard(std::in_place, env, options.timeout, [&] {
    expired = true;
    stream->reset();
  });
  auto agreed = co_await shake_hands(*stream, *engine);
  guard.reset();
  if (expired) co_return fail(Errc::timeout, "tls handshake");
  if (!agreed) co_return fail_in("tls handshake", std::move(agreed).error());
  SecuredConnection secured{.stream = nullptr,
                            .remote_peer = engine->remote_peer(),
                            .remote_key = engine->remote_key(),
                            .early_muxer = engine->protocol() == no_muxer ? "" : engine->protocol()};
  secured.stream = tls::make_transport_stream(std::move(stream), std::move(engine));
  co_return secured;
}

}  // namespace libp2p
