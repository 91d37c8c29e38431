// Certificates of the web, made on the spot: an authority and what it signs.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <string>

#include "libp2p/crypto/openssl.hpp"

namespace libp2p::test {

struct PemPair {
  std::string certificate;
  std::string key;
};

class Authority {
 public:
  Authority() : key_(EVP_EC_gen("P-256")), certificate_(make("Test Authority", key_.get(), "")) {}
  [[nodiscard]] std::string pem() const { return text_of(certificate_.get()); }

  // `names` as OpenSSL writes them: "DNS:a.example,IP:127.0.0.1". Good from a year before 2026 to ten after.
  [[nodiscard]] PemPair issue(const std::string& names) const {
    const openssl::Pkey key(EVP_EC_gen("P-256"));
    const Certificate made = make("server", key.get(), names);
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(made.get()), contents(bio.get())};
  }

 private:
  using Certificate = std::unique_ptr<X509, openssl::Releaser<&X509_free>>;
  using Bio = std::unique_ptr<BIO, openssl::Releaser<&BIO_free_all>>;

  static std::string contents(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
  }
  static std::string text_of(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return contents(bio.get());
  }
  static void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  // Without names, an authority that signs itself.
  Certificate make(const std::string& common_name, EVP_PKEY* key, const std::string& names) const {
    Certificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), "20250101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), "20360101000000Z");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509* const issuer = names.empty() ? made.get() : certificate_.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    X509_set_pubkey(made.get(), key);
    extend(made.get(), issuer, NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) extend(made.get(), issuer, NID_subject_alt_name, names);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  openssl::Pkey key_;
  Certificate certificate_;
};

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

}  // namespace libp2p::test
