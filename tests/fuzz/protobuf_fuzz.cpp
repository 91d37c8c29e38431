// Any bytes as a message, and every length-delimited field as a message again: the walk ends, views stay
// inside, and what was read is written back as the same bytes where the wire types allow it.
#include "libp2p/base/protobuf.hpp"

#include <cstdlib>

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

bool contains(BytesView whole, BytesView part) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// Reads each field as what its wire type says.
void walk(BytesView message, int depth) {
  ProtobufReader in(message, message.size());
  ProtobufWriter out;
  bool writable = true;
  std::size_t fields = 0;
  while (const auto field = in.next()) {
    ++fields;
    switch (field->type) {
      case WireType::varint:
        out.varint(field->number, in.varint(*field));
        break;
      case WireType::fixed64:
        out.fixed64(field->number, in.fixed64(*field));
        break;
      case WireType::fixed32:
        in.skip(*field);
        writable = false;
        break;
      case WireType::length_delimited: {
        const BytesView bytes = in.bytes(*field);
        require(contains(message, bytes));
        out.bytes(field->number, bytes);
        if (depth < 8) walk(bytes, depth + 1);
        break;
      }
    }
  }
  require(fields <= message.size());
  const bool whole = in.finish("fuzz").has_value();
  require(whole != in.failed());
  if (whole && writable) require(equal(out.view(), message));
}

// Reads as one who expects other fields: must not fail otherwise than by a refusal.
void walk_as_stranger(BytesView message) {
  ProtobufReader in(message);
  std::size_t unknown = 0;
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        (void)in.uint32(*field);
        break;
      case 2:
        (void)is_utf8(as_bytes(in.string(*field)));
        break;
      case 3:
        (void)in.bytes(*field);
        break;
      case 4:
        (void)in.boolean(*field);
        break;
      default:
        in.skip(*field);
        ++unknown;
    }
  }
  require(unknown <= ProtobufReader::default_max_unknown_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  walk(input, 0);
  walk_as_stranger(input);
  return 0;
}
