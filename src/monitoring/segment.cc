#include "monitoring/segment.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace millwright::monitoring {
namespace {

constexpr std::string_view kMagic = "MWLOG\x01\r\n";
constexpr size_t kHeaderBytes = 9;

// Tables for eight bytes at once: table k is of a byte that k bytes follow.
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr CrcTables MakeCrcTables() {
  CrcTables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xEDB88320U : 0U);
    tables[0][i] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t i = 0; i < 256; ++i) {
      const uint32_t before = tables[k - 1][i];
      tables[k][i] = tables[0][before & 0xFF] ^ (before >> 8);
    }
  }
  return tables;
}

uint32_t Crc32(char kind, std::string_view bytes) {
  static constexpr CrcTables kTables = MakeCrcTables();
  uint32_t crc = 0xFFFFFFFFU;
  const auto add = [&](char c) {
    crc = kTables[0][(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  };
  add(kind);
  while (bytes.size() >= kTables.size()) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    eight ^= crc;
    crc = 0;
    for (size_t k = 0; k < kTables.size(); ++k) {
      crc ^= kTables[kTables.size() - 1 - k][(eight >> (8 * k)) & 0xFF];
    }
    bytes.remove_prefix(kTables.size());
  }
  for (char c : bytes) add(c);
  return ~crc;
}

void AppendUint32(uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

uint32_t ReadUint32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

Error IoError(std::string_view what, const std::filesystem::path& file) {
  const int number = errno;
  const std::string message =
      fmt::format("Cannot {} {}: {}", what, file.string(), std::strerror(number));
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error(full ? Code::kResourceExhausted : Code::kInternal, message);
}

}  // namespace

SegmentWriter::SegmentWriter(const std::filesystem::path& file) : file_(file) {
  descriptor_ = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw IoError("create", file);
  buffer_ = kMagic;
  try {
    Sync();
  } catch (...) {
    close(descriptor_);
    // Else nothing could ever be written under this name, when there is room again.
    unlink(file.c_str());
    throw;
  }
  const int folder = open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

SegmentWriter::~SegmentWriter() {
  close(descriptor_);
}

void SegmentWriter::Append(RecordKind kind, std::string_view bytes) {
  if (bytes.size() > kRecordBytesMax) {
    throw InvalidArgument("A record may have {} bytes; this one has {}", kRecordBytesMax,
                          bytes.size());
  }
  AppendUint32(static_cast<uint32_t>(bytes.size()), buffer_);
  AppendUint32(Crc32(static_cast<char>(kind), bytes), buffer_);
  buffer_ += static_cast<char>(kind);
  buffer_ += bytes;
}

void SegmentWriter::Sync() {
  size_t done = 0;
  const auto undo = [&](std::string_view what) {
    const Error error = IoError(what, file_);
    buffer_.clear();
    if (ftruncate(descriptor_, synced_) == 0) lseek(descriptor_, synced_, SEEK_SET);
    return error;
  };
  while (done < buffer_.size()) {
    const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw undo("write");
    done += static_cast<size_t>(written);
  }
  if (fdatasync(descriptor_) != 0) throw undo("sync");
  synced_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
}

int64_t ReadSegmentBytes(std::string_view bytes,
                         const std::function<void(RecordKind, std::string_view)>& each) {
  if (!bytes.starts_with(kMagic)) return static_cast<int64_t>(bytes.size());
  bytes.remove_prefix(kMagic.size());
  while (bytes.size() >= kHeaderBytes) {
    const size_t length = ReadUint32(bytes);
    const uint32_t crc = ReadUint32(bytes.substr(4));
    const char kind = bytes[8];
    if (length > kRecordBytesMax || bytes.size() - kHeaderBytes < length) break;
    const std::string_view record = bytes.substr(kHeaderBytes, length);
    if (Crc32(kind, record) != crc) break;
    if (kind != static_cast<char>(RecordKind::kPrediction) &&
        kind != static_cast<char>(RecordKind::kOutcome)) {
      break;
    }
    each(static_cast<RecordKind>(kind), record);
    bytes.remove_prefix(kHeaderBytes + length);
  }
  return static_cast<int64_t>(bytes.size());
}

int64_t ReadSegment(const std::filesystem::path& file,
                    const std::function<void(RecordKind, std::string_view)>& each) {
  return ReadSegmentBytes(ReadFile(file), each);
}

}  // namespace millwright::monitoring
