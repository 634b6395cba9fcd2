#pragma once

#include <cstdint>
#include <string>

#include "analytics/session.h"

// The other end of a session that lives in a child process.
namespace millwright::analytics {

// What DuckDB's processes need besides what it counts: code, stacks, buffers of files.
inline constexpr uint64_t kUncountedBytesMax = 256 << 20;
// The largest file that a child may write: an export, or a part of what is spilled.
inline constexpr uint64_t kWrittenFileBytesMax = 64ULL << 30;

enum class AppendedCell : uint8_t {
  kNull,
  kBool,
  kInteger,
  kUnsigned,
  kFloat,
  kDouble,
  kText,
  kEndRow
};

// Names the session to open, and what the process may take in all.
std::string EncodeOpening(const SessionOptions& options, uint64_t memory_bytes_max);

// Opens the session that the other end of `socket` asks for and answers it until it is gone. From
// then on the process may not call anybody, start a program or write large files, and the system
// bounds its memory and the processor time of each statement. To be the whole of a process.
void RunSessionWorker(int socket);

}  // namespace millwright::analytics
