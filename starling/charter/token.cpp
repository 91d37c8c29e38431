#include "starling/charter/token.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/multi/multibase.hpp"

namespace starling {
namespace {

using libp2p::Multibase;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

constexpr std::uint8_t public_version = 1;
constexpr std::uint8_t private_version = 2;  // has a network key
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t max_token_chars = 4096;

Bytes checksum_of(BytesView bytes) {
  return libp2p::to_bytes(BytesView(libp2p::sha256(bytes)).first(checksum_bytes));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

Result<JoinToken> token_from_body(BytesView body) {
  JoinToken token;
  ProtobufReader in(body);
  while (auto field = in.next()) {
    const BytesView bytes = in.bytes(*field);
    switch (field->number) {
      case 1: {
        LIBP2P_TRY(token.fleet, FleetId::from_bytes(bytes));
        break;
      }
      case 2: {
        LIBP2P_TRY(token.issuer, PeerId::from_bytes(bytes));
        break;
      }
      case 3: {
        if (token.addresses.size() == JoinToken::max_addresses)
          return fail(Errc::parse, "more than 3 addresses");
        LIBP2P_TRY(Multiaddr address, Multiaddr::from_bytes(bytes));
        token.addresses.push_back(std::move(address));
        break;
      }
      case 4:
        if (bytes.size() != token.seed.size()) return fail(Errc::parse, "the key has the wrong size");
        std::ranges::copy(bytes, token.seed.begin());
        break;
      case 5: {
        LIBP2P_TRY(token.network_key, PreSharedKey::from_bytes(bytes));
        break;
      }
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("token"));
  if (token.fleet.is_zero() || token.issuer.empty()) return fail(Errc::parse, "it names no fleet or no node");
  return token;
}

}  // namespace

std::string JoinToken::to_string() const {
  ProtobufWriter body;
  body.bytes(1, fleet.view());
  body.bytes(2, issuer.bytes());
  for (const Multiaddr& address : addresses) body.bytes(3, address.bytes());
  body.bytes(4, seed);
  if (network_key) body.bytes(5, network_key->view());
  Bytes bytes{network_key ? private_version : public_version};
  libp2p::append(bytes, body.view());
  libp2p::append(bytes, checksum_of(bytes));
  return libp2p::multibase_encode(Multibase::base32, bytes);
}

Result<JoinToken> JoinToken::parse(std::string_view text) {
  text = trim(text);
  if (text.empty()) return fail(Errc::parse, "the token is empty");
  if (text.size() > max_token_chars)
    return fail(Errc::parse, "the token is too long: a token has at most 4096 characters");
  const auto foreign =
      std::ranges::find_if_not(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
  if (foreign != text.end()) {
    const auto offset = static_cast<std::size_t>(foreign - text.begin());
    return fail(Errc::parse, "the token holds \"" + libp2p::printable(text.substr(offset, 1)) +
                                 "\" at character " + std::to_string(offset + 1) +
                                 ", which no token has: copy it again");
  }
  auto decoded = libp2p::multibase_decode(text);
  if (!decoded || decoded->base != Multibase::base32)
    return fail(Errc::parse, "the token is cut or mistyped: copy it again");
  const BytesView bytes = decoded->bytes;
  if (bytes.size() <= 1 + checksum_bytes) return fail(Errc::parse, "the token is cut: copy it again");
  const BytesView signed_part = bytes.first(bytes.size() - checksum_bytes);
  if (!libp2p::equal(checksum_of(signed_part), bytes.last(checksum_bytes))) {
    return fail(Errc::parse, "the token is cut or mistyped (its checksum does not fit): copy it again");
  }
  if (bytes[0] != public_version && bytes[0] != private_version) {
    return fail(Errc::parse, "the token is of version " + std::to_string(bytes[0]) +
                                 ", this starling knows versions 1 and 2: "
                                 "run a newer one");
  }
  auto token = token_from_body(signed_part.subspan(1));
  if (!token) return libp2p::fail_in("the token", token.error());
  const bool names_key = token->network_key.has_value();
  if (names_key != (bytes[0] == private_version)) {
    return fail(Errc::parse, names_key
                                 ? "the token: version 1 has no key of a private network"
                                 : "the token: version 2 has a key of a private network, this one has none");
  }
  return token;
}

}  // namespace starling
