#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace millwright::scan {

inline constexpr size_t kUnpackedInMemoryMax = size_t{64} << 20;

// Bytes that came out of an archive: in memory while they are few, else in a temporary file that
// has no name any more and goes with this object.
class Unpacked {
 public:
  Unpacked();
  ~Unpacked();
  Unpacked(Unpacked&&) noexcept;

  // Throws kResourceExhausted when the disk is full.
  void Append(std::string_view bytes);
  size_t size() const { return size_; }
  // All of them, once nothing is appended any more; valid as long as this lives.
  std::string_view bytes();

 private:
  struct File;
  std::string memory_;
  std::unique_ptr<File> file_;
  size_t size_ = 0;
};

// How much one scan may unpack, all archives within archives taken together.
class UnpackBudget {
 public:
  static constexpr uint64_t kBytesMax = uint64_t{8} << 30;
  static constexpr uint64_t kMembersMax = 100'000;
  // What expands more than this is a bomb, once it is large.
  static constexpr uint64_t kExpansionMax = 200;
  static constexpr uint64_t kExpansionCountsFrom = uint64_t{128} << 20;

  // Counts bytes that were unpacked; tells whether that was still allowed.
  bool Take(uint64_t bytes) { return (taken_ += bytes) <= kBytesMax; }
  bool TakeMember() { return ++members_ <= kMembersMax; }
  uint64_t members() const { return members_; }
  static bool IsBomb(uint64_t packed, uint64_t unpacked) {
    return unpacked > kExpansionCountsFrom && unpacked / kExpansionMax > packed;
  }

 private:
  uint64_t taken_ = 0;
  uint64_t members_ = 0;
};

}  // namespace millwright::scan
