#include "loop/rules.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::loop {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kNow = 1'000'000'000'000;

constexpr char kPolicy[] = R"(
model: late
triggers: [{alert: {kind: drift}}, {every: 30d}]
retrain: {pipeline: retrain, window: 90d}
shadow: {requests: 100, duration: 1h, patience: 2d}
canary: {steps: [10, 50], requests: 100, patience: 1d}
worse: {errors: 0.05}
limits: {cooldown: 6h, promotions_per_day: 1, retrainings_per_day: 2}
)";

Cause Alert(int64_t time_ms = kNow) {
  return {.trigger = "alert (kind drift)", .who = "system", .time_ms = time_ms};
}

Cause AlertOf(const char* id, int64_t time_ms = kNow) {
  Cause cause = Alert(time_ms);
  cause.event = Json::Of({{"subject", std::string("alert:") + id},
                          {"kind", "alert.opened"},
                          {"payload", Json::Of({{"message", std::string(id) + " has drifted"}})}});
  return cause;
}

ArmFigures Arm(int64_t requests, int64_t errors) {
  ArmFigures arm;
  arm.requests = requests;
  arm.errors = errors;
  return arm;
}

// A loop without a server: the state, and the decisions in words.
class Walk {
 public:
  explicit Walk(const char* yaml = kPolicy) : policy_(ParsePolicy(yaml)) {
    state_.due_ms = NextDue(policy_, kNow);
    seen_.now_ms = kNow;
    seen_.endpoint.exists = true;
    seen_.endpoint.live_version = "1";
    seen_.endpoint.alias_version = "1";
  }

  void Take(const Step& step) {
    // Figures are of what was answered since then.
    if (step.next.entered_ms != state_.entered_ms || step.decision.from != step.decision.to)
      See({}, {});
    if (step.next.step != state_.step) See({}, {});
    state_ = step.next;
    said_.push_back(std::string(Name(step.decision.action)) + " " + step.decision.rule);
    last_ = step.decision;
  }
  // Decides until nothing changes; returns what was decided.
  std::vector<std::string> Look(int64_t later_ms = 0) {
    seen_.now_ms += later_ms;
    said_.clear();
    for (int i = 0; i < 50; ++i) {
      const auto step = Decide(policy_, state_, seen_);
      if (!step) return said_;
      Take(*step);
    }
    ADD_FAILURE() << "it never rests";
    return said_;
  }
  // To the phase in which the candidate is version 2 and a shadow.
  void ToShadow() {
    Take(Arrive(policy_, state_, Alert(seen_.now_ms)));
    Look();
    seen_.run = RunSeen{.state = RunSeen::State::kSucceeded, .version = "2"};
    Look();
  }
  void ToCanary() {
    ToShadow();
    See(Arm(2000, 0), Arm(2000, 0));
    Look(kHourMs);
  }
  void See(const ArmFigures& candidate, const ArmFigures& live) {
    seen_.candidate = candidate;
    seen_.live = live;
  }
  Person Ann() const { return {.who = "ann", .reason = "I looked", .time_ms = seen_.now_ms}; }

  Policy policy_;
  LoopState state_;
  Seen seen_;
  std::vector<std::string> said_;
  Decision last_;
};

using Said = std::vector<std::string>;

TEST(Rules, GoFromAnAlertToAPromotionStepByStep) {
  Walk walk;
  walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
  EXPECT_EQ(walk.Look(), (Said{"retrain retrain"}));
  EXPECT_EQ(walk.Look(), Said{});  // the pipeline runs
  walk.seen_.run = RunSeen{.state = RunSeen::State::kSucceeded, .version = "2"};
  EXPECT_EQ(walk.Look(), (Said{"judge gate", "shadow shadow", "hold no_traffic"}));
  walk.See(Arm(2000, 1), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"hold duration"}));
  EXPECT_EQ(walk.Look(kHourMs), (Said{"canary canary.step", "hold no_traffic"}));
  EXPECT_EQ(walk.state_.step, 0);
  walk.See(Arm(2000, 1), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"canary canary.step", "hold no_traffic"}));
  EXPECT_EQ(walk.state_.step, 1);
  walk.See(Arm(2000, 1), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"promote promote"}));
  walk.seen_.endpoint.live_version = "2";
  EXPECT_EQ(walk.Look(), Said{});  // the alias is not there yet
  walk.seen_.endpoint.alias_version = "2";
  EXPECT_EQ(walk.Look(), (Said{"end promoted"}));
  EXPECT_EQ(walk.state_.ending, Ending::kPromoted);
  EXPECT_EQ(walk.last_.undo, "millwright loop rollback late --reason \"…\"");
  EXPECT_EQ(walk.Look(5 * kHourMs), Said{});
  EXPECT_EQ(walk.Look(kHourMs), (Said{"ready limits.cooldown"}));
}

TEST(Rules, HoldAndNeverPassWithoutTraffic) {
  Walk walk;
  walk.ToShadow();
  EXPECT_EQ(walk.state_.hold, "no_traffic");
  for (int hour = 0; hour < 40; ++hour) EXPECT_EQ(walk.Look(kHourMs), Said{});
  walk.See(Arm(0, 0), Arm(5000, 0));
  EXPECT_EQ(walk.Look(), Said{});
  // Too few of one arm are none.
  walk.See(Arm(5000, 0), Arm(99, 0));
  EXPECT_EQ(walk.Look(), (Said{"hold too_few"}));
  walk.seen_.endpoint.candidate = CandidateRole::kShadow;
  EXPECT_EQ(walk.Look(8 * kHourMs), (Said{"roll_back patience"}));
  walk.seen_.endpoint.candidate = CandidateRole::kNone;
  EXPECT_EQ(walk.Look(), (Said{"end rolled_back"}));
  EXPECT_EQ(walk.state_.ending, Ending::kHeld);
}

TEST(Rules, HoldOnAnswersThatAreNoNumbers) {
  Walk walk;
  walk.ToShadow();
  ArmFigures candidate = Arm(5000, 0);
  candidate.not_numbers = 1;
  walk.See(candidate, Arm(5000, 0));
  EXPECT_EQ(walk.Look(2 * kHourMs), (Said{"hold not_a_number"}));
  EXPECT_EQ(walk.Look(kHourMs), Said{});
}

TEST(Rules, HoldWhileTheFiguresSayNeither) {
  Walk walk;
  walk.ToShadow();
  walk.See(Arm(150, 6), Arm(150, 0));
  EXPECT_EQ(walk.Look(2 * kHourMs), (Said{"hold inconclusive.errors"}));
}

TEST(Rules, RollAWorseCanaryBackAndNeverTryItAgain) {
  Walk walk;
  walk.ToCanary();
  EXPECT_EQ(walk.state_.phase, Phase::kCanary);
  walk.seen_.endpoint.candidate = CandidateRole::kCanary;
  walk.See(Arm(400, 120), Arm(3000, 3));
  EXPECT_EQ(walk.Look(), (Said{"roll_back worse.errors"}));
  EXPECT_EQ(walk.Look(), Said{});
  walk.seen_.endpoint.candidate = CandidateRole::kNone;
  EXPECT_EQ(walk.Look(), (Said{"end rolled_back"}));
  EXPECT_EQ(walk.state_.ending, Ending::kRolledBack);
  EXPECT_EQ(walk.state_.refused, (std::vector<std::string>{"2"}));
  // The next retraining comes out with the same version.
  walk.Look(6 * kHourMs);
  walk.ToShadow();
  EXPECT_EQ(walk.state_.hold, "refused");
  EXPECT_TRUE(walk.state_.is_latched);
}

TEST(Rules, LatchAFailedGateUntilAPersonOrAnotherVersionComes) {
  Walk walk;
  walk.seen_.gate = GateSeen{.refusal = "test_auc 0.58 is below the minimum 0.6"};
  walk.ToShadow();
  EXPECT_EQ(walk.state_.phase, Phase::kGating);
  EXPECT_TRUE(walk.state_.is_latched);
  // The metric has recovered in between: that does not count.
  walk.seen_.gate = GateSeen{};
  EXPECT_EQ(walk.Look(kHourMs), Said{});
  walk.Take(Override(walk.policy_, walk.state_, walk.Ann()));
  EXPECT_EQ(walk.Look(), (Said{"shadow shadow", "hold no_traffic"}));

  Walk other;
  other.seen_.gate = GateSeen{.refusal = "no"};
  other.ToShadow();
  other.Take(Arrive(other.policy_, other.state_, Alert(kNow + 1)));
  EXPECT_EQ(other.Look(kHourMs), Said{});  // the cool-down holds for it, too
  EXPECT_EQ(other.Look(5 * kHourMs),
            (Said{"trigger trigger", "retrain retrain", "judge gate", "hold refused"}));
}

TEST(Rules, LetAPersonOverrideAGateWithTheReasonForTheAlias) {
  Walk walk;
  walk.seen_.gate = GateSeen{.refusal = "no"};
  walk.ToShadow();
  walk.Take(Override(walk.policy_, walk.state_, walk.Ann()));
  EXPECT_EQ(walk.last_.who, "ann");
  EXPECT_EQ(walk.last_.reason, "I looked");
  EXPECT_EQ(walk.Look(), (Said{"shadow shadow", "hold no_traffic"}));
  EXPECT_EQ(walk.state_.gate_override, "I looked");
}

TEST(Rules, QueueOneTriggerWhileAnAttemptIsUnderWay) {
  Walk walk;
  walk.ToShadow();
  walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
  EXPECT_EQ(walk.said_.back(), "queue trigger.busy");
  walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
  EXPECT_EQ(walk.said_.back(), "skip trigger.waiting");
  walk.Take(RollBack(walk.policy_, walk.state_, walk.Ann()));
  walk.seen_.run.reset();
  EXPECT_EQ(walk.Look(), (Said{"end rolled_back"}));
  EXPECT_EQ(walk.Look(6 * kHourMs),
            (Said{"ready limits.cooldown", "trigger trigger", "retrain retrain"}));
}

TEST(Rules, DecideNothingWhilePaused) {
  Walk walk;
  walk.ToCanary();
  walk.Take(Pause(walk.policy_, walk.state_, walk.Ann()));
  walk.See(Arm(400, 300), Arm(3000, 3));
  EXPECT_EQ(walk.Look(kHourMs), Said{});
  EXPECT_THROW(Pause(walk.policy_, walk.state_, walk.Ann()), Error);
  walk.Take(Resume(walk.policy_, walk.state_, walk.Ann()));
  EXPECT_EQ(walk.Look(), (Said{"roll_back worse.errors", "end rolled_back"}));
}

TEST(Rules, HaveOnePromotionADayAndOneAtATime) {
  Walk walk;
  walk.ToCanary();
  walk.state_.promotions_ms = {walk.seen_.now_ms - kHourMs};
  walk.See(Arm(2000, 0), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"canary canary.step", "hold no_traffic"}));
  walk.See(Arm(2000, 0), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"hold limits.promotions_per_day"}));
  EXPECT_EQ(walk.Look(23 * kHourMs), (Said{"promote promote"}));

  Walk busy;
  busy.seen_.endpoint.busy = "version 7 is a canary";
  busy.ToShadow();
  EXPECT_EQ(busy.state_.hold, "endpoint.busy");
  busy.seen_.endpoint.busy.clear();
  EXPECT_EQ(busy.Look(), (Said{"shadow shadow", "hold no_traffic"}));
}

TEST(Rules, WaitForAnApproval) {
  Walk walk(R"(
model: late
retrain: {pipeline: retrain}
canary: {steps: [50], requests: 100}
worse: {errors: 0.05}
approvals: [canary, promotion]
)");
  walk.ToShadow();
  EXPECT_EQ(walk.state_.hold, "approval.canary");
  EXPECT_THROW(Approve(walk.policy_, LoopState(), walk.Ann()), Error);
  EXPECT_THROW(Approve(walk.policy_, walk.state_, {.who = "ann"}), Error);
  walk.Take(Approve(walk.policy_, walk.state_, walk.Ann()));
  EXPECT_EQ(walk.Look(), (Said{"canary canary.step", "hold no_traffic"}));
  walk.See(Arm(2000, 0), Arm(2000, 0));
  EXPECT_EQ(walk.Look(), (Said{"hold approval.promotion"}));
  walk.Take(Approve(walk.policy_, walk.state_, walk.Ann()));
  EXPECT_EQ(walk.Look(), (Said{"promote promote"}));
}

TEST(Rules, EndAnAttemptWhosePipelineHeldOrFailed) {
  for (const auto& [state, ending] :
       {std::pair(RunSeen::State::kHeld, Ending::kHeld),
        std::pair(RunSeen::State::kFailed, Ending::kFailed),
        std::pair(RunSeen::State::kSucceeded, Ending::kFailed)}) {  // without a version
    Walk walk;
    walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
    walk.Look();
    walk.seen_.run = RunSeen{.state = state};
    walk.Look();
    EXPECT_EQ(walk.state_.ending, ending);
    EXPECT_EQ(walk.state_.phase, Phase::kCoolDown);
  }
}

TEST(Rules, LeaveAnEndpointToAPersonWhoChangesIt) {
  Walk walk;
  walk.ToCanary();
  walk.seen_.endpoint.live_version = "9";
  EXPECT_EQ(walk.Look(), (Said{"roll_back endpoint.changed", "end rolled_back"}));
  EXPECT_EQ(walk.state_.ending, Ending::kHeld);
}

TEST(Rules, FollowSchedules) {
  Walk walk;
  EXPECT_FALSE(DueTrigger(walk.policy_, walk.state_, kNow + 29 * 24 * kHourMs));
  const int64_t due_ms = kNow + 30 * 24 * kHourMs;
  const auto cause = DueTrigger(walk.policy_, walk.state_, due_ms);
  ASSERT_TRUE(cause);
  walk.Take(Arrive(walk.policy_, walk.state_, *cause));
  EXPECT_EQ(walk.state_.phase, Phase::kTriggered);
  EXPECT_FALSE(DueTrigger(walk.policy_, walk.state_, due_ms));
  EXPECT_EQ(walk.state_.due_ms[1], due_ms + 30 * 24 * kHourMs);
}

TEST(Rules, KeepAStateThroughTheDatabase) {
  Walk walk;
  walk.ToCanary();
  walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
  EXPECT_EQ(LoopState::FromJson(ParseJson(walk.state_.ToJson().Dump())).ToJson(),
            walk.state_.ToJson());
}

void ExpectRefused(const std::string& yaml, const std::string& field, const std::string& words) {
  try {
    ParsePolicy(yaml);
    ADD_FAILURE() << "taken: " << yaml;
  } catch (const Error& error) {
    EXPECT_EQ(error.field(), field) << error.message();
    EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
  }
}

TEST(Policy, SaysWhereItIsWrong) {
  ExpectRefused("model: a\nretrain: {pipeline: p}\ncanary: {steps: [50, 5]}", "canary.steps[1]",
                "line 3");
  ExpectRefused("model: a\nretrain: {pipeline: p}\ncanaries: {}", "canaries", "known are");
  ExpectRefused("model: a\nretrain: {pipline: p}", "retrain.pipline", "line 2");
  ExpectRefused("retrain: {pipeline: p}", "yaml", "model is missing");
  ExpectRefused("model: a\nretrain: {pipeline: p}\ntriggers:\n- every: 7 days", "triggers[0].every",
                "line 4");
  ExpectRefused("model: a\nretrain: {pipeline: p}\ntriggers:\n- cron: 0 25 * * *",
                "triggers[0].cron", "hour");
  ExpectRefused("model: a\nretrain: {pipeline: p, params: {x: \"${{ tasks.a }}\"}}",
                "retrain.params.x", "there is no tasks.a");
  ExpectRefused("model: a\nretrain: {pipeline: p}\nworse: {loss: {kind: f1}}", "worse.loss.kind",
                "must be one of");
  ExpectRefused("model: a\nretrain: {pipeline: p}\napprovals: [champion]", "approvals[0]",
                "must be one of");
  ExpectRefused("model: a\nretrain: {pipeline: p}\nlimits: {promotions_per_day: 0}",
                "limits.promotions_per_day", "from 1");
  ExpectRefused("- a", "yaml", "mapping");
}

TEST(Policy, TakesLossesByTheTask) {
  const auto loss = [](const std::string& rest) {
    return *ParsePolicy("model: m\nretrain: {pipeline: p}\n" + rest).worse.loss;
  };
  const LossRule classes = loss("worse: {loss: {}}");
  EXPECT_EQ(classes.kind, LossKind::kBrier);
  EXPECT_FALSE(classes.is_relative);
  // Minutes: by the absolute error, and five percent of it.
  const LossRule numbers = loss("label: {task: regression}\nworse: {loss: {}}");
  EXPECT_EQ(numbers.kind, LossKind::kAbsoluteError);
  EXPECT_TRUE(numbers.is_relative);
  EXPECT_DOUBLE_EQ(numbers.tolerance, 0.05);
  const LossRule share = loss("worse: {loss: {kind: squared_error, tolerance: 12.5%}}");
  EXPECT_TRUE(share.is_relative);
  EXPECT_DOUBLE_EQ(share.tolerance, 0.125);
  const LossRule unit = loss("label: {task: regression}\nworse: {loss: {tolerance: 2}}");
  EXPECT_FALSE(unit.is_relative);
  EXPECT_DOUBLE_EQ(unit.tolerance, 2);
  for (const auto& [rest, field] :
       {std::pair{"label: {task: regression}\nworse: {loss: {kind: brier}}", "worse.loss"},
        std::pair{"label: {task: ranking}", "label.task"},
        std::pair{"worse: {loss: {tolerance: 0%}}", "worse.loss.tolerance"},
        std::pair{"worse: {loss: {tolerance: 5 percent}}", "worse.loss.tolerance"},
        std::pair{"worse: {loss: {tolerance: nan%}}", "worse.loss.tolerance"}}) {
    try {
      ParsePolicy(std::string("model: m\nretrain: {pipeline: p}\n") + rest);
      ADD_FAILURE() << rest << " is taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.field(), field) << error.message();
    }
  }
}

TEST(Rules, CompareLossesAsSharesOfTheLiveVersions) {
  WorseRule rule;
  rule.errors.reset();
  rule.loss = LossRule{.kind = LossKind::kAbsoluteError, .tolerance = 0.05, .is_relative = true};
  const auto judge = [&](double candidate, double live, int64_t rows, double unit) {
    ArmFigures one = Arm(rows, 0), other = Arm(rows, 0);
    one.loss = {.count = rows, .mean = candidate * unit, .variance = unit * unit};
    other.loss = {.count = rows, .mean = live * unit, .variance = unit * unit};
    return JudgeArms(rule, {.requests_min = 100}, one, other);
  };
  // The same in minutes and in seconds.
  for (const double unit : {1.0, 60.0, 1e-6}) {
    EXPECT_EQ(judge(10.2, 10, 5000, unit).verdict, Verdict::kNotWorse) << unit;
    EXPECT_EQ(judge(10.8, 10, 5000, unit).rule, "worse.loss") << unit;
    EXPECT_EQ(judge(10.5, 10, 5000, unit).rule, "inconclusive.loss") << unit;
    EXPECT_EQ(judge(10.2, 10, 200, unit).rule, "inconclusive.loss") << unit;
  }
  const Judgement worse = judge(11, 10, 5000, 1);
  const Json& difference = worse.figures.Find("differences")->AsArray()[0];
  EXPECT_NEAR(difference.Find("difference")->AsDouble(), 0.1, 1e-12);
  EXPECT_GT(difference.Find("low")->AsDouble(), 0.05);
  EXPECT_TRUE(difference.Find("relative")->AsBool());
  EXPECT_NE(worse.reason.find("differ by 10 % of the live version's"), std::string::npos)
      << worse.reason;
  const Judgement perfect = judge(1, 0, 5000, 1);
  EXPECT_EQ(perfect.verdict, Verdict::kHold);
  EXPECT_NE(perfect.reason.find("nothing is a share of 0"), std::string::npos) << perfect.reason;
}

TEST(Cron, IsDueWhenCrontabSays) {
  struct Case {
    const char* line;
    const char* after;
    const char* due;
  };
  for (const Case& each : {
           Case{"0 3 1 * *", "2001-01-31T12:00:00Z", "2001-02-01T03:00:00.000Z"},
           {"*/15 * * * *", "2001-01-31T23:50:00Z", "2001-02-01T00:00:00.000Z"},
           {"30 6 * * 1-5", "2001-06-01T07:00:00Z", "2001-06-04T06:30:00.000Z"},
           {"0 0 29 2 *", "2001-01-01T00:00:00Z", "2004-02-29T00:00:00.000Z"},
           {"0 0 13 * 5", "2001-06-01T00:00:00Z", "2001-06-08T00:00:00.000Z"},
           {"0 12 * * 7", "2001-06-01T00:00:00Z", "2001-06-03T12:00:00.000Z"},
       }) {
    EXPECT_EQ(FormatTime(Cron::Parse(each.line).NextAfter(ParseTime(each.after))), each.due)
        << each.line;
  }
  EXPECT_THROW(Cron::Parse("0 0 30 2 *"), Error);
  EXPECT_THROW(Cron::Parse("0 0 * *"), Error);
  EXPECT_THROW(Cron::Parse("60 0 * * *"), Error);
}

TEST(Duration, IsReadAndWritten) {
  EXPECT_EQ(ParseDuration("1d 12h"), 36 * kHourMs);
  EXPECT_EQ(DurationText(36 * kHourMs + 1500), "1d 12h 1s 500ms");
  for (const char* text : {"", "7", "d", "7 d", "1y", "-1d", "99999999d"})
    EXPECT_THROW(ParseDuration(text), Error) << text;
}

// A trigger may wait for days: what is over by then is no reason any more.
TEST(Rules, AnAlertThatIsOverIsNotRetrainedFor) {
  Walk walk;
  walk.ToShadow();
  walk.Take(Arrive(walk.policy_, walk.state_, AlertOf("a")));
  ASSERT_TRUE(walk.state_.waiting);
  EXPECT_FALSE(AlertOver(walk.policy_, walk.state_, "alert:z", kNow));
  const auto step = AlertOver(walk.policy_, walk.state_, "alert:a", kNow);
  ASSERT_TRUE(step);
  walk.Take(*step);
  EXPECT_EQ(walk.last_.action, Action::kSkip);
  EXPECT_EQ(walk.last_.rule, "trigger.over");
  EXPECT_EQ(walk.last_.reason,
            "alert (kind drift): a has drifted; the alert is over: nothing is retrained for it");
  EXPECT_EQ(walk.last_.to, Phase::kShadow);
  EXPECT_FALSE(walk.state_.waiting);
}

TEST(Rules, TheNextAlertTakesThePlaceOfOneThatIsOver) {
  Walk walk;
  walk.ToShadow();
  for (const char* id : {"a", "b", "c"}) walk.Take(Arrive(walk.policy_, walk.state_, AlertOf(id)));
  EXPECT_EQ(walk.last_.rule, "trigger.waiting");
  walk.state_ = LoopState::FromJson(walk.state_.ToJson());
  walk.Take(*AlertOver(walk.policy_, walk.state_, "alert:b", kNow));
  EXPECT_EQ(walk.state_.waiting->event.GetString("subject"), "alert:a");
  walk.Take(*AlertOver(walk.policy_, walk.state_, "alert:a", kNow));
  EXPECT_EQ(walk.state_.waiting->event.GetString("subject"), "alert:c");
  EXPECT_NE(walk.last_.reason.find("in its place waits alert (kind drift): c"), std::string::npos);
  walk.Take(*AlertOver(walk.policy_, walk.state_, "alert:c", kNow));
  EXPECT_FALSE(walk.state_.waiting);
}

constexpr char kLossPolicy[] = R"(
model: late
triggers: [{every: 30d}]
retrain: {pipeline: retrain}
canary: {steps: [50], requests: 30}
worse: {errors: 0.9, loss: {kind: error, tolerance: 0.01, outcomes: 30}}
)";

ArmFigures WithLoss(int64_t rows, double mean, double variance) {
  ArmFigures arm = Arm(rows, 0);
  arm.loss = {.count = rows, .mean = mean, .variance = variance};
  return arm;
}

// 31 right answers of 31 do not exclude that one in eleven is wrong.
TEST(Rules, RightAnswersInFewRowsAreNoCertainty) {
  Policy policy = ParsePolicy(kLossPolicy);
  const ArmsWanted wanted{.requests_min = 30, .with_latency = false};
  for (const LossKind kind : {LossKind::kError, LossKind::kBrier}) {
    policy.worse.loss->kind = kind;
    const Judgement few = JudgeArms(policy.worse, wanted, WithLoss(31, 0, 0), WithLoss(64, 0, 0));
    EXPECT_EQ(few.verdict, Verdict::kHold) << LossKindName(kind);
    EXPECT_EQ(few.rule, "inconclusive.loss");
    // As honest as of failures: the same rows, the same bounds.
    const Json& bounds = few.figures.At("differences").AsArray()[1];
    EXPECT_GT(bounds.At("high").AsDouble(), 0.05);
    EXPECT_LT(bounds.At("low").AsDouble(), -0.05);
    EXPECT_EQ(JudgeArms(policy.worse, wanted, WithLoss(5000, 0, 0), WithLoss(5000, 0, 0)).verdict,
              Verdict::kNotWorse);
  }
}

TEST(Rules, LossesThatAreAllTheSameHold) {
  Policy policy = ParsePolicy(kLossPolicy);
  policy.worse.loss->kind = LossKind::kSquaredError;
  const ArmsWanted wanted{.requests_min = 30, .with_latency = false};
  const Judgement same = JudgeArms(policy.worse, wanted, WithLoss(31, 0, 0), WithLoss(64, 0, 0));
  EXPECT_EQ(same.verdict, Verdict::kHold);
  EXPECT_EQ(same.rule, "inconclusive.loss");
  EXPECT_EQ(same.reason, "loss is the same in all 31 and 64 rows: nothing says yet how it spreads");
  // The other arm says what a row may be like.
  const Judgement one = JudgeArms(policy.worse, wanted, WithLoss(31, 0, 0), WithLoss(64, 1, 4));
  EXPECT_EQ(one.verdict, Verdict::kHold);
  EXPECT_EQ(JudgeArms(policy.worse, wanted, WithLoss(40000, 1, 4), WithLoss(40000, 3, 4)).verdict,
            Verdict::kNotWorse);
}

TEST(Rules, WhereNoGateIsAskedNonePassed) {
  for (const bool asks : {false, true}) {
    Walk walk;
    walk.policy_.asks_gates = asks;
    walk.Take(Arrive(walk.policy_, walk.state_, Alert()));
    walk.Look();
    walk.seen_.run = RunSeen{.state = RunSeen::State::kSucceeded, .version = "2"};
    if (asks) walk.seen_.gate = GateSeen{};
    while (walk.state_.phase != Phase::kShadow) {
      const auto step = Decide(walk.policy_, walk.state_, walk.seen_);
      ASSERT_TRUE(step);
      walk.Take(*step);
    }
    EXPECT_EQ(walk.last_.reason, std::string(asks ? "the gates passed" : "no gate is asked") +
                                     "; the candidate is sent copies of all requests");
  }
}

}  // namespace
}  // namespace millwright::loop
