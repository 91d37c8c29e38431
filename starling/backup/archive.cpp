#include "starling/backup/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>

namespace starling {
namespace {

struct CloseReader {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(archive* writer) const noexcept { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};
using Reader = std::unique_ptr<archive, CloseReader>;
using Writer = std::unique_ptr<archive, CloseWriter>;

std::string said_by(archive* handle) {
  const char* text = archive_error_string(handle);
  return text != nullptr ? text : "no reason given";
}

la_ssize_t take(archive*, void* out, const void* data, std::size_t size) {
  libp2p::append(*static_cast<Bytes*>(out), BytesView(static_cast<const std::uint8_t*>(data), size));
  return static_cast<la_ssize_t>(size);
}

Result<> write_member(archive* writer, const ArchiveMember& member) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), member.name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(member.contents.size()));
  const auto size = static_cast<la_ssize_t>(member.contents.size());
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK ||
      archive_write_data(writer, member.contents.data(), member.contents.size()) != size) {
    return fail(Errc::io, "writing " + member.name + ": " + said_by(writer));
  }
  return {};
}

// Does a path stay where the archive is unpacked?
bool leaves_the_folder(std::string_view path) {
  if (path.starts_with('/')) return true;
  while (true) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

std::string_view kind_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return "a hard link";
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return "a file";
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFDIR:
      return "a folder";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a pipe";
    default:
      return "no file";
  }
}

std::unexpected<Error> refused(Errc code, std::string_view name, std::string_view why) {
  return fail(code, "the archive's member \"" + libp2p::printable(name) + "\" " + std::string(why));
}

class MemberReader {
 public:
  // No member is larger than the archive: of holes in it nothing is made.
  MemberReader(archive* reader, std::span<const MemberForm> forms, std::size_t archive_bytes)
      : reader_(reader), forms_(forms), archive_bytes_(archive_bytes) {}

  [[nodiscard]] Result<ArchiveMember> read(archive_entry* entry) {
    const char* path = archive_entry_pathname(entry);
    if (path == nullptr) return fail(Errc::parse, "a member of the archive has no name that can be read");
    const std::string name = path;
    if (leaves_the_folder(name)) return refused(Errc::parse, name, "leaves the folder: refused");
    if (const std::string_view kind = kind_of(entry); kind != "a file") {
      return refused(Errc::parse, name, "is " + std::string(kind) + ", and only files belong in it: refused");
    }
    const auto form = std::ranges::find(forms_, name, &MemberForm::name);
    if (form == forms_.end()) return refused(Errc::parse, name, "has no place in a backup: refused");
    if (std::ranges::find(names_, name) != names_.end())
      return refused(Errc::parse, name, "comes twice: refused");
    names_.push_back(name);
    LIBP2P_TRY(Bytes contents, contents_of(name, std::min(form->max_bytes, archive_bytes_)));
    return ArchiveMember{name, std::move(contents)};
  }

 private:
  [[nodiscard]] Result<Bytes> contents_of(const std::string& name, std::size_t max_bytes) {
    Bytes contents;
    std::array<std::uint8_t, 64 * 1024> chunk{};
    while (true) {
      const la_ssize_t got = archive_read_data(reader_, chunk.data(), chunk.size());
      if (got == 0) return contents;
      if (got < 0) return refused(Errc::parse, name, "is damaged: " + said_by(reader_));
      const auto size = static_cast<std::size_t>(got);
      if (size > max_bytes - contents.size()) {
        return refused(Errc::limit, name, "is larger than " + std::to_string(max_bytes) + " bytes: refused");
      }
      libp2p::append(contents, BytesView(chunk).first(size));
    }
  }

  archive* reader_;
  std::span<const MemberForm> forms_;
  std::size_t archive_bytes_;
  std::vector<std::string> names_;
};

}  // namespace

Result<Bytes> write_archive(std::span<const ArchiveMember> members) {
  Bytes out;
  const Writer writer(archive_write_new());
  // Blocks of their own size: nothing is padded to a tape's.
  if (archive_write_set_format_pax_restricted(writer.get()) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(writer.get(), 0) != ARCHIVE_OK ||
      archive_write_open(writer.get(), &out, nullptr, &take, nullptr) != ARCHIVE_OK) {
    return fail(Errc::io, "the archive: " + said_by(writer.get()));
  }
  for (const ArchiveMember& member : members) LIBP2P_CHECK(write_member(writer.get(), member));
  if (archive_write_close(writer.get()) != ARCHIVE_OK)
    return fail(Errc::io, "the archive: " + said_by(writer.get()));
  return out;
}

Result<std::vector<ArchiveMember>> read_archive(BytesView archive, std::span<const MemberForm> forms) {
  const Reader reader(archive_read_new());
  // Tar, and nothing that would unpack to more than there is.
  if (archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
      archive_read_open_memory(reader.get(), archive.data(), archive.size()) != ARCHIVE_OK) {
    return fail(Errc::parse, "no tar archive: " + said_by(reader.get()));
  }
  MemberReader members(reader.get(), forms, archive.size());
  std::vector<ArchiveMember> found;
  while (true) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return found;
    if (status != ARCHIVE_OK) {
      return fail(Errc::parse, "no tar archive, or a damaged one (if it was compressed, unpack it first): " +
                                   said_by(reader.get()));
    }
    LIBP2P_TRY(ArchiveMember member, members.read(entry));
    found.push_back(std::move(member));
  }
}

}  // namespace starling
