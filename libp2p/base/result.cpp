#include "libp2p/base/result.hpp"

namespace libp2p {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid argument";
    case Errc::parse:
      return "malformed";
    case Errc::limit:
      return "limit reached";
    case Errc::protocol:
      return "protocol violation";
    case Errc::crypto:
      return "verification failed";
    case Errc::not_supported:
      return "not supported";
    case Errc::not_found:
      return "not found";
    case Errc::refused:
      return "refused";
    case Errc::timeout:
      return "timed out";
    case Errc::closed:
      return "closed";
    case Errc::reset:
      return "reset";
    case Errc::io:
      return "i/o error";
    case Errc::exists:
      return "exists";
    case Errc::busy:
      return "busy";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text(libp2p::to_string(code));
  if (!message.empty()) text.append(": ").append(message);
  return text;
}

}  // namespace libp2p
