#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "events/event_log.h"
#include "loop/arm_reader.h"
#include "loop/loop_store.h"
#include "loop/rules.h"
#include "pipelines/pipeline_store.h"
#include "registry/registry.h"
#include "serving/gateway.h"

namespace millwright::loop {

// Whom the loops act as.
inline constexpr const char* kLoopPrincipal = "loop";
// Steps of one loop in one look; more wait for the next.
inline constexpr int kStepsPerLookMax = 20;

// What the loops work with.
struct LoopRooms {
  LoopStore& store;
  events::EventLog& events;
  const Clock& clock;
  registry::Registry& registry;
  serving::Gateway& gateway;
  pipelines::PipelineStore& pipelines;
  monitoring::PredictionLog& predictions;
  // The revision of a version, whose files are there. Throws where there is none.
  std::function<serving::RevisionSpec(const std::string& model, const std::string& version,
                                      int replicas)>
      revision;
};

// Runs the loops of all models. Each look makes what the phase wants of the endpoint and the alias
// so (again, where a killed server left it undone: asking for what is so already changes nothing),
// looks at what came of it, and decides by loop/rules.h. The decision, the new state and a pipeline
// run that it starts are one transaction.
//
// One thread calls Look; the rest is thread-safe.
class Loops {
 public:
  explicit Loops(LoopRooms rooms);

  // Follows the event log for triggers, then looks at every loop. A loop that fails is logged and
  // does not stop the others.
  void Look();

  // What was seen at the last look: figures of both arms, n and bounds. Null before the first.
  Json LastSeen(const std::string& model) const;

  // What persons do; each returns the loop afterwards. Errors are those of loop/rules.h.
  StoredLoop Trigger(const std::string& model, const Person& by, const std::string& version);
  StoredLoop Pause(const std::string& model, const Person& by);
  StoredLoop Resume(const std::string& model, const Person& by);
  StoredLoop Approve(const std::string& model, const Person& by);
  StoredLoop Override(const std::string& model, const Person& by);
  StoredLoop RollBack(const std::string& model, const Person& by);

 private:
  using Act = Step (*)(const Policy&, const LoopState&, const Person&);

  StoredLoop ByPerson(const std::string& model, const Person& by, Act act);
  void FollowEvents();
  void FollowEndOf(const events::Event& event, const std::vector<StoredLoop>& loops);
  void FollowSchedules(const StoredLoop& loop);
  void LookAt(StoredLoop loop, const std::vector<StoredLoop>& all);
  Seen See(const StoredLoop& loop, const std::vector<StoredLoop>& all);
  EndpointSeen SeeEndpoint(const StoredLoop& loop, const std::vector<StoredLoop>& all) const;
  std::optional<RunSeen> SeeRun(const StoredLoop& loop) const;
  GateSeen SeeGate(const StoredLoop& loop) const;
  // Makes what the phase wants so. What stands in the way is put into `seen`.
  void Realise(const StoredLoop& loop, Seen* seen);
  void RealiseCandidate(const StoredLoop& loop, const EndpointSeen& endpoint);
  void RealisePromotion(const StoredLoop& loop, const EndpointSeen& endpoint, Seen* seen);
  void RealiseRollback(const StoredLoop& loop, const EndpointSeen& endpoint);
  serving::RevisionSpec RevisionOf(const StoredLoop& loop, const std::string& version) const;

  const LoopRooms rooms_;
  ArmReader arms_;
  mutable std::mutex mutex_;  // guards seen_
  std::map<std::string, Json> seen_;
};

}  // namespace millwright::loop
