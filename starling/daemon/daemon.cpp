#include "starling/daemon/daemon.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/swarm/peerstore_file.hpp"
#include "starling/api/http_server.hpp"
#include "starling/api/router.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/daemon/files.hpp"
#include "starling/daemon/node.hpp"
#include "starling/daemon/own_address.hpp"
#include "starling/dataplane/nginx/nginx_driver.hpp"
#include "starling/dataplane/none_driver.hpp"
#include "starling/dataplane/spec.hpp"
#include "starling/dataplane/unit/unit_driver.hpp"

namespace starling {
namespace {

// A line that scripts wait for; the log goes to the same place.
void announce(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

// The notify protocol of systemd (sd_notify(3)), without its library: one datagram.
void notify_supervisor(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (!path || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::min(std::strlen(path), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  (void)::sendto(socket, state.data(), state.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
  ::close(socket);
}

Result<std::unique_ptr<Driver>> make_driver(Env env, const NodeConfig& config) {
  LIBP2P_TRY(const DataPlaneSpec spec, DataPlaneSpec::parse(config.data_plane));
  switch (spec.kind) {
    case DataPlaneSpec::Kind::none:
      return std::make_unique<NoneDriver>();
    case DataPlaneSpec::Kind::unit:
      return std::make_unique<UnitDriver>(env, spec.unit);
    case DataPlaneSpec::Kind::nginx:
      return std::make_unique<NginxDriver>(env, NginxOptions{.directory = spec.directory, .program = {}});
  }
  return fail(Errc::invalid_argument, "unknown data plane");
}

libp2p::HostConfig make_network(const NodeConfig& config, const std::optional<PreSharedKey>& key,
                                libp2p::PeerstoreFile& peerstore) {
  libp2p::HostConfig network;
  if (const char* congestion = std::getenv("STARLING_TCP_CONGESTION")) {
    network.tcp.congestion_control = congestion;
  }
  // A member proves itself in libp2p's own handshake, whoever has signed its web certificate.
  network.websocket = {.certificate_file = config.websocket_certificate,
                       .key_file = config.websocket_key,
                       .verify_certificates = false};
  network.private_network = key;
  if (!config.security.empty()) network.security.clear();
  for (const std::string& one : config.security)
    network.security.push_back(one == "tls" ? libp2p::Security::tls : libp2p::Security::noise);
  network.listen = config.listen;
  network.peerstore_file = &peerstore;
  network.swarm.limits = config.limits;
  network.mdns.emplace();
  return network;
}

// Kept once: what stood before the fleet came must not be overwritten by what the fleet brought.
Result<> save_before_first_apply(const std::filesystem::path& file, const json::value& document) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {};
  return write_file(file, libp2p::as_bytes(unit_json(document)));
}

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::invalid_argument:
    case Errc::parse:
      return ExitCode::usage;
    default:
      return ExitCode::error;
  }
}

class Daemon {
 public:
  Daemon(Env env, const StateDir& state)
      : env_(env), state_(state), signals_(env.executor, SIGTERM, SIGINT), tasks_(env) {}

  Task<> run() {
    const Result<> started = co_await start();
    if (started) co_await serve();
    if (!started) {
      announce("starling: " + started.error().message);
      exit_code_ = exit_code_of(started.error().code);
    }
    notify_supervisor("STOPPING=1");
    co_await tasks_.stop();
    if (server_) co_await server_->stop();
    if (node_) co_await node_->stop();
  }
  [[nodiscard]] ExitCode exit_code() const noexcept { return exit_code_; }

 private:
  Task<Result<>> start() {
    LIBP2P_CO_TRY(const NodeConfig config, state_.load_config());
    std::vector<HttpAddress> api_addresses;
    for (const std::string& text : config.api) {
      LIBP2P_CO_TRY(HttpAddress address, HttpAddress::parse(text));
      api_addresses.push_back(std::move(address));
    }
    LIBP2P_CO_CHECK(co_await make_node(config));
    LIBP2P_CO_CHECK(co_await node_->start());
    server_ = std::make_unique<HttpServer>(
        env_, [this](HttpRequest request) { return route(node_->api(), std::move(request)); });
    OwnAddresses own = fleet_addresses();
    for (const HttpAddress& address : api_addresses) {
      LIBP2P_CO_TRY(const std::string bound, server_->listen(address));
      env_.log.info("api.listening", {{"address", bound}});
      own.add(bound, "this node's API");
    }
    node_->applier().protect(std::move(own));
    co_return Result<>{};
  }

  // Where the node's fleet and the node itself reach it, but for its API.
  OwnAddresses fleet_addresses() {
    OwnAddresses own;
    for (const Multiaddr& address : node_->swarm().listen_addresses()) {
      if (!address.has(libp2p::AddrProtocol::tcp) || !address.port() || address.components().empty())
        continue;
      const std::string host = address.components().front().value_text();
      const bool v6 = address.has(libp2p::AddrProtocol::ip6);
      own.add((v6 ? "[" + host + "]" : host) + ":" + std::to_string(*address.port()),
              "this node's port for its fleet");
    }
    if (const DataPlaneInfo data_plane = driver_->info(); data_plane.kind == "unit")
      own.add(data_plane.where, "Unit's control address");
    return own;
  }

  Task<Result<>> make_node(const NodeConfig& config) {
    LIBP2P_CO_TRY(const PrivateKey identity, state_.load_identity());
    LIBP2P_CO_TRY(store_, SqliteStore::open(state_.store(), nullptr, seal_key_of(identity)));
    LIBP2P_CO_TRY(const X25519KeyPair encryption, state_.load_encryption_key());
    LIBP2P_CO_TRY(const std::optional<JoinToken> token, state_.load_token());
    LIBP2P_CO_TRY(const std::optional<PreSharedKey> network_key, state_.load_network_key(config));
    LIBP2P_CO_TRY(driver_, make_driver(env_, config));
    peerstore_ = std::make_unique<libp2p::DiskPeerstoreFile>(state_.peers().string());
    NodeOptions options;
    options.name = config.name;
    options.version = version;
    if (token) options.join = JoinRequest{*token, config.name, encryption.public_key};
    if (!config.address.empty()) options.address = *address_text(config.address);
    options.applier.take_fleet = config.take_fleet;
    options.applier.drift = config.drift == "report" ? DriftPolicy::report : DriftPolicy::heal;
    NodeGround ground{identity,
                      config.fleet,
                      *store_,
                      *driver_,
                      make_network(config, network_key, *peerstore_),
                      [file = state_.before_first_apply()](const json::value& document) {
                        return save_before_first_apply(file, document);
                      }};
    node_ = std::make_unique<FleetNode>(env_, std::move(ground), std::move(options));
    co_return Result<>{};
  }

  Task<> serve() {
    std::string line = "ready peer=" + node_->swarm().local_peer().to_string();
    for (const Multiaddr& address : node_->swarm().listen_addresses()) line += " addr=" + address.to_string();
    announce(line);
    notify_supervisor("READY=1\nSTATUS=listening");
    tasks_.spawn("daemon.join", watch_join());
    const auto [error, signal] = co_await signals_.async_wait(boost::asio::as_tuple(libp2p::use_task));
    if (!error) env_.log.info("daemon.stopping", {{"signal", signal}});
  }

  Task<> watch_join() {
    if (const auto joined = co_await node_->wait_joined(); !joined) {
      announce("starling: the fleet refused this node: " + joined.error().message);
      exit_code_ = ExitCode::not_allowed;
      signals_.cancel();
      co_return;
    }
    if (const auto erased = state_.erase_token(); !erased) {
      env_.log.warn("daemon.token_left", {{"why", erased.error().message}});
    }
    announce("joined");
    notify_supervisor("STATUS=joined");
  }

  Env env_;
  const StateDir& state_;
  boost::asio::basic_signal_set<libp2p::Executor> signals_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<libp2p::DiskPeerstoreFile> peerstore_;
  std::unique_ptr<FleetNode> node_;
  std::unique_ptr<HttpServer> server_;
  libp2p::TaskGroup tasks_;
  ExitCode exit_code_ = ExitCode::done;
};

}  // namespace

ExitCode run_daemon(const StateDir& state) {
  const char* wanted = std::getenv("STARLING_LOG");
  const bool debug = wanted && std::string_view(wanted) == "debug";
  libp2p::StderrLog log(debug ? libp2p::LogLevel::debug : libp2p::LogLevel::info);
  libp2p::SystemRuntime runtime(log);
  Daemon daemon(runtime.env(), state);
  runtime.run(daemon.run());
  return daemon.exit_code();
}

}  // namespace starling
