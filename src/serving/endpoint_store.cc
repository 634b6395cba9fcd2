#include "serving/endpoint_store.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "serving/schema_gate.h"
#include "serving/sql.h"

namespace millwright::serving {
namespace {

using storage::Connection;
using storage::Row;

constexpr int64_t kRetiredShown = 20;  // revisions that no longer serve, per endpoint
constexpr int64_t kUsageDaysKept = 2;

RevisionRecord RevisionFromRow(const Row& row) {
  return {.id = RevisionId(row.Text(0)),
          .model_version = row.Text(1),
          .api_version = row.Int(9),
          .model_path = row.Text(2),
          .role = ParseRole(row.Text(3)),
          .weight = static_cast<int>(row.Int(4)),
          .slots = ParseSlots(row.Text(10)),
          .replicas = static_cast<int>(row.Int(5)),
          .created_ms = row.Int(6),
          .live_ms = row.OptionalInt(7),
          .retired_ms = row.OptionalInt(8)};
}

// Brings the slots of all revisions in line with their weights.
void SpreadSlots(EndpointRecord* record) {
  std::vector<TrafficShare> shares;
  for (const auto& revision : record->revisions) {
    shares.push_back({revision.slots, revision.weight});
  }
  MoveSlots(&shares);
  for (size_t i = 0; i < shares.size(); ++i) record->revisions[i].slots = shares[i].slots;
}

EndpointRecord EndpointFromRow(Connection& connection, const Row& row) {
  EndpointRecord record{.name = EndpointName(row.Text(0)),
                        .model = row.Text(1),
                        .api_version = row.Int(5),
                        .created_ms = row.Int(2),
                        .rollout_error = row.Text(4),
                        .policy = StoredPolicy(row.Text(6))};
  if (!row.IsNull(3)) record.promoting = RevisionId(row.Text(3));
  for (const Row& revision :
       connection.Select(sql::kSelectRevisions, {record.name.str(), kRetiredShown})) {
    record.revisions.push_back(RevisionFromRow(revision));
  }
  SpreadSlots(&record);
  return record;
}

std::vector<EndpointRecord> SelectEndpoints(Connection& connection, const std::string& name) {
  std::vector<EndpointRecord> records;
  for (const Row& row : connection.Select(sql::kSelectEndpoints, {name})) {
    records.push_back(EndpointFromRow(connection, row));
  }
  return records;
}

EndpointRecord SelectEndpoint(Connection& connection, const EndpointName& name) {
  auto records =
      name.empty() ? std::vector<EndpointRecord>() : SelectEndpoints(connection, name.str());
  if (records.empty()) throw NotFound("Endpoint", name.str());
  return std::move(records[0]);
}

void CheckSpec(const RevisionSpec& spec) {
  if (spec.model_version.empty()) throw InvalidArgument("A revision needs a model version");
  if (spec.model_path.empty()) throw InvalidArgument("A revision needs a model path");
  if (spec.replicas < 1 || spec.replicas > kReplicasMax) {
    throw InvalidArgument("A revision has 1 to {} replicas: {}", kReplicasMax, spec.replicas)
        .WithField("replicas");
  }
}

// The canary or shadow of a version, if there is one.
const RevisionRecord* FindWaiting(const EndpointRecord& record, const std::string& version) {
  for (const auto& revision : record.revisions) {
    const bool waits = revision.role == Role::kCanary || revision.role == Role::kShadow;
    if (waits && revision.model_version == version) return &revision;
  }
  return nullptr;
}

const RevisionRecord& LiveOf(const EndpointRecord& record) {
  const RevisionRecord* live = record.FindRole(Role::kLive);
  if (live == nullptr)
    throw FailedPrecondition("Endpoint has no live revision: {}", record.name.str());
  return *live;
}

bool IsLive(const EndpointRecord& record, const std::string& version) {
  const RevisionRecord* live = record.FindRole(Role::kLive);
  return live != nullptr && live->model_version == version;
}

void RequireNoRollout(const EndpointRecord& record, const std::string& but_version) {
  if (!record.promoting) return;
  const RevisionRecord* promoting = record.Find(*record.promoting);
  if (promoting == nullptr || promoting->model_version != but_version) {
    throw FailedPrecondition("A rollout is under way; wait for it or roll it back: {}",
                             record.promoting->str());
  }
}

void RequireNoCanary(const EndpointRecord& record, const std::string& but_version) {
  for (const auto& revision : record.revisions) {
    if (revision.role != Role::kCanary || revision.model_version == but_version) continue;
    throw FailedPrecondition("A canary of another version is running; roll it back first: {}",
                             revision.id.str());
  }
}

// Percent that canaries have, but for those of one version.
int CanaryWeight(const EndpointRecord& record, const std::string& but_version) {
  int weight = 0;
  for (const auto& revision : record.revisions) {
    const bool counts = revision.role == Role::kCanary && revision.model_version != but_version;
    if (counts) weight += revision.weight;
  }
  return weight;
}

int CountRole(const EndpointRecord& record, Role role) {
  int count = 0;
  for (const auto& revision : record.revisions) count += revision.role == role;
  return count;
}

bool Answers(const RevisionRecord& revision) {
  return revision.role == Role::kLive || revision.role == Role::kCanary;
}

// What SetWeights is given must be whole: nothing is guessed.
void CheckWeights(const EndpointRecord& record, const std::map<std::string, int>& weights) {
  const auto refuse = [](const std::string& why) {
    return InvalidArgument("{}", why).WithField("weights");
  };
  int sum = 0;
  for (const auto& [version, weight] : weights) {
    if (weight < 0 || weight > 100) {
      throw refuse(fmt::format("A weight is 0 to 100 percent: version {} has {}", version, weight));
    }
    const bool known = std::any_of(record.revisions.begin(), record.revisions.end(),
                                   [&](const RevisionRecord& revision) {
                                     return Answers(revision) && revision.model_version == version;
                                   });
    if (!known) throw refuse("No live revision and no canary has this version: " + version);
    sum += weight;
  }
  for (const auto& revision : record.revisions) {
    if (Answers(revision) && !weights.contains(revision.model_version)) {
      throw refuse("Say the weight of every version that answers: " + revision.model_version);
    }
  }
  if (sum != 100) throw refuse(fmt::format("The weights add up to {}, not to 100", sum));
}

}  // namespace

// One transaction on one endpoint: what it was, and the writes that change it.
struct EndpointStore::Change {
  Connection& connection;
  events::EventLog& events;
  const std::string& who;
  int64_t now_ms;
  EndpointRecord before;

  void Append(std::string_view kind, const RevisionRecord& revision, Json payload = Json()) {
    payload.Set("revision", revision.id.str());
    payload.Set("model", before.model);
    payload.Set("model_version", revision.model_version);
    payload.Set("role", std::string(RoleName(revision.role)));
    payload.Set("weight", revision.weight);
    events.Append(connection, kind, "endpoint:" + before.name.str(), who, std::move(payload));
  }

  RevisionRecord Insert(const RevisionSpec& spec, Role role, int weight) {
    const auto row = connection.SelectOne(sql::kTakeRevisionNumber, {before.name.str()});
    const int64_t number = row.value().Int(0);
    RevisionRecord revision{.id = RevisionId(fmt::format("{}-r{}", before.name.str(), number)),
                            .model_version = spec.model_version,
                            .api_version = before.api_version,
                            .model_path = spec.model_path,
                            .role = role,
                            .weight = weight,
                            .replicas = spec.replicas,
                            .created_ms = now_ms};
    if (role == Role::kLive) revision.live_ms = now_ms;
    connection.Execute(
        sql::kInsertRevision,
        {revision.id.str(), before.name.str(), number, revision.model_version, revision.model_path,
         std::string(RoleName(role)), int64_t{weight}, int64_t{revision.replicas}, now_ms,
         storage::Optional(revision.live_ms), revision.api_version});
    Append("revision.created", revision);
    return revision;
  }

  RevisionRecord Update(RevisionRecord revision, Role role, int weight) {
    if (role == Role::kLive && revision.role != Role::kLive) revision.live_ms = now_ms;
    revision.retired_ms = role == Role::kRetired ? std::optional(now_ms) : std::nullopt;
    revision.role = role;
    revision.weight = weight;
    connection.Execute(sql::kUpdateRevision,
                       {revision.id.str(), std::string(RoleName(role)), int64_t{weight},
                        int64_t{revision.replicas}, storage::Optional(revision.live_ms),
                        storage::Optional(revision.retired_ms)});
    return revision;
  }

  void SetRollout(const std::optional<RevisionId>& promoting, const std::string& error) {
    const auto text = promoting ? std::optional(promoting->str()) : std::nullopt;
    connection.Execute(sql::kUpdateRollout, {before.name.str(), storage::Optional(text), error});
  }

  void SetLiveWeight(int weight) {
    const RevisionRecord& live = LiveOf(before);
    if (live.weight != weight) Update(live, Role::kLive, weight);
  }

  // Retires a canary, its share goes to the live revision.
  RevisionRecord RetireCanary(const RevisionRecord& canary) {
    const RevisionRecord* live = before.FindRole(Role::kLive);
    if (live != nullptr) SetLiveWeight(live->weight + canary.weight);
    return Update(canary, Role::kRetired, 0);
  }

  // Stores the slots that the weights of now ask for, and returns the endpoint as it is then.
  EndpointRecord Finish() {
    std::map<RevisionId, TrafficSlots> stored;
    for (const Row& row : connection.Select(sql::kSelectSlots, {before.name.str()})) {
      stored[RevisionId(row.Text(0))] = ParseSlots(row.Text(1));
    }
    EndpointRecord after = SelectEndpoint(connection, before.name);
    for (const auto& revision : after.revisions) {
      if (revision.slots == stored[revision.id]) continue;
      connection.Execute(sql::kUpdateSlots, {revision.id.str(), FormatSlots(revision.slots)});
    }
    return after;
  }
};

EndpointStore::EndpointStore(storage::Database& database, events::EventLog& events,
                             const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

std::vector<EndpointRecord> EndpointStore::Load() const {
  return database_.Read([](Connection& connection) { return SelectEndpoints(connection, ""); });
}

EndpointRecord EndpointStore::Get(const EndpointName& name) const {
  return database_.Read([&](Connection& connection) { return SelectEndpoint(connection, name); });
}

template <typename F>
EndpointRecord EndpointStore::Write(const EndpointName& name, const std::string& who, F&& work) {
  return database_.Write([&](Connection& connection) {
    Change change{connection, events_, who, clock_.NowMs(), SelectEndpoint(connection, name)};
    work(change);
    return change.Finish();
  });
}

EndpointRecord EndpointStore::Deploy(const EndpointName& name, const std::string& model,
                                     const RevisionSpec& spec, const std::string& who) {
  CheckEndpointName(name.str());
  CheckSpec(spec);
  return database_.Write([&](Connection& connection) {
    const bool is_new = SelectEndpoints(connection, name.str()).empty();
    if (is_new) {
      const int64_t now_ms = clock_.NowMs();
      connection.Execute(sql::kInsertEndpoint, {name.str(), model, now_ms});
      events_.Append(connection, "endpoint.created", "endpoint:" + name.str(), who,
                     Json::Of({{"model", model}}));
    }
    Change change{connection, events_, who, clock_.NowMs(), SelectEndpoint(connection, name)};
    const EndpointRecord& before = change.before;
    if (is_new || before.FindRole(Role::kLive) == nullptr) {
      change.Insert(spec, Role::kLive, 100);
    } else if (!IsLive(before, spec.model_version)) {
      RequireNoRollout(before, spec.model_version);
      RequireNoCanary(before, spec.model_version);
      const RevisionRecord* waiting = FindWaiting(before, spec.model_version);
      if (!before.promoting) {
        RequireUnbroken(connection, before, model, spec.model_version);
        RevisionRecord revision =
            waiting != nullptr ? *waiting : change.Insert(spec, Role::kCanary, 0);
        revision.replicas = spec.replicas;
        revision = change.Update(revision, Role::kCanary, revision.weight);
        change.SetRollout(revision.id, "");
        change.Append("rollout.started", revision);
      }
    }
    return change.Finish();
  });
}

EndpointRecord EndpointStore::AddShadow(const EndpointName& name, const RevisionSpec& spec,
                                        const std::string& who) {
  CheckSpec(spec);
  return Write(name, who, [&](Change& change) {
    if (FindWaiting(change.before, spec.model_version) != nullptr) return;
    if (IsLive(change.before, spec.model_version)) {
      throw FailedPrecondition("The version is live already: {}", spec.model_version);
    }
    if (CountRole(change.before, Role::kShadow) >= kShadowsMax) {
      throw FailedPrecondition("An endpoint has at most {} shadows", kShadowsMax);
    }
    change.Insert(spec, Role::kShadow, 0);
    if (!change.before.rollout_error.empty()) change.SetRollout(change.before.promoting, "");
  });
}

EndpointRecord EndpointStore::StartCanary(const EndpointName& name, const RevisionSpec& spec,
                                          int weight, const std::string& who) {
  CheckSpec(spec);
  if (weight < 0 || weight > 100) {
    throw InvalidArgument("A weight is 0 to 100 percent: {}", weight).WithField("weight");
  }
  return Write(name, who, [&](Change& change) {
    const EndpointRecord& before = change.before;
    if (IsLive(before, spec.model_version)) {
      throw FailedPrecondition("The version is live already: {}", spec.model_version);
    }
    RequireNoRollout(before, spec.model_version);
    const RevisionRecord* waiting = FindWaiting(before, spec.model_version);
    if (waiting != nullptr && waiting->role == Role::kCanary && waiting->weight == weight) return;
    if (waiting == nullptr && CountRole(before, Role::kCanary) >= kCanariesMax) {
      throw FailedPrecondition("An endpoint has at most {} canaries", kCanariesMax);
    }
    const int others = CanaryWeight(before, spec.model_version);
    if (others + weight > 100) {
      throw InvalidArgument("Other canaries have {} percent already: {} is too much", others,
                            weight)
          .WithField("weight");
    }
    RequireUnbroken(change.connection, before, "", spec.model_version);
    change.SetLiveWeight(100 - others - weight);
    if (waiting == nullptr) {
      change.Insert(spec, Role::kCanary, weight);
    } else {
      change.Append("rollout.stepped", change.Update(*waiting, Role::kCanary, weight));
    }
    if (!before.rollout_error.empty()) change.SetRollout(before.promoting, "");
  });
}

EndpointRecord EndpointStore::SetWeights(const EndpointName& name,
                                         const std::map<std::string, int>& weights,
                                         const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const EndpointRecord& before = change.before;
    RequireNoRollout(before, "");
    CheckWeights(before, weights);
    Json shares = Json::MakeObject();
    std::vector<const RevisionRecord*> moved;
    for (const auto& revision : before.revisions) {
      if (!Answers(revision)) continue;
      const int weight = weights.at(revision.model_version);
      shares.Set(revision.model_version, weight);
      if (weight != revision.weight) moved.push_back(&revision);
    }
    for (const RevisionRecord* revision : moved) {
      change.Update(*revision, revision->role, weights.at(revision->model_version));
    }
    if (moved.empty()) return;
    change.events.Append(change.connection, "rollout.stepped", "endpoint:" + name.str(), who,
                         Json::Of({{"model", before.model}, {"weights", shares}}));
  });
}

EndpointRecord EndpointStore::StartPromotion(const EndpointName& name,
                                             const std::string& model_version,
                                             const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const EndpointRecord& before = change.before;
    if (IsLive(before, model_version) && !before.promoting) return;
    RequireNoRollout(before, model_version);
    if (before.promoting) return;
    const RevisionRecord* waiting = FindWaiting(before, model_version);
    if (waiting == nullptr) throw NotFound("Canary or shadow of version", model_version);
    RequireUnbroken(change.connection, before, "", model_version);
    RevisionRecord revision = *waiting;
    revision.replicas = LiveOf(before).replicas;
    revision = change.Update(revision, Role::kCanary, revision.weight);
    change.SetRollout(revision.id, "");
    change.Append("rollout.started", revision);
  });
}

EndpointRecord EndpointStore::FinishPromotion(const EndpointName& name, const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const EndpointRecord& before = change.before;
    if (!before.promoting) return;
    const RevisionRecord* next = before.Find(*before.promoting);
    if (next == nullptr) throw NotFound("Revision", before.promoting->str());
    Json payload = Json::MakeObject();
    // The old one goes first: an endpoint has one live revision at any time.
    if (const RevisionRecord* live = before.FindRole(Role::kLive)) {
      payload.Set("replaced", live->id.str());
      payload.Set("replaced_version", live->model_version);
      change.Update(*live, Role::kRetired, 0);
    }
    for (const auto& revision : before.revisions) {
      const bool ends = revision.role == Role::kCanary && revision.id != next->id;
      if (ends) change.Update(revision, Role::kRetired, 0);
    }
    const RevisionRecord now_live = change.Update(*next, Role::kLive, 100);
    change.SetRollout(std::nullopt, "");
    change.Append("rollout.finished", now_live, std::move(payload));
  });
}

EndpointRecord EndpointStore::UndoRollout(const EndpointName& name, const std::string& reason,
                                          const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const EndpointRecord& before = change.before;
    if (!before.promoting && before.FindRole(Role::kCanary) == nullptr) return;
    int given_back = 0;
    for (const auto& revision : before.revisions) {
      if (revision.role != Role::kCanary) continue;
      if (before.promoting && before.promoting != revision.id) continue;
      Json payload = Json::MakeObject();
      if (!reason.empty()) payload.Set("reason", reason);
      change.Append("rollout.rolled_back", change.Update(revision, Role::kRetired, 0),
                    std::move(payload));
      given_back += revision.weight;
    }
    change.SetLiveWeight(LiveOf(before).weight + given_back);
    change.SetRollout(std::nullopt, reason);
  });
}

EndpointRecord EndpointStore::Rollback(const EndpointName& name, const std::string& who) {
  const EndpointRecord now = Get(name);
  if (now.promoting || now.FindRole(Role::kCanary) != nullptr) return UndoRollout(name, "", who);
  return Write(name, who, [&](Change& change) {
    const RevisionRecord* last = nullptr;
    for (const auto& revision : change.before.revisions) {
      if (revision.role != Role::kRetired || !revision.live_ms) continue;
      if (last == nullptr || *revision.live_ms > *last->live_ms) last = &revision;
    }
    if (last == nullptr) throw FailedPrecondition("There is no earlier revision to go back to");
    RevisionRecord revision = *last;
    revision.replicas = LiveOf(change.before).replicas;
    revision = change.Update(revision, Role::kCanary, 0);
    change.SetRollout(revision.id, "");
    change.Append("rollout.started", revision, Json::Of({{"rollback", true}}));
  });
}

EndpointRecord EndpointStore::Retire(const EndpointName& name, const RevisionId& revision,
                                     const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const RevisionRecord* found = change.before.Find(revision);
    if (found == nullptr) throw NotFound("Revision", revision.str());
    if (found->role == Role::kRetired) return;
    if (found->role == Role::kLive || change.before.promoting == revision) {
      throw FailedPrecondition("Only a shadow or a canary can be retired: {}", revision.str());
    }
    change.Append("endpoint.updated", found->role == Role::kCanary
                                          ? change.RetireCanary(*found)
                                          : change.Update(*found, Role::kRetired, 0));
  });
}

EndpointRecord EndpointStore::Scale(const EndpointName& name, int replicas,
                                    const std::string& who) {
  if (replicas < 1 || replicas > kReplicasMax) {
    throw InvalidArgument("An endpoint has 1 to {} replicas: {}", kReplicasMax, replicas)
        .WithField("replicas");
  }
  return Write(name, who, [&](Change& change) {
    RevisionRecord live = LiveOf(change.before);
    if (live.replicas == replicas) return;
    live.replicas = replicas;
    live = change.Update(live, Role::kLive, live.weight);
    change.Append("endpoint.updated", live, Json::Of({{"replicas", replicas}}));
  });
}

EndpointRecord EndpointStore::RaiseApiVersion(const EndpointName& name, int64_t api_version,
                                              const std::string& reason, const std::string& who) {
  return Write(name, who, [&](Change& change) {
    const int64_t now = change.before.api_version;
    if (api_version <= now || api_version > kApiVersionMax) {
      throw InvalidArgument("An API version goes up: it is {} and may be up to {}", now,
                            kApiVersionMax)
          .WithField("api_version");
    }
    change.connection.Execute(sql::kRaiseApiVersion, {name.str(), api_version});
    change.events.Append(
        change.connection, "endpoint.updated", "endpoint:" + name.str(), who,
        Json::Of({{"api_version", api_version}, {"from_api_version", now}, {"why", reason}}));
  });
}

EndpointRecord EndpointStore::Configure(const EndpointName& name, const Json& settings,
                                        const std::string& who) {
  return Write(name, who, [&](Change& change) {
    EndpointPolicy policy = change.before.policy;
    UpdatePolicy(settings, &policy);
    const Json before = PolicyToJson(change.before.policy);
    const Json after = PolicyToJson(policy);
    Json from = Json::MakeObject();
    Json to = Json::MakeObject();
    for (const auto& [key, value] : after.AsObject()) {
      if (before.At(key) == value) continue;
      from.Set(key, before.At(key));
      to.Set(key, value);
    }
    if (to.AsObject().empty()) return;
    change.connection.Execute(sql::kUpdatePolicy, {name.str(), after.Dump()});
    change.events.Append(change.connection, "endpoint.updated", "endpoint:" + name.str(), who,
                         Json::Of({{"policy", to}, {"from_policy", from}}));
  });
}

std::vector<StoredUsage> EndpointStore::LoadUsage() const {
  const int64_t today = clock_.NowMs() / kDayMs;
  return database_.Read([&](Connection& connection) {
    std::vector<StoredUsage> usage;
    for (const Row& row : connection.Select(sql::kSelectUsage, {today})) {
      usage.push_back({EndpointName(row.Text(0)), {row.Text(1), today, row.Int(2)}});
    }
    return usage;
  });
}

void EndpointStore::KeepUsage(const std::vector<StoredUsage>& usage) {
  const int64_t today = clock_.NowMs() / kDayMs;
  database_.Write([&](Connection& connection) {
    for (const StoredUsage& used : usage) {
      connection.Execute(sql::kUpsertUsage,
                         {used.endpoint.str(), used.rows.day, used.rows.who, used.rows.rows});
    }
    connection.Execute(sql::kDeleteOldUsage, {today - kUsageDaysKept});
  });
}

void EndpointStore::Delete(const EndpointName& name, const std::string& who) {
  database_.Write([&](Connection& connection) {
    Change change{connection, events_, who, clock_.NowMs(), SelectEndpoint(connection, name)};
    for (const auto& revision : change.before.revisions) {
      if (revision.role != Role::kRetired) change.Update(revision, Role::kRetired, 0);
    }
    connection.Execute(sql::kDeleteEndpoint, {name.str(), change.now_ms});
    events_.Append(connection, "endpoint.deleted", "endpoint:" + name.str(), who);
  });
}

}  // namespace millwright::serving
