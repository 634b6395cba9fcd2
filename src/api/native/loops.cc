#include "api/native/loops.h"

#include "api/native/request_reader.h"
#include "base/error.h"
#include "loop/loop_store.h"
#include "loop/loops.h"

namespace millwright::api::native {
namespace {

constexpr int kDecisionsPerPage = 100;

std::string ModelOf(const http::Request& request) {
  return request.PathValue("model");
}

loop::Person PersonOf(const http::Request& request, const Json& body) {
  return {.who = request.principal, .reason = body.GetString("reason")};
}

Json CauseJson(const loop::Cause& cause) {
  Json json =
      Json::Of({{"trigger", cause.trigger}, {"who", cause.who}, {"time_ms", cause.time_ms}});
  if (!cause.reason.empty()) json.Set("reason", cause.reason);
  if (!cause.version.empty()) json.Set("version", cause.version);
  if (!cause.event.is_null()) json.Set("event", cause.event);
  return json;
}

Json DecisionJson(const loop::Decision& decision) {
  return Json::Of({{"number", decision.number},
                   {"time_ms", decision.time_ms},
                   {"from", loop::Name(decision.from)},
                   {"to", loop::Name(decision.to)},
                   {"action", loop::Name(decision.action)},
                   {"rule", decision.rule},
                   {"reason", decision.reason},
                   {"who", decision.who},
                   {"seen", decision.seen},
                   {"undo", decision.undo}});
}

// What a person may say just now, so that a page shows no button that would be refused.
Json ActsJson(const loop::StoredLoop& stored) {
  Json acts = Json::MakeArray();
  const auto may = [&](const char* name, auto&& act) {
    try {
      act(*stored.policy, stored.state, loop::Person{.who = "somebody", .reason = "asked"});
      acts.Append(name);
    } catch (const Error&) {  // a normal answer: it means nothing now
    }
  };
  may("trigger", [](const loop::Policy& policy, const loop::LoopState& state, const auto&) {
    loop::Arrive(policy, state, {.trigger = "by hand"});
  });
  may("approve", loop::Approve);
  may("override", loop::Override);
  may("rollback", loop::RollBack);
  may("pause", loop::Pause);
  may("resume", loop::Resume);
  return acts;
}

Json StepsJson(const loop::Policy& policy) {
  Json steps = Json::MakeArray();
  for (const int step : policy.canary.steps) steps.Append(step);
  return steps;
}

Json LoopJson(Context& context, const loop::StoredLoop& stored) {
  const loop::LoopState& state = stored.state;
  Json json = Json::Of({{"model", stored.model},
                        {"endpoint", stored.endpoint},
                        {"alias", stored.policy->alias},
                        {"version", stored.version},
                        {"pipeline", stored.policy->retrain.pipeline},
                        {"triggers", loop::TriggersText(*stored.policy)},
                        {"phase", loop::Name(state.phase)},
                        {"since_ms", state.entered_ms},
                        {"paused", state.is_paused},
                        {"hold", state.hold},
                        {"latched", state.is_latched},
                        {"candidate", state.candidate},
                        {"champion", state.champion},
                        {"step", state.step},
                        {"steps", StepsJson(*stored.policy)},
                        {"pipeline_run", state.pipeline_run},
                        {"ending", loop::Name(state.ending)},
                        {"ending_reason", state.ending_reason},
                        {"decisions", stored.decisions},
                        {"acts", ActsJson(stored)},
                        {"updated_ms", stored.updated_ms},
                        {"who", stored.who}});
  if (state.is_paused) json.Set("pause_reason", state.pause_reason);
  if (!state.cause.trigger.empty()) json.Set("cause", CauseJson(state.cause));
  if (state.waiting) json.Set("waiting", CauseJson(*state.waiting));
  if (state.phase == loop::Phase::kCoolDown)
    json.Set("ready_ms", state.ended_ms + stored.policy->limits.cooldown_ms);
  Json due = Json::MakeArray();
  for (size_t i = 0; i < state.due_ms.size(); ++i)
    if (state.due_ms[i] > 0)
      due.Append(
          Json::Of({{"trigger", stored.policy->triggers[i].text}, {"time_ms", state.due_ms[i]}}));
  json.Set("due", due);
  const bool is_measured =
      state.phase == loop::Phase::kShadow || state.phase == loop::Phase::kCanary;
  if (is_measured) json.Set("seen", context.loops.LastSeen(stored.model));
  return json;
}

Json WithYaml(Context& context, const loop::StoredLoop& stored) {
  return LoopJson(context, stored).Set("yaml", stored.yaml);
}

std::string YamlOf(const http::Request& request) {
  return BodyObject(request).At("yaml").AsString("yaml");
}

}  // namespace

http::Response ListLoops(Context& context, const http::Request&) {
  Json loops = Json::MakeArray();
  for (const auto& stored : context.loop_store.List()) loops.Append(LoopJson(context, stored));
  return Answer(Json::Of({{"loops", loops}}));
}

http::Response PutLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(context, context.loop_store.Put(YamlOf(request), request.principal)));
}

http::Response CheckLoop(Context&, const http::Request& request) {
  const loop::Policy policy = loop::ParsePolicy(YamlOf(request));
  return Answer(Json::Of({{"model", policy.model},
                          {"endpoint", policy.endpoint},
                          {"pipeline", policy.retrain.pipeline},
                          {"triggers", loop::TriggersText(policy)}}));
}

http::Response GetLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(context, context.loop_store.Get(ModelOf(request))));
}

http::Response DeleteLoop(Context& context, const http::Request& request) {
  context.loop_store.Delete(ModelOf(request), request.principal);
  return Answer(Json::MakeObject());
}

http::Response ListDecisions(Context& context, const http::Request& request) {
  const auto limit =
      static_cast<int>(QueryInt(request, "limit", kDecisionsPerPage, 1, loop::kDecisionsPageMax));
  const int64_t before = QueryInt(request, "before", 0, 0, INT64_MAX);
  Json decisions = Json::MakeArray();
  for (const auto& decision : context.loop_store.Decisions(ModelOf(request), limit, before))
    decisions.Append(DecisionJson(decision));
  return Answer(Json::Of({{"decisions", decisions}}));
}

http::Response TriggerLoop(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(WithYaml(context, context.loops.Trigger(ModelOf(request), PersonOf(request, body),
                                                        body.GetString("version"))));
}

http::Response PauseLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(
      context, context.loops.Pause(ModelOf(request), PersonOf(request, BodyObject(request)))));
}

http::Response ResumeLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(
      context, context.loops.Resume(ModelOf(request), PersonOf(request, BodyObject(request)))));
}

http::Response ApproveLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(
      context, context.loops.Approve(ModelOf(request), PersonOf(request, BodyObject(request)))));
}

http::Response OverrideLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(
      context, context.loops.Override(ModelOf(request), PersonOf(request, BodyObject(request)))));
}

http::Response RollBackLoop(Context& context, const http::Request& request) {
  return Answer(WithYaml(
      context, context.loops.RollBack(ModelOf(request), PersonOf(request, BodyObject(request)))));
}

}  // namespace millwright::api::native
