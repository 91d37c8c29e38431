// An attacker against both roles of the handshake. The first byte picks the victim's role, what the attacker
// does, and whether it closes afterwards: it sends raw bytes; or it has OpenSSL follow the protocol with a
// good certificate, and changes bytes of what that sends, each by two that say where and one that says how.
// Raw bytes are cut by the second.
#include <cstdlib>
#include <optional>

#include "libp2p/security/tls/tls.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/raw_tls.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::test {
namespace {

using tls::Role;

void require(bool ok) {
  if (!ok) std::abort();
}

const TlsIdentity& victims() {
  static const TlsIdentity identity = [] {
    SeededRandom random(2);
    return TlsIdentity::create(key_number(2), random).value();
  }();
  return identity;
}

const PeerCertificate& attackers() {
  static const PeerCertificate certificate = CertificateForm(key_number(1)).peer_certificate();
  return certificate;
}

Task<> send_raw(Env env, Stream& stream, Bytes bytes, std::size_t step, bool close) {
  BytesView rest = bytes;
  while (!rest.empty()) {
    const BytesView piece = rest.first(std::min(step, rest.size()));
    if (!co_await stream.write(piece)) co_return;
    rest = rest.subspan(piece.size());
    co_await yield_now(env);
  }
  if (close) (void)co_await stream.close_write();
}

void change(Bytes& sent, std::size_t& offset, BytesView changes) {
  for (; changes.size() >= 3; changes = changes.subspan(3)) {
    const std::size_t at = load_be<std::uint16_t>(changes.data());
    if (at >= offset && at - offset < sent.size()) sent[at - offset] ^= changes[2];
  }
  offset += sent.size();
}

Task<> follow_protocol(Stream& stream, Role role, Bytes changes) {
  RawTls raw(role, {.certificate = attackers()});
  Bytes buffer(16UZ * 1024);
  std::size_t offset = 0;
  for (int round = 0; round < 8; ++round) {
    const bool done = raw.shake();
    Bytes sent = raw.give();
    change(sent, offset, changes);
    if (!co_await stream.write(sent)) co_return;
    if (done && role == Role::client) co_return;
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) co_return;
    raw.take(BytesView(buffer).first(*got));
  }
}

Task<> secure(Env env, StreamPtr stream, Role role, std::optional<Result<SecuredConnection>>& outcome) {
  outcome = co_await tls_secure(env, std::move(stream), role, victims(), {.muxers = {"/yamux/1.0.0"}});
  if (!*outcome) co_return;
  Bytes room(4096);
  (void)co_await (*outcome)->stream->read_some(room);
}

void run(std::uint8_t choice, std::uint8_t cut, BytesView bytes) {
  VirtualRuntime runtime;
  const Role victims_role = (choice & 0x40) != 0 ? Role::server : Role::client;
  auto [attacker, victim] = make_memory_stream_pair(runtime.env(), 1024UZ * 1024);
  std::optional<Result<SecuredConnection>> outcome;
  TaskGroup tasks(runtime.env());
  tasks.spawn("victim", secure(runtime.env(), std::move(victim), victims_role, outcome));
  const bool raw = (choice & 1) == 0;
  if (raw) {
    const std::size_t step = cut == 0 ? bytes.size() : cut;
    tasks.spawn("attacker", send_raw(runtime.env(), *attacker, to_bytes(bytes), step, (choice & 0x80) != 0));
  } else {
    tasks.spawn("attacker",
                follow_protocol(*attacker, victims_role == Role::client ? Role::server : Role::client,
                                to_bytes(bytes)));
  }
  runtime.run_for(std::chrono::seconds(11));
  require(outcome.has_value());
  if (outcome->has_value()) require(!raw && (*outcome)->remote_key == key_number(1).public_key());
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

}  // namespace
}  // namespace libp2p::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 60'000) return 0;
  libp2p::test::run(data[0], data[1], {data + 2, size - 2});
  return 0;
}
