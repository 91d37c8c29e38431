#include "tests/support/faulty_disk.hpp"

#include <algorithm>

namespace starling::test {
namespace {

// Does it change anything at an operation of that kind?
bool fits(DiskFault fault, FaultyDisk::Kind kind) {
  switch (fault) {
    case DiskFault::disk_full:
    case DiskFault::short_write:
    case DiskFault::killed_halfway:
      return kind == FaultyDisk::Kind::writing;
    case DiskFault::sync_lost:
      return kind == FaultyDisk::Kind::syncing;
    default:
      return fault != DiskFault::none;
  }
}

}  // namespace

std::string_view to_string(DiskFault fault) noexcept {
  switch (fault) {
    case DiskFault::none:
      return "none";
    case DiskFault::io_error:
      return "io_error";
    case DiskFault::disk_full:
      return "disk_full";
    case DiskFault::short_write:
      return "short_write";
    case DiskFault::sync_lost:
      return "sync_lost";
    case DiskFault::killed_before:
      return "killed_before";
    case DiskFault::killed_after:
      return "killed_after";
    case DiskFault::killed_halfway:
      return "killed_halfway";
    case DiskFault::power_lost:
      return "power_lost";
    case DiskFault::power_lost_partly:
      return "power_lost_partly";
  }
  return "unknown";
}

void FaultyDisk::plan(std::size_t at, DiskFault fault) {
  operations_ = 0;
  fault_at_ = at;
  fault_ = fault;
  met_ = false;
}

DiskFault FaultyDisk::begin(Kind kind) {
  // A process that is dead does nothing more; its handles are only tidied up.
  if (dead_) return DiskFault::io_error;
  if (++operations_ != fault_at_ || !fits(fault_, kind)) return DiskFault::none;
  met_ = true;
  dead_ = is_crash(fault_);
  return fault_;
}

std::shared_ptr<FaultyDisk::File> FaultyDisk::find(const std::string& name) const {
  const auto found = live_.find(name);
  return found == live_.end() ? nullptr : found->second;
}

std::shared_ptr<FaultyDisk::File> FaultyDisk::create(const std::string& name) {
  return live_.insert_or_assign(name, std::make_shared<File>()).first->second;
}

void FaultyDisk::write(File& file, libp2p::BytesView data, std::size_t offset) {
  if (file.live.size() < offset + data.size()) file.live.resize(offset + data.size());
  std::ranges::copy(data, file.live.begin() + static_cast<std::ptrdiff_t>(offset));
  const std::size_t first = offset / sector_bytes;
  const std::size_t end = (offset + data.size() + sector_bytes - 1) / sector_bytes;
  std::erase_if(file.never_written, [&](std::size_t sector) { return sector >= first && sector < end; });
}

void FaultyDisk::truncate(File& file, std::size_t size) {
  file.live.resize(size);
  std::erase_if(file.never_written, [&](std::size_t sector) { return sector * sector_bytes >= size; });
}

void FaultyDisk::sync(File& file) {
  const libp2p::Bytes before = std::exchange(file.synced, file.live);
  for (const std::size_t sector : file.never_written) {
    const std::size_t begin = sector * sector_bytes;
    for (std::size_t i = begin; i < std::min(begin + sector_bytes, file.synced.size()); ++i)
      file.synced[i] = i < before.size() ? before[i] : std::uint8_t{0};
  }
}

void FaultyDisk::lose_in_sync(File& file) {
  const std::size_t sectors = (file.live.size() + sector_bytes - 1) / sector_bytes;
  for (std::size_t sector = 0; sector < sectors; ++sector) {
    const std::size_t begin = sector * sector_bytes;
    const std::size_t end = std::min(begin + sector_bytes, file.live.size());
    const bool same =
        end <= file.synced.size() && std::equal(file.live.begin() + static_cast<std::ptrdiff_t>(begin),
                                                file.live.begin() + static_cast<std::ptrdiff_t>(end),
                                                file.synced.begin() + static_cast<std::ptrdiff_t>(begin));
    if (!same) file.never_written.insert(sector);
  }
}

void FaultyDisk::remove(const std::string& name, bool synced) {
  live_.erase(name);
  if (synced) synced_.erase(name);
}

void FaultyDisk::crash_and_restart(DiskFault how) {
  if (how == DiskFault::power_lost || how == DiskFault::power_lost_partly)
    lose_power(how == DiskFault::power_lost_partly);
  for (const auto& [name, file] : live_) file->shared.clear();
  dead_ = false;
  fault_ = DiskFault::none;
}

void FaultyDisk::lose_power(bool partly) {
  Names names = synced_;
  if (partly) {
    // A file that was made or removed since may be there or not.
    for (const auto& [name, file] : live_) {
      if (!names.contains(name) || names[name] != file) {
        if (random_.below(2) == 0) names.insert_or_assign(name, file);
      }
    }
    std::erase_if(names,
                  [&](const auto& entry) { return !live_.contains(entry.first) && random_.below(2) == 0; });
  }
  live_ = synced_ = names;
  for (const auto& [name, file] : live_) settle(*file, partly);
}

void FaultyDisk::settle(File& file, bool partly) {
  if (partly) {
    libp2p::Bytes after = file.synced;
    const std::size_t longer = std::max(file.synced.size(), file.live.size());
    if (file.synced.size() != file.live.size() && random_.below(2) == 0) after.resize(file.live.size());
    for (std::size_t begin = 0; begin < longer; begin += sector_bytes) {
      const std::size_t sector = begin / sector_bytes;
      if (random_.below(2) == 0 || file.never_written.contains(sector)) continue;
      for (std::size_t i = begin; i < std::min({begin + sector_bytes, file.live.size(), after.size()}); ++i)
        after[i] = file.live[i];
    }
    file.synced = std::move(after);
  }
  file.live = file.synced;
  file.never_written.clear();
}

}  // namespace starling::test
