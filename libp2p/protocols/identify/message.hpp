// The Identify message (identify/README.md, The Identify Message), and how it travels in pieces.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/base/task.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::identify {

inline constexpr std::string_view protocol_id = "/ipfs/id/1.0.0";
inline constexpr std::string_view push_protocol_id = "/ipfs/id/push/1.0.0";

inline constexpr std::size_t max_total_bytes = 8192;
inline constexpr std::size_t max_messages = 10;
inline constexpr std::size_t max_addresses = 64;
inline constexpr std::size_t max_protocols = 256;
inline constexpr std::size_t max_protocol_bytes = 128;
inline constexpr std::size_t max_key_bytes = 1280;      // RSA of 8192 bits has 1,067
inline constexpr std::size_t max_text_characters = 64;  // agent and protocol version
// What the most modest of the readers out there takes as one message.
inline constexpr std::size_t max_sent_message_bytes = 4096;

// What one peer says of itself. What is absent has not been said; on the wire an empty list is absent, too.
struct Message {
  std::optional<Bytes> public_key;          // the protobuf of the key
  std::vector<Multiaddr> listen_addresses;  // those that could be parsed
  std::vector<std::string> protocols;
  std::optional<Multiaddr> observed_address;  // of the one who is told
  std::optional<std::string> protocol_version;
  std::optional<std::string> agent_version;
  std::optional<Bytes> signed_peer_record;  // an envelope, unopened

  friend bool operator==(const Message&, const Message&) = default;
};

// Puts together what was sent in pieces: of single fields the last stands, lists are joined. Texts are made
// printable and cut to max_text_characters, addresses beyond max_addresses left out, protocols beyond
// max_protocols refused.
class Assembler {
 public:
  // Errors: parse; limit (more than max_messages or max_total_bytes, key, protocols). After one, take() must
  // not be used.
  [[nodiscard]] Result<> add(BytesView piece);
  // Bytes that the next piece may have.
  [[nodiscard]] std::size_t room() const noexcept { return max_total_bytes - bytes_; }
  [[nodiscard]] std::size_t pieces() const noexcept { return pieces_; }
  [[nodiscard]] Message take() noexcept { return std::move(message_); }

 private:
  [[nodiscard]] Result<> add_protocol(std::string_view protocol);

  Message message_;
  std::size_t bytes_ = 0;
  std::size_t pieces_ = 0;
};

// The message in pieces that keep every limit above. What doesn't fit is left out, the signed record before
// addresses and those before protocols.
[[nodiscard]] std::vector<Bytes> encode(const Message& message);

// Reads length-prefixed pieces to the end of the stream. Errors: as Assembler's, those of the stream, and
// protocol when the stream ended before the first.
[[nodiscard]] Task<Result<Message>> read_message(Stream& stream);
[[nodiscard]] Task<Result<>> write_message(Stream& stream, Message message);

}  // namespace libp2p::identify
