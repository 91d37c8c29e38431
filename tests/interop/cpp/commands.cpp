#include "libp2p/base/deadline.hpp"
#include "tests/interop/cpp/peer.hpp"

namespace interop {

using namespace libp2p;

namespace {

constexpr Duration default_timeout = std::chrono::seconds(30);
// How long try_stream listens for what the other side says on its own, and how much of it is shown.
constexpr Duration try_stream_wait = std::chrono::seconds(2);
constexpr std::size_t try_stream_max_bytes = 64UZ * 1024;

// A member of the request, empty or 0 where there is none.
std::string text_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::uint64_t number_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  if (value == nullptr) return 0;
  boost::system::error_code not_a_count;
  const auto number = value->to_number<std::uint64_t>(not_a_count);
  return not_a_count ? 0 : number;
}

bool flag_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Duration timeout_of(const json::object& request) {
  const std::uint64_t given_ms = number_of(request, "timeout_ms");
  return given_ms == 0 ? default_timeout : std::chrono::milliseconds(given_ms);
}

}  // namespace

void InteropPeer::take_line(const std::string& line) {
  boost::system::error_code error;
  const json::value parsed = json::parse(line, error);
  if (error || !parsed.is_object()) {
    say_answer(nullptr, fail(Errc::parse, "not a command"));
    return;
  }
  tasks_.spawn("command", run(parsed.get_object()));
}

Task<> InteropPeer::run(json::object request) {
  const json::value id = request.contains("id") ? request.at("id") : json::value();
  const bool quit = text_of(request, "cmd") == "quit";
  const Duration timeout = timeout_of(request);
  say_answer(id, co_await with_timeout(env_, timeout, "not done in time", carry_out(std::move(request))));
  if (quit) end();
}

Task<InteropPeer::Answer> InteropPeer::carry_out(json::object request) {
  std::string command = text_of(request, "cmd");
  if (command == "dial") co_return co_await dial(text_of(request, "addr"));
  if (command == "peers") co_return json::object{{"peers", texts(host_.swarm().connected_peers())}};
  if (command == "push") co_return push(text_of(request, "protocol"));
  if (command == "subscribe") co_return subscribe(text_of(request, "topic"));
  if (command == "publish") co_return publish(text_of(request, "topic"), text_of(request, "data_hex"));
  if (command == "quit") co_return json::object();
  const std::uint64_t count = number_of(request, "count");
  if (command == "reconnect") {
    co_return co_await reconnect(text_of(request, "addr"), count, flag_of(request, "probe"));
  }
  if (command == "crowd") {
    co_return co_await crowd(text_of(request, "addr"), count, number_of(request, "at_once"));
  }
  co_return co_await with_peer(std::move(command), std::move(request));
}

Task<InteropPeer::Answer> InteropPeer::with_peer(std::string command, json::object request) {
  LIBP2P_CO_TRY(const PeerId peer, PeerId::parse(text_of(request, "peer")));
  if (command == "ping") co_return co_await ping(peer, number_of(request, "count"));
  if (command == "identify") co_return co_await identify(peer);
  if (command == "perf") {
    co_return co_await perf(peer, number_of(request, "upload"), number_of(request, "download"));
  }
  if (command == "streams") {
    co_return co_await streams(peer, number_of(request, "count"), number_of(request, "at_once"),
                               number_of(request, "bytes"));
  }
  if (command == "try_stream") {
    LIBP2P_CO_TRY(Bytes send, from_hex(text_of(request, "send_hex")));
    co_return co_await try_stream(peer, text_of(request, "protocol"), std::move(send));
  }
  if (command == "wait_closed") co_return co_await wait_closed(peer);
  if (command == "protocols") {
    json::array protocols;
    for (const std::string& name : host_.swarm().peerstore().protocols(peer))
      protocols.emplace_back(text(name));
    co_return json::object{{"protocols", std::move(protocols)}};
  }
  if (command == "disconnect") {
    host_.swarm().disconnect(peer);
    co_return json::object();
  }
  co_return fail(Errc::not_supported, "no such command: " + command);
}

Task<InteropPeer::Answer> InteropPeer::dial(std::string address) {
  LIBP2P_CO_TRY(const Multiaddr where, Multiaddr::parse(address));
  LIBP2P_CO_TRY(const PeerId peer, co_await host_.connect(where));
  const std::vector<ConnectionInfo> all = host_.swarm().connections(peer);
  if (all.empty()) co_return fail(Errc::closed, "the connection has ended again");
  co_return connection_fields(all.front());
}

Task<InteropPeer::Answer> InteropPeer::ping(PeerId peer, std::uint64_t count) {
  json::array round_trips;
  do {
    LIBP2P_CO_TRY(const Duration round_trip, co_await host_.ping()->ping(peer));
    round_trips.emplace_back(in_milliseconds(round_trip));
  } while (round_trips.size() < count);
  co_return json::object{{"rtt_ms", std::move(round_trips)}};
}

Task<InteropPeer::Answer> InteropPeer::identify(PeerId peer) {
  LIBP2P_CO_TRY(const IdentifyInfo info, co_await host_.identify()->identify(peer));
  co_return identity(info);
}

Task<InteropPeer::Answer> InteropPeer::perf(PeerId peer, std::uint64_t upload, std::uint64_t download) {
  LIBP2P_CO_TRY(const PerfResult took, co_await host_.perf()->run(peer, upload, download));
  co_return json::object{{"upload_s", in_seconds(took.upload)},
                         {"download_s", in_seconds(took.download)},
                         {"total_s", in_seconds(took.upload + took.download)}};
}

// How a stream stood that failed with this: a peer's reset, or the end of the whole connection.
std::string InteropPeer::ending(const Error& error, ConnectionId connection) {
  for (const ConnectionInfo& live : host_.swarm().connections()) {
    if (live.id == connection && error.code == Errc::reset) return "reset";
  }
  return "closed";
}

Task<InteropPeer::Answer> InteropPeer::try_stream(PeerId peer, std::string protocol, Bytes send) {
  const auto refused = [](const Error& error, std::string end) -> json::object {
    return {
        {"accepted", false}, {"reason", error.to_string()}, {"bytes_hex", ""}, {"bytes", 0}, {"end", end}};
  };
  auto opened = co_await host_.swarm().open_stream(peer, {std::move(protocol)}, /*lazy=*/false);
  if (!opened) {
    const std::vector<ConnectionInfo> live = host_.swarm().connections(peer);
    co_return refused(opened.error(), live.empty() ? "closed" : ending(opened.error(), live.front().id));
  }
  if (!send.empty()) {
    const auto sent = co_await opened->stream->write(send);
    if (!sent) co_return refused(sent.error(), ending(sent.error(), opened->connection));
  }
  co_return co_await listen_to(std::move(*opened));
}

Task<InteropPeer::Answer> InteropPeer::listen_to(Swarm::OpenedStream opened) {
  Bytes heard;
  Bytes block(try_stream_max_bytes);
  std::string end = "open";
  const Instant until = env_.now() + try_stream_wait;
  while (heard.size() < try_stream_max_bytes) {
    const MutableBytes room(block.data(), try_stream_max_bytes - heard.size());
    const auto got =
        co_await with_timeout(env_, until - env_.now(), "silent", opened.stream->read_some(room));
    if (got && *got > 0) {
      append(heard, BytesView(block).first(*got));
      continue;
    }
    if (got) end = "eof";
    if (!got && got.error().code != Errc::timeout) end = ending(got.error(), opened.connection);
    break;
  }
  co_return json::object{
      {"accepted", true}, {"bytes_hex", to_hex(heard)}, {"bytes", heard.size()}, {"end", end}};
}

Task<InteropPeer::Answer> InteropPeer::wait_closed(PeerId peer) {
  if (!spans_.contains(peer)) co_return fail(Errc::not_found, "was never connected");
  while (!spans_.at(peer).closed) co_await disconnected_.wait();
  const Span& span = spans_.at(peer);
  const auto lived = std::chrono::duration_cast<std::chrono::milliseconds>(*span.closed - span.opened);
  co_return json::object{{"closed_after_ms", lived.count()}, {"bytes_in", nullptr}};
}

InteropPeer::Answer InteropPeer::subscribe(std::string topic) {
  if (!options_.gossip) return fail(Errc::not_supported, "gossip is off");
  LIBP2P_CHECK(host_.gossipsub()->subscribe(topic, [](const GossipMessage& message) {
    say_event(
        "message",
        {{"topic", message.topic}, {"data_hex", to_hex(message.data)}, {"from", message.from.to_string()}});
  }));
  topics_.insert(std::move(topic));
  return json::object();
}

InteropPeer::Answer InteropPeer::publish(std::string topic, std::string_view data_hex) {
  if (!options_.gossip) return fail(Errc::not_supported, "gossip is off");
  LIBP2P_TRY(const Bytes data, from_hex(data_hex));
  LIBP2P_CHECK(host_.gossipsub()->publish(std::move(topic), data));
  return json::object();
}

// Registers one more protocol, of which identify-push then tells.
InteropPeer::Answer InteropPeer::push(std::string protocol) {
  if (protocol.empty()) return fail(Errc::invalid_argument, "no protocol");
  host_.set_handler(std::move(protocol),
                    [](InboundStream inbound) -> Task<> { (void)co_await inbound.stream->close_write(); });
  return json::object();
}

}  // namespace interop
