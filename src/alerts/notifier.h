#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/alert.h"
#include "alerts/routing.h"

namespace millwright::alerts {

inline constexpr size_t kAlertsToldMax = 50;  // in one message; of the rest their number
// How soon after the first held-back notification the first summary of a storm follows.
inline constexpr int64_t kStormSummaryMs = 30'000;
// An Alertmanager takes an alert for resolved when it does not hear of it for a while.
inline constexpr int64_t kResendMs = 240'000;

enum class Reason { kNew, kRepeat, kStorm };

// What a receiver is to be told, decided and not yet worded.
struct Telling {
  std::string receiver;
  std::string group_id;  // messages about one group are sent in their order
  Labels group;
  Reason reason = Reason::kNew;
  std::vector<AlertId> firing;
  std::vector<AlertId> resolved;
  int64_t held = 0;  // notifications that a storm's summary stands for
};

// What was told about alerts that go together.
struct Group {
  std::string route;
  std::string receiver;
  Labels labels;
  int64_t created_ms = 0;
  int64_t told_ms = 0;                      // 0: nothing yet
  std::map<std::string, std::string> told;  // by the id of an alert: firing or flapping

  Json ToJson() const;
  static Group FromJson(const Json& json);
  bool operator==(const Group&) const = default;
};

// Notifications of one route within the time of its storm protection, and those held back.
struct Storm {
  std::string receiver;
  std::vector<int64_t> sent;
  std::vector<std::string> held;  // alerts; at most kAlertsToldMax of each summary
  int64_t held_count = 0;
  int64_t summary_due_ms = 0;
  int64_t interval_ms = 0;

  Json ToJson() const;
  static Storm FromJson(const Json& json);
  bool operator==(const Storm&) const = default;
};

// What is known of a receiver for deciding.
struct ReceiverTraits {
  bool send_resolved = true;
  bool resends = false;  // it must hear of what fires again and again
};

// Decides who is told what, from the alerts that fire and what was told before: grouping, repeats,
// silences, inhibition, storms. Holds no more than what is told; the evaluator writes that down in
// the transaction that queues the messages. Copyable, not thread-safe.
struct Notifier {
  std::map<std::string, Group> groups;
  std::map<std::string, Storm> storms;  // by route

  struct Scene {
    // By id: all that fire, and those of which somebody was told that they do.
    const std::map<std::string, Alert>& alerts;
    // Ids of those that were over before anybody could be told: told of once, as resolved, to whom
    // they would have been told.
    const std::vector<std::string>& passed;
    const Routing& routing;
    const std::vector<Silence>& silences;
    const std::map<std::string, ReceiverTraits>& receivers;
    int64_t wall_ms = 0;
    int64_t now_ms = 0;  // of the AlertClock
  };
  std::vector<Telling> Decide(const Scene& scene);
  // Notifications held back by this Decide, by receiver.
  std::map<std::string, int64_t> held_back;

  // Whether somebody was told of an alert.
  bool Told(const std::string& id) const;

 private:
  using Members = std::map<std::string, std::vector<const Alert*>>;  // by group

  Members Gather(const Scene& scene);
  std::optional<Telling> DecideGroup(const Scene& scene, const std::string& id, const Route& route,
                                     const ReceiverTraits& traits,
                                     const std::vector<const Alert*>& current);
  bool HoldBack(const Telling& telling, const Route& route, const std::string& path,
                int64_t now_ms);
  void SummariseStorms(const Scene& scene, std::vector<Telling>* tellings);
};

// The silences, by id, and the inhibition that keep an alert from being told of.
struct Muting {
  std::vector<SilenceId> silences;
  bool inhibited = false;
  bool IsMuted() const { return inhibited || !silences.empty(); }
};
Muting MutingOf(const Alert& alert, const std::map<std::string, Alert>& alerts,
                const Routing& routing, const std::vector<Silence>& silences, int64_t wall_ms);

}  // namespace millwright::alerts
