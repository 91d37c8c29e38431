// The signed unit of everything that is replicated (rules L1, L2): charter records and changes alike.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "starling/model/hlc.hpp"
#include "starling/model/ids.hpp"

namespace starling {

using libp2p::PeerId;
using libp2p::PrivateKey;
using libp2p::PublicKey;

enum class RecordKind : std::uint8_t {
  genesis = 1,
  grant = 2,
  invite = 3,
  admit = 4,
  revoke = 5,
  labels = 6,
  change = 16,
  anchor = 17,
  checkpoint = 18,
  ruling = 19
};

// Those that say who is in the fleet and what each may do; the others are its history.
[[nodiscard]] constexpr bool is_charter_record(RecordKind kind) noexcept { return kind < RecordKind::change; }

// Does this version know what such records say? Others are kept and passed on, and nothing is written on top
// of what they may have changed (RV22).
[[nodiscard]] constexpr bool is_known(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::genesis:
    case RecordKind::grant:
    case RecordKind::invite:
    case RecordKind::admit:
    case RecordKind::labels:
    case RecordKind::change:
    case RecordKind::anchor:
    case RecordKind::checkpoint:
    case RecordKind::ruling:
      return true;
    case RecordKind::revoke:
      break;
  }
  return false;
}

// A linear hash chain of one author: a process's run of writing. Random, so that a restored backup opens
// another one.
struct ChainId {
  PeerId author;
  std::uint64_t incarnation = 0;
  friend auto operator<=>(const ChainId&, const ChainId&) = default;
};

inline constexpr std::size_t max_record_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t max_parents = 16;

struct Record {
  FleetId fleet;  // zero in genesis, whose id is the fleet's
  RecordKind kind{};
  PeerId author;
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;  // from 1, without gaps
  RecordId prev;          // zero at seq 1
  // What its author had seen: the heads of the graph, and at seq 1 the heads of its own older incarnations
  // first. Ascending, no duplicates.
  std::vector<RecordId> parents;
  Hlc hlc;
  RecordId grant;  // what it acts under; for root's records the genesis, zero in genesis
  Bytes body;      // canonical protobuf of its kind

  [[nodiscard]] ChainId chain() const { return {author, incarnation}; }
  [[nodiscard]] Bytes to_payload() const;
  // Errors: parse; also when encoding again gives other bytes (L1, RV21).
  [[nodiscard]] static Result<Record> from_payload(BytesView payload);
};

// A record whose signature has been verified, with its bytes. Shared, never changed.
struct SignedRecord {
  RecordId id;
  Record record;
  Bytes envelope;  // as it travels and is stored
};
using RecordPtr = std::shared_ptr<const SignedRecord>;

// Signs with `key`, whose peer id must be record.author.
[[nodiscard]] Result<RecordPtr> sign_record(const Record& record, const PrivateKey& key);
// Verifies form, canonical encoding, signature, and that the signer is the author. Whether it may say what it
// says is the charter's matter. Errors: parse, crypto, limit.
[[nodiscard]] Result<RecordPtr> open_record(BytesView envelope);

}  // namespace starling
