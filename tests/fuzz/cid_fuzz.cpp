// Any bytes and any text as multibase, multihash and CID: each accepted form is written back as it was, up to
// the case of letters and the choice of base.
#include "libp2p/multi/cid.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

void check_multibase(std::string_view text) {
  const auto decoded = multibase_decode(text);
  if (!decoded) return;
  require(same_but_for_case(multibase_encode(decoded->base, decoded->bytes), text));
}

void check_every_base(BytesView bytes) {
  for (const char prefix : std::string_view("fFbBkKzmMuU")) {
    const auto base = static_cast<Multibase>(prefix);
    const std::string text = multibase_encode(base, bytes);
    const auto decoded = multibase_decode(text);
    const bool too_long =
        (base == Multibase::base58btc || base == Multibase::base36 || base == Multibase::base36_upper) &&
        text.size() > max_radix_text + 1;
    require(decoded.has_value() != too_long);
    if (decoded) require(decoded->base == base && equal(decoded->bytes, bytes));
  }
}

void check_cid(const Cid& cid) {
  const auto from_bytes = Cid::from_bytes(cid.to_bytes());
  require(from_bytes && *from_bytes == cid);
  const auto from_text = Cid::parse(cid.to_string());
  require(from_text && *from_text == cid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  check_multibase(as_text(input));
  if (size <= 256) check_every_base(input);
  if (const auto hash = Multihash::from_bytes(input)) require(equal(hash->to_bytes(), input));
  if (const auto cid = Cid::from_bytes(input)) {
    require(equal(cid->to_bytes(), input));
    check_cid(*cid);
  }
  if (const auto cid = Cid::parse(as_text(input))) check_cid(*cid);
  return 0;
}
