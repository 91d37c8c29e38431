// What two members say on a sync stream, and a joiner and a member on a join stream.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "starling/changelog/version_vector.hpp"
#include "starling/charter/charter_records.hpp"

namespace starling {

// Newest first: a node speaks both, and asks for them in this order.
inline constexpr std::string_view sync_protocol = "/starling/sync/1.1.0";
inline constexpr std::string_view sync_protocol_1_0 = "/starling/sync/1.0.0";
inline constexpr std::string_view join_protocol = "/starling/join/1.0.0";

inline constexpr std::size_t max_wanted = 256;
inline constexpr std::size_t max_pull_bytes = 8 * 1024 * 1024;  // a version vector of 65,536 chains

inline constexpr std::size_t max_ranges = 1024;
inline constexpr std::size_t max_status_marks = 4096;
// Records to a block of a stripe.
inline constexpr std::uint64_t stripe_block = 1024;
inline constexpr std::uint32_t max_stripes = 16;

// Records of one chain, both ends included.
struct ChainRange {
  ChainId chain;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const ChainRange&, const ChainRange&) = default;
};

// Of what is asked for, put in order (M1) and cut into blocks, every count-th block from the index-th on.
// Peers that hold the ranges whole cut them alike, so that each can bring a share of them.
struct Stripe {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  friend bool operator==(const Stripe&, const Stripe&) = default;
};

// A status that the asker has: the end of the node's peer id, and how far it had counted.
struct StatusMark {
  std::uint64_t node = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t counter = 0;
  friend bool operator==(const StatusMark&, const StatusMark&) = default;
};

// "This is what I have; send what I lack" (L5). 1.0 knows `vector` and `wanted` alone, and skips the rest. In
// 1.1 a request is one of three:
// - with `digest`, a comparison: the answer is the statuses that are news, and the answerer's vector if its
//   digest is another one;
// - with `ranges`, for these alone;
// - else for all that `vector` lacks. The answers to the latter two end without a vector.
struct PullRequest {
  VersionVector vector;
  std::vector<RecordId> wanted = {};  // named by records that wait, or by statuses
  std::optional<libp2p::Sha256Digest> digest = {};
  std::vector<ChainRange> ranges = {};
  Stripe stripe = {};
  std::uint64_t limit = 0;  // of records in all stripes together; 0: none
  std::vector<StatusMark> statuses = {};
  bool in_return = false;  // asked because the other side asked: it needn't ask back

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<PullRequest> from_bytes(BytesView bytes);
};

// The answer is a run of frames of at most 256 KiB. A record that fits no frame comes as fragments, in order,
// the last one marked; no frame holds records of two blocks.
struct PullFrame {
  std::vector<Bytes> records;  // envelopes
  Bytes fragment;
  bool fragment_ends = false;
  std::vector<Bytes> statuses;  // envelopes of the statuses the answerer has
  bool end = false;
  bool same = false;     // in the end frame: the digest compared is ours too
  VersionVector vector;  // in the end frame, see PullRequest
  // In the end frame: the checkpoint behind which the answerer has forgotten records; zero: none. Where the
  // asker lacks what that covers, it is the first record of the answer.
  RecordId horizon;

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<PullFrame> from_bytes(BytesView bytes);
};

// The opening of a join stream: a joiner names the invite it holds; a member long away brings the records
// that prove its grant, from genesis.
struct JoinHello {
  FleetId fleet;
  std::optional<PeerId> invite_key;
  std::vector<Bytes> proof;

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<JoinHello> from_bytes(BytesView bytes);
};

// What the member answers, to the hello and to the statement.
struct JoinReply {
  enum class Kind : std::uint8_t { challenge = 1, admitted = 2, refused = 3 };
  Kind kind{};
  Bytes nonce;                 // challenge
  std::string reason;          // refused
  bool final = false;          // refused: no other member would say otherwise
  std::vector<Bytes> records;  // admitted: the charter, the joiner's own Admit included

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<JoinReply> from_bytes(BytesView bytes);
};

}  // namespace starling
