#include "starling/daemon/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace starling {
namespace {

std::unexpected<Error> errno_error(const std::filesystem::path& file) {
  return fail(errno == ENOENT ? Errc::not_found : Errc::io, file.string() + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<> write_all(int fd, BytesView contents, const std::filesystem::path& file) {
  while (!contents.empty()) {
    const ssize_t done = ::write(fd, contents.data(), contents.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno_error(file);
    contents = contents.subspan(static_cast<std::size_t>(done));
  }
  if (::fsync(fd) != 0) return errno_error(file);
  return {};
}

// What is there under that name is neither followed nor kept: its mode and its readers would be another's.
Result<> write_anew(const std::filesystem::path& file, BytesView contents) {
  ::unlink(file.c_str());
  const Descriptor fd(::open(file.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600));
  if (fd.get() < 0) return errno_error(file);
  Result<> written = write_all(fd.get(), contents, file);
  if (!written) ::unlink(file.c_str());
  return written;
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return errno_error(file);
  Bytes contents;
  std::array<std::uint8_t, 16 * 1024> chunk{};
  while (true) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(file);
    if (got == 0) return contents;
    libp2p::append(contents, BytesView(chunk).first(static_cast<std::size_t>(got)));
    if (contents.size() > max_bytes) return fail(Errc::limit, file.string() + " is larger than it can be");
  }
}

Result<> write_file(const std::filesystem::path& file, BytesView contents) {
  const std::filesystem::path temporary = file.string() + ".new";
  LIBP2P_CHECK(write_anew(temporary, contents));
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    auto failed = errno_error(file);
    ::unlink(temporary.c_str());
    return failed;
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return errno_error(folder);
  return {};
}

}  // namespace starling
