// Any URL path: what is taken can be written as a URL path and as a JSON pointer, and both read back as the
// same path.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "starling/model/path.hpp"
#include "starling/model/utf8.hpp"

namespace {

using namespace starling;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto path = parse_url_path(text)) {
    require(path->size() <= max_path_segments);
    for (const std::string& segment : *path) {
      require(!segment.empty() && segment != "." && segment != ".." && is_utf8(segment));
    }
    require(parse_url_path(to_url_path(*path)) == *path);
    require(parse_pointer(to_pointer(*path)) == *path);
  }
  if (const auto path = parse_pointer(text)) {
    require(to_pointer(*path) == text && path->size() <= max_path_segments);
    // Keys that no URL can name ("", ".", "..", with a NUL) are refused or collapsed, never mistaken for
    // longer ones.
    const auto through_url = parse_url_path(to_url_path(*path));
    require(!through_url || through_url->size() <= path->size());
  }
  return 0;
}
