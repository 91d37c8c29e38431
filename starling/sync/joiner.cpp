#include "starling/sync/joiner.hpp"

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "starling/sync/proof.hpp"

namespace starling {
namespace {

constexpr std::size_t max_join_message = 64 * 1024;
constexpr libp2p::Duration join_time = std::chrono::seconds(10);

std::unexpected<JoinOutcome> refused(std::string why) {
  return std::unexpected(JoinOutcome{true, Error{Errc::refused, std::move(why)}});
}
std::unexpected<JoinOutcome> failed(Error why) { return std::unexpected(JoinOutcome{false, std::move(why)}); }

Task<Result<JoinReply>> read_reply(libp2p::Stream& stream) {
  LIBP2P_CO_TRY(const Bytes bytes, co_await libp2p::read_length_prefixed(stream, max_join_message));
  co_return JoinReply::from_bytes(bytes);
}

Task<Result<libp2p::StreamPtr>> open_join_stream(libp2p::Swarm& swarm, PeerId peer) {
  const std::vector<libp2p::ConnectionInfo> connections = swarm.connections(peer);
  if (connections.empty()) co_return fail(Errc::not_found, "not connected");
  LIBP2P_CO_TRY(auto opened,
                co_await swarm.open_stream_on(connections.front().id, {std::string(join_protocol)}));
  co_return std::move(opened.stream);
}

// One reply after another until something other than a challenge comes.
Task<Result<JoinReply>> converse(libp2p::Swarm& swarm, libp2p::Stream& stream, PeerId peer,
                                 JoinRequest request) {
  const PrivateKey invite_key = request.token.invite_key();
  JoinHello hello;
  hello.fleet = request.token.fleet;
  hello.invite_key = PeerId::from_public_key(invite_key.public_key());
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, hello.to_bytes()));
  LIBP2P_CO_TRY(JoinReply reply, co_await read_reply(stream));
  if (reply.kind != JoinReply::Kind::challenge) co_return reply;
  JoinStatement statement{request.token.fleet,    *hello.invite_key,       swarm.local_peer(),
                          request.encryption_key, std::move(request.name), peer,
                          std::move(reply.nonce)};
  LIBP2P_CO_TRY(const SignedJoinStatement join,
                SignedJoinStatement::sign(std::move(statement), swarm.identity(), invite_key));
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, join.to_bytes()));
  co_return co_await read_reply(stream);
}

}  // namespace

Task<std::expected<void, JoinOutcome>> join_through(Env env, libp2p::Swarm& swarm, Gate& gate, PeerId peer,
                                                    JoinRequest request) {
  auto opened = co_await open_join_stream(swarm, peer);
  if (!opened) co_return failed(opened.error());
  libp2p::Stream& stream = **opened;
  const libp2p::DeadlineGuard deadline(env, join_time, [&stream] { stream.reset(); });
  const FleetId fleet = request.token.fleet;
  const PeerId invite_key = PeerId::from_public_key(request.token.invite_key().public_key());
  const auto reply = co_await converse(swarm, stream, peer, std::move(request));
  if (!reply) co_return failed(reply.error());
  if (reply->kind == JoinReply::Kind::refused) {
    if (reply->final) co_return refused(reply->reason);
    co_return failed({Errc::refused, reply->reason});
  }
  const auto charter = check_proof(fleet, reply->records);
  if (!charter) co_return failed(charter.error());
  if (!charter->invite_of_key(invite_key) || !charter->member(swarm.local_peer()) || !charter->member(peer)) {
    co_return failed(
        {Errc::crypto,
         "the records shown do not hold the token's invite, this node and the member that answered"});
  }
  for (const auto& [member, entry] : charter->members()) gate.add_proven(member, entry.grant);
  swarm.disconnect(peer);
  co_return std::expected<void, JoinOutcome>{};
}

Task<Result<>> prove_to(Env env, libp2p::Swarm& swarm, FleetId fleet, PeerId peer,
                        std::vector<RecordPtr> proof) {
  LIBP2P_CO_TRY(const libp2p::StreamPtr stream_ptr, co_await open_join_stream(swarm, peer));
  libp2p::Stream& stream = *stream_ptr;
  const libp2p::DeadlineGuard deadline(env, join_time, [&stream] { stream.reset(); });
  JoinHello hello;
  hello.fleet = fleet;
  for (const RecordPtr& record : proof) hello.proof.push_back(record->envelope);
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, hello.to_bytes()));
  LIBP2P_CO_TRY(const JoinReply reply, co_await read_reply(stream));
  if (reply.kind != JoinReply::Kind::admitted) co_return fail(Errc::refused, reply.reason);
  swarm.disconnect(peer);
  co_return Result<>{};
}

}  // namespace starling
