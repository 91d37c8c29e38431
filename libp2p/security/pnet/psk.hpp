// The key of a private network, and the file that holds it (pnet/Private-Networks-PSK-V1.md).
#pragma once

#include <array>
#include <string>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

// Whoever has it is in the network; nobody else gets a byte through. A value, and a secret: what may be shown
// is its fingerprint.
class PreSharedKey {
 public:
  static constexpr std::size_t key_bytes = 32;
  // No key file is larger, in whatever encoding.
  static constexpr std::size_t max_file_bytes = 256;
  enum class Encoding : std::uint8_t { base16, base64, bin };

  [[nodiscard]] static PreSharedKey generate(Random& random);
  // Errors: parse, when it isn't 32 bytes.
  [[nodiscard]] static Result<PreSharedKey> from_bytes(BytesView bytes);

  // The contents of a `swarm.key`, as IPFS nodes have it too: two lines that name the format and the
  // encoding, then the key. Lines may end in CR LF, and the key in white space. Errors: parse, limit; they
  // name line and character, and repeat nothing of the file, since whatever stands in a wrong place may be
  // the key.
  [[nodiscard]] static Result<PreSharedKey> from_file(BytesView contents);
  [[nodiscard]] Bytes to_file(Encoding encoding = Encoding::base16) const;

  [[nodiscard]] BytesView view() const noexcept { return bytes_; }
  // 32 hexadecimal digits that say which network it is and nothing of the key; an IPFS node shows the same.
  [[nodiscard]] std::string fingerprint() const;

  friend bool operator==(const PreSharedKey& a, const PreSharedKey& b) noexcept {
    return equal_constant_time(a.bytes_, b.bytes_);
  }

 private:
  PreSharedKey() = default;
  std::array<std::uint8_t, key_bytes> bytes_{};
};

}  // namespace libp2p
