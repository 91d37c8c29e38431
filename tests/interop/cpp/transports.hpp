// What the flags --transport, --security, --psk, --wss-cert and --wss-key make of a host: the one place to
// take up a transport or a security that libp2p/host has learnt.
#pragma once

#include "libp2p/host/host.hpp"
#include "tests/interop/cpp/options.hpp"

namespace interop {

// Errors: not_found, parse (the key's file).
[[nodiscard]] libp2p::Result<> set_transport(libp2p::HostConfig& config, const Options& options);

}  // namespace interop
