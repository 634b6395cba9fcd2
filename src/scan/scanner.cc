#include "scan/scanner.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "scan/onnx_check.h"
#include "scan/scan.h"

namespace millwright::scan {
namespace {

constexpr std::string_view kZipMark("PK\3\4", 4);
constexpr std::string_view kTarMark = "ustar";
constexpr size_t kTarMarkAt = 257;
constexpr std::string_view kSevenZipMark("7z\xBC\xAF\x27\x1C", 6);
constexpr size_t kSevenZipHeaderBytes = 32;  // all of an empty archive
constexpr std::string_view kRarMark = "Rar!";
constexpr std::string_view kNumpyMark("\x93NUMPY", 6);
constexpr uint8_t kProtocolMax = 5;
constexpr int kTorchHeaderPickles = 5;  // of PyTorch's old format; then come raw bytes

// Names of files that are loaded as pickles, or by something that falls back to one.
constexpr std::string_view kPickleEndings[] = {
    ".pkl", ".pickle", ".pk",  ".p",           ".joblib", ".jbl", ".pt",
    ".pth", ".ckpt",   ".bin", ".cloudpickle", ".dill",   ".sav"};
// Of them, those which are often something else altogether.
constexpr std::string_view kVagueEndings[] = {".bin", ".p", ".pk", ".sav", ".ckpt"};

struct CompressedKind {
  std::string_view mark;
  std::string_view name;
};
constexpr CompressedKind kCompressedKinds[] = {
    {"\x1F\x8B", "gzip"},
    {"BZh", "bzip2"},
    {{"\xFD"
      "7zXZ\0",
      6},
     "xz"},
    {{"\x5D\0\0", 3}, "lzma"},
    {"\x04\x22\x4D\x18", "lz4"},
    {"\x28\xB5\x2F\xFD", "zstd"},
};

bool HasEnding(std::string_view name, std::string_view ending) {
  if (name.size() < ending.size()) return false;
  const std::string_view tail = name.substr(name.size() - ending.size());
  return std::equal(tail.begin(), tail.end(), ending.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

bool StartsAsPickle(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x80' && static_cast<uint8_t>(bytes[1]) <= kProtocolMax;
}

bool IsZlib(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != 'x') return false;
  return (static_cast<uint8_t>(bytes[0]) * 256 + static_cast<uint8_t>(bytes[1])) % 31 == 0;
}

// The last name of a member's path.
std::string LastName(const std::string& path) {
  const size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string WithoutEnding(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

// Whether a path leaves the folder it is unpacked in, on any system.
bool Leaves(std::string_view path) {
  if (path.empty() || path[0] == '/' || path[0] == '\\') return true;
  if (path.size() > 1 && path[1] == ':') return true;
  if (path.find('\0') != std::string_view::npos) return true;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find_first_of("/\\", begin), path.size());
    if (path.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

uint32_t Crc32(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

bool IsPickleName(std::string_view name) {
  return std::any_of(std::begin(kPickleEndings), std::end(kPickleEndings),
                     [&](std::string_view ending) { return HasEnding(name, ending); });
}

void Scanner::Say(Severity severity, std::string_view rule, const std::string& place,
                  std::string message) {
  if (report_.findings.size() >= kFindingsMax) {
    // A grave one is never lost to many that are not.
    const auto least = std::min_element(
        report_.findings.begin(), report_.findings.end(),
        [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    ++report_.findings_dropped;
    if (least->severity >= severity) return;
    *least = {severity, std::string(rule), place, std::move(message)};
    return;
  }
  report_.findings.push_back({severity, std::string(rule), place, std::move(message)});
}

Report Scanner::TakeReport() {
  std::stable_sort(report_.findings.begin(), report_.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  report_.members = static_cast<int64_t>(budget_.members());
  return std::move(report_);
}

void Scanner::ScanFile(const std::filesystem::path& file, const std::string& place) {
  const MappedFile mapped(file);
  ++report_.files;
  report_.bytes += static_cast<int64_t>(mapped.bytes().size());
  ScanPart({.bytes = mapped.bytes(),
            .name = file.filename().string(),
            .place = place,
            .folder = file.parent_path()});
}

void Scanner::ScanPart(const Part& part) {
  if (part.depth > kNestingMax) {
    Say(Severity::kHigh, "archive.nesting", part.place,
        fmt::format("is packed more than {} times over", kNestingMax));
    return;
  }
  ScanByName(part);
  if (part.bytes.empty()) return;
  // A file can be a zip by its end and a pickle by its start: each reader sees what it looks for.
  const bool is_zip = ScanZip(part);
  if (StartsAsPickle(part.bytes)) return ScanPickles(part, 0, PickleClaim::kCertain);
  if (is_zip && part.bytes.starts_with(kZipMark)) return;
  if (ScanNumpy(part) || ScanArchive(part) || ScanCompressed(part)) return;
  ScanPickles(part, 0, PickleClaim::kGuess);
}

void Scanner::ScanPickles(const Part& part, size_t begin, PickleClaim claim) {
  bool is_torch = false;
  for (size_t count = 0; begin < part.bytes.size(); ++count) {
    if (count > 0 && !StartsAsPickle(part.bytes.substr(begin))) claim = PickleClaim::kGuess;
    if (count >= kPicklesInRowMax) {
      Say(Severity::kHigh, "pickle.many", part.place, "holds more pickles than are read");
      return;
    }
    PickleOutcome outcome = ReadPickle(part.bytes, begin, policy_, PickleClaim::kCertain);
    // A whole pickle needs no guess.
    if (claim == PickleClaim::kGuess && !outcome.stopped) {
      outcome = ReadPickle(part.bytes, begin, policy_, PickleClaim::kGuess);
    }
    if (!outcome.is_pickle) {
      if (count > 0) return ScanHiddenPickles(part, begin);
      const bool vague = std::any_of(std::begin(kVagueEndings), std::end(kVagueEndings),
                                     [&](auto ending) { return HasEnding(part.name, ending); });
      if (IsPickleName(part.name) && !vague) {
        Say(Severity::kHigh, "pickle.unreadable", part.place,
            "has a pickle's name and is no readable pickle");
      }
      return;
    }
    for (Finding& finding : outcome.findings) {
      Say(finding.severity, finding.rule, part.place + finding.place, std::move(finding.message));
    }
    if (!outcome.stopped || outcome.end <= begin) return;
    begin = outcome.end;
    is_torch = is_torch || (count == 0 && outcome.is_torch_magic);
    if (is_torch && count + 1 >= kTorchHeaderPickles) return;
    // What follows is read when it begins as a pickle does, and tried else.
    claim = PickleClaim::kCertain;
  }
}

// Whoever seeks past some bytes finds another pickle behind them. Only whole ones count: other data
// holds the two bytes of a beginning now and then.
void Scanner::ScanHiddenPickles(const Part& part, size_t begin) {
  size_t tries = 0;
  for (size_t at = part.bytes.find('\x80', begin); at != std::string_view::npos;
       at = part.bytes.find('\x80', at)) {
    if (!StartsAsPickle(part.bytes.substr(at))) {
      ++at;
      continue;
    }
    if (++tries > kPicklesInRowMax) {
      Say(Severity::kHigh, "pickle.many", part.place, "holds more pickles than are read");
      return;
    }
    PickleOutcome outcome = ReadPickle(part.bytes, at, policy_, PickleClaim::kCertain);
    if (!outcome.is_pickle || !outcome.stopped || outcome.end <= at) {
      ++at;
      continue;
    }
    for (Finding& finding : outcome.findings) {
      Say(finding.severity, finding.rule, part.place + finding.place, std::move(finding.message));
    }
    at = outcome.end;
  }
}

bool Scanner::ScanNumpy(const Part& part) {
  if (!part.bytes.starts_with(kNumpyMark)) return false;
  constexpr size_t kVersionAt = 6;
  constexpr size_t kHeaderMax = size_t{1} << 20;
  const size_t length_bytes = part.bytes.size() > kVersionAt && part.bytes[kVersionAt] > 1 ? 4 : 2;
  const size_t length_at = kVersionAt + 2;
  if (part.bytes.size() < length_at + length_bytes) {
    Say(Severity::kHigh, "numpy.damaged", part.place, "is no readable numpy file");
    return true;
  }
  size_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= size_t{static_cast<uint8_t>(part.bytes[length_at + i])} << (8 * i);
  }
  const size_t data = length_at + length_bytes + length;
  if (length > kHeaderMax || data > part.bytes.size()) {
    Say(Severity::kHigh, "numpy.damaged", part.place, "is no readable numpy file");
    return true;
  }
  // numpy evaluates the header as a literal. Objects show as the type code O behind a quote or a
  // byte order; a column named so is taken for one as well, which only means that more is read.
  const std::string_view header = part.bytes.substr(length_at + length_bytes, length);
  for (size_t at = header.find('O'); at != std::string_view::npos; at = header.find('O', at + 1)) {
    if (at > 0 && std::string_view("'\"|<>=").find(header[at - 1]) != std::string_view::npos) {
      const auto claim =
          StartsAsPickle(part.bytes.substr(data)) ? PickleClaim::kCertain : PickleClaim::kGuess;
      ScanPickles({.bytes = part.bytes, .name = "object.pkl", .place = part.place}, data, claim);
      return true;
    }
  }
  return true;
}

bool Scanner::ScanZip(const Part& part) {
  const auto archive = ReadZipArchive(part.bytes);
  if (!archive) {
    if (!part.bytes.starts_with(kZipMark)) return false;
    Say(Severity::kHigh, "archive.damaged", part.place, "begins as a zip file and is no whole one");
    return true;
  }
  if (!archive->problem.empty()) {
    Say(Severity::kHigh, "archive.damaged", part.place, "is damaged: " + archive->problem);
  }
  if (archive->overlaps) {
    Say(Severity::kCritical, "archive.bomb", part.place,
        "has members whose bytes lie over one another, as a bomb's do");
    return true;
  }
  std::set<std::string> names;
  for (const ZipMember& member : archive->members) {
    if (!budget_.TakeMember()) {
      SayUnpackEnd(UnpackEnd::kBudget, "", part.place);
      return true;
    }
    if (!names.insert(member.name).second) {
      Say(Severity::kHigh, "archive.duplicate", part.place + "!" + member.name,
          "comes twice, and readers differ in which one they take");
    }
    ScanZipMember(part, member);
  }
  return true;
}

void Scanner::ScanZipMember(const Part& archive, const ZipMember& member) {
  const std::string place = archive.place + "!" + member.name;
  CheckMemberName(archive, member.name);
  if (member.is_link) {
    Say(Leaves(member.packed) ? Severity::kCritical : Severity::kMedium, "archive.link", place,
        "is a symbolic link");
    return;
  }
  if (!member.packed.data()) return;  // its place was found wrong already
  if (member.local_name != member.name || member.sizes_differ) {
    Say(Severity::kHigh, "archive.headers_differ", place,
        "is told in two ways by the archive, and readers differ in which one they take");
  }
  if (member.is_encrypted) {
    Say(Severity::kHigh, "archive.encrypted", place,
        "is marked as encrypted; some readers do not mind");
  }
  if (member.method == 0) {
    if (Crc32(member.packed) != member.crc) {
      Say(Severity::kHigh, "archive.checksum", place, "has another checksum than the archive says");
    }
    ScanMember(archive, member.name, member.packed);
    return;
  }
  constexpr uint16_t kDeflated = 8;
  if (member.method != kDeflated) {
    Say(Severity::kHigh, "archive.method", place,
        fmt::format("is packed by the method {}, which is not read", member.method));
    return;
  }
  UnpackResult unpacked = Inflate(member.packed, Deflate::kRaw, &budget_);
  SayUnpackEnd(unpacked.end, unpacked.problem, place);
  if (unpacked.end == UnpackEnd::kWhole && Crc32(unpacked.bytes.bytes()) != member.crc) {
    Say(Severity::kHigh, "archive.checksum", place, "has another checksum than the archive says");
  }
  ScanMember(archive, member.name, unpacked.bytes.bytes());
}

void Scanner::CheckMemberName(const Part& archive, const std::string& name) {
  if (!Leaves(name)) return;
  Say(Severity::kCritical, "archive.traversal", archive.place + "!" + name,
      "would be unpacked outside of its folder");
}

void Scanner::ScanMember(const Part& archive, const std::string& name, std::string_view bytes) {
  ScanPart({.bytes = bytes,
            .name = LastName(name),
            .place = archive.place + "!" + name,
            .depth = archive.depth + 1});
}

bool Scanner::ScanArchive(const Part& part) {
  if (part.bytes.starts_with(kRarMark)) {
    Say(Severity::kHigh, "archive.method", part.place, "is a RAR archive, which is not read");
    return true;
  }
  const bool is_tar = part.bytes.size() > kTarMarkAt + kTarMark.size() &&
                      part.bytes.substr(kTarMarkAt, kTarMark.size()) == kTarMark;
  if (!is_tar && !part.bytes.starts_with(kSevenZipMark) && !HasEnding(part.name, ".tar")) {
    return false;
  }
  std::set<std::string> links;
  const auto visit = [&](const PackedMember& member, Unpacked bytes) {
    const std::string place = part.place + "!" + member.name;
    CheckMemberName(part, member.name);
    // What lies below a link would be written where the link leads.
    for (size_t slash = member.name.find('/'); slash != std::string::npos;
         slash = member.name.find('/', slash + 1)) {
      if (links.contains(member.name.substr(0, slash))) {
        Say(Severity::kCritical, "archive.traversal", place, "would be unpacked through a link");
        break;
      }
    }
    if (member.kind == PackedMember::Kind::kLink) {
      links.insert(member.name);
      Say(Leaves(member.target) ? Severity::kCritical : Severity::kMedium, "archive.link", place,
          fmt::format("is a link to {}", member.target));
    } else if (member.kind == PackedMember::Kind::kSpecial) {
      Say(Severity::kHigh, "archive.special", place, "is neither a file nor a folder");
    } else if (member.kind == PackedMember::Kind::kFile) {
      ScanMember(part, member.name, bytes.bytes());
    }
  };
  const uint64_t before = budget_.members();
  const UnpackResult result = WalkArchive(part.bytes, &budget_, visit);
  if (result.end == UnpackEnd::kWhole && budget_.members() == before &&
      part.bytes.starts_with(kSevenZipMark) && part.bytes.size() > kSevenZipHeaderBytes) {
    Say(Severity::kHigh, "archive.damaged", part.place, "is damaged: it names none of its members");
  }
  SayUnpackEnd(result.end, result.problem, part.place);
  return true;
}

bool Scanner::ScanCompressed(const Part& part) {
  const auto* const kind =
      std::find_if(std::begin(kCompressedKinds), std::end(kCompressedKinds),
                   [&](const CompressedKind& one) { return part.bytes.starts_with(one.mark); });
  const bool is_zlib = IsZlib(part.bytes);
  if (kind == std::end(kCompressedKinds) && !is_zlib) return false;
  UnpackResult unpacked =
      is_zlib ? Inflate(part.bytes, Deflate::kZlib, &budget_) : Decompress(part.bytes, &budget_);
  // Two bytes of other data may look like a mark; then nothing comes out.
  if (unpacked.bytes.size() == 0) return false;
  SayUnpackEnd(unpacked.end, unpacked.problem, part.place);
  ScanPart({.bytes = unpacked.bytes.bytes(),
            .name = IsPickleName(part.name) ? part.name : WithoutEnding(part.name),
            .place = part.place + (is_zlib ? "!zlib" : "!" + std::string(kind->name)),
            .depth = part.depth + 1});
  return true;
}

void Scanner::SayUnpackEnd(UnpackEnd end, const std::string& problem, const std::string& place) {
  switch (end) {
    case UnpackEnd::kWhole:
      return;
    case UnpackEnd::kDamaged:
      return Say(Severity::kHigh, "archive.damaged", place, "is damaged: " + problem);
    case UnpackEnd::kBomb:
      return Say(
          Severity::kCritical, "archive.bomb", place,
          fmt::format("unpacks to more than {} times its size", UnpackBudget::kExpansionMax));
    case UnpackEnd::kBudget:
      return Say(Severity::kHigh, "archive.size", place, "unpacks to more than is looked at");
  }
}

void Scanner::ScanByName(const Part& part) {
  if (HasEnding(part.name, ".onnx")) return ScanOnnx(part, this);
  if (IsOnnx(part.bytes)) ScanOnnx(part, this);
  if (part.name == "MLmodel") return ScanMlmodel(part, this);
  if (part.name == "config.json" || HasEnding(part.name, ".h5") || HasEnding(part.name, ".hdf5") ||
      HasEnding(part.name, ".keras")) {
    return ScanKeras(part, this);
  }
  if (HasEnding(part.name, ".pb")) return ScanSavedModel(part, this);
  for (const char* ending : {".html", ".htm", ".xhtml", ".svg", ".xml"}) {
    if (HasEnding(part.name, ending)) return ScanDocument(part, this);
  }
  if (HasEnding(part.name, ".py")) {
    Say(Severity::kLow, "code.python", part.place, "is Python code that a loader may import");
  }
  if (part.bytes.starts_with("\x7F"
                             "ELF") ||
      HasEnding(part.name, ".dll")) {
    Say(Severity::kMedium, "code.native", part.place, "is native code");
  }
}

}  // namespace millwright::scan
