#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "libp2p/transport/quic/ngtcp2_native.hpp"

namespace libp2p::quic {
namespace {

// Counts what ngtcp2 allocates: the size stands before each block.
constexpr std::size_t block_header = 16;

std::size_t& size_of(void* block) { return *static_cast<std::size_t*>(block); }

void* counted_malloc(std::size_t size, void* total) {
  auto* block = static_cast<std::uint8_t*>(std::malloc(size + block_header));
  if (block == nullptr) return nullptr;
  size_of(block) = size;
  *static_cast<std::size_t*>(total) += size;
  return block + block_header;
}
void counted_free(void* pointer, void* total) {
  if (pointer == nullptr) return;
  auto* block = static_cast<std::uint8_t*>(pointer) - block_header;
  *static_cast<std::size_t*>(total) -= size_of(block);
  std::free(block);
}
void* counted_calloc(std::size_t count, std::size_t size, void* total) {
  void* pointer = counted_malloc(count * size, total);
  if (pointer != nullptr) std::memset(pointer, 0, count * size);
  return pointer;
}
void* counted_realloc(void* pointer, std::size_t size, void* total) {
  void* larger = counted_malloc(size, total);
  if (larger == nullptr || pointer == nullptr) return larger;
  const std::size_t old_size = size_of(static_cast<std::uint8_t*>(pointer) - block_header);
  std::memcpy(larger, pointer, std::min(old_size, size));
  counted_free(pointer, total);
  return larger;
}

}  // namespace

Session::Native::Native() noexcept
    : mem{&allocated, counted_malloc, counted_free, counted_calloc, counted_realloc} {}

struct Session::Callbacks::Calls {
  static Session& self(void* user) { return *static_cast<Session*>(user); }
  static StreamState& stream(void* stream_user) { return *static_cast<StreamState*>(stream_user); }

  static int handshake_completed(ngtcp2_conn* /*conn*/, void* user) {
    Session& session = self(user);
    if (!session.native_->tls.speaks_libp2p()) {
      session.verdict_ = Error{Errc::not_supported, "the other side doesn't speak libp2p"};
    } else if (!session.remote_key_) {
      session.verdict_ = Error{Errc::crypto, "the other side showed no certificate"};
    }
    if (session.verdict_) return NGTCP2_ERR_CALLBACK_FAILURE;
    if (!session.client_) session.established_ = true;
    return 0;
  }
  // Only a client is told.
  static int handshake_confirmed(ngtcp2_conn* /*conn*/, void* user) {
    self(user).established_ = true;
    return 0;
  }

  static void fill_random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
    static_cast<Random*>(context->native_handle)->fill({out, size});
  }
  static int path_challenge(ngtcp2_conn* /*conn*/, std::uint8_t* out, void* user) {
    self(user).parts_.random.fill({out, NGTCP2_PATH_CHALLENGE_DATALEN});
    return 0;
  }
  static int new_id(ngtcp2_conn* /*conn*/, ngtcp2_cid* id, std::uint8_t* token, std::size_t size,
                    void* user) {
    Session& session = self(user);
    const ConnectionId fresh = session.fresh_id(size);
    *id = to_native(fresh);
    const Secret& secret = session.parts_.reset_secret;
    if (ngtcp2_crypto_generate_stateless_reset_token(token, secret.data(), secret.size(), id) != 0) {
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    session.events_.new_ids.push_back(fresh);
    return 0;
  }
  static int remove_id(ngtcp2_conn* /*conn*/, const ngtcp2_cid* id, void* user) {
    self(user).events_.old_ids.push_back(from_native(*id));
    return 0;
  }
  static int stateless_reset(ngtcp2_conn* /*conn*/, const ngtcp2_pkt_stateless_reset* /*reset*/, void* user) {
    self(user).reset_by_peer_ = true;
    return 0;
  }

  static int stream_open(ngtcp2_conn* conn, std::int64_t id, void* user) {
    Session& session = self(user);
    if (session.ended_) return 0;  // it only sends what it had taken over
    StreamState& state = session.add_stream(id, true, session.now_);
    ngtcp2_conn_set_stream_user_data(conn, id, &state);
    session.incoming_.push_back(session.streams_.at(id));
    session.events_.acceptable = true;
    return 0;
  }
  static int stream_data(ngtcp2_conn* /*conn*/, std::uint32_t flags, std::int64_t /*id*/,
                         std::uint64_t /*offset*/, const std::uint8_t* data, std::size_t size, void* user,
                         void* stream_user) {
    if (stream_user == nullptr) return 0;
    StreamState& state = stream(stream_user);
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) state.fin_received = true;
    if (!state.read_failure) {
      state.unread.push({data, size});
      self(user).unread_ += size;
    }
    self(user).touch(state);
    return 0;
  }
  static int acked(ngtcp2_conn* /*conn*/, std::int64_t /*id*/, std::uint64_t /*offset*/, std::uint64_t size,
                   void* user, void* stream_user) {
    if (stream_user == nullptr) return 0;
    StreamState& state = stream(stream_user);
    const auto bytes = static_cast<std::size_t>(size);
    state.outgoing.drop(bytes);
    state.sent -= bytes;
    self(user).unbuffer(bytes);
    if (bytes > 0) self(user).progress_ = self(user).now_;
    self(user).count_off(state);
    self(user).touch(state);
    return 0;
  }
  static int stream_close(ngtcp2_conn* /*conn*/, std::uint32_t /*flags*/, std::int64_t id,
                          std::uint64_t /*code*/, void* user, void* stream_user) {
    if (stream_user == nullptr) return 0;
    Session& session = self(user);
    const StreamStatePtr state = stream(stream_user).shared_from_this();
    state->closed = true;
    session.unbuffer(state->outgoing.size());
    session.progress_ = session.now_;
    state->outgoing.clear();
    state->sent = 0;
    const Error by_peer{Errc::reset, "the other side reset the stream"};
    if (!state->fin_received && !state->read_failure) state->read_failure = by_peer;
    if (!state->fin_sent && !state->write_failure) state->write_failure = by_peer;
    session.streams_.erase(id);
    session.touch(*state);
    if (state->released) session.retire(*state);
    session.count_off(*state);
    return 0;
  }
  static int stream_reset(ngtcp2_conn* /*conn*/, std::int64_t /*id*/, std::uint64_t /*size*/,
                          std::uint64_t /*code*/, void* user, void* stream_user) {
    if (stream_user == nullptr) return 0;
    StreamState& state = stream(stream_user);
    if (!state.read_failure) state.read_failure = Error{Errc::reset, "the other side reset the stream"};
    self(user).discard_unread(state, self(user).now_);
    self(user).touch(state);
    return 0;
  }
  static int more_streams(ngtcp2_conn* /*conn*/, std::uint64_t /*most*/, void* user) {
    self(user).events_.openable = true;
    return 0;
  }
};

int Session::Callbacks::verify(gnutls_session_t tls) {
  const auto* ref = static_cast<const ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(tls));
  Session& session = Calls::self(ref->user_data);
  auto key = shown_key(tls, session.parts_.clock.wall());
  if (!key) {
    session.verdict_ = std::move(key).error();
    return -1;
  }
  const PeerId peer = PeerId::from_public_key(*key);
  if (session.expected_ && peer != *session.expected_) {
    session.verdict_ = Error{
        Errc::crypto, "the other side is " + peer.to_string() + ", not " + session.expected_->to_string()};
    return -1;
  }
  session.remote_key_ = std::move(*key);
  return 0;
}

ngtcp2_callbacks Session::Callbacks::table(bool client) {
  ngtcp2_callbacks calls{};
  if (client) {
    calls.client_initial = ngtcp2_crypto_client_initial_cb;
    calls.recv_retry = ngtcp2_crypto_recv_retry_cb;
    calls.handshake_confirmed = Calls::handshake_confirmed;
  } else {
    calls.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  }
  calls.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  calls.encrypt = ngtcp2_crypto_encrypt_cb;
  calls.decrypt = ngtcp2_crypto_decrypt_cb;
  calls.hp_mask = ngtcp2_crypto_hp_mask_cb;
  calls.update_key = ngtcp2_crypto_update_key_cb;
  calls.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  calls.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  calls.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  calls.handshake_completed = Calls::handshake_completed;
  calls.rand = Calls::fill_random;
  calls.get_path_challenge_data = Calls::path_challenge;
  calls.get_new_connection_id = Calls::new_id;
  calls.remove_connection_id = Calls::remove_id;
  calls.recv_stateless_reset = Calls::stateless_reset;
  calls.stream_open = Calls::stream_open;
  calls.recv_stream_data = Calls::stream_data;
  calls.acked_stream_data_offset = Calls::acked;
  calls.stream_close = Calls::stream_close;
  calls.stream_reset = Calls::stream_reset;
  calls.extend_max_local_streams_bidi = Calls::more_streams;
  return calls;
}

}  // namespace libp2p::quic
