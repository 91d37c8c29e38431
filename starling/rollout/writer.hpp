// How a write becomes a change (DESIGN section 6, point 4): propose, try on the own data plane, log, and only
// then answer. Writes that come while others are under way go together: one trial, one synced transaction.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "starling/rollout/applier.hpp"
#include "starling/rollout/write_fault.hpp"

namespace starling {

// What a request asks for, worked out against the present state: the tree of all scopes.
struct Proposal {
  json::value document;     // after it
  std::vector<Edit> edits;  // that lead there
};
// Called when it is the write's turn, and again when one before it has turned out to fail.
using Propose = std::function<std::expected<Proposal, WriteFault>(const json::value& present)>;

// One that is about the document of one scope only. An empty object stands for a scope that is not there.
[[nodiscard]] Propose in_scope(std::string scope, Propose about_document);

struct WriteOptions {
  std::string actor{};
  std::string message{};
  bool allow_empty = false;  // M10
  // Propose or `precondition` looks at more than the document that it is given (the revision, whose a path
  // is): it is called once all the writes before it are part of the fleet's state.
  bool reads_fleet = false;
  // Looked at first when it is the write's turn: why it may not happen, or nothing.
  std::function<std::optional<WriteFault>(const json::value& present)> precondition = {};
  // What the change is put after, where its writer had seen another state than the present one
  // (Starling-Base); at most max_parents. The proposal's document is then what all of it comes to, merged.
  // Such a write reads the fleet.
  std::optional<std::vector<RecordId>> parents = std::nullopt;
};

struct Written {
  std::optional<RecordId> change;      // nothing: the fleet was there already
  std::optional<RevisionId> revision;  // nothing while all that is known here is held (L7)
};

struct WriterLimits {
  std::size_t waiting = 1024;  // more are turned away (503)
  // What goes together: the writes, and the bytes of their edits. One write alone may be larger.
  std::size_t batch_writes = 256;
  std::size_t batch_bytes = 1024 * 1024;
};

class Writer {
 public:
  using Outcome = std::expected<Written, WriteFault>;

  // Both must outlive it.
  Writer(Env env, Fleet& fleet, Applier& applier, WriterLimits limits = {});
  ~Writer();

  // In the order of coming: each is worked out against the document that the one before leaves, and is
  // answered by what becomes of it alone. A caller that is cancelled takes its write back if it can.
  [[nodiscard]] Task<Outcome> write(Propose propose, WriteOptions options);
  // One that is about the configuration that this node is given: what it changes there is changed in the
  // scopes that it comes from, and templates stay where what they were filled in with does. Refused by name:
  // what would lose a template, or can't come of the layers as they lie over one another; but whoever removes
  // `removed` removes what is written there, templates and all. The writer must outlive it.
  [[nodiscard]] Propose as_given(Propose about_document, Path removed = {}) const;
  // What write() would propose now, or why it would refuse it: all but what the data plane itself would say.
  [[nodiscard]] std::expected<Proposal, WriteFault> rehearse(const Propose& propose,
                                                             const WriteOptions& options) const;
  // `publish`: what this node's data plane runs now becomes a change, by its difference to what was last
  // applied.
  [[nodiscard]] Task<Outcome> publish(WriteOptions options);
  // Whoever still waits is told so.
  [[nodiscard]] Task<> stop();

 private:
  struct Request;
  class Ticket;
  using Batch = std::list<Ticket>;
  struct Plan;

  Task<> serve();
  [[nodiscard]] Batch next_batch();
  [[nodiscard]] Task<Plan> plan(Batch batch);
  void begin(Plan& plan) const;
  [[nodiscard]] bool add(Plan& plan, Ticket& ticket) const;
  [[nodiscard]] std::optional<WriteFault> refusal(const json::value& present, const Proposal& proposal,
                                                  BytesView body, bool allow_empty) const;
  Task<> carry_out(Plan plan);
  void halve(Plan plan);
  [[nodiscard]] std::optional<WriteFault> render_fault(const json::value& tree) const;
  [[nodiscard]] std::expected<json::value, RenderFault> own_document(const json::value& tree) const;
  [[nodiscard]] std::expected<Proposal, WriteFault> adopt(const json::value& present,
                                                          const std::vector<Edit>& edits) const;
  Task<> log_changes(Plan plan, Applier::Trial trial);

  Env env_;
  Fleet& fleet_;
  Applier& applier_;
  WriterLimits limits_;
  Batch waiting_;
  std::vector<Batch> next_;  // parts of batches that are under way, the first one last
  bool serving_ = false;
  libp2p::Notifier answered_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
