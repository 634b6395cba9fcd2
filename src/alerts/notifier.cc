#include "alerts/notifier.h"

#include <algorithm>
#include <set>

namespace millwright::alerts {
namespace {

constexpr const char* kFiring = "firing";
constexpr const char* kFlapping = "flapping";

std::string GroupId(const Route& route, const Labels& group) {
  return route.path + " " + route.receiver + " " + LabelsText(group);
}

const Route* FindRoute(const Route& route, const std::string& path) {
  if (route.path == path) return &route;
  for (const Route& inner : route.routes)
    if (const Route* found = FindRoute(inner, path)) return found;
  return nullptr;
}

bool Fires(const Notifier::Scene& scene, const std::string& id) {
  const auto alert = scene.alerts.find(id);
  return alert != scene.alerts.end() && alert->second.phase == AlertPhase::kFiring;
}

bool IsInhibited(const Alert& alert, const std::map<std::string, Alert>& alerts,
                 const Routing& routing) {
  for (const Inhibition& one : routing.inhibitions) {
    if (!MatchesAll(one.target, alert.labels)) continue;
    for (const auto& [id, source] : alerts) {
      if (source.phase != AlertPhase::kFiring || id == alert.id.str()) continue;
      // What inhibits others is not inhibited by its like.
      if (!MatchesAll(one.source, source.labels) || MatchesAll(one.source, alert.labels)) continue;
      const bool same = std::all_of(one.equal.begin(), one.equal.end(), [&](const auto& name) {
        return LabelOf(source.labels, name) == LabelOf(alert.labels, name);
      });
      if (same) return true;
    }
  }
  return false;
}

}  // namespace

Json Group::ToJson() const {
  return Json::Of({{"route", route},
                   {"receiver", receiver},
                   {"labels", LabelsJson(labels)},
                   {"created_ms", created_ms},
                   {"told_ms", told_ms},
                   {"told", LabelsJson(told)}});
}

Group Group::FromJson(const Json& json) {
  return {.route = json.GetString("route"),
          .receiver = json.GetString("receiver"),
          .labels = LabelsFromJson(json.At("labels")),
          .created_ms = json.GetInt("created_ms"),
          .told_ms = json.GetInt("told_ms"),
          .told = LabelsFromJson(json.At("told"))};
}

Json Storm::ToJson() const {
  Json times = Json::MakeArray(), ids = Json::MakeArray();
  for (const int64_t time : sent) times.Append(time);
  for (const std::string& id : held) ids.Append(id);
  return Json::Of({{"receiver", receiver},
                   {"sent", times},
                   {"held", ids},
                   {"held_count", held_count},
                   {"summary_due_ms", summary_due_ms},
                   {"interval_ms", interval_ms}});
}

Storm Storm::FromJson(const Json& json) {
  Storm storm;
  storm.receiver = json.GetString("receiver");
  for (const Json& time : json.At("sent").AsArray()) storm.sent.push_back(time.AsInt());
  storm.held = json.GetStrings("held");
  storm.held_count = json.GetInt("held_count");
  storm.summary_due_ms = json.GetInt("summary_due_ms");
  storm.interval_ms = json.GetInt("interval_ms");
  return storm;
}

Muting MutingOf(const Alert& alert, const std::map<std::string, Alert>& alerts,
                const Routing& routing, const std::vector<Silence>& silences, int64_t wall_ms) {
  Muting muting;
  for (const Silence& silence : silences)
    if (silence.IsActive(wall_ms) && MatchesAll(silence.matchers, alert.labels))
      muting.silences.push_back(silence.id);
  muting.inhibited = IsInhibited(alert, alerts, routing);
  return muting;
}

bool Notifier::Told(const std::string& id) const {
  return std::any_of(groups.begin(), groups.end(),
                     [&](const auto& group) { return group.second.told.contains(id); });
}

// Makes groups of what fires and is not muted; returns who is in each.
Notifier::Members Notifier::Gather(const Scene& scene) {
  Members members;
  const std::set<std::string> passed(scene.passed.begin(), scene.passed.end());
  for (const auto& [id, alert] : scene.alerts) {
    const bool has_passed = passed.contains(id);
    if (alert.phase != AlertPhase::kFiring && !has_passed) continue;
    if (MutingOf(alert, scene.alerts, scene.routing, scene.silences, scene.wall_ms).IsMuted())
      continue;
    for (const Route* route : scene.routing.RoutesOf(alert.labels)) {
      const Labels labels = GroupOf(*route, alert.labels);
      const std::string group_id = GroupId(*route, labels);
      groups.try_emplace(group_id, Group{.route = route->path,
                                         .receiver = route->receiver,
                                         .labels = labels,
                                         .created_ms = scene.now_ms,
                                         .told_ms = 0,
                                         .told = {}});
      if (has_passed) {
        groups.at(group_id).told[id] = kFiring;  // so that its end is news
      } else {
        members[group_id].push_back(&alert);
      }
    }
  }
  return members;
}

// What there is to tell of a group now, if anything; then it counts as told.
std::optional<Telling> Notifier::DecideGroup(const Scene& scene, const std::string& id,
                                             const Route& route, const ReceiverTraits& traits,
                                             const std::vector<const Alert*>& current) {
  Group& group = groups.at(id);
  const int64_t now_ms = scene.now_ms;
  Telling telling{.receiver = group.receiver,
                  .group_id = id,
                  .group = group.labels,
                  .reason = Reason::kNew,
                  .firing = {},
                  .resolved = {}};
  bool changed = false, unacknowledged = false;
  for (const Alert* alert : current) {
    telling.firing.push_back(alert->id);
    const auto told = group.told.find(alert->id.str());
    changed = changed || told == group.told.end() || (alert->flapping && told->second == kFiring);
    unacknowledged = unacknowledged || !alert->acknowledged;
  }
  for (const auto& [alert_id, state] : group.told)
    if (!Fires(scene, alert_id)) telling.resolved.emplace_back(alert_id);
  const bool ended = !telling.resolved.empty();
  const bool due = group.told_ms == 0 ? now_ms - group.created_ms >= route.group_wait_ms
                                      : now_ms - group.told_ms >= route.group_interval_ms;
  const int64_t repeat_ms =
      traits.resends ? std::min(kResendMs, route.repeat_interval_ms) : route.repeat_interval_ms;
  const bool repeats = !changed && !ended && group.told_ms > 0 && !current.empty() &&
                       (unacknowledged || traits.resends) && now_ms - group.told_ms >= repeat_ms;
  const bool worth = changed || (ended && traits.send_resolved);
  if (!repeats && !(worth && due)) {
    // Who wants no ends is not told of them, and they are forgotten.
    if (ended && !traits.send_resolved && due)
      for (const AlertId& one : telling.resolved) group.told.erase(one.str());
    return std::nullopt;
  }
  group.told.clear();
  for (const Alert* alert : current)
    group.told[alert->id.str()] = alert->flapping ? kFlapping : kFiring;
  group.told_ms = now_ms;
  telling.reason = repeats ? Reason::kRepeat : Reason::kNew;
  if (!traits.send_resolved) telling.resolved.clear();
  return telling;
}

// Whether a notification is held back because its route has told too much lately.
bool Notifier::HoldBack(const Telling& telling, const Route& route, const std::string& path,
                        int64_t now_ms) {
  if (route.storm_notifications == 0) return false;
  Storm& storm = storms[path];
  storm.receiver = telling.receiver;
  std::erase_if(storm.sent,
                [&](int64_t sent_ms) { return sent_ms <= now_ms - route.storm_within_ms; });
  if (static_cast<int64_t>(storm.sent.size()) < route.storm_notifications) {
    storm.sent.push_back(now_ms);
    return false;
  }
  if (storm.held_count++ == 0)
    storm.summary_due_ms = std::max(storm.summary_due_ms, now_ms + kStormSummaryMs);
  storm.interval_ms = route.group_interval_ms;
  for (const auto* list : {&telling.firing, &telling.resolved})
    for (const AlertId& one : *list)
      if (storm.held.size() < kAlertsToldMax &&
          std::find(storm.held.begin(), storm.held.end(), one.str()) == storm.held.end())
        storm.held.push_back(one.str());
  ++held_back[telling.receiver];
  return true;
}

void Notifier::SummariseStorms(const Scene& scene, std::vector<Telling>* tellings) {
  for (auto entry = storms.begin(); entry != storms.end();) {
    Storm& storm = entry->second;
    if (storm.held_count > 0 && scene.now_ms >= storm.summary_due_ms) {
      Telling summary{.receiver = storm.receiver,
                      .group_id = "storm " + entry->first,
                      .group = {},
                      .reason = Reason::kStorm,
                      .firing = {},
                      .resolved = {},
                      .held = storm.held_count};
      for (const std::string& id : storm.held)
        (Fires(scene, id) ? summary.firing : summary.resolved).emplace_back(id);
      tellings->push_back(std::move(summary));
      storm.held.clear();
      storm.held_count = 0;
      // What is held next waits for as long as a group does that changed.
      storm.summary_due_ms = scene.now_ms + storm.interval_ms;
    }
    entry = storm.sent.empty() && storm.held_count == 0 ? storms.erase(entry) : std::next(entry);
  }
}

std::vector<Telling> Notifier::Decide(const Scene& scene) {
  held_back.clear();
  const Members members = Gather(scene);
  std::vector<Telling> tellings;
  for (auto entry = groups.begin(); entry != groups.end();) {
    const auto& [id, group] = *entry;
    // A group of a route that is gone is only told how it ends.
    const Route* found = FindRoute(scene.routing.root, group.route);
    const Route route = found != nullptr ? *found : Route();
    const auto receiver = scene.receivers.find(group.receiver);
    const ReceiverTraits traits =
        receiver == scene.receivers.end() ? ReceiverTraits() : receiver->second;
    const auto in_it = members.find(id);
    const std::vector<const Alert*> current =
        in_it == members.end() ? std::vector<const Alert*>() : in_it->second;
    auto telling = DecideGroup(scene, id, route, traits, current);
    if (telling && (traits.resends || !HoldBack(*telling, route, group.route, scene.now_ms)))
      tellings.push_back(std::move(*telling));
    entry = group.told.empty() && current.empty() ? groups.erase(entry) : std::next(entry);
  }
  SummariseStorms(scene, &tellings);
  return tellings;
}

}  // namespace millwright::alerts
