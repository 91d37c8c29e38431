#include "libp2p/transport/websocket/certificates.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "libp2p/base/blocking.hpp"

namespace libp2p::websocket {
namespace {

using Certificate = std::unique_ptr<X509, openssl::Releaser<&X509_free>>;
using Bio = std::unique_ptr<BIO, openssl::Releaser<&BIO_free_all>>;

constexpr std::size_t max_file_bytes = 256UZ * 1024;
constexpr int max_chain = 16;

// Blocks.
Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    const int error = errno;
    return fail(error == ENOENT ? Errc::not_found : Errc::io,
                path + ": " + std::generic_category().message(error));
  }
  struct Closer {
    int file;
    ~Closer() { ::close(file); }
  } const closer{file};
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(file, chunk.data(), chunk.size());
    if (got < 0) return fail(Errc::io, path + ": " + std::generic_category().message(errno));
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > max_file_bytes) return fail(Errc::limit, path + ": more than 256 KiB");
  }
}

Bio memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody is there to be asked for one.
int no_pass_phrase(char*, int, int, void*) { return -1; }

std::unexpected<Error> unsound(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return fail(Errc::invalid_argument,
              std::string(what) + (reason == nullptr ? "" : std::string(": ") + reason));
}

Result<> use_chain(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory(pem);
  const Certificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, &no_pass_phrase, nullptr));
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) return unsound("the certificate");
  for (int count = 0; count < max_chain; ++count) {
    const Certificate next(PEM_read_bio_X509(bio.get(), nullptr, &no_pass_phrase, nullptr));
    if (next == nullptr) {
      const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      return end ? Result<>{} : unsound("the certificate's chain");
    }
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return unsound("the certificate's chain");
  }
  return fail(Errc::limit, "a chain of more than 16 certificates");
}

}  // namespace

Result<ServerCertificate::Contents> ServerCertificate::read(const CertificateFiles& files) {
  LIBP2P_TRY(std::string certificate, read_file(files.certificate));
  LIBP2P_TRY(std::string key, read_file(files.key));
  return Contents{std::move(certificate), std::move(key)};
}

Result<SharedSslContext> ServerCertificate::make_context(const Contents& contents) {
  const openssl::ErrorScope errors;
  SharedSslContext context = make_server_context();
  LIBP2P_CHECK(use_chain(context.get(), contents.certificate));
  ERR_clear_error();
  const Bio bio = memory(contents.key);
  const openssl::Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_pass_phrase, nullptr));
  if (key == nullptr) return unsound("the key");
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return unsound("the key is not the certificate's");
  }
  return context;
}

Task<Result<std::shared_ptr<ServerCertificate>>> ServerCertificate::load(Env env, CertificateFiles files,
                                                                         Duration check_interval) {
  const auto self = std::make_shared<ServerCertificate>(Private{}, env, std::move(files), check_interval);
  LIBP2P_CO_TRY(Contents contents, co_await run_blocking(env, [self] { return read(self->files_); }));
  LIBP2P_CO_TRY(self->context_, make_context(contents));
  self->seen_ = std::move(contents);
  self->check_later();
  co_return self;
}

ServerCertificate::ServerCertificate(Private, Env env, CertificateFiles files, Duration check_interval)
    : env_(env), files_(std::move(files)), check_interval_(check_interval) {}

ServerCertificate::~ServerCertificate() { env_.timers.cancel(timer_); }

void ServerCertificate::check_later() {
  timer_ = env_.timers.schedule(env_.now() + check_interval_, [this] { check(); });
}

// By their contents, not their times: a renewal that is being written, or that brings the same, changes
// nothing.
void ServerCertificate::check() {
  const auto contents = std::make_shared<std::optional<Result<Contents>>>();
  env_.workers.submit([contents, files = files_] { contents->emplace(read(files)); },
                      [contents, weak = weak_from_this()] {
                        if (const auto self = weak.lock()) self->take(std::move(**contents));
                      });
}

void ServerCertificate::take(Result<Contents> contents) {
  check_later();
  if (!contents) {
    reject(contents.error());
    return;
  }
  if (*contents == seen_) return;
  seen_ = std::move(*contents);
  rejected_.clear();
  auto context = make_context(seen_);
  if (!context) {
    reject(context.error());
    return;
  }
  context_ = std::move(*context);
  env_.log.info("websocket.certificate_renewed", {{"from", files_.certificate}});
}

void ServerCertificate::reject(const Error& error) {
  if (std::exchange(rejected_, error.message) == error.message) return;
  env_.log.warn("websocket.certificate_not_renewed",
                {{"from", files_.certificate}, {"why", error.to_string()}});
}

}  // namespace libp2p::websocket
