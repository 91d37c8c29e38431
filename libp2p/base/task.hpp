// The coroutine type of the whole project: lazy, single-threaded, cancelled through its TaskGroup.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace libp2p {

namespace asio = boost::asio;

// Concrete, not any_io_executor: every resumption would pay for the type erasure.
using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

}  // namespace libp2p
