#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

// What a session in a child process and its owner say to one another: frames over a socket, in the
// machine's own byte order, for both ends are the same program.
namespace millwright::analytics {

// A value that the other end may send, and so the longest text in an answer.
inline constexpr size_t kFrameBytesMax = 32 << 20;

enum class FrameKind : uint8_t {
  // The owner asks; each but kStop is answered by kDone or kError.
  kOpen,              // what LocalSession is to be
  kExecute,           // SQL
  kStream,            // SQL; answered by kColumns, then kCells a column and kPiece, again and again
  kStreamNumbers,     // SQL; answered by kNumbers
  kQueryFloats,       // SQL; answered by kColumns, then kFloats
  kDescribe,          // SQL; answered by kColumns
  kRequireOneSelect,  // SQL
  kAppendTo,          // a table
  kAppendCells,
  kAppendClose,
  kStop,  // no more of what is being streamed; ignored when nothing is
  // The child answers.
  kColumns,
  kCells,
  kPiece,
  kNumbers,
  kFloats,
  kDone,
  kError,
};
inline constexpr FrameKind kFrameKindLast = FrameKind::kError;

struct Frame {
  FrameKind kind = FrameKind::kDone;
  std::string bytes;
};

// One end of the socket, which it does not own. Used by one thread at a time.
class FrameChannel {
 public:
  // Where one has to wait for the other end, `look` is called every kLookMs; it may throw.
  explicit FrameChannel(int fd, std::function<void()> look = {});

  // Both return false, or nothing, when the other end is gone. Send throws kResourceExhausted for a
  // frame above kFrameBytesMax, Receive kInternal for what is no frame.
  bool Send(FrameKind kind, std::string_view bytes);
  std::optional<Frame> Receive();
  // Whether Receive would not wait.
  bool HasInput() const;

 private:
  static constexpr int kLookMs = 50;

  bool SendAll(std::string_view bytes);
  bool ReceiveAll(char* out, size_t size);
  void WaitFor(short events) const;

  int fd_;
  std::function<void()> look_;
};

class FrameWriter {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void PutText(std::string_view text) {
    Put(static_cast<uint64_t>(text.size()));
    bytes_.append(text);
  }
  void PutTexts(const std::vector<std::string>& texts) {
    Put(static_cast<uint64_t>(texts.size()));
    for (const std::string& text : texts) PutText(text);
  }
  void PutRaw(const void* data, size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

// Throws kInternal where a frame is shorter than what is read of it.
class FrameReader {
 public:
  explicit FrameReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T Get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    __builtin_memcpy(&value, GetRaw(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view GetText() { return GetRaw(Get<uint64_t>()); }
  std::vector<std::string> GetTexts() {
    std::vector<std::string> texts;
    for (uint64_t left = Get<uint64_t>(); left > 0; --left) texts.emplace_back(GetText());
    return texts;
  }
  std::string_view GetRaw(uint64_t size) {
    if (size > bytes_.size()) throw Internal("The process of a session sent a frame that is cut");
    const std::string_view raw = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return raw;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace millwright::analytics
