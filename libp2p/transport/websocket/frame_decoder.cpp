#include "libp2p/transport/websocket/frame_decoder.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "libp2p/base/protobuf.hpp"

namespace libp2p::websocket {
namespace {

constexpr std::uint8_t final_flag = 0x80;
constexpr std::uint8_t reserved_flags = 0x70;
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t mask_flag = 0x80;
constexpr std::uint8_t length_bits = 0x7f;

std::size_t extended_length_size(std::uint8_t second) noexcept {
  const unsigned length = second & length_bits;
  return length == 127 ? 8 : length == 126 ? 2 : 0;
}

bool is_control(Opcode opcode) noexcept { return (static_cast<unsigned>(opcode) & 0x8U) != 0; }

bool is_known(std::uint8_t opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// Sections 7.4.1 and 7.4.2: those that may be sent at all.
bool is_close_code(unsigned code) noexcept {
  const bool of_the_protocol = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return of_the_protocol || (code >= 3000 && code <= 4999);
}

Bytes close_payload(CloseCode code) {
  Bytes payload(2);
  store_be(static_cast<std::uint16_t>(code), payload.data());
  return payload;
}

}  // namespace

FrameDecoder::FrameDecoder(Role role, FrameLimits limits) noexcept
    : role_(role), limits_(limits), empty_frames_left_(limits.max_empty_frames) {}

std::size_t FrameDecoder::decode(MutableBytes bytes, Instant now) {
  refill(now);
  std::uint8_t* const front = bytes.data();
  std::size_t data = 0;
  while (!bytes.empty() && !closed_ && !failure_) {
    if (!in_payload_) {
      const std::size_t size = std::min(missing_of_header(), bytes.size());
      std::memcpy(header_.data() + header_bytes_, bytes.data(), size);
      header_bytes_ += size;
      bytes = bytes.subspan(size);
      if (missing_of_header() == 0) begin_frame();
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    std::uint8_t* const to = is_control(opcode_) ? control_.data() + seen_ : front + data;
    if (role_ == Role::server) {
      copy_masked(bytes.data(), to, size, key_, seen_);
    } else {
      std::memmove(to, bytes.data(), size);
    }
    if (!is_control(opcode_)) data += size;
    bytes = bytes.subspan(size);
    seen_ += size;
    left_ -= size;
    if (left_ == 0) end_frame();
  }
  return data;
}

std::optional<FrameDecoder::Reply> FrameDecoder::take_reply() { return std::exchange(reply_, std::nullopt); }

std::size_t FrameDecoder::missing_of_header() const noexcept {
  if (header_bytes_ < 2) return 2 - header_bytes_;
  const std::uint8_t second = header_[1];
  const std::size_t key = (second & mask_flag) != 0 ? sizeof(MaskKey) : 0;
  return 2 + extended_length_size(second) + key - header_bytes_;
}

// The header is complete.
void FrameDecoder::begin_frame() {
  const std::uint8_t first = header_[0];
  const std::uint8_t second = header_[1];
  if ((first & reserved_flags) != 0) {
    fail_with(CloseCode::protocol_error, "a frame of an extension that was not agreed on");
    return;
  }
  if (!is_known(first & opcode_bits)) {
    fail_with(CloseCode::protocol_error, "opcode " + std::to_string(first & opcode_bits));
    return;
  }
  const bool masked = (second & mask_flag) != 0;
  if (masked != (role_ == Role::server)) {
    fail_with(CloseCode::protocol_error, masked ? "a server that masks" : "a client that doesn't mask");
    return;
  }
  const std::size_t extended = extended_length_size(second);
  const std::uint8_t* const at = header_.data() + 2;
  left_ = extended == 0 ? (second & length_bits)
                        : (extended == 2 ? load_be<std::uint16_t>(at) : load_be<std::uint64_t>(at));
  if (masked) std::memcpy(key_.data(), at + extended, key_.size());
  opcode_ = static_cast<Opcode>(first & opcode_bits);
  if (is_control(opcode_)) {
    begin_control();
  } else {
    begin_data();
  }
  if (failure_) return;
  if ((extended == 2 && left_ < 126) || (extended == 8 && left_ <= 0xffff)) {
    fail_with(CloseCode::protocol_error, "a length that is not in its shortest form");
    return;
  }
  header_bytes_ = 0;
  seen_ = 0;
  in_payload_ = true;
  if (left_ == 0) end_frame();
}

void FrameDecoder::begin_control() {
  if ((header_[0] & final_flag) == 0 || left_ > max_control_payload) {
    fail_with(CloseCode::protocol_error, "a control frame that is fragmented or longer than 125 bytes");
  } else {
    spend_empty_frame();
  }
}

void FrameDecoder::begin_data() {
  if (opcode_ == Opcode::text) {
    fail_with(CloseCode::unsupported_data, "a text message");
    return;
  }
  if ((opcode_ == Opcode::continuation) != message_open_) {
    fail_with(CloseCode::protocol_error,
              message_open_ ? "a message in the middle of another" : "a continuation of no message");
    return;
  }
  if (!message_open_) message_bytes_ = 0;
  if (left_ > limits_.max_message_bytes - message_bytes_) {
    fail_with(CloseCode::too_big,
              "a message of more than " + std::to_string(limits_.max_message_bytes) + " bytes");
    return;
  }
  message_bytes_ += left_;
  message_open_ = (header_[0] & final_flag) == 0;
  if (left_ == 0) {
    spend_empty_frame();
  } else {
    empty_frames_left_ = limits_.max_empty_frames;
  }
}

// What makes us work and brings nothing (ATTACKS, WS06).
void FrameDecoder::spend_empty_frame() {
  if (empty_frames_left_ == 0) {
    fail_with(CloseCode::policy_violation,
              "more than " + std::to_string(limits_.max_empty_frames) + " frames without data in a row");
  } else {
    --empty_frames_left_;
  }
}

void FrameDecoder::end_frame() {
  in_payload_ = false;
  if (opcode_ == Opcode::close) {
    on_close();
  } else if (opcode_ == Opcode::ping) {
    reply_ = Reply{Opcode::pong, to_bytes(BytesView(control_).first(static_cast<std::size_t>(seen_)))};
  }
}

void FrameDecoder::on_close() {
  const BytesView payload = BytesView(control_).first(static_cast<std::size_t>(seen_));
  const bool has_code = payload.size() >= 2;
  if (payload.size() == 1 || (has_code && !is_close_code(load_be<std::uint16_t>(payload.data())))) {
    fail_with(CloseCode::protocol_error, "a close frame without a sound code");
    return;
  }
  if (has_code && !is_utf8(payload.subspan(2))) {
    fail_with(CloseCode::invalid_payload, "a close frame whose reason is not UTF-8");
    return;
  }
  closed_ = true;
  // The code comes back (section 5.5.1).
  reply_ = Reply{Opcode::close, to_bytes(payload.first(has_code ? 2 : 0))};
}

void FrameDecoder::fail_with(CloseCode code, std::string message) {
  failure_ = Failure{code, std::move(message)};
  reply_ = Reply{Opcode::close, close_payload(code)};
}

void FrameDecoder::refill(Instant now) noexcept {
  if (!refilled_) refilled_ = now;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *refilled_);
  if (seconds.count() <= 0) return;
  *refilled_ += seconds;
  // Bounded first, so that a long pause can't overflow the product.
  const auto elapsed =
      std::min<std::uint64_t>(static_cast<std::uint64_t>(seconds.count()), limits_.max_empty_frames);
  const std::uint64_t gained = elapsed * limits_.empty_frames_per_second;
  const std::uint64_t missing = limits_.max_empty_frames - empty_frames_left_;
  empty_frames_left_ += static_cast<std::size_t>(std::min(missing, gained));
}

}  // namespace libp2p::websocket
