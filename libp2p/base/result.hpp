// Faults of the network, of peers and of parsing are values; see CONTRIBUTING.md, Errors.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace libp2p {

enum class Errc : std::uint8_t {
  invalid_argument,  // the caller's value can't be used
  parse,             // bytes or text that are not of their form
  limit,             // a bound of ours was reached; the message names it
  protocol,          // the peer broke the protocol
  crypto,            // a signature, tag or key did not verify
  not_supported,     // neither side is wrong, but this can't be done
  not_found,
  refused,  // the other side, or our own policy, said no
  timeout,
  closed,  // ended in order
  reset,   // ended by force
  io,      // the operating system said no
  exists,
  busy,
};

[[nodiscard]] std::string_view to_string(Errc code) noexcept;

// What went wrong, in words that say what, where, and what the other side did.
struct Error {
  Errc code{};
  std::string message;

  [[nodiscard]] std::string to_string() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

// Puts `context` before the message of an error on its way up: "dial /ip4/…: connection refused".
[[nodiscard]] inline std::unexpected<Error> fail_in(std::string_view context, Error error) {
  error.message.insert(0, ": ").insert(0, context);
  return std::unexpected<Error>(std::move(error));
}

}  // namespace libp2p

// LIBP2P_TRY(auto x, f()) binds the value of a Result, or returns its error. The CO_ form is for coroutines.
#define LIBP2P_CAT2(a, b) a##b
#define LIBP2P_CAT(a, b) LIBP2P_CAT2(a, b)
#define LIBP2P_TRY_IMPL(ret, result, declaration, ...)         \
  auto result = __VA_ARGS__;                                   \
  if (!result) ret std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)
#define LIBP2P_TRY(declaration, ...) \
  LIBP2P_TRY_IMPL(return, LIBP2P_CAT(try_result_, __LINE__), declaration, __VA_ARGS__)
#define LIBP2P_CO_TRY(declaration, ...) \
  LIBP2P_TRY_IMPL(co_return, LIBP2P_CAT(try_result_, __LINE__), declaration, __VA_ARGS__)
// The same for Result<void> and for values that are not wanted.
#define LIBP2P_CHECK_IMPL(ret, result, ...)                      \
  do {                                                           \
    auto result = __VA_ARGS__;                                   \
    if (!result) ret std::unexpected(std::move(result).error()); \
  } while (false)
#define LIBP2P_CHECK(...) LIBP2P_CHECK_IMPL(return, LIBP2P_CAT(check_result_, __LINE__), __VA_ARGS__)
#define LIBP2P_CO_CHECK(...) LIBP2P_CHECK_IMPL(co_return, LIBP2P_CAT(check_result_, __LINE__), __VA_ARGS__)
