// /v1: writing by whole changes: several edits at once, back to an earlier state, undoing, settling
// conflicts.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// All of them take what WriteTerms names, answer {change, state, reason, conflicts, revision}, and with
// ?dry-run=1 {present, differences} instead.

// POST /v1/changes: see ChangeRequest.
[[nodiscard]] Task<HttpResponse> post_changes(ApiContext& context, HttpRequest request);
// POST /v1/rollback {"to": REVISION}: the difference between the present and that state, as a new change.
[[nodiscard]] Task<HttpResponse> post_rollback(ApiContext& context, HttpRequest request);
// POST /v1/changes/ID/revert: what it did, where that still stands, is undone by a new change. Where
// something has been changed since it is refused (409), unless ?force=1.
[[nodiscard]] Task<HttpResponse> post_revert(ApiContext& context, HttpRequest request, std::string id);
// POST /v1/conflicts/ID/reapply: what lost is applied after all. …/keep: what stands stays. Either settles
// it.
[[nodiscard]] Task<HttpResponse> post_conflict(ApiContext& context, HttpRequest request, std::string id,
                                               bool reapply);

}  // namespace starling
