#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

// A segment is an append-only file of records. It begins with 8 bytes that name the format; a
// record is its length and the CRC-32 of its kind and bytes, each a little-endian uint32, then one
// byte of kind, then the bytes. What was synced before a crash is whole; what follows the last
// whole record is a torn tail, cut off when the file is opened again for reading.
namespace millwright::monitoring {

enum class RecordKind : uint8_t { kPrediction = 'p', kOutcome = 'o' };

inline constexpr size_t kRecordBytesMax = 1 << 20;

// Appends records. Not thread-safe.
class SegmentWriter {
 public:
  // Makes a new file; throws kInternal or, for a full disk, kResourceExhausted.
  explicit SegmentWriter(const std::filesystem::path& file);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Buffers a record; more than kRecordBytesMax bytes throw kInvalidArgument.
  void Append(RecordKind kind, std::string_view bytes);
  // Writes what is buffered and makes it survive a crash. When this throws, the records since the
  // last Sync are taken back, so that the file stays readable.
  void Sync();
  int64_t bytes() const { return synced_ + static_cast<int64_t>(buffer_.size()); }

 private:
  const std::filesystem::path file_;
  int descriptor_ = -1;
  int64_t synced_ = 0;
  std::string buffer_;
};

// Calls `each` for every whole record in order. Returns how many bytes of a torn or damaged tail
// were left out. A file that is no segment gives nothing and counts all of its bytes. Throws
// kNotFound or kInternal when the file cannot be read.
int64_t ReadSegment(const std::filesystem::path& file,
                    const std::function<void(RecordKind, std::string_view)>& each);

// The same over bytes in memory.
int64_t ReadSegmentBytes(std::string_view bytes,
                         const std::function<void(RecordKind, std::string_view)>& each);

}  // namespace millwright::monitoring
