// What two members say on a sync stream, and a joiner and a member on a join stream.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "starling/changelog/version_vector.hpp"
#include "starling/charter/charter_records.hpp"

namespace starling {

inline constexpr std::string_view sync_protocol = "/starling/sync/1.0.0";
inline constexpr std::string_view join_protocol = "/starling/join/1.0.0";

inline constexpr std::size_t max_frame_bytes = 256 * 1024;
inline constexpr std::size_t max_wanted = 256;
inline constexpr std::size_t max_pull_bytes = 8 * 1024 * 1024;  // a version vector of 65,536 chains

// "This is what I have; send what I lack." (L5)
struct PullRequest {
  VersionVector vector;
  std::vector<RecordId> wanted;  // named by records that wait, or by statuses

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<PullRequest> from_bytes(BytesView bytes);
};

// The answer is a run of frames of at most 256 KiB. A record that fits no frame comes as fragments, in order,
// the last one marked; the end frame carries the answerer's own vector, so that one exchange tells both sides
// where they stand.
struct PullFrame {
  std::vector<Bytes> records;  // envelopes
  Bytes fragment;
  bool fragment_ends = false;
  std::vector<Bytes> statuses;  // envelopes of the statuses the answerer has
  bool end = false;
  VersionVector vector;  // in the end frame

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
