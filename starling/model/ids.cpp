#include "starling/model/ids.hpp"

#include "libp2p/multi/cid.hpp"

namespace starling {

std::string to_cid(const RecordId& id) {
  libp2p::Multihash hash{static_cast<std::uint64_t>(libp2p::Multicodec::sha2_256),
                         libp2p::to_bytes(id.view())};
  return libp2p::Cid::v1(libp2p::Multicodec::raw, std::move(hash)).to_string();
}

Result<RecordId> parse_record_id(std::string_view text) {
  if (text.size() == 64) {
    LIBP2P_TRY(const Bytes bytes, libp2p::from_hex(text));
    return RecordId::from_bytes(bytes);
  }
  LIBP2P_TRY(const libp2p::Cid cid, libp2p::Cid::parse(text));
  if (cid.codec() != static_cast<std::uint64_t>(libp2p::Multicodec::raw) ||
      !cid.hash().is(libp2p::Multicodec::sha2_256)) {
    return fail(Errc::parse, "not the id of a record: " + libp2p::printable(text));
  }
  return RecordId::from_bytes(cid.hash().digest);
}

}  // namespace starling
