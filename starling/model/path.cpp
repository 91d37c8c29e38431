#include "starling/model/path.hpp"

#include <algorithm>
#include <cstdint>

#include "starling/model/utf8.hpp"

namespace starling {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      out += segment[i];
      continue;
    }
    const int high = i + 2 < segment.size() ? hex_digit(segment[i + 1]) : -1;
    const int low = i + 2 < segment.size() ? hex_digit(segment[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(Errc::parse, "a % that two hexadecimal digits don't follow");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<> check_segment(std::string_view segment) {
  if (segment.find('\0') != std::string_view::npos) return fail(Errc::parse, "a NUL in a path");
  if (!is_utf8(segment)) return fail(Errc::parse, "a path that is not UTF-8");
  return {};
}

Result<std::string> unescape_pointer(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '~') {
      out += segment[i];
      continue;
    }
    const char kind = i + 1 < segment.size() ? segment[i + 1] : '\0';
    if (kind != '0' && kind != '1')
      return fail(Errc::parse, "a ~ in a JSON pointer that neither 0 nor 1 follows");
    out += kind == '0' ? '~' : '/';
    ++i;
  }
  return out;
}

// Calls `visit(segment)` for what stands between the slashes of "/a/b", which begins with one.
template <class Visit>
Result<> for_each_segment(std::string_view path, Visit visit) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    LIBP2P_CHECK(visit(segment));
  }
  return {};
}

Result<> too_many_segments() {
  return fail(Errc::limit, "a path of more than " + std::to_string(max_path_segments) + " segments");
}

}  // namespace

std::string to_pointer(const Path& path) {
  std::string out;
  for (const std::string& segment : path) {
    out += '/';
    for (const char c : segment) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
  }
  return out;
}

Result<Path> parse_pointer(std::string_view pointer) {
  if (!pointer.empty() && pointer.front() != '/') {
    return fail(Errc::parse, "a JSON pointer begins with a slash, or is empty for the whole document");
  }
  Path path;
  LIBP2P_CHECK(for_each_segment(pointer, [&](std::string_view raw) -> Result<> {
    if (path.size() >= max_path_segments) return too_many_segments();
    LIBP2P_TRY(std::string segment, unescape_pointer(raw));
    if (!is_utf8(segment)) return fail(Errc::parse, "a JSON pointer that is not UTF-8");
    path.push_back(std::move(segment));
    return {};
  }));
  return path;
}

Result<Path> parse_url_path(std::string_view url_path) {
  url_path = url_path.substr(0, url_path.find_first_of("?#"));
  if (!url_path.empty() && url_path.front() != '/')
    return fail(Errc::parse, "a URL path begins with a slash");
  Path path;
  LIBP2P_CHECK(for_each_segment(url_path, [&](std::string_view raw) -> Result<> {
    LIBP2P_TRY(std::string segment, percent_decode(raw));
    LIBP2P_CHECK(check_segment(segment));
    if (segment.empty() || segment == ".") return {};
    if (segment == "..") {
      if (path.empty()) return fail(Errc::parse, "a path that leaves the root by ..");
      path.pop_back();
      return {};
    }
    if (path.size() >= max_path_segments) return too_many_segments();
    path.push_back(std::move(segment));
    return {};
  }));
  return path;
}

std::string to_url_path(const Path& path) {
  constexpr std::string_view safe = "-._~!$&'()*+,;=:@";  // RFC 3986 pchar, besides letters and digits
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const std::string& segment : path) {
    out += '/';
    for (const char c : segment) {
      const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (letter_or_digit || safe.find(c) != std::string_view::npos) {
        out += c;
        continue;
      }
      const auto byte = static_cast<std::uint8_t>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out.empty() ? "/" : out;
}

bool is_prefix(const Path& a, const Path& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace starling
