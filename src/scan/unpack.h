#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "scan/unpacked.h"

namespace millwright::scan {

// How an unpacking ended. What was unpacked until then is kept and looked at in any case.
enum class UnpackEnd { kWhole, kDamaged, kBomb, kBudget };

struct UnpackResult {
  Unpacked bytes;
  UnpackEnd end = UnpackEnd::kWhole;
  std::string problem;  // of kDamaged
};

// Inflates zip's raw deflate or a zlib stream.
enum class Deflate { kRaw, kZlib };
UnpackResult Inflate(std::string_view packed, Deflate format, UnpackBudget* budget);

// Undoes gzip, bzip2, xz, lzma, lz4 or zstd, whichever the bytes begin with.
UnpackResult Decompress(std::string_view packed, UnpackBudget* budget);

// A member of a tar or 7z archive.
struct PackedMember {
  std::string name;
  enum class Kind { kFile, kFolder, kLink, kSpecial } kind = Kind::kFile;
  std::string target;  // of a link
};

// Walks a tar or 7z archive; `visit` gets each member and, for files, its bytes. Returns how it
// ended.
UnpackResult WalkArchive(std::string_view packed, UnpackBudget* budget,
                         const std::function<void(const PackedMember&, Unpacked)>& visit);

}  // namespace millwright::scan
