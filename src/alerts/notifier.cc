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

std::vector<Telling> Notifier::Decide(const Scene& scene) {
  const int64_t now_ms = scene.now_ms;
  held_back.clear();
  std::map<std::string, std::vector<const Alert*>> members;  // firing and not muted, by group
  for (const auto& [id, alert] : scene.alerts) {
    if (alert.phase != AlertPhase::kFiring) continue;
    if (MutingOf(alert, scene.alerts, scene.routing, scene.silences, scene.wall_ms).IsMuted())
      continue;
    for (const Route* route : scene.routing.RoutesOf(alert.labels)) {
      const Labels labels = GroupOf(*route, alert.labels);
      const std::string group_id = GroupId(*route, labels);
      groups.try_emplace(group_id, Group{.route = route->path,
                                         .receiver = route->receiver,
                                         .labels = labels,
                                         .created_ms = now_ms,
                                         .told_ms = 0,
                                         .told = {}});
      members[group_id].push_back(&alert);
    }
  }

  std::vector<Telling> tellings;
  for (auto entry = groups.begin(); entry != groups.end();) {
    auto& [id, group] = *entry;
    // A group of a route that is gone is only told how it ends.
    const Route* found = FindRoute(scene.routing.root, group.route);
    const Route route = found != nullptr ? *found : Route();
    const auto receiver = scene.receivers.find(group.receiver);
    const ReceiverTraits traits =
        receiver == scene.receivers.end() ? ReceiverTraits() : receiver->second;
    const auto& current = members[id];
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
    for (const auto& [alert_id, state] : group.told) {
      const auto alert = scene.alerts.find(alert_id);
      const bool fires = alert != scene.alerts.end() && alert->second.phase == AlertPhase::kFiring;
      if (!fires) telling.resolved.emplace_back(alert_id);
    }
    const bool ended = !telling.resolved.empty();
    const bool worth = changed || (ended && traits.send_resolved);
    const int64_t repeat_ms =
        traits.resends ? std::min(kResendMs, route.repeat_interval_ms) : route.repeat_interval_ms;
    const bool repeats = !changed && !ended && group.told_ms > 0 && !current.empty() &&
                         (unacknowledged || traits.resends) && now_ms - group.told_ms >= repeat_ms;
    const bool due = group.told_ms == 0 ? now_ms - group.created_ms >= route.group_wait_ms
                                        : now_ms - group.told_ms >= route.group_interval_ms;
    if ((worth && due) || repeats) {
      group.told.clear();
      for (const Alert* alert : current)
        group.told[alert->id.str()] = alert->flapping ? kFlapping : kFiring;
      group.told_ms = now_ms;
      telling.reason = repeats ? Reason::kRepeat : Reason::kNew;
      if (!traits.send_resolved) telling.resolved.clear();
      Storm& storm = storms[group.route];
      storm.receiver = group.receiver;
      std::erase_if(storm.sent,
                    [&](int64_t sent_ms) { return sent_ms <= now_ms - route.storm_within_ms; });
      const bool is_storm = route.storm_notifications > 0 &&
                            static_cast<int64_t>(storm.sent.size()) >= route.storm_notifications &&
                            !traits.resends;
      if (is_storm) {
        if (storm.held_count++ == 0)
          storm.summary_due_ms = std::max(storm.summary_due_ms, now_ms + kStormSummaryMs);
        storm.interval_ms = route.group_interval_ms;
        for (const auto* list : {&telling.firing, &telling.resolved})
          for (const AlertId& one : *list)
            if (storm.held.size() < kAlertsToldMax &&
                std::find(storm.held.begin(), storm.held.end(), one.str()) == storm.held.end())
              storm.held.push_back(one.str());
        ++held_back[group.receiver];
      } else {
        if (route.storm_notifications > 0 && !traits.resends) storm.sent.push_back(now_ms);
        tellings.push_back(std::move(telling));
      }
    } else if (ended && !traits.send_resolved && due) {
      for (const AlertId& one : telling.resolved) group.told.erase(one.str());
    }
    entry = group.told.empty() && current.empty() ? groups.erase(entry) : std::next(entry);
  }

  for (auto entry = storms.begin(); entry != storms.end();) {
    Storm& storm = entry->second;
    if (storm.held_count > 0 && now_ms >= storm.summary_due_ms) {
      Telling summary{.receiver = storm.receiver,
                      .group_id = "storm " + entry->first,
                      .group = {},
                      .reason = Reason::kStorm,
                      .firing = {},
                      .resolved = {},
                      .held = storm.held_count};
      for (const std::string& id : storm.held) {
        const auto alert = scene.alerts.find(id);
        const bool fires =
            alert != scene.alerts.end() && alert->second.phase == AlertPhase::kFiring;
        (fires ? summary.firing : summary.resolved).emplace_back(id);
      }
      tellings.push_back(std::move(summary));
      storm.held.clear();
      storm.held_count = 0;
      // What is held next waits for as long as a group does that changed.
      storm.summary_due_ms = now_ms + storm.interval_ms;
    }
    entry = storm.sent.empty() && storm.held_count == 0 ? storms.erase(entry) : std::next(entry);
  }
  return tellings;
}

}  // namespace millwright::alerts
