// What members, joiners and strangers can put on a sync or join stream, and statuses.
#include <cstdint>
#include <cstdlib>

#include "starling/model/status.hpp"
#include "starling/sync/messages.hpp"
#include "starling/sync/proof.hpp"

namespace {

// What was read can be written and read again.
template <class Message>
void again(starling::BytesView bytes) {
  const auto message = Message::from_bytes(bytes);
  if (message && !Message::from_bytes(message->to_bytes())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const starling::BytesView bytes(data + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      again<starling::PullRequest>(bytes);
      break;
    case 1:
      again<starling::PullFrame>(bytes);
      break;
    case 2:
      again<starling::JoinHello>(bytes);
      break;
    case 3:
      again<starling::JoinReply>(bytes);
      break;
    case 4:
      (void)starling::Status::open(bytes).has_value();
      break;
    case 5:
      if (const auto vector = starling::version_vector_from_bytes(bytes); vector) {
        if (starling::version_vector_from_bytes(starling::to_bytes(*vector)) != *vector) std::abort();
      }
      break;
    default: {
      const std::vector<starling::Bytes> proof{libp2p::to_bytes(bytes)};
      (void)starling::check_proof({}, proof).has_value();
    }
  }
  return 0;
}
