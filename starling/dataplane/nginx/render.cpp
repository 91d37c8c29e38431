#include "starling/dataplane/nginx/render.hpp"

#include <array>

#include "starling/dataplane/nginx/addresses.hpp"
#include "starling/dataplane/nginx/conf_text.hpp"
#include "starling/dataplane/nginx/routing.hpp"
#include "starling/dataplane/nginx/template_text.hpp"

namespace starling {

namespace {

constexpr std::size_t most_hops = 9;  // after the first; nginx ends a request after ten

// The types that Unit knows by itself, so that a file has one type whatever serves it.
constexpr std::string_view mime_types =
    "types {\n"
    "text/html html htm;\ntext/css css;\ntext/plain txt;\ntext/markdown md;\ntext/x-rst rst;\n"
    "image/svg+xml svg;\nimage/webp webp;\nimage/png png;\nimage/apng apng;\nimage/jpeg jpeg jpg;\nimage/gif "
    "gif;\n"
    "image/x-icon ico;\nimage/avif avif;\nimage/avif-sequence avifs;\n"
    "font/woff woff;\nfont/woff2 woff2;\nfont/otf otf;\nfont/ttf ttf;\n"
    "application/javascript js mjs;\napplication/json json;\napplication/xml xml;\napplication/rss+xml rss;\n"
    "application/atom+xml atom;\napplication/pdf pdf;\napplication/zip zip;\napplication/x-httpd-php php;\n"
    "application/octet-stream exe bin dll iso img msi deb rpm;\n"
    "audio/mpeg mp3;\naudio/ogg ogg;\naudio/midi midi mid;\naudio/flac flac;\naudio/aac aac;\naudio/wav "
    "wav;\n"
    "video/mpeg mpeg mpg;\nvideo/mp4 mp4;\nvideo/webm webm;\nvideo/x-msvideo avi;\n"
    "}\n";

// Limits are Unit's defaults. Bodies are passed on as they come, so that no worker writes to disk.
constexpr std::string_view http_settings =
    "access_log off;\nserver_tokens off;\nlog_not_found off;\ndefault_type \"\";\nabsolute_redirect off;\n"
    "sendfile on;\ntcp_nodelay on;\n"
    "client_header_timeout 30s;\nclient_body_timeout 30s;\nsend_timeout 30s;\nkeepalive_timeout 180s;\n"
    "client_max_body_size 8m;\n"
    "proxy_http_version 1.1;\nproxy_set_header Host $http_host;\nproxy_redirect "
    "off;\nproxy_request_buffering off;\n"
    "proxy_max_temp_file_size 0;\n"
    "variables_hash_max_size 65536;\nmap_hash_max_size 65536;\nmap_hash_bucket_size 128;\n";

std::string preamble(const NginxLayout& layout, const std::string& generation) {
  std::string text =
      "# Written by Starling; what is changed here is overwritten.\n# Generation " + generation + "\n";
  if (!layout.user.empty()) text += "user " + layout.user + ";\n";
  text += "worker_processes auto;\npcre_jit on;\npid " + quoted(layout.pid_file()) + ";\nerror_log " +
          quoted(layout.error_log()) + " notice;\nevents {\nworker_connections 4096;\n}\n";
  return text;
}

std::string temporary_paths(const NginxLayout& layout) {
  std::string text;
  for (const std::string name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += name + "_temp_path " + quoted(layout.directory + "/tmp/" + name) + ";\n";
  }
  return text;
}

std::string own_variables() {
  return "geo $" + std::string(dollar_variable) + " {\ndefault \"$\";\n}\n" +
         // The path as the client wrote it, with one slash in front, so that no other host can be read into
         // it.
         "map $request_uri $" + std::string(raw_path_variable) + " {\ndefault \"/\";\n" +
         quoted("~^[/\\\\]+(?<s_rest>[^?#]*)") + " \"/$s_rest\";\n}\n";
}

std::string generation_server(const NginxLayout& layout, const std::string& generation) {
  std::string text = "server {\nlisten " + quoted("unix:" + layout.generation_socket()) +
                     ";\nlocation = /generation {\nreturn 200 \"" + generation + "\";\n}\n";
  if (layout.stub_status) text += "location = /status {\nstub_status;\n}\n";
  return text + "location / {\nreturn 404;\n}\n}\n";
}

Rendered<> check_sections(const json::value& configuration) {
  const json::object* top = configuration.if_object();
  if (top == nullptr) return refuse({}, "The configuration must be an object.");
  for (const auto& [name, section] : *top) {
    if (name == "listeners" || name == "routes" || name == "upstreams") continue;
    const json::object* object = section.if_object();
    if (name != "applications" && name != "settings")
      return refuse({name}, "nginx can't do \"" + std::string(name) + "\".");
    if (object == nullptr) return refuse({name}, "The value must be an object.");
    if (object->empty()) continue;
    const Path path{name, object->begin()->key()};
    return refuse(path,
                  name == "settings" ? "nginx can't do these settings." : "nginx can't run applications.");
  }
  return {};
}

// Listeners that pass to the same target share a server block.
struct Server {
  RouteTarget target;
  std::string listens;
};

Rendered<std::map<std::string, Server>> servers(const json::value& configuration, Routing& routing) {
  std::map<std::string, Server> servers;
  const json::value* listeners = find(configuration, {"listeners"});
  if (listeners == nullptr) return servers;
  if (!listeners->is_object()) return refuse({"listeners"}, "The \"listeners\" value must be an object.");
  for (const auto& [address, listener] : listeners->get_object()) {
    const Path path{"listeners", address};
    auto listen = listen_address(address);
    if (!listen) return refuse(path, listen.error());
    if (!listener.is_object() || !listener.get_object().contains("pass")) {
      return refuse(path, "A listener must be an object with \"pass\".");
    }
    for (const auto& option : listener.get_object()) {
      if (option.key() == "pass") continue;
      return refuse(below(path, option.key()),
                    "nginx can't do \"" + std::string(option.key()) + "\" of a listener.");
    }
    const Path pass_path = below(path, "pass");
    auto target = routing.pass(listener.at("pass"), pass_path);
    if (!target) return std::unexpected(std::move(target.error()));
    if (target->hops > most_hops) {
      return refuse(pass_path, "nginx can't try that many shares and fallbacks in a row: at most " +
                                   std::to_string(most_hops) + ".");
    }
    Server& server = servers[target->word];
    server.listens += "listen " + *listen + ";\n";
    server.target = std::move(*target);
  }
  return servers;
}

}  // namespace

Rendered<std::string> render_nginx(const json::value& configuration, const NginxLayout& layout,
                                   const GenerationId& generation) {
  if (auto sections = check_sections(configuration); !sections)
    return std::unexpected(std::move(sections.error()));
  Routing routing(configuration);
  if (auto routes = routing.render(); !routes) return std::unexpected(std::move(routes.error()));
  auto listening = servers(configuration, routing);
  if (!listening) return std::unexpected(std::move(listening.error()));
  const std::string id = to_hex(generation);
  std::string text = preamble(layout, id) + "http {\n" + temporary_paths(layout);
  text.append(http_settings).append(mime_types);
  text += own_variables() + routing.http_text() + generation_server(layout, id);
  for (const auto& [word, server] : *listening) {
    text += "server {\n" + server.listens +
            "server_name \"\";\nlocation / {\nroot /proc;\ntry_files /.nothing " + quoted(word) + ";\n}\n" +
            routing.locations(server.target.routes) + "}\n";
  }
  return text + "}\n";
}

}  // namespace starling
