#include "starling/backup/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "starling/daemon/files.hpp"

namespace starling {
namespace {

std::unexpected<Error> there_already(const std::filesystem::path& path) {
  return fail(Errc::exists, path.string() + " is there already: choose another name, or move it away");
}

std::unexpected<Error> io_error(const std::filesystem::path& path, int error) {
  return fail(Errc::io, path.string() + ": " + std::strerror(error));
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error(folder, errno);
  const int status = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  return status == 0 ? Result<>() : io_error(folder, error);
}

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

}  // namespace

Result<> write_new_file(const std::filesystem::path& file, BytesView contents) {
  if (is_there(file)) return there_already(file);
  const std::filesystem::path partial = file.string() + ".partial";
  Result<> done = write_file(partial, contents);
  if (done) done = rename_to_new(partial, file);
  if (!done) ::unlink(partial.c_str());
  return done;
}

Result<> rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  int status = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  // Some file systems can't promise it.
  if (status != 0 && errno == EINVAL && !is_there(to)) status = ::rename(from.c_str(), to.c_str());
  if (status != 0) return errno == EEXIST || errno == ENOTEMPTY ? there_already(to) : io_error(to, errno);
  return sync_folder(to.parent_path());
}

}  // namespace starling
