// Whether a record may be written under the grant that it names (rule L4), as far as that is told by the
// records themselves.
#pragma once

#include <functional>

#include "starling/model/record.hpp"

namespace starling {

struct Right {
  enum class Verdict { allowed, denied, unknown };
  Verdict verdict{};
  RecordId missing;  // unknown: the record without which nobody can tell
};

// nullptr: it is not known (yet).
using FindRecord = std::function<RecordPtr(const RecordId&)>;
using RightRule = std::function<Right(const Record&, const FindRecord&)>;

}  // namespace starling
