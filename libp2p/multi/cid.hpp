// Content identifiers (multiformats: CID), versions 0 and 1.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/multi/multibase.hpp"
#include "libp2p/multi/multihash.hpp"

namespace libp2p {

// A value: what a content is (its codec) and its hash.
class Cid {
 public:
  enum class Version : std::uint8_t { v0 = 0, v1 = 1 };

  [[nodiscard]] static Cid v1(Multicodec codec, Multihash hash);
  // Version 0: a sha2-256 multihash alone, its codec is dag-pb. Errors: parse, limit.
  [[nodiscard]] static Result<Cid> from_bytes(BytesView bytes);
  // Version 0: "Qm…", 46 characters of base58btc. Version 1: any multibase. Errors: parse, limit.
  [[nodiscard]] static Result<Cid> parse(std::string_view text);

  [[nodiscard]] Version version() const noexcept { return version_; }
  [[nodiscard]] std::uint64_t codec() const noexcept { return codec_; }
  [[nodiscard]] const Multihash& hash() const noexcept { return hash_; }
  [[nodiscard]] Bytes to_bytes() const;
  // `base` is for version 1; version 0 has one form only.
  [[nodiscard]] std::string to_string(Multibase base = Multibase::base32) const;

  friend bool operator==(const Cid&, const Cid&) = default;

 private:
  Cid(Version version, std::uint64_t codec, Multihash hash) noexcept
      : version_(version), codec_(codec), hash_(std::move(hash)) {}

  Version version_;
  std::uint64_t codec_;
  Multihash hash_;
};

}  // namespace libp2p
