// Who may write what under which grant, whether that grant stands at present or not (rule L4): a pure
// function of the record, of its grant's, and of the invite that an admission rests on. So every node comes
// to the same answer, once, and for good; what stands is the Charter's to say.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "starling/charter/roles.hpp"
#include "starling/model/right.hpp"

namespace starling {

[[nodiscard]] bool may_write(Role role, RecordKind kind) noexcept;

class Entitlements {
 public:
  [[nodiscard]] Right judge(const Record& record, const FindRecord& find);

 private:
  struct Given {
    std::vector<PeerId> peers = {};           // ascending
    std::optional<Role> role = std::nullopt;  // nothing: it gives none, or its invite has not been looked at
    RecordId invite = {};                     // that an admission rests on
  };
  [[nodiscard]] Given& given_by(const SignedRecord& grant);
  [[nodiscard]] static std::optional<Role> role_in(const SignedRecord& invite);

  // By whatever records name as their grant and the log holds: no more than it holds.
  std::map<RecordId, Given> given_;
};

}  // namespace starling
