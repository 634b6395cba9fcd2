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
constexpr int64_t kSpareBackOffUs = 10'000'000;  // after a spare that ended by itself
constexpr int64_t kSpareWarmUpMsMax = 1'000;     // that a replica waits for a spare at most
constexpr int64_t kSpareHungMs = 10'000;         // one that is not warm by then never will be

bool SinceMs(int64_t since_us, int64_t ms) {
  return MonotonicUs() - since_us >= ms * 1000;
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, const Clock& clock, OnNotice notice,
                       std::function<void()> tick)
    : options_(std::move(options)),
      clock_(clock),
      notice_(std::move(notice)),
      tick_(std::move(tick)),
      socket_dir_(options_.socket_dir) {
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

void Supervisor::KeepSpare(const std::filesystem::path& warm_up) {
  std::lock_guard lock(mutex_);
  spare_wanted_ = warm_up;
}

void Supervisor::TendSpare() {
  if (options_.spare_command.empty()) return;
  std::filesystem::path wanted;
  {
    std::lock_guard lock(mutex_);
    wanted = spare_wanted_;
  }
  const int64_t now_us = MonotonicUs();
  const bool is_hung = SinceMs(spare_.started_us, kSpareHungMs) && !IsSpareWarm();
  if (spare_.process && (wanted.empty() || is_hung || spare_.process->Poll())) {
    spare_.process.reset();
    std::error_code ignored;  // it may never have listened
    std::filesystem::remove(spare_.socket, ignored);
    spare_.start_at_us = now_us + kSpareBackOffUs;
  }
  if (wanted.empty() || spare_.process || now_us < spare_.start_at_us || IsSpareToWait()) return;
  spare_.socket = socket_dir_ / fmt::format("{}-{}.spare", getpid(), ++sockets_made_);
  ProcessSpec process{.arguments = options_.spare_command,
                      .output_file = options_.log_dir / "spare.log"};
  process.arguments.insert(process.arguments.end(),
                           {"--socket", spare_.socket.string(), "--warm-up", wanted.string()});
  try {
    spare_.process.emplace(process);
    spare_.started_us = now_us;
  } catch (const Error& error) {
    spare_.start_at_us = now_us + kSpareBackOffUs;
    Log(LogLevel::kWarning, "serving", "cannot start a spare process",
        {{"reason", error.message()}});
  }
}

// A replica that starts would wait for the processor; one that ends may become the spare process.
bool Supervisor::IsSpareToWait() {
  std::lock_guard lock(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    const bool drains =
        slot.phase == Phase::kDraining || (slot.drain && slot.phase < Phase::kDraining);
    return slot.phase == Phase::kStarting || slot.phase == Phase::kWaiting ||
           (drains && !SinceMs(slot.phase_since_us, kSpareWarmUpMsMax));
  });
}

bool Supervisor::Rest(Slot& slot) {
  std::filesystem::path wanted;
  {
    std::lock_guard lock(mutex_);
    wanted = spare_wanted_;
  }
  const auto info = slot.replica->facts().info;
  if (options_.spare_command.empty() || wanted.empty() || IsSpareWarm() || !slot.process ||
      info == nullptr || info->platform != kSparePlatform) {
    return false;
  }
  const std::filesystem::path rest =
      socket_dir_ / fmt::format("{}-{}.spare", getpid(), ++sockets_made_);
  const Socket socket = ConnectTo(slot.socket, options_.spare_timeout_ms);
  Frame answer;
  const bool is_told =
      socket.open() && WriteAll(socket, EncodeRest(rest.string())) == Transfer::kDone &&
      ReadFrame(socket, &answer) == Transfer::kDone && answer.kind == FrameKind::kPong;
  if (!is_told) return false;
  // Replaces one that is not warm yet, and would be so later.
  spare_ = Spare{.process = std::move(slot.process),
                 .socket = rest,
                 .warm_up = wanted,
                 .started_us = MonotonicUs()};
  slot.process.reset();
  slot.heartbeat.reset();
  return true;
}

bool Supervisor::IsSpareSoonWarm() {
  if (!spare_.process || SinceMs(spare_.started_us, kSpareWarmUpMsMax)) return false;
  return !IsSpareWarm() && !spare_.process->Poll();
}

bool Supervisor::IsSpareWarm() const {
  std::error_code absent;
  return spare_.process && std::filesystem::exists(spare_.socket, absent);
}

bool Supervisor::TakeSpare(Slot& slot, const std::string& model) {
  if (!spare_.process) return false;
  const Socket socket = ConnectTo(spare_.socket, options_.spare_timeout_ms);
  if (!socket.open()) return false;  // it is not warm yet
  const std::string order = EncodeBecome({model, slot.socket.string(), LogOf(slot).string()});
  Frame answer;
  const bool taken = WriteAll(socket, order) == Transfer::kDone &&
                     ReadFrame(socket, &answer) == Transfer::kDone &&
                     answer.kind == FrameKind::kPong;
  if (taken) slot.process = std::move(spare_.process);
  spare_.process.reset();
  return taken;
}

void Supervisor::Run(const std::stop_token& stop) {
  NameThisThread("supervisor");
  while (!stop.stop_requested()) {
    {
      std::lock_guard lock(mutex_);
      slots_.splice(slots_.end(), added_);
    }
    std::list<Slot> finished;
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
    TendSpare();
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
      if (MonotonicUs() >= slot.start_at_us && !IsSpareSoonWarm()) StartProcess(slot);
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

std::filesystem::path Supervisor::LogOf(const Slot& slot) const {
  return options_.log_dir / (slot.replica->spec().id + ".log");
}

void Supervisor::StartProcess(Slot& slot) {
  Replica& replica = *slot.replica;
  slot.socket = socket_dir_ / fmt::format("{}-{}.sock", getpid(), ++sockets_made_);
  std::error_code ignored;  // the file is absent at first
  slot.log_start = std::filesystem::file_size(LogOf(slot), ignored);
  if (ignored) slot.log_start = 0;
  const ReplicaSpec& spec = replica.spec();
  const std::string model =
      fmt::format("{}@{}={}", spec.endpoint, spec.model_version, spec.model_path);
  ProcessSpec process{.arguments = options_.replica_command, .output_file = LogOf(slot)};
  process.arguments.insert(process.arguments.end(), {model, "--socket", slot.socket.string()});
  try {
    if (!TakeSpare(slot, model)) slot.process.emplace(process);
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
  spare_.process.reset();
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
