#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alerts/alert.h"
#include "alerts/routing.h"
#include "alerts/rule.h"
#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "webhooks/webhook_store.h"

namespace millwright::alerts {

inline constexpr int64_t kRuleVersionsShownMax = 100;
inline constexpr int64_t kReceiversMax = 200;

struct StoredRule {
  Rule rule;
  int64_t version = 0;
  int64_t updated_ms = 0;
  std::string who;
};

struct RuleVersion {
  int64_t version = 0;
  std::optional<Json> spec;  // nothing for a deletion
  int64_t time_ms = 0;
  std::string who;
};

struct StoredRouting {
  Routing routing;
  int64_t version = 0;  // 0: nobody is told of anything
  int64_t updated_ms = 0;
  std::string who;
};

// Somebody who is told of alerts. The address, the secret and the queue are a webhook's.
struct Receiver {
  std::string name;
  std::string kind;  // webhook, slack, email or alertmanager
  webhooks::WebhookId webhook;
  std::string url;
  Json settings;
  bool has_secret = false;
  bool send_resolved = true;
  int64_t updated_ms = 0;
  std::string who;
};

// What one file, or several together, say: rules, receivers, routes. What is not in it stays, but
// for rules where `prune` is asked for.
struct AlertConfig {
  struct NewReceiver {
    std::string name;
    std::string kind;
    std::string url;
    Json settings = Json::MakeObject();
    std::optional<std::string> secret;  // nothing: that stays which it has
    bool send_resolved = true;
  };
  std::vector<Rule> rules;
  std::vector<NewReceiver> receivers;
  std::optional<Routing> routing;

  // Reads {"rules": […], "receivers": […], "routes": {…}, "inhibit": […]}. Collects everything that
  // is wrong, as (path, what).
  struct Problem {
    std::string path;
    std::string what;
  };
  static AlertConfig FromJson(const Json& json, std::vector<Problem>* problems);
};

struct Applied {
  std::vector<std::string> created, updated, unchanged, deleted;  // rules
  std::vector<std::string> receivers;                             // that changed
  bool routing = false;
};

// Rules, routes, receivers, silences and what became of alerts, for people. Every change is an
// event in the same transaction and has a version, a time and a name. Thread-safe.
class AlertStore {
 public:
  AlertStore(storage::Database& database, events::EventLog& events, const Clock& clock,
             webhooks::WebhookStore& webhooks);

  // Throws kInvalidArgument for what is wrong: a route to a receiver that there is not, among
  // others; then nothing is changed.
  Applied Apply(const AlertConfig& config, bool prune, const std::string& who);
  std::vector<StoredRule> Rules() const;
  StoredRule GetRule(const std::string& name) const;  // throws kNotFound
  std::vector<RuleVersion> RuleVersions(const std::string& name) const;
  void DeleteRule(const std::string& name, const std::string& who);
  StoredRouting GetRouting() const;
  std::vector<Receiver> Receivers() const;
  Receiver GetReceiver(const std::string& name) const;
  // Throws kFailedPrecondition while a route leads to it.
  void DeleteReceiver(const std::string& name, const std::string& who);

  // Throws kInvalidArgument for a silence of everything, without a comment, or that has ended.
  Silence AddSilence(Silence silence, const std::string& who);
  void ExpireSilence(const SilenceId& id, const std::string& who);
  // Those that have not ended, and of those that have what ended within `ended_within_ms`.
  std::vector<Silence> Silences(int64_t ended_within_ms = 0) const;

  std::vector<Alert> Alerts(const AlertSearch& search) const;
  std::optional<Alert> FindAlert(const AlertId& id) const;
  std::vector<TimelineEntry> Timeline(const AlertId& id) const;
  // Throw kNotFound, kFailedPrecondition for one that is resolved.
  void Acknowledge(const AlertId& id, const std::string& note, const std::string& who);
  void WithdrawAcknowledgement(const AlertId& id, const std::string& who);
  // By phase and severity.
  std::map<std::pair<std::string, std::string>, int64_t> CountLive() const;

 private:
  void SetAcknowledgement(const AlertId& id, const std::optional<std::string>& note,
                          const std::string& who);
  std::vector<Receiver> ReadReceivers(storage::Connection& connection) const;
  void ApplyReceiver(storage::Connection& connection, const AlertConfig::NewReceiver& receiver,
                     const std::string& who, Applied* applied);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  webhooks::WebhookStore& webhooks_;
};

}  // namespace millwright::alerts
