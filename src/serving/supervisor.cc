#include "serving/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"

namespace millwright::serving {
namespace {

constexpr auto kQuietRound = std::chrono::milliseconds(25);
constexpr auto kBusyRound = std::chrono::milliseconds(3);
constexpr auto kHurriedRound = std::chrono::milliseconds(1);
constexpr size_t kSocketNameBytes = 32;
constexpr int64_t kProbeTimeoutMs = 200;
constexpr int64_t kLogTailBytes = 4096;
constexpr int kBackOffDoublingsMax = 20;
// One that died again soon after may harm what it is made of.
constexpr int kSpareDeathsMax = 1;
constexpr int64_t kRestMs = 1'000;  // that one that drains is waited for, to become a spare process

bool SinceMs(int64_t since_us, int64_t ms) {
  return MonotonicUs() - since_us >= ms * 1000;
}

int Processors() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, const Clock& clock, OnNotice notice,
                       std::function<void()> tick)
    : options_(std::move(options)),
      clock_(clock),
      notice_(std::move(notice)),
      tick_(std::move(tick)),
      starts_at_once_(options_.starts_at_once > 0 ? options_.starts_at_once : Processors()),
      socket_dir_(options_.socket_dir),
      spares_({.command = options_.spare_command,
               .log = options_.log_dir / "spare.log",
               .spares_max = options_.spares_max,
               .timeout_ms = options_.spare_timeout_ms,
               .warm_up_ms = options_.spare_warm_up_ms,
               .new_socket = [this] { return NewSocket("spare"); }}) {
  if (socket_dir_.empty() || socket_dir_.string().size() + kSocketNameBytes > kSocketPathBytesMax) {
    socket_dir_ = short_dir_.emplace().path();
  }
  std::filesystem::create_directories(socket_dir_);
  std::filesystem::permissions(socket_dir_, std::filesystem::perms::owner_all);
  std::filesystem::create_directories(options_.log_dir);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Supervisor::~Supervisor() {
  Stop();
}

void Supervisor::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  Wake();
  thread_.join();
}

std::shared_ptr<Replica> Supervisor::Start(ReplicaSpec spec) {
  auto replica = std::make_shared<Replica>(std::move(spec));
  {
    std::lock_guard lock(mutex_);
    Slot& slot = added_.emplace_back();
    slot.replica = replica;
    slot.asked_us = MonotonicUs();
  }
  Wake();
  return replica;
}

void Supervisor::Drain(const std::shared_ptr<Replica>& replica) {
  // Out of the traffic before this returns; a process that is not up yet has none.
  ReplicaState ready = ReplicaState::kReady;
  replica->state_.compare_exchange_strong(ready, ReplicaState::kDraining);
  {
    std::lock_guard lock(mutex_);
    for (auto* list : {&added_, &slots_}) {
      for (Slot& slot : *list) {
        if (slot.replica == replica) slot.drain = true;
      }
    }
  }
  Wake();
}

void Supervisor::Wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void Supervisor::KeepSpares(SpareNeed need) {
  std::lock_guard lock(mutex_);
  spare_need_ = std::move(need);
}

void Supervisor::TendSpares() {
  {
    std::lock_guard lock(mutex_);
    spares_.SetNeed(spare_need_);
  }
  spares_.Tend(!IsSpareToWait());
  spares_count_ = spares_.size();
}

// A replica that starts would wait for the processor; one that ends may become a spare process.
bool Supervisor::IsSpareToWait() {
  const int64_t now_us = MonotonicUs();
  std::lock_guard lock(mutex_);
  if (!added_.empty()) return true;
  return std::any_of(slots_.begin(), slots_.end(), [now_us](const Slot& slot) {
    const bool is_due = slot.phase == Phase::kWaiting && now_us >= slot.start_at_us;
    if (slot.phase < Phase::kDraining) {
      return slot.drain || is_due || slot.phase == Phase::kStarting;
    }
    return slot.phase == Phase::kDraining && !SinceMs(slot.phase_since_us, kRestMs);
  });
}

bool Supervisor::Rest(Slot& slot) {
  const auto info = slot.replica->facts().info;
  if (info == nullptr || info->platform != kSparePlatform) return false;
  if (!spares_.Adopt(slot.process, slot.socket)) return false;
  slot.heartbeat.reset();
  return true;
}

bool Supervisor::WaitsForSpare(const Slot& slot) {
  if (slot.deaths > kSpareDeathsMax || spares_.CountWarm() > 0) return false;
  if (waiting_for_spares_ >= spares_.CountSoonWarm()) return false;
  ++waiting_for_spares_;
  return true;
}

bool Supervisor::WaitsForTurn(const Slot& slot) const {
  if (SinceMs(slot.asked_us, options_.turn_ms)) return false;
  const auto starting = std::count_if(slots_.begin(), slots_.end(), [](const Slot& other) {
    return other.phase == Phase::kStarting;
  });
  return starting >= starts_at_once_;
}

void Supervisor::GiveProcess(Slot& slot) {
  const ReplicaSpec& spec = slot.replica->spec();
  const std::string model =
      fmt::format("{}@{}={}", spec.endpoint, spec.model_version, spec.model_path);
  if (slot.deaths <= kSpareDeathsMax) {
    slot.process = spares_.Take({model, slot.socket.string(), LogOf(slot).string()});
  }
  if (slot.process) {
    ++starts_of_spares_;
    return;
  }
  ProcessSpec process{.arguments = options_.replica_command, .output_file = LogOf(slot)};
  process.arguments.insert(process.arguments.end(), {model, "--socket", slot.socket.string()});
  slot.process.emplace(process);
  ++starts_of_new_;
}

void Supervisor::Run(const std::stop_token& stop) {
  NameThisThread("supervisor");
  while (!stop.stop_requested()) {
    {
      std::lock_guard lock(mutex_);
      slots_.splice(slots_.end(), added_);
    }
    std::list<Slot> finished;
    waiting_for_spares_ = 0;
    for (auto it = slots_.begin(); it != slots_.end();) {
      const auto next = std::next(it);
      if (Step(*it)) {
        std::lock_guard lock(mutex_);
        finished.splice(finished.end(), slots_, it);
      }
      it = next;
    }
    for (const Slot& slot : finished) notice_(slot.replica, ReplicaNotice::kStopped);
    tick_();
    TendSpares();
    const auto round = IsQuiet() ? kQuietRound : IsInHurry() ? kHurriedRound : kBusyRound;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, round, [&] { return woken_ || stop.stop_requested(); });
    woken_ = false;
  }
  StopAll();
}

bool Supervisor::IsQuiet() {
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.phase == Phase::kRunning && slot.replica->state() == ReplicaState::kReady;
  });
}

bool Supervisor::IsInHurry() {
  std::lock_guard lock(mutex_);
  const auto hurries = [](const Slot& slot) {
    return (slot.phase == Phase::kWaiting || slot.phase == Phase::kStarting) &&
           !SinceMs(slot.asked_us, kHurryMs);
  };
  return std::any_of(added_.begin(), added_.end(), hurries) ||
         std::any_of(slots_.begin(), slots_.end(), hurries);
}

void Supervisor::EnterPhase(Slot& slot, Phase phase) {
  std::lock_guard lock(mutex_);  // others ask whether it is in a hurry
  slot.phase = phase;
  slot.phase_since_us = MonotonicUs();
}

bool Supervisor::Step(Slot& slot) {
  bool drain = false;
  {
    std::lock_guard lock(mutex_);
    drain = slot.drain;
  }
  if (drain && slot.phase < Phase::kDraining) BeginDrain(slot);
  switch (slot.phase) {
    case Phase::kWaiting:
      if (MonotonicUs() >= slot.start_at_us && !WaitsForTurn(slot) && !WaitsForSpare(slot)) {
        StartProcess(slot);
      }
      return false;
    case Phase::kStarting:
      StepStarting(slot);
      return false;
    case Phase::kRunning:
      StepRunning(slot);
      return false;
    case Phase::kDraining:
      if (slot.replica->outstanding() == 0 || SinceMs(slot.phase_since_us, options_.drain_ms)) {
        const bool rests = slot.replica->outstanding() == 0 && Rest(slot);
        if (!rests && slot.process) slot.process->Signal(SIGTERM);
        EnterPhase(slot, Phase::kStopping);
      }
      return false;
    case Phase::kStopping:
      return StepStopping(slot);
  }
  return false;
}

std::filesystem::path Supervisor::NewSocket(std::string_view extension) {
  return socket_dir_ / fmt::format("{}-{}.{}", getpid(), ++sockets_made_, extension);
}

std::filesystem::path Supervisor::LogOf(const Slot& slot) const {
  return options_.log_dir / (slot.replica->spec().id + ".log");
}

void Supervisor::StartProcess(Slot& slot) {
  Replica& replica = *slot.replica;
  slot.socket = NewSocket("sock");
  std::error_code ignored;  // the file is absent at first
  slot.log_start = std::filesystem::file_size(LogOf(slot), ignored);
  if (ignored) slot.log_start = 0;
  try {
    GiveProcess(slot);
  } catch (const Error& error) {
    Lose(slot, ReplicaNotice::kStartFailed, error.message());
    return;
  }
  {
    std::lock_guard lock(replica.mutex_);
    replica.client_ = std::make_shared<ReplicaClient>(slot.socket, options_.request_timeout_ms);
    replica.facts_.pid = slot.process->pid();
    replica.facts_.started_ms = clock_.NowMs();
  }
  replica.SetState(ReplicaState::kStarting);
  EnterPhase(slot, Phase::kStarting);
}

// Never waits for long: a process that was stopped still has connections accepted by the kernel.
std::optional<Result<ModelInfo>> Supervisor::Probe(const Slot& slot) {
  return ReplicaClient(slot.socket, kProbeTimeoutMs).Describe(slot.replica->spec().endpoint);
}

void Supervisor::StepStarting(Slot& slot) {
  if (const auto status = slot.process->Poll()) {
    const std::string line = LastLogLine(slot);
    Lose(slot, ReplicaNotice::kStartFailed,
         line.empty() ? fmt::format("The replica ended with status {}", status->code) : line);
    return;
  }
  if (SinceMs(slot.phase_since_us, options_.start_timeout_ms)) {
    slot.process->Signal(SIGKILL);
    slot.process->Wait();
    Lose(slot, ReplicaNotice::kStartFailed,
         fmt::format("The replica was not ready within {} ms", options_.start_timeout_ms));
    return;
  }
  Replica& replica = *slot.replica;
  const auto described = Probe(slot);
  if (!described || !*described) return;
  {
    std::lock_guard lock(replica.mutex_);
    replica.facts_.info = std::make_shared<const ModelInfo>(**described);
    replica.facts_.failed_starts = 0;
    replica.facts_.reason.clear();
  }
  slot.heartbeat.emplace(slot.socket);
  slot.lease_until_us = MonotonicUs() + options_.lease_ms * 1000;
  EnterPhase(slot, Phase::kRunning);
  replica.health.Restarted();
  replica.SetState(ReplicaState::kReady);
  notice_(slot.replica, ReplicaNotice::kReady);
}

void Supervisor::StepRunning(Slot& slot) {
  if (const auto status = slot.process->Poll()) {
    Lose(slot, ReplicaNotice::kDied,
         status->signal != 0 ? fmt::format("The replica was ended by signal {}", status->signal)
                             : fmt::format("The replica ended with status {}", status->code));
    return;
  }
  const int64_t now_us = MonotonicUs();
  if (now_us >= slot.beat_at_us) {
    if (slot.heartbeat->Beat()) slot.lease_until_us = now_us + options_.lease_ms * 1000;
    slot.beat_at_us = now_us + options_.heartbeat_ms * 1000;
  }
  if (now_us > slot.lease_until_us) {
    slot.process->Signal(SIGKILL);
    slot.process->Wait();
    Lose(slot, ReplicaNotice::kDied,
         fmt::format("The replica did not renew its lease for {} ms", options_.lease_ms));
    return;
  }
  Replica& replica = *slot.replica;
  if (replica.state() != ReplicaState::kFailed) return;
  // A connection broke, yet the process lives: it gets requests again if a new connection works.
  const auto described = Probe(slot);
  if (!described || !*described) return;
  replica.SetState(ReplicaState::kReady);
  notice_(slot.replica, ReplicaNotice::kReady);
}

void Supervisor::Lose(Slot& slot, ReplicaNotice notice, const std::string& reason) {
  Replica& replica = *slot.replica;
  replica.SetState(ReplicaState::kFailed);
  if (notice == ReplicaNotice::kDied && SinceMs(slot.phase_since_us, options_.healthy_ms)) {
    slot.deaths = 0;
  }
  const int64_t back_off_ms =
      slot.deaths == 0
          ? 0
          : std::min(options_.back_off_max_ms,
                     options_.back_off_min_ms << std::min(slot.deaths - 1, kBackOffDoublingsMax));
  ++slot.deaths;
  slot.start_at_us = MonotonicUs() + back_off_ms * 1000;
  slot.heartbeat.reset();
  slot.process.reset();
  std::error_code ignored;  // a process that never listened left no socket
  std::filesystem::remove(slot.socket, ignored);
  {
    std::lock_guard lock(replica.mutex_);
    replica.facts_.pid = 0;
    replica.facts_.reason = reason;
    if (notice == ReplicaNotice::kStartFailed) ++replica.facts_.failed_starts;
  }
  EnterPhase(slot, Phase::kWaiting);
  Log(LogLevel::kWarning, "serving", "a replica was lost",
      {{"replica", replica.spec().id}, {"reason", reason}});
  notice_(slot.replica, notice);
}

void Supervisor::BeginDrain(Slot& slot) {
  // Not with a process that is not up yet: nobody waits for it.
  const bool running = slot.phase == Phase::kRunning;
  slot.replica->SetState(ReplicaState::kDraining);
  if (!running && slot.process) slot.process->Signal(SIGTERM);
  EnterPhase(slot, running ? Phase::kDraining : Phase::kStopping);
}

bool Supervisor::StepStopping(Slot& slot) {
  if (slot.process && !slot.process->Poll()) {
    if (!SinceMs(slot.phase_since_us, options_.stop_grace_ms)) return false;
    slot.process->Signal(SIGKILL);
    slot.process->Wait();
  }
  slot.process.reset();
  std::error_code ignored;  // the process removes its socket itself when it ends well
  std::filesystem::remove(slot.socket, ignored);
  {
    std::lock_guard lock(slot.replica->mutex_);
    slot.replica->facts_.pid = 0;
  }
  slot.replica->SetState(ReplicaState::kStopped);
  return true;
}

void Supervisor::StopAll() {
  spares_.Clear();
  for (Slot& slot : slots_) {
    slot.replica->SetState(ReplicaState::kDraining);
    if (slot.process) slot.process->Signal(SIGTERM);
    EnterPhase(slot, Phase::kStopping);
  }
  for (Slot& slot : slots_) {
    if (slot.process) slot.process->Stop(options_.stop_grace_ms);
    StepStopping(slot);
  }
}

std::string Supervisor::LastLogLine(const Slot& slot) const {
  std::ifstream file(LogOf(slot), std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<int64_t>(file.tellg());
  file.seekg(std::max(static_cast<int64_t>(slot.log_start), size - kLogTailBytes));
  std::string line;
  std::string last;
  while (std::getline(file, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace millwright::serving
