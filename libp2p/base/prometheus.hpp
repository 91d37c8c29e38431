// The text that Prometheus scrapes, version 0.0.4 of its exposition format. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace libp2p {

// Families one after the other, each with its samples. Names are the program's own: a name of a family or of
// a label never comes from outside, nor is a label's value one that others choose or that there may be any
// number of (a peer id, an address): each would be a time series of its own in every store.
class PrometheusText {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // A value that only grows, until the program starts again. Its name ends in _total.
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
  // Of the family that was begun last.
  void sample(std::uint64_t value, Labels labels = {});
  // A family of one sample.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, std::uint64_t value);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void family(std::string_view name, std::string_view help, std::string_view type);
  std::string text_;
  std::string name_;
};

}  // namespace libp2p
