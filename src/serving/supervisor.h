#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "serving/replica.h"
#include "serving/spare_pool.h"

namespace millwright::serving {

// How long others leave the machine to a new replica.
inline constexpr int64_t kHurryMs = 200;

struct SupervisorOptions {
  // The program and its first words; `NAME@VERSION=PATH --socket SOCKET` is appended.
  std::vector<std::string> replica_command;
  // The same for a spare process; `--socket SOCKET --warm-up PATH` is appended. Empty: no spares.
  std::vector<std::string> spare_command = {};
  std::filesystem::path socket_dir;  // made if absent; a temporary one where the path is too long
  std::filesystem::path log_dir;     // one file a replica
  int64_t start_timeout_ms = 60'000;
  int64_t request_timeout_ms = 60'000;
  int64_t lease_ms = 10'000;  // without an answer to a ping; then the process is killed
  int64_t heartbeat_ms = 500;
  int64_t drain_ms = 30'000;      // that requests at work may take before SIGTERM
  int64_t stop_grace_ms = 5'000;  // between SIGTERM and SIGKILL
  int64_t back_off_min_ms = 100;  // before the second restart in a row; the first is at once
  int64_t back_off_max_ms = 10'000;
  int spares_max = kSparesMax;
  int64_t spare_timeout_ms = 100;    // that a spare process may take to say that it takes an order
  int64_t spare_warm_up_ms = 1'000;  // that a replica waits for one that is not warm yet, at most
  int64_t healthy_ms = 30'000;       // of life after which a death starts a new row
  int starts_at_once = 0;            // replicas that load their models; 0: one a processor
  int64_t turn_ms = kHurryMs;        // that a replica waits for its turn, at most
};

enum class ReplicaNotice { kReady, kDied, kStartFailed, kStopped };

// Starts, watches and stops the replica processes, all on one thread: the kernel kills a child when
// the thread that made it ends, so that thread lives as long as the server. A replica that dies is
// started again with back-off. A missed lease is what declares a process dead that still exists.
class Supervisor {
 public:
  // Both callbacks run on the supervisor's thread: `notice` after a replica changed, `tick` after
  // every round.
  using OnNotice = std::function<void(const std::shared_ptr<Replica>&, ReplicaNotice)>;
  Supervisor(SupervisorOptions options, const Clock& clock, OnNotice notice,
             std::function<void()> tick);
  ~Supervisor();
  // Stops all replicas and the thread; no callback comes after it.
  void Stop();

  // Starts a replica and looks after it until Drain.
  std::shared_ptr<Replica> Start(ReplicaSpec spec);
  // Takes it out of the traffic at once, ends it when its requests are done.
  void Drain(const std::shared_ptr<Replica>& replica);
  // Makes the next round come now.
  void Wake();
  // Whether a replica that was asked for less than kHurryMs ago is not ready yet: a request may
  // wait for it, and what would compete with it for the machine can wait.
  bool IsInHurry();
  // Keeps processes that are warm to become the next replicas that are started, spares_max at most.
  // They were replicas and are needed no more, or else are new ones, which are made one by one when
  // nothing else starts.
  void KeepSpares(SpareNeed need);
  // Of the replicas that were started, those made of a spare process, and the others.
  int64_t starts_of_spares() const { return starts_of_spares_.load(); }
  int64_t starts_of_new() const { return starts_of_new_.load(); }
  // How many spare processes there are.
  int64_t spares() const { return spares_count_.load(); }

 private:
  enum class Phase { kWaiting, kStarting, kRunning, kDraining, kStopping };
  struct Slot {
    std::shared_ptr<Replica> replica;
    Phase phase = Phase::kWaiting;
    bool drain = false;  // asked for; guarded by mutex_
    std::optional<ChildProcess> process;
    std::optional<Heartbeat> heartbeat;
    std::filesystem::path socket;
    std::uintmax_t log_start = 0;
    int64_t asked_us = 0;  // when Start was called
    int64_t phase_since_us = 0;
    int64_t start_at_us = 0;
    int64_t beat_at_us = 0;
    int64_t lease_until_us = 0;
    int deaths = 0;  // in a row
  };

  void Run(const std::stop_token& stop);
  void TendSpares();
  // Whether a replica starts or ends, so that a spare process is not to be made now.
  bool IsSpareToWait();
  // Makes the process of a replica that is drained a spare one, where it can be.
  bool Rest(Slot& slot);
  // Whether a spare process is there for this slot, or for the others that wait, sooner than a new
  // one would be; each is waited for by one slot in a round.
  bool WaitsForSpare(const Slot& slot);
  // Whether as many replicas load their models as there are processors: all of them would be ready
  // late if they shared the processors, and this one not sooner than it is in its turn.
  bool WaitsForTurn(const Slot& slot) const;
  // Makes a process this slot's, of a spare one where there is one.
  void GiveProcess(Slot& slot);
  // Each moves one slot on by what has happened; true when the slot is done with.
  bool Step(Slot& slot);
  void StartProcess(Slot& slot);
  static std::optional<Result<ModelInfo>> Probe(const Slot& slot);
  void StepStarting(Slot& slot);
  void StepRunning(Slot& slot);
  bool StepStopping(Slot& slot);
  void BeginDrain(Slot& slot);
  void Lose(Slot& slot, ReplicaNotice notice, const std::string& reason);
  void EnterPhase(Slot& slot, Phase phase);
  bool IsQuiet();
  void StopAll();
  // A path in the folder of sockets that nobody has used.
  std::filesystem::path NewSocket(std::string_view extension);
  std::filesystem::path LogOf(const Slot& slot) const;
  std::string LastLogLine(const Slot& slot) const;

  const SupervisorOptions options_;
  const Clock& clock_;
  const OnNotice notice_;
  const std::function<void()> tick_;
  const int starts_at_once_;
  std::optional<TempDir> short_dir_;
  std::filesystem::path socket_dir_;
  int64_t sockets_made_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  SpareNeed spare_need_;
  std::list<Slot> added_;       // by Start, until the next round
  std::list<Slot> slots_;       // changed by the thread alone; under mutex_ where others look
  SparePool spares_;            // of the thread
  int waiting_for_spares_ = 0;  // slots in this round
  std::atomic<int64_t> starts_of_spares_ = 0;
  std::atomic<int64_t> starts_of_new_ = 0;
  std::atomic<int64_t> spares_count_ = 0;
  std::jthread thread_;
};

}  // namespace millwright::serving
