// What a thousand connections that send and are never read cost a real process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/swarm/resources.hpp"
#include "tests/support/run.hpp"
#include "tests/support/tcp_swarm.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string hoard_protocol = "/test/hoard/1";
const std::string echo_protocol = "/test/echo/1";
constexpr std::size_t mib = 1UZ << 20;
constexpr std::uint64_t victim_number = 1;
constexpr std::uint64_t member_number = 2;
constexpr std::size_t flooders = 1000;
constexpr int streams_each = 16;
constexpr std::size_t bytes_each = 4 * mib;  // of a stream

// As a handler that waits for something else, with a deadline as all have.
Task<> hoard(Env env, InboundStream in) {
  co_await sleep_for(env, seconds(15));
  (void)in;
}
Task<> echo(InboundStream in) {
  Bytes buffer(64UZ * 1024);
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got || *got == 0) break;
    if (!co_await in.stream->write(BytesView(buffer).first(*got))) co_return;
  }
  (void)co_await in.stream->close_write();
}

void allow_many_files() {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// The victim's process: it says where it listens, and from then on, each 50 ms, what it holds; it ends when
// its standing order, the pipe, does.
Task<> be_victim(Env env, Swarm& swarm, int orders, int answers) {
  swarm.set_handler(hoard_protocol, [env](InboundStream in) { return hoard(env, std::move(in)); });
  swarm.set_handler(echo_protocol, echo);
  swarm.protect(peer_number(member_number), "member");
  const auto bound = co_await swarm.listen(multiaddr("/ip4/127.0.0.1/tcp/0"));
  const auto say = [answers](const std::string& line) {
    const std::string text = line + "\n";
    return ::write(answers, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  };
  if (!bound || !say(bound->to_string())) co_return;
  for (;;) {
    co_await sleep_for(env, milliseconds(50));
    const auto used = swarm.resource_usage();
    std::ostringstream line;
    line << used.inbound + used.outbound << " " << used.streams << " " << used.memory << " "
         << used.upgrading + used.peers + used.protocols + used.networks << " "
         << swarm.counters().handlers_escaped;
    if (!say(line.str())) co_return;
    char order = 0;
    if (::read(orders, &order, 1) == 0) co_return;
  }
}

struct Report {
  std::size_t connections = 0, streams = 0, memory = 0, accounts = 0, escaped = 0;
};

class VictimProcess {
 public:
  VictimProcess() {
    int orders[2];
    int answers[2];
    if (::pipe(orders) != 0 || ::pipe2(answers, 0) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(orders[1]);
      ::close(answers[0]);
      (void)::fcntl(orders[0], F_SETFL, O_NONBLOCK);
      run(orders[0], answers[1]);
    }
    ::close(orders[0]);
    ::close(answers[1]);
    orders_ = orders[1];
    answers_ = answers[0];
    at = multiaddr(read_line());
    (void)::fcntl(answers_, F_SETFL, O_NONBLOCK);
  }
  ~VictimProcess() {
    ::close(orders_);
    ::close(answers_);
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }
  VictimProcess(const VictimProcess&) = delete;
  VictimProcess& operator=(const VictimProcess&) = delete;

  // The newest report; what has come is read.
  Report report() {
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(answers_, buffer, sizeof buffer)) > 0;) {
      unread_.append(buffer, static_cast<std::size_t>(got));
    }
    const std::size_t end = unread_.rfind('\n');
    if (end != std::string::npos) {
      const std::size_t before = unread_.rfind('\n', end - 1);
      std::istringstream line(unread_.substr(before == std::string::npos ? 0 : before + 1));
      line >> last_.connections >> last_.streams >> last_.memory >> last_.accounts >> last_.escaped;
      unread_.erase(0, end + 1);
    }
    return last_;
  }
  [[nodiscard]] std::size_t resident_bytes() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  }
  Multiaddr at;

 private:
  [[noreturn]] static void run(int orders, int answers) {
    starling::test::Loop loop;
    TcpSwarm victim(loop.env(), victim_number);
    loop.run(be_victim(loop.env(), victim.swarm, orders, answers));
    loop.run(victim.swarm.stop());
    ::_exit(0);
  }
  std::string read_line() const {
    std::string line;
    for (char c = 0; ::read(answers_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  pid_t pid_ = 0;
  int orders_ = -1;
  int answers_ = -1;
  std::string unread_;
  Report last_;
};

Task<> fill_stream(std::shared_ptr<MuxedConnection> connection) {
  static const Bytes data(bytes_each);
  auto stream = co_await connection->open_stream();
  if (!stream) co_return;
  // Multistream's header and the protocol's, each a line with its length.
  for (const std::string& line : {std::string("/multistream/1.0.0\n"), hoard_protocol + "\n"}) {
    if (!co_await write_length_prefixed(**stream, as_bytes(line))) co_return;
  }
  (void)co_await (*stream)->write(data);
}

struct Flood {
  std::size_t dialling = 0;
  std::size_t connected = 0;  // were, at some time
};

// Half as many as may be in their handshake: more would push each other out.
constexpr std::size_t dials_at_a_time = 32;

Task<Result<std::unique_ptr<MuxedConnection>>> dial_in_turn(Env env, Transport& transport, Multiaddr at,
                                                            Flood& all) {
  struct Turn {
    Flood& flood;
    explicit Turn(Flood& f) : flood(f) { ++flood.dialling; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { --flood.dialling; }
  };
  while (all.dialling >= dials_at_a_time) co_await sleep_for(env, milliseconds(5));
  const Turn turn(all);
  co_return co_await with_timeout(env, seconds(20), "dial", transport.dial(std::move(at), std::nullopt));
}

// Dials as somebody new, fills its streams, and stays until it is cancelled.
Task<> flood(Env env, Multiaddr at, std::uint64_t number, Flood& all) {
  const auto transport = std::move(TcpSwarm::transports(env, number).front());
  auto dialled = co_await dial_in_turn(env, *transport, std::move(at), all);
  if (!dialled) co_return;
  const std::shared_ptr<MuxedConnection> connection = std::move(*dialled);
  TaskGroup streams(env);
  const auto work = [&]() -> Task<bool> {
    ++all.connected;
    for (int i = 0; i < streams_each; ++i) streams.spawn("fill", fill_stream(connection));
    (void)co_await connection->wait_closed();
    co_return true;
  };
  const auto end = [&]() -> Task<> {
    co_await streams.stop();
    co_await connection->stop();
  };
  (void)co_await with_cleanup(work(), end());
}

Task<bool> until(Env env, std::function<bool()> condition, Duration limit) {
  const Instant end = env.now() + limit;
  while (!condition() && env.now() < end) co_await sleep_for(env, milliseconds(20));
  co_return condition();
}

Task<Result<std::string>> ask(Swarm& swarm, PeerId peer, Multiaddr at, std::string text) {
  LIBP2P_CO_CHECK(co_await swarm.connect(peer, {std::move(at)}));
  LIBP2P_CO_TRY(Swarm::OpenedStream opened, co_await swarm.open_stream(peer, {echo_protocol}));
  LIBP2P_CO_CHECK(co_await opened.stream->write(as_bytes(text)));
  LIBP2P_CO_CHECK(co_await opened.stream->close_write());
  LIBP2P_CO_TRY(const Bytes answer, co_await read_to_end(*opened.stream, 100));
  co_return std::string(as_text(answer));
}

TEST(Flood, AThousandConnectionsThatAreNeverReadCostABoundedAmount) {
  allow_many_files();
  VictimProcess victim;
  starling::test::Loop loop;
  const Env env = loop.env();
  const std::size_t before = victim.resident_bytes();
  std::size_t most_resident = 0;
  std::size_t most_connections = 0;
  std::size_t most_accounted = 0;
  const auto watch = [&] {
    const Report report = victim.report();
    most_resident = std::max(most_resident, victim.resident_bytes());
    most_connections = std::max(most_connections, report.connections);
    most_accounted = std::max(most_accounted, report.memory);
  };

  Flood all;
  auto floods = std::make_unique<TaskGroup>(env);
  for (std::size_t i = 0; i < flooders; ++i) floods->spawn("flood", flood(env, victim.at, 100 + i, all));
  const Instant began = env.now();
  (void)loop.run(until(
      env,
      [&] {
        watch();
        return all.connected == flooders || env.now() - began > seconds(60);
      },
      seconds(61)));
  EXPECT_GE(all.connected, flooders * 9 / 10);
  (void)loop.run(until(
      env,
      [&] {
        watch();
        return false;
      },
      seconds(5)));

  // A member gets through meanwhile: a second is what it may take, ten times that on a machine that is busy.
  TcpSwarm member(env, member_number);
  const Instant asked = env.now();
  const auto answer = loop.run(with_timeout(
      env, seconds(10), "the member", ask(member.swarm, peer_number(victim_number), victim.at, "hello")));
  EXPECT_EQ(answer.value_or("none"), "hello");
  const Duration waited = env.now() - asked;
  loop.run(member.swarm.stop());
  watch();

  const ResourceLimits limits;
  std::cout << "connected " << all.connected << ", at most " << most_connections << " at a time; accounted "
            << most_accounted / mib << " MiB, resident " << most_resident / mib << " MiB, before "
            << before / mib << " MiB; the member waited "
            << std::chrono::duration_cast<milliseconds>(waited).count() << " ms\n";
  EXPECT_LE(most_connections, limits.inbound_connections + 1);
  // What they have not read, and what each connection costs by being there.
  const std::size_t bases = limits.inbound_connections * swarm::connection_base_bytes;
  EXPECT_LE(most_accounted, limits.memory - limits.memory_reserved + bases);
  EXPECT_LT(most_resident - before, limits.memory);

  // Everything of them goes.
  loop.run(floods->stop());
  floods.reset();
  EXPECT_TRUE(loop.run(until(
      env,
      [&] {
        const Report report = victim.report();
        return report.connections + report.streams + report.memory + report.accounts == 0;
      },
      seconds(40))));
  EXPECT_EQ(victim.report().escaped, 0U);
}

}  // namespace
}  // namespace libp2p::test
