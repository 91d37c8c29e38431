// Awaiting work that blocks.
#pragma once

#include <optional>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/uncancelled.hpp"

namespace libp2p {

// Runs `work` on env.workers and returns what it returned. Not cancellable: the work can't be stopped
// half-way, and what it refers to must outlive it.
template <class Work>
Task<std::invoke_result_t<Work>> run_blocking(Env env, Work work) {
  using Value = std::invoke_result_t<Work>;
  std::optional<Value> value;
  Notifier done(env.executor);
  bool finished = false;
  const UncancelledSection section = co_await begin_uncancelled();
  env.workers.submit([&] { value.emplace(work()); },
                     [&] {
                       finished = true;
                       done.notify_all();
                     });
  while (!finished) co_await done.wait();
  co_await end_uncancelled(section);
  co_return std::move(*value);
}

}  // namespace libp2p
