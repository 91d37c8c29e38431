// F5: a node that missed many changes, from the connection on until it holds them all and is at their
// revision. Two whole nodes, each a process with an SQLite store, over TCP on loopback. Prints one line of
// JSON a run.
//
//   catchup_bench CHANGES...
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "libp2p/base/system_runtime.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/daemon/node.hpp"
#include "starling/dataplane/none_driver.hpp"

namespace starling {
namespace {

constexpr std::size_t writers = 4;
constexpr std::size_t routes = 1000;  // each change sets one of them
constexpr libp2p::Duration patience = std::chrono::minutes(10);

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "catchup_bench: %s\n", result.error().to_string().c_str());
  std::exit(1);
}
void must(const Result<>& result) {
  if (!result) must(Result<int>(std::unexpected(result.error())));
}

PrivateKey key_number(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return PrivateKey::ed25519_from_seed(seed);
}
PeerId peer_number(std::uint8_t number) { return PeerId::from_public_key(key_number(number).public_key()); }

// What a fleet wrote while one of its nodes was away: nodes 1 to `writers` in turn, each knowing what the
// others wrote. Node 1 is the one that is caught up with, node 0 the one that was away.
class History {
 public:
  explicit History(std::size_t changes)
      : start_(now() - std::chrono::milliseconds(changes) - std::chrono::hours(1)),
        genesis_(must(write_genesis(key_number(100), 1, Bytes(16, 7), start_))),
        log_(genesis_->id) {
    add(genesis_);
    Author root(key_number(100), 2);
    std::vector<RecordId> grants;
    for (std::uint8_t node = 0; node <= writers; ++node) {
      const Grant grant{peer_number(node), Role::operator_, "node" + std::to_string(node), {}, {}};
      grants.push_back(write(root, RecordKind::grant, genesis_->id, grant.to_body()));
    }
    shared_ = records_.size();
    std::vector<Author> authors;
    for (std::uint8_t node = 1; node <= writers; ++node) authors.emplace_back(key_number(node), node);
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t writer = i % writers;
      (void)write(authors[writer], RecordKind::change, grants[writer + 1], change(i).to_body());
    }
  }

  [[nodiscard]] FleetId fleet() const { return genesis_->id; }
  [[nodiscard]] std::span<const RecordPtr> all() const { return records_; }
  [[nodiscard]] std::span<const RecordPtr> shared() const { return std::span(records_).first(shared_); }

 private:
  static libp2p::WallTime now() {
    libp2p::NullLog quiet;
    libp2p::SystemRuntime runtime(quiet);
    return runtime.env().clock.wall();
  }
  static Change change(std::size_t number) {
    json::array route{json::object{{"action", json::object{{"return", 200 + number % 300}}}}};
    return {"",
            "",
            false,
            {Edit{std::string(base_scope),
                  {"routes", "site" + std::to_string(number % routes)},
                  EditOp::set,
                  std::move(route)}}};
  }
  void add(RecordPtr record) {
    (void)log_.ingest(record);
    records_.push_back(std::move(record));
  }
  RecordId write(Author& author, RecordKind kind, RecordId grant, Bytes body) {
    const auto wall = start_ + std::chrono::milliseconds(records_.size());
    add(must(author.write({fleet(), log_, wall, Hlc{UINT64_MAX}}, kind, grant, std::move(body))));
    return records_.back()->id;
  }

  libp2p::WallTime start_;
  RecordPtr genesis_;
  Changelog log_;
  std::vector<RecordPtr> records_;
  std::size_t shared_ = 0;
};

// One node on its own runtime.
class Site {
 public:
  Site(std::uint8_t number, const FleetId& fleet, const std::filesystem::path& store, libp2p::Log& log)
      : runtime_(log), store_(must(SqliteStore::open(store))) {
    libp2p::HostConfig network;
    network.listen = {must(Multiaddr::parse("/ip4/127.0.0.1/tcp/0"))};
    NodeOptions options;
    options.name = "node" + std::to_string(number);
    options.version = "bench";
    NodeGround ground{
        key_number(number), fleet, *store_, driver_, std::move(network), [](const json::value&) {
          return Result<>{};
        }};
    node_ = std::make_unique<FleetNode>(runtime_.env(), std::move(ground), std::move(options));
    runtime_.run(start());
  }

  [[nodiscard]] FleetNode& node() { return *node_; }
  [[nodiscard]] libp2p::SystemRuntime& runtime() { return runtime_; }

 private:
  Task<> start() { must(co_await node_->start()); }

  libp2p::SystemRuntime runtime_;
  std::unique_ptr<SqliteStore> store_;
  NoneDriver driver_;
  std::unique_ptr<FleetNode> node_;
};

struct Taken {
  double records_s = 0;   // until all records are held
  double revision_s = 0;  // and the revision is theirs
  double cpu_s = 0;       // of this process, on all its threads
  double stall_ms = 0;    // the longest that the loop let a timer wait
};

double seconds(libp2p::Duration duration) { return std::chrono::duration<double>(duration).count(); }

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

Task<> watch_loop(Env env, double& stall_ms, const bool& done) {
  while (!done) {
    const libp2p::Instant due = env.now() + std::chrono::milliseconds(5);
    co_await libp2p::sleep_for(env, std::chrono::milliseconds(5));
    stall_ms = std::max(stall_ms, seconds(env.now() - due) * 1000);
  }
}

Task<> catch_up(Env env, FleetNode& node, Multiaddr address, std::size_t records, std::string revision,
                Taken& taken) {
  bool done = false;
  libp2p::TaskGroup tasks(env);
  tasks.spawn("watch", watch_loop(env, taken.stall_ms, done));
  const libp2p::Instant begun = env.now();
  const double cpu_begun = cpu_seconds();
  (void)must(co_await node.swarm().dial(std::move(address)));
  while (!done && env.now() - begun < patience) {
    const Fleet& fleet = node.fleet();
    if (taken.records_s == 0 && fleet.log().size() == records) taken.records_s = seconds(env.now() - begun);
    done = fleet.log().size() == records && fleet.revision() && to_hex(*fleet.revision()) == revision;
    if (!done) co_await libp2p::sleep_for(env, std::chrono::milliseconds(2));
  }
  taken.revision_s = seconds(env.now() - begun);
  taken.cpu_s = cpu_seconds() - cpu_begun;
  if (!done) must(fail(Errc::timeout, "not caught up after ten minutes"));
  co_await tasks.join();
}

// In a process of its own: serves its store, and says where it listens and what its revision is.
[[noreturn]] void serve(const FleetId& fleet, const std::filesystem::path& store, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  libp2p::StderrLog log(libp2p::LogLevel::warn);
  Site site(1, fleet, store, log);
  const std::string line = site.node().swarm().listen_addresses().front().to_string() + " " +
                           to_hex(*site.node().fleet().revision()) + "\n";
  if (::write(out, line.data(), line.size()) < 0) std::exit(1);
  ::close(out);
  site.runtime().run();
  std::exit(0);
}

std::string read_line(int in) {
  std::string line;
  char c = 0;
  while (::read(in, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

void fill(const std::filesystem::path& file, std::span<const RecordPtr> records) {
  must(must(SqliteStore::open(file))->append(records));
}

void measure(std::size_t changes, const std::filesystem::path& directory) {
  FleetId fleet;
  std::size_t records = 0;
  {
    const History history(changes);
    fleet = history.fleet();
    records = history.all().size();
    fill(directory / "full.db", history.all());
    fill(directory / "away.db", history.shared());
  }
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) std::exit(1);
  const pid_t server = ::fork();
  if (server == 0) serve(fleet, directory / "full.db", pipe[1]);
  ::close(pipe[1]);
  const std::string line = read_line(pipe[0]);
  ::close(pipe[0]);
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) must(fail(Errc::io, "the serving node did not start"));

  Taken taken;
  {
    libp2p::StderrLog log(libp2p::LogLevel::warn);
    Site site(0, fleet, directory / "away.db", log);
    const Multiaddr address =
        must(Multiaddr::parse(line.substr(0, space) + "/p2p/" + peer_number(1).to_string()));
    site.runtime().run(
        catch_up(site.runtime().env(), site.node(), address, records, line.substr(space + 1), taken));
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(
        "{\"changes\": %zu, \"records_s\": %.3f, \"revision_s\": %.3f, \"cpu_s\": %.2f, \"stall_ms\": %.0f, "
        "\"peak_mib\": "
        "%ld}\n",
        changes, taken.records_s, taken.revision_s, taken.cpu_s, taken.stall_ms, usage.ru_maxrss / 1024);
    std::fflush(stdout);
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    site.runtime().run(site.node().stop());
  }
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    std::size_t changes = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), changes).ec != std::errc{} || changes == 0) {
      std::fprintf(stderr, "usage: catchup_bench CHANGES...\n");
      return 2;
    }
    std::string name = (std::filesystem::temp_directory_path() / "starling-catchup-XXXXXX").string();
    if (!::mkdtemp(name.data())) return 1;
    // A process each: what one run leaves in memory is not the next one's.
    const pid_t run = ::fork();
    if (run == 0) {
      starling::measure(changes, name);
      std::exit(0);
    }
    int status = 0;
    ::waitpid(run, &status, 0);
    std::filesystem::remove_all(name);
    if (status != 0) return 1;
  }
  return 0;
}
