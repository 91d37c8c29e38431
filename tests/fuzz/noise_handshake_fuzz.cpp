// An attacker against both roles of the handshake. The first byte picks the victim's role, what the attacker
// does and whether it closes afterwards: it sends raw bytes; or follows the protocol with its own keys and a
// payload of its choice; or follows it and changes one byte of its messages. The second byte is how raw bytes
// are cut.
#include <cstdlib>
#include <optional>

#include "libp2p/io/framing.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/security/noise/payload.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using noise::Handshake;
using noise::Role;

void require(bool ok) {
  if (!ok) std::abort();
}

struct Keys {
  explicit Keys(std::uint64_t seed)
      : random(seed),
        identity(PrivateKey::generate(KeyType::ed25519, random).value()),
        noise(NoiseIdentity::create(identity, random).value()) {}
  SeededRandom random;
  PrivateKey identity;
  NoiseIdentity noise;
};

// The same in every run, so that a valid payload can be among the seeds.
const Keys& attackers() {
  static const Keys keys(1);
  return keys;
}
const Keys& victims() {
  static const Keys keys(2);
  return keys;
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

struct Change {
  std::size_t message;
  std::size_t byte;
  std::uint8_t mask;
};

Task<> follow_protocol(Env env, Stream& stream, Role role, Bytes payload, std::optional<Change> change) {
  Handshake handshake(role, {}, attackers().noise.static_key(), X25519KeyPair::generate(env.random));
  for (std::size_t number = 0; !handshake.finished(); ++number) {
    if (!handshake.writes_next()) {
      std::array<std::uint8_t, 2> length{};
      if (!co_await read_exact(stream, length)) co_return;
      Bytes message(load_be<std::uint16_t>(length.data()));
      if (!co_await read_exact(stream, message) || !handshake.read(message)) co_return;
      continue;
    }
    const auto message = handshake.write(number == 0 ? BytesView() : BytesView(payload));
    require(message.has_value());
    Bytes frame(2);
    store_be(static_cast<std::uint16_t>(message->size()), frame.data());
    append(frame, *message);
    if (change && change->message == number) frame[change->byte % frame.size()] ^= change->mask;
    if (!co_await stream.write(frame)) co_return;
  }
}

Task<> secure(Env env, StreamPtr stream, Role role, std::optional<Result<SecuredConnection>>& outcome) {
  outcome =
      co_await noise_secure(env, std::move(stream), role, victims().noise, {.muxers = {"/yamux/1.0.0"}});
}

// Whether an attacker that has shown this payload is to be let in.
bool acceptable(BytesView bytes) {
  const auto payload = noise::Payload::decode(bytes);
  if (!payload || !noise::verify_identity(*payload, attackers().noise.static_key().public_key)) return false;
  const std::vector<std::string> ours = {"/yamux/1.0.0"};
  return noise::choose_muxer(ours, payload->muxers).has_value();
}

void run(std::uint8_t choice, std::uint8_t cut, BytesView bytes) {
  VirtualRuntime runtime;
  const bool attacker_initiates = (choice & 0x40) != 0;
  const Role attackers_role = attacker_initiates ? Role::initiator : Role::responder;
  auto [attacker, victim] = make_memory_stream_pair(runtime.env(), 1024 * 1024);
  std::optional<Result<SecuredConnection>> outcome;
  TaskGroup tasks(runtime.env());
  tasks.spawn("victim", secure(runtime.env(), std::move(victim),
                               attacker_initiates ? Role::responder : Role::initiator, outcome));
  bool may_succeed = false;
  bool must_succeed = false;
  const auto valid = attackers().noise.payload({}).value();
  if (choice % 3 == 0) {
    const std::size_t step = cut == 0 ? bytes.size() : cut;
    tasks.spawn("attacker", send_raw(runtime.env(), *attacker, to_bytes(bytes), step, (choice & 0x80) != 0));
  } else if (choice % 3 == 1) {
    may_succeed = must_succeed = acceptable(bytes);
    tasks.spawn("attacker", follow_protocol(runtime.env(), *attacker, attackers_role, to_bytes(bytes), {}));
  } else if (bytes.size() >= 3) {
    const Change change{bytes[0] % std::size_t{3}, static_cast<std::size_t>(bytes[1]) * 2 + (cut & 1),
                        bytes[2]};
    const bool own_message = (change.message % 2 == 0) == attacker_initiates;
    must_succeed = !own_message || change.mask == 0;
    // X25519 ignores the last bit of a key, but the transcript doesn't.
    may_succeed = must_succeed;
    tasks.spawn("attacker", follow_protocol(runtime.env(), *attacker, attackers_role, valid, change));
  }
  runtime.run_for(std::chrono::seconds(11));
  require(outcome.has_value());
  require(!outcome->has_value() || may_succeed);
  require(outcome->has_value() || !must_succeed);
  if (*outcome) require((*outcome)->remote_key == attackers().identity.public_key());
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

}  // namespace
}  // namespace libp2p

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 60'000) return 0;
  libp2p::run(data[0], data[1], {data + 2, size - 2});
  return 0;
}
