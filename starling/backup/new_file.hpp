// Files and folders that come into being whole, and never in another's place.
#pragma once

#include <filesystem>

#include "starling/model/ids.hpp"

namespace starling {

// Mode 0600, on disk when it returns. Errors: exists, io.
[[nodiscard]] Result<> write_new_file(const std::filesystem::path& file, BytesView contents);

// What is at `from` is at `to` now. Errors: exists, io.
[[nodiscard]] Result<> rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace starling
