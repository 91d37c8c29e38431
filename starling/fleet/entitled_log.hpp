#pragma once

#include <memory>

#include "starling/changelog/changelog.hpp"
#include "starling/charter/entitlements.hpp"

namespace starling {

// Of the fleet's records only those that their grants allow (L4).
[[nodiscard]] inline Changelog entitled_log(const FleetId& fleet) {
  return Changelog(
      fleet, [entitlements = std::make_shared<Entitlements>()](const Record& record, const FindRecord& find) {
        return entitlements->judge(record, find);
      });
}

}  // namespace starling
