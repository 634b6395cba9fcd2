#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "serving/caller_limits.h"
#include "serving/endpoint.h"
#include "storage/database.h"

namespace millwright::serving {

// A revision that is to be made.
struct RevisionSpec {
  std::string model_version;
  std::string model_path;
  int replicas = 1;
};

// What one caller has asked of one endpoint on a day.
struct StoredUsage {
  EndpointName endpoint;
  CallerLimits::StoredRows rows;
};

// Keeps endpoints and revisions. Each call is one transaction with its event in it; what it returns
// is the endpoint afterwards. Calls are idempotent where repeating them makes sense (a pipeline
// that was killed and goes on): asking for what is already so changes nothing and appends no event.
// Errors: kNotFound for an unknown endpoint, kFailedPrecondition for what the endpoint's state does
// not allow and for a version that its callers would break on (serving/schema_gate.h; a shadow
// answers nobody, and a rollback always goes), kInvalidArgument. Thread-safe.
class EndpointStore {
 public:
  EndpointStore(storage::Database& database, events::EventLog& events, const Clock& clock);

  std::vector<EndpointRecord> Load() const;
  EndpointRecord Get(const EndpointName& name) const;

  // Makes the endpoint with a live revision; or, when it is there with another version, a revision
  // that is promoting.
  EndpointRecord Deploy(const EndpointName& name, const std::string& model,
                        const RevisionSpec& spec, const std::string& who);
  EndpointRecord AddShadow(const EndpointName& name, const RevisionSpec& spec,
                           const std::string& who);
  // Makes a canary, or turns the shadow of that version into one, with `weight` percent, which the
  // live revision gives up. Throws kInvalidArgument when it has not so much.
  EndpointRecord StartCanary(const EndpointName& name, const RevisionSpec& spec, int weight,
                             const std::string& who);
  // Gives the live revision and all canaries, by their versions, new shares at once. Throws
  // kInvalidArgument unless each is named and they add up to 100.
  EndpointRecord SetWeights(const EndpointName& name, const std::map<std::string, int>& weights,
                            const std::string& who);
  // Marks the canary or shadow of this version as promoting.
  EndpointRecord StartPromotion(const EndpointName& name, const std::string& model_version,
                                const std::string& who);
  // The promoting revision becomes live; the live one and all canaries retire.
  EndpointRecord FinishPromotion(const EndpointName& name, const std::string& who);
  // The promoting revision, or all canaries where none is, retire; `reason` is kept as
  // rollout_error.
  EndpointRecord UndoRollout(const EndpointName& name, const std::string& reason,
                             const std::string& who);
  // Undoes a running rollout; else makes the last formerly live revision promoting.
  EndpointRecord Rollback(const EndpointName& name, const std::string& who);
  // Retires a shadow or canary.
  EndpointRecord Retire(const EndpointName& name, const RevisionId& revision,
                        const std::string& who);
  EndpointRecord Scale(const EndpointName& name, int replicas, const std::string& who);
  // Raises the number of what the endpoint promises, so that the next version may break it. Throws
  // kInvalidArgument for one that is not higher than the present one.
  EndpointRecord RaiseApiVersion(const EndpointName& name, int64_t api_version,
                                 const std::string& reason, const std::string& who);
  // Changes the settings that `settings`, an object, names (UpdatePolicy).
  EndpointRecord Configure(const EndpointName& name, const Json& settings, const std::string& who);
  // What callers have asked today, where it counts against a quota.
  std::vector<StoredUsage> LoadUsage() const;
  // Writes it, and forgets what is older than two days.
  void KeepUsage(const std::vector<StoredUsage>& usage);
  void Delete(const EndpointName& name, const std::string& who);

 private:
  struct Change;
  template <typename F>
  EndpointRecord Write(const EndpointName& name, const std::string& who, F&& work);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::serving
