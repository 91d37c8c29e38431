#include "starling/fleet/author.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "starling/charter/charter_records.hpp"

namespace starling {
namespace {

bool avoids(const AuthoringContext& context, const RecordId& id) {
  return context.avoids && context.avoids(id);
}

}  // namespace

std::vector<RecordPtr> own_heads(const AuthoringContext& context, const PeerId& author) {
  const Changelog& log = context.log;
  std::vector<RecordPtr> heads;
  for (auto it = log.vector().lower_bound(ChainId{author, 0});
       it != log.vector().end() && it->first.author == author; ++it) {
    RecordPtr head = log.get(it->second.id);
    while (head && (head->record.hlc > context.ceiling || avoids(context, head->id)))
      head = log.get(head->record.prev);
    if (head) heads.push_back(std::move(head));
  }
  std::ranges::sort(heads, std::greater(),
                    [](const RecordPtr& r) { return std::pair(r->record.hlc, r->id); });
  std::vector<RecordPtr> chosen;
  for (RecordPtr& head : heads) {
    if (chosen.size() == max_parents) break;
    const bool known = std::ranges::any_of(
        chosen, [&](const RecordPtr& newer) { return log.happened_before(head->id, newer->id); });
    if (!known) chosen.push_back(std::move(head));
  }
  return chosen;
}

bool may_be_parent(const AuthoringContext& context, const SignedRecord& record) {
  return record.record.hlc <= context.ceiling && context.log.stands(record) && !avoids(context, record.id) &&
         (!context.counts || context.counts(record.record));
}

bool Author::can_go_on(const AuthoringContext& context) const {
  if (last_ && (last_->record.hlc > context.ceiling || avoids(context, last_->id))) return false;
  // A checkpoint may cover another branch of it.
  const auto is_covered_elsewhere = [&log = context.log](const SignedRecord& last) {
    return log.is_settled(last.record) ? !log.ends_base(last.id) : !log.stands(last);
  };
  if (last_ && is_covered_elsewhere(*last_)) return false;
  const auto known = context.log.vector().find({PeerId::from_public_key(key_.public_key()), incarnation_});
  if (known == context.log.vector().end()) return true;
  // A machine copied as it ran has written in this incarnation, too: what came next here would be a fork.
  const std::uint64_t written = last_ ? last_->record.seq : 0;
  return known->second.fork ? known->second.fork->seq > written && written > 0 : known->second.seq <= written;
}

namespace {

// Records that can't be named are gone through for what they would hide, as far as this.
constexpr std::size_t max_descent = 4096;

// What a record may be put after, newest first, besides `known` and what that was put after. Whoever is
// nobody's parent hides nothing: where a tip can't be named, the newest before it that can take its place.
std::vector<RecordPtr> usable_tips(const AuthoringContext& context, const std::vector<RecordId>& known) {
  const Changelog& log = context.log;
  std::set<std::pair<Hlc, RecordId>>
      open;  // clocks rise, so whatever follows a record is looked at before it
  const auto look_at = [&](const RecordId& id) {
    if (const RecordPtr record = log.get(id)) open.emplace(record->record.hlc, id);
  };
  for (const RecordId& id : log.heads()) look_at(id);
  std::vector<RecordPtr> tips;
  for (std::size_t descents = 0; !open.empty();) {
    const RecordId id = open.extract(std::prev(open.end())).value().second;
    const bool head = log.heads().contains(id);
    const auto covers = [&](const RecordId& later) {
      return later == id || (!head && log.happened_before(id, later));
    };
    if (std::ranges::any_of(known, covers) ||
        std::ranges::any_of(tips, covers, [](const RecordPtr& tip) { return tip->id; }))
      continue;
    RecordPtr record = log.get(id);
    if (may_be_parent(context, *record)) {
      if (head || tips.size() < max_parents) tips.push_back(std::move(record));
    } else if (tips.size() < max_parents && descents++ < max_descent) {
      look_at(record->record.prev);
      for (const RecordId& parent : record->record.parents) look_at(parent);
    }
  }
  return tips;
}

}  // namespace

std::vector<RecordId> Author::newest(const AuthoringContext& context) const {
  if (last_ && can_go_on(context)) return {last_->id};
  std::vector<RecordId> newest;
  const PeerId self = PeerId::from_public_key(key_.public_key());
  for (const RecordPtr& head : own_heads(context, self)) newest.push_back(head->id);
  return newest;
}

std::vector<RecordId> Author::choose_parents(const AuthoringContext& context) const {
  const std::vector<RecordId> own = newest(context);
  std::vector<RecordId> parents;
  // What a restored backup does not know is then seen to be missing.
  if (!last_ || !can_go_on(context)) parents = own;
  for (const RecordPtr& tip : usable_tips(context, own)) {
    if (parents.size() == max_parents) break;
    parents.push_back(tip->id);
  }
  std::ranges::sort(parents);
  return parents;
}

Result<std::vector<RecordId>> Author::asked_parents(const AuthoringContext& context) const {
  std::vector<RecordId> parents = *context.parents;
  if (parents.size() > max_parents) {
    return fail(Errc::limit, "what the record is to be put after has " + std::to_string(parents.size()) +
                                 " newest changes, and a record names 16 at most");
  }
  for (const RecordId& own : newest(context)) {
    const auto knows = [&](const RecordId& asked) {
      return asked == own || context.log.happened_before(own, asked);
    };
    if (!last_ && parents.size() < max_parents && std::ranges::none_of(*context.parents, knows))
      parents.push_back(own);
  }
  if (last_) std::erase(parents, last_->id);
  std::ranges::sort(parents);
  return parents;
}

Result<RecordPtr> Author::write(const AuthoringContext& context, RecordKind kind, RecordId grant,
                                Bytes body) {
  if (!can_go_on(context)) {
    last_ = nullptr;
    incarnation_ = context.fresh_incarnation;
  }
  Record record;
  record.fleet = context.fleet;
  record.kind = kind;
  record.author = PeerId::from_public_key(key_.public_key());
  record.incarnation = incarnation_;
  record.seq = last_ ? last_->record.seq + 1 : 1;
  if (last_) record.prev = last_->id;
  if (context.parents) {
    LIBP2P_TRY(record.parents, asked_parents(context));
  } else {
    record.parents = choose_parents(context);
  }
  record.grant = grant;
  record.body = std::move(body);
  Hlc seen = last_ ? last_->record.hlc : Hlc{};
  for (const RecordId& parent : record.parents) seen = std::max(seen, context.log.get(parent)->record.hlc);
  // A clock tells when, not what was known: what is written later is later in the order (M1, M4).
  if (context.parents) {
    const std::vector<RecordPtr> tips = usable_tips(context, {});
    if (!tips.empty()) seen = std::max(seen, tips.front()->record.hlc);
  }
  record.hlc = Hlc::after(seen, context.wall);
  LIBP2P_TRY(RecordPtr written, sign_record(record, key_));
  last_ = written;
  return written;
}

Result<RecordPtr> write_genesis(const PrivateKey& root, std::uint64_t incarnation, BytesView nonce,
                                libp2p::WallTime wall) {
  Genesis genesis;
  genesis.roots = {PeerId::from_public_key(root.public_key())};
  genesis.nonce = libp2p::to_bytes(nonce);
  Record record;
  record.kind = RecordKind::genesis;
  record.author = genesis.roots.front();
  record.incarnation = incarnation;
  record.seq = 1;
  record.hlc = Hlc::at(wall);
  record.body = genesis.to_body();
  return sign_record(record, root);
}

}  // namespace starling
