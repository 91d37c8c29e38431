// Tar archives of a few known members, read as if somebody had made them to do harm.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/ids.hpp"

namespace starling {

struct ArchiveMember {
  std::string name;
  Bytes contents;
};

// A member that an archive may hold.
struct MemberForm {
  std::string_view name;
  std::size_t max_bytes = 0;
};

// In that order, each a file of mode 0600 and of no date: equal members give equal bytes. Errors: io.
[[nodiscard]] Result<Bytes> write_archive(std::span<const ArchiveMember> members);

// Its members in the order in which they stand. Refused by name is what leaves the folder (an absolute path,
// "..", a link), what is no file, what has no place in `forms`, what comes twice, and what is too large;
// nothing is reserved for what was only announced. Errors: parse, limit.
[[nodiscard]] Result<std::vector<ArchiveMember>> read_archive(BytesView archive,
                                                              std::span<const MemberForm> forms);

}  // namespace starling
