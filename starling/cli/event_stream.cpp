#include "starling/cli/event_stream.hpp"

#include <utility>

namespace starling {

std::vector<ToldEvent> EventStream::take(std::string_view part) {
  std::vector<ToldEvent> complete;
  rest_ += part;
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    take_line(std::string_view(rest_).substr(begin, end - begin), complete);
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return complete;
}

void EventStream::take_line(std::string_view line, std::vector<ToldEvent>& complete) {
  if (line.empty()) {
    if (!event_.data.empty()) complete.push_back(std::move(event_));
    event_ = {};
    return;
  }
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = line.substr(colon + 2);
  if (name == "id") event_.id = value;
  if (name == "event") event_.type = value;
  if (name == "data") event_.data = value;
}

}  // namespace starling
