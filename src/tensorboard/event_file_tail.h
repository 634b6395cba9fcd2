#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tensorboard/event_ingest.h"

namespace millwright::tensorboard {

// Tells an event file by its name, as TensorBoard does.
bool IsEventFileName(std::string_view name);

// A folder that holds event files itself; TensorBoard calls that a run.
struct EventFolder {
  std::string name;                // relative to where the search began; empty for that itself
  std::vector<std::string> files;  // names, in the order in which they were begun
};
inline constexpr int kFolderDepthMax = 16;
inline constexpr size_t kFolderEntriesMax = 200'000;
// Finds the folders below `root` that hold event files, by name. Symbolic links to folders are not
// followed, what cannot be read is passed over.
std::vector<EventFolder> FindEventFolders(const std::filesystem::path& root);

// Follows one growing event file and hands on what is new of it. Not thread-safe.
class EventFileTail {
 public:
  // Takes the bytes at an offset, as EventIngest::Take.
  using Take = std::function<TakenPiece(uint64_t offset, std::string_view bytes)>;

  // `offset` is how far the file has been taken.
  EventFileTail(std::filesystem::path path, uint64_t offset)
      : path_(std::move(path)), offset_(offset) {}

  // Hands on the records that are whole by now, a piece of at most kRecordBytesMax at a time. A
  // file that became shorter, or begins otherwise than it did, was written anew and is begun again;
  // one that is gone or damaged is left alone. Returns how many records were taken. Throws what
  // `take` throws; the call may be repeated then.
  int64_t Advance(const Take& take);

  const std::filesystem::path& path() const { return path_; }
  uint64_t offset() const { return offset_; }
  // After a kAborted: where the file's mark really is.
  void set_offset(uint64_t offset) { offset_ = offset; }
  const std::string& problem() const { return problem_; }

 private:
  // Whether the file begins otherwise than when this was last asked.
  bool IsAnotherFile(uint64_t size);

  const std::filesystem::path path_;
  uint64_t offset_;
  uint64_t size_seen_ = 0;
  std::string head_;  // the file's first bytes, in which the time of its beginning stands
  uint64_t wanted_ = 1;
  bool awaits_skipped_ = false;  // a record that is stepped over is not written to its end yet
  std::string problem_;
};

}  // namespace millwright::tensorboard
