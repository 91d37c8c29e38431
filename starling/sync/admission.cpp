#include "starling/sync/admission.hpp"

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "starling/sync/proof.hpp"

namespace starling {
namespace {

constexpr std::size_t max_join_message = 64 * 1024;
constexpr std::size_t join_nonce_bytes = 32;
constexpr libp2p::Duration join_time = std::chrono::seconds(10);

JoinReply refusal(std::string reason, bool final) {
  JoinReply reply;
  reply.kind = JoinReply::Kind::refused;
  reply.reason = std::move(reason);
  reply.final = final;
  return reply;
}

}  // namespace

AdmissionService::AdmissionService(Env env, libp2p::Swarm& swarm, Fleet& fleet, Gate& gate)
    : env_(env), swarm_(swarm), fleet_(fleet), gate_(gate) {}

void AdmissionService::start() {
  swarm_.set_handler(std::string(join_protocol),
                     [this](libp2p::InboundStream inbound) { return serve(std::move(inbound)); });
}

void AdmissionService::stop() { swarm_.remove_handler(join_protocol); }

Task<> AdmissionService::serve(libp2p::InboundStream inbound) {
  libp2p::Stream& stream = *inbound.stream;
  const libp2p::DeadlineGuard deadline(env_, join_time, [&stream] { stream.reset(); });
  const auto reply = co_await answer(stream, inbound.peer);
  if (!reply) {
    // Nothing is said to who does not speak the protocol.
    env_.log.debug("join.broken",
                   {{"peer", inbound.peer.short_string()}, {"why", reply.error().to_string()}});
    stream.reset();
    co_return;
  }
  if (co_await libp2p::write_length_prefixed(stream, reply->to_bytes())) {
    (void)co_await libp2p::close_gracefully(stream);
  }
  // The connection was a stranger's. Whoever belongs here now comes back as what it is.
  swarm_.close_connection(inbound.connection);
}

Task<Result<JoinReply>> AdmissionService::answer(libp2p::Stream& stream, PeerId peer) {
  LIBP2P_CO_TRY(const Bytes bytes, co_await libp2p::read_length_prefixed(stream, max_join_message));
  LIBP2P_CO_TRY(const JoinHello hello, JoinHello::from_bytes(bytes));
  if (!fleet_.charter().founded()) co_return fail(Errc::refused, "this node has not joined itself");
  // Who names another fleet, or an invite that is none of ours, learns nothing at all.
  if (hello.fleet != fleet_.id()) co_return fail(Errc::refused, "a token of another fleet");
  if (!hello.proof.empty()) co_return take_in(peer, hello);
  if (!hello.invite_key) co_return fail(Errc::protocol, "a join hello without an invite and without a proof");
  co_return co_await admit(stream, std::move(peer), *hello.invite_key);
}

JoinReply AdmissionService::take_in(const PeerId& peer, const JoinHello& hello) {
  const auto charter = check_proof(fleet_.id(), hello.proof);
  if (!charter) return refusal(charter.error().message, false);
  const Member* proven = charter->member(peer);
  if (!proven) return refusal("the records brought do not show that this peer is a member", false);
  if (fleet_.log().holds(proven->grant) && !fleet_.charter().member(peer))
    return refusal("its grant is known here, and does not stand", false);
  gate_.add_proven(peer, proven->grant);
  env_.log.info("member.proven", {{"peer", peer.short_string()}});
  JoinReply reply;
  reply.kind = JoinReply::Kind::admitted;
  return reply;
}

Result<> AdmissionService::check_invite(const InviteState* invite) const {
  if (!invite) return fail(Errc::not_found, "no invite of this fleet has this key");
  const auto now = static_cast<std::uint64_t>(fleet_.fleet_time().time_since_epoch().count());
  if (now > invite->invite.not_after_ms) {
    return fail(Errc::refused, "the token has expired (" +
                                   std::to_string((now - invite->invite.not_after_ms) / 1000) +
                                   " s ago), issued by " + invite->issuer.to_string());
  }
  return {};
}

Task<Result<JoinReply>> AdmissionService::admit(libp2p::Stream& stream, PeerId peer, PeerId invite_key) {
  if (const InviteState* invite = fleet_.charter().invite_of_key(invite_key); !invite) {
    co_return fail(Errc::not_found, "an unknown invite key");
  } else if (const auto live = check_invite(invite); !live) {
    co_return refusal(live.error().message, true);
  }
  JoinReply challenge;
  challenge.kind = JoinReply::Kind::challenge;
  challenge.nonce = env_.random.bytes(join_nonce_bytes);
  LIBP2P_CO_CHECK(co_await libp2p::write_length_prefixed(stream, challenge.to_bytes()));
  LIBP2P_CO_TRY(const Bytes bytes, co_await libp2p::read_length_prefixed(stream, max_join_message));
  LIBP2P_CO_TRY(const SignedJoinStatement join, SignedJoinStatement::from_bytes(bytes));
  const JoinStatement& statement = join.statement;
  const bool bound = statement.fleet == fleet_.id() && statement.invite_key == invite_key &&
                     statement.joiner == peer && statement.admitter == fleet_.node() &&
                     libp2p::equal(statement.nonce, challenge.nonce);
  if (!bound)
    co_return fail(Errc::crypto, "a join statement for another fleet, peer, admitter or nonce (JT09)");
  LIBP2P_CO_CHECK(join.verify());
  // All may have changed while we waited.
  const InviteState* invite = fleet_.charter().invite_of_key(invite_key);
  if (const auto live = check_invite(invite); !live) co_return refusal(live.error().message, true);
  if (const auto allowed = fleet_.charter().may_admit(fleet_.node(), *invite, peer, statement.name);
      !allowed) {
    const bool used_up = invite->used >= invite->invite.uses;
    co_return refusal(allowed.error().message, used_up || allowed.error().code == Errc::exists);
  }
  const Member* present = fleet_.charter().member(peer);
  // A joiner whose answer was lost asks again: what stands is told once more (JT15).
  const bool admitted_before = present && at_least(present->role, invite->invite.role);
  if (!admitted_before) {
    Admit body{invite->id, join};
    const auto written = co_await fleet_.author(RecordKind::admit, body.to_body());
    if (!written) co_return refusal(written.error().message, false);
    env_.log.info("member.admitted", {{"peer", peer.to_string()}, {"name", statement.name}});
  }
  const Member* member = fleet_.charter().member(peer);
  if (!member) co_return refusal("the admission does not stand in the charter", false);
  JoinReply reply;
  reply.kind = JoinReply::Kind::admitted;
  for (const RecordPtr& record : proof_of(fleet_.log(), fleet_.id(), member->grant))
    reply.records.push_back(record->envelope);
  co_return reply;
}

}  // namespace starling
