// Records and their envelopes: one encoding (L1), one signer, the author.
#include "starling/model/record.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/identity/signed_envelope.hpp"

namespace starling {
namespace {

using libp2p::ProtobufWriter;
using libp2p::SignedEnvelope;

PrivateKey key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return PrivateKey::ed25519_from_seed(seed);
}

RecordId id_of(std::uint8_t number) {
  RecordId id;
  id.bytes.fill(number);
  return id;
}

Record sample() {
  Record record;
  record.fleet = id_of(1);
  record.kind = RecordKind::change;
  record.author = PeerId::from_public_key(key_of(7).public_key());
  record.incarnation = 0x1122334455667788;
  record.seq = 3;
  record.prev = id_of(2);
  record.parents = {id_of(3), id_of(4)};
  record.hlc = Hlc{1'700'000'000'000ULL << 16};
  record.grant = id_of(5);
  record.body = libp2p::to_bytes("body");
  return record;
}

// The fields of sample(), for tests that put them together in other ways.
struct Fields {
  enum Number : std::uint32_t { fleet = 1, kind, author, incarnation, seq, prev, parent, hlc, grant, body };

  ProtobufWriter out;
  const Record record = sample();

  Fields& id(Number number, const RecordId& value) {
    out.bytes(number, value.view());
    return *this;
  }
  Fields& head() {
    id(fleet, record.fleet);
    out.varint(kind, 16)
        .bytes(author, record.author.bytes())
        .fixed64(incarnation, record.incarnation)
        .varint(seq, 3);
    return *this;
  }
  Fields& tail() {
    out.fixed64(hlc, record.hlc.value);
    id(grant, record.grant);
    out.bytes(body, record.body);
    return *this;
  }
};

std::string refusal(const Fields& fields) {
  const auto record = Record::from_payload(fields.out.view());
  return record ? "taken" : record.error().message;
}
std::string refusal(const Record& record) {
  const auto read_back = Record::from_payload(record.to_payload());
  return read_back ? "taken" : read_back.error().message;
}

TEST(Record, L1_ComesOutAsItWentIn) {
  const Record record = sample();
  const auto read_back = Record::from_payload(record.to_payload());
  ASSERT_TRUE(read_back) << read_back.error().message;
  EXPECT_EQ(read_back->fleet, record.fleet);
  EXPECT_EQ(read_back->kind, record.kind);
  EXPECT_EQ(read_back->chain(), record.chain());
  EXPECT_EQ(read_back->seq, record.seq);
  EXPECT_EQ(read_back->prev, record.prev);
  EXPECT_EQ(read_back->parents, record.parents);
  EXPECT_EQ(read_back->hlc, record.hlc);
  EXPECT_EQ(read_back->grant, record.grant);
  EXPECT_EQ(read_back->body, record.body);
  EXPECT_EQ(refusal(Fields()
                        .head()
                        .id(Fields::prev, id_of(2))
                        .id(Fields::parent, id_of(3))
                        .id(Fields::parent, id_of(4))
                        .tail()),
            "taken");
}

TEST(Record, RV22_AKindThatIsNotKnownIsStillARecord) {
  Record record = sample();
  record.kind = static_cast<RecordKind>(99);
  EXPECT_EQ(refusal(record), "taken");
}

TEST(Record, RV21_AnotherEncodingOfTheSameIsRefused) {
  const std::string not_canonical = "record is not in canonical form (L1)";
  const auto with_parents = [] { return Fields().head().id(Fields::prev, id_of(2)); };
  // Fields out of order, twice, and written though they hold nothing.
  EXPECT_EQ(refusal(Fields().id(Fields::prev, id_of(2)).head().tail()), not_canonical);
  EXPECT_EQ(refusal(Fields().id(Fields::fleet, id_of(1)).head().id(Fields::prev, id_of(2)).tail()),
            not_canonical);
  EXPECT_EQ(refusal(with_parents().tail().id(Fields::parent, id_of(3))), not_canonical);
  Fields no_body = with_parents();
  no_body.out.fixed64(Fields::hlc, 5);
  no_body.id(Fields::grant, id_of(5));
  EXPECT_EQ(refusal(no_body), not_canonical);
}

TEST(Record, L1_OverlongIntegersAndUnknownFieldsAreRefused) {
  Bytes payload = sample().to_payload();
  const auto kind = std::ranges::search(payload, Bytes{0x10, 16}).begin();
  ASSERT_NE(kind, payload.end());
  *(kind + 1) = 0x90;
  payload.insert(kind + 2, 0x00);
  EXPECT_FALSE(Record::from_payload(payload));
  Fields unknown;
  unknown.head().id(Fields::prev, id_of(2)).tail().out.varint(11, 1);
  EXPECT_NE(refusal(unknown), "taken");
  Fields wide;
  wide.out.bytes(Fields::fleet, id_of(1).view()).varint(Fields::kind, 256 + 16);
  EXPECT_NE(refusal(wide), "taken");
}

TEST(Record, IdsHave32Bytes) {
  Fields fields = Fields().head();
  fields.out.bytes(Fields::prev, Bytes(31, 1));
  EXPECT_NE(refusal(fields.tail()), "taken");
}

TEST(Record, ItsFormIsChecked) {
  const auto with = [](auto change) {
    Record record = sample();
    change(record);
    return refusal(record);
  };
  EXPECT_EQ(with([](Record& r) { r.seq = 0; }), "record numbers start at 1");
  EXPECT_EQ(with([](Record& r) { r.seq = 1; }),
            "exactly the first record of an incarnation has no predecessor");
  EXPECT_EQ(with([](Record& r) { r.prev = {}; }),
            "exactly the first record of an incarnation has no predecessor");
  EXPECT_EQ(with([](Record& r) { r.fleet = {}; }), "exactly genesis names no fleet");
  EXPECT_EQ(with([](Record& r) { r.grant = {}; }), "exactly genesis acts under no grant");
  EXPECT_EQ(with([](Record& r) { r.kind = RecordKind::genesis; }), "exactly genesis names no fleet");
  EXPECT_EQ(with([](Record& r) { std::swap(r.parents[0], r.parents[1]); }),
            "parents are not in ascending order without duplicates");
  EXPECT_EQ(with([](Record& r) { r.parents[1] = r.parents[0]; }),
            "parents are not in ascending order without duplicates");
  EXPECT_EQ(with([](Record& r) { r.hlc.value = UINT64_MAX; }), "a clock that nothing could follow (L7)");
  EXPECT_EQ(with([](Record& r) { r.hlc.value = UINT64_MAX - 1; }), "taken");
}

TEST(Record, RV08_ThereAreAtMost16Parents) {
  Record record = sample();
  record.parents.clear();
  for (std::uint8_t i = 0; i < 16; ++i) record.parents.push_back(id_of(i));
  EXPECT_EQ(refusal(record), "taken");
  record.parents.push_back(id_of(99));
  EXPECT_NE(refusal(record), "taken");
  EXPECT_FALSE(sign_record(record, key_of(7)));
}

TEST(Record, TheAuthorIsAPeerId) {
  Fields fields;
  fields.id(Fields::fleet, id_of(1)).out.varint(Fields::kind, 16).bytes(Fields::author, Bytes{1, 2, 3});
  EXPECT_NE(refusal(fields), "taken");
  Record nobody = sample();
  nobody.author = {};
  EXPECT_NE(refusal(nobody), "taken");
}

TEST(SignedRecords, OpenWhatWasSigned) {
  const auto made = sign_record(sample(), key_of(7));
  ASSERT_TRUE(made) << made.error().message;
  const auto opened = open_record((*made)->envelope);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->id, (*made)->id);
  EXPECT_EQ((*opened)->envelope, (*made)->envelope);
  EXPECT_EQ((*opened)->record.to_payload(), sample().to_payload());
  EXPECT_EQ((*made)->id, RecordId{libp2p::sha256(sample().to_payload())});
}

TEST(SignedRecords, RV01_OnlyTheAuthorsKeySigns) {
  EXPECT_FALSE(sign_record(sample(), key_of(8)));
  // A valid envelope, and a valid record in it, of somebody else.
  const auto forged = SignedEnvelope::seal(key_of(8), "starling-record",
                                           libp2p::as_bytes("/starling/record/1"), sample().to_payload());
  ASSERT_TRUE(forged);
  const auto opened = open_record(forged->to_bytes());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::crypto);
}

TEST(SignedRecords, EveryBitCounts) {
  const Bytes envelope = (*sign_record(sample(), key_of(7)))->envelope;
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    for (const std::uint8_t bit : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      Bytes altered = envelope;
      altered[i] ^= bit;
      EXPECT_FALSE(open_record(altered)) << "byte " << i;
    }
  }
  for (std::size_t size = 0; size < envelope.size(); ++size)
    EXPECT_FALSE(open_record(BytesView(envelope).first(size)));
  Bytes longer = envelope;
  longer.push_back(0);
  EXPECT_FALSE(open_record(longer));
}

TEST(SignedRecords, EnvelopesOfAnotherDomainOrTypeAreRefused) {
  for (const auto& [domain, type] : {std::pair("starling-status", "/starling/record/1"),
                                     std::pair("starling-record", "/starling/record/2")}) {
    const auto envelope = SignedEnvelope::seal(key_of(7), domain, libp2p::as_bytes(std::string_view(type)),
                                               sample().to_payload());
    ASSERT_TRUE(envelope);
    EXPECT_FALSE(open_record(envelope->to_bytes())) << domain << " " << type;
  }
}

TEST(SignedRecords, NeitherSignsNorOpensMoreThan8MiB) {
  Record record = sample();
  record.body = Bytes(max_record_bytes, 'x');
  const auto too_large = sign_record(record, key_of(7));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Errc::limit);
  const auto envelope = SignedEnvelope::seal(key_of(7), "starling-record",
                                             libp2p::as_bytes("/starling/record/1"), record.to_payload());
  ASSERT_TRUE(envelope);
  EXPECT_FALSE(open_record(envelope->to_bytes()));
  record.body.resize(max_record_bytes - 1024);
  const auto large = sign_record(record, key_of(7));
  ASSERT_TRUE(large);
  EXPECT_TRUE(open_record((*large)->envelope));
}

TEST(RecordIds, AreReadInEitherFormAndWhatIsNoneIsCalledSo) {
  EXPECT_EQ(*parse_record_id(to_cid(id_of(7))), id_of(7));
  EXPECT_EQ(*parse_record_id(to_hex(id_of(7))), id_of(7));
  for (const std::string& text :
       {std::string("HEAD"), to_cid(id_of(7)).substr(0, 20), std::string(64, 'x')}) {
    const auto id = parse_record_id(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, Errc::parse);
    EXPECT_NE(id.error().message.find(text + " is not the id of a record"), std::string::npos);
  }
}

}  // namespace
}  // namespace starling
