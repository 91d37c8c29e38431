// Any configuration: what is rendered is nginx's language, and holds no directive but the few that Starling
// writes; no text of a configuration gets out of its quotes. A refusal names a place.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "starling/dataplane/nginx/render.hpp"

namespace {

using namespace starling;

void require(bool condition) {
  if (!condition) std::abort();
}

const std::set<std::string_view> directives = {"user",
                                               "worker_processes",
                                               "pcre_jit",
                                               "pid",
                                               "error_log",
                                               "events",
                                               "worker_connections",
                                               "http",
                                               "client_body_temp_path",
                                               "proxy_temp_path",
                                               "fastcgi_temp_path",
                                               "uwsgi_temp_path",
                                               "scgi_temp_path",
                                               "access_log",
                                               "server_tokens",
                                               "log_not_found",
                                               "default_type",
                                               "absolute_redirect",
                                               "sendfile",
                                               "tcp_nodelay",
                                               "client_header_timeout",
                                               "client_body_timeout",
                                               "send_timeout",
                                               "keepalive_timeout",
                                               "client_max_body_size",
                                               "proxy_http_version",
                                               "proxy_set_header",
                                               "proxy_redirect",
                                               "proxy_request_buffering",
                                               "proxy_max_temp_file_size",
                                               "variables_hash_max_size",
                                               "map_hash_max_size",
                                               "map_hash_bucket_size",
                                               "types",
                                               "geo",
                                               "map",
                                               "upstream",
                                               "zone",
                                               "server",
                                               "listen",
                                               "server_name",
                                               "location",
                                               "return",
                                               "add_header",
                                               "if",
                                               "root",
                                               "try_files",
                                               "proxy_pass",
                                               "stub_status"};
// What stands in these is data.
const std::set<std::string_view> tables = {"types", "geo", "map"};

// As nginx reads: words, quoted or not, up to ; { or }.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void read() {
    std::vector<std::string> blocks;
    std::vector<std::string> words;
    while (skip_space()) {
      const char c = text_[at_];
      if (c == ';' || c == '{') {
        require(!words.empty());
        const bool data = !blocks.empty() && tables.contains(blocks.back());
        require(data ? c == ';' : directives.contains(words.front()));
        if (c == '{') blocks.push_back(words.front());
        words.clear();
        ++at_;
      } else if (c == '}') {
        require(words.empty() && !blocks.empty());
        blocks.pop_back();
        ++at_;
      } else {
        words.push_back(word());
      }
    }
    require(words.empty() && blocks.empty());
  }

 private:
  bool skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == ' ' || c == '\n') {
        ++at_;
      } else {
        return true;
      }
    }
    return false;
  }
  std::string word() {
    std::string word;
    if (text_[at_] == '"') {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\') ++at_;
        require(at_ < text_.size() && text_[at_] != '\n');
        word += text_[at_];
      }
      require(at_ < text_.size());
      ++at_;
      require(at_ < text_.size() && std::string_view(" \n;{)").find(text_[at_]) != std::string_view::npos);
      require(word.size() < 4096);
      return word.empty() ? "\"\"" : word;
    }
    while (at_ < text_.size() && std::string_view(" \n;{\"'\\").find(text_[at_]) == std::string_view::npos) {
      word += text_[at_++];
    }
    require(at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\'' && text_[at_] != '\\');
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto configuration = parse_json({reinterpret_cast<const char*>(data), size});
  if (!configuration) return 0;
  const auto rendered =
      render_nginx(*configuration, {.directory = "/srv/nginx", .user = "www-data www-data"}, {});
  if (rendered) {
    Reader(*rendered).read();
  } else {
    require(!rendered.error().detail.empty());
    const Path& path = rendered.error().path;
    // The place exists, or is a member that should.
    Path parent = path;
    if (!parent.empty()) parent.pop_back();
    require(find(*configuration, parent) != nullptr);
  }
  return 0;
}
