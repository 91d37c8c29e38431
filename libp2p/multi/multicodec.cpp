#include "libp2p/multi/multicodec.hpp"

#include <algorithm>
#include <array>

namespace libp2p {
namespace {

struct Entry {
  Multicodec code;
  std::string_view name;
};

constexpr std::array<Entry, 18> table = {{
    {Multicodec::identity, "identity"},
    {Multicodec::cidv1, "cidv1"},
    {Multicodec::sha1, "sha1"},
    {Multicodec::sha2_256, "sha2-256"},
    {Multicodec::sha2_512, "sha2-512"},
    {Multicodec::sha3_512, "sha3-512"},
    {Multicodec::sha3_384, "sha3-384"},
    {Multicodec::sha3_256, "sha3-256"},
    {Multicodec::sha2_384, "sha2-384"},
    {Multicodec::raw, "raw"},
    {Multicodec::dag_pb, "dag-pb"},
    {Multicodec::dag_cbor, "dag-cbor"},
    {Multicodec::libp2p_key, "libp2p-key"},
    {Multicodec::dag_json, "dag-json"},
    {Multicodec::json, "json"},
    {Multicodec::libp2p_peer_record, "libp2p-peer-record"},
    {Multicodec::libp2p_relay_rsvp, "libp2p-relay-rsvp"},
    {Multicodec::blake2b_256, "blake2b-256"},
}};

}  // namespace

std::optional<std::string_view> multicodec_name(std::uint64_t code) noexcept {
  const auto* found = std::ranges::find(table, static_cast<Multicodec>(code), &Entry::code);
  if (found == table.end()) return std::nullopt;
  return found->name;
}

std::optional<Multicodec> multicodec_of_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(table, name, &Entry::name);
  if (found == table.end()) return std::nullopt;
  return found->code;
}

}  // namespace libp2p
