#include "starling/api/handlers/layers_handler.hpp"

#include <algorithm>

#include "starling/api/config_edits.hpp"
#include "starling/api/etag.hpp"
#include "starling/api/handlers/config_handler.hpp"
#include "starling/api/writing.hpp"
#include "starling/merge/diff.hpp"

namespace starling {
namespace {

HttpResponse no_such(std::string_view what, std::string_view name, std::string_view next) {
  return problem(
      404, "no-such-" + std::string(what), "Not found.",
      "There is no " + std::string(what) + " \"" + libp2p::printable(name) + "\": " + std::string(next));
}

std::string no_layer(std::string_view name) {
  return "There is no layer \"" + libp2p::printable(name) +
         "\": `starling layer set NAME --selector SELECTOR` makes one.";
}

HttpResponse no_such_layer(std::string_view name) {
  return problem(404, "no-such-layer", "Not found.", no_layer(name));
}

HttpResponse bad_request(const std::string& why) { return problem(400, "bad-request", "Bad request.", why); }

Task<HttpResponse> write(ApiContext& context, HttpRequest request, Propose propose) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return bad_request(terms.error().message);
  co_return co_await write_and_tell(context, std::move(*terms), std::move(propose));
}

HttpResponse with_etag(const ApiContext& context, HttpResponse response) {
  response.headers["ETag"] = present_etag(context);
  return response;
}

// ---- layers ----

json::object layer_view(const ApiContext& context, const Layer& layer) {
  json::array nodes;
  for (const auto& [peer, member] : context.fleet.charter().members()) {
    if (layer.selector.matches(member.labels)) nodes.emplace_back(member.name);
  }
  return json::object{{"name", layer.name},
                      {"selector", layer.selector.to_string()},
                      {"priority", layer.priority},
                      {"nodes", std::move(nodes)}};
}

// What the merge lets in is well formed.
std::vector<Layer> present_layers(const ApiContext& context) {
  return read_layers(context.fleet.merged().document).value_or(std::vector<Layer>());
}

std::optional<Layer> present_layer(const ApiContext& context, std::string_view name) {
  const std::vector<Layer> layers = present_layers(context);
  const auto found = std::ranges::find(layers, name, &Layer::name);
  return found == layers.end() ? std::nullopt : std::optional(*found);
}

HttpResponse get_layers(const ApiContext& context) {
  json::array layers;
  for (const Layer& layer : present_layers(context)) layers.push_back(layer_view(context, layer));
  return with_etag(context, json_response(200, json::object{{"layers", std::move(layers)}}));
}

bool is_defined(const json::value& tree, const std::string& layer) {
  return find(tree, {std::string(fleet_scope), std::string(layers_member), layer}) != nullptr;
}

// A new one begins empty: where its name was used before, a write that did not know of the removal may have
// left something there that no node is given.
Propose define(const Layer& layer) {
  return [layer, put = in_scope(std::string(fleet_scope), [layer](const json::value& present) {
                   return propose_put_with_parents(present, {std::string(layers_member), layer.name},
                                                   layer_json(layer));
                 })](const json::value& present) {
    auto proposal = put(present);
    if (!proposal || is_defined(present, layer.name)) return proposal;
    if (proposal->document.get_object().erase(layer.name) > 0)
      proposal->edits = diff_trees(present, proposal->document);
    return proposal;
  };
}

// Whether there is such a layer is asked when it is the write's turn.
Propose in_layer(std::string name, Propose about_document) {
  return [name, propose = in_scope(name, std::move(about_document))](
             const json::value& present) -> std::expected<Proposal, WriteFault> {
    if (is_defined(present, name)) return propose(present);
    return std::unexpected(
        WriteFault{404, json::object{{"error", "Not found."},
                                     {"code", "no-such-layer"},
                                     {"detail", no_layer(name) + " Nothing has changed."}}});
  };
}

// The layer and what it holds, in one change.
Propose undefine(std::string name) {
  return [name = std::move(name)](const json::value& present) -> std::expected<Proposal, WriteFault> {
    Proposal proposal{present, {}};
    json::object& scopes = proposal.document.get_object();
    scopes.erase(name);
    if (json::value* layers = find(proposal.document, {std::string(fleet_scope), std::string(layers_member)}))
      layers->as_object().erase(name);
    proposal.edits = diff_trees(present, proposal.document);
    return proposal;
  };
}

Task<HttpResponse> put_layer(ApiContext& context, HttpRequest request, std::string name) {
  auto body = parse_json(request.body);
  if (!body) co_return bad_request("The body is not JSON: " + body.error().message);
  if (json::object* object = body->if_object(); object && !object->contains("priority")) {
    if (const auto present = present_layer(context, name)) (*object)["priority"] = present->priority;
  }
  auto layer = read_layer(name, *body);
  if (!layer) co_return bad_request(layer.error().detail);
  co_return co_await write(context, std::move(request), define(*layer));
}

Task<HttpResponse> handle_layer(ApiContext& context, HttpRequest request, std::string name) {
  if (request.method == HttpMethod::put)
    co_return co_await put_layer(context, std::move(request), std::move(name));
  const auto layer = present_layer(context, name);
  if (!layer) co_return no_such_layer(name);
  if (request.method == HttpMethod::delete_)
    co_return co_await write(context, std::move(request), undefine(std::move(name)));
  if (request.method != HttpMethod::get) co_return no_such_method("GET, PUT, DELETE");
  json::object view = layer_view(context, *layer);
  view["config"] = context.fleet.document(name);
  co_return with_etag(context, json_response(200, view));
}

Task<HttpResponse> handle_layer_config(ApiContext& context, HttpRequest request, std::string name,
                                       Path path) {
  if (!present_layer(context, name)) co_return no_such_layer(name);
  if (request.method == HttpMethod::get) {
    const json::value* value = find(context.fleet.document(name), path);
    if (!value) co_return no_such("value", to_pointer(path), "the layer holds nothing there.");
    co_return with_etag(context, unit_response(200, *value));
  }
  if (request.method == HttpMethod::other) co_return no_such_method("GET, PUT, POST, DELETE");
  auto propose = proposal_of(request, std::move(path), true);
  if (!propose) co_return problem_of(context, propose.error());
  co_return co_await write(context, std::move(request), in_layer(std::move(name), std::move(*propose)));
}

// ---- variables ----

const json::value* present_variable(const ApiContext& context, const std::string& name) {
  return find(context.fleet.document(fleet_scope), {std::string(variables_member), name});
}

HttpResponse get_variables(const ApiContext& context) {
  const json::value* variables = find(context.fleet.document(fleet_scope), {std::string(variables_member)});
  return with_etag(context,
                   json_response(200, json::object{{"variables", variables ? *variables : json::object()}}));
}

Task<HttpResponse> put_variable(ApiContext& context, HttpRequest request, std::string name) {
  if (const auto sound = check_variable_name(name); !sound) co_return bad_request(sound.error().message);
  const auto body = parse_json(request.body);
  if (!body || !body->is_string()) co_return bad_request("The body is a JSON string: \"text\".");
  co_return co_await write(
      context, std::move(request),
      in_scope(std::string(fleet_scope), [name = std::move(name), value = *body](const json::value& present) {
        return propose_put_with_parents(present, {std::string(variables_member), name}, value);
      }));
}

Task<HttpResponse> handle_variable(ApiContext& context, HttpRequest request, std::string name) {
  if (request.method == HttpMethod::put)
    co_return co_await put_variable(context, std::move(request), std::move(name));
  const json::value* value = present_variable(context, name);
  if (!value) co_return no_such("variable", name, "`starling var set NAME VALUE` makes one.");
  if (request.method == HttpMethod::get) co_return with_etag(context, json_response(200, *value));
  if (request.method != HttpMethod::delete_) co_return no_such_method("GET, PUT, DELETE");
  co_return co_await write(context, std::move(request),
                           in_scope(std::string(fleet_scope), [name](const json::value& present) {
                             return propose_delete(present, {std::string(variables_member), name});
                           }));
}

// ---- nodes ----

const Member* find_member(const ApiContext& context, const std::string& node) {
  const Charter& charter = context.fleet.charter();
  if (const Member* named = charter.member_named(node)) return named;
  const auto peer = PeerId::parse(node);
  return peer ? charter.member(*peer) : nullptr;
}

// The addresses of others are not known here: where theirs would stand, the template does.
HttpResponse get_node_config(const ApiContext& context, const Member& member, const Path& path) {
  if (member.peer == context.fleet.node()) {
    const GivenDocument given = given_document(context);
    if (!given.document)
      return problem(409, "cannot-render", "It can't be rendered.", cannot_render(context));
    const json::value* value = find(*given.document, path);
    if (!value) return no_such("value", to_pointer(path), "the node is given nothing there.");
    HttpResponse response = unit_response(200, *value);
    response.headers["ETag"] = whole_etag(given.revision);
    return response;
  }
  const auto document =
      document_for(context.fleet.merged().document, context.fleet.level(), facts_of(member, "{{node.addr}}"));
  if (!document) return problem(409, "cannot-render", "It can't be rendered.", to_string(document.error()));
  const json::value* value = find(*document, path);
  if (!value) return no_such("value", to_pointer(path), "the node is given nothing there.");
  return with_etag(context, unit_response(200, *value));
}

Result<Labels> labels_after(Labels labels, const std::string& text) {
  const auto body = parse_json(text);
  if (!body || !body->is_object())
    return fail(Errc::invalid_argument, R"(The body is an object: {"site": "syd", "tier": null}.)");
  for (const auto& [key, value] : body->get_object()) {
    if (value.is_null()) {
      labels.erase(std::string(key));
      continue;
    }
    if (!value.is_string()) return fail(Errc::invalid_argument, "The value of a label is a string, or null.");
    LIBP2P_CHECK(check_label(key, value.get_string()));
    labels.insert_or_assign(std::string(key), std::string(value.get_string()));
  }
  if (labels.size() > max_labels) return fail(Errc::limit, "A node has at most 32 labels.");
  return labels;
}

Task<HttpResponse> post_labels(ApiContext& context, HttpRequest request, PeerId node) {
  const Labels before = context.fleet.charter().member(node)->labels;
  const auto labels = labels_after(before, request.body);
  if (!labels) co_return bad_request(labels.error().message);
  if (*labels != before) {
    if (!context.fleet.may_author(RecordKind::labels)) {
      co_return problem(
          403, "not-allowed", "Not allowed.",
          "Labels are set by root or an admin, and this node is neither: use `starling label NODE "
          "KEY=VALUE --key FILE` with the fleet's root key. Nothing has changed.");
    }
    const auto record =
        co_await context.fleet.author(RecordKind::labels, MemberLabels{node, *labels}.to_body());
    if (!record) co_return problem(500, "store", "It could not be stored.", record.error().message);
  }
  json::object view;
  for (const auto& [key, value] : *labels) view.emplace(key, value);
  co_return json_response(200, json::object{{"labels", std::move(view)}});
}

Task<std::optional<HttpResponse>> route_node(ApiContext& context, HttpRequest request, Path path) {
  const std::string what = path.size() > 1 ? path[1] : "";
  if (what != "config" && (what != "labels" || path.size() != 2)) co_return std::nullopt;
  const Member* member = find_member(context, path.front());
  if (!member) co_return no_such("node", path.front(), "`starling nodes` lists them.");
  if (what == "config") {
    if (request.method != HttpMethod::get) co_return no_such_method("GET");
    co_return get_node_config(context, *member, {path.begin() + 2, path.end()});
  }
  if (request.method != HttpMethod::post) co_return no_such_method("POST");
  co_return co_await post_labels(context, std::move(request), member->peer);
}

}  // namespace

Task<std::optional<HttpResponse>> route_layers(ApiContext& context, HttpRequest request) {
  auto path = parse_url_path(request.path);
  if (!path || path->size() < 2) co_return std::nullopt;
  const std::string top = (*path)[1];
  path->erase(path->begin(), path->begin() + 2);
  if (top == "nodes" && path->size() > 1)
    co_return co_await route_node(context, std::move(request), std::move(*path));
  if (top != "layers" && top != "variables") co_return std::nullopt;
  if (path->empty()) {
    if (request.method != HttpMethod::get) co_return no_such_method("GET");
    co_return top == "layers" ? get_layers(context) : get_variables(context);
  }
  std::string name = path->front();
  path->erase(path->begin());
  if (top == "variables") {
    if (!path->empty()) co_return std::nullopt;
    co_return co_await handle_variable(context, std::move(request), std::move(name));
  }
  if (path->empty()) co_return co_await handle_layer(context, std::move(request), std::move(name));
  if (path->front() != "config") co_return std::nullopt;
  path->erase(path->begin());
  co_return co_await handle_layer_config(context, std::move(request), std::move(name), std::move(*path));
}

}  // namespace starling
