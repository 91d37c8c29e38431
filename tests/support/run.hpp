// Running one task at a time on the real loop, for tests with real sockets.
#pragma once

#include <optional>

#include "libp2p/base/log.hpp"
#include "libp2p/base/system_runtime.hpp"

namespace starling::test {

class Loop {
 public:
  [[nodiscard]] libp2p::Env env() { return runtime_.env(); }
  void run(libp2p::Task<> task) { runtime_.run(std::move(task)); }
  template <class T>
    requires(!std::is_void_v<T>)
  T run(libp2p::Task<T> task) {
    std::optional<T> value;
    runtime_.run(store(std::move(task), value));
    return std::move(*value);
  }
  // Runs what is ready, without waiting for more.
  void poll() {
    runtime_.io().restart();
    runtime_.io().poll();
  }

 private:
  template <class T>
  static libp2p::Task<> store(libp2p::Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }
  libp2p::NullLog log_;
  libp2p::SystemRuntime runtime_{log_};
};

}  // namespace starling::test
