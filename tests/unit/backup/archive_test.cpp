#include "starling/backup/archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/backup/tar.hpp"

namespace starling::test {
namespace {

using ::testing::HasSubstr;

constexpr std::array forms{MemberForm{"a", 100}, MemberForm{"b", 1 << 20}, MemberForm{"folder/c", 100}};

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string fault_of(const std::vector<TarEntry>& entries) {
  const auto members = read_archive(tar(entries), forms);
  return members ? "none" : members.error().message;
}

TEST(Archive, KeepsMembersAsTheyAreAndInTheirOrder) {
  const std::vector<ArchiveMember> members{{"b", Bytes(100'000, 7)}, {"a", {}}, {"folder/c", bytes("text")}};
  const auto archive = write_archive(members);
  ASSERT_TRUE(archive);
  const auto read = read_archive(*archive, forms);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  for (std::size_t i = 0; i < members.size(); ++i) {
    EXPECT_EQ((*read)[i].name, members[i].name);
    EXPECT_EQ((*read)[i].contents, members[i].contents);
  }
  EXPECT_EQ(*write_archive(members), *archive) << "of no date";
}

TEST(Archive, TakesWhatTarWrites) {
  const auto members = read_archive(tar({{"a", "one"}, {"folder/c", ""}}), forms);
  ASSERT_TRUE(members) << members.error().message;
  EXPECT_EQ((*members)[0].contents, bytes("one"));
}

TEST(Archive, RefusesByNameWhatLeavesTheFolder) {
  for (const char* name : {"/etc/passwd", "../a", "folder/../../a", "folder/..", "..", "/a"}) {
    EXPECT_THAT(fault_of({{name, "x"}}), HasSubstr("\"" + std::string(name) + "\" leaves the folder"))
        << name;
  }
  EXPECT_THAT(fault_of({{"a", "", '2', "/etc/passwd"}}), HasSubstr("\"a\" is a symbolic link"));
  EXPECT_THAT(fault_of({{"a", "", '1', "b"}}), HasSubstr("\"a\" is a hard link"));
}

TEST(Archive, RefusesByNameWhatIsNoFile) {
  EXPECT_THAT(fault_of({{"a", "", '3'}}), HasSubstr("\"a\" is a device"));
  EXPECT_THAT(fault_of({{"b", "", '4'}}), HasSubstr("\"b\" is a device"));
  EXPECT_THAT(fault_of({{"a", "", '6'}}), HasSubstr("\"a\" is a pipe"));
  EXPECT_THAT(fault_of({{"folder/", "", '5'}}), HasSubstr("\"folder/\" is a folder"));
}

TEST(Archive, RefusesByNameWhatHasNoPlaceOrComesTwice) {
  EXPECT_THAT(fault_of({{"a", "1"}, {"root.key", "2"}}), HasSubstr("\"root.key\" has no place in a backup"));
  EXPECT_THAT(fault_of({{"./a", "1"}}), HasSubstr("\"./a\" has no place"));
  EXPECT_THAT(fault_of({{"a", "1"}, {"b", "2"}, {"a", "3"}}), HasSubstr("\"a\" comes twice"));
}

TEST(Archive, RefusesByNameWhatIsTooLarge) {
  EXPECT_EQ(fault_of({{"a", std::string(100, 'x')}}), "none");
  EXPECT_THAT(fault_of({{"a", std::string(101, 'x')}}), HasSubstr("\"a\" is larger than 100 bytes"));
}

// Announced are 8 GiB, and there is one byte: alone, or behind a hole.
TEST(Archive, MakesNothingOfWhatIsOnlyAnnounced) {
  EXPECT_THAT(fault_of({{"b", "x", '0', "", "77777777777"}}), HasSubstr("\"b\" is damaged"));
  const std::string zero(1, '\0');
  const std::string behind_a_hole = std::string(41, '\0') + "77777770000" + zero + octal(1, 11) + zero +
                                    std::string(3 * 24, '\0') + zero + "77777777777";
  EXPECT_THAT(fault_of({{"b", "x", 'S', "", "", behind_a_hole}}), HasSubstr("\"b\" is larger than"));
}

TEST(Archive, RefusesWhatIsNoTar) {
  for (const std::string& text :
       {std::string("{}"), std::string(2000, 'x'), std::string("\x1f\x8b\x08\0\0\0\0\0\0\3\3\0", 12)}) {
    const auto members = read_archive(bytes(text), forms);
    ASSERT_FALSE(members);
    EXPECT_THAT(members.error().message, HasSubstr("no tar archive"));
  }
}

TEST(Archive, RefusesWhatIsCutOff) {
  const Bytes whole = tar({{"a", std::string(90, 'x')}, {"b", std::string(5000, 'y')}});
  for (std::size_t size = 1; size < 512 + 512 + 512 + 5000; size += 97) {
    if (size == 1024) continue;
    EXPECT_FALSE(read_archive(BytesView(whole).first(size), forms)) << size;
  }
}

}  // namespace
}  // namespace starling::test
