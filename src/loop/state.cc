#include "loop/state.h"

#include <utility>

#include "base/check.h"

namespace millwright::loop {
namespace {

template <typename E>
using Names = std::pair<E, std::string_view>;

constexpr Names<Phase> kPhases[] = {{Phase::kIdle, "idle"},
                                    {Phase::kTriggered, "triggered"},
                                    {Phase::kRetraining, "retraining"},
                                    {Phase::kGating, "gating"},
                                    {Phase::kShadow, "shadow"},
                                    {Phase::kCanary, "canary"},
                                    {Phase::kPromoting, "promoting"},
                                    {Phase::kRollingBack, "rolling_back"},
                                    {Phase::kCoolDown, "cooldown"}};
constexpr Names<Ending> kEndings[] = {{Ending::kNone, ""},
                                      {Ending::kPromoted, "promoted"},
                                      {Ending::kHeld, "held"},
                                      {Ending::kRolledBack, "rolled_back"},
                                      {Ending::kFailed, "failed"}};
constexpr Names<Action> kActions[] = {
    {Action::kTrigger, "trigger"},    {Action::kQueue, "queue"},     {Action::kSkip, "skip"},
    {Action::kRetrain, "retrain"},    {Action::kJudge, "judge"},     {Action::kShadow, "shadow"},
    {Action::kCanary, "canary"},      {Action::kPromote, "promote"}, {Action::kHold, "hold"},
    {Action::kRollBack, "roll_back"}, {Action::kEnd, "end"},         {Action::kReady, "ready"},
    {Action::kPause, "pause"},        {Action::kResume, "resume"},   {Action::kApprove, "approve"},
    {Action::kOverride, "override"}};

template <typename E, size_t N>
std::string_view NameIn(const Names<E> (&names)[N], E value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return "";
}

template <typename E, size_t N>
E ParseIn(const Names<E> (&names)[N], std::string_view text) {
  for (const auto& [each, name] : names) {
    if (name == text) return each;
  }
  CHECK(false);
  return names[0].first;
}

Json TextsJson(const std::vector<std::string>& texts) {
  Json json = Json::MakeArray();
  for (const auto& text : texts) json.Append(text);
  return json;
}

Json NumbersJson(const std::vector<int64_t>& numbers) {
  Json json = Json::MakeArray();
  for (const int64_t number : numbers) json.Append(number);
  return json;
}

std::vector<int64_t> NumbersOf(const Json& json, std::string_view key) {
  std::vector<int64_t> numbers;
  for (const Json& number : json.At(key).AsArray()) numbers.push_back(number.AsInt());
  return numbers;
}

Json CauseJson(const Cause& cause) {
  return Json::Of({{"trigger", cause.trigger},
                   {"reason", cause.reason},
                   {"who", cause.who},
                   {"time_ms", cause.time_ms},
                   {"event", cause.event},
                   {"version", cause.version}});
}

Json CausesJson(const std::vector<Cause>& causes) {
  Json json = Json::MakeArray();
  for (const Cause& cause : causes) json.Append(CauseJson(cause));
  return json;
}

Cause CauseOf(const Json& json) {
  return {.trigger = json.GetString("trigger"),
          .reason = json.GetString("reason"),
          .who = json.GetString("who"),
          .time_ms = json.GetInt("time_ms"),
          .event = json.At("event"),
          .version = json.GetString("version")};
}

}  // namespace

std::string_view Name(Phase phase) {
  return NameIn(kPhases, phase);
}
std::string_view Name(Ending ending) {
  return NameIn(kEndings, ending);
}
std::string_view Name(Action action) {
  return NameIn(kActions, action);
}
Phase ParsePhase(std::string_view name) {
  return ParseIn(kPhases, name);
}
Ending ParseEnding(std::string_view name) {
  return ParseIn(kEndings, name);
}
Action ParseAction(std::string_view name) {
  return ParseIn(kActions, name);
}

Json LoopState::ToJson() const {
  return Json::Of({{"phase", Name(phase)},
                   {"entered_ms", entered_ms},
                   {"cause", CauseJson(cause)},
                   {"waiting", waiting ? CauseJson(*waiting) : Json()},
                   {"behind", CausesJson(behind)},
                   {"pipeline_run", pipeline_run},
                   {"candidate", candidate},
                   {"champion", champion},
                   {"step", step},
                   {"hold", hold},
                   {"latched", is_latched},
                   {"approved", TextsJson(approved)},
                   {"override_reason", override_reason},
                   {"gate_override", gate_override},
                   {"ending", Name(ending)},
                   {"ending_reason", ending_reason},
                   {"ended_ms", ended_ms},
                   {"paused", is_paused},
                   {"pause_reason", pause_reason},
                   {"promotions_ms", NumbersJson(promotions_ms)},
                   {"retrainings_ms", NumbersJson(retrainings_ms)},
                   {"due_ms", NumbersJson(due_ms)},
                   {"refused", TextsJson(refused)}});
}

LoopState LoopState::FromJson(const Json& json) {
  LoopState state;
  state.phase = ParsePhase(json.GetString("phase"));
  state.entered_ms = json.GetInt("entered_ms");
  state.cause = CauseOf(json.At("cause"));
  if (const Json& waiting = json.At("waiting"); !waiting.is_null())
    state.waiting = CauseOf(waiting);
  // Earlier releases wrote none.
  if (const Json* behind = json.Find("behind")) {
    for (const Json& cause : behind->AsArray()) state.behind.push_back(CauseOf(cause));
  }
  state.pipeline_run = json.GetString("pipeline_run");
  state.candidate = json.GetString("candidate");
  state.champion = json.GetString("champion");
  state.step = static_cast<int>(json.GetInt("step"));
  state.hold = json.GetString("hold");
  state.is_latched = json.GetBool("latched");
  state.approved = json.GetStrings("approved");
  state.override_reason = json.GetString("override_reason");
  state.gate_override = json.GetString("gate_override");
  state.ending = ParseEnding(json.GetString("ending"));
  state.ending_reason = json.GetString("ending_reason");
  state.ended_ms = json.GetInt("ended_ms");
  state.is_paused = json.GetBool("paused");
  state.pause_reason = json.GetString("pause_reason");
  state.promotions_ms = NumbersOf(json, "promotions_ms");
  state.retrainings_ms = NumbersOf(json, "retrainings_ms");
  state.due_ms = NumbersOf(json, "due_ms");
  state.refused = json.GetStrings("refused");
  return state;
}

}  // namespace millwright::loop
