// The protobuf wire format (https://protobuf.dev/programming-guides/encoding), bounded and strict.
//
// A reader of our own instead of generated code, for three reasons: hostile messages are refused before
// anything is allocated for them (ATTACKS PB01-PB12), signed records need one canonical encoding, which
// protobuf libraries expressly don't promise, and messages are read without copying.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

// Writes fields in the order of the calls; the canonical form is ascending field numbers, each call once.
class ProtobufWriter {
 public:
  ProtobufWriter& varint(std::uint32_t field, std::uint64_t value);
  ProtobufWriter& boolean(std::uint32_t field, bool value) { return varint(field, value ? 1 : 0); }
  ProtobufWriter& fixed64(std::uint32_t field, std::uint64_t value);
  ProtobufWriter& bytes(std::uint32_t field, BytesView value);
  ProtobufWriter& string(std::uint32_t field, std::string_view value) {
    return bytes(field, as_bytes(value));
  }
  ProtobufWriter& message(std::uint32_t field, const ProtobufWriter& value) {
    return bytes(field, value.out_);
  }

  [[nodiscard]] const Bytes& view() const noexcept { return out_; }
  [[nodiscard]] Bytes take() noexcept { return std::move(out_); }

 private:
  Bytes out_;
};

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

// One field as it stood on the wire. `bytes` points into the message.
struct ProtobufField {
  std::uint32_t number{};
  WireType type{};
  std::uint64_t integer{};  // varint, fixed64 and fixed32
  BytesView bytes;          // length_delimited
};

// Walks the fields of one message in wire order, without recursion or allocation:
//
//   ProtobufReader in(message);
//   while (auto field = in.next()) switch (field->number) { case 1: key = in.bytes(*field); break; default:
//   in.skip(*field); } LIBP2P_CHECK(in.finish("PublicKey"));
//
// Groups, field number 0, unknown wire types, lengths beyond the message, over-long varints, a known field of
// another wire type, text that is not UTF-8, and more than `max_unknown_bytes` of fields that nobody asked
// for all end the walk; finish() then says what it was. Errors: parse.
class ProtobufReader {
 public:
  static constexpr std::size_t default_max_unknown_bytes = 1024;

  explicit ProtobufReader(BytesView message,
                          std::size_t max_unknown_bytes = default_max_unknown_bytes) noexcept
      : rest_(message), unknown_left_(max_unknown_bytes) {}

  [[nodiscard]] std::optional<ProtobufField> next();
  [[nodiscard]] std::uint64_t varint(const ProtobufField& field);
  [[nodiscard]] std::uint32_t uint32(const ProtobufField& field);  // refuses what doesn't fit
  [[nodiscard]] bool boolean(const ProtobufField& field) { return varint(field) != 0; }
  [[nodiscard]] std::uint64_t fixed64(const ProtobufField& field);
  [[nodiscard]] BytesView bytes(const ProtobufField& field);
  [[nodiscard]] std::string_view string(const ProtobufField& field);  // UTF-8
  void skip(const ProtobufField& field);
  // Ends the walk with an error of the caller's.
  void refuse(std::string_view reason);

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] Result<> finish(std::string_view message_name) const;

 private:
  [[nodiscard]] std::optional<std::uint64_t> read_varint();
  [[nodiscard]] std::optional<std::uint64_t> read_fixed(std::size_t size);
  void expect(const ProtobufField& field, WireType type);

  BytesView rest_;
  std::size_t unknown_left_;
  std::size_t field_size_ = 0;
  bool failed_ = false;
  std::string reason_;
};

[[nodiscard]] bool is_utf8(BytesView bytes) noexcept;

}  // namespace libp2p
