#include "starling/model/ids.hpp"

#include "libp2p/multi/cid.hpp"

namespace starling {

std::string to_cid(const RecordId& id) {
  libp2p::Multihash hash{static_cast<std::uint64_t>(libp2p::Multicodec::sha2_256),
                         libp2p::to_bytes(id.view())};
  return libp2p::Cid::v1(libp2p::Multicodec::raw, std::move(hash)).to_string();
}

namespace {

std::unexpected<Error> no_record_id(std::string_view text, const std::string& why) {
  return fail(Errc::parse, libp2p::printable(text.substr(0, 100)) + " is not the id of a record (" + why +
                               "): give a whole one, as it was shown");
}

}  // namespace

Result<RecordId> parse_record_id(std::string_view text) {
  if (text.size() == 64) {
    const auto bytes = libp2p::from_hex(text);
    return bytes ? RecordId::from_bytes(*bytes) : no_record_id(text, bytes.error().message);
  }
  const auto cid = libp2p::Cid::parse(text);
  if (!cid) return no_record_id(text, cid.error().message);
  if (cid->codec() != static_cast<std::uint64_t>(libp2p::Multicodec::raw) ||
      !cid->hash().is(libp2p::Multicodec::sha2_256)) {
    return no_record_id(text, "it names something else");
  }
  return RecordId::from_bytes(cid->hash().digest);
}

}  // namespace starling
