#include "starling/sync/record_exchange.hpp"

#include <algorithm>
#include <set>

#include "libp2p/io/framing.hpp"

namespace starling {
namespace {

// Room in a frame for its own tags and lengths.
constexpr std::size_t frame_payload = max_frame_bytes - 64;
// An end frame carries a whole version vector.
constexpr std::size_t max_received_frame = max_pull_bytes;
constexpr std::size_t max_envelope_bytes = max_record_bytes + 1024;

bool is_missing(const Record& record, const RecordId& id, const VersionVector& theirs) {
  const auto known = theirs.find(record.chain());
  if (known == theirs.end()) return true;
  if (record.seq <= known->second.seq) return false;
  // Past a fork that they know already nothing is missing: what waits there is asked for by name.
  const auto& fork = known->second.fork;
  return !fork || (record.seq == fork->seq && id != fork->first && id != fork->second && id < fork->second);
}

class FrameWriter {
 public:
  explicit FrameWriter(libp2p::Stream& stream) : stream_(stream) {}

  Task<Result<>> record(const Bytes& envelope) {
    if (envelope.size() > frame_payload) co_return co_await fragments(envelope);
    LIBP2P_CO_CHECK(co_await make_room(envelope.size()));
    frame_.records.push_back(envelope);
    co_return Result<>{};
  }
  Task<Result<>> status(const Bytes& envelope) {
    LIBP2P_CO_CHECK(co_await make_room(envelope.size()));
    frame_.statuses.push_back(envelope);
    co_return Result<>{};
  }
  Task<Result<>> end(VersionVector vector) {
    LIBP2P_CO_CHECK(co_await flush());
    frame_.end = true;
    frame_.vector = std::move(vector);
    co_return co_await flush();
  }

 private:
  static constexpr std::size_t field_overhead = 8;

  Task<Result<>> make_room(std::size_t bytes) {
    if (size_ + bytes + field_overhead > frame_payload) LIBP2P_CO_CHECK(co_await flush());
    size_ += bytes + field_overhead;
    co_return Result<>{};
  }
  Task<Result<>> fragments(const Bytes& envelope) {
    LIBP2P_CO_CHECK(co_await flush());
    BytesView rest = envelope;
    while (!rest.empty()) {
      const std::size_t size = std::min(rest.size(), frame_payload);
      frame_.fragment = libp2p::to_bytes(rest.first(size));
      rest = rest.subspan(size);
      frame_.fragment_ends = rest.empty();
      size_ = size;
      LIBP2P_CO_CHECK(co_await flush());
    }
    co_return Result<>{};
  }
  Task<Result<>> flush() {
    if (size_ == 0 && !frame_.end) co_return Result<>{};
    const Bytes bytes = std::exchange(frame_, {}).to_bytes();
    size_ = 0;
    co_return co_await libp2p::write_length_prefixed(stream_, bytes);
  }

  libp2p::Stream& stream_;
  PullFrame frame_;
  std::size_t size_ = 0;
};

}  // namespace

std::vector<RecordPtr> missing_records(const Changelog& log, const PullRequest& request) {
  std::vector<RecordPtr> missing;
  std::set<RecordId> chosen;
  const auto choose = [&](const RecordPtr& record) {
    if (record && chosen.insert(record->id).second) missing.push_back(record);
  };
  if (request.vector != log.vector()) {
    for (const RecordPtr& record : log.records()) {
      if (is_missing(record->record, record->id, request.vector)) choose(record);
    }
    for (const auto& [chain, head] : log.vector()) {
      const auto theirs = request.vector.find(chain);
      if (!head.fork ||
          (theirs != request.vector.end() && theirs->second.fork && *theirs->second.fork <= *head.fork))
        continue;
      choose(log.get(head.fork->first));
      choose(log.get(head.fork->second));
    }
  }
  for (const RecordId& id : request.wanted) choose(log.get(id));
  return missing;
}

bool knows_more(const VersionVector& theirs, const VersionVector& ours) {
  return std::ranges::any_of(theirs, [&](const auto& entry) {
    const auto& [chain, head] = entry;
    const auto mine = ours.find(chain);
    if (mine == ours.end()) return true;
    if (head.fork && (!mine->second.fork || *head.fork < *mine->second.fork)) return true;
    return !mine->second.fork && head.seq > mine->second.seq;
  });
}

Task<Result<>> send_records(libp2p::Stream& stream, std::vector<RecordPtr> records,
                            std::vector<Bytes> statuses, VersionVector own_vector) {
  FrameWriter out(stream);
  for (const RecordPtr& record : records) LIBP2P_CO_CHECK(co_await out.record(record->envelope));
  for (const Bytes& status : statuses) LIBP2P_CO_CHECK(co_await out.status(status));
  co_return co_await out.end(std::move(own_vector));
}

Task<Result<VersionVector>> receive_records(libp2p::Stream& stream, const TakeRecords& take,
                                            const TakeStatus& take_status) {
  Bytes fragments;
  while (true) {
    LIBP2P_CO_TRY(const Bytes bytes, co_await libp2p::read_length_prefixed(stream, max_received_frame));
    LIBP2P_CO_TRY(PullFrame frame, PullFrame::from_bytes(bytes));
    if (!frame.fragment.empty()) {
      if (fragments.size() + frame.fragment.size() > max_envelope_bytes) {
        co_return fail(Errc::limit, "fragments of a record of more than 8 MiB");
      }
      libp2p::append(fragments, frame.fragment);
      if (frame.fragment_ends) frame.records.push_back(std::exchange(fragments, {}));
    }
    std::vector<RecordPtr> records;
    for (const Bytes& envelope : frame.records) {
      LIBP2P_CO_TRY(RecordPtr record, open_record(envelope));
      records.push_back(std::move(record));
    }
    if (!records.empty()) LIBP2P_CO_CHECK(co_await take(std::move(records)));
    for (const Bytes& status : frame.statuses) take_status(status);
    if (frame.end) co_return std::move(frame.vector);
  }
}

}  // namespace starling
