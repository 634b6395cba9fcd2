#include "serving/routing.h"

#include <chrono>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int kEnterAttemptsMax = 3;  // replicas may leave the traffic between look and entry

}  // namespace

bool RoutedRevision::HasReady() const {
  for (const auto& replica : replicas) {
    if (replica->state() == ReplicaState::kReady) return true;
  }
  return false;
}

std::shared_ptr<Replica> RoutedRevision::Enter(int64_t now_us, const Replica* but) const {
  for (int attempt = 0; attempt < kEnterAttemptsMax; ++attempt) {
    const std::shared_ptr<Replica>* best = nullptr;
    std::pair<bool, int> best_rank;  // ejected ones last, then by what is at work
    for (const auto& replica : replicas) {
      if (replica->state() != ReplicaState::kReady || replica.get() == but) continue;
      const std::pair rank(replica->health.IsEjected(now_us), replica->outstanding());
      if (best != nullptr && rank >= best_rank) continue;
      best = &replica;
      best_rank = rank;
    }
    if (best == nullptr) return nullptr;
    if ((*best)->TryEnter()) return *best;
  }
  return nullptr;
}

const RoutedRevision& Route::Choose(std::string_view key, const std::string& version) const {
  if (!version.empty()) {
    if (live != nullptr && live->model_version == version) return *live;
    for (const auto* list : {&canaries, &shadows}) {
      for (const auto& revision : *list) {
        if (revision->model_version == version) return *revision;
      }
    }
    throw NotFound("Model version", version);
  }
  if (live == nullptr) throw Unavailable("The endpoint has no live revision");
  if (canaries.empty()) return *live;
  const auto slot = static_cast<size_t>(TrafficSlot(salt, key));
  for (const auto& canary : canaries) {
    if (canary->slots[slot]) return canary->HasReady() ? *canary : *live;
  }
  return *live;
}

namespace {

// The first value of a tensor as bytes; nothing where it has none.
std::string_view FirstValue(const inference::Tensor& tensor, size_t index) {
  if (tensor.type == inference::DataType::kBytes) {
    return index < tensor.strings.size() ? std::string_view(tensor.strings[index]) : "";
  }
  const size_t bytes = inference::DataTypeBytes(tensor.type);
  if ((index + 1) * bytes > tensor.data.size()) return "";
  return {tensor.data.data() + index * bytes, bytes};
}

// An input is a tensor, or a column where one tensor holds the table.
std::string_view FindInput(const RoutedRevision& live, const std::string& name,
                           const std::vector<inference::Tensor>& inputs) {
  for (const auto& tensor : inputs) {
    if (tensor.name == name) return FirstValue(tensor, 0);
  }
  if (live.info == nullptr || inputs.size() != 1) return "";
  const auto& columns = live.info->signature.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return FirstValue(inputs[0], i);
  }
  return "";
}

}  // namespace

std::vector<std::string> StickyInputsOf(const inference::Signature& signature) {
  std::vector<std::string> names;
  if (signature.inputs.size() == 1) {
    for (const auto& column : signature.columns) names.push_back(column.name);
  }
  for (const auto& input : signature.inputs) names.push_back(input.name);
  return names;
}

std::string_view KeyOf(const Route& route, const InferRequest& request) {
  std::string_view key;
  switch (route.sticky.from) {
    case StickyKey::From::kId:
      break;
    case StickyKey::From::kHeader:
      if (request.origin.header) key = request.origin.header(route.sticky.name).value_or("");
      break;
    case StickyKey::From::kInput:
      if (route.live != nullptr) key = FindInput(*route.live, route.sticky.name, request.inputs);
      break;
  }
  return key.empty() ? std::string_view(request.id) : key;
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
  TellWatchers();
}

void RoutedEndpoint::TellWatchers() {
  changed_.notify_all();
  std::map<uint64_t, std::function<void()>> watchers;
  {
    std::lock_guard lock(mutex_);
    watchers.swap(watchers_);
  }
  for (const auto& [id, changed] : watchers) changed();
}

uint64_t RoutedEndpoint::Watch(std::function<void()> changed) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) {
      watchers_.emplace(++watches_made_, std::move(changed));
      return watches_made_;
    }
  }
  changed();
  return 0;
}

void RoutedEndpoint::Unwatch(uint64_t watch) {
  std::lock_guard lock(mutex_);
  watchers_.erase(watch);
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
  TellWatchers();
}

bool RoutedEndpoint::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace millwright::serving
