#include "libp2p/base/uncancelled.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace libp2p {

Task<UncancelledSection> begin_uncancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  UncancelledSection section{state.cancelled() != asio::cancellation_type::none};
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_return section;
}

Task<> end_uncancelled(UncancelledSection section) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_await asio::this_coro::throw_if_cancelled(true);
  if (section.was_cancelled) throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace libp2p
