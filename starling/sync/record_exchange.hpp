// The frames of an answer to a pull: written by one side, read by the other (rule L5).
#pragma once

#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

using libp2p::Duration;
using libp2p::Env;
using libp2p::Task;

// An answer may be long; what must not be long is the wait for its next piece.
struct Liveness {
  Duration idle = std::chrono::seconds(10);   // until anything more comes, or is taken
  Duration frame = std::chrono::seconds(60);  // until a whole frame has
};

// Does the other vector name anything that `ours` lacks?
[[nodiscard]] bool knows_more(const VersionVector& theirs, const VersionVector& ours);

// What stands beside the records in an answer.
struct AnswerEnd {
  std::vector<Bytes> statuses = {};
  bool same = false;
  VersionVector vector = {};
  RecordPtr horizon = {};      // see PullFrame
  bool horizon_first = false;  // the asker lacks what it covers
};

// Writes what `request` shows to be missing in `log`, and the end frame. `log` may grow meanwhile. A peer
// that takes nothing for as long as `liveness` allows fails it, by a reset.
[[nodiscard]] Task<Result<>> send_answer(Env env, libp2p::Stream& stream, const Changelog& log,
                                         PullRequest request, AnswerEnd end, Liveness liveness);

// Reads an answer frame by frame; records that came in fragments are whole in the frame of their last one.
class FrameReader {
 public:
  // The stream must outlive it.
  FrameReader(Env env, libp2p::Stream& stream, Liveness liveness)
      : env_(env), stream_(stream), liveness_(liveness) {}
  // Errors: those of the stream, reset (nothing came for too long), parse, limit (fragments of a record of
  // more than 8 MiB).
  [[nodiscard]] Task<Result<PullFrame>> next();

 private:
  Env env_;
  libp2p::Stream& stream_;
  Liveness liveness_;
  Bytes fragments_;
};

}  // namespace starling
