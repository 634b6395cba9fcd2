#include "serving/gateway.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "inference/mlmodel_signature.h"
#include "registry/model_schema.h"

namespace millwright::serving {
namespace {

constexpr size_t kPendingEventsMax = 10'000;
constexpr int64_t kDatabaseRetryMs = 1'000;
constexpr int64_t kRecordsEveryMs = 1'000;  // what nothing announces: the usage of callers
constexpr int64_t kHurryRoundMs = 5;
const std::string kSystem = "system";

// What a request must look like: two revisions that differ in it cannot share an endpoint.
std::string InputsOf(const ModelInfo& info) {
  inference::Signature inputs = info.signature;
  inputs.outputs.clear();
  return inference::SignatureToJson(inputs).Dump();
}

std::vector<registry::SchemaChange> InputChanges(const ModelInfo& before, const ModelInfo& after) {
  const auto schema = [](const ModelInfo& info) {
    return registry::ModelSchema::FromJson(
        Json::Of({{"inputs", inference::ToMlmodelSignature(info.signature).inputs}}));
  };
  return registry::CompareSchemas(schema(before), schema(after));
}

// Requests are read by the live version's contract before it is known who answers them, so that
// versions that answer side by side have to take the same. One that takes the live one's place at
// once may take more, and anything where somebody said that callers are ready.
bool MayReplaceLive(const EndpointRecord& endpoint, const RevisionRecord& next,
                    const ModelInfo& live_info, const ModelInfo& next_info) {
  const RevisionRecord* live = endpoint.FindRole(Role::kLive);
  if (live == nullptr || endpoint.promoting != next.id || next.weight != 0) return false;
  return endpoint.api_version > live->api_version ||
         registry::Breaks(InputChanges(live_info, next_info)).empty();
}

bool AllReady(const std::vector<std::shared_ptr<Replica>>& replicas, int wanted) {
  const auto ready = std::count_if(replicas.begin(), replicas.end(), [](const auto& replica) {
    return replica->state() == ReplicaState::kReady;
  });
  return ready >= wanted;
}

std::string_view KindOf(ReplicaNotice notice) {
  switch (notice) {
    case ReplicaNotice::kReady:
      return "replica.started";
    case ReplicaNotice::kStopped:
      return "replica.stopped";
    case ReplicaNotice::kDied:
    case ReplicaNotice::kStartFailed:
      return "replica.died";
  }
  return "";
}

Error ServedElsewhere() {
  return Unavailable("This server has the role api: endpoints are another server's");
}

}  // namespace

Gateway::Gateway(storage::Database& database, events::EventLog& events, const Clock& clock,
                 PredictionSink* sink, GatewayOptions options)
    : options_(std::move(options)),
      clock_(clock),
      events_(events),
      database_(database),
      sink_(sink),
      store_(database, events, clock) {
  const auto records = options_.serves ? store_.Load() : std::vector<EndpointRecord>();
  const auto usage = options_.serves ? store_.LoadUsage() : std::vector<StoredUsage>();
  shadow_lane_ =
      std::make_unique<Lane>("shadow", options_.shadow_threads, options_.shadow_queue_max);
  std::lock_guard changes(changes_mutex_);
  std::lock_guard lock(mutex_);
  supervisor_ = std::make_unique<Supervisor>(
      options_.supervisor, clock_,
      [this](const std::shared_ptr<Replica>& replica, ReplicaNotice notice) {
        OnNotice(replica, notice);
      },
      [this] { Tick(); });
  for (const EndpointRecord& record : records) Apply(record);
  for (const StoredUsage& used : usage) {
    const auto it = runtimes_.find(used.endpoint);
    if (it != runtimes_.end()) it->second.routed->limits.Restore(used.rows);
  }
  records_ = std::jthread([this](const std::stop_token& stop) { KeepRecords(stop); });
}

Gateway::~Gateway() {
  {
    std::shared_lock lock(routed_mutex_);
    for (const auto& [name, routed] : routed_) routed->Close();
  }
  shadow_lane_.reset();
  records_ = {};
  supervisor_->Stop();
  usage_at_us_ = 0;
  try {
    FlushEvents();
    FlushUsage();
  } catch (const Error& error) {
    Log(LogLevel::kError, "serving", "cannot store the state of endpoints",
        {{"reason", error.message()}});
  }
}

template <typename F>
void Gateway::Change(F&& change) {
  if (!options_.serves) throw ServedElsewhere();
  std::lock_guard changes(changes_mutex_);
  EndpointRecord record = change();
  std::lock_guard lock(mutex_);
  Apply(std::move(record));
}

void Gateway::Deploy(const EndpointName& name, const std::string& model, const RevisionSpec& spec,
                     const std::string& who) {
  Change([&] { return store_.Deploy(name, model, spec, who); });
}

void Gateway::AddShadow(const EndpointName& name, const RevisionSpec& spec,
                        const std::string& who) {
  Change([&] { return store_.AddShadow(name, spec, who); });
}

void Gateway::StartCanary(const EndpointName& name, const RevisionSpec& spec, int weight,
                          const std::string& who) {
  Change([&] { return store_.StartCanary(name, spec, weight, who); });
}

void Gateway::SetWeights(const EndpointName& name, const std::map<std::string, int>& weights,
                         const std::string& who) {
  Change([&] { return store_.SetWeights(name, weights, who); });
}

void Gateway::Configure(const EndpointName& name, const Json& settings, const std::string& who) {
  CheckStickyInput(name, settings);
  Change([&] { return store_.Configure(name, settings, who); });
}

void Gateway::CheckStickyInput(const EndpointName& name, const Json& settings) const {
  const Json* text = settings.Find("sticky_by");
  if (text == nullptr || !text->is_string() || text->AsString() == "none") return;
  const StickyKey key = StickyKeyOf({.sticky_by = text->AsString()});
  if (key.from != StickyKey::From::kInput || key.name.empty()) return;
  std::lock_guard lock(mutex_);
  const auto runtime = runtimes_.find(name);
  if (runtime == runtimes_.end()) return;  // the store says so
  for (const auto& [id, revision] : runtime->second.revisions) {
    if (revision.record.role != Role::kLive || revision.info == nullptr) continue;
    const auto names = StickyInputsOf(revision.info->signature);
    if (std::find(names.begin(), names.end(), key.name) != names.end()) continue;
    throw InvalidArgument("sticky_by names no input of version {}: {}; it has {}",
                          revision.record.model_version, key.name, fmt::join(names, ", "))
        .WithField("sticky_by");
  }
}

void Gateway::Promote(const EndpointName& name, const std::string& model_version,
                      const std::string& who) {
  Change([&] { return store_.StartPromotion(name, model_version, who); });
}

void Gateway::Rollback(const EndpointName& name, const std::string& who) {
  Change([&] { return store_.Rollback(name, who); });
}

void Gateway::Retire(const EndpointName& name, const RevisionId& revision, const std::string& who) {
  Change([&] { return store_.Retire(name, revision, who); });
}

void Gateway::Scale(const EndpointName& name, int replicas, const std::string& who) {
  Change([&] { return store_.Scale(name, replicas, who); });
}

void Gateway::RaiseApiVersion(const EndpointName& name, int64_t api_version,
                              const std::string& reason, const std::string& who) {
  Change([&] { return store_.RaiseApiVersion(name, api_version, reason, who); });
}

void Gateway::Delete(const EndpointName& name, const std::string& who) {
  std::lock_guard changes(changes_mutex_);
  store_.Delete(name, who);
  std::lock_guard lock(mutex_);
  const auto it = runtimes_.find(name);
  if (it == runtimes_.end()) return;
  {
    std::lock_guard routed(routed_mutex_);
    routed_.erase(name.str());
  }
  it->second.routed->Close();
  for (auto& [id, revision] : it->second.revisions) {
    for (const auto& replica : revision.replicas) supervisor_->Drain(replica);
  }
  runtimes_.erase(it);
  changed_.notify_all();
}

void Gateway::Apply(EndpointRecord record) {
  Runtime& runtime = runtimes_[record.name];
  runtime.record = std::move(record);
  const EndpointName& name = runtime.record.name;
  if (runtime.routed == nullptr) {
    runtime.routed = std::make_shared<RoutedEndpoint>(name, runtime.record.created_ms);
    std::lock_guard routed(routed_mutex_);
    routed_[name.str()] = runtime.routed;
  }
  std::vector<std::shared_ptr<Replica>> surplus;
  for (const RevisionRecord& wanted : runtime.record.revisions) {
    const bool known = runtime.revisions.contains(wanted.id);
    if (wanted.role == Role::kRetired && !known) continue;
    RevisionRuntime& revision = runtime.revisions[wanted.id];
    auto& stats = revision.stats[wanted.role];
    if (stats == nullptr) stats = std::make_shared<LatencyHistogram>();
    if (wanted.role != revision.record.role && wanted.role != Role::kRetired) {
      revision.failure.clear();  // another try
    }
    revision.record = wanted;
    revision.wanted = WantedOf(runtime, revision);
    const auto out = Resize(runtime, revision, revision.wanted);
    surplus.insert(surplus.end(), out.begin(), out.end());
  }
  Publish(runtime);
  // Only now, so that no request is without a replica in between.
  for (const auto& replica : surplus) supervisor_->Drain(replica);
}

std::vector<std::shared_ptr<Replica>> Gateway::Resize(const Runtime& runtime,
                                                      RevisionRuntime& revision, int wanted) {
  auto& replicas = revision.replicas;
  while (static_cast<int>(replicas.size()) < wanted) {
    const std::string& id = revision.record.id.str();
    replicas.push_back(supervisor_->Start({.id = fmt::format("{}-{}", id, revision.replicas_made++),
                                           .endpoint = runtime.record.name.str(),
                                           .revision = id,
                                           .model_version = revision.record.model_version,
                                           .model_path = revision.record.model_path}));
  }
  std::vector<std::shared_ptr<Replica>> surplus(replicas.begin() + wanted, replicas.end());
  replicas.resize(static_cast<size_t>(wanted));
  return surplus;
}

RoutedRevisionPtr Gateway::RoutedOf(const RevisionRuntime& revision) const {
  RoutedRevision routed{.id = revision.record.id,
                        .model_version = revision.record.model_version,
                        .role = revision.record.role,
                        .stats = revision.stats.at(revision.record.role),
                        .counters = revision.counters,
                        .latency = revision.latency,
                        .replicas = revision.replicas,
                        .slots = revision.record.slots};
  for (const auto& replica : revision.replicas) {
    if (routed.info == nullptr) routed.info = replica->facts().info;
  }
  // Nobody needs a replica to learn what one that is gone has said.
  if (routed.info == nullptr) routed.info = revision.info;
  return std::make_shared<const RoutedRevision>(std::move(routed));
}

void Gateway::Publish(Runtime& runtime) {
  const EndpointRecord& record = runtime.record;
  Route route{
      .salt = record.name.str(), .policy = record.policy, .sticky = StickyKeyOf(record.policy)};
  for (auto& [id, revision] : runtime.revisions) {
    switch (revision.record.role) {
      case Role::kLive:
        route.live = RoutedOf(revision);
        route.failure = revision.failure;
        route.sleeps = revision.wanted == 0 && revision.failure.empty();
        break;
      case Role::kCanary:
        if (revision.failure.empty()) route.canaries.push_back(RoutedOf(revision));
        break;
      case Role::kShadow:
        if (revision.failure.empty()) route.shadows.push_back(RoutedOf(revision));
        break;
      case Role::kRetired:
        break;
    }
  }
  runtime.routed->cache.Shrink(record.policy.caches() ? record.policy.cache_bytes : 0);
  runtime.routed->Publish(std::make_shared<const Route>(std::move(route)));
  changed_.notify_all();
  records_due_.notify_one();
}

Error Gateway::Missing(const std::string& name) const {
  return options_.serves ? NotFound("Endpoint", name) : ServedElsewhere();
}

const Gateway::Runtime& Gateway::Find(const EndpointName& name) const {
  const auto it = runtimes_.find(name);
  if (it == runtimes_.end()) throw Missing(name.str());
  return it->second;
}

void Gateway::CheckSignature(const Runtime& runtime, RevisionRuntime& revision,
                             const Replica::Facts& facts) const {
  if (revision.record.role == Role::kLive || facts.info == nullptr) return;
  const auto route = runtime.routed->route();
  if (route->live == nullptr || route->live->info == nullptr) return;
  if (InputsOf(*route->live->info) == InputsOf(*facts.info)) return;
  if (MayReplaceLive(runtime.record, revision.record, *route->live->info, *facts.info)) return;
  revision.failure = fmt::format("Version {} takes other inputs than the live version {}",
                                 revision.record.model_version, route->live->model_version);
}

void Gateway::QueueEvent(PendingEvent event) {
  if (pending_events_.size() < kPendingEventsMax) pending_events_.push_back(std::move(event));
  records_due_.notify_one();
}

void Gateway::OnNotice(const std::shared_ptr<Replica>& replica, ReplicaNotice notice) {
  const ReplicaSpec& spec = replica->spec();
  const Replica::Facts facts = replica->facts();
  Json payload = Json::Of(
      {{"replica", spec.id}, {"revision", spec.revision}, {"model_version", spec.model_version}});
  if (!facts.reason.empty()) payload.Set("reason", facts.reason);
  if (facts.pid != 0) payload.Set("pid", facts.pid);
  std::lock_guard lock(mutex_);
  QueueEvent({std::string(KindOf(notice)), "endpoint:" + spec.endpoint, std::move(payload)});
  const auto it = runtimes_.find(EndpointName(spec.endpoint));
  if (it == runtimes_.end()) return;
  const auto found = it->second.revisions.find(RevisionId(spec.revision));
  if (found == it->second.revisions.end()) return;
  RevisionRuntime& revision = found->second;
  if (notice == ReplicaNotice::kReady) {
    revision.failure.clear();
    revision.info = facts.info;
    CheckSignature(it->second, revision, facts);
  } else if (facts.failed_starts >= options_.failed_starts_max) {
    revision.failure = facts.reason;
  }
  Publish(it->second);
}

void Gateway::Tick() {
  FollowRequests();
  EjectSlowReplicas();
}

// On a thread of its own: the database may take longer than a replica that somebody waits for.
void Gateway::KeepRecords(const std::stop_token& stop) {
  NameThisThread("gateway-records");
  const auto wait = [&](int64_t for_ms, auto&& is_due) {
    std::unique_lock lock(mutex_);
    records_due_.wait_for(lock, stop, std::chrono::milliseconds(for_ms), is_due);
  };
  while (!stop.stop_requested()) {
    wait(kRecordsEveryMs, [this] { return IsRecordDue(); });
    // What a wake has to say is written at once, and when it does not take a processor from it.
    while (!stop.stop_requested() && supervisor_->IsInHurry()) {
      wait(kHurryRoundMs, [] { return false; });
    }
    try {
      FinishRollouts();
      FlushEvents();
      FlushUsage();
    } catch (const Error& error) {
      // Replicas are watched whatever the database does; what is to be written is tried again.
      Log(LogLevel::kError, "serving", "cannot write the state of endpoints",
          {{"reason", error.message()}});
      wait(kDatabaseRetryMs, [] { return false; });
    }
  }
}

bool Gateway::IsRecordDue() const {
  if (!pending_events_.empty()) return true;
  std::string why;
  return std::any_of(runtimes_.begin(), runtimes_.end(),
                     [&](const auto& entry) { return RolloutDecided(entry.second, &why); });
}

bool Gateway::RolloutDecided(const Runtime& runtime, std::string* why) const {
  if (!runtime.record.promoting) return false;
  const auto it = runtime.revisions.find(*runtime.record.promoting);
  if (it == runtime.revisions.end()) return false;
  *why = it->second.failure;
  return !why->empty() || AllReady(it->second.replicas, it->second.wanted);
}

void Gateway::FinishRollouts() {
  std::vector<EndpointName> rolling;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, runtime] : runtimes_) {
      std::string why;
      if (RolloutDecided(runtime, &why)) rolling.push_back(name);
    }
  }
  for (const EndpointName& name : rolling) {
    std::lock_guard changes(changes_mutex_);
    std::string why;
    {
      // Looked at again: a change may have come before this one.
      std::lock_guard lock(mutex_);
      const auto it = runtimes_.find(name);
      if (it == runtimes_.end() || !RolloutDecided(it->second, &why)) continue;
    }
    EndpointRecord record = why.empty() ? store_.FinishPromotion(name, kSystem)
                                        : store_.UndoRollout(name, why, kSystem);
    std::lock_guard lock(mutex_);
    Apply(std::move(record));
  }
}

void Gateway::FlushEvents() {
  std::deque<PendingEvent> events;
  {
    std::lock_guard lock(mutex_);
    events.swap(pending_events_);
  }
  if (events.empty()) return;
  try {
    database_.Write([&](storage::Connection& connection) {
      for (const PendingEvent& event : events) {
        events_.Append(connection, event.kind, event.subject, kSystem, event.payload);
      }
    });
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    pending_events_.insert(pending_events_.begin(), events.begin(), events.end());
    throw;
  }
}

void Gateway::WaitReady(const EndpointName& name, int64_t timeout_ms) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  std::unique_lock lock(mutex_);
  for (;;) {
    const Runtime& runtime = Find(name);
    if (!runtime.record.rollout_error.empty()) {
      throw FailedPrecondition("The rollout was undone: {}", runtime.record.rollout_error);
    }
    bool all_ready = !runtime.record.promoting;
    for (const auto& [id, revision] : runtime.revisions) {
      if (revision.record.role == Role::kRetired) continue;
      const bool undone_soon = runtime.record.promoting == id;
      if (!revision.failure.empty() && !undone_soon) {
        throw FailedPrecondition("Revision {} cannot serve: {}", id.str(), revision.failure);
      }
      all_ready = all_ready && AllReady(revision.replicas, revision.wanted);
    }
    if (all_ready) return;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      throw DeadlineExceeded("Endpoint {} is not ready after {} ms", name.str(), timeout_ms);
    }
  }
}

}  // namespace millwright::serving
