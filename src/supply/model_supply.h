#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "serving/predictor.h"
#include "supply/loader.h"
#include "supply/model_cache.h"
#include "supply/origin.h"

namespace millwright::supply {

// What leaves first when a version replaces another: kAvailability loads and warms the new one
// before the old one goes, which needs memory for both; kResources lets the old one go before, and
// requests wait for the new one meanwhile.
enum class Transition { kAvailability, kResources };

// How a model is supplied, for metrics.
struct SupplyStatus {
  struct Version {
    std::string version;
    int64_t memory_bytes = 0;
  };
  std::string model;
  std::string origin;
  bool is_up = true;  // whether the origin answered last
  int64_t origin_failures = 0;
  int64_t loads = 0;
  int64_t load_failures = 0;
  int64_t unloads_for_memory = 0;
  std::vector<Version> versions;  // in memory
};

// Where a model's versions are served from, from the next request on.
struct Shelf {
  std::function<void(const std::string& model, const std::vector<serving::LoadedVersion>&)> publish;
  std::function<void(const std::string& model)> withdraw;
};

// One model of a server: keeps what is served of it as its origins have it. While an origin does
// not answer, or has what cannot be loaded, what is loaded stays. Thread-safe; Refresh and Unload
// run one at a time.
class ModelSupply {
 public:
  // What all models of a server share; the references outlive them.
  struct Means {
    ModelCache& cache;
    Loader& loader;
    Shelf shelf;
    Loader::MakeRoom make_room;  // called while this model loads
    Transition transition = Transition::kAvailability;
  };
  enum class Force { kNo, kYes };
  enum class State {
    kStarting,  // it was never loaded
    kServed,
    kChanging,  // the old version has left, the new one is being loaded
    kEvicted,   // unloaded to make room; the next request loads it
    kUnloaded,  // as somebody asked
  };

  ModelSupply(std::string name, std::vector<std::unique_ptr<Origin>> origins, VersionPolicy policy,
              Means means);

  const std::string& name() const { return name_; }
  State state() const;
  // What went wrong last; nothing when all is as the origins have it.
  std::optional<Error> problem() const;
  // Whether trying again may help although the origin has nothing new.
  bool is_worth_retrying() const;

  // Looks at the origins and loads what is new; with kYes, all of it, also of a model that was
  // unloaded. Throws what went wrong, after everything that could be done was done.
  void Refresh(Force force);
  // Lets go of it, as kUnloaded or kEvicted.
  void Unload(State reason);
  // The same as kEvicted, unless a round of it is under way.
  bool TryEvict();

  std::vector<serving::VersionStatus> Index() const;
  SupplyStatus Status() const;
  std::optional<std::string> VersionOfLabel(const std::string& label) const;
  // When it was asked last, or else loaded; milliseconds since 1970.
  int64_t last_used_ms() const;

 private:
  // A version in memory and what it was made of.
  struct Served {
    OfferedVersion offered;
    HeldVersion held;
    std::shared_ptr<CacheEntry> files;  // of an origin elsewhere: kept as long as it is served
    std::filesystem::path path;
  };
  struct Failure {
    std::string digest;
    Error error;
  };
  struct Seen {
    std::unique_ptr<Origin> origin;
    std::optional<Offer> offer;  // the last one
    std::optional<Error> error;  // of the last look
  };
  // A version to serve and the origin that has it.
  struct Wanted {
    OfferedVersion offered;
    Seen* seen = nullptr;
  };

  std::vector<Wanted> Look();
  void LookAt(Seen& seen);
  void Bring(const std::vector<Wanted>& wanted, Force force);
  // Whether the files of all that is new are on this machine now.
  bool CanFetch(const std::vector<Wanted>& wanted);
  std::shared_ptr<CacheEntry> Place(const Wanted& wanted);
  // Adds what was served and what left, where no newer one took its place.
  void KeepOld(const std::vector<Served>& left, std::vector<Served>* versions);
  void Note(const std::string& version, const std::string& digest, const Error& error);
  bool HasNew(const std::vector<Wanted>& wanted, Force force) const;
  // Lets go of what is not wanted before anything new is loaded; returns what it was.
  std::vector<Served> LeaveFirst(const std::vector<Wanted>& wanted, Force force);
  // The version as it is served already or loaded; nothing when that failed before or now.
  std::optional<Served> Have(const Wanted& wanted, Force force);
  Served LoadOne(const Wanted& wanted);
  std::optional<Served> LoadAgain(const Served& left);
  void Publish(std::vector<Served> versions);
  void Remember();
  void Settle(const std::vector<Wanted>& wanted);
  void KeepProblem(std::optional<Error> problem);
  void LetGo(State reason);

  const std::string name_;
  const VersionPolicy policy_;
  const Means means_;
  std::mutex round_;           // one at a time; taken before state_mutex_
  std::vector<Seen> seen_;     // under round_
  bool is_unwritten_ = false;  // the cache has not what is served; under round_

  mutable std::mutex state_mutex_;  // never held while something is fetched or loaded
  State state_ = State::kStarting;
  std::vector<Served> served_;
  std::vector<std::string> let_go_;  // the versions of kUnloaded and kEvicted
  std::map<std::string, std::string> labels_;
  std::map<std::string, Failure> failures_;  // by version
  std::string loading_;                      // the version that is loaded now
  std::optional<Error> problem_;
  std::string origin_problem_;  // why an origin could not be looked at, while versions are served
  int64_t loaded_ms_ = 0;
  SupplyStatus counts_;
};

}  // namespace millwright::supply
