#include "starling/merge/revision.hpp"

#include "libp2p/crypto/hash.hpp"
#include "starling/merge/levels.hpp"
#include "starling/model/scope.hpp"

namespace starling {
namespace {

RevisionId named(unsigned level, BytesView state) {
  Bytes hashed = libp2p::to_bytes("starling-revision");
  hashed.push_back(static_cast<std::uint8_t>(level));
  libp2p::append(hashed, state);
  return RevisionId{libp2p::sha256(hashed)};
}

Bytes beginning(std::uint8_t kind, std::string_view key) {
  Bytes bytes{kind};
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(key.size() >> shift));
  libp2p::append(bytes, libp2p::as_bytes(key));
  return bytes;
}

std::string with_key(Key key, std::string value) {
  return key ? canonical_json(json::value(*key)) + ":" + value : value;
}

}  // namespace

// ---- level 1: the canonical text ----

std::string RevisionHash::Text::leaf(Key key, const json::value& value) {
  return with_key(key, canonical_json(value));
}

std::string RevisionHash::Text::object(Key key, const std::vector<const std::string*>& members) {
  std::string text = with_key(key, "{");
  std::size_t size = text.size() + 1;
  for (const std::string* member : members) size += member->size() + 1;
  text.reserve(size);
  for (const std::string* member : members) {
    if (member != members.front()) text += ',';
    text += *member;
  }
  return text += '}';
}

// ---- level 2: hashes of members ----

RevisionHash::Merkle::Part RevisionHash::Merkle::leaf(Key key, const json::value& value) {
  Bytes hashed = beginning(0, key.value_or(""));
  libp2p::append(hashed, libp2p::as_bytes(canonical_json(value)));
  return libp2p::sha256(hashed);
}

RevisionHash::Merkle::Part RevisionHash::Merkle::object(Key key, const std::vector<const Part*>& members) {
  Bytes hashed = beginning(1, key.value_or(""));
  hashed.reserve(hashed.size() + members.size() * sizeof(Part));
  for (const Part* member : members) libp2p::append(hashed, *member);
  return libp2p::sha256(hashed);
}

void RevisionHash::touch(const Path& path) {
  if (path.front() == base_scope) base_text_.touch({std::next(path.begin()), path.end()});
  merkle_.touch(path);
}

void RevisionHash::clear() {
  base_text_.clear();
  merkle_.clear();
}

RevisionId RevisionHash::of(const json::value& tree, unsigned level) {
  if (level <= first_merge_level)
    return named(level, libp2p::as_bytes(base_text_.of(scope_document(tree, base_scope))));
  return named(level, merkle_.of(tree));
}

RevisionId revision_of(const json::value& tree, unsigned level) { return RevisionHash().of(tree, level); }

}  // namespace starling
