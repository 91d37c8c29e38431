#include "tests/interop/cpp/redis.hpp"

#include <array>
#include <optional>

#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"

namespace interop {

using namespace libp2p;

Task<Result<RedisClient>> RedisClient::connect(Env env, std::string address) {
  constexpr std::string_view scheme = "redis://";
  if (address.starts_with(scheme)) address.erase(0, scheme.size());
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) co_return fail(Errc::invalid_argument, "redis: " + address + ": HOST:PORT");
  const std::string host = address.substr(0, colon);
  const std::string port = "/tcp/" + address.substr(colon + 1);
  auto where = Multiaddr::parse("/ip4/" + host + port);
  if (!where) where = Multiaddr::parse("/dns4/" + host + port);
  if (!where) co_return std::unexpected(where.error());

  SystemResolver resolver(env);
  LIBP2P_CO_TRY(const std::vector<Multiaddr> found, co_await resolve_address(resolver, *where));
  TcpTransport tcp(env);
  Result<ByteConnection> connection = fail(Errc::not_found, "redis: " + host + " has no address");
  for (const Multiaddr& each : found) {
    connection = co_await tcp.dial(each);
    if (connection) break;
  }
  if (!connection) co_return fail_in("redis", connection.error());
  co_return RedisClient(std::move(connection->stream));
}

Task<Result<RedisReply>> RedisClient::call(std::vector<std::string> words) {
  std::string request = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  LIBP2P_CO_CHECK(co_await stream_->write(as_bytes(request)));
  std::array<std::uint8_t, 4096> block{};
  for (;;) {
    LIBP2P_CO_TRY(std::optional<ParsedRedisReply> parsed, parse_redis_reply(waiting_));
    if (parsed) {
      waiting_.erase(0, parsed->size);
      if (parsed->reply.refused) co_return fail(Errc::refused, parsed->reply.items.back().value_or(""));
      co_return std::move(parsed->reply);
    }
    LIBP2P_CO_TRY(const std::size_t got, co_await stream_->read_some(block));
    if (got == 0) co_return fail(Errc::closed, "redis: closed in the midst of a reply");
    waiting_.append(as_text(BytesView(block).first(got)));
  }
}

}  // namespace interop
