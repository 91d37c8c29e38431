// Stands in for Unit's control API: answers with recorded exchanges, or as a test says.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/task_group.hpp"
#include "tests/support/unit_recordings.hpp"

namespace starling::test {

struct SeenRequest {
  std::string head;  // as it came, with its blank line
  std::string method;
  std::string path;
  std::string body;
};

struct Answer {
  std::string bytes;         // what is sent before the connection is closed; may be nothing
  bool keep_silent = false;  // neither answers nor closes
};

// A whole reply with the body's Content-Length.
[[nodiscard]] Answer answer(int status, std::string body);
[[nodiscard]] Answer answer(const RecordedReply& reply);
// The same, cut after `body_bytes` of its body.
[[nodiscard]] Answer cut(Answer whole, std::size_t body_bytes);
[[nodiscard]] inline Answer hang_up() { return {}; }

class ReplayUnit {
 public:
  using Handler = std::function<Answer(const SeenRequest&)>;

  // Listen from here on, on a unix socket or on a port of 127.0.0.1; stop() before it goes.
  ReplayUnit(libp2p::Env env, const std::string& socket_path, Handler handler);
  ReplayUnit(libp2p::Env env, std::uint16_t port, Handler handler);
  [[nodiscard]] libp2p::Task<> stop();

  [[nodiscard]] const std::vector<SeenRequest>& seen() const { return seen_; }
  // The requests that change something.
  [[nodiscard]] std::vector<SeenRequest> writes() const;
  // The most of them that were being answered at one time.
  [[nodiscard]] std::size_t most_writes_at_once() const { return most_writes_; }

 private:
  using Protocol = boost::asio::generic::stream_protocol;
  using Socket = boost::asio::basic_stream_socket<Protocol, libp2p::Executor>;
  ReplayUnit(libp2p::Env env, const Protocol::endpoint& endpoint, Handler handler);
  libp2p::Task<> accept();
  libp2p::Task<> serve(Socket socket);

  libp2p::Env env_;
  Handler handler_;
  boost::asio::basic_socket_acceptor<Protocol, libp2p::Executor> acceptor_;
  libp2p::TaskGroup tasks_;
  std::vector<SeenRequest> seen_;
  std::size_t writes_now_ = 0;
  std::size_t most_writes_ = 0;
};

// Behaves as the daemon of a recording did: a request of the family is answered as it was then, and GET
// /config with what the configuration was after the last write, in Unit's own print.
class RecordedUnit {
 public:
  explicit RecordedUnit(std::string_view family);
  [[nodiscard]] Answer operator()(const SeenRequest& request);

 private:
  std::vector<Exchange> exchanges_;
  std::string config_ = "{}\r\n";
};

}  // namespace starling::test
