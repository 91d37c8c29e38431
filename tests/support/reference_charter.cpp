#include "tests/support/reference_charter.hpp"

#include <algorithm>

#include "starling/changelog/anchor.hpp"

namespace starling::reference {
namespace {

// What is said of one chain by an anchor, a checkpoint or a ruling.
struct Word {
  bool ruling = false;
  Role by{};
  RecordPtr record;
  RecordId stands;
  std::uint64_t seq = 0;  // of a ruling
};

}  // namespace

bool before(const SignedRecord& a, const SignedRecord& b) {
  if (a.record.hlc != b.record.hlc) return a.record.hlc < b.record.hlc;
  return a.id > b.id;
}

Authority::Authority(const Input& input, const Base* base, bool forks_count)
    : input_(input), base_(base), ordered_(input.records) {
  std::ranges::sort(ordered_, [](const RecordPtr& a, const RecordPtr& b) { return before(*a, *b); });
  for (const RecordPtr& record : ordered_) by_id_[record->id] = record;
  if (forks_count) find_forks();
  for (const RecordPtr& r : ordered_) {
    const auto fork = forks.find(r->record.chain());
    const bool past = fork != forks.end() && r->record.seq >= fork->second;
    if (base_ && base_->settles(r->record))
      forked_[r->id] = base_->kept.contains(r->id) ? Forked::no : Forked::settled;
    else
      forked_[r->id] = past ? Forked::quarantined : Forked::no;
  }
  // What a fork casts doubt upon is first left out altogether; what stands without it may then say what of it
  // stands, and so on.
  do {
    grant_all();
  } while (protect());
}

void Authority::find_forks() {
  std::map<ChainId, std::map<std::uint64_t, int>> numbers;
  for (const RecordPtr& r : ordered_) ++numbers[r->record.chain()][r->record.seq];
  for (const auto& [chain, counts] : numbers) {
    for (const auto& [seq, count] : counts) {
      if (count > 1) forks.try_emplace(chain, seq);
    }
  }
}

std::set<RecordId> Authority::line_of(const ChainId& chain, RecordId tip) const {
  std::set<RecordId> line;
  for (auto at = by_id_.find(tip); at != by_id_.end() && at->second->record.chain() == chain;
       at = by_id_.find(at->second->record.prev)) {
    line.insert(at->first);
  }
  return line;
}

// L8: where the checkpoint covers one branch of a fork, no other goes on.
std::set<RecordId> Authority::line_that_may_stand(const ChainId& chain, const RecordId& tip) const {
  std::set<RecordId> line = line_of(chain, tip);
  if (!base_) return line;
  const auto entry = base_->vector.find(chain);
  if (entry == base_->vector.end() || entry->second.seq < forks.at(chain) || line.contains(entry->second.id))
    return line;
  return {};
}

// L3: rulings before anchors, the more senior author's before the less, then the earlier. The first ruling
// that names a record says it of the whole chain, so beside it nothing else counts; one that names none makes
// void what lies at or past its number. Anchors add up as long as they are of one line.
bool Authority::protect() {
  std::map<ChainId, std::vector<Word>> words;
  for (const RecordPtr& said : standing()) {
    const Role by = *acts_as(said->record);
    if (said->record.kind == RecordKind::ruling) {
      const Ruling ruling = *Ruling::from_body(said->record.body);
      words[ruling.chain].push_back({true, by, said, ruling.stands, ruling.seq});
      continue;
    }
    const Anchor anchor = said->record.kind == RecordKind::anchor
                              ? *Anchor::from_body(said->record.body)
                              : Checkpoint::from_body(said->record.body)->anchor;
    for (const auto& [chain, head] : anchor.vector) words[chain].push_back({false, by, said, head.id, 0});
  }
  std::map<RecordId, Forked> now;
  for (const RecordPtr& r : ordered_) {
    const Forked state = forked_.at(r->id);
    now[r->id] = state == Forked::no || state == Forked::settled ? state : Forked::quarantined;
  }
  for (const auto& [chain, fork] : forks) {
    std::vector<Word>& said = words[chain];
    std::ranges::sort(said, [](const Word& a, const Word& b) {
      if (a.ruling != b.ruling) return a.ruling;
      if (a.by != b.by) return a.by < b.by;
      return std::pair(a.record->record.hlc, a.record->id) < std::pair(b.record->record.hlc, b.record->id);
    });
    std::set<RecordId> stands;
    std::uint64_t void_from = UINT64_MAX;
    bool named = false;
    for (const Word& word : said) {
      const std::set<RecordId> line = line_that_may_stand(chain, word.stands);
      if (named) break;
      if (word.ruling && word.stands.is_zero()) {
        void_from = std::min(void_from, std::max(word.seq, fork));
      } else if (std::ranges::includes(line, stands)) {
        stands = line;
      }
      named = word.ruling && !word.stands.is_zero();
    }
    for (auto& [id, state] : now) {
      const Record& record = by_id_.at(id)->record;
      if (state == Forked::no || state == Forked::settled || record.chain() != chain) continue;
      if (stands.contains(id) && record.seq < void_from)
        state = Forked::protected_;
      else if (named || record.seq >= void_from)
        state = Forked::ruled_out;
    }
  }
  const bool changed = now != forked_;
  forked_ = std::move(now);
  return changed;
}

std::vector<RecordPtr> Authority::standing() const {
  std::vector<RecordPtr> found;
  for (const RecordPtr& r : ordered_) {
    const RecordKind kind = r->record.kind;
    if (kind != RecordKind::anchor && kind != RecordKind::checkpoint && kind != RecordKind::ruling) continue;
    if (counts(r->id) && judge(*r) == Answer::valid) found.push_back(r);
  }
  return found;
}

// "A key's stratum is the most senior that any standing grant gives it."
std::optional<Role> Authority::stratum(const PeerId& key) const {
  std::optional<Role> best;
  if (std::ranges::find(roots_, key) != roots_.end()) best = Role::root;
  for (const auto& [id, held] : grants_) {
    if (held.subject == key && (!best || held.role < *best)) best = held.role;
  }
  return best;
}

// The role that the record's author has by the grant that the record names.
std::optional<Role> Authority::acts_as(const Record& record) const {
  if (record.grant == input_.fleet) {
    if (std::ranges::find(roots_, record.author) != roots_.end()) return Role::root;
    return std::nullopt;
  }
  const auto grant = grants_.find(record.grant);
  if (grant == grants_.end() || grant->second.subject != record.author) return std::nullopt;
  return grant->second.role;
}

// A grant that is there but does not stand counts as not known: what is missing may yet come (L4).
Authority::Answer Authority::judge(const SignedRecord& record) const {
  const Record& r = record.record;
  if (r.grant != input_.fleet && !grants_.contains(r.grant)) return Answer::unknown;
  const std::optional<Role> role = acts_as(r);
  if (!role) return Answer::denied;
  const Role needed = r.kind == RecordKind::change ? Role::operator_ : Role::admin;
  return *role <= needed ? Answer::valid : Answer::denied;
}

// From the root down: whoever a grant makes senior may grant, until nobody new is found.
void Authority::grant_all() {
  grants_.clear();
  roots_.clear();
  const auto genesis = by_id_.find(input_.fleet);
  if (genesis == by_id_.end() || genesis->second->record.kind != RecordKind::genesis) return;
  roots_ = Genesis::from_body(genesis->second->record.body)->roots;
  for (bool found = true; found;) {
    found = false;
    for (const RecordPtr& r : ordered_) {
      if (counts(r->id) && !grants_.contains(r->id)) found = grant_one(*r) || found;
    }
  }
}

bool Authority::grant_one(const SignedRecord& record) {
  const std::optional<Role> author = acts_as(record.record);
  if (!author) return false;
  if (record.record.kind == RecordKind::grant) {
    const auto grant = Grant::from_body(record.record.body);
    if (!grant || *author >= grant->role) return false;
    grants_[record.id] = {grant->subject, grant->role, grant->labels};
    return true;
  }
  if (record.record.kind != RecordKind::admit || !is_good_use(record) || !is_within_uses(record))
    return false;
  const auto admit = Admit::from_body(record.record.body);
  const auto invite = Invite::from_body(by_id_.at(admit->invite)->record.body);
  grants_[record.id] = {admit->join.statement.joiner, invite->role, invite->labels};
  return true;
}

// An admission by a witness who holds at least the role that it confers, of somebody who held the invite's
// key.
bool Authority::is_good_use(const SignedRecord& record) const {
  const std::optional<Role> witness = acts_as(record.record);
  const auto admit = Admit::from_body(record.record.body);
  if (!witness || !admit || !by_id_.contains(admit->invite)) return false;
  const SignedRecord& source = *by_id_.at(admit->invite);
  if (source.record.kind != RecordKind::invite || !counts(source.id)) return false;
  const std::optional<Role> issuer = acts_as(source.record);
  const auto invite = Invite::from_body(source.record.body);
  if (!issuer || !invite || *issuer >= invite->role || *witness > invite->role) return false;
  if (*issuer > Role::admin && invite->role != Role::node) return false;
  const JoinStatement& said = admit->join.statement;
  const auto end = invite->not_after_ms + 5ULL * 60 * 1000;
  return said.fleet == input_.fleet && said.invite_key == invite->key &&
         said.admitter == record.record.author && (record.record.hlc.value >> 16) <= end &&
         admit->join.verify().has_value();
}

// Of more uses than an invite has, the earlier ones stand: by clock, then by id.
bool Authority::is_within_uses(const SignedRecord& record) const {
  const RecordId invite = Admit::from_body(record.record.body)->invite;
  std::uint32_t earlier = 0;
  for (const RecordPtr& r : ordered_) {
    if (r->record.kind != RecordKind::admit || r->id == record.id || !counts(r->id)) continue;
    const auto other = Admit::from_body(r->record.body);
    if (!other || other->invite != invite || !is_good_use(*r)) continue;
    if (std::pair(r->record.hlc, r->id) < std::pair(record.record.hlc, record.id)) ++earlier;
  }
  return earlier < Invite::from_body(by_id_.at(invite)->record.body)->uses;
}

std::map<PeerId, Role> Authority::members() const {
  std::map<PeerId, Role> found;
  for (const auto& [id, held] : grants_) found[held.subject] = *stratum(held.subject);
  return found;
}

// Those of the most senior grant, until somebody who may has said others.
std::map<PeerId, Labels> Authority::labels() const {
  std::map<PeerId, Labels> found;
  for (const auto& [id, held] : grants_) {
    if (held.role == *stratum(held.subject)) found.try_emplace(held.subject, held.labels);
  }
  for (const RecordPtr& r : ordered_) {
    if (r->record.kind != RecordKind::labels || !counts(r->id) || judge(*r) != Answer::valid) continue;
    const auto said = MemberLabels::from_body(r->record.body);
    if (said && found.contains(said->subject)) found[said->subject] = said->labels;
  }
  return found;
}

}  // namespace starling::reference
