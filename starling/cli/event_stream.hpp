// Server-sent events, as the daemon tells what happens. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace starling {

struct ToldEvent {
  std::string id;  // resumes after it
  std::string type;
  std::string data;
};

// Takes the stream in whatever parts it comes.
class EventStream {
 public:
  // The events that this part completes; comments, by which the daemon shows that it is there, are none.
  [[nodiscard]] std::vector<ToldEvent> take(std::string_view part);

 private:
  void take_line(std::string_view line, std::vector<ToldEvent>& complete);

  std::string rest_;  // of a line that has not ended
  ToldEvent event_;
};

}  // namespace starling
