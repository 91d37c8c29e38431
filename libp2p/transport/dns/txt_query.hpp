// TXT records by a DNS client, c-ares. What is asked blocks: it belongs on a worker.
#pragma once

#include <string>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/transport/dns/resolver.hpp"

namespace libp2p::dns {

// The texts of the name's TXT records, each record's pieces put together; by UDP, and by TCP where the answer
// is too long for that. At most Resolver::max_texts of at most Resolver::max_text_bytes; others are left out.
// Ends after config.attempts at each server, the time doubling with each. Errors: not_found, timeout, io.
[[nodiscard]] Result<std::vector<std::string>> query_txt(const std::string& name,
                                                         const DnsClientConfig& config);

// The same from the bytes of an answer. Errors: not_found (no such record), parse.
[[nodiscard]] Result<std::vector<std::string>> texts_of_answer(BytesView answer);

}  // namespace libp2p::dns
