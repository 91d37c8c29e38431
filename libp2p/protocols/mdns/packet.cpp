#include "libp2p/protocols/mdns/packet.hpp"

#include <algorithm>
#include <optional>

namespace libp2p::mdns {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t max_label_bytes = 63;
constexpr std::size_t max_name_bytes = 255;
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t class_any = 255;
constexpr std::uint16_t class_mask = 0x7fff;  // the top bit asks for a unicast reply, or flushes caches

constexpr std::uint16_t flag_response = 0x8000;
constexpr std::uint16_t flag_authoritative = 0x0400;
constexpr std::uint16_t opcode_mask = 0x7800;
constexpr std::uint16_t rcode_mask = 0x000f;

std::string lower_case(std::string_view label) {
  std::string out(label);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::parse, "mDNS packet: " + std::string(what));
}

}  // namespace

Result<Name> Name::parse(std::string_view dotted) {
  if (dotted.ends_with('.')) dotted.remove_suffix(1);
  Name name;
  while (!dotted.empty()) {
    const std::size_t dot = std::min(dotted.find('.'), dotted.size());
    const std::string_view label = dotted.substr(0, dot);
    if (label.empty() || label.size() > max_label_bytes || dot + 1 == dotted.size()) {
      return fail(Errc::parse, "a DNS label must have 1 to 63 bytes");
    }
    name.labels_.push_back(lower_case(label));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  if (name.wire_size() > max_name_bytes) return fail(Errc::parse, "a DNS name has at most 255 bytes");
  return name;
}

Result<Name> Name::below(std::string_view label, const Name& parent) {
  if (label.empty() || label.size() > max_label_bytes) {
    return fail(Errc::parse, "a DNS label must have 1 to 63 bytes");
  }
  Name name;
  name.labels_.push_back(lower_case(label));
  name.labels_.insert(name.labels_.end(), parent.labels_.begin(), parent.labels_.end());
  if (name.wire_size() > max_name_bytes) return fail(Errc::parse, "a DNS name has at most 255 bytes");
  return name;
}

bool Name::is_child_of(const Name& parent) const {
  return labels_.size() == parent.labels_.size() + 1 &&
         std::equal(parent.labels_.begin(), parent.labels_.end(), labels_.begin() + 1);
}

std::size_t Name::wire_size() const noexcept {
  std::size_t size = 1;
  for (const std::string& label : labels_) size += label.size() + 1;
  return size;
}

class PacketReader {
 public:
  explicit PacketReader(BytesView bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] Result<Packet> read() {
    if (bytes_.size() > max_packet_bytes) return fail(Errc::limit, "mDNS packet: more than 9000 bytes");
    if (bytes_.size() < header_bytes) return malformed("shorter than its header");
    const std::uint16_t flags = u16_at(2);
    if ((flags & (opcode_mask | rcode_mask)) != 0) {
      return fail(Errc::not_supported, "mDNS packet: neither a plain query nor a plain response");
    }
    const std::size_t questions = u16_at(4);
    const std::size_t records = std::size_t{u16_at(6)} + u16_at(8) + u16_at(10);
    // Before anything is read or allocated for them: MD03.
    if (questions + records > max_records) {
      return fail(Errc::limit, "mDNS packet: claims " + std::to_string(questions + records) + " records");
    }
    Packet packet;
    packet.response = (flags & flag_response) != 0;
    at_ = header_bytes;
    for (std::size_t i = 0; i < questions; ++i) LIBP2P_CHECK(read_question(packet));
    for (std::size_t i = 0; i < records; ++i) LIBP2P_CHECK(read_record(packet));
    return packet;
  }

 private:
  [[nodiscard]] std::uint16_t u16_at(std::size_t at) const {
    return load_be<std::uint16_t>(bytes_.data() + at);
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  // Reads the name at at_ and moves behind it. Every pointer must lead below where the name's part it ends
  // began, so that each jump goes further back and the walk ends: MD01, MD02.
  [[nodiscard]] Result<Name> read_name() {
    Name name;
    std::size_t at = at_;
    std::size_t part_start = at_;
    std::size_t size = 1;
    std::optional<std::size_t> behind;
    for (;;) {
      if (at >= bytes_.size()) return malformed("a name beyond its end");
      const std::uint8_t length = bytes_[at];
      if (length == 0) break;
      if ((length & 0xc0) == 0xc0) {
        if (at + 1 >= bytes_.size()) return malformed("a pointer cut short");
        const std::size_t target = u16_at(at) & 0x3fff;
        if (target < header_bytes || target >= part_start)
          return malformed("a pointer that does not point backwards");
        if (!behind) behind = at + 2;
        at = part_start = target;
        continue;
      }
      if (length > max_label_bytes) return malformed("a label of more than 63 bytes");
      if (bytes_.size() - at - 1 < length) return malformed("a label beyond its end");
      size += length + 1U;
      if (size > max_name_bytes) return malformed("a name of more than 255 bytes");
      name.labels_.push_back(lower_case(as_text(bytes_.subspan(at + 1, length))));
      at += length + 1U;
    }
    at_ = behind.value_or(at + 1);
    return name;
  }

  [[nodiscard]] Result<> read_question(Packet& packet) {
    LIBP2P_TRY(Name name, read_name());
    if (left() < 4) return malformed("a question cut short");
    const std::uint16_t type = u16_at(at_);
    const std::uint16_t of_class = u16_at(at_ + 2) & class_mask;
    at_ += 4;
    if (of_class == class_in || of_class == class_any) packet.questions.push_back({std::move(name), type});
    return {};
  }

  [[nodiscard]] Result<> read_record(Packet& packet) {
    Record record;
    LIBP2P_TRY(record.name, read_name());
    if (left() < 10) return malformed("a record cut short");
    record.type = RecordType{u16_at(at_)};
    const std::uint16_t of_class = u16_at(at_ + 2) & class_mask;
    record.ttl_s = load_be<std::uint32_t>(bytes_.data() + at_ + 4);
    const std::size_t length = u16_at(at_ + 8);
    at_ += 10;
    if (left() < length) return malformed("record data beyond its end");
    const std::size_t end = at_ + length;
    if (of_class != class_in || (record.type != RecordType::ptr && record.type != RecordType::txt)) {
      at_ = end;
      return {};
    }
    if (record.type == RecordType::ptr) {
      LIBP2P_TRY(record.target, read_name());
      if (at_ != end) return malformed("a PTR record whose length is not its name's");
    } else {
      LIBP2P_CHECK(read_texts(record, end));
    }
    packet.records.push_back(std::move(record));
    return {};
  }

  [[nodiscard]] Result<> read_texts(Record& record, std::size_t end) {
    while (at_ < end) {
      const std::size_t length = bytes_[at_];
      if (end - at_ - 1 < length) return malformed("a text beyond its record");
      if (length > 0) record.texts.emplace_back(as_text(bytes_.subspan(at_ + 1, length)));
      at_ += length + 1;
    }
    return {};
  }

  BytesView bytes_;
  std::size_t at_ = 0;
};

Result<Packet> decode_packet(BytesView bytes) { return PacketReader(bytes).read(); }

PacketWriter::PacketWriter(bool response) : out_(header_bytes, 0) {
  if (response) store_be<std::uint16_t>(flag_response | flag_authoritative, out_.data() + 2);
}

PacketWriter& PacketWriter::question(const Name& name, RecordType type) {
  count(0);
  put_name(name, true);
  put_u16(static_cast<std::uint16_t>(type));
  put_u16(class_in);
  return *this;
}

PacketWriter& PacketWriter::answer_ptr(const Name& name, std::uint32_t ttl_s, const Name& target) {
  count(1);
  const std::size_t length_at = begin_record(name, RecordType::ptr, ttl_s);
  put_name(target, true);
  end_record(length_at);
  return *this;
}

PacketWriter& PacketWriter::additional_txt(const Name& name, std::uint32_t ttl_s,
                                           const std::vector<std::string>& texts) {
  count(3);
  const std::size_t length_at = begin_record(name, RecordType::txt, ttl_s);
  for (const std::string& text : texts) {
    out_.push_back(static_cast<std::uint8_t>(std::min(text.size(), max_text_bytes)));
    append(out_, as_bytes(text).first(std::min(text.size(), max_text_bytes)));
  }
  if (texts.empty()) out_.push_back(0);
  end_record(length_at);
  return *this;
}

PacketWriter& PacketWriter::additional_srv(const Name& name, std::uint32_t ttl_s, std::uint16_t port,
                                           const Name& target) {
  count(3);
  const std::size_t length_at = begin_record(name, RecordType::srv, ttl_s);
  put_u16(0);  // priority
  put_u16(0);  // weight
  put_u16(port);
  put_name(target, false);  // RFC 2782 forbids compressing it
  end_record(length_at);
  return *this;
}

PacketWriter& PacketWriter::additional_address(const Name& name, std::uint32_t ttl_s,
                                               const boost::asio::ip::address& address) {
  count(3);
  if (address.is_v4()) {
    const std::size_t length_at = begin_record(name, RecordType::a, ttl_s);
    append(out_, address.to_v4().to_bytes());
    end_record(length_at);
  } else {
    const std::size_t length_at = begin_record(name, RecordType::aaaa, ttl_s);
    append(out_, address.to_v6().to_bytes());
    end_record(length_at);
  }
  return *this;
}

void PacketWriter::count(std::size_t section) {
  std::uint8_t* at = out_.data() + 4 + 2 * section;
  store_be(static_cast<std::uint16_t>(load_be<std::uint16_t>(at) + 1), at);
}

void PacketWriter::put_u16(std::size_t value) {
  out_.push_back(static_cast<std::uint8_t>(value >> 8));
  out_.push_back(static_cast<std::uint8_t>(value));
}

void PacketWriter::put_u32(std::uint32_t value) {
  put_u16(value >> 16);
  put_u16(value & 0xffff);
}

void PacketWriter::put_name(const Name& name, bool compress) {
  const auto& labels = name.labels();
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    std::vector<std::string> suffix(label, labels.end());
    const auto known = written_.find(suffix);
    if (compress && known != written_.end()) {
      put_u16(0xc000 | known->second);
      return;
    }
    if (out_.size() < 0x4000) written_.emplace(std::move(suffix), out_.size());
    out_.push_back(static_cast<std::uint8_t>(label->size()));
    append(out_, as_bytes(*label));
  }
  out_.push_back(0);
}

std::size_t PacketWriter::begin_record(const Name& name, RecordType type, std::uint32_t ttl_s) {
  put_name(name, true);
  put_u16(static_cast<std::uint16_t>(type));
  put_u16(class_in);
  put_u32(ttl_s);
  put_u16(0);
  return out_.size() - 2;
}

void PacketWriter::end_record(std::size_t length_at) {
  store_be(static_cast<std::uint16_t>(out_.size() - length_at - 2), out_.data() + length_at);
}

}  // namespace libp2p::mdns
