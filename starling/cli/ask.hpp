// Commands that ask the daemon once and print its answer.
#pragma once

#include <functional>
#include <string>

#include "starling/cli/command.hpp"

namespace starling {

using Perform = std::function<Result<ApiReply>(const ApiClient&)>;
using Print = void (*)(const ApiReply&, bool as_json);

// Asks, and prints the answer by `print`; or says why there is none that is a success.
ExitCode perform(const Target& target, const Perform& ask, Print print);

// The answer as it came; on one line `as_json`.
void print_value(const ApiReply& reply, bool as_json);

}  // namespace starling
