#include "libp2p/identity/peer_record.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "libp2p/base/protobuf.hpp"

namespace libp2p {
namespace {

// The multicodec libp2p-peer-record as all but the oldest write it: the code's two bytes, not a varint.
constexpr std::array<std::uint8_t, 2> standard_type{0x03, 0x01};
constexpr std::string_view legacy_type = "/libp2p/routing-state-record";

constexpr std::size_t standard_kind = 0;
constexpr std::size_t legacy_kind = 1;

const std::array<EnvelopeKind, 2>& envelope_kinds() {
  static const std::array<EnvelopeKind, 2> kinds{EnvelopeKind{"libp2p-peer-record", standard_type},
                                                 EnvelopeKind{"libp2p-routing-state", as_bytes(legacy_type)}};
  return kinds;
}

// AddressInfo { multiaddr = 1 }. An address that can't be used is no fault of the record.
Result<std::optional<Multiaddr>> read_address(BytesView message) {
  BytesView bytes;
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    if (field->number == 1) {
      bytes = in.bytes(*field);
    } else {
      in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("AddressInfo"));
  auto address = Multiaddr::from_bytes(bytes);
  return address ? std::optional(std::move(*address)) : std::nullopt;
}

// Fields given twice are refused: what is signed has one meaning.
Result<PeerRecord> read_record(BytesView payload) {
  PeerRecord record;
  std::optional<BytesView> peer;
  std::optional<std::uint64_t> seq;
  ProtobufReader in(payload);
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        if (peer) in.refuse("peer_id is given twice");
        peer = in.bytes(*field);
        break;
      case 2:
        if (seq) in.refuse("seq is given twice");
        seq = in.varint(*field);
        break;
      case 3: {
        const BytesView message = in.bytes(*field);
        if (record.addresses.size() == PeerRecord::max_addresses) break;
        LIBP2P_TRY(auto address, read_address(message));
        if (address) record.addresses.push_back(std::move(*address));
        break;
      }
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("PeerRecord"));
  if (!peer) return fail(Errc::parse, "PeerRecord: the peer id is missing");
  LIBP2P_TRY(record.peer, PeerId::from_bytes(*peer));
  record.seq = seq.value_or(0);  // proto3 leaves zero out
  if (record.seq > PeerRecord::max_seq) return fail(Errc::limit, "PeerRecord: a seq that no clock gives");
  return record;
}

}  // namespace

Result<Bytes> PeerRecord::seal(const PrivateKey& key, Form form) const {
  if (!peer.matches(key.public_key())) {
    return fail(Errc::invalid_argument, "a peer record can only be signed by the peer it names");
  }
  ProtobufWriter payload;
  payload.bytes(1, peer.bytes());
  if (seq != 0) payload.varint(2, seq);
  for (const Multiaddr& address : addresses) payload.message(3, ProtobufWriter().bytes(1, address.bytes()));
  const EnvelopeKind& kind = envelope_kinds()[form == Form::standard ? standard_kind : legacy_kind];
  LIBP2P_TRY(const SignedEnvelope envelope,
             SignedEnvelope::seal(key, kind.domain, kind.payload_type, payload.take()));
  return envelope.to_bytes();
}

Result<PeerRecord> PeerRecord::open(BytesView bytes) {
  LIBP2P_TRY(const SignedEnvelope envelope, SignedEnvelope::open(bytes, envelope_kinds()));
  LIBP2P_TRY(PeerRecord record, read_record(envelope.payload()));
  if (!record.peer.matches(envelope.public_key())) {
    return fail(Errc::crypto, "PeerRecord: signed by another peer than it names");
  }
  return record;
}

std::uint64_t PeerRecord::next_seq(std::uint64_t last, WallTime now) noexcept {
  const auto since_1970 = now.time_since_epoch().count();
  const std::uint64_t milliseconds = since_1970 > 0 ? static_cast<std::uint64_t>(since_1970) : 0;
  return std::min(std::max(std::min(last, max_seq - 1) + 1, milliseconds), max_seq);
}

}  // namespace libp2p
