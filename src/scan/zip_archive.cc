#include "scan/zip_archive.h"

#include <sys/stat.h>

#include <algorithm>

namespace millwright::scan {
namespace {

constexpr std::string_view kEndMark("PK\5\6", 4);
constexpr std::string_view kEnd64Mark("PK\6\6", 4);
constexpr std::string_view kEnd64LocatorMark("PK\6\7", 4);
constexpr std::string_view kEntryMark("PK\1\2", 4);
constexpr std::string_view kLocalMark("PK\3\4", 4);
constexpr size_t kEndBytes = 22;
constexpr size_t kEntryBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr size_t kCommentMax = 65'535;
constexpr uint16_t kEncryptedFlag = 1;
constexpr uint16_t kSizesFollowFlag = 8;
constexpr uint16_t kZip64Field = 1;
constexpr uint32_t kSeeZip64 = 0xFFFFFFFF;

uint64_t Little(std::string_view bytes, size_t at, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    number |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  return number;
}

struct Directory {
  uint64_t at = 0;
  uint64_t bytes = 0;
  uint64_t prefix = 0;  // what stands in front of the archive; offsets do not count it
};

// Zip64's end record, where the locator in front of the common one leads.
std::optional<Directory> FindDirectory64(std::string_view bytes, size_t end) {
  constexpr size_t kLocatorBytes = 20;
  constexpr size_t kRecordBytes = 56;
  if (end < kLocatorBytes + kRecordBytes) return std::nullopt;
  const size_t locator = end - kLocatorBytes;
  if (bytes.substr(locator, 4) != kEnd64LocatorMark) return std::nullopt;
  // Where the archive has a prefix the record stands right before its locator.
  size_t record = Little(bytes, locator + 8, 8);
  if (record > locator - kRecordBytes || bytes.substr(record, 4) != kEnd64Mark) {
    record = locator - kRecordBytes;
  }
  if (bytes.substr(record, 4) != kEnd64Mark) return std::nullopt;
  Directory directory{.bytes = Little(bytes, record + 40, 8)};
  const uint64_t told = Little(bytes, record + 48, 8);
  if (directory.bytes > record) return std::nullopt;
  directory.at = record - directory.bytes;
  if (told > directory.at) return std::nullopt;
  directory.prefix = directory.at - told;
  return directory;
}

std::optional<Directory> FindDirectory(std::string_view bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const size_t tail = bytes.size() - std::min(bytes.size(), kEndBytes + kCommentMax);
  const size_t end = bytes.rfind(kEndMark);
  if (end == std::string_view::npos || end < tail || bytes.size() - end < kEndBytes) {
    return std::nullopt;
  }
  if (auto found = FindDirectory64(bytes, end)) return found;
  Directory directory{.bytes = Little(bytes, end + 12, 4)};
  const uint64_t told = Little(bytes, end + 16, 4);
  if (directory.bytes > end) return std::nullopt;
  directory.at = end - directory.bytes;
  if (told > directory.at) return std::nullopt;
  directory.prefix = directory.at - told;
  return directory;
}

// Replaces sizes that do not fit 32 bits by those of the extra field.
void ReadZip64(std::string_view extra, uint64_t* unpacked, uint64_t* packed, uint64_t* local) {
  while (extra.size() >= 4) {
    const auto kind = static_cast<uint16_t>(Little(extra, 0, 2));
    const size_t size = Little(extra, 2, 2);
    if (size > extra.size() - 4) return;
    std::string_view field = extra.substr(4, size);
    extra.remove_prefix(4 + size);
    if (kind != kZip64Field) continue;
    for (uint64_t* value : {unpacked, packed, local}) {
      if (*value != kSeeZip64 || field.size() < 8) continue;
      *value = Little(field, 0, 8);
      field.remove_prefix(8);
    }
  }
}

// Fills what the local header tells; returns why the member cannot be found, or "".
std::string ReadLocal(std::string_view bytes, uint64_t at, uint64_t packed_bytes,
                      ZipMember* member) {
  if (at > bytes.size() || bytes.size() - at < kLocalBytes || bytes.substr(at, 4) != kLocalMark) {
    return "the data of " + member->name + " is not where the directory says";
  }
  const uint64_t flags = Little(bytes, at + 6, 2);
  const uint64_t name_bytes = Little(bytes, at + 26, 2);
  const uint64_t extra_bytes = Little(bytes, at + 28, 2);
  const uint64_t data = at + kLocalBytes + name_bytes + extra_bytes;
  if (data > bytes.size() || packed_bytes > bytes.size() - data) {
    return "the data of " + member->name + " ends early";
  }
  member->local_name = bytes.substr(at + kLocalBytes, name_bytes);
  member->is_encrypted = member->is_encrypted || (flags & kEncryptedFlag) != 0;
  const uint64_t told = Little(bytes, at + 18, 4);
  const bool told_here = (flags & kSizesFollowFlag) == 0 && told != kSeeZip64;
  member->sizes_differ =
      (told_here && told != packed_bytes) || Little(bytes, at + 8, 2) != member->method;
  member->packed = bytes.substr(data, packed_bytes);
  return "";
}

bool Overlap(std::vector<ZipMember>& members) {
  std::vector<std::string_view> spans;
  for (const ZipMember& member : members) {
    if (!member.packed.empty()) spans.push_back(member.packed);
  }
  std::sort(spans.begin(), spans.end(),
            [](std::string_view a, std::string_view b) { return a.data() < b.data(); });
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i - 1].data() + spans[i - 1].size() > spans[i].data()) return true;
  }
  return false;
}

}  // namespace

std::optional<ZipArchive> ReadZipArchive(std::string_view bytes) {
  const auto directory = FindDirectory(bytes);
  if (!directory) return std::nullopt;
  ZipArchive archive;
  std::string_view entries = bytes.substr(directory->at, directory->bytes);
  while (!entries.empty()) {
    if (entries.size() < kEntryBytes || entries.substr(0, 4) != kEntryMark) {
      archive.problem = "its directory is damaged";
      break;
    }
    if (archive.members.size() >= kZipMembersMax) {
      archive.problem = "it has more members than are read";
      break;
    }
    const uint64_t name_bytes = Little(entries, 28, 2);
    const uint64_t extra_bytes = Little(entries, 30, 2);
    const uint64_t whole = kEntryBytes + name_bytes + extra_bytes + Little(entries, 32, 2);
    if (whole > entries.size()) {
      archive.problem = "its directory is damaged";
      break;
    }
    ZipMember member;
    member.name = entries.substr(kEntryBytes, name_bytes);
    member.is_encrypted = (Little(entries, 8, 2) & kEncryptedFlag) != 0;
    member.method = static_cast<uint16_t>(Little(entries, 10, 2));
    member.crc = static_cast<uint32_t>(Little(entries, 16, 4));
    uint64_t packed_bytes = Little(entries, 20, 4);
    member.unpacked_bytes = Little(entries, 24, 4);
    member.is_link = S_ISLNK(Little(entries, 40, 2));  // the upper half of the attributes
    uint64_t local = Little(entries, 42, 4);
    ReadZip64(entries.substr(kEntryBytes + name_bytes, extra_bytes), &member.unpacked_bytes,
              &packed_bytes, &local);
    entries.remove_prefix(whole);
    const uint64_t at = local + directory->prefix;
    std::string problem =
        at < local ? "an offset is too large" : ReadLocal(bytes, at, packed_bytes, &member);
    if (!problem.empty()) archive.problem = std::move(problem);
    archive.members.push_back(std::move(member));
  }
  archive.overlaps = Overlap(archive.members);
  return archive;
}

}  // namespace millwright::scan
