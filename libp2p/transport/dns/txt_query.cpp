#include "libp2p/transport/dns/txt_query.hpp"

#include <ares.h>
#include <poll.h>

#include <array>
#include <memory>
#include <optional>

namespace libp2p::dns {
namespace {

// What is left of the 1280 bytes that every IPv6 link carries whole.
constexpr int udp_answer_bytes = 1232;
// Between two looks at what the library wants; it has its own deadlines.
constexpr long longest_wait_s = 1;

std::unexpected<Error> ares_error(int status) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
      return fail(Errc::not_found, "no such TXT record");
    case ARES_ETIMEOUT:
      return fail(Errc::timeout, "no name server answers");
    case ARES_EBADRESP:
    case ARES_EBADNAME:
      return fail(Errc::parse, "the answer is none that DNS knows");
    default:
      return fail(Errc::io, ares_strerror(status));
  }
}

struct ChannelCloser {
  void operator()(ares_channeldata* channel) const noexcept { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, ChannelCloser>;

Result<Channel> open_channel(const DnsClientConfig& config) {
  static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
  if (ready != ARES_SUCCESS) return ares_error(ready);
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = udp_answer_bytes;
  options.timeout =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(config.timeout).count());
  options.tries = config.attempts;
  ares_channel channel = nullptr;
  int status = ares_init_options(&channel, &options,
                                 ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (status != ARES_SUCCESS) return ares_error(status);
  Channel owned(channel);
  if (!config.servers.empty()) status = ares_set_servers_ports_csv(channel, config.servers.c_str());
  if (status != ARES_SUCCESS) return ares_error(status);
  return owned;
}

using Answer = std::optional<Result<std::vector<std::string>>>;

// Called by the library once, at the latest when the channel is closed.
void on_answer(void* answer, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  static_cast<Answer*>(answer)->emplace(status == ARES_SUCCESS
                                            ? texts_of_answer({bytes, static_cast<std::size_t>(size)})
                                            : Result<std::vector<std::string>>(ares_error(status)));
}

// Waits for the library's sockets, and lets it go on.
void step(ares_channeldata* channel) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const auto wanted =
      static_cast<unsigned>(ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
  std::array<pollfd, ARES_GETSOCK_MAXNUM> polled{};
  nfds_t count = 0;
  for (unsigned i = 0; i < sockets.size(); ++i) {
    const bool readable = (wanted & (1U << i)) != 0;
    const bool writable = (wanted & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0;
    if (!readable && !writable) break;
    const int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
    polled[count++] = {sockets[i], static_cast<short>(events), 0};
  }
  timeval most{longest_wait_s, 0};
  timeval room{};
  const timeval* wait = ares_timeout(channel, &most, &room);
  const int wait_ms = static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
  if (::poll(polled.data(), count, wait_ms) <= 0) {
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return;
  }
  for (nfds_t i = 0; i < count; ++i) {
    const short got = polled[i].revents;
    ares_process_fd(channel, (got & (POLLIN | POLLERR | POLLHUP)) != 0 ? polled[i].fd : ARES_SOCKET_BAD,
                    (got & POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD);
  }
}

struct TextsFree {
  void operator()(ares_txt_ext* texts) const noexcept { ares_free_data(texts); }
};

}  // namespace

Result<std::vector<std::string>> texts_of_answer(BytesView answer) {
  ares_txt_ext* list = nullptr;
  const int status = ares_parse_txt_reply_ext(answer.data(), static_cast<int>(answer.size()), &list);
  const std::unique_ptr<ares_txt_ext, TextsFree> owned(list);
  if (status != ARES_SUCCESS) return ares_error(status);
  std::vector<std::string> texts;
  for (const ares_txt_ext* piece = list; piece != nullptr;) {
    std::string text;
    do {
      text.append(reinterpret_cast<const char*>(piece->txt), piece->length);
      piece = piece->next;
    } while (piece != nullptr && piece->record_start == 0);
    if (text.size() <= Resolver::max_text_bytes && texts.size() < Resolver::max_texts)
      texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::vector<std::string>> query_txt(const std::string& name, const DnsClientConfig& config) {
  constexpr int class_in = 1;
  constexpr int type_txt = 16;
  // The answer outlives the channel, whose end may still bring it.
  Answer answer;
  LIBP2P_TRY(const Channel channel, open_channel(config));
  ares_query(channel.get(), name.c_str(), class_in, type_txt, on_answer, &answer);
  while (!answer) step(channel.get());
  if (!*answer) return fail_in(printable(name), answer->error());
  return *answer;
}

}  // namespace libp2p::dns
