// Branches of one author's chain, signed as a thief of its key or a copied machine would.
#pragma once

#include "starling/changelog/changelog.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling::testing {

class ForkedChainTest : public ::testing::Test {
 protected:
  ForkedChainTest() : grant(fleet.grant(key_of(1), Role::operator_, "one")->id) {
    for (const RecordPtr& record : fleet.log.records()) charter.push_back(record);
  }

  RecordPtr after(const RecordPtr& prev, json::value value, std::uint64_t incarnation = 5) const {
    Record record;
    record.fleet = fleet.id();
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(1));
    record.incarnation = incarnation;
    record.seq = prev ? prev->record.seq + 1 : 1;
    if (prev) record.prev = prev->id;
    record.hlc = prev ? Hlc{prev->record.hlc.value + 1} : Hlc::at(noon);
    record.grant = grant;
    record.body = set_change({"a"}, std::move(value)).to_body();
    return must(sign_record(record, key_of(1)));
  }
  std::vector<RecordPtr> branch(RecordPtr prev, const std::string& name, int count) const {
    std::vector<RecordPtr> records;
    for (int i = 0; i < count; ++i) {
      records.push_back(after(prev, json::string(name + std::to_string(i))));
      prev = records.back();
    }
    return records;
  }
  Changelog log_of(const std::vector<std::vector<RecordPtr>>& parts) const {
    Changelog log(fleet.id());
    for (const RecordPtr& record : charter) (void)log.ingest(record);
    for (const auto& part : parts) {
      for (const RecordPtr& record : part) EXPECT_NE(log.ingest(record).outcome, Changelog::Outcome::refused);
    }
    return log;
  }
  static Protections ruled(std::uint64_t seq, RecordId stands) {
    return {{ChainId{peer_of(key_of(1)), 5}, {{{seq, stands}}, {}}}};
  }
  static Protections anchored(std::vector<RecordId> ids) {
    return {{ChainId{peer_of(key_of(1)), 5}, {{}, std::move(ids)}}};
  }
  static std::string standings(const Changelog& log, const std::vector<RecordPtr>& records) {
    std::string text;
    for (const RecordPtr& record : records) text += "sqvl"[static_cast<int>(log.standing(*record))];
    return text;
  }

  FoundedFleet fleet;
  RecordId grant;
  std::vector<RecordPtr> charter;
};

}  // namespace starling::testing
