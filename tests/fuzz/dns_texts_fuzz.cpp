// Any bytes as the answer of a name server, and its texts as those of a /dnsaddr.
#include <cstdlib>

#include "libp2p/transport/dns/dnsaddr.hpp"
#include "libp2p/transport/dns/txt_query.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace libp2p;
  static const std::array asked{
      Multiaddr::parse("/dnsaddr/a.example").value(),
      Multiaddr::parse("/dnsaddr/a.example/tcp/1/p2p-circuit").value(),
  };
  const auto texts = dns::texts_of_answer({data, size});
  if (!texts) return 0;
  if (texts->size() > Resolver::max_texts) std::abort();
  for (const std::string& text : *texts) {
    if (text.size() > Resolver::max_text_bytes) std::abort();
    for (const Multiaddr& question : asked) {
      const auto answer = dns::answer_of_text(text, question);
      if (answer && answer->empty()) std::abort();
    }
  }
  return 0;
}
