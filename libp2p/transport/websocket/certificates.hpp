// The certificate that a secure WebSocket server shows, from files that others renew.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libp2p/base/env.hpp"
#include "libp2p/transport/websocket/tls_stream.hpp"

namespace libp2p::websocket {

struct CertificateFiles {
  std::string certificate;  // PEM: the server's own first, then those that lead to the root
  std::string key;          // PEM, without a pass phrase
};

// Owned by the listeners that show it. Looks at the files every so often; a pair that is sound takes the
// place of the one before, for connections that begin then; one that isn't is logged, and the old one stays.
class ServerCertificate : public std::enable_shared_from_this<ServerCertificate> {
  struct Private {};

 public:
  // Errors: not_found, io (a file can't be read), invalid_argument (not PEM, a key of another certificate).
  [[nodiscard]] static Task<Result<std::shared_ptr<ServerCertificate>>> load(Env env, CertificateFiles files,
                                                                             Duration check_interval);

  ServerCertificate(Private, Env env, CertificateFiles files, Duration check_interval);
  ServerCertificate(const ServerCertificate&) = delete;
  ServerCertificate& operator=(const ServerCertificate&) = delete;
  ~ServerCertificate();

  [[nodiscard]] const SharedSslContext& context() const noexcept { return context_; }

 private:
  struct Contents {
    std::string certificate;
    std::string key;
    friend bool operator==(const Contents&, const Contents&) = default;
  };
  [[nodiscard]] static Result<Contents> read(const CertificateFiles& files);
  [[nodiscard]] static Result<SharedSslContext> make_context(const Contents& contents);
  void check_later();
  void check();
  void take(Result<Contents> contents);
  void reject(const Error& error);

  Env env_;
  CertificateFiles files_;
  Duration check_interval_;
  Timers::Id timer_ = 0;
  Contents seen_;         // the last that was looked into, good or not
  std::string rejected_;  // why it was not good; said once
  SharedSslContext context_;
};

}  // namespace libp2p::websocket
