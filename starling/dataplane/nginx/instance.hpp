// The nginx of one directory: its files and its processes. Every function blocks; call them off the loop.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "starling/dataplane/log_mark.hpp"
#include "starling/dataplane/nginx/program.hpp"
#include "starling/dataplane/nginx/render.hpp"

namespace starling {

// What `nginx -V` tells.
struct NginxBuild {
  std::string version;  // "1.22.1"
  bool stub_status = false;
};

// Values only; copies speak of the same nginx. `nginx.conf` is what runs, `nginx.conf.new` a candidate,
// `nginx.conf.old` what ran before while it is not yet known that the candidate does; `configuration-ID.json`
// is what a generation was rendered from.
class NginxInstance {
 public:
  NginxInstance(std::string program, NginxLayout layout)
      : program_(std::move(program)), layout_(std::move(layout)) {}

  [[nodiscard]] const NginxLayout& layout() const { return layout_; }
  // Errors: io, not_supported (it is no nginx).
  [[nodiscard]] Result<NginxBuild> inspect() const;

  // The master process of this directory, if it runs: the one in the pid file, when it is still this nginx.
  [[nodiscard]] std::optional<pid_t> master() const;
  // Its workers that take requests (not those that only finish theirs). Nothing when /proc doesn't tell.
  [[nodiscard]] std::optional<std::vector<pid_t>> workers() const;

  // Makes the directories and writes the candidate, synced. Errors: io.
  [[nodiscard]] Result<> write_candidate(const std::string& text, const std::string& generation,
                                         const std::string& configuration) const;
  // `nginx -t`; the output when it refuses the candidate. Errors: io, timeout; refused with nginx's own
  // lines.
  [[nodiscard]] Result<> test_candidate() const;
  // Puts the candidate in place of nginx.conf and makes nginx read it: by SIGHUP, or by starting it. Errors:
  // io; refused when it did not start, with its lines.
  [[nodiscard]] Result<> switch_to_candidate() const;
  // Puts nginx.conf.old back, or takes nginx.conf away where there was none, and reloads.
  void put_back() const;
  // Forgets what ran before, and what other generations were rendered from.
  void settle(const std::string& generation) const;

  [[nodiscard]] std::optional<std::string> running_text() const;
  [[nodiscard]] std::optional<std::string> configuration_of(const std::string& generation) const;
  [[nodiscard]] LogMark mark() const;

 private:
  [[nodiscard]] std::string file(const std::string& name) const { return layout_.directory + "/" + name; }
  [[nodiscard]] std::vector<std::string> command(const std::string& configuration_file) const;
  void remove_stale_sockets(const std::string& text) const;

  std::string program_;
  NginxLayout layout_;
};

// nginx's [emerg] lines without time and process, each once.
[[nodiscard]] std::vector<std::string> reasons(const std::vector<std::string>& log_lines);

}  // namespace starling
