// DNS messages as multicast DNS uses them (RFC 1035 section 4, RFC 6762 section 18), bounded for untrusted
// LANs.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p::mdns {

inline constexpr std::size_t max_packet_bytes = 9000;
inline constexpr std::size_t max_records = 32;  // questions and records of all sections together
inline constexpr std::size_t max_text_bytes = 255;

enum class RecordType : std::uint16_t { a = 1, ptr = 12, txt = 16, aaaa = 28, srv = 33, any = 255 };

// A domain name: labels without the root, ASCII letters in lower case, since names differ by nothing but case
// otherwise.
class Name {
 public:
  Name() = default;
  // "_p2p._udp.local"; a final dot may be there. Errors: parse (an empty label, one of more than 63 bytes,
  // more than 255 bytes in all).
  [[nodiscard]] static Result<Name> parse(std::string_view dotted);
  // A name one label below `parent`; errors as parse.
  [[nodiscard]] static Result<Name> below(std::string_view label, const Name& parent);

  [[nodiscard]] const std::vector<std::string>& labels() const noexcept { return labels_; }
  [[nodiscard]] bool empty() const noexcept { return labels_.empty(); }
  // Exactly one label below `parent`.
  [[nodiscard]] bool is_child_of(const Name& parent) const;
  // Bytes on the wire without compression, the root included.
  [[nodiscard]] std::size_t wire_size() const noexcept;

  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  friend class PacketReader;
  std::vector<std::string> labels_;
};

struct Question {
  Name name;
  std::uint16_t type{};
};

// A record that discovery looks at: PTR and TXT of class IN. All others are checked for their form and left
// out (MD08).
struct Record {
  Name name;
  RecordType type{};
  std::uint32_t ttl_s{};
  Name target;                     // PTR
  std::vector<std::string> texts;  // TXT
};

struct Packet {
  bool response = false;
  std::vector<Question> questions;  // class IN or ANY
  std::vector<Record> records;      // of all sections
};

// Refuses compression pointers that don't point backwards, names and labels over their bounds, counts beyond
// max_records, and anything cut short. Errors: parse, limit; not_supported for what is no plain query or
// response.
[[nodiscard]] Result<Packet> decode_packet(BytesView bytes);

// Builds one message; names are compressed. Sections are written in the order question, answer, additional.
class PacketWriter {
 public:
  explicit PacketWriter(bool response);

  PacketWriter& question(const Name& name, RecordType type);
  PacketWriter& answer_ptr(const Name& name, std::uint32_t ttl_s, const Name& target);
  // Each text has at most max_text_bytes.
  PacketWriter& additional_txt(const Name& name, std::uint32_t ttl_s, const std::vector<std::string>& texts);
  PacketWriter& additional_srv(const Name& name, std::uint32_t ttl_s, std::uint16_t port, const Name& target);
  PacketWriter& additional_address(const Name& name, std::uint32_t ttl_s,
                                   const boost::asio::ip::address& address);

  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  [[nodiscard]] Bytes take() noexcept { return std::move(out_); }

 private:
  void count(std::size_t section);
  void put_u16(std::size_t value);
  void put_u32(std::uint32_t value);
  void put_name(const Name& name, bool compress);
  std::size_t begin_record(const Name& name, RecordType type, std::uint32_t ttl_s);
  void end_record(std::size_t length_at);

  Bytes out_;
  std::map<std::vector<std::string>, std::size_t> written_;  // where a suffix already stands
};

}  // namespace libp2p::mdns
