#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <deque>

#include "libp2p/base/notifier.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/dns/txt_query.hpp"

namespace libp2p {
namespace {

int to_af(IpFamily family) noexcept {
  switch (family) {
    case IpFamily::v4:
      return AF_INET;
    case IpFamily::v6:
      return AF_INET6;
    case IpFamily::any:
      break;
  }
  return AF_UNSPEC;
}

std::optional<Multiaddr> to_multiaddr(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = nullptr;
  const char* prefix = nullptr;
  if (address.sa_family == AF_INET) {
    raw = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    prefix = "/ip4/";
  } else if (address.sa_family == AF_INET6) {
    raw = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    prefix = "/ip6/";
  }
  if (raw == nullptr || ::inet_ntop(address.sa_family, raw, text.data(), text.size()) == nullptr)
    return std::nullopt;
  const auto parsed = Multiaddr::parse(std::string(prefix) + text.data());
  return parsed ? std::optional(*parsed) : std::nullopt;
}

// Blocks. It runs on a worker and touches nothing of the loop.
Result<std::vector<Multiaddr>> look_up(const std::string& name, IpFamily family) {
  addrinfo hints{};
  hints.ai_family = to_af(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (status != 0) {
    const bool unknown = status == EAI_NONAME || status == EAI_NODATA || status == EAI_ADDRFAMILY;
    return fail(unknown ? Errc::not_found : Errc::io, printable(name) + ": " + ::gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  std::vector<Multiaddr> found;
  for (const addrinfo* entry = list; entry != nullptr && found.size() < Resolver::max_addresses;
       entry = entry->ai_next) {
    auto address = to_multiaddr(*entry->ai_addr);
    if (address && std::ranges::find(found, *address) == found.end()) found.push_back(std::move(*address));
  }
  return found;
}

}  // namespace

// Shared with the look-up that runs: it gives the turn on even when nobody waits for its answer any more.
struct SystemResolver::Turn {
  explicit Turn(Executor executor) : free(executor) {}
  bool taken = false;
  std::size_t waiting = 0;
  Notifier free;
};

template <class T>
struct SystemResolver::Lookup {
  explicit Lookup(Executor executor) : done(executor) {}
  Notifier done;
  std::optional<Result<T>> answer;
  bool finished = false;
};

SystemResolver::SystemResolver(Env env, DnsClientConfig config)
    : env_(env), config_(std::move(config)), turn_(std::make_shared<Turn>(env.executor)) {}

// `work` holds all that it needs: nobody may be there any more when it ends.
template <class T, class Work>
Task<Result<T>> SystemResolver::in_turn(Work work) {
  const std::shared_ptr<Turn> turn = turn_;
  if (turn->waiting >= max_waiting) co_return fail(Errc::busy, "too many names wait to be looked up");
  struct Waiting {
    Turn& turn;
    explicit Waiting(Turn& t) : turn(t) { ++turn.waiting; }
    ~Waiting() { --turn.waiting; }
  };
  const Waiting waiting(*turn);
  while (turn->taken) co_await turn->free.wait();
  turn->taken = true;

  const auto lookup = std::make_shared<Lookup<T>>(env_.executor);
  env_.workers.submit([lookup, work = std::move(work)] { lookup->answer = work(); },
                      [lookup, turn] {
                        lookup->finished = true;
                        lookup->done.notify_all();
                        turn->taken = false;
                        turn->free.notify_one();
                      });
  while (!lookup->finished) co_await lookup->done.wait();
  co_return std::move(*lookup->answer);
}

Task<Result<std::vector<Multiaddr>>> SystemResolver::resolve(std::string name, IpFamily family) {
  return in_turn<std::vector<Multiaddr>>([name = std::move(name), family] { return look_up(name, family); });
}

Task<Result<std::vector<std::string>>> SystemResolver::resolve_txt(std::string name) {
  return in_turn<std::vector<std::string>>(
      [name = std::move(name), config = config_] { return dns::query_txt(name, config); });
}

}  // namespace libp2p
