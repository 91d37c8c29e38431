// How a write becomes a change (DESIGN section 6, point 4): propose, try on the own data plane, log, and only
// then answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "starling/rollout/applier.hpp"

namespace starling {

// Why a write was not taken, in the form in which it is answered: nothing has changed anywhere.
struct WriteFault {
  int status = 0;    // of HTTP
  json::value body;  // in Unit's form: {"error":…, "detail":…}
};

// What a request asks for, worked out against the present document.
struct Proposal {
  json::value document;     // after it
  std::vector<Edit> edits;  // that lead there
};
using Propose = std::function<std::expected<Proposal, WriteFault>(const json::value& present)>;

struct WriteOptions {
  std::string actor;
  std::string message;
  bool allow_empty = false;  // M10
};

struct Written {
  std::optional<RecordId> change;      // nothing: the fleet was there already
  std::optional<RevisionId> revision;  // nothing while all that is known here is held (L7)
};

class Writer {
 public:
  // Both must outlive it.
  Writer(Env env, Fleet& fleet, Applier& applier) : fleet_(fleet), applier_(applier), mutex_(env.executor) {}

  // One write at a time: each is worked out against the document that the one before has left.
  [[nodiscard]] Task<std::expected<Written, WriteFault>> write(Propose propose, WriteOptions options);
  // `publish`: what this node's data plane runs now becomes a change, by its difference to what was last
  // applied.
  [[nodiscard]] Task<std::expected<Written, WriteFault>> publish(WriteOptions options);

 private:
  Task<std::expected<Written, WriteFault>> log_change(Change change, Applier::Trial trial);

  Fleet& fleet_;
  Applier& applier_;
  AsyncMutex mutex_;
};

}  // namespace starling
