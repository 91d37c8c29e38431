// A certificate from a stranger. The first byte picks what the rest is: a certificate; the list of
// extensions, or the libp2p extension's value, of one that is signed as it should be; or two bytes that say
// where, and one that says how, to change a good one.
#include <algorithm>
#include <cstdlib>

#include "tests/support/certificates.hpp"

namespace libp2p::test {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const CertificateForm& good() {
  static const CertificateForm form(key_number(1), KeyType::ed25519);
  return form;
}

// Whoever is accepted has an identity whose one encoding is among the bytes.
void check(BytesView der) {
  const auto key = verify_peer_certificate(der, certificate_time);
  if (!key) return;
  require(der.size() <= max_peer_certificate_bytes);
  const Bytes identity = key->to_protobuf();
  require(!std::ranges::search(der, identity).empty());
}

void run(std::uint8_t choice, BytesView input) {
  CertificateForm form = good();
  switch (choice % 4) {
    case 0:
      check(input);
      break;
    case 1:
      form.extensions = {to_bytes(input)};
      check(form.der());
      break;
    case 2:
      form.extensions = {extension(libp2p_extension_id, (choice & 0x80) != 0, input)};
      check(form.der());
      break;
    default:
      if (input.size() < 3) return;
      static const Bytes valid = form.der();
      Bytes changed = valid;
      changed[load_be<std::uint16_t>(input.data()) % changed.size()] ^= input[2];
      require(verify_peer_certificate(changed, certificate_time).has_value() == (input[2] == 0));
  }
}

}  // namespace
}  // namespace libp2p::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 60'000) return 0;
  libp2p::test::run(data[0], {data + 1, size - 1});
  return 0;
}
