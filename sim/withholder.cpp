#include "sim/withholder.hpp"

#include "libp2p/io/framing.hpp"
#include "starling/sync/messages.hpp"
#include "starling/sync/missing_records.hpp"

namespace starling::sim {

// Of the protocol's versions it knows the first alone.
Withholder::Withholder(FleetNode& node) : node_(node) {
  node.swarm().remove_handler(sync_protocol);
  node.swarm().remove_handler(sync_protocol_1_0);
  node.swarm().set_handler(std::string(sync_protocol_1_0),
                           [this](libp2p::InboundStream inbound) { return serve(std::move(inbound)); });
}

bool Withholder::withholds(const SignedRecord& record) {
  return record.record.kind == RecordKind::change && record.id.bytes[0] % 2 == 0;
}

Task<> Withholder::serve(libp2p::InboundStream inbound) {
  libp2p::Stream& stream = *inbound.stream;
  const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
  if (!bytes) co_return;
  const auto request = PullRequest::from_bytes(*bytes);
  if (!request) co_return;
  std::vector<PullFrame> frames;
  MissingRecords missing(node_.fleet().log(), *request);
  while (const RecordPtr record = missing.next()) {
    if (withholds(*record)) {
      ++withheld_;
    } else {
      frames.emplace_back().records.push_back(record->envelope);
    }
  }
  PullFrame& end = frames.emplace_back();
  end.end = true;
  end.vector = node_.fleet().log().vector();
  for (const PullFrame& frame : frames) {
    const Bytes encoded = frame.to_bytes();
    if (!co_await libp2p::write_length_prefixed(stream, encoded)) co_return;
  }
  (void)co_await libp2p::close_gracefully(stream);
}

}  // namespace starling::sim
