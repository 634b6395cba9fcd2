#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "serving/model_server.h"
#include "supply/loader.h"
#include "supply/model_cache.h"
#include "supply/model_store.h"
#include "supply/model_supply.h"

namespace millwright::supply {

// What becomes of a version that does not fit into the memory that there is for models.
enum class WhenFull { kRefuse, kUnloadLeastRecentlyUsed };

struct SupplyOptions {
  std::vector<serving::ModelSource> models;  // the path may be an address (OpenOrigin)
  std::vector<std::string> stores;           // OpenModelStore
  VersionPolicy versions;
  std::map<std::string, VersionPolicy> versions_of;  // by model, before `versions`
  Transition transition = Transition::kAvailability;
  int64_t poll_ms = 0;  // between two looks at an origin; 0: only when it is asked for
  std::filesystem::path cache;
  std::string server;  // whose registry models:/… names
  inference::PythonOptions python = {};
  serving::BatchingOptions batching = {};
  int64_t memory_bytes_max = 0;  // of all models; 0: no limit
  WhenFull when_full = WhenFull::kRefuse;
};

// A model server whose models come from origins and follow them: what is new there is loaded beside
// the requests and published once it has run, what has gone is let go of when nothing uses it any
// more. With poll_ms it looks by itself; Load looks at once. Thread-safe.
class SuppliedModels final : public serving::ModelServer {
 public:
  // How long a request waits for a model that is being loaded.
  static constexpr int64_t kAwaitMsMax = 30'000;

  // Ready when it returns: everything was looked at once. Without poll_ms, throws when a model
  // that was named, or a store, could not be had; with it, goes on trying.
  // `log` takes what is asked and answered, where there is one; it outlives this.
  explicit SuppliedModels(const SupplyOptions& options, serving::RequestLog* log = nullptr);
  ~SuppliedModels() override;

  // Those that were named, even while they cannot be had, and all that are loaded.
  std::vector<std::string> Models() const override;
  // Not while a request may have to wait for its model.
  bool IsPrompt(const std::string&, Naming) const override { return away_count_.load() == 0; }
  bool Ready(const std::string& model, const std::string& version) const override;
  std::vector<serving::VersionStatus> Index() const override;
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override;
  // Looks at the model's origin now and loads what is there, whether it is new or not.
  void Load(const std::string& model) override;
  // Lets go of a model until Load.
  void Unload(const std::string& model) override;

  std::vector<SupplyStatus> Status() const;
  int64_t memory_bytes() const { return loader_.memory_bytes(); }

 protected:
  std::shared_ptr<const Versions> Await(const std::string& model) const override;
  bool IsComing(const std::string& model) const override;

 private:
  // Something that is looked at again and again, by one thread at a time.
  struct Round {
    int64_t due_us = 0;
    bool is_running = false;
    bool has_run = false;
    int failures = 0;  // in a row
  };
  struct Entry {
    std::shared_ptr<ModelSupply> supply;
    bool is_named = false;        // not found in a store
    const void* store = nullptr;  // that it was found in
    Round round;
  };
  struct Store {
    std::unique_ptr<ModelStore> store;
    std::string problem;
    std::optional<std::vector<std::string>> listed = {};  // when it answered last
    bool is_unwritten = false;                            // the cache has another list
    Round round;
  };

  void AddNamed();
  void AddModel(const std::string& name, std::vector<std::unique_ptr<Origin>> origins,
                const Store* store);
  std::shared_ptr<ModelSupply> Find(const std::string& model) const;
  std::shared_ptr<ModelSupply> Require(const std::string& model) const;
  void WaitForFirstRounds();

  void Work(const std::stop_token& stop);
  // The next thing that is due, or nothing; `wait_us` is then told until when.
  std::function<bool()> TakeDue(int64_t now_us, int64_t* wait_us);
  void End(Round* round, bool is_fine);
  bool RunModel(ModelSupply& supply, ModelSupply::Force force);
  bool RunStore(Store& store);
  // Keeps what a store held in the cache; where that cannot be written it is said once.
  void Remember(Store* store);
  void Wake() const;  // those that wait for a model
  void SetAway(const std::string& model, bool is_away);
  // Ends what SetAway began, unless requests do wait for the model.
  void Settle(const ModelSupply& supply);
  // Whether a model that was never there lacks nothing but memory that others can give back.
  bool FoundNoRoom(const ModelSupply& supply) const;
  bool UnloadLeastRecentlyUsed(const std::string& except);

  const SupplyOptions options_;
  ModelCache cache_;
  Loader loader_;
  const std::stop_source stop_;  // of calls to origins

  mutable std::mutex mutex_;  // never held while something is looked at or loaded
  mutable std::condition_variable_any changed_;
  mutable std::map<std::string, Entry, std::less<>> models_;
  std::vector<std::unique_ptr<Store>> stores_;
  mutable std::mutex away_mutex_;
  std::set<std::string> away_;  // models that requests wait for
  std::atomic<size_t> away_count_ = 0;
  std::vector<std::jthread> workers_;  // last, so that they end before what they use
};

}  // namespace millwright::supply
