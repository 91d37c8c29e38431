#include "starling/fleet/author.hpp"

#include <algorithm>

#include "starling/charter/charter_records.hpp"

namespace starling {

std::vector<RecordId> Author::choose_parents(const AuthoringContext& context) const {
  std::vector<RecordId> parents;
  const PeerId self = PeerId::from_public_key(key_.public_key());
  if (!last_) {
    // The heads of our own older incarnations: what a restored backup does not know is then seen to be
    // missing.
    for (auto it = context.log.vector().lower_bound(ChainId{self, 0});
         it != context.log.vector().end() && it->first.author == self && parents.size() < max_parents; ++it) {
      if (it->second.seq > 0) parents.push_back(it->second.id);
    }
  }
  std::vector<RecordPtr> tips;
  for (const RecordId& id : context.log.heads()) {
    RecordPtr record = context.log.get(id);
    if (record->record.hlc > context.ceiling || (last_ && last_->id == id)) continue;
    if (!context.log.quarantined(record->record)) tips.push_back(std::move(record));
  }
  std::ranges::sort(tips,
                    [](const RecordPtr& a, const RecordPtr& b) { return a->record.hlc > b->record.hlc; });
  for (const RecordPtr& tip : tips) {
    if (parents.size() == max_parents) break;
    if (std::ranges::find(parents, tip->id) == parents.end()) parents.push_back(tip->id);
  }
  std::ranges::sort(parents);
  return parents;
}

Result<RecordPtr> Author::write(const AuthoringContext& context, RecordKind kind, RecordId grant,
                                Bytes body) {
  Record record;
  record.fleet = context.fleet;
  record.kind = kind;
  record.author = PeerId::from_public_key(key_.public_key());
  record.incarnation = incarnation_;
  record.seq = last_ ? last_->record.seq + 1 : 1;
  if (last_) record.prev = last_->id;
  record.parents = choose_parents(context);
  record.grant = grant;
  record.body = std::move(body);
  Hlc seen = last_ ? last_->record.hlc : Hlc{};
  for (const RecordId& parent : record.parents) seen = std::max(seen, context.log.get(parent)->record.hlc);
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
