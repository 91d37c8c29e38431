// What goes wrong in a world, and what is written past its nodes.
#include "sim/world.hpp"
#include "starling/charter/charter_records.hpp"

namespace starling::sim {

void World::set_clock_error(std::size_t index, std::chrono::milliseconds error) {
  machines_.at(index)->clock.set_error(error);
}

void World::restore(std::size_t index, Disk::Image backup) {
  if (running(index)) crash(index);
  Machine& machine = *machines_.at(index);
  machine.disk.set_image(std::move(backup));
  ++machine.disk_lives;
  start(index);
}

std::size_t World::clone(std::size_t index, bool with_memory) {
  const std::size_t copy = machines_.size();
  Machine& machine = add_machine(copy);
  const Machine& original = *machines_.at(index);
  machine.key = original.key;
  machine.clock.set_error(original.clock.error());
  machine.disk.set_image(original.disk.image());
  if (with_memory) machine.memory = original.random.first();
  for (std::size_t other = 0; other < copy; ++other) {
    if (!can_hear(other, index)) links_.cut_one_way(other + 1, copy + 1);
    if (!can_hear(index, other)) links_.cut_one_way(copy + 1, other + 1);
  }
  start(copy);
  return copy;
}

void World::reinstall(std::size_t index, std::size_t through) {
  if (running(index)) crash(index);
  Machine& machine = *machines_.at(index);
  machine.key = PrivateKey::ed25519_from_seed([&] {
    std::array<std::uint8_t, 32> seed{};
    runtime_.env().random.fill(seed);
    return seed;
  }());
  machine.disk.set_image({});
  ++machine.disk_lives;
  auto [join, body] =
      invite(through, "again" + std::to_string(index) + "-" + std::to_string(machine.disk_lives));
  machine.join = std::move(join);
  root_writes(through, RecordKind::invite, std::move(body));
  start(index);
}

void World::withhold(std::size_t index) {
  Machine& machine = *machines_.at(index);
  machine.withholder = std::make_unique<Withholder>(*machine.node);
}

AuthoringContext World::context_of(std::size_t index) const {
  return machines_.at(index)->node->fleet().authoring_context();
}

RecordPtr World::sign(const PrivateKey& key, std::size_t index, RecordKind kind, RecordId grant, Bytes body) {
  return *Author(key, runtime_.env().random.u64()).write(context_of(index), kind, grant, std::move(body));
}

RecordPtr World::root_writes(std::size_t index, RecordKind kind, Bytes body) {
  RecordPtr written = root_signs(index, kind, std::move(body));
  give(index, {written});
  return written;
}

RecordPtr World::forge(std::size_t index, RecordKind kind, Bytes body, std::chrono::milliseconds clock_error,
                       std::optional<RecordId> grant) {
  AuthoringContext context = context_of(index);
  context.wall = runtime_.env().clock.wall() + clock_error;
  const Member* member = node(index).fleet().charter().member(peer(index));
  Author author(machines_.at(index)->key, runtime_.env().random.u64());
  return *author.write(context, kind, grant ? *grant : member ? member->grant : fleet_, std::move(body));
}

RecordPtr World::forge_at(std::size_t index, Hlc clock, Bytes body) {
  Record record = forge(index, RecordKind::change, std::move(body))->record;
  record.parents.clear();
  record.hlc = clock;
  return *sign_record(record, machines_.at(index)->key);
}

// By hand: an honest author leaves a chain that it knows to be forked.
Fork World::forge_fork(std::size_t index, const std::vector<Bytes>& common, const std::vector<Bytes>& left,
                       const std::vector<Bytes>& right) {
  const PrivateKey& key = machines_.at(index)->key;
  const Record first = forge(index, RecordKind::change, {})->record;
  Fork fork;
  fork.chain = first.chain();
  const auto go_on = [&](RecordPtr last, const std::vector<Bytes>& bodies, std::vector<RecordPtr>& written) {
    for (const Bytes& body : bodies) {
      Record record = first;
      if (last) {
        record.seq = last->record.seq + 1;
        record.prev = last->id;
        record.parents.clear();
        record.hlc = Hlc{last->record.hlc.value + 1};
      }
      record.body = body;
      last = *sign_record(record, key);
      written.push_back(last);
    }
  };
  go_on(nullptr, common, fork.common);
  const RecordPtr last = fork.common.empty() ? nullptr : fork.common.back();
  go_on(last, left, fork.left);
  go_on(last, right, fork.right);
  return fork;
}

Task<> World::accept(std::size_t index, std::vector<RecordPtr> records) {
  (void)co_await machines_.at(index)->node->fleet().accept(std::move(records));
}

void World::give(std::size_t index, std::vector<RecordPtr> records) {
  runtime_.run(accept(index, std::move(records)), std::chrono::minutes(1));
}

}  // namespace starling::sim
