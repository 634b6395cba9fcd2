#include "alerts/evaluator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "storage/test_database.h"
#include "webhooks/delivery_log.h"

namespace millwright::alerts {
namespace {

constexpr Wording kWordings[] = {{"webhook", [](const Notification& notification) {
                                    Json ids = Json::MakeArray();
                                    for (const Alert& alert : notification.firing)
                                      ids.Append("+" + alert.summary);
                                    for (const Alert& alert : notification.resolved)
                                      ids.Append("-" + alert.summary);
                                    return ids.Dump();
                                  }}};

class EvaluatorTest : public storage::DatabaseTest {
 protected:
  EvaluatorTest() { Restart(); }

  // As kill -9 and a new start.
  void Restart() {
    evaluator_ = std::make_unique<Evaluator>(
        db(), events_, clock_, store_, kWordings,
        EvaluatorOptions{.server_url = [] { return std::string("http://x"); },
                         .cause = [](const Rule&, const Labels&) { return Json::MakeObject(); },
                         .monotonic_ms = [this] { return monotonic_ms_; }});
  }
  void Apply(std::string_view yaml) {
    std::vector<AlertConfig::Problem> problems;
    const auto config = AlertConfig::FromJson(ParseYaml(yaml), &problems);
    ASSERT_TRUE(problems.empty()) << problems.front().path << problems.front().what;
    store_.Apply(config, false, "ann");
  }
  void Pass(int64_t ms) {
    clock_.Advance(ms);
    monotonic_ms_ += ms;
  }
  void Look(const std::string& metrics, const std::vector<MonitorAlert>& monitors = {}) {
    evaluator_->Look(metrics, monitors);
  }
  std::string Phases() {
    std::string out;
    for (const Alert& alert : store_.Alerts({}))
      out += fmt::format("{}{}{}", out.empty() ? "" : " ", PhaseName(alert.phase),
                         LabelOf(alert.labels, "pipeline"));
    return out;
  }
  // The bodies that were queued, the oldest first.
  std::vector<std::string> Told() {
    std::vector<std::string> bodies;
    for (const auto& one : deliveries_.List(store_.GetReceiver("ops").webhook, {}))
      bodies.insert(bodies.begin(), one.body);
    return bodies;
  }

  TempDir dir_;
  ManualClock clock_{1'700'000'000'000};
  int64_t monotonic_ms_ = 5'000;
  events::EventLog events_{db(), clock_};
  security::SecretBox box_{dir_.path() / "key"};
  webhooks::AddressPolicy policy_{{"127.0.0.1"}};
  webhooks::WebhookStore webhooks_{db(), events_, clock_, box_, policy_};
  webhooks::DeliveryLog deliveries_{db(), events_, clock_};
  AlertStore store_{db(), events_, clock_, webhooks_};
  std::unique_ptr<Evaluator> evaluator_;
};

constexpr std::string_view kConfig = R"(
rules:
- name: lag
  expr: millwright_stream_lag
  above: 10
  resolve_at: 5
  for: 10s
  annotations: {summary: "{{ $value }}"}
receivers:
- {name: ops, webhook: {url: "http://127.0.0.1:1/"}}
routes: {receiver: ops, group_wait: 0s, group_interval: 1s}
)";

TEST_P(EvaluatorTest, GoesThroughTheStatesOverRestartsAndTellsEachOnce) {
  Apply(kConfig);
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Phases(), "pending");
  Restart();
  Pass(9'000);
  Look("millwright_stream_lag 12\n");
  EXPECT_EQ(Phases(), "pending");
  Pass(1'000);
  Look("millwright_stream_lag 12\n");
  EXPECT_EQ(Phases(), "firing");
  EXPECT_EQ(Told(), (std::vector<std::string>{"[\"+12\"]"}));
  Restart();
  Pass(5'000);
  Look("millwright_stream_lag 7\n");  // between the thresholds
  Restart();
  Look("millwright_stream_lag 7\n");
  EXPECT_EQ(Phases(), "firing");
  EXPECT_EQ(Told().size(), 1u);
  Pass(5'000);
  Look("millwright_stream_lag 5\n");
  EXPECT_EQ(Phases(), "resolved");
  EXPECT_EQ(Told(), (std::vector<std::string>{"[\"+12\"]", "[\"-12\"]"}));
  const Alert alert = store_.Alerts({}).front();
  std::string timeline;
  for (const auto& entry : store_.Timeline(alert.id)) timeline += entry.what + " ";
  EXPECT_EQ(timeline, "pending firing notified resolved notified ");
}

TEST_P(EvaluatorTest, AWallClockThatIsSetBackHoldsNothingUp) {
  Apply(kConfig);
  Look("millwright_stream_lag 11\n");
  clock_.Advance(-3'600'000);
  monotonic_ms_ += 10'000;
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Phases(), "firing");
  clock_.Advance(7'200'000);  // and forward
  monotonic_ms_ += 10;
  Look("millwright_stream_lag 1\n");
  EXPECT_EQ(Phases(), "resolved");
  clock_.Advance(-7'200'000);
  Restart();
  Look("millwright_stream_lag 11\n");
  monotonic_ms_ += 10'000;
  Look("millwright_stream_lag 11\n");
  // The end came within the interval of its group, and is told with the next begin.
  EXPECT_EQ(Told(), (std::vector<std::string>{"[\"+11\"]", "[\"+11\",\"-11\"]"}));
}

TEST_P(EvaluatorTest, WithoutDataItHoldsOrAlertsOrIsWell) {
  Apply(R"(
rules:
- {name: hold, expr: millwright_stream_lag, above: 1}
- {name: well, expr: millwright_stream_lag, above: 1, no_data: ok}
- {name: alert, expr: millwright_stream_partitions, above: 1, no_data: alert}
)");
  Look("millwright_stream_lag 2\nmillwright_stream_partitions 1\n");
  Pass(1'000);
  EXPECT_EQ(store_.Alerts({.phase = AlertPhase::kFiring}).size(), 2u);
  Look("");
  EXPECT_EQ(store_.Alerts({.phase = AlertPhase::kFiring, .rule = "hold"}).size(), 1u);
  EXPECT_EQ(store_.Alerts({.phase = AlertPhase::kFiring, .rule = "well"}).size(), 0u);
  const auto absent = store_.Alerts({.phase = AlertPhase::kFiring, .rule = "alert"});
  ASSERT_EQ(absent.size(), 1u);
  EXPECT_EQ(absent[0].summary, "alert has no data");
  EXPECT_EQ(LabelOf(absent[0].labels, "no_data"), "true");
  Pass(1'000);
  Look("millwright_stream_partitions 1\n");
  EXPECT_EQ(store_.Alerts({.phase = AlertPhase::kFiring, .rule = "alert"}).size(), 0u);
}

TEST_P(EvaluatorTest, ARuleThatIsDeletedEndsItsAlerts) {
  Apply(kConfig);
  Look("millwright_stream_lag 11\n");
  Pass(10'000);
  Look("millwright_stream_lag 11\n");
  store_.DeleteRule("lag", "ann");
  Pass(1'000);
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Phases(), "resolved");
  EXPECT_EQ(Told().size(), 2u);
  EXPECT_EQ(store_.RuleVersions("lag").size(), 2u);
}

TEST_P(EvaluatorTest, AlertsOfMonitorsAreInTheSameList) {
  Apply(kConfig);
  const MonitorAlert one{.id = AlertId("al-1"),
                         .rule = "monitor.drift",
                         .labels = {{"monitor", "m"}, {"feature", "amount"}},
                         .value = 0.3,
                         .threshold = 0.2,
                         .summary = "amount has drifted",
                         .cause = Json::Of({{"monitor", "m"}}),
                         .opened_ms = clock_.NowMs() - 5};
  Look("", {one});
  const Alert alert = *store_.FindAlert(AlertId("al-1"));
  EXPECT_EQ(alert.phase, AlertPhase::kFiring);
  EXPECT_EQ(alert.fired_ms, one.opened_ms);
  EXPECT_EQ(alert.cause.GetString("monitor"), "m");
  EXPECT_EQ(Told(), (std::vector<std::string>{"[\"+amount has drifted\"]"}));
  Restart();
  Look("", {one});
  Pass(2'000);
  Look("", {});
  EXPECT_EQ(store_.FindAlert(AlertId("al-1"))->phase, AlertPhase::kResolved);
  EXPECT_EQ(Told().size(), 2u);
}

TEST_P(EvaluatorTest, AnAcknowledgedOneIsNotRemindedOf) {
  Apply(R"(
rules: [{name: lag, expr: millwright_stream_lag, above: 10}]
receivers: [{name: ops, webhook: {url: "http://127.0.0.1:1/"}}]
routes: {receiver: ops, group_wait: 0s, group_interval: 1s, repeat_interval: 60s}
)");
  Look("millwright_stream_lag 11\n");
  Pass(60'000);
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Told().size(), 2u);
  const AlertId id = store_.Alerts({}).front().id;
  store_.Acknowledge(id, "on it", "ann");
  Pass(60'000);
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Told().size(), 2u);
  store_.WithdrawAcknowledgement(id, "ann");
  Look("millwright_stream_lag 11\n");
  EXPECT_EQ(Told().size(), 3u);
}

TEST_P(EvaluatorTest, OfARuleWithTooManySeriesOnlySoManyBecomeAlerts) {
  Apply("rules: [{name: all, expr: millwright_pipeline_runs_finished_total, above: 0}]");
  std::string metrics;
  for (size_t i = 0; i < kAlertsOfRuleMax + 20; ++i)
    metrics += fmt::format("millwright_pipeline_runs_finished_total{{pipeline=\"{}\"}} 1\n", i);
  Look(metrics);
  EXPECT_EQ(store_.CountLive()[std::make_pair(std::string("firing"), std::string("warning"))],
            static_cast<int64_t>(kAlertsOfRuleMax));
  EXPECT_EQ(evaluator_->stats().left_out, 20);
}

TEST_P(EvaluatorTest, AppliesAllOfAFileOrNothing) {
  std::string yaml =
      "receivers:\n  - {name: ops, webhook: {url: \"http://127.0.0.1:1/\"}}\nrules:\n";
  for (int64_t i = 0; i <= kRulesMax; ++i)
    yaml += fmt::format("  - {{name: r{}, expr: millwright_stream_lag, above: 0}}\n", i);
  EXPECT_THROW(Apply(yaml), Error);
  EXPECT_TRUE(store_.Receivers().empty());
  EXPECT_TRUE(webhooks_.List({}).empty());
  EXPECT_TRUE(store_.Rules().empty());
}

TEST_P(EvaluatorTest, RefusesWhatCannotBe) {
  const auto refuse = [&](std::string_view yaml) {
    std::vector<AlertConfig::Problem> problems;
    const auto config = AlertConfig::FromJson(ParseYaml(yaml), &problems);
    if (!problems.empty()) return problems.front().path + ": " + problems.front().what;
    try {
      store_.Apply(config, false, "ann");
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  };
  EXPECT_EQ(refuse("receivers: [{name: ops, webhook: {url: \"http://127.0.0.1:1/\"}}]\n"
                   "routes: {receiver: opps}"),
            "there is no receiver opps; did you mean ops?");
  EXPECT_EQ(
      refuse("receivers: [{name: a, email: {server: \"smtp://127.0.0.1\", from: x, to: []}}]"),
      "receivers[0].email.from: Not an address of mail: x");
  EXPECT_EQ(refuse("receivers: [{name: a, webhook: {url: \"http://127.0.0.1\"}, slack: {}}]"),
            "receivers[0].slack: A receiver is one of webhook, slack, email and alertmanager");
  EXPECT_EQ(refuse("rules: [{name: a, expr: millwright_stream_lag}, {name: a, expr: "
                   "millwright_stream_lag}]"),
            "rules[1].name: a is there twice");
  EXPECT_EQ(refuse("routes: {receiver: a, routes: [{match: [\"team\"]}]}").substr(0, 41),
            "routes.routes[0]: Between a label and its");
  EXPECT_THROW(
      store_.AddSilence(
          {.matchers = {ParseMatcher("a=~\".*\"")}, .ends_ms = clock_.NowMs() + 1, .comment = "x"},
          "ann"),
      Error);
}

MILLWRIGHT_ON_BOTH_DATABASES(EvaluatorTest);

// A monitor that catches up opens and closes an alert in one go.
TEST_P(EvaluatorTest, RecordsAnAlertThatWasOverBeforeItWasSeen) {
  Apply(kConfig);
  const int64_t now_ms = clock_.NowMs();
  MonitorAlert alert{.id = AlertId("al-1"),
                     .rule = "monitor.drift",
                     .labels = {{"monitor", "m"}, {"feature", "age"}},
                     .value = 0.4,
                     .threshold = 0.25,
                     .summary = "age has drifted",
                     .cause = Json::Of({{"page", "/monitors/m?feature=age"}}),
                     .opened_ms = now_ms - 10,
                     .closed_ms = now_ms - 5};
  Look("", {alert});
  const auto check = [&] {
    const auto known = store_.FindAlert(AlertId("al-1"));
    ASSERT_TRUE(known);
    EXPECT_EQ(known->phase, AlertPhase::kResolved);
    EXPECT_EQ(known->resolved_ms, now_ms - 5);
    EXPECT_EQ(known->cause.GetString("page"), "/monitors/m?feature=age");
    EXPECT_EQ(LabelOf(known->labels, "feature"), "age");
    const auto timeline = store_.Timeline(AlertId("al-1"));
    ASSERT_EQ(timeline.size(), 3);
    EXPECT_EQ(timeline[0].what, "firing");
    EXPECT_EQ(timeline[0].time_ms, now_ms - 10);
    EXPECT_EQ(timeline[1].what, "resolved");
    EXPECT_EQ(timeline[2].what, "notified");
    EXPECT_EQ(Told(), (std::vector<std::string>{R"(["-age has drifted"])"}));
  };
  check();
  Look("", {alert});
  Restart();
  Pass(10'000);
  Look("", {alert});
  check();
}

}  // namespace
}  // namespace millwright::alerts
