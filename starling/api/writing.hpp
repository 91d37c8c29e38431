// What all requests that write have in common: who and why, against what, and how long to wait.
#pragma once

#include "starling/api/acknowledgement.hpp"
#include "starling/api/preconditions.hpp"
#include "starling/history/difference.hpp"

namespace starling {

struct WriteTerms {
  Acknowledgement acknowledgement;
  Preconditions preconditions;
  WriteOptions options;
  bool dry_run = false;  // ?dry-run=1: only told what it would change

  // From the query and the headers: ?ack, ?timeout, ?allow-empty, ?dry-run, If-Match, If-None-Match,
  // Starling-Base, Starling-Actor, Starling-Message. Errors: invalid_argument, with what is allowed.
  [[nodiscard]] static Result<WriteTerms> parse(const HttpRequest& request);
};

struct WriteResult {
  Written written;
  bool acknowledged = true;             // by as many as was asked for, in time
  std::vector<Difference> differences;  // of a dry run
};

// Proposes, checks, writes and waits. `propose` is given the tree of all scopes; `place` as in
// check_preconditions().
[[nodiscard]] Task<std::expected<WriteResult, WriteFault>> write_on_terms(ApiContext& context,
                                                                          WriteTerms terms, Propose propose,
                                                                          Path place);
// The same for what the data plane runs by itself (`publish`).
[[nodiscard]] Task<std::expected<WriteResult, WriteFault>> publish_on_terms(ApiContext& context,
                                                                            WriteTerms terms);

// What became of a change at once: {change, state, reason, conflicts}.
[[nodiscard]] json::object outcome_json(const ApiContext& context, const RecordId& change);

// A fault as /v1 tells it (RFC 9457), with all that it says besides.
[[nodiscard]] HttpResponse problem_of(const ApiContext& context, const WriteFault& fault);
// What a dry run tells: {present, differences}.
[[nodiscard]] HttpResponse dry_run_response(const WriteResult& result);
// The same for a point of the history that nothing could be told of; `unknown`: the code of one that is not
// known.
[[nodiscard]] HttpResponse problem_of_past(const Error& error, std::string_view unknown = "no-such-state");
// A write as /v1 answers it: write_on_terms(), and what came of it.
[[nodiscard]] Task<HttpResponse> write_and_tell(ApiContext& context, WriteTerms terms, Propose propose);

}  // namespace starling
