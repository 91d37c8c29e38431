// Any bytes as a backup: what is accepted says the same when it is written and read again.
#include <cstdlib>

#include "starling/backup/backup.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace starling;
  const auto backup = Backup::from_archive(BytesView(data, size));
  if (!backup) return 0;
  const auto archive = backup->to_archive();
  require(archive.has_value());
  const auto again = Backup::from_archive(*archive);
  require(again.has_value());
  require(again->fleet == backup->fleet && again->records.size() == backup->records.size());
  require(again->node.has_value() == backup->node.has_value());
  if (backup->node)
    require(again->node->files == backup->node->files && again->node->facts == backup->node->facts);
  return 0;
}
