#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::scan {

// One member as the central directory tells, which is what Python and PyTorch go by. The local
// header in front of the data tells much of it again; where the two differ, readers differ, too.
struct ZipMember {
  std::string name;
  std::string local_name;
  uint16_t method = 0;  // 0 stored, 8 deflated
  uint32_t crc = 0;
  uint64_t unpacked_bytes = 0;
  std::string_view packed;
  bool is_encrypted = false;  // says either header
  bool is_link = false;
  bool sizes_differ = false;
};

struct ZipArchive {
  std::vector<ZipMember> members;
  // Why the reading ended early, empty when it did not.
  std::string problem;
  // Bytes of different members lie over one another: the trick of small bombs.
  bool overlaps = false;
};
inline constexpr size_t kZipMembersMax = 100'000;

// Reads the directory of the zip file that ends these bytes, whatever stands in front of it;
// nothing when there is none. Only views of the data are taken.
std::optional<ZipArchive> ReadZipArchive(std::string_view bytes);

}  // namespace millwright::scan
