#include "starling/merge/state.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "starling/merge/conflict_form.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

enum StateField : std::uint32_t {
  field_document = 1,
  field_change = 2,
  field_leaf = 3,
  field_emptied = 4,
  field_loser = 5,
  field_conflict = 6
};
enum ChangeField : std::uint32_t { field_id = 1, field_hlc = 2 };
enum LeafField : std::uint32_t { field_path = 1, field_by = 2, field_removed = 3 };
enum EmptiedField : std::uint32_t { field_scope = 1, field_emptier = 2, field_allowed = 3 };

// A scope, a path, and the index of an element that was appended.
constexpr std::size_t max_segments = max_path_segments + 2;

struct Author {
  RecordId id;
  Hlc hlc;
};

std::unexpected<Error> too_large(const std::string& what) {
  return fail(Errc::limit,
              "a state of " + what +
                  " is more than one record holds: remove what is not needed any more, and settle "
                  "conflicts");
}

// Of all changes that lost something.
constexpr std::size_t max_stood = 1 << 19;

std::unexpected<Error> too_many_conflicts() {
  return fail(Errc::limit,
              "a state with more open conflicts than one record holds: settle some of them (`starling "
              "conflicts` lists them)");
}

Result<> check_conflicts(std::size_t conflicts, const std::vector<Loser>& losers) {
  std::size_t stood = 0;
  for (const Loser& loser : losers) stood += places_of(loser.stood).size();
  if (conflicts > max_open_conflicts || stood > max_stood) return too_many_conflicts();
  return {};
}

// ---- writing ----

// The changes that anything is of, ascending: what is of one names it by its place among them.
std::vector<Author> authors_of(const Provenances& provenance) {
  std::map<RecordId, Hlc> found;
  for (const auto& [path, of] : provenance) found.emplace(of.change, of.hlc);
  std::vector<Author> authors;
  authors.reserve(found.size());
  for (const auto& [id, hlc] : found) authors.push_back({id, hlc});
  return authors;
}

ProtobufWriter leaf_message(const Path& path, std::size_t author, bool removed) {
  ProtobufWriter out;
  for (const std::string& segment : path) out.string(field_path, segment);
  out.varint(field_by, author);
  if (removed) out.boolean(field_removed, true);
  return out;
}

// ---- reading ----

Result<Author> read_author(BytesView bytes) {
  Author author;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_id:
        author.id = read_record_id(in, *field);
        break;
      case field_hlc:
        author.hlc.value = in.fixed64(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("a change of a state"));
  return author;
}

Result<> read_leaf(BytesView bytes, const std::vector<Author>& authors, Provenances& provenance) {
  Path path;
  std::uint64_t by = 0;
  bool removed = false;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_path:
        if (path.size() == max_segments) in.refuse("a path of too many segments");
        path.emplace_back(in.string(*field));
        break;
      case field_by:
        by = in.varint(*field);
        break;
      case field_removed:
        removed = in.boolean(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("a provenance"));
  if (path.empty() || !is_scope(path.front())) return fail(Errc::parse, "a provenance of no scope");
  if (by >= authors.size()) return fail(Errc::parse, "a provenance of no change");
  provenance.insert_or_assign(std::move(path), Provenance{authors[by].id, authors[by].hlc, removed});
  return {};
}

Result<> read_emptied(BytesView bytes, std::map<std::string, Emptying>& emptied) {
  std::string scope;
  Emptying emptying;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_scope:
        scope = in.string(*field);
        break;
      case field_emptier:
        emptying.by = read_record_id(in, *field);
        break;
      case field_allowed:
        emptying.allowed = in.boolean(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("an emptied scope"));
  if (!is_scope(scope)) return fail(Errc::parse, "an emptied scope that can't be");
  emptied.insert_or_assign(std::move(scope), emptying);
  return {};
}

Result<json::value> read_document(std::string_view text) {
  // One level more than a configuration: the scopes.
  JsonLimits limits;
  ++limits.max_depth;
  auto tree = parse_json(text, limits);
  if (!tree) return fail(Errc::parse, "the tree of a state: " + tree.error().message);
  const json::object* scopes = tree->if_object();
  if (scopes == nullptr || !scopes->contains(base_scope)) return fail(Errc::parse, "a state without a base");
  for (const auto& scope : *scopes) {
    if (!is_scope(scope.key()) || !scope.value().is_object())
      return fail(Errc::parse, "a state with a scope that can't be");
  }
  return std::move(*tree);
}

struct Parts {
  std::string_view document;
  std::vector<Author> authors;
  std::vector<BytesView> leaves;
  std::vector<BytesView> emptied;
  std::vector<Loser> losers;
  std::vector<BytesView> conflicts;
};

Result<Parts> read_parts(BytesView bytes) {
  Parts parts;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_document:
        parts.document = in.string(*field);
        break;
      case field_change: {
        LIBP2P_TRY(Author author, read_author(in.bytes(*field)));
        parts.authors.push_back(author);
        break;
      }
      case field_leaf:
        if (parts.leaves.size() == max_provenances) in.refuse("too many provenances");
        parts.leaves.push_back(in.bytes(*field));
        break;
      case field_emptied:
        parts.emptied.push_back(in.bytes(*field));
        break;
      case field_loser: {
        LIBP2P_TRY(Loser loser, read_loser(in.bytes(*field)));
        parts.losers.push_back(std::move(loser));
        break;
      }
      case field_conflict:
        parts.conflicts.push_back(in.bytes(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("state"));
  return parts;
}

Result<> read_conflicts(const Parts& parts, std::vector<Conflict>& conflicts) {
  LIBP2P_CHECK(check_conflicts(parts.conflicts.size(), parts.losers));
  for (const BytesView bytes : parts.conflicts) {
    LIBP2P_TRY(Conflict conflict, read_conflict(bytes, parts.losers));
    conflicts.push_back(std::move(conflict));
  }
  return {};
}

}  // namespace

Result<Bytes> encode_state(const MergeState& state) {
  if (state.provenance.size() > max_provenances)
    return too_large(std::to_string(state.provenance.size()) + " provenances");
  const std::vector<Loser> losers = losers_of(state.conflicts);
  LIBP2P_CHECK(check_conflicts(state.conflicts.size(), losers));
  ProtobufWriter out;
  out.string(field_document, canonical_json(state.document));
  const std::vector<Author> authors = authors_of(state.provenance);
  for (const auto& [id, hlc] : authors)
    out.message(field_change, ProtobufWriter().bytes(field_id, id.view()).fixed64(field_hlc, hlc.value));
  for (const auto& [path, of] : state.provenance) {
    const auto author = std::ranges::lower_bound(authors, of.change, {}, &Author::id);
    out.message(field_leaf,
                leaf_message(path, static_cast<std::size_t>(author - authors.begin()), of.removed));
  }
  for (const auto& [scope, emptying] : state.emptied) {
    ProtobufWriter emptied;
    emptied.string(field_scope, scope).bytes(field_emptier, emptying.by.view());
    if (emptying.allowed) emptied.boolean(field_allowed, true);
    out.message(field_emptied, emptied);
  }
  for (const Loser& loser : losers) out.message(field_loser, loser_message(loser));
  for (const Conflict& conflict : state.conflicts)
    out.message(field_conflict, conflict_message(conflict, losers));
  if (out.view().size() > max_state_bytes) return too_large(std::to_string(out.view().size()) + " bytes");
  return out.take();
}

Result<MergeState> decode_state(BytesView bytes) {
  if (bytes.size() > max_state_bytes) return too_large(std::to_string(bytes.size()) + " bytes");
  LIBP2P_TRY(const Parts parts, read_parts(bytes));
  MergeState state;
  LIBP2P_TRY(state.document, read_document(parts.document));
  for (const BytesView leaf : parts.leaves) LIBP2P_CHECK(read_leaf(leaf, parts.authors, state.provenance));
  for (const BytesView emptied : parts.emptied) LIBP2P_CHECK(read_emptied(emptied, state.emptied));
  LIBP2P_CHECK(read_conflicts(parts, state.conflicts));
  LIBP2P_TRY(const Bytes again, encode_state(state));
  if (!libp2p::equal(again, bytes)) return fail(Errc::parse, "a state that is not in canonical form (L1)");
  return state;
}

}  // namespace starling
