#include "supply/supplied_models.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "supply/address.h"

namespace millwright::supply {
namespace {

// Origins that are looked at, and versions that are fetched, at once; loads are one at a time.
constexpr int kRoundsAtOnce = 4;
constexpr int64_t kFirstRetryUs = 1'000'000;  // doubles with each failure
constexpr int64_t kRetryUsMax = 60'000'000;
constexpr int64_t kNever = INT64_MAX;

using State = ModelSupply::State;

}  // namespace

SuppliedModels::SuppliedModels(const SupplyOptions& options, serving::RequestLog* log)
    : ModelServer(options.batching, log),
      options_(options),
      cache_(options.cache),
      loader_(options.python, options.memory_bytes_max) {
  AddNamed();
  for (const std::string& where : options.stores) {
    stores_.push_back(std::make_unique<Store>());
    stores_.back()->store = OpenModelStore(where);
  }
  for (int i = 0; i < kRoundsAtOnce; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
  WaitForFirstRounds();
}

SuppliedModels::~SuppliedModels() {
  auto stop = stop_;
  stop.request_stop();
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void SuppliedModels::AddNamed() {
  std::map<std::string, std::vector<std::unique_ptr<Origin>>> origins;
  std::vector<std::string> seen;
  for (const serving::ModelSource& source : options_.models) {
    const std::string version = source.name + "@" + source.version;
    if (std::find(seen.begin(), seen.end(), version) != seen.end()) {
      throw AlreadyExists("Model version", version);
    }
    seen.push_back(version);
    origins[source.name].push_back(
        OpenOrigin(source, {.server = options_.server, .stop = stop_.get_token()}));
  }
  for (auto& [name, list] : origins) AddModel(name, std::move(list), nullptr);
}

void SuppliedModels::AddModel(const std::string& name, std::vector<std::unique_ptr<Origin>> origins,
                              const Store* store) {
  const auto own = options_.versions_of.find(name);
  ModelSupply::Means means{
      .cache = cache_,
      .loader = loader_,
      .shelf = {.publish =
                    [this](const std::string& model, const auto& versions) {
                      Publish(model, versions);
                      SetAway(model, false);
                    },
                .withdraw =
                    [this](const std::string& model) {
                      SetAway(model, true);  // before, so that no request comes between unseen
                      Withdraw(model);
                    }},
      .make_room = [this, name] { return UnloadLeastRecentlyUsed(name); },
      .transition = options_.transition};
  models_[name] = {
      .supply = std::make_shared<ModelSupply>(
          name, std::move(origins),
          own == options_.versions_of.end() ? options_.versions : own->second, std::move(means)),
      .is_named = store == nullptr,
      .store = store,
      .round = {}};
}

void SuppliedModels::WaitForFirstRounds() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::all_of(stores_.begin(), stores_.end(),
                       [](const auto& store) { return store->round.has_run; }) &&
           std::all_of(models_.begin(), models_.end(),
                       [](const auto& model) { return model.second.round.has_run; });
  });
  if (options_.poll_ms > 0) return;  // what is missing may come
  for (const auto& store : stores_) {
    const bool is_remembered = std::any_of(models_.begin(), models_.end(), [&](const auto& model) {
      return model.second.store == store.get();
    });
    if (!store->problem.empty() && !is_remembered) throw Unavailable("{}", store->problem);
  }
  for (const auto& [name, entry] : models_) {
    if (!entry.is_named || entry.supply->state() == State::kServed) continue;
    if (const auto problem = entry.supply->problem()) throw *problem;
  }
}

void SuppliedModels::Work(const std::stop_token& stop) {
  NameThisThread("supply");
  while (!stop.stop_requested()) {
    int64_t wait_us = kNever;
    if (const auto round = TakeDue(MonotonicUs(), &wait_us)) {
      round();
      continue;
    }
    std::unique_lock lock(mutex_);
    const auto is_due = [&] {
      const int64_t now_us = MonotonicUs();
      const auto due = [&](const Round& round) {
        return !round.is_running && round.due_us <= now_us;
      };
      return std::any_of(models_.begin(), models_.end(),
                         [&](const auto& one) { return due(one.second.round); }) ||
             std::any_of(stores_.begin(), stores_.end(),
                         [&](const auto& one) { return due(one->round); });
    };
    if (wait_us == kNever) {
      changed_.wait(lock, stop, is_due);
    } else {
      changed_.wait_for(lock, stop, std::chrono::microseconds(wait_us), is_due);
    }
  }
}

std::function<bool()> SuppliedModels::TakeDue(int64_t now_us, int64_t* wait_us) {
  std::lock_guard lock(mutex_);
  const auto take = [&](Round& round) {
    if (round.is_running) return false;
    if (round.due_us > now_us) {
      if (round.due_us != kNever) *wait_us = std::min(*wait_us, round.due_us - now_us);
      return false;
    }
    round.is_running = true;
    return true;
  };
  for (const auto& store : stores_) {
    if (take(store->round)) return [this, &store = *store] { return RunStore(store); };
  }
  for (auto& [name, entry] : models_) {
    if (!take(entry.round)) continue;
    return [this, supply = entry.supply] {
      // One that was evicted is due only when a request waits for it.
      const bool is_wanted = supply->state() == State::kEvicted;
      return RunModel(*supply, is_wanted ? ModelSupply::Force::kYes : ModelSupply::Force::kNo);
    };
  }
  return nullptr;
}

void SuppliedModels::End(Round* round, bool is_fine) {
  round->is_running = false;
  round->has_run = true;
  round->failures = is_fine ? 0 : round->failures + 1;
  round->due_us = kNever;
  if (options_.poll_ms > 0) {
    int64_t wait_us = options_.poll_ms * 1000;
    if (!is_fine) {
      const int64_t doubled = kFirstRetryUs << std::min(round->failures - 1, 6);
      wait_us = std::min(wait_us, std::min(doubled, kRetryUsMax));
    }
    round->due_us = MonotonicUs() + wait_us;
  }
  changed_.notify_all();
}

bool SuppliedModels::RunModel(ModelSupply& supply, ModelSupply::Force force) {
  try {
    supply.Refresh(force);
  } catch (const Error&) {
    // Kept and logged by the supply.
  }
  Settle(supply);
  std::lock_guard lock(mutex_);
  const auto entry = models_.find(supply.name());
  if (entry == models_.end() || entry->second.supply.get() != &supply) return true;
  End(&entry->second.round, !supply.is_worth_retrying());
  if (supply.state() == State::kEvicted) entry->second.round.due_us = kNever;
  return true;
}

void SuppliedModels::Remember(Store* store) {
  const std::string& address = store->store->address();
  std::string reason;
  try {
    cache_.RememberModels(address, *store->listed);
  } catch (const Error& error) {
    reason = error.message();
  }
  if (std::exchange(store->is_unwritten, !reason.empty()) == store->is_unwritten) return;
  if (reason.empty()) {
    Log(LogLevel::kInfo, "supply", "the cache can be written again", {{"store", address}});
  } else {
    Log(LogLevel::kWarning, "supply",
        "the cache cannot be written: its store's models are served, and forgotten at a restart "
        "while the store is away",
        {{"store", address}, {"reason", reason}});
  }
}

bool SuppliedModels::RunStore(Store& store) {
  std::vector<std::string> names;
  std::string problem;
  try {
    names = store.store->Models();
    store.listed = names;
    if (store.store->is_elsewhere()) Remember(&store);
  } catch (const Error& error) {
    problem = fmt::format("Model store {}: {}", store.store->address(), error.message());
    // What it held last, by this process or one before it, is served still.
    if (store.store->is_elsewhere())
      names = store.listed ? *store.listed : cache_.RecallModels(store.store->address());
  }
  std::vector<std::shared_ptr<ModelSupply>> gone;
  {
    std::lock_guard lock(mutex_);
    if (problem != store.problem) {
      Log(problem.empty() ? LogLevel::kInfo : LogLevel::kWarning, "supply",
          problem.empty() ? "a model store answers again" : "a model store does not answer",
          {{"store", store.store->address()}, {"reason", problem}});
    }
    store.problem = problem;
    for (const std::string& name : names) {
      if (models_.contains(name)) continue;  // named, or of a store before
      std::vector<std::unique_ptr<Origin>> origins;
      origins.push_back(store.store->OriginOf(name));
      AddModel(name, std::move(origins), &store);
    }
    for (auto entry = models_.begin(); entry != models_.end();) {
      const bool stays = entry->second.store != &store || !problem.empty() ||
                         std::binary_search(names.begin(), names.end(), entry->first);
      if (!stays) gone.push_back(entry->second.supply);
      entry = stays ? std::next(entry) : models_.erase(entry);
    }
  }
  for (const auto& supply : gone) {
    supply->Unload(State::kUnloaded);
    Settle(*supply);
    Log(LogLevel::kInfo, "supply", "a model has gone from its store", {{"model", supply->name()}});
  }
  std::lock_guard lock(mutex_);
  End(&store.round, problem.empty());
  return true;
}

bool SuppliedModels::UnloadLeastRecentlyUsed(const std::string& except) {
  if (options_.when_full != WhenFull::kUnloadLeastRecentlyUsed) return false;
  std::vector<std::pair<int64_t, std::shared_ptr<ModelSupply>>> candidates;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : models_) {
      if (name == except || entry.supply->state() != State::kServed) continue;
      candidates.emplace_back(entry.supply->last_used_ms(), entry.supply);
    }
  }
  std::sort(candidates.begin(), candidates.end());
  for (const auto& [last_ms, supply] : candidates) {
    if (!supply->TryEvict()) continue;
    std::lock_guard lock(mutex_);
    if (const auto entry = models_.find(supply->name()); entry != models_.end()) {
      entry->second.round.due_us = kNever;
    }
    return true;
  }
  return false;
}

std::shared_ptr<ModelSupply> SuppliedModels::Find(const std::string& model) const {
  std::lock_guard lock(mutex_);
  const auto entry = models_.find(model);
  return entry == models_.end() ? nullptr : entry->second.supply;
}

std::shared_ptr<ModelSupply> SuppliedModels::Require(const std::string& model) const {
  auto supply = Find(model);
  if (supply == nullptr) throw NotFound("Model", model);
  return supply;
}

std::vector<std::string> SuppliedModels::Models() const {
  std::vector<std::string> names;
  std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : models_) {
    const State state = entry.supply->state();
    const bool is_gone =
        state == State::kUnloaded || (state == State::kStarting && !entry.is_named);
    if (!is_gone) names.push_back(name);
  }
  return names;
}

bool SuppliedModels::Ready(const std::string& model, const std::string& version) const {
  const auto supply = Find(model);
  if (supply == nullptr || supply->state() != State::kEvicted) {
    return ModelServer::Ready(model, version);
  }
  // A request would load it: clients that ask only what is ready would never.
  for (const auto& one : supply->Index()) {
    if (version.empty() || one.version == version) return one.loads_when_asked;
  }
  throw NotFound("Model version", model + "@" + version);
}

bool SuppliedModels::IsComing(const std::string& model) const {
  const State state = Require(model)->state();
  return state == State::kStarting || state == State::kChanging;
}

bool SuppliedModels::FoundNoRoom(const ModelSupply& supply) const {
  if (options_.when_full != WhenFull::kUnloadLeastRecentlyUsed) return false;
  const auto problem = supply.problem();
  return supply.state() == State::kStarting && problem &&
         problem->code() == Code::kResourceExhausted;
}

std::shared_ptr<const serving::ModelServer::Versions> SuppliedModels::Await(
    const std::string& model) const {
  const auto supply = Require(model);
  std::unique_lock lock(mutex_);
  const State state = supply->state();
  if (state == State::kUnloaded) throw NotFound("Loaded model", model);
  const auto entry = models_.find(model);
  // It gave way to others, or found no room for those that were still on their way in: now that it
  // is asked for, others give way to it.
  const bool is_wanted = state == State::kEvicted || FoundNoRoom(*supply);
  if (is_wanted && entry != models_.end() && !entry->second.round.is_running) {
    entry->second.round.due_us = 0;
    entry->second.round.has_run = false;
    changed_.notify_all();
  }
  const auto is_settled = [&] {
    const auto it = models_.find(model);
    if (ModelServer::Find(model) != nullptr || it == models_.end()) return true;
    const Round& round = it->second.round;
    return supply->state() != State::kChanging && !round.is_running && round.has_run;
  };
  // Nobody knows when one comes that was never there.
  if (is_wanted || state != State::kStarting) {
    changed_.wait_for(lock, std::chrono::milliseconds(kAwaitMsMax), is_settled);
  }
  lock.unlock();
  if (auto versions = ModelServer::Find(model)) return versions;
  const auto problem = supply->problem();
  throw Unavailable("Model {} is not loaded{}", model,
                    problem ? ": " + problem->message() : " yet");
}

std::vector<serving::VersionStatus> SuppliedModels::Index() const {
  std::vector<serving::VersionStatus> index;
  std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : models_) {
    auto versions = entry.supply->Index();
    index.insert(index.end(), std::make_move_iterator(versions.begin()),
                 std::make_move_iterator(versions.end()));
  }
  return index;
}

std::vector<SupplyStatus> SuppliedModels::Status() const {
  std::vector<SupplyStatus> all;
  std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : models_) all.push_back(entry.supply->Status());
  return all;
}

std::string SuppliedModels::VersionOfLabel(const std::string& model,
                                           const std::string& label) const {
  if (const auto version = Require(model)->VersionOfLabel(label)) return *version;
  throw NotFound("Label", model + ":" + label);
}

void SuppliedModels::Load(const std::string& model) {
  auto supply = Find(model);
  if (supply == nullptr) {
    // It may have come into a store since that was looked at.
    for (const auto& store : stores_) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !store->round.is_running; });
      store->round.is_running = true;
      lock.unlock();
      RunStore(*store);
    }
    supply = Require(model);
  }
  try {
    supply->Refresh(ModelSupply::Force::kYes);
  } catch (...) {
    Wake();
    throw;
  }
  Wake();
}

void SuppliedModels::SetAway(const std::string& model, bool is_away) {
  std::lock_guard lock(away_mutex_);
  if (is_away) {
    away_.insert(model);
  } else {
    away_.erase(model);
  }
  away_count_ = away_.size();
}

void SuppliedModels::Settle(const ModelSupply& supply) {
  const State state = supply.state();
  if (state != State::kChanging && state != State::kEvicted) SetAway(supply.name(), false);
}

void SuppliedModels::Wake() const {
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void SuppliedModels::Unload(const std::string& model) {
  const auto supply = Require(model);
  supply->Unload(State::kUnloaded);
  Settle(*supply);
}

}  // namespace millwright::supply
