// A digest that names its hash function (multiformats: multihash).
#pragma once

#include <cstdint>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/multi/multicodec.hpp"

namespace libp2p {

// A value. `digest` has the length that its function gives, where the function is one of Multicodec's.
struct Multihash {
  static constexpr std::size_t max_digest = 128;

  std::uint64_t code{};
  Bytes digest;

  // Exactly one multihash. Functions that are not known pass, with digests of at most 128 bytes: what to
  // trust is the caller's choice. Errors: parse (cut short, bytes left over, a length that is not the
  // function's), limit.
  [[nodiscard]] static Result<Multihash> from_bytes(BytesView bytes);

  [[nodiscard]] bool is(Multicodec function) const noexcept {
    return code == static_cast<std::uint64_t>(function);
  }
  // Whether the function is one whose digest length was checked.
  [[nodiscard]] bool is_known() const noexcept;
  [[nodiscard]] Bytes to_bytes() const;

  friend bool operator==(const Multihash&, const Multihash&) = default;
};

[[nodiscard]] Bytes encode_multihash(Multicodec function, BytesView digest);

}  // namespace libp2p
