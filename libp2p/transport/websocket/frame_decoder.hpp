// What arrives on a WebSocket connection, frame by frame (RFC 6455, section 5). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "libp2p/base/clock.hpp"
#include "libp2p/transport/websocket/frame.hpp"

namespace libp2p::websocket {

struct FrameLimits {
  std::uint64_t max_message_bytes = 1024UZ * 1024;  // a frame, and a message of several
  // Frames without data (control frames, empty fragments) in a row. An idle connection gets some back with
  // time, for those who ping to keep it alive.
  std::size_t max_empty_frames = 1000;
  std::size_t empty_frames_per_second = 10;
};

// Messages are nothing to us but bytes: their borders carry no meaning (websockets/README.md). So nothing is
// put together, and all that is remembered is a header and the payload of one control frame.
class FrameDecoder {
 public:
  struct Failure {
    CloseCode code;  // what the other side is told
    std::string message;
  };
  // A frame to be sent, whole.
  struct Reply {
    Opcode opcode{};
    Bytes payload;
  };

  // `role` is our own: only clients mask.
  explicit FrameDecoder(Role role, FrameLimits limits = {}) noexcept;

  // Takes all of `bytes`, however they are cut, and moves what of them is data to their front: returns how
  // much that is. Past a close frame or a failure the rest is dropped.
  [[nodiscard]] std::size_t decode(MutableBytes bytes, Instant now);

  // The other side sends nothing more: its close frame has come.
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  // It broke the protocol, or reached a limit.
  [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }

  // What is to be answered: a pong (to the last of several pings, section 5.5.3), or a close frame (to one,
  // or upon a failure). Each is given once.
  [[nodiscard]] bool has_reply() const noexcept { return reply_.has_value(); }
  [[nodiscard]] std::optional<Reply> take_reply();

 private:
  [[nodiscard]] std::size_t missing_of_header() const noexcept;
  void begin_frame();
  void begin_control();
  void begin_data();
  void spend_empty_frame();
  void end_frame();
  void on_close();
  void fail_with(CloseCode code, std::string message);
  void refill(Instant now) noexcept;

  Role role_;
  FrameLimits limits_;

  std::array<std::uint8_t, max_header_size> header_{};
  std::size_t header_bytes_ = 0;
  bool in_payload_ = false;
  Opcode opcode_{};
  MaskKey key_{};
  std::uint64_t left_ = 0;  // of the payload
  std::uint64_t seen_ = 0;
  std::array<std::uint8_t, max_control_payload> control_{};

  bool message_open_ = false;  // more fragments come
  std::uint64_t message_bytes_ = 0;
  std::size_t empty_frames_left_;
  std::optional<Instant> refilled_;
  bool closed_ = false;
  std::optional<Failure> failure_;
  std::optional<Reply> reply_;
};

}  // namespace libp2p::websocket
