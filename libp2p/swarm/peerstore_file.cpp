#include "libp2p/swarm/peerstore_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace libp2p {
namespace {

// Closes at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<Error> system_failure(const std::string& path) {
  const int code = errno;
  return fail(code == ENOENT ? Errc::not_found : Errc::io,
              path + ": " + std::generic_category().message(code));
}

}  // namespace

Result<Bytes> DiskPeerstoreFile::load() {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_failure(path_);
  Bytes contents;
  std::array<std::uint8_t, 16'384> part{};
  for (;;) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path_);
    if (got == 0) return contents;
    append(contents, BytesView(part).first(static_cast<std::size_t>(got)));
  }
}

Result<> DiskPeerstoreFile::save(BytesView contents) {
  const std::string fresh = path_ + ".new";
  {
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.valid()) return system_failure(fresh);
    while (!contents.empty()) {
      const ssize_t written = ::write(file.get(), contents.data(), contents.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_failure(fresh);
      contents = contents.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return system_failure(fresh);
  }
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return system_failure(path_);
  // The rename is on the disk only once its folder is.
  const std::size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return system_failure(folder);
  return {};
}

}  // namespace libp2p
