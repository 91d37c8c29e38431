// The answering side of a pull, and the reading side of its answer: records in bounded frames (rule L5).
#pragma once

#include <functional>
#include <vector>

#include "libp2p/io/stream.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

using libp2p::Task;

// What `log` holds that `request` shows to be missing, in an order in which each record follows what it
// depends on.
[[nodiscard]] std::vector<RecordPtr> missing_records(const Changelog& log, const PullRequest& request);

// Does the other vector name anything that `log` lacks?
[[nodiscard]] bool knows_more(const VersionVector& theirs, const VersionVector& ours);

// Writes records and statuses as frames and then the end frame.
[[nodiscard]] Task<libp2p::Result<>> send_records(libp2p::Stream& stream, std::vector<RecordPtr> records,
                                                  std::vector<Bytes> statuses, VersionVector own_vector);

// Reads frames up to the end frame and gives back its vector. `take` is called with each frame's records,
// verified, and with its statuses: what came before a connection broke is kept.
using TakeRecords = std::function<Task<libp2p::Result<>>(std::vector<RecordPtr>)>;
using TakeStatus = std::function<void(BytesView)>;
[[nodiscard]] Task<libp2p::Result<VersionVector>> receive_records(libp2p::Stream& stream,
                                                                  const TakeRecords& take,
                                                                  const TakeStatus& take_status);

}  // namespace starling
