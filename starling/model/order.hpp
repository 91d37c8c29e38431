// The order of the merge (rule M1): by clock ascending, then by id descending.
#pragma once

#include "starling/model/record.hpp"

namespace starling {

[[nodiscard]] inline bool comes_before(const SignedRecord& a, const SignedRecord& b) {
  return a.record.hlc != b.record.hlc ? a.record.hlc < b.record.hlc : a.id > b.id;
}

}  // namespace starling
