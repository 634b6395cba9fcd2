#include "serving/routing.h"

#include <chrono>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int kSlots = 10'000;
constexpr int kSlotsPerPercent = kSlots / 100;
constexpr int kEnterAttemptsMax = 3;  // replicas may leave the traffic between look and entry

}  // namespace

bool RoutedRevision::HasReady() const {
  for (const auto& replica : replicas) {
    if (replica->state() == ReplicaState::kReady) return true;
  }
  return false;
}

std::shared_ptr<Replica> RoutedRevision::Enter() const {
  for (int attempt = 0; attempt < kEnterAttemptsMax; ++attempt) {
    const std::shared_ptr<Replica>* best = nullptr;
    for (const auto& replica : replicas) {
      if (replica->state() != ReplicaState::kReady) continue;
      if (best == nullptr || replica->outstanding() < (*best)->outstanding()) best = &replica;
    }
    if (best == nullptr) return nullptr;
    if ((*best)->TryEnter()) return *best;
  }
  return nullptr;
}

int TrafficSlot(const std::string& id) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const unsigned char c : id) hash = (hash ^ c) * 0x100000001b3ULL;
  // FNV's low bits follow the last characters, as counters do; mix before taking a remainder.
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  return static_cast<int>(hash % kSlots);
}

const RoutedRevision& Route::Choose(const std::string& id, const std::string& version) const {
  if (!version.empty()) {
    if (live != nullptr && live->model_version == version) return *live;
    if (canary != nullptr && canary->model_version == version) return *canary;
    for (const auto& shadow : shadows) {
      if (shadow->model_version == version) return *shadow;
    }
    throw NotFound("Model version", version);
  }
  if (live == nullptr) throw Unavailable("The endpoint has no live revision");
  const bool to_canary = canary != nullptr && TrafficSlot(id) < canary_weight * kSlotsPerPercent;
  return to_canary && canary->HasReady() ? *canary : *live;
}

std::shared_ptr<const Route> RoutedEndpoint::route() const {
  std::lock_guard lock(mutex_);
  return route_;
}

void RoutedEndpoint::Publish(std::shared_ptr<const Route> route) {
  {
    std::lock_guard lock(mutex_);
    route_ = std::move(route);
  }
  changed_.notify_all();
}

bool RoutedEndpoint::WaitFor(int64_t deadline_us,
                             const std::function<bool(const Route&)>& ready) const {
  std::unique_lock lock(mutex_);
  const auto left = std::chrono::microseconds(deadline_us - MonotonicUs());
  return changed_.wait_for(lock, left, [&] { return closed_ || ready(*route_); }) && !closed_;
}

void RoutedEndpoint::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace millwright::serving
