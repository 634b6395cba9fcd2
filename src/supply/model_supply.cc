#include "supply/model_supply.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace millwright::supply {
namespace {

// What a source or a disk may do better next time; the rest is so until the files are others.
bool MayPass(const Error& error) {
  return error.code() != Code::kInvalidArgument && error.code() != Code::kFailedPrecondition &&
         error.code() != Code::kUnimplemented;
}

}  // namespace

ModelSupply::ModelSupply(std::string name, std::vector<std::unique_ptr<Origin>> origins,
                         VersionPolicy policy, Means means)
    : name_(std::move(name)), policy_(std::move(policy)), means_(std::move(means)) {
  counts_.model = name_;
  for (auto& origin : origins) {
    counts_.origin += (counts_.origin.empty() ? "" : ", ") + origin->address();
    seen_.push_back({.origin = std::move(origin), .offer = {}, .error = {}});
  }
}

ModelSupply::State ModelSupply::state() const {
  std::lock_guard lock(state_mutex_);
  return state_;
}

std::optional<Error> ModelSupply::problem() const {
  std::lock_guard lock(state_mutex_);
  return problem_;
}

bool ModelSupply::is_worth_retrying() const {
  std::lock_guard lock(state_mutex_);
  return problem_ && MayPass(*problem_);
}

void ModelSupply::Refresh(Force force) {
  std::lock_guard round(round_);
  const State before = state();
  if (force == Force::kNo && (before == State::kUnloaded || before == State::kEvicted)) return;
  std::vector<Wanted> wanted;
  try {
    wanted = Look();
    Bring(wanted, force);
  } catch (const Error& error) {
    KeepProblem(error);
    throw;
  }
  Settle(wanted);
  if (const auto problem = this->problem()) throw *problem;
}

std::vector<ModelSupply::Wanted> ModelSupply::Look() {
  std::vector<Wanted> wanted;
  std::map<std::string, std::string> labels;
  for (Seen& seen : seen_) {
    LookAt(seen);
    for (const OfferedVersion& version : seen.offer->versions) wanted.push_back({version, &seen});
    labels.insert(seen.offer->labels.begin(), seen.offer->labels.end());
  }
  std::lock_guard lock(state_mutex_);
  labels_ = std::move(labels);
  return wanted;
}

void ModelSupply::LookAt(Seen& seen) {
  try {
    seen.offer = seen.origin->Look(policy_);
    if (seen.error) {
      Log(LogLevel::kInfo, "supply", "a model's source answers again",
          {{"model", name_}, {"source", seen.origin->address()}});
    }
    seen.error.reset();
  } catch (const Error& error) {
    const std::string before = seen.error ? seen.error->message() : "";
    seen.error.emplace(error.code(), fmt::format("Model {}: {}: {}", name_, seen.origin->address(),
                                                 error.message()));
    const bool is_news = seen.error->message() != before;
    // What was served last, by this process or one before it, is served still.
    if (!seen.offer) seen.offer = means_.cache.Recall(seen.origin->address());
    if (is_news) {
      Log(LogLevel::kWarning, "supply", "a model's source does not answer; what is there is served",
          {{"model", name_}, {"source", seen.origin->address()}, {"reason", error.message()}});
    }
    std::lock_guard lock(state_mutex_);
    ++counts_.origin_failures;
  }
  std::lock_guard lock(state_mutex_);
  counts_.is_up = std::none_of(seen_.begin(), seen_.end(),
                               [](const Seen& one) { return one.error.has_value(); });
  if (!seen.offer) throw *seen.error;
}

bool ModelSupply::HasNew(const std::vector<Wanted>& wanted, Force force) const {
  if (force == Force::kYes) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
    const auto failed = failures_.find(one.offered.version);
    if (failed != failures_.end() && failed->second.digest == one.offered.digest) return false;
    return std::none_of(served_.begin(), served_.end(),
                        [&](const Served& served) { return served.offered == one.offered; });
  });
}

std::vector<ModelSupply::Served> ModelSupply::LeaveFirst(const std::vector<Wanted>& wanted,
                                                         Force force) {
  std::vector<Served> staying;
  std::vector<Served> leaving;
  {
    std::lock_guard lock(state_mutex_);
    if (!HasNew(wanted, force)) return {};
    for (Served& one : served_) {
      const bool stays = force == Force::kNo &&
                         std::any_of(wanted.begin(), wanted.end(),
                                     [&](const Wanted& w) { return w.offered == one.offered; });
      (stays ? staying : leaving).push_back(std::move(one));
    }
    served_.clear();
    if (staying.empty()) state_ = State::kChanging;
  }
  std::vector<Served> left;
  for (const Served& one : leaving) {
    left.push_back({.offered = one.offered, .held = {}, .files = one.files, .path = one.path});
  }
  if (staying.empty()) {
    means_.shelf.withdraw(name_);
  } else {
    Publish(std::move(staying));
  }
  for (Served& one : leaving) means_.loader.LetGo(std::move(one.held));
  return left;
}

bool ModelSupply::CanFetch(const std::vector<Wanted>& wanted) {
  try {
    for (const Wanted& one : wanted) Place(one);
    return true;
  } catch (const Error&) {
    return false;  // Have says why
  }
}

void ModelSupply::Bring(const std::vector<Wanted>& wanted, Force force) {
  std::vector<Served> left;
  if (means_.transition == Transition::kResources && CanFetch(wanted)) {
    left = LeaveFirst(wanted, force);
  }
  std::vector<Served> versions;
  bool is_whole = true;
  for (const Wanted& one : wanted) {
    if (auto served = Have(one, force)) {
      versions.push_back(*std::move(served));
    } else {
      is_whole = false;
    }
  }
  if (!is_whole) KeepOld(left, &versions);
  if (versions.empty() && !wanted.empty()) return;  // nothing could be had, nothing was there
  if (versions.empty()) return LetGo(State::kStarting);
  Publish(std::move(versions));
  if (is_whole) Remember();
}

void ModelSupply::KeepOld(const std::vector<Served>& left, std::vector<Served>* versions) {
  const auto is_there = [&](const Served& old) {
    return std::any_of(versions->begin(), versions->end(), [&](const Served& one) {
      return one.offered.version == old.offered.version;
    });
  };
  std::vector<Served> old;
  {
    std::lock_guard lock(state_mutex_);
    for (const Served& one : served_) {
      if (!is_there(one)) old.push_back(one);
    }
  }
  for (const Served& one : left) {
    if (is_there(one)) continue;
    if (auto again = LoadAgain(one)) old.push_back(*std::move(again));
  }
  // In front, so that the default is the newest that there is.
  versions->insert(versions->begin(), std::make_move_iterator(old.begin()),
                   std::make_move_iterator(old.end()));
}

std::optional<ModelSupply::Served> ModelSupply::Have(const Wanted& wanted, Force force) {
  const std::string& version = wanted.offered.version;
  {
    std::lock_guard lock(state_mutex_);
    if (force == Force::kNo) {
      for (const Served& one : served_) {
        if (one.offered == wanted.offered) return one;
      }
      const auto failed = failures_.find(version);
      if (failed != failures_.end() && failed->second.digest == wanted.offered.digest &&
          !MayPass(failed->second.error)) {
        return std::nullopt;
      }
    }
    loading_ = version;
  }
  std::optional<Served> served;
  std::optional<Error> error;
  try {
    served = LoadOne(wanted);
  } catch (const Error& thrown) {
    error = thrown;
  } catch (const std::exception& thrown) {
    error = Internal("Model {}: {}", name_, thrown.what());
  }
  std::lock_guard lock(state_mutex_);
  loading_.clear();
  if (!error) {
    ++counts_.loads;
    failures_.erase(version);
    Log(LogLevel::kInfo, "supply", "loaded a model",
        {{"model", name_},
         {"version", version},
         {"memory_mib",
          fmt::format("{:.1f}", static_cast<double>(served->held.memory_bytes) / (1 << 20))}});
    return served;
  }
  Note(version, wanted.offered.digest, *error);
  return std::nullopt;
}

void ModelSupply::Note(const std::string& version, const std::string& digest, const Error& error) {
  ++counts_.load_failures;
  const auto before = failures_.find(version);
  if (before == failures_.end() || before->second.error.message() != error.message()) {
    Log(LogLevel::kWarning, "supply", "a version of a model cannot be loaded",
        {{"model", name_}, {"version", version}, {"reason", error.message()}});
  }
  failures_.insert_or_assign(version, Failure{digest, error});
}

std::shared_ptr<CacheEntry> ModelSupply::Place(const Wanted& wanted) {
  Origin& origin = *wanted.seen->origin;
  if (origin.LocalPath(wanted.offered.version)) return nullptr;
  return means_.cache.Place(wanted.offered.digest, [&](const auto& folder) {
    if (wanted.seen->error) throw *wanted.seen->error;
    origin.Fetch(wanted.offered, folder);
  });
}

ModelSupply::Served ModelSupply::LoadOne(const Wanted& wanted) {
  Served served{.offered = wanted.offered, .held = {}, .files = Place(wanted), .path = {}};
  served.path = served.files != nullptr ? served.files->files()
                                        : *wanted.seen->origin->LocalPath(wanted.offered.version);
  served.held = means_.loader.Load(
      {.name = name_, .version = wanted.offered.version, .path = served.path}, means_.make_room);
  return served;
}

std::optional<ModelSupply::Served> ModelSupply::LoadAgain(const Served& left) {
  try {
    Served served = left;
    served.held = means_.loader.Load(
        {.name = name_, .version = left.offered.version, .path = left.path}, means_.make_room);
    return served;
  } catch (const Error& error) {
    Log(LogLevel::kError, "supply", "the version that had left cannot be loaded any more",
        {{"model", name_}, {"version", left.offered.version}, {"reason", error.message()}});
    return std::nullopt;
  }
}

void ModelSupply::Publish(std::vector<Served> versions) {
  std::vector<serving::LoadedVersion> loaded;
  for (const Served& one : versions) loaded.push_back(one.held.loaded);
  means_.shelf.publish(name_, loaded);
  std::lock_guard lock(state_mutex_);
  served_.swap(versions);
  state_ = State::kServed;
  loaded_ms_ = SystemClock().NowMs();
}

void ModelSupply::Remember() {
  for (const Seen& seen : seen_) {
    if (seen.error || !seen.offer || seen.offer->versions.empty()) continue;
    if (seen.origin->LocalPath(seen.offer->versions[0].version)) continue;
    try {
      means_.cache.Remember(seen.origin->address(), *seen.offer);
      is_unwritten_ = false;
    } catch (const Error& error) {
      // What is served is served; a start while the source is away would miss it.
      if (std::exchange(is_unwritten_, true)) continue;
      Log(LogLevel::kWarning, "supply", "the cache cannot be written: what is served is not kept",
          {{"model", name_}, {"reason", error.message()}});
    }
  }
}

void ModelSupply::Settle(const std::vector<Wanted>& wanted) {
  std::optional<Error> problem;
  for (const Seen& seen : seen_) {
    if (seen.error && !problem) problem = seen.error;
  }
  std::lock_guard lock(state_mutex_);
  origin_problem_ = problem ? problem->message() : "";
  std::erase_if(failures_, [&](const auto& failure) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const Wanted& one) { return one.offered.version == failure.first; });
  });
  // The newest says more than the others.
  if (!failures_.empty()) problem = failures_.rbegin()->second.error;
  if (!problem && wanted.empty()) problem = NotFound("Version of model", name_);
  problem_ = std::move(problem);
}

void ModelSupply::KeepProblem(std::optional<Error> problem) {
  std::lock_guard lock(state_mutex_);
  problem_ = std::move(problem);
}

void ModelSupply::LetGo(State reason) {
  means_.shelf.withdraw(name_);
  std::vector<Served> leaving;
  std::lock_guard lock(state_mutex_);
  let_go_.clear();
  for (const Served& one : served_) let_go_.push_back(one.offered.version);
  leaving.swap(served_);
  failures_.clear();
  state_ = reason;
}

void ModelSupply::Unload(State reason) {
  std::lock_guard round(round_);
  LetGo(reason);
}

bool ModelSupply::TryEvict() {
  const std::unique_lock round(round_, std::try_to_lock);
  if (!round.owns_lock() || state() != State::kServed) return false;
  std::vector<Served> leaving;
  {
    std::lock_guard lock(state_mutex_);
    leaving = served_;
    ++counts_.unloads_for_memory;
  }
  LetGo(State::kEvicted);
  for (Served& one : leaving) means_.loader.LetGo(std::move(one.held));
  Log(LogLevel::kInfo, "supply", "unloaded a model to make room", {{"model", name_}});
  return true;
}

std::vector<serving::VersionStatus> ModelSupply::Index() const {
  using VersionState = serving::VersionStatus::State;
  std::lock_guard lock(state_mutex_);
  std::vector<serving::VersionStatus> index;
  const std::string problem = problem_ ? problem_->message() : "";
  for (const Served& one : served_) {
    // What is wrong with another version is told by that one.
    const auto failed = failures_.find(one.offered.version);
    index.push_back({name_, one.offered.version, VersionState::kReady,
                     failed == failures_.end() ? origin_problem_ : failed->second.error.message()});
  }
  const auto is_listed = [&](const std::string& version) {
    return std::any_of(index.begin(), index.end(),
                       [&](const auto& one) { return one.version == version; });
  };
  for (const auto& [version, failure] : failures_) {
    if (is_listed(version)) continue;
    index.push_back({name_, version, VersionState::kUnavailable, failure.error.message()});
  }
  if (!loading_.empty() && !is_listed(loading_)) {
    index.push_back({name_, loading_, VersionState::kLoading, ""});
  }
  if (!index.empty()) return index;
  if (state_ == State::kUnloaded || state_ == State::kEvicted) {
    for (const std::string& version : let_go_) {
      const bool loads_when_asked = state_ == State::kEvicted;
      index.push_back(
          {name_, version, VersionState::kUnavailable,
           loads_when_asked ? "unloaded to make room; the next request loads it" : "unloaded",
           loads_when_asked});
    }
    return index;
  }
  const bool failed = state_ == State::kStarting && problem_;
  return {{name_, "", failed ? VersionState::kUnavailable : VersionState::kLoading, problem}};
}

SupplyStatus ModelSupply::Status() const {
  std::lock_guard lock(state_mutex_);
  SupplyStatus status = counts_;
  for (const Served& one : served_) {
    status.versions.push_back({one.offered.version, one.held.memory_bytes});
  }
  return status;
}

std::optional<std::string> ModelSupply::VersionOfLabel(const std::string& label) const {
  std::lock_guard lock(state_mutex_);
  const auto found = labels_.find(label);
  if (found == labels_.end()) return std::nullopt;
  return found->second;
}

int64_t ModelSupply::last_used_ms() const {
  std::lock_guard lock(state_mutex_);
  int64_t last_ms = loaded_ms_;
  for (const Served& one : served_) {
    serving::VersionStatistics statistics;
    one.held.loaded.counters->Read(&statistics);
    last_ms = std::max(last_ms, statistics.last_ms);
  }
  return last_ms;
}

}  // namespace millwright::supply
