#include "starling/rollout/writer.hpp"

#include <memory>

#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"
#include "starling/merge/validate.hpp"

namespace starling {
namespace {

std::unexpected<WriteFault> fault(int status, std::string_view error, std::string_view detail) {
  return std::unexpected(WriteFault{status, json::object{{"error", error}, {"detail", detail}}});
}

std::unexpected<WriteFault> fault_of(const Error& error) {
  if (error.code == Errc::refused) return fault(403, "Not allowed.", error.message);
  if (error.code == Errc::limit) return fault(413, "Too large.", error.message);
  return fault(500, "The change could not be stored.", error.message + " Nothing has changed.");
}

std::unexpected<WriteFault> fault_of(DataPlaneFault data_plane) {
  if (data_plane.kind == DataPlaneFault::Kind::unreachable ||
      data_plane.kind == DataPlaneFault::Kind::unknown) {
    return fault(503, "The data plane is unreachable.", data_plane.message + " Nothing has changed.");
  }
  if (!data_plane.body.is_object())
    return fault(data_plane.status == 0 ? 400 : data_plane.status, "Invalid configuration.",
                 data_plane.message);
  json::object body = data_plane.body.get_object();
  // Unit's 500 gives no reason: ours says the likely ones.
  if (!body.contains("detail") && !data_plane.message.empty()) body["detail"] = data_plane.message;
  return std::unexpected(WriteFault{data_plane.status, std::move(body)});
}

std::unexpected<WriteFault> fault_of(const Invalid& invalid) {
  return std::unexpected(
      WriteFault{400, json::object{{"error", "Invalid configuration."},
                                   {"detail", invalid.detail},
                                   {"location", json::object{{"path", to_pointer(invalid.path)}}}}});
}

std::unexpected<WriteFault> leaves_no_listener() {
  return fault(400, "Refused.",
               "This would leave the fleet without a listener. If that is meant, send it again with "
               "?allow-empty=1. Nothing has changed.");
}

std::unexpected<WriteFault> ends() {
  return fault(503, "The node is stopping.", "Whether the change stands is seen once it runs again.");
}

std::unexpected<WriteFault> too_many() {
  auto busy = fault(503, "Too many writes.", "More are waiting than can. Nothing has changed: try again.");
  busy.error().retry_after_s = 1;
  return busy;
}

// What the data plane thinks of a configuration, other than that nobody could be asked.
bool is_verdict(const DataPlaneFault& fault) {
  return fault.kind == DataPlaneFault::Kind::refused || fault.kind == DataPlaneFault::Kind::failed;
}

}  // namespace

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
    std::optional<Bytes> body;  // of its change; nothing when it makes none
    Outcome outcome;            // what it is answered if the changes before it stand
  };
  json::value document;     // after all steps
  std::vector<Step> steps;  // the first one makes a change
  std::size_t bytes = 0;
  std::optional<Invalid> invalid;  // what is wrong with the only step
  Batch rest;                      // can't go with them

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
  plan.document = fleet_.document();
  while (!batch.empty() && add(plan, batch.front())) {
    batch.pop_front();
    if (batch.empty()) break;
    // Large documents take their time, and others need the thread, too: the fleet may move meanwhile.
    co_await libp2p::yield_now(env_);
    if (plan.steps.empty()) plan.document = fleet_.document();
  }
  plan.rest = std::move(batch);
  co_return plan;
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
  auto proposal = request.propose(plan.document);
  if (!proposal) return without_change(std::unexpected(std::move(proposal.error())));
  if (const auto allowed = fleet_.may_author(RecordKind::change); !allowed)
    return without_change(fault_of(allowed.error()));
  if (proposal->edits.empty() && (fleet_.revision() || !first))
    return without_change(Written{std::nullopt, fleet_.revision()});
  if (has_listeners(plan.document) && !has_listeners(proposal->document) && !options.allow_empty)
    return without_change(leaves_no_listener());
  Bytes body =
      Change{options.actor, options.message, options.allow_empty, std::move(proposal->edits)}.to_body();
  auto invalid = validate(proposal->document, {.level = newest_validation});
  // The data plane is to say in its own words what is wrong with an invalid one, so it is tried alone.
  if (!first && (invalid || plan.bytes + body.size() > limits_.batch_bytes)) return false;
  plan.invalid = std::move(invalid);
  plan.document = std::move(proposal->document);
  plan.bytes += body.size();
  plan.steps.emplace_back(std::move(ticket), std::move(body), Written{});
  return true;
}

Task<> Writer::carry_out(Plan plan) {
  if (!plan.rest.empty()) next_.push_back(std::move(plan.rest));
  if (plan.steps.empty()) co_return;
  auto trial = co_await applier_.try_candidate(plan.document);
  if (!trial && plan.steps.size() > 1 && is_verdict(trial.error())) {
    halve(std::move(plan));
  } else if (!trial) {
    plan.answer_all(fault_of(std::move(trial.error())));
  } else if (plan.invalid) {
    co_await applier_.put_back(std::move(*trial));
    plan.answer_all(fault_of(*plan.invalid));
  } else {
    co_await log_changes(std::move(plan), std::move(*trial));
  }
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
  std::vector<Bytes> bodies;
  for (Plan::Step& step : plan.steps) {
    if (step.body) bodies.push_back(std::exchange(*step.body, {}));
  }
  const auto records = co_await fleet_.author_all(RecordKind::change, std::move(bodies));
  if (!records) {
    co_await applier_.put_back(std::move(trial));
    plan.answer_all(fault_of(records.error()));
    co_return;
  }
  co_await applier_.keep(std::move(trial));
  auto record = records->begin();
  for (Plan::Step& step : plan.steps) {
    if (step.body) step.outcome->change = (*record++)->id;
    if (step.outcome) step.outcome->revision = fleet_.revision();
    step.ticket.answer(std::move(step.outcome));
  }
}

Task<Writer::Outcome> Writer::publish(WriteOptions options) {
  if (!applier_.driver().serves())
    co_return fault(400, "Nothing to publish.", "This node has no data plane.");
  auto local = co_await applier_.read_local();
  if (!local) co_return fault_of(std::move(local.error()));
  auto written = co_await write(
      [edits = diff(local->applied, local->running)](
          const json::value& present) -> std::expected<Proposal, WriteFault> {
        Proposal proposal{present, {}};
        for (const Edit& edit : edits) apply_edit(proposal.document, edit);
        proposal.edits = diff(present, proposal.document);
        return proposal;
      },
      std::move(options));
  if (written) applier_.release_hold();
  co_return written;
}

}  // namespace starling
