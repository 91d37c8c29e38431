// A selector in the first line, a tree of scopes after it: what they say has one text, and what a node is
// given depends on nothing but them, and is bounded.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "starling/layers/render.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace starling;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const NodeFacts facts{"n1", {{"site", "syd"}, {"tier", "edge"}}, "10.0.0.1"};
  if (const auto selector = Selector::parse(input.substr(0, line))) {
    const auto again = Selector::parse(selector->to_string());
    require(again && *again == *selector && again->to_string() == selector->to_string());
    require(again->matches(facts.labels) == selector->matches(facts.labels));
  }
  const auto tree = parse_json(input.substr(std::min(line + 1, input.size())));
  if (!tree) return 0;
  const auto document = render(*tree, facts);
  const auto again = render(*tree, facts);
  require(document.has_value() == again.has_value());
  if (document) {
    require(*document == *again);
    // What names nothing of a node is the same for every node of its layers.
    const auto layers = read_layers(*tree);
    const Composed composed = compose(*tree, matching(*layers, facts.labels));
    if (names_in(composed.document).empty())
      require(fill_in(composed, *tree, NodeFacts{}).value() == *document);
  } else {
    require(!document.error().detail.empty() && document.error().path == again.error().path);
  }
  return 0;
}
