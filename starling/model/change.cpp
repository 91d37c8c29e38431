#include "starling/model/change.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

enum ChangeField : std::uint32_t {
  field_actor = 1,
  field_message = 2,
  field_allow_empty = 3,
  field_edit = 4,
  field_voids = 5
};
enum EditField : std::uint32_t { field_scope = 1, field_path = 2, field_op = 3, field_value = 4 };

constexpr std::size_t max_scope_bytes = 128;

Bytes edit_to_bytes(const Edit& edit) {
  ProtobufWriter out;
  out.string(field_scope, edit.scope);
  for (const std::string& segment : edit.path) out.string(field_path, segment);
  out.varint(field_op, static_cast<std::uint64_t>(edit.op));
  if (edit.value) out.string(field_value, canonical_json(*edit.value));
  return out.take();
}

Result<json::value> value_from(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return fail(Errc::parse, "edit value: " + value.error().message);
  if (canonical_json(*value) != text) return fail(Errc::parse, "edit value is not canonical JSON (L1)");
  return std::move(*value);
}

Result<Edit> edit_from_bytes(BytesView bytes) {
  Edit edit;
  edit.scope.clear();
  std::optional<std::string_view> value;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_scope:
        edit.scope = in.string(*field);
        break;
      case field_path:
        if (edit.path.size() == max_path_segments) in.refuse("a path of more than 100 segments");
        edit.path.emplace_back(in.string(*field));
        break;
      case field_op:
        edit.op = static_cast<EditOp>(in.varint(*field) & 0xff);
        break;
      case field_value:
        value = in.string(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("edit"));
  if (edit.op < EditOp::set || edit.op > EditOp::append) return fail(Errc::parse, "unknown edit operation");
  if (value.has_value() == (edit.op == EditOp::remove)) {
    return fail(Errc::parse, "set and append carry a value, remove does not");
  }
  if (edit.scope.empty() || edit.scope.size() > max_scope_bytes)
    return fail(Errc::parse, "edit without a valid scope");
  if (value) {
    LIBP2P_TRY(edit.value, value_from(*value));
  }
  return edit;
}

}  // namespace

Bytes Change::to_body() const {
  ProtobufWriter out;
  if (!actor.empty()) out.string(field_actor, actor);
  if (!message.empty()) out.string(field_message, message);
  if (allow_empty) out.boolean(field_allow_empty, true);
  for (const Edit& edit : edits) out.bytes(field_edit, edit_to_bytes(edit));
  for (const RecordId& id : voids) out.bytes(field_voids, id.view());
  return out.take();
}

Result<Change> Change::from_body(BytesView body) {
  Change change;
  ProtobufReader in(body, 0);
  std::vector<BytesView> edits;
  while (auto field = in.next()) {
    switch (field->number) {
      case field_actor:
        change.actor = in.string(*field);
        break;
      case field_message:
        change.message = in.string(*field);
        break;
      case field_allow_empty:
        change.allow_empty = in.boolean(*field);
        break;
      case field_edit:
        if (edits.size() == max_edits)
          return fail(Errc::limit, "a change of more than " + std::to_string(max_edits) + " edits");
        edits.push_back(in.bytes(*field));
        break;
      case field_voids:
        if (change.voids.size() == max_voided)
          return fail(Errc::limit, "a change that voids more than 1024 others");
        change.voids.push_back(read_record_id(in, *field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("change"));
  if (change.actor.size() > max_actor_bytes) return fail(Errc::limit, "actor: at most 256 bytes");
  if (change.message.size() > max_message_bytes) return fail(Errc::limit, "message: at most 4096 bytes");
  if (!std::ranges::is_sorted(change.voids) || std::ranges::adjacent_find(change.voids) != change.voids.end())
    return fail(Errc::parse, "what it voids is not in ascending order without duplicates");
  for (const BytesView bytes : edits) {
    LIBP2P_TRY(Edit edit, edit_from_bytes(bytes));
    change.edits.push_back(std::move(edit));
  }
  if (!libp2p::equal(change.to_body(), body))
    return fail(Errc::parse, "change is not in canonical form (L1)");
  return change;
}

}  // namespace starling
