#include "starling/charter/charter_records.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufField;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

constexpr std::string_view join_domain = "starling-join";
constexpr std::size_t max_label_bytes = 64;
constexpr std::size_t genesis_nonce_bytes = 16;
constexpr std::size_t join_nonce_bytes = 32;
constexpr std::size_t max_roots = 16;

X25519Key read_key(ProtobufReader& in, const ProtobufField& field) {
  X25519Key key{};
  const BytesView bytes = in.bytes(field);
  if (bytes.size() != key.size()) {
    in.refuse("an X25519 key has 32 bytes");
  } else {
    std::ranges::copy(bytes, key.begin());
  }
  return key;
}

Role read_role(ProtobufReader& in, const ProtobufField& field) {
  const std::uint64_t value = in.varint(field);
  // Root comes from genesis alone; what is not known here must not be taken for something junior (R5).
  if (value < static_cast<std::uint64_t>(Role::admin) || value > static_cast<std::uint64_t>(Role::node)) {
    in.refuse("unknown role " + std::to_string(value));
    return Role::node;
  }
  return static_cast<Role>(value);
}

void write_labels(ProtobufWriter& out, std::uint32_t field, const Labels& labels) {
  for (const auto& [key, value] : labels)
    out.message(field, ProtobufWriter().string(1, key).string(2, value));
}

void read_label(ProtobufReader& in, const ProtobufField& field, Labels& labels) {
  std::string key;
  std::string value;
  ProtobufReader entry(in.bytes(field), 0);
  while (auto part = entry.next()) {
    switch (part->number) {
      case 1:
        key = entry.string(*part);
        break;
      case 2:
        value = entry.string(*part);
        break;
      default:
        entry.refuse("unknown field");
    }
  }
  if (auto done = entry.finish("label"); !done) in.refuse(done.error().message);
  if (key.empty() || key.size() > max_label_bytes || value.size() > max_label_bytes)
    in.refuse("a label's size");
  if (labels.size() == max_labels) in.refuse("more than 32 labels");
  labels.insert_or_assign(std::move(key), std::move(value));
}

}  // namespace

Result<> check_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (name.empty() || name.size() > max_name_bytes || !std::ranges::all_of(name, allowed)) {
    return fail(Errc::invalid_argument, "a name has 1 to 64 of the characters A-Z a-z 0-9 . _ -, not \"" +
                                            libp2p::printable(name) + "\"");
  }
  return {};
}

Bytes Genesis::to_body() const {
  ProtobufWriter out;
  for (const PeerId& root : roots) out.bytes(1, root.bytes());
  out.varint(2, threshold);
  out.bytes(3, nonce);
  return out.take();
}

Result<Genesis> Genesis::from_body(BytesView body) {
  Genesis genesis;
  genesis.threshold = 0;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        if (genesis.roots.size() == max_roots) in.refuse("more than 16 root keys");
        genesis.roots.push_back(read_peer_id(in, *field));
        break;
      case 2:
        genesis.threshold = in.uint32(*field);
        break;
      case 3:
        genesis.nonce = libp2p::to_bytes(in.bytes(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("genesis"));
  if (!std::ranges::is_sorted(genesis.roots) ||
      std::ranges::adjacent_find(genesis.roots) != genesis.roots.end()) {
    return fail(Errc::parse, "genesis: root keys are not in ascending order without duplicates");
  }
  if (genesis.threshold == 0 || genesis.threshold > genesis.roots.size()) {
    return fail(Errc::parse, "genesis: the threshold is not between 1 and the number of root keys");
  }
  if (genesis.nonce.size() != genesis_nonce_bytes)
    return fail(Errc::parse, "genesis: the nonce has 16 bytes");
  return if_canonical(std::move(genesis), body, "genesis");
}

Bytes Grant::to_body() const {
  ProtobufWriter out;
  out.bytes(1, subject.bytes());
  out.varint(2, static_cast<std::uint64_t>(role));
  out.string(3, name);
  out.bytes(4, encryption_key);
  write_labels(out, 5, labels);
  return out.take();
}

Result<Grant> Grant::from_body(BytesView body) {
  Grant grant;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        grant.subject = read_peer_id(in, *field);
        break;
      case 2:
        grant.role = read_role(in, *field);
        break;
      case 3:
        grant.name = in.string(*field);
        break;
      case 4:
        grant.encryption_key = read_key(in, *field);
        break;
      case 5:
        read_label(in, *field, grant.labels);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("grant"));
  if (grant.subject.empty()) return fail(Errc::parse, "grant without a subject");
  LIBP2P_CHECK(check_name(grant.name));
  return if_canonical(std::move(grant), body, "grant");
}

Bytes MemberLabels::to_body() const {
  ProtobufWriter out;
  out.bytes(1, subject.bytes());
  write_labels(out, 2, labels);
  return out.take();
}

Result<MemberLabels> MemberLabels::from_body(BytesView body) {
  MemberLabels said;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        said.subject = read_peer_id(in, *field);
        break;
      case 2:
        read_label(in, *field, said.labels);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("labels"));
  if (said.subject.empty()) return fail(Errc::parse, "labels without a subject");
  return if_canonical(std::move(said), body, "labels");
}

Bytes Invite::to_body() const {
  ProtobufWriter out;
  out.bytes(1, key.bytes());
  out.varint(2, static_cast<std::uint64_t>(role));
  out.varint(3, not_after_ms);
  out.varint(4, uses);
  write_labels(out, 5, labels);
  return out.take();
}

Result<Invite> Invite::from_body(BytesView body) {
  Invite invite;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        invite.key = read_peer_id(in, *field);
        break;
      case 2:
        invite.role = read_role(in, *field);
        break;
      case 3:
        invite.not_after_ms = in.varint(*field);
        break;
      case 4:
        invite.uses = in.uint32(*field);
        break;
      case 5:
        read_label(in, *field, invite.labels);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("invite"));
  if (invite.key.empty() || invite.uses == 0) return fail(Errc::parse, "invite without a key or a use");
  return if_canonical(std::move(invite), body, "invite");
}

Bytes JoinStatement::to_bytes() const {
  ProtobufWriter out;
  out.string(1, join_domain);
  out.bytes(2, fleet.view());
  out.bytes(3, invite_key.bytes());
  out.bytes(4, joiner.bytes());
  out.bytes(5, encryption_key);
  out.string(6, name);
  out.bytes(7, admitter.bytes());
  out.bytes(8, nonce);
  return out.take();
}

Result<JoinStatement> JoinStatement::from_bytes(BytesView bytes) {
  JoinStatement statement;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        if (in.string(*field) != join_domain) in.refuse("not a join statement");
        break;
      case 2:
        statement.fleet = read_record_id(in, *field);
        break;
      case 3:
        statement.invite_key = read_peer_id(in, *field);
        break;
      case 4:
        statement.joiner = read_peer_id(in, *field);
        break;
      case 5:
        statement.encryption_key = read_key(in, *field);
        break;
      case 6:
        statement.name = in.string(*field);
        break;
      case 7:
        statement.admitter = read_peer_id(in, *field);
        break;
      case 8:
        statement.nonce = libp2p::to_bytes(in.bytes(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("join statement"));
  LIBP2P_CHECK(check_name(statement.name));
  if (statement.nonce.size() != join_nonce_bytes)
    return fail(Errc::parse, "join statement: the nonce has 32 bytes");
  if (!libp2p::equal(statement.to_bytes(), bytes))
    return fail(Errc::parse, "join statement is not in canonical form (L1)");
  return statement;
}

Result<SignedJoinStatement> SignedJoinStatement::sign(JoinStatement statement, const PrivateKey& node,
                                                      const PrivateKey& invite) {
  SignedJoinStatement result;
  const Bytes bytes = statement.to_bytes();
  LIBP2P_TRY(result.node_signature, node.sign(bytes));
  LIBP2P_TRY(result.invite_signature, invite.sign(bytes));
  result.statement = std::move(statement);
  return result;
}

Result<> SignedJoinStatement::verify() const {
  const Bytes bytes = statement.to_bytes();
  LIBP2P_TRY(const PublicKey node, statement.joiner.public_key());
  LIBP2P_TRY(const PublicKey invite, statement.invite_key.public_key());
  if (!node.verify(bytes, node_signature))
    return fail(Errc::crypto, "join statement: the node's signature is not valid");
  if (!invite.verify(bytes, invite_signature)) {
    return fail(Errc::crypto, "join statement: the invite's signature is not valid");
  }
  return {};
}

Bytes SignedJoinStatement::to_bytes() const {
  ProtobufWriter out;
  out.bytes(1, statement.to_bytes());
  out.bytes(2, node_signature);
  out.bytes(3, invite_signature);
  return out.take();
}

Result<SignedJoinStatement> SignedJoinStatement::from_bytes(BytesView bytes) {
  SignedJoinStatement result;
  BytesView statement;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        statement = in.bytes(*field);
        break;
      case 2:
        result.node_signature = libp2p::to_bytes(in.bytes(*field));
        break;
      case 3:
        result.invite_signature = libp2p::to_bytes(in.bytes(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("signed join statement"));
  LIBP2P_TRY(result.statement, JoinStatement::from_bytes(statement));
  if (!libp2p::equal(result.to_bytes(), bytes))
    return fail(Errc::parse, "join statement is not in canonical form (L1)");
  return result;
}

Bytes Admit::to_body() const {
  ProtobufWriter out;
  out.bytes(1, invite.view());
  out.bytes(2, join.to_bytes());
  return out.take();
}

Result<Admit> Admit::from_body(BytesView body) {
  Admit admit;
  BytesView join;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        admit.invite = read_record_id(in, *field);
        break;
      case 2:
        join = in.bytes(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("admit"));
  LIBP2P_TRY(admit.join, SignedJoinStatement::from_bytes(join));
  return if_canonical(std::move(admit), body, "admit");
}

}  // namespace starling
