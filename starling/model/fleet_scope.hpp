// What may stand in the scope "@fleet", and what selectors and templates can name: for whoever judges it (the
// merge) and whoever uses it (layers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "starling/model/document.hpp"

namespace starling {

inline constexpr std::string_view layers_member = "layers";
inline constexpr std::string_view variables_member = "variables";
inline constexpr std::string_view selector_member = "selector";
inline constexpr std::string_view priority_member = "priority";

inline constexpr std::size_t max_layers = 1024;
inline constexpr std::int64_t max_priority = 1000;
inline constexpr std::size_t max_selector_terms = 32;
inline constexpr std::size_t max_selector_bytes = 4096;

// The key has 1 to 64 of [A-Za-z0-9._/-], the value 0 to 64 of [A-Za-z0-9._:/@+-]. Errors: invalid_argument.
[[nodiscard]] Result<> check_label_key(std::string_view key);
[[nodiscard]] Result<> check_label(std::string_view key, std::string_view value);
// 1 to 64 of [A-Za-z0-9._-]. Errors: invalid_argument.
[[nodiscard]] Result<> check_variable_name(std::string_view name);
// An integer from 0 to max_priority, as canonical JSON has it (1e1 is 10); nothing for any other value.
[[nodiscard]] std::optional<std::int64_t> layer_priority(const json::value& value);

}  // namespace starling
