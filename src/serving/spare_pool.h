#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"

namespace millwright::serving {

struct ReplicaOrder;

// Spare processes where nothing else is said: some 30 MB each, and only where so many endpoints
// sleep, whose replicas took more.
inline constexpr int kSparesMax = 4;

// The platform of models for which processes are kept warm.
inline constexpr std::string_view kSparePlatform = "onnxruntime_onnx";

// What spare processes are there for.
struct SpareNeed {
  int count = 0;                  // replicas that may be asked for at one moment
  std::filesystem::path warm_up;  // a model like theirs, a file or folder; empty: nothing is kept
};

struct SparePoolOptions {
  // The program and its first words; `--socket SOCKET --warm-up PATH` is appended. Empty: no pool.
  std::vector<std::string> command;
  std::filesystem::path log;
  int spares_max = 0;
  int64_t timeout_ms = 100;      // that they may take to say that they take an order
  int64_t warm_up_ms = 1'000;    // that a replica waits for one that is not warm yet, at most
  int64_t surplus_ms = 60'000;   // that more than are needed are kept
  int64_t back_off_ms = 10'000;  // before the next is begun after one that ended by itself
  std::function<std::filesystem::path()> new_socket;  // a path that nobody has used
};

// Processes that are warm for a kind of model and wait to be told which replica to become. One is
// a replica's that is needed no more, where there is room, or else a new one; those are begun one
// after another. What is more than the need stays for surplus_ms, so that endpoints that sleep and
// wake by turns begin no process. Not thread-safe: the supervisor's thread has it.
class SparePool {
 public:
  explicit SparePool(SparePoolOptions options);

  void SetNeed(SpareNeed need);
  // Looks after them: ends those that hang and those that are too many, begins one that is missing
  // if `may_begin`. For every round.
  void Tend(bool may_begin);
  // Ends all.
  void Clear();

  // All of them; the last is the first to serve again.
  std::vector<pid_t> pids() const;
  int64_t size() const { return static_cast<int64_t>(spares_.size()); }
  // How many take an order now.
  int CountWarm() const;
  // How many take one now or will sooner than a new process would be ready.
  int CountSoonWarm();
  // Makes one the replica of this order; nothing when none has taken it in time.
  std::optional<ChildProcess> Take(const ReplicaOrder& order);
  // Lets a replica's process, which listens on `socket`, rest here, in the place of one that has
  // not served yet where all are taken; where there is no room for it or it does not answer the
  // process stays the caller's, and false is returned.
  bool Adopt(std::optional<ChildProcess>& process, const std::filesystem::path& socket);

 private:
  struct Spare {
    ChildProcess process;
    std::filesystem::path socket;  // is there once it takes an order
    int64_t since_us = 0;
    bool is_warm = false;
    bool has_served = false;
  };
  using Spares = std::list<Spare>;

  int Kept() const;
  static bool IsWarm(const Spare& spare);
  bool IsOver(Spare& spare) const;
  Spares::iterator Remove(Spares::iterator spare);
  void EndSurplus();
  void Begin();

  const SparePoolOptions options_;
  SpareNeed need_;
  Spares spares_;  // those that served last are at the end, and are the first to serve again
  int64_t begin_at_us_ = 0;  // not before
  int64_t surplus_since_us_ = -1;
};

}  // namespace millwright::serving
