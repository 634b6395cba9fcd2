#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::http {

// Blocking reads and writes on a non-blocking socket, for lane and stream threads while the
// connection's coroutine is suspended: no hop to the I/O thread for each piece.

enum class IoStatus { kOk, kClosed, kTimeout };

struct ReadResult {
  IoStatus status;
  size_t bytes = 0;  // 0 with kOk never happens
};
// Waits for bytes, at most `timeout_ms`. `*waited_us` grows by the time spent waiting.
ReadResult ReadSome(int fd, char* buffer, size_t size, int64_t timeout_ms, int64_t* waited_us);

// Whether bytes of the same answer follow at once (they share a packet then) or not.
enum class More { kNo, kYes };
// Writes all bytes; each wait for the client to take some lasts at most `timeout_ms`.
IoStatus WriteAll(int fd, std::string_view bytes, More more, int64_t timeout_ms);

// Writes `length` bytes of a file from `offset` on, without copying them through this process.
IoStatus SendFile(int fd, int file_fd, uint64_t offset, uint64_t length, int64_t timeout_ms);

// Writes without waiting; returns how many bytes went out, or -1 when the connection is gone.
ptrdiff_t TryWrite(int fd, std::string_view bytes, More more);

// Opens a listening socket, non-blocking. Throws kUnavailable naming host and port.
int Listen(const std::string& host, int port);
int BoundPort(int fd);

}  // namespace millwright::http
