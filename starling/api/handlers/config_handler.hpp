// /config: Unit's own resource, for the whole fleet.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// `path` is what follows /config in the URL, decoded.
[[nodiscard]] Task<HttpResponse> handle_config(ApiContext& context, HttpRequest request, Path path);

// What a PUT, POST or DELETE of a configuration asks for, by its body; `path` is below the document that it
// is about. With `make_parents` a PUT makes what is missing above.
[[nodiscard]] std::expected<Propose, WriteFault> proposal_of(const HttpRequest& request, Path path,
                                                             bool make_parents = false);

// The configuration as this node was given it: the base, its layers and templates.
struct GivenDocument {
  const json::value* document;         // nullptr: it can't be rendered, and nothing was before it
  std::optional<RevisionId> revision;  // that it is of: where the present one can't be rendered, one before
};
[[nodiscard]] GivenDocument given_document(const ApiContext& context);
// Where there is none: why, for people.
[[nodiscard]] std::string cannot_render(const ApiContext& context);
// Of the fleet's revision.
[[nodiscard]] std::string present_etag(const ApiContext& context);

}  // namespace starling
