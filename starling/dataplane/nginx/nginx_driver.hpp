// nginx, given configurations of Unit's shape.
#pragma once

#include "libp2p/base/turn_queue.hpp"
#include "starling/dataplane/nginx/instance.hpp"

namespace starling {

struct NginxOptions {
  std::string directory;                      // absolute
  std::string program;                        // a path; empty searches when it is first needed
  Duration reload = std::chrono::seconds(2);  // how long a new generation may take to answer
  Duration answer = std::chrono::seconds(1);  // of one question on the generation socket
};

// Owns its directory, never the system's nginx. nginx is started by the first apply, daemonised, and outlives
// this daemon; a later one finds it by its pid file. What it can't do is refused by check(), with the path,
// and by apply(). Calls may come from any number of coroutines; writes wait for one another. Outlives every
// call.
class NginxDriver final : public Driver {
 public:
  NginxDriver(Env env, NginxOptions options);

  [[nodiscard]] DataPlaneInfo info() const override;
  [[nodiscard]] DriverResult<> check(const json::value& configuration) const override;
  // {} while nginx does not run. A fault `unknown` when it runs what Starling did not write.
  [[nodiscard]] Task<DriverResult<json::value>> read() override;
  [[nodiscard]] Task<DriverResult<>> apply(json::value configuration, GenerationId generation) override;
  // Succeeds when nginx can be started, though it may not run yet.
  [[nodiscard]] Task<DriverResult<>> probe() override;
  // Unit's members as far as nginx counts them, and "nginx": {running, generation}.
  [[nodiscard]] Task<DriverResult<json::value>> status() override;

 private:
  // What the last apply or read found to run, so that reading it again needs no rendering.
  struct Known {
    std::string generation;
    std::string text;
    json::value configuration;
  };

  [[nodiscard]] Task<DriverResult<NginxInstance>> instance();
  [[nodiscard]] Task<DriverResult<std::optional<std::string>>> generation_now(NginxInstance instance);
  [[nodiscard]] Task<DriverResult<>> bring_up(NginxInstance instance, std::string generation, Duration limit);
  [[nodiscard]] Task<bool> takes_over(NginxInstance instance, std::string generation,
                                      std::optional<std::vector<pid_t>> old_workers, Duration limit);

  Env env_;
  NginxOptions options_;
  std::optional<NginxInstance> instance_;
  NginxBuild build_;
  libp2p::TurnQueue writers_;
  std::shared_ptr<const Known> known_;
};

}  // namespace starling
