#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analytics/frame_channel.h"
#include "analytics/session_backend.h"
#include "analytics/session_host.h"

namespace millwright::analytics {

// What an answer that is kept whole may take in this process, and a piece of one that is streamed.
inline constexpr size_t kAnswerBytesMax = 64 << 20;
// By what time the child should have ended a statement by itself, beyond its time limit.
inline constexpr int64_t kKillGraceMs = 2'000;
// The limit of a statement is of its own work. Whoever takes its answer piece by piece may take so
// long for all of them, for the process is nobody else's meanwhile.
inline constexpr int64_t kTakingMsMax = 600'000;

// A session in a child process (analytics/session_worker.h). What cannot be done there any more,
// for whatever reason, ends the process.
class RemoteSession final : public SessionBackend {
 public:
  // options.host must be there.
  explicit RemoteSession(const SessionOptions& options);

  void Execute(const std::string& sql) override;
  Table Query(const std::string& sql) override;
  FloatMatrix QueryFloats(const std::string& sql) override;
  void Stream(const std::string& sql, const EachPiece& each) override;
  void StreamNumbers(const std::string& sql, const EachNumbers& each) override;
  std::unique_ptr<AppenderBackend> Append(const std::string& table) override;
  std::vector<Column> Describe(const std::string& sql) override;
  void RequireOneSelect(const std::string& sql) override;
  // Nothing: the child is not asked.
  std::optional<double> Progress() const override { return std::nullopt; }
  // Kills the process.
  void Interrupt() override;

 private:
  friend class RemoteAppender;
  using EachFrame = std::function<void(FrameReader&, FrameKind)>;

  // Where the child may spill, which it cannot clean up when it is killed.
  class SpillFolder {
   public:
    explicit SpillFolder(const SessionOptions& options);
    ~SpillFolder();
    SpillFolder(const SpillFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

   private:
    std::filesystem::path path_;
  };

  // Sends a frame and hands on what comes back until it is done. Throws what the child answers;
  // whatever else is thrown, by `each` too, breaks the session.
  void Ask(FrameKind kind, std::string_view bytes, const EachFrame& each = {});
  // The error that the child answers, if it is one.
  std::optional<Error> ReadAnswer(const EachFrame& each);
  void Look();
  // Calls what takes a piece of an answer, whose time is not the statement's.
  bool Outside(const std::function<bool()>& take);
  void ReadCells(FrameReader& frame, Table* table);
  // Adds what a frame says of an answer; true when as many rows of all columns are there.
  bool ReadTable(FrameReader& frame, FrameKind kind, Table* table);
  [[noreturn]] void Break(const Error& error);
  [[noreturn]] void ChildEnded();

  const SessionOptions options_;
  const SpillFolder spill_folder_;  // goes after the process
  std::unique_ptr<SessionHost::Place> place_;
  FrameChannel channel_;
  int64_t deadline_us_ = 0;
  int64_t outside_us_ = 0;  // that callers took of the answer so far
  std::optional<Error> broken_;
  size_t answer_bytes_ = 0;
};

}  // namespace millwright::analytics
