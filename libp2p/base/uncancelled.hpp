// A part of a coroutine that must run to its end even while its task is being cancelled: joining what it started.
#pragma once

#include <boost/asio/cancellation_state.hpp>

#include "libp2p/base/task.hpp"

namespace libp2p {

struct UncancelledSection {
  bool was_cancelled = false;
};

// Until end_uncancelled, cancellation neither reaches nor throws in this task.
[[nodiscard]] Task<UncancelledSection> begin_uncancelled();
// Cancellation works again. Throws operation_aborted when the section was begun by a task already cancelled.
[[nodiscard]] Task<> end_uncancelled(UncancelledSection section);

}  // namespace libp2p
