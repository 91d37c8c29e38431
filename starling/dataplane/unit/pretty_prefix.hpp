// Reading what a cut reply still tells, and proving that the parts read again make up the whole.
//
// Unit closes the connection once its socket's send buffer is full, so a large reply arrives as its beginning
// and the Content-Length of the whole. Its text is laid out by fixed rules (model/document.hpp, unit_json):
// one member or element a line at its own indentation. So the beginning names members, and the lengths of the
// parts must add up to the whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

// A value with the size of its text as Unit prints it by itself.
struct Piece {
  json::value value;
  std::size_t bytes = 0;  // without the line end that closes a reply
  std::size_t indented_lines =
      0;  // its lines after the first that are not blank: each is one TAB longer a level down

  // Does Unit leave a blank line between it and the member after it?
  [[nodiscard]] bool blank_line_after() const { return indented_lines != 0; }
};

// A whole reply's text, with or without its last line end. Errors: JsonError, as parse_json.
[[nodiscard]] std::expected<Piece, JsonError> parse_piece(std::string_view text, const JsonLimits& limits);

// A container put together from its parts, with the bytes that Unit's text of it has. `keys` is empty for an
// array.
class PieceBuilder {
 public:
  explicit PieceBuilder(bool object) : object_(object) {}

  void add(std::string_view key, Piece piece);
  // Is it, to the byte, as long as the whole text is? Where blank lines stand depends on which member is
  // last, so an object may be one blank line longer or shorter.
  [[nodiscard]] bool adds_up_to(std::size_t bytes) const;
  [[nodiscard]] std::size_t size() const { return parts_; }
  [[nodiscard]] Piece finish(std::size_t bytes) &&;

 private:
  bool object_;
  json::object members_;
  json::array elements_;
  std::size_t parts_ = 0;
  std::size_t bytes_ = 0;
  std::size_t indented_lines_ = 0;
  std::size_t blank_lines_ = 0;
};

// The beginning of a container's text.
struct PrettyPrefix {
  struct Member {
    std::string key;         // empty in an array
    std::string_view value;  // its text, one TAB further in than by itself; empty when it was cut
  };
  bool object = false;
  std::vector<Member> members;
};

// Nothing when the text does not begin a container on several lines.
[[nodiscard]] std::optional<PrettyPrefix> scan_prefix(std::string_view text);
// A member's value from inside its container's text.
[[nodiscard]] std::expected<Piece, JsonError> parse_member(std::string_view text, const JsonLimits& limits);

}  // namespace starling
