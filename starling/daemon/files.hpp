// Files that are written whole or not at all.
#pragma once

#include <filesystem>

#include "starling/model/ids.hpp"

namespace starling {

// Errors: not_found, io, limit.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& file,
                                      std::size_t max_bytes = 64 * 1024 * 1024);
// By a temporary file, fsync and rename; mode 0600.
[[nodiscard]] Result<> write_file(const std::filesystem::path& file, BytesView contents);

}  // namespace starling
