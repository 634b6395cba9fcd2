#include "serving/spare_pool.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "serving/frame.h"
#include "serving/unix_socket.h"

namespace millwright::serving {
namespace {

constexpr int64_t kHungMs = 10'000;  // one that is not warm by then never will be

bool SinceMs(int64_t since_us, int64_t ms) {
  return MonotonicUs() - since_us >= ms * 1000;
}

bool Exists(const std::filesystem::path& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent);
}

// Sends one message and waits until it is taken.
bool Tell(const std::filesystem::path& path, const std::string& frame, int64_t timeout_ms) {
  const Socket socket = ConnectTo(path, timeout_ms);
  Frame answer;
  return socket.open() && WriteAll(socket, frame) == Transfer::kDone &&
         ReadFrame(socket, &answer) == Transfer::kDone && answer.kind == FrameKind::kPong;
}

}  // namespace

SparePool::SparePool(SparePoolOptions options) : options_(std::move(options)) {}

void SparePool::SetNeed(SpareNeed need) {
  need_ = std::move(need);
}

int SparePool::Kept() const {
  if (options_.command.empty() || need_.warm_up.empty()) return 0;
  return std::min(need_.count, options_.spares_max);
}

// Looked for only until it was seen once.
bool SparePool::IsWarm(const Spare& spare) {
  return spare.is_warm || Exists(spare.socket);
}

bool SparePool::IsOver(Spare& spare) const {
  return spare.process.Poll() || (!spare.is_warm && SinceMs(spare.since_us, kHungMs));
}

SparePool::Spares::iterator SparePool::Remove(Spares::iterator spare) {
  std::error_code ignored;  // it may never have listened
  std::filesystem::remove(spare->socket, ignored);
  return spares_.erase(spare);
}

void SparePool::Clear() {
  while (!spares_.empty()) Remove(spares_.begin());
}

void SparePool::Tend(bool may_begin) {
  for (auto spare = spares_.begin(); spare != spares_.end();) {
    spare->is_warm = IsWarm(*spare);
    if (IsOver(*spare)) {
      begin_at_us_ = MonotonicUs() + options_.back_off_ms * 1000;
      spare = Remove(spare);
    } else {
      ++spare;
    }
  }
  EndSurplus();
  const bool one_warms_up = std::any_of(spares_.begin(), spares_.end(),
                                        [](const Spare& spare) { return !spare.is_warm; });
  if (may_begin && !one_warms_up && static_cast<int>(spares_.size()) < Kept() &&
      MonotonicUs() >= begin_at_us_) {
    Begin();
  }
}

void SparePool::EndSurplus() {
  if (need_.warm_up.empty()) {
    Clear();
  } else if (static_cast<int>(spares_.size()) <= Kept()) {
    surplus_since_us_ = -1;
  } else if (surplus_since_us_ < 0) {
    surplus_since_us_ = MonotonicUs();
  } else if (SinceMs(surplus_since_us_, options_.surplus_ms)) {
    while (static_cast<int>(spares_.size()) > Kept()) Remove(spares_.begin());
  }
}

void SparePool::Begin() {
  const std::filesystem::path socket = options_.new_socket();
  ProcessSpec process{.arguments = options_.command, .output_file = options_.log};
  process.arguments.insert(process.arguments.end(),
                           {"--socket", socket.string(), "--warm-up", need_.warm_up.string()});
  try {
    spares_.push_front(
        {.process = ChildProcess(process), .socket = socket, .since_us = MonotonicUs()});
  } catch (const Error& error) {
    begin_at_us_ = MonotonicUs() + options_.back_off_ms * 1000;
    Log(LogLevel::kWarning, "serving", "cannot start a spare process",
        {{"reason", error.message()}});
  }
}

std::vector<pid_t> SparePool::pids() const {
  std::vector<pid_t> pids;
  for (const Spare& spare : spares_) pids.push_back(spare.process.pid());
  return pids;
}

int SparePool::CountWarm() const {
  return static_cast<int>(std::count_if(spares_.begin(), spares_.end(), IsWarm));
}

int SparePool::CountSoonWarm() {
  return static_cast<int>(std::count_if(spares_.begin(), spares_.end(), [this](Spare& spare) {
    return IsWarm(spare) ||
           (!SinceMs(spare.since_us, options_.warm_up_ms) && !spare.process.Poll());
  }));
}

// One that hangs takes all the time there is: on a machine that is merely slow the next one would
// be lost as well, and whoever waits has waited enough.
std::optional<ChildProcess> SparePool::Take(const ReplicaOrder& order) {
  const int64_t since_us = MonotonicUs();
  const std::string frame = EncodeBecome(order);
  for (auto spare = spares_.end(); spare != spares_.begin();) {
    --spare;
    if (!IsWarm(*spare)) continue;
    const bool is_taken = Tell(spare->socket, frame, options_.timeout_ms);
    std::optional<ChildProcess> process;
    if (is_taken) process = std::move(spare->process);
    spare = Remove(spare);
    if (is_taken || SinceMs(since_us, options_.timeout_ms)) return process;
  }
  return std::nullopt;
}

// In the place of one that is not warm yet, and would be so later, or else of a new one: what has
// served has the memory still that a model takes.
bool SparePool::Adopt(std::optional<ChildProcess>& process, const std::filesystem::path& socket) {
  if (options_.command.empty() || need_.warm_up.empty() || !process) return false;
  auto replaced = spares_.end();
  if (static_cast<int>(spares_.size()) >= options_.spares_max) {
    replaced = std::find_if_not(spares_.begin(), spares_.end(), IsWarm);
    if (replaced == spares_.end()) {
      replaced = std::find_if(spares_.begin(), spares_.end(),
                              [](const Spare& spare) { return !spare.has_served; });
    }
    if (replaced == spares_.end()) return false;
  }
  const std::filesystem::path rest = options_.new_socket();
  if (!Tell(socket, EncodeRest(rest.string()), options_.timeout_ms)) return false;
  if (replaced != spares_.end()) Remove(replaced);
  spares_.push_back({.process = std::move(*process),
                     .socket = rest,
                     .since_us = MonotonicUs(),
                     .has_served = true});
  process.reset();
  return true;
}

}  // namespace millwright::serving
