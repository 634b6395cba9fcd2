#include "alerts/notifier.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace millwright::alerts {
namespace {

class Scenario {
 public:
  explicit Scenario(std::string_view yaml) : routing_(Routing::FromJson(ParseYaml(yaml))) {}

  Alert& Fire(const std::string& id, Labels labels) {
    Alert& alert = alerts_[id];
    alert.id = AlertId(id);
    alert.labels = std::move(labels);
    alert.phase = AlertPhase::kFiring;
    return alert;
  }
  // One that nobody saw firing.
  void Pass(const std::string& id, Labels labels) {
    Fire(id, std::move(labels));
    Resolve(id);
    passed_.push_back(id);
  }
  void Resolve(const std::string& id) { alerts_[id].phase = AlertPhase::kResolved; }

  // "ops firing a b resolved c; …" of what is decided at a time.
  std::string At(int64_t now_ms) {
    std::string out;
    for (const Telling& telling : notifier_.Decide({.alerts = alerts_,
                                  .passed = passed_,
                                  .routing = routing_,
                                  .silences = silences,
                                  .receivers = receivers,
                                  .wall_ms = now_ms,
                                  .now_ms = now_ms})) {
      out += (out.empty() ? "" : "; ") + telling.receiver;
      if (telling.reason == Reason::kRepeat) out += " again";
      if (telling.reason == Reason::kStorm) out += " storm " + std::to_string(telling.held);
      for (const AlertId& id : telling.firing) out += " +" + id.str();
      for (const AlertId& id : telling.resolved) out += " -" + id.str();
    }
    passed_.clear();
    // It goes on from what was written down.
    for (auto& [id, group] : notifier_.groups) group = Group::FromJson(group.ToJson());
    for (auto& [id, storm] : notifier_.storms) storm = Storm::FromJson(storm.ToJson());
    return out;
  }

  std::vector<Silence> silences;
  std::map<std::string, ReceiverTraits> receivers;

 private:
  Routing routing_;
  std::map<std::string, Alert> alerts_;
  std::vector<std::string> passed_;
  Notifier notifier_;
};

constexpr std::string_view kOne = R"(
routes: {receiver: ops, group_by: [rule], group_wait: 10s, group_interval: 60s, repeat_interval: 1h}
)";

TEST(Notifier, WaitsForOthersOfTheGroupAndTellsWhatIsNew) {
  Scenario scene(kOne);
  scene.Fire("a", {{"rule", "r"}, {"feature", "x"}});
  EXPECT_EQ(scene.At(1'000), "");
  scene.Fire("b", {{"rule", "r"}, {"feature", "y"}});
  scene.Fire("c", {{"rule", "other"}});
  EXPECT_EQ(scene.At(5'000), "");
  EXPECT_EQ(scene.At(11'000), "ops +a +b");
  EXPECT_EQ(scene.At(15'000), "ops +c");
  EXPECT_EQ(scene.At(20'000), "");
  scene.Fire("d", {{"rule", "r"}});
  scene.Resolve("a");
  EXPECT_EQ(scene.At(60'000), "");  // group_interval
  EXPECT_EQ(scene.At(71'000), "ops +b +d -a");
  scene.Resolve("b");
  scene.Resolve("d");
  EXPECT_EQ(scene.At(131'000), "ops -b -d");
  EXPECT_EQ(scene.At(999'000), "");
}

TEST(Notifier, RemindsUntilSomebodyTakesCare) {
  Scenario scene(kOne);
  scene.Fire("a", {{"rule", "r"}});
  EXPECT_EQ(scene.At(0), "");
  EXPECT_EQ(scene.At(10'000), "ops +a");
  EXPECT_EQ(scene.At(3'609'999), "");
  EXPECT_EQ(scene.At(3'610'000), "ops again +a");
  scene.Fire("a", {{"rule", "r"}}).acknowledged = Acknowledgement{"ann", "on it", 1};
  EXPECT_EQ(scene.At(9'000'000), "");
  scene.Resolve("a");
  EXPECT_EQ(scene.At(9'000'001), "ops -a");
}

TEST(Notifier, OneThatIsGoneBeforeItWasToldIsNotTold) {
  Scenario scene(kOne);
  scene.Fire("a", {{"rule", "r"}});
  scene.At(0);
  scene.Resolve("a");
  EXPECT_EQ(scene.At(20'000), "");
}

TEST(Notifier, RoutesByLabels) {
  Scenario scene(R"(
routes:
  receiver: rest
  group_wait: 0s
  routes:
  - {match: ["severity=critical"], receiver: pager, continue: true}
  - {match: ['team=~"risk|fraud"'], receiver: risk}
)");
  scene.Fire("a", {{"severity", "critical"}, {"team", "risk"}});
  EXPECT_EQ(scene.At(0), "pager +a; risk +a");
  scene.Fire("b", {{"severity", "info"}, {"rule", "b"}});
  EXPECT_EQ(scene.At(1), "rest +b");
}

TEST(Notifier, SilencesAndInhibitionsKeepQuiet) {
  Scenario scene(R"(
routes: {receiver: ops, group_by: [rule], group_wait: 0s, group_interval: 1s}
inhibit:
- {source: ["severity=critical"], target: ["severity=warning"], equal: [endpoint]}
)");
  scene.silences.push_back({.id = SilenceId("s"),
                            .matchers = {ParseMatcher("rule=noisy")},
                            .starts_ms = 0,
                            .ends_ms = 50'000,
                            .who = "ann",
                            .comment = "known",
                            .created_ms = 0,
                            .expired_by = ""});
  scene.Fire("a", {{"rule", "noisy"}});
  scene.Fire("b", {{"rule", "slow"}, {"severity", "warning"}, {"endpoint", "e"}});
  scene.Fire("c", {{"rule", "down"}, {"severity", "critical"}, {"endpoint", "e"}});
  scene.Fire("d", {{"rule", "slow2"}, {"severity", "warning"}, {"endpoint", "f"}});
  EXPECT_EQ(scene.At(1'000), "ops +c; ops +d");
  scene.Resolve("c");
  EXPECT_EQ(scene.At(2'000), "ops -c; ops +b");
  EXPECT_EQ(scene.At(49'999), "");
  EXPECT_EQ(scene.At(50'000), "ops +a");
}

TEST(Notifier, AStormIsToldInOneMessage) {
  Scenario scene(R"(
routes: {receiver: ops, group_by: [rule], group_wait: 0s, group_interval: 60s, repeat_interval: 4h,
         storm: {notifications: 3, within: 10m}}
)");
  for (int i = 0; i < 10; ++i) scene.Fire("a" + std::to_string(i), {{"rule", std::to_string(i)}});
  constexpr int64_t kBegin = 1'000'000;
  EXPECT_EQ(scene.At(kBegin), "ops +a0; ops +a1; ops +a2");
  scene.Resolve("a9");
  EXPECT_EQ(scene.At(kBegin + 29'999), "");
  EXPECT_EQ(scene.At(kBegin + 30'000), "ops storm 7 +a3 +a4 +a5 +a6 +a7 +a8 -a9");
  // Within the time of the cap everything goes into summaries, an interval apart.
  EXPECT_EQ(scene.At(kBegin + 60'000), "");
  EXPECT_EQ(scene.At(kBegin + 90'000), "ops storm 1 -a9");
  scene.Resolve("a0");
  EXPECT_EQ(scene.At(kBegin + 600'000), "ops -a0");
}

TEST(Notifier, AFlappingOneIsToldOnce) {
  Scenario scene(kOne);
  scene.Fire("a", {{"rule", "r"}});
  scene.At(0);
  EXPECT_EQ(scene.At(10'000), "ops +a");
  scene.Fire("a", {{"rule", "r"}}).flapping = true;
  EXPECT_EQ(scene.At(70'000), "ops +a");
  EXPECT_EQ(scene.At(200'000), "");
}

TEST(Notifier, AnAlertmanagerHearsOfItAgainAndAgain) {
  Scenario scene(kOne);
  scene.receivers["ops"] = {.send_resolved = true, .resends = true};
  scene.Fire("a", {{"rule", "r"}}).acknowledged = Acknowledgement{"ann", "", 1};
  scene.At(0);
  EXPECT_EQ(scene.At(10'000), "ops +a");
  EXPECT_EQ(scene.At(10'000 + kResendMs), "ops again +a");
}

TEST(Notifier, WhoWantsNoEndsHearsOfNone) {
  Scenario scene(kOne);
  scene.receivers["ops"] = {.send_resolved = false, .resends = false};
  scene.Fire("a", {{"rule", "r"}});
  scene.At(0);
  EXPECT_EQ(scene.At(10'000), "ops +a");
  scene.Resolve("a");
  EXPECT_EQ(scene.At(100'000), "");
}

TEST(Notifier, TellsOnceOfWhatWasOverBeforeItWasSeen) {
  Scenario scenario(kOne);
  scenario.Pass("a", {{"rule", "x"}});
  EXPECT_EQ(scenario.At(0), "");  // the group waits as always
  EXPECT_EQ(scenario.At(10'000), "ops -a");
  EXPECT_EQ(scenario.At(100'000), "");
  scenario.receivers["ops"] = {.send_resolved = false};
  scenario.Pass("b", {{"rule", "x"}});
  EXPECT_EQ(scenario.At(200'000), "");
  EXPECT_EQ(scenario.At(300'000), "");
}

}  // namespace
}  // namespace millwright::alerts
