#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "cli/client.h"
#include "tensorboard/event_file_tail.h"

namespace millwright::cli {

// Follows a folder of TensorBoard event files into an experiment: each folder that holds event
// files is one run, named by its path as TensorBoard names it. A run is found again by a tag made
// of this machine's name and the folder, and the server remembers how far each file was read, so
// that following may be broken off anywhere and begun again. Not thread-safe.
class LogFolder {
 public:
  // Called with what began: a run's name and its id.
  using OnRun = std::function<void(const std::string& name, const std::string& run_id)>;
  // Tells whether to break off between two pieces.
  using Stopped = std::function<bool()>;

  LogFolder(Client& client, std::filesystem::path folder, std::string experiment_id, OnRun on_run,
            Stopped stopped);

  // Reads what is new, in all files. Returns how many records that were. Throws kUnavailable when
  // the server does not answer; the call may be repeated then.
  int64_t Advance();
  // Ends the runs that were written to: finished, or failed where the log says so.
  void Finish();

  size_t run_count() const { return runs_.size(); }
  // Files that cannot be read on, with the reason.
  std::map<std::string, std::string> Problems() const;

 private:
  struct FollowedRun {
    std::string id;
    bool is_open = false;  // is marked running on the server
    bool has_failed = false;
    std::map<std::string, tensorboard::EventFileTail> tails;  // by file name
  };

  FollowedRun& FindRun(const tensorboard::EventFolder& folder);
  std::string CreateRun(const tensorboard::EventFolder& folder, const std::string& source);
  std::map<std::string, uint64_t> Offsets(const std::string& run_id);
  int64_t AdvanceFile(FollowedRun* run, const std::string& name, tensorboard::EventFileTail* tail);
  tensorboard::TakenPiece Send(FollowedRun* run, const std::string& name, uint64_t offset,
                               std::string_view bytes);
  void Open(FollowedRun* run);

  Client& client_;
  const std::filesystem::path folder_;
  const std::string experiment_id_;
  const OnRun on_run_;
  const Stopped stopped_;
  std::map<std::string, FollowedRun> runs_;  // by the folder's name
};

}  // namespace millwright::cli
