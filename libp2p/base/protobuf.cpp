#include "libp2p/base/protobuf.hpp"

#include "libp2p/base/varint.hpp"

namespace libp2p {
namespace {

void append_tag(Bytes& out, std::uint32_t field, WireType type) {
  append_varint(out, (static_cast<std::uint64_t>(field) << 3) | static_cast<std::uint64_t>(type));
}

// Bytes of the UTF-8 sequence that `lead` opens, or 0 when it can't open one.
std::size_t utf8_length(std::uint8_t lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

}  // namespace

ProtobufWriter& ProtobufWriter::varint(std::uint32_t field, std::uint64_t value) {
  append_tag(out_, field, WireType::varint);
  append_varint(out_, value);
  return *this;
}

ProtobufWriter& ProtobufWriter::fixed64(std::uint32_t field, std::uint64_t value) {
  append_tag(out_, field, WireType::fixed64);
  for (int i = 0; i < 8; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return *this;
}

ProtobufWriter& ProtobufWriter::bytes(std::uint32_t field, BytesView value) {
  append_tag(out_, field, WireType::length_delimited);
  append_varint(out_, value.size());
  append(out_, value);
  return *this;
}

void ProtobufReader::refuse(std::string_view reason) {
  if (failed_) return;
  failed_ = true;
  reason_ = reason;
  rest_ = {};
}

std::optional<std::uint64_t> ProtobufReader::read_varint() {
  const auto decoded = decode_varint(rest_.first(std::min<std::size_t>(rest_.size(), 10)));
  if (!decoded) {
    refuse(decoded.error().message);
    return std::nullopt;
  }
  rest_ = rest_.subspan(decoded->size);
  return decoded->value;
}

std::optional<std::uint64_t> ProtobufReader::read_fixed(std::size_t size) {
  if (rest_.size() < size) {
    refuse("cut short");
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= static_cast<std::uint64_t>(rest_[i]) << (8 * i);
  rest_ = rest_.subspan(size);
  return value;
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (failed_ || rest_.empty()) return std::nullopt;
  const std::size_t before = rest_.size();
  const auto tag = read_varint();
  if (!tag) return std::nullopt;
  ProtobufField field;
  if ((*tag >> 3) == 0 || (*tag >> 3) > 0x1fffffff) {
    refuse("field number out of range");
    return std::nullopt;
  }
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  field.type = static_cast<WireType>(*tag & 7);
  std::optional<std::uint64_t> value;
  switch (field.type) {
    case WireType::varint:
      value = read_varint();
      break;
    case WireType::fixed64:
      value = read_fixed(8);
      break;
    case WireType::fixed32:
      value = read_fixed(4);
      break;
    case WireType::length_delimited:
      value = read_varint();
      break;
    default:
      refuse("wire type " + std::to_string(*tag & 7) + " (groups are refused)");
  }
  if (!value) return std::nullopt;
  if (field.type == WireType::length_delimited) {
    if (*value > rest_.size()) {
      refuse("a length beyond the end of the message");
      return std::nullopt;
    }
    field.bytes = rest_.first(static_cast<std::size_t>(*value));
    rest_ = rest_.subspan(field.bytes.size());
  } else {
    field.integer = *value;
  }
  field_size_ = before - rest_.size();
  return field;
}

void ProtobufReader::expect(const ProtobufField& field, WireType type) {
  if (field.type != type) refuse("field " + std::to_string(field.number) + " has another wire type");
}

std::uint64_t ProtobufReader::varint(const ProtobufField& field) {
  expect(field, WireType::varint);
  return field.integer;
}

std::uint32_t ProtobufReader::uint32(const ProtobufField& field) {
  expect(field, WireType::varint);
  if (field.integer > 0xffffffff) refuse("field " + std::to_string(field.number) + " is beyond 32 bits");
  return static_cast<std::uint32_t>(field.integer);
}

std::uint64_t ProtobufReader::fixed64(const ProtobufField& field) {
  expect(field, WireType::fixed64);
  return field.integer;
}

BytesView ProtobufReader::bytes(const ProtobufField& field) {
  expect(field, WireType::length_delimited);
  return field.bytes;
}

std::string_view ProtobufReader::string(const ProtobufField& field) {
  expect(field, WireType::length_delimited);
  if (!is_utf8(field.bytes)) refuse("field " + std::to_string(field.number) + " is not UTF-8");
  return as_text(field.bytes);
}

void ProtobufReader::skip(const ProtobufField& /*field*/) {
  if (field_size_ > unknown_left_) {
    refuse("too many bytes of unknown fields");
    return;
  }
  unknown_left_ -= field_size_;
}

Result<> ProtobufReader::finish(std::string_view message_name) const {
  if (failed_) return fail(Errc::parse, std::string(message_name) + ": " + reason_);
  return {};
}

bool is_utf8(BytesView bytes) noexcept {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = utf8_length(bytes[i]);
    if (length == 0 || length > bytes.size() - i) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((bytes[i + k] & 0xc0) != 0x80) return false;
    }
    if (length == 3) {
      const unsigned pair = static_cast<unsigned>(bytes[i] << 8) | bytes[i + 1];
      if (pair < 0xe0a0 || (pair >= 0xeda0 && pair <= 0xedbf)) return false;  // over-long; surrogates
    }
    if (length == 4) {
      const unsigned pair = static_cast<unsigned>(bytes[i] << 8) | bytes[i + 1];
      if (pair < 0xf090 || pair > 0xf48f) return false;  // over-long; beyond U+10FFFF
    }
    i += length;
  }
  return true;
}

}  // namespace libp2p
