#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/lane.h"
#include "events/event_log.h"
#include "serving/autoscaler.h"
#include "serving/endpoint_store.h"
#include "serving/prediction_log.h"
#include "serving/predictor.h"
#include "serving/replica_loop.h"
#include "serving/routing.h"
#include "serving/supervisor.h"

namespace millwright::serving {

struct GatewayOptions {
  SupervisorOptions supervisor;
  // Without it endpoints are another server's: none is restored, and calls throw kUnavailable.
  bool serves = true;
  int64_t hold_ms = 15'000;  // that a request may wait for a replica to start or come back
  int held_max = 512;        // requests that wait at a time, per endpoint; more are refused
  int attempts_max = 4;      // replicas that one request is sent to when they die under it
  int shadow_threads = 2;
  size_t shadow_queue_max = 1024;  // copies that wait; more are dropped and counted
  int failed_starts_max = 3;       // in a row, before a rollout is undone
  // Finds the version that an alias of a registered model names; throws when there is none. Without
  // it there are no labels.
  std::function<std::string(const std::string& model, const std::string& alias)> version_of_alias;
  // The loop of the calling thread where that is one; without it, or where it gives null, the
  // thread waits for the replica.
  std::function<ReplicaLoop*()> loop_here;
};

struct ReplicaStatus {
  std::string id;
  Replica::Facts facts;
};
struct RevisionStatus {
  RevisionRecord record;
  int64_t requests = 0;  // in its present role, since this server started
  int64_t errors = 0;
  std::string failure;  // why it cannot serve, empty if it can
  int replicas_wanted = 0;
  int64_t median_us = 0;  // of the latest requests to its replicas, 0 while there are few
  int64_t p95_us = 0;
  std::vector<ReplicaStatus> replicas;
};
struct EndpointStatus {
  EndpointRecord record;
  EndpointState state = EndpointState::kStarting;
  int64_t requests = 0;  // since this server started
  int64_t errors = 0;
  int64_t shadows_dropped = 0;
  int64_t held = 0;            // requests that wait for a replica
  int64_t hedged = 0;          // requests that were asked of a second replica, too
  int64_t hedges_won = 0;      // that the second replica answered first
  int64_t hedges_refused = 0;  // looks at late ones that found none in the budget
  int64_t limited = 0;         // requests over a caller's limits
  int64_t too_large = 0;       // requests and answers over the endpoint's limits
  ResponseCache::Counts cache;
  std::vector<CallerUsage> callers;       // where the endpoint has limits
  std::vector<RevisionStatus> revisions;  // newest first
  ModelInfoPtr info;                      // of the live revision, once it was ready
};

// Endpoints, their revisions and replicas, and the way of a request to one of them. Rows say what
// is wanted; the supervisor's thread makes it so, also after a restart. A rollout changes rows only
// when it is decided: the live revision serves until all replicas of the next one are ready, so a
// server killed in between goes on with the rollout, and a next one that cannot start is undone.
//
// As a Predictor its models are the endpoints' names. A request whose replica dies is sent to
// another one; when none is ready it is held, for hold_ms at most. A request that is made on a
// thread with a loop (GatewayOptions::loop_here) is answered by that loop later; any other thread
// waits for its answer.
//
// Changing calls are durable when they return; replicas follow (WaitReady). Errors are
// EndpointStore's. Thread-safe.
class Gateway : public Predictor {
 public:
  // `sink` may be null. Restores all endpoints and starts their replicas.
  Gateway(storage::Database& database, events::EventLog& events, const Clock& clock,
          PredictionSink* sink, GatewayOptions options);
  ~Gateway() override;

  void Deploy(const EndpointName& name, const std::string& model, const RevisionSpec& spec,
              const std::string& who);
  void AddShadow(const EndpointName& name, const RevisionSpec& spec, const std::string& who);
  void StartCanary(const EndpointName& name, const RevisionSpec& spec, int weight,
                   const std::string& who);
  void SetWeights(const EndpointName& name, const std::map<std::string, int>& weights,
                  const std::string& who);
  void Configure(const EndpointName& name, const Json& settings, const std::string& who);
  // A rolling update to the canary or shadow of this version: start, warm, shift, drain, stop.
  void Promote(const EndpointName& name, const std::string& model_version, const std::string& who);
  void Rollback(const EndpointName& name, const std::string& who);
  void Retire(const EndpointName& name, const RevisionId& revision, const std::string& who);
  void Scale(const EndpointName& name, int replicas, const std::string& who);
  void RaiseApiVersion(const EndpointName& name, int64_t api_version, const std::string& reason,
                       const std::string& who);
  void Delete(const EndpointName& name, const std::string& who);

  // Waits until no rollout is under way and every replica that is wanted is ready. Throws
  // kFailedPrecondition with the reason when the last rollout was undone or a revision cannot
  // start, kDeadlineExceeded after `timeout_ms`.
  void WaitReady(const EndpointName& name, int64_t timeout_ms) const;

  std::vector<EndpointStatus> List() const;
  EndpointStatus Get(const EndpointName& name) const;
  // How an endpoint treats its requests just now; nothing for one that is not here.
  std::optional<EndpointPolicy> PolicyOf(const std::string& name) const;
  std::vector<TrafficBucket> Traffic(const EndpointName& name, size_t buckets) const;
  // Counters and histograms of endpoints as Prometheus text.
  std::string MetricsText() const;

  std::vector<std::string> Models() const override;
  ModelInfoPtr Describe(const std::string& model, const std::string& version) const override;
  bool Ready(const std::string& model, const std::string& version) const override;
  std::optional<Refusal> Admit(const std::string& model, const Origin& origin) override;
  std::optional<Refusal> AdmitRows(const InferRequest& request) override;
  Error RefuseAnswer(const std::string& model, uint64_t body_bytes, int64_t bytes_max) override;
  void Infer(InferRequest&& request, InferDone done) override;
  // Where requests have a loop and their endpoint's model is known, unless that costs a look into
  // the database: a label, a contract.
  bool IsPrompt(const std::string& model, Naming naming) const override;
  // Of each endpoint's route: live, canary, shadows.
  std::vector<VersionStatus> Index() const override;
  std::vector<VersionStatistics> Statistics() const override;
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override;
  // Both throw kUnimplemented: endpoints are deployed, scaled and deleted.
  void Load(const std::string& model) override;
  void Unload(const std::string& model) override;

 private:
  struct RevisionRuntime {
    RevisionRecord record;
    // Kept apart by role, so that what a canary answered does not hold its time as a shadow.
    std::map<Role, std::shared_ptr<LatencyHistogram>> stats;
    std::shared_ptr<VersionCounters> counters = std::make_shared<VersionCounters>();
    std::shared_ptr<RecentLatency> latency = std::make_shared<RecentLatency>();
    std::vector<std::shared_ptr<Replica>> replicas;
    int wanted = 0;       // replicas
    int most_wanted = 0;  // since it woke last
    Autoscaler autoscaler;
    ModelInfoPtr info;  // as of the last replica that was ready
    int replicas_made = 0;
    std::string failure;
  };
  struct Runtime {
    EndpointRecord record;
    std::shared_ptr<RoutedEndpoint> routed;
    std::map<RevisionId, RevisionRuntime> revisions;  // those with replicas, or that had
  };
  // An event that is written soon.
  struct PendingEvent {
    std::string kind;
    std::string subject;
    Json payload;
  };
  // One request on its way (gateway_forwarding.h).
  class Forwarding;

  // Refuses to split by an input that the live model, where it is known, does not have.
  void CheckStickyInput(const EndpointName& name, const Json& settings) const;
  // Control: all with mutex_ held.
  void Apply(EndpointRecord record);
  // Starts what is missing; takes what is too much out of the revision and returns it, to be
  // drained once the new route is out.
  std::vector<std::shared_ptr<Replica>> Resize(const Runtime& runtime, RevisionRuntime& revision,
                                               int wanted);
  void Publish(Runtime& runtime);
  RoutedRevisionPtr RoutedOf(const RevisionRuntime& revision) const;
  void CheckSignature(const Runtime& runtime, RevisionRuntime& revision,
                      const Replica::Facts& facts) const;
  EndpointStatus StatusOf(const Runtime& runtime) const;
  const Runtime& Find(const EndpointName& name) const;
  // That an endpoint is not known here.
  Error Missing(const std::string& name) const;
  // Whether a rollout can be finished now; `why` is set when it must be undone instead.
  bool RolloutDecided(const Runtime& runtime, std::string* why) const;

  template <typename F>
  void Change(F&& change);

  // How many replicas a revision should have now.
  static int WantedOf(const Runtime& runtime, const RevisionRuntime& revision);

  // On the supervisor's thread.
  void FollowRequests();
  // Gives the replicas of revisions that scale to what their requests ask for; with mutex_ held.
  bool ScaleRevision(Runtime& runtime, RevisionRuntime& revision, int64_t now_us,
                     std::vector<std::shared_ptr<Replica>>* surplus);
  // With mutex_ held.
  SpareNeed NeedOfSpares() const;
  void EjectSlowReplicas();
  void QueueEvent(PendingEvent event);  // with mutex_ held
  void OnNotice(const std::shared_ptr<Replica>& replica, ReplicaNotice notice);
  void Tick();

  // What is written down, and the decisions that follow from it.
  void KeepRecords(const std::stop_token& stop);
  bool IsRecordDue() const;  // with mutex_ held
  void FinishRollouts();
  void FlushEvents();
  void FlushUsage();

  // Calls `each` for every revision of every route.
  void EachRouted(const std::function<void(const RoutedEndpoint&, const RoutedRevision&,
                                           const std::string& failure)>& each) const;

  // Data path.
  std::shared_ptr<RoutedEndpoint> FindRouted(const std::string& name) const;
  // Tells the replica's health what came of a request, and leaves it; no answer says that it went
  // away.
  void TakeNotice(const Route& route, const std::shared_ptr<Replica>& replica,
                  const std::optional<Result<InferAnswer>>& answer, int64_t start_us);
  // Appends the event of an ejection.
  void NoteEjection(const Replica& replica, std::string_view why);
  void SendToShadows(const Route& route, const std::shared_ptr<const std::string>& frame,
                     const LoggedPrediction& prediction);
  void AskShadow(const RoutedRevision& shadow, const std::string& frame,
                 LoggedPrediction prediction);

  const GatewayOptions options_;
  const Clock& clock_;
  events::EventLog& events_;
  storage::Database& database_;
  PredictionSink* const sink_;
  EndpointStore store_;

  // Held over a change's transaction and its application, so that both come in one order.
  std::mutex changes_mutex_;
  mutable std::mutex
      mutex_;  // taken after changes_mutex_, before any lock of Supervisor or Replica
  mutable std::condition_variable changed_;
  std::map<EndpointName, Runtime> runtimes_;
  std::deque<PendingEvent> pending_events_;
  std::condition_variable_any records_due_;  // with mutex_
  int64_t slowness_at_us_ = 0;               // of the supervisor's thread
  int64_t usage_at_us_ = 0;                  // of the thread of records

  mutable std::shared_mutex routed_mutex_;  // innermost
  std::map<std::string, std::shared_ptr<RoutedEndpoint>, std::less<>> routed_;
  std::atomic<int64_t> shadows_dropped_ = 0;
  std::atomic<int64_t> retried_ = 0;  // requests whose replica went away under them

  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<Lane> shadow_lane_;  // after the supervisor, so that it ends first
  std::jthread records_;
};

}  // namespace millwright::serving
