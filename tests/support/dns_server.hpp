// A name server on this machine's loopback, with the TXT records it is given: real packets, by UDP and TCP.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/task_group.hpp"

namespace libp2p::test {

// Understands questions as resolvers send them, and not much more. Stop it before it goes.
class DnsServer {
 public:
  // What it does with a question, for tests of the other side.
  enum class Manner : std::uint8_t { answers, is_silent, sends_garbage, only_by_tcp };

  explicit DnsServer(Env env)
      : udp_(env.executor, {asio::ip::address_v4::loopback(), 0}),
        tcp_(env.executor, {asio::ip::address_v4::loopback(), udp_.local_endpoint().port()}),
        tasks_(env) {
    tasks_.spawn("dns.udp", serve_udp());
    tasks_.spawn("dns.tcp", serve_tcp());
  }
  [[nodiscard]] Task<> stop() { return tasks_.stop(); }

  // One record more of the name, of one piece or of several.
  void add(const std::string& name, std::string text) { add(name, std::vector{std::move(text)}); }
  void add(const std::string& name, std::vector<std::string> pieces) {
    records_[name].push_back(std::move(pieces));
  }
  void set_manner(Manner manner) { manner_ = manner; }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(udp_.local_endpoint().port());
  }
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }
  [[nodiscard]] std::size_t asked_by_tcp() const { return asked_by_tcp_; }

 private:
  static constexpr std::size_t header_bytes = 12;

  static void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
  }

  // The name of the first question, and where it ends.
  static std::optional<std::string> name_in(BytesView question, std::size_t& at) {
    std::string name;
    at = header_bytes;
    while (at < question.size() && question[at] != 0) {
      const std::size_t length = question[at];
      if (length > 63 || at + length >= question.size()) return std::nullopt;
      if (!name.empty()) name += '.';
      name += as_text(question.subspan(at + 1, length));
      at += 1 + length;
    }
    at += 5;  // the root, the type and the class
    return at <= question.size() ? std::optional(name) : std::nullopt;
  }

  [[nodiscard]] Bytes answer_to(BytesView question, bool whole) {
    std::size_t end = 0;
    const auto name = name_in(question, end);
    if (!name) return {};
    asked_.push_back(*name);
    const auto found = records_.find(*name);
    const std::size_t count = whole && found != records_.end() ? found->second.size() : 0;
    Bytes out(question.begin(), question.begin() + 2);
    // An answer, that of an authority, recursion wanted and offered; TC where there is more; NXDOMAIN.
    put16(out, 0x8580U | (whole ? 0 : 0x0200U) | (found == records_.end() ? 3U : 0U));
    put16(out, 1);
    put16(out, count);
    put16(out, 0);
    put16(out, 0);
    append(out, question.subspan(header_bytes, end - header_bytes));
    for (std::size_t i = 0; i < count; ++i) {
      put16(out, 0xc000U | header_bytes);
      put16(out, 16);
      put16(out, 1);
      put16(out, 0);
      put16(out, 60);
      Bytes data;
      for (const std::string& piece : found->second[i]) {
        data.push_back(static_cast<std::uint8_t>(piece.size()));
        append(data, as_bytes(piece));
      }
      put16(out, data.size());
      append(out, data);
    }
    return out;
  }

  Task<> serve_udp() {
    Bytes buffer(2048);
    for (;;) {
      asio::ip::udp::endpoint from;
      const std::size_t size = co_await udp_.async_receive_from(asio::buffer(buffer), from, use_task);
      if (manner_ == Manner::is_silent) continue;
      Bytes answer = answer_to(BytesView(buffer).first(size), manner_ != Manner::only_by_tcp);
      // The right question and then nothing that makes sense.
      if (manner_ == Manner::sends_garbage) answer.insert(answer.end(), {0xc0, 0xff, 0, 16, 0, 1, 9});
      if (manner_ == Manner::sends_garbage) answer[7] = 7;
      co_await udp_.async_send_to(asio::buffer(answer), from, use_task);
    }
  }

  Task<> serve_tcp() {
    for (;;) {
      auto socket = co_await tcp_.async_accept(use_task);
      Bytes length(2);
      co_await asio::async_read(socket, asio::buffer(length), use_task);
      Bytes question(load_be<std::uint16_t>(length.data()));
      co_await asio::async_read(socket, asio::buffer(question), use_task);
      ++asked_by_tcp_;
      const Bytes answer = answer_to(question, true);
      Bytes framed;
      put16(framed, answer.size());
      append(framed, answer);
      co_await asio::async_write(socket, asio::buffer(framed), use_task);
    }
  }

  asio::basic_datagram_socket<asio::ip::udp, Executor> udp_;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> tcp_;
  std::map<std::string, std::vector<std::vector<std::string>>> records_;
  std::vector<std::string> asked_;
  std::size_t asked_by_tcp_ = 0;
  Manner manner_ = Manner::answers;
  TaskGroup tasks_;
};

}  // namespace libp2p::test
