#include "starling/rollout/applier.hpp"

#include <algorithm>

#include "starling/merge/levels.hpp"

namespace starling {
namespace {

constexpr std::string_view last_good_fact = "last_good";

// What a data plane runs that nobody has configured.
bool is_blank(const json::value& document) {
  const json::object* object = document.if_object();
  return object && std::ranges::all_of(*object, [](const auto& member) {
           const json::value& value = member.value();
           return (value.is_object() && value.get_object().empty()) ||
                  (value.is_array() && value.get_array().empty());
         });
}

}  // namespace

std::string_view to_string(DataPlaneEvent::Kind kind) noexcept {
  switch (kind) {
    case DataPlaneEvent::Kind::applied:
      return "applied";
    case DataPlaneEvent::Kind::failed:
      return "failed";
    case DataPlaneEvent::Kind::held:
      return "held";
    case DataPlaneEvent::Kind::released:
      return "released";
    case DataPlaneEvent::Kind::drift:
      return "drift";
    case DataPlaneEvent::Kind::healed:
      return "healed";
    case DataPlaneEvent::Kind::unreachable:
      return "unreachable";
    case DataPlaneEvent::Kind::back:
      return "back";
  }
  return "unknown";
}

Applier::Applier(Env env, Fleet& fleet, Driver& driver, ApplierConfig config, SaveBeforeFirstApply save,
                 OnStatus on_status, OnEvent on_event)
    : env_(env),
      fleet_(fleet),
      driver_(driver),
      config_(config),
      save_before_first_apply_(std::move(save)),
      on_status_(std::move(on_status)),
      on_event_(std::move(on_event)),
      turns_(env.executor),
      wake_(env.executor),
      retry_(config.retry_first),
      tasks_(env) {}

Applier::~Applier() = default;

void Applier::start() {
  fleet_.add_observer(*this);
  if (const auto remembered = fleet_.facts().find(last_good_fact); remembered != fleet_.facts().end()) {
    if (auto generation = generation_from_text(remembered->second)) {
      running_ = std::move(*generation);
    } else {
      env_.log.warn("dataplane.forgotten", {{"why", generation.error().message}});
    }
  }
  on_revision_changed();
  if (driver_.serves()) tasks_.spawn("dataplane.keep_applied", keep_applied());
}

Task<> Applier::stop() {
  fleet_.remove_observer(*this);
  co_await tasks_.stop();
}

void Applier::on_revision_changed() {
  look_at_fleet();
  retry_ = config_.retry_first;
  wake();
  on_status_();
}

// Others' comings and goings are nothing to this node: only its own labels can change what it runs.
void Applier::on_charter_changed() {
  if (known_as_ == own_facts(fleet_, address_)) return;
  on_revision_changed();
}

void Applier::want(std::optional<Desired> next) {
  const bool renders = next && next->generation;
  // No data plane goes on with it.
  if (!driver_.serves() && desired_ && desired_->generation && !renders)
    running_ = std::move(*desired_->generation);
  desired_ = std::move(next);
}

void Applier::look_at_fleet() {
  if (fleet_.level() > newest_merge_level) {
    want(std::nullopt);
    return note_render_fault("upgrade needed: the fleet's rules of merging are at level " +
                             std::to_string(fleet_.level()) + ", and this version knows them up to " +
                             std::to_string(newest_merge_level) + " (M9)");
  }
  known_as_ = own_facts(fleet_, address_);
  want(desired_generation(fleet_, known_as_));
  if (!desired_) return note_render_fault({});
  set_fact(FactKind::received, desired_->revision, desired_->heads);
  const Generation* generation = wanted();
  note_render_fault(generation ? std::string() : to_string(desired_->generation.error()));
  if (!generation) return;
  // What the fold yields has passed the structural validator with every change in it (M6), and this after it
  // was rendered.
  if (!driver_.serves() || driver_.check(generation->document)) set_fact(FactKind::validated, *generation);
  if (!driver_.serves()) {
    // Nothing to bring up: such a node is where its log is.
    set_fact(FactKind::applied, *generation);
    set_fact(FactKind::healthy, *generation);
  }
}

void Applier::note_render_fault(std::string error) {
  if (render_error_ == error) return;
  render_error_ = std::move(error);
  if (!render_error_.empty()) tell(DataPlaneEvent::Kind::failed, std::nullopt, render_error_);
}

void Applier::set_fact(FactKind kind, const Generation& generation) {
  set_fact(kind, generation.revision, generation.heads);
}

void Applier::set_fact(FactKind kind, const RevisionId& revision, const std::vector<RecordId>& heads) {
  auto& fact = facts_[static_cast<std::size_t>(kind)];
  if (fact && fact->revision == revision && fact->heads == heads) return;
  const bool same_revision = fact && fact->revision == revision;
  fact = TimedFact{revision, heads, same_revision ? fact->since : env_.now()};
}

void Applier::fill(Status& status) const {
  for (const FactKind kind : fact_kinds) {
    const auto& fact = facts_[static_cast<std::size_t>(kind)];
    if (!fact) continue;
    std::vector<RecordId> heads = fact->heads;
    heads.resize(std::min(heads.size(), max_status_heads));
    status.fact(kind) = Fact{fact->revision, std::move(heads),
                             std::chrono::duration_cast<std::chrono::milliseconds>(env_.now() - fact->since)};
  }
  status.revision = fleet_.revision();
  if (running_ && driver_.serves()) status.generation = running_->id;
  status.serves = driver_.serves();
  status.held = held_.substr(0, max_status_error_bytes);
  status.error = (render_error_.empty() ? error_ : render_error_).substr(0, max_status_error_bytes);
}

void Applier::tell(DataPlaneEvent::Kind kind, std::optional<GenerationId> generation, std::string message) {
  const auto level = kind == DataPlaneEvent::Kind::failed || kind == DataPlaneEvent::Kind::unreachable ||
                             kind == DataPlaneEvent::Kind::drift || kind == DataPlaneEvent::Kind::held
                         ? libp2p::LogLevel::warn
                         : libp2p::LogLevel::info;
  if (env_.log.enabled(level)) {
    const std::array fields{
        libp2p::LogField{"generation", generation ? to_hex(*generation).substr(0, 12) : "-"},
        libp2p::LogField{"message", message}};
    env_.log.write(level, "dataplane." + std::string(to_string(kind)), fields);
  }
  on_event_({kind, generation, std::move(message)});
  on_status_();
}

// ---- bringing it up to date ----

void Applier::wake() {
  ++wakes_;
  wake_.notify_all();
}

// However many revisions come while one is brought up, the next to be brought up is the newest.
Task<> Applier::keep_applied() {
  while (true) {
    libp2p::Instant next = env_.now() + config_.check_interval;
    const std::uint64_t wakes = wakes_;
    {
      const libp2p::TurnQueue::Turn turn = co_await turns_.take();
      if (co_await bring_up_to_date()) {
        retry_ = config_.retry_first;
        if (wakes_ == wakes) co_await check_drift();
      } else {
        next = env_.now() + retry_;
        retry_ = std::min(retry_ * 2, config_.retry_cap);
      }
    }
    if (wakes_ == wakes) (void)co_await wake_.wait_until(env_, next);
  }
}

// False when it should be tried again after a while.
Task<bool> Applier::bring_up_to_date() {
  const Generation* present = wanted();
  if (!present) co_return true;
  if (running_ && running_->id == present->id) {
    if (running_->revision != present->revision || running_->heads != present->heads || !held_.empty()) {
      co_await note_running(*present);
    } else if (!facts_[static_cast<std::size_t>(FactKind::applied)]) {
      co_return co_await confirm_or_apply(*present);
    }
    co_return true;
  }
  Generation next = *present;
  if (!running_ && !co_await may_apply_first(next.document)) co_return false;
  if (std::string why = unasked_emptying(next); !why.empty()) {
    hold(std::move(why));
    co_return true;
  }
  co_return co_await apply(std::move(next));
}

Task<bool> Applier::may_apply_first(const json::value& wanted) {
  const auto present = co_await driver_.read();
  if (!present) {
    note_failure(present.error());
    co_return false;
  }
  if (const auto saved = save_before_first_apply_(*present); !saved) {
    hold("what the data plane runs could not be kept aside: " + saved.error().to_string());
    co_return false;
  }
  if (config_.take_fleet || first_apply_agreed_ || is_blank(*present) || same_json(*present, wanted))
    co_return true;
  hold(
      "the data plane runs a configuration of its own: `starling publish` makes it a change, --take-fleet "
      "lets the fleet's "
      "stand");
  co_return false;
}

// Why `wanted` must not be applied, since nobody has said that it is meant (M10); empty: it may.
std::string Applier::unasked_emptying(const Generation& wanted) const {
  if (!running_ || !has_listeners(running_->document) || has_listeners(wanted.document)) return {};
  const auto& emptied = fleet_.merged().emptied;
  for (const auto& [scope, emptying] : emptied) {
    if (!emptying.allowed) {
      return "change " + to_cid(emptying.by) +
             " leaves no listener: write it again with allow-empty, or set a listener (M10)";
    }
  }
  if (!emptied.empty()) return {};
  const bool elsewhere = std::ranges::any_of(fleet_.merged().document.get_object(), [](const auto& scope) {
    return scope.value().is_object() && has_listeners(scope.value());
  });
  if (elsewhere) {
    return "the layers that this node's labels select leave it no listener: change its labels, or set a "
           "listener (M10)";
  }
  return "the changes that set its listeners count no longer, and nobody has said that it is to have none: "
         "set "
         "a listener; if none is meant, remove it again with allow-empty (M10)";
}

// As if the data plane had refused it, which it would: the address is in use. But only while we run.
std::optional<DataPlaneFault> Applier::cuts_off(const json::value& document) const {
  const auto taken = own_addresses_.taken_by(document);
  if (!taken) return std::nullopt;
  return DataPlaneFault{DataPlaneFault::Kind::refused, 400,
                        json::object{{"error", "Refused."},
                                     {"detail", taken->detail},
                                     {"location", json::object{{"path", to_pointer(taken->path)}}}},
                        taken->detail};
}

Task<bool> Applier::apply(Generation wanted) {
  if (refused_ == wanted.id && env_.now() < refused_until_) co_return true;
  DriverResult<> done;
  if (auto fault = cuts_off(wanted.document)) {
    done = std::unexpected(std::move(*fault));
  } else {
    done = co_await driver_.apply(wanted.document, wanted.id);
  }
  if (!done) {
    note_failure(done.error());
    if (done.error().kind == DataPlaneFault::Kind::unreachable) co_return false;
    refused_ = wanted.id;
    refused_until_ = env_.now() + config_.retry_cap;
    co_return true;
  }
  const GenerationId id = wanted.id;
  co_await note_running(std::move(wanted));
  tell(DataPlaneEvent::Kind::applied, id, "");
  co_return true;
}

// After a start: what was brought up before most likely still runs.
Task<bool> Applier::confirm_or_apply(Generation wanted) {
  const auto present = co_await driver_.read();
  if (!present || !same_json(*present, wanted.document)) co_return co_await apply(std::move(wanted));
  co_await note_running(std::move(wanted));
  co_return true;
}

Task<> Applier::note_running(Generation generation) {
  refused_.reset();
  error_.clear();
  if (!held_.empty()) {
    held_.clear();
    tell(DataPlaneEvent::Kind::released, generation.id, "");
  }
  if (std::exchange(unreachable_, false)) tell(DataPlaneEvent::Kind::back, generation.id, "");
  set_fact(FactKind::applied, generation);
  if (co_await driver_.probe()) set_fact(FactKind::healthy, generation);
  running_ = std::move(generation);
  on_status_();
  if (const auto kept = co_await fleet_.remember(std::string(last_good_fact), to_text(*running_)); !kept) {
    env_.log.error("dataplane.unremembered", {{"why", kept.error().to_string()}});
  }
}

void Applier::note_failure(const DataPlaneFault& fault) {
  const bool news = error_ != fault.message;
  error_ = fault.message;
  const bool gone = fault.kind == DataPlaneFault::Kind::unreachable;
  if (gone && !std::exchange(unreachable_, true)) {
    tell(DataPlaneEvent::Kind::unreachable, std::nullopt, fault.message);
  } else if (!gone && news) {
    tell(DataPlaneEvent::Kind::failed, std::nullopt, fault.message);
  }
}

void Applier::hold(std::string why) {
  if (held_ == why) return;
  held_ = std::move(why);
  tell(DataPlaneEvent::Kind::held, std::nullopt, held_);
}

// ---- drift ----

Task<> Applier::check_drift() {
  if (!running_) co_return;
  const auto present = co_await driver_.read();
  if (!present) {
    note_failure(present.error());
    co_return;
  }
  if (std::exchange(unreachable_, false)) {
    error_.clear();
    tell(DataPlaneEvent::Kind::back, running_->id, "");
  }
  if (same_json(*present, running_->document)) {
    drifted_ = false;
    co_return;
  }
  if (!std::exchange(drifted_, true)) {
    tell(DataPlaneEvent::Kind::drift, running_->id,
         is_blank(*present) ? "the data plane came up empty: it was restarted"
                            : "the data plane runs something else: it was changed by hand");
  }
  if (config_.drift == DriftPolicy::heal) co_await heal();
}

Task<> Applier::heal() {
  const auto done = co_await driver_.apply(running_->document, running_->id);
  if (!done) {
    note_failure(done.error());
    co_return;
  }
  drifted_ = false;
  error_.clear();
  tell(DataPlaneEvent::Kind::healed, running_->id, "");
}

// ---- publish ----

void Applier::release_hold() {
  first_apply_agreed_ = true;
  wake();
}

Task<DriverResult<Applier::Local>> Applier::read_local() {
  const libp2p::TurnQueue::Turn turn = co_await turns_.take();
  auto present = co_await driver_.read();
  if (!present) co_return std::unexpected(std::move(present.error()));
  co_return Local{running_ ? running_->document : empty_document(), std::move(*present)};
}

}  // namespace starling
