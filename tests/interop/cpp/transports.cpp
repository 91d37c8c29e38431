#include "tests/interop/cpp/transports.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace interop {

using namespace libp2p;

namespace {

Result<PreSharedKey> read_key(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Errc::not_found, "--psk: " + file + " can't be read");
  const std::string contents{std::istreambuf_iterator<char>(in), {}};
  return PreSharedKey::from_file(as_bytes(contents));
}

}  // namespace

Result<> set_transport(HostConfig& config, const Options& options) {
  config.swarm.early_muxer = options.early_muxer;
  config.security = {options.security == SecurityKind::tls ? Security::tls : Security::noise};
  if (!options.psk_file.empty()) {
    LIBP2P_TRY(config.private_network, read_key(options.psk_file));
  }
  config.websocket = {
      .certificate_file = options.wss_cert, .key_file = options.wss_key, .verify_certificates = false};
  return {};
}

}  // namespace interop
