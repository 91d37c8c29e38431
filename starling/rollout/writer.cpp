#include "starling/rollout/writer.hpp"

#include <algorithm>
#include <memory>

#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"
#include "starling/merge/tree_check.hpp"
#include "starling/rollout/plan_check.hpp"

namespace starling {
namespace {

// The first scope that the fleet's level of the merge doesn't know (M9).
std::optional<std::string> unknown_scope(const std::vector<Edit>& edits, unsigned level) {
  if (level >= layers_level) return std::nullopt;
  const auto found = std::ranges::find_if(edits, [](const Edit& edit) { return edit.scope != base_scope; });
  return found == edits.end() ? std::nullopt : std::optional(found->scope);
}

// Does that change more than one value of the base by another? What does is looked at by itself, the rest
// once a batch.
bool may_break_rendering(const std::vector<Edit>& edits) {
  const auto has_template = [](std::string_view text) { return text.find("{{") != std::string_view::npos; };
  return std::ranges::any_of(edits, [&](const Edit& edit) {
    return edit.scope != base_scope || std::ranges::any_of(edit.path, has_template) ||
           (edit.value && !names_in(*edit.value).empty());
  });
}

// What the data plane thinks of a configuration, other than that nobody could be asked.
bool is_verdict(const DataPlaneFault& fault) {
  return fault.kind == DataPlaneFault::Kind::refused || fault.kind == DataPlaneFault::Kind::failed;
}

// A record whose body can't be read would be skipped by every node, for ever.
std::optional<WriteFault> unreadable(BytesView body) {
  const auto change = Change::from_body(body);
  if (change) return std::nullopt;
  if (change.error().code == Errc::limit) return fault_of(change.error()).error();
  return fault(400, "Bad request.",
               "No change can say that: " + change.error().message + ". Nothing has changed.")
      .error();
}

}  // namespace

Propose in_scope(std::string scope, Propose about_document) {
  return [scope = std::move(scope), propose = std::move(about_document)](
             const json::value& present) -> std::expected<Proposal, WriteFault> {
    auto proposal = propose(scope_document(present, scope));
    if (!proposal) return std::unexpected(std::move(proposal.error()));
    json::object tree;
    for (const auto& other : present.get_object()) {
      if (other.key() != scope) tree.emplace(other.key(), other.value());
    }
    tree.emplace(scope, std::move(proposal->document));
    for (Edit& edit : proposal->edits) edit.scope = scope;
    return Proposal{std::move(tree), std::move(proposal->edits)};
  };
}

// One write, as the coroutine sees it that waits for its outcome.
struct Writer::Request {
  Propose propose;
  WriteOptions options;
  bool withdrawn = false;  // nobody waits any more, and what `propose` refers to may be gone
  std::optional<Outcome> outcome;
};

// A write's place in the queue and in its batch. Whatever happens to it, the write is answered.
class Writer::Ticket {
 public:
  explicit Ticket(std::shared_ptr<Request> request) : request_(std::move(request)) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (request_ && !request_->outcome) answer(ends());
  }
  [[nodiscard]] const Request& request() const noexcept { return *request_; }
  void answer(Outcome outcome) { request_->outcome = std::move(outcome); }

 private:
  std::shared_ptr<Request> request_;
};

// A batch, as far as it has been worked out.
struct Writer::Plan {
  struct Step {
    Ticket ticket;
    std::optional<Fleet::Draft> draft;  // of its change; nothing when it makes none
    Outcome outcome;                    // what it is answered if the changes before it stand
  };
  json::value document;  // after all steps
  std::vector<RecordId>
      parents;              // what was known when it was begun: what comes from others later was not seen
  std::vector<Step> steps;  // the first one makes a change
  std::size_t bytes = 0;
  std::optional<WriteFault> invalid;  // what is wrong with the only step
  bool renders = false;               // every member can render what the last step leaves: it was looked at
  Batch rest;                         // can't go with them

  void answer_all(const Outcome& outcome) {
    for (Step& step : steps) step.ticket.answer(outcome);
  }
};

Writer::Writer(Env env, Fleet& fleet, Applier& applier, WriterLimits limits)
    : env_(env), fleet_(fleet), applier_(applier), limits_(limits), answered_(env.executor), tasks_(env) {}

Writer::~Writer() = default;

Task<> Writer::stop() {
  co_await tasks_.stop();
  next_.clear();
  waiting_.clear();
  answered_.notify_all();
}

Task<Writer::Outcome> Writer::write(Propose propose, WriteOptions options) {
  if (waiting_.size() >= limits_.waiting) co_return too_many();
  const auto request = std::make_shared<Request>(std::move(propose), std::move(options));
  struct Withdrawal {
    Request& request;
    ~Withdrawal() { request.withdrawn = true; }
  };
  const Withdrawal when_this_ends{*request};
  waiting_.emplace_back(request);
  if (!serving_) {
    serving_ = true;
    tasks_.spawn("writer.serve", serve());
  }
  while (!request->outcome) co_await answered_.wait();
  co_return std::move(*request->outcome);
}

Task<> Writer::serve() {
  while (!waiting_.empty() || !next_.empty()) {
    Plan next = co_await plan(next_batch());
    answered_.notify_all();  // those that it has answered already
    co_await carry_out(std::move(next));
    answered_.notify_all();
  }
  serving_ = false;
}

Writer::Batch Writer::next_batch() {
  Batch batch;
  if (!next_.empty()) {
    batch = std::move(next_.back());
    next_.pop_back();
    return batch;
  }
  while (!waiting_.empty() && batch.size() < limits_.batch_writes)
    batch.splice(batch.end(), waiting_, waiting_.begin());
  return batch;
}

Task<Writer::Plan> Writer::plan(Batch batch) {
  Plan plan;
  while (!batch.empty()) {
    if (plan.steps.empty()) begin(plan);
    if (!add(plan, batch.front())) break;
    batch.pop_front();
    // Large documents take their time, and others need the thread, too: the fleet may move meanwhile.
    if (!batch.empty()) co_await libp2p::yield_now(env_);
  }
  plan.rest = std::move(batch);
  co_return plan;
}

// What is there and what was seen of it: always of the same moment.
void Writer::begin(Plan& plan) const {
  plan.document = fleet_.merged().document;
  plan.parents = fleet_.parents_now();
}

// Works out one more write; false when it can't go with those before it.
bool Writer::add(Plan& plan, Ticket& ticket) const {
  const Request& request = ticket.request();
  const WriteOptions& options = request.options;
  const bool first = plan.steps.empty();
  if (request.withdrawn) return true;
  if (plan.invalid || (options.reads_fleet && !first)) return false;
  // What changes nothing is final at once if nothing before it can fail.
  auto without_change = [&](Outcome outcome) {
    if (first) {
      ticket.answer(std::move(outcome));
    } else {
      plan.steps.emplace_back(std::move(ticket), std::nullopt, std::move(outcome));
    }
    return true;
  };
  if (options.precondition) {
    if (auto stale = options.precondition(plan.document))
      return without_change(std::unexpected(std::move(*stale)));
  }
  auto proposal = request.propose(plan.document);
  if (!proposal) return without_change(std::unexpected(std::move(proposal.error())));
  if (const auto allowed = fleet_.may_author(RecordKind::change); !allowed)
    return without_change(fault_of(allowed.error()));
  if (proposal->edits.empty() && (fleet_.revision() || !first))
    return without_change(Written{std::nullopt, fleet_.revision()});
  const std::vector<Edit>& edits = proposal->edits;
  Bytes body = Change{options.actor, options.message, options.allow_empty, edits}.to_body();
  if (auto refused = refusal(plan.document, *proposal, body, options.allow_empty))
    return without_change(std::unexpected(std::move(*refused)));
  std::optional<WriteFault> invalid;
  if (const auto fault = validate_tree(proposal->document, fleet_.level())) invalid = fault_of(*fault);
  const bool renders_anew = !invalid && may_break_rendering(edits);
  if (renders_anew) invalid = render_fault(proposal->document);
  // The data plane is to say in its own words what is wrong with an invalid one, so it is tried alone.
  if (!first && (invalid || plan.bytes + body.size() > limits_.batch_bytes)) return false;
  plan.invalid = std::move(invalid);
  plan.renders = renders_anew;
  plan.document = std::move(proposal->document);
  plan.bytes += body.size();
  plan.steps.emplace_back(std::move(ticket),
                          Fleet::Draft{std::move(body), options.parents ? *options.parents : plan.parents},
                          Written{});
  return true;
}

// Why no change of `body` can become of it, whatever the configuration that it leaves is like.
std::optional<WriteFault> Writer::refusal(const json::value& present, const Proposal& proposal,
                                          BytesView body, bool allow_empty) const {
  if (const auto scope = unknown_scope(proposal.edits, fleet_.level())) return needs_level(*scope).error();
  if (!allow_empty) {
    if (const auto node = emptied_member(fleet_, present, proposal.document))
      return leaves_no_listener(*node).error();
  }
  return unreadable(body);
}

std::expected<Proposal, WriteFault> Writer::rehearse(const Propose& propose,
                                                     const WriteOptions& options) const {
  const json::value& present = fleet_.merged().document;
  if (options.precondition) {
    if (auto stale = options.precondition(present)) return std::unexpected(std::move(*stale));
  }
  auto proposal = propose(present);
  if (!proposal) return proposal;
  if (const auto allowed = fleet_.may_author(RecordKind::change); !allowed) return fault_of(allowed.error());
  if (proposal->edits.empty()) return proposal;
  const Bytes body = Change{options.actor, options.message, options.allow_empty, proposal->edits}.to_body();
  if (auto refused = refusal(present, *proposal, body, options.allow_empty))
    return std::unexpected(std::move(*refused));
  if (const auto invalid = validate_tree(proposal->document, fleet_.level()))
    return std::unexpected(fault_of(*invalid));
  if (auto invalid = render_fault(proposal->document)) return std::unexpected(std::move(*invalid));
  return proposal;
}

Task<> Writer::carry_out(Plan plan) {
  if (!plan.rest.empty()) next_.push_back(std::move(plan.rest));
  if (plan.steps.empty()) co_return;
  const bool alone = plan.steps.size() == 1;
  auto document = own_document(plan.document);
  // Of a write that is alone the data plane is to say in its own words what is wrong, so it is tried all the
  // same.
  if (document && !plan.invalid && !plan.renders) plan.invalid = render_fault(plan.document);
  // What is there can't be rendered here either: then this node has nothing to try, and nothing to say.
  const bool stuck = !document && !own_document(fleet_.merged().document);
  if (stuck && !plan.invalid && !plan.renders) plan.invalid = render_fault(plan.document);
  if (!alone && ((!document && !stuck) || plan.invalid)) {
    halve(std::move(plan));
    co_return;
  }
  if (!document && !stuck) {
    plan.answer_all(std::unexpected(fault_of(document.error())));
    co_return;
  }
  std::optional<json::value> candidate;
  if (document) candidate = std::move(*document);
  auto trial = co_await applier_.try_candidate(std::move(candidate));
  if (!trial && !alone && is_verdict(trial.error())) {
    halve(std::move(plan));
  } else if (!trial) {
    plan.answer_all(fault_of(std::move(trial.error())));
  } else if (plan.invalid) {
    co_await applier_.put_back(std::move(*trial));
    plan.answer_all(std::unexpected(std::move(*plan.invalid)));
  } else {
    co_await log_changes(std::move(plan), std::move(*trial));
  }
}

std::optional<WriteFault> Writer::render_fault(const json::value& tree) const {
  const auto fault =
      check_renders(fleet_, fleet_.merged().document, tree, fleet_.level(), applier_.address());
  return fault ? std::optional(fault_of(*fault)) : std::nullopt;
}

std::expected<json::value, RenderFault> Writer::own_document(const json::value& tree) const {
  const auto self = own_facts(fleet_, applier_.address());
  return document_for(tree, fleet_.level(), self.value_or(NodeFacts{}));
}

// Some of them are to blame: each half is worked out anew, against what stands by then.
void Writer::halve(Plan plan) {
  const auto middle = plan.steps.begin() + static_cast<std::ptrdiff_t>(plan.steps.size() / 2);
  Batch first;
  Batch second;
  for (auto step = plan.steps.begin(); step != plan.steps.end(); ++step)
    (step < middle ? first : second).push_back(std::move(step->ticket));
  next_.push_back(std::move(second));
  next_.push_back(std::move(first));
}

Task<> Writer::log_changes(Plan plan, Applier::Trial trial) {
  std::vector<Fleet::Draft> drafts;
  for (Plan::Step& step : plan.steps) {
    if (step.draft) drafts.push_back(std::exchange(*step.draft, {}));
  }
  const auto records = co_await fleet_.author_all(RecordKind::change, std::move(drafts));
  if (!records) {
    co_await applier_.put_back(std::move(trial));
    plan.answer_all(fault_of(records.error()));
    co_return;
  }
  co_await applier_.keep(std::move(trial));
  auto record = records->begin();
  for (Plan::Step& step : plan.steps) {
    if (step.draft) step.outcome->change = (*record++)->id;
    if (step.outcome) step.outcome->revision = fleet_.revision();
    step.ticket.answer(std::move(step.outcome));
  }
}

Task<Writer::Outcome> Writer::publish(WriteOptions options) {
  if (!applier_.driver().serves())
    co_return fault(400, "Nothing to publish.", "This node has no data plane.");
  auto local = co_await applier_.read_local();
  if (!local) co_return fault_of(std::move(local.error()));
  auto written = co_await write([this, edits = diff(local->applied, local->running)](
                                    const json::value& present) { return adopt(present, edits); },
                                std::move(options));
  if (written) applier_.release_hold();
  co_return written;
}

}  // namespace starling
