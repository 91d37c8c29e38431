// Who may write what under which grant, whether that grant stands at present or not (rule L4): a pure
// function of the record, of its grant's, and of the invite that an admission rests on. So every node comes
// to the same answer, once, and for good; what stands is the Charter's to say.
#pragma once

#include <map>
#include <vector>

#include "starling/charter/roles.hpp"
#include "starling/model/right.hpp"

namespace starling {

[[nodiscard]] bool may_write(Role role, RecordKind kind) noexcept;

class Entitlements {
 public:
  [[nodiscard]] Right judge(const Record& record, const FindRecord& find);

 private:
  struct Holder {
    std::vector<PeerId> peers;  // ascending; none: it gives nobody anything
    Role role{};
  };
  [[nodiscard]] static Holder holder_by(const SignedRecord& grant, const SignedRecord* invite);
  // What it rests on besides itself; zero: nothing.
  [[nodiscard]] const RecordId& invite_of(const SignedRecord& grant);

  // By whatever records name as their grant and the log holds: no more than it holds.
  std::map<RecordId, Holder> holders_;
  std::map<RecordId, RecordId> invites_;
};

}  // namespace starling
