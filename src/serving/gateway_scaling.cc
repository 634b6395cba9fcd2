// What the gateway does about its replicas by itself, on the supervisor's thread: their number
// follows the requests, slow ones are passed over for a while. Quotas are written down by the
// thread of records.
#include <algorithm>

#include "base/error.h"
#include "serving/gateway.h"

namespace millwright::serving {
namespace {

constexpr int64_t kSlownessEveryUs = 1'000'000;
constexpr int64_t kUsageEveryUs = 5'000'000;

bool Scales(const EndpointPolicy& policy, Role role) {
  return policy.scales() && (role == Role::kLive || role == Role::kCanary);
}

// A canary that sleeps would give its share back instead of waking up.
int FewestOf(const EndpointPolicy& policy, Role role) {
  return role == Role::kLive ? policy.replicas_min : std::max(policy.replicas_min, 1);
}

}  // namespace

int Gateway::WantedOf(const Runtime& runtime, const RevisionRuntime& revision) {
  const RevisionRecord& record = revision.record;
  const EndpointPolicy& policy = runtime.record.policy;
  if (record.role == Role::kRetired) return 0;
  if (!Scales(policy, record.role)) return record.replicas;
  int wanted = revision.wanted;
  // One that is new starts with what was asked for and at least with one, which tells what the
  // model takes.
  if (revision.info == nullptr && revision.replicas.empty()) wanted = record.replicas;
  if (runtime.record.promoting == record.id) {
    for (const auto& [id, other] : runtime.revisions) {
      // What the live revision needs today the next one will need, too.
      if (other.record.role == Role::kLive) wanted = std::max({wanted, other.wanted, 1});
    }
  }
  return std::clamp(wanted, FewestOf(policy, record.role), policy.replicas_max);
}

bool Gateway::ScaleRevision(Runtime& runtime, RevisionRuntime& revision, int64_t now_us,
                            std::vector<std::shared_ptr<Replica>>* surplus) {
  const RevisionRecord& record = revision.record;
  EndpointPolicy policy = runtime.record.policy;
  if (!Scales(policy, record.role) || !revision.failure.empty()) return false;
  if (runtime.record.promoting == record.id) return false;  // it gets the live one's number
  policy.replicas_min = FewestOf(policy, record.role);
  // The first replica says what the model takes, which callers may ask for at any time.
  if (revision.info == nullptr) policy.replicas_min = std::max(policy.replicas_min, 1);
  int requests = record.role == Role::kLive ? runtime.routed->held.load() : 0;
  for (const auto& replica : revision.replicas) requests += replica->outstanding();
  const int before = revision.wanted;
  const int wanted = revision.autoscaler.Step(now_us, requests, before, policy);
  if (wanted == before) return false;
  revision.most_wanted = before == 0 ? wanted : std::max({revision.most_wanted, before, wanted});
  revision.wanted = wanted;
  const auto out = Resize(runtime, revision, wanted);
  surplus->insert(surplus->end(), out.begin(), out.end());
  Json payload = Json::Of({{"revision", record.id.str()},
                           {"model_version", record.model_version},
                           {"replicas", wanted},
                           {"from_replicas", before},
                           {"requests", revision.autoscaler.average()}});
  QueueEvent({"endpoint.scaled", "endpoint:" + runtime.record.name.str(), std::move(payload)});
  return true;
}

void Gateway::FollowRequests() {
  std::vector<std::shared_ptr<Replica>> surplus;
  const int64_t now_us = MonotonicUs();
  std::lock_guard lock(mutex_);
  for (auto& [name, runtime] : runtimes_) {
    bool changed = false;
    for (auto& [id, revision] : runtime.revisions) {
      changed |= ScaleRevision(runtime, revision, now_us, &surplus);
    }
    if (changed) Publish(runtime);
  }
  supervisor_->KeepSpares(NeedOfSpares());
  for (const auto& replica : surplus) supervisor_->Drain(replica);
}

// Of the endpoints whose replicas come and go with ONNX Runtime, whose library alone takes longer
// than a model: those that sleep may all wake at one moment, each with as many replicas as it had;
// one that is awake is answered while it grows, so that one process does for all of those.
SpareNeed Gateway::NeedOfSpares() const {
  SpareNeed need;
  bool one_may_grow = false;
  for (const auto& [name, runtime] : runtimes_) {
    const EndpointPolicy& policy = runtime.record.policy;
    if (!policy.scales() || policy.replicas_min == policy.replicas_max) continue;
    for (const auto& [id, revision] : runtime.revisions) {
      const bool is_onnx = revision.info != nullptr && revision.info->platform == kSparePlatform;
      if (revision.record.role != Role::kLive || !is_onnx) continue;
      if (need.warm_up.empty()) need.warm_up = revision.record.model_path;
      if (revision.wanted == 0) {
        need.count += std::clamp(revision.most_wanted, 1, policy.replicas_max);
      } else {
        one_may_grow |= revision.wanted < policy.replicas_max;
      }
    }
  }
  if (one_may_grow) need.count = std::max(need.count, 1);
  return need;
}

// Compares the median of each replica with the median of its siblings' medians.
void Gateway::EjectSlowReplicas() {
  const int64_t now_us = MonotonicUs();
  if (now_us < slowness_at_us_) return;
  slowness_at_us_ = now_us + kSlownessEveryUs;
  std::vector<std::shared_ptr<Replica>> slow;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, runtime] : runtimes_) {
      const double factor = runtime.record.policy.eject_slowness;
      if (factor == 0) continue;
      for (const auto& [id, revision] : runtime.revisions) {
        std::vector<int64_t> medians_us;
        for (const auto& replica : revision.replicas) {
          medians_us.push_back(replica->health.median_us());
        }
        for (const size_t index : SlowOnes(medians_us, factor)) {
          slow.push_back(revision.replicas[index]);
        }
      }
    }
  }
  for (const auto& replica : slow) {
    replica->health.Eject(now_us);
    NoteEjection(*replica, "slower than the others");
  }
}

void Gateway::NoteEjection(const Replica& replica, std::string_view why) {
  const ReplicaSpec& spec = replica.spec();
  const int64_t for_ms = (replica.health.ejected_until_us() - MonotonicUs()) / 1000;
  std::lock_guard lock(mutex_);
  QueueEvent({"replica.ejected", "endpoint:" + spec.endpoint,
              Json::Of({{"replica", spec.id},
                        {"revision", spec.revision},
                        {"model_version", spec.model_version},
                        {"reason", why},
                        {"for_ms", for_ms}})});
}

void Gateway::FlushUsage() {
  const int64_t now_us = MonotonicUs();
  if (now_us < usage_at_us_) return;
  usage_at_us_ = now_us + kUsageEveryUs;
  std::vector<StoredUsage> changed;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, runtime] : runtimes_) {
      for (auto& rows : runtime.routed->limits.TakeChanged()) {
        changed.push_back({name, std::move(rows)});
      }
    }
  }
  if (changed.empty()) return;
  try {
    store_.KeepUsage(changed);
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    for (const auto& [name, runtime] : runtimes_) runtime.routed->limits.MarkChanged();
    throw;
  }
}

}  // namespace millwright::serving
