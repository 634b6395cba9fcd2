#include "api/native/pipelines.h"

#include "api/native/request_reader.h"
#include "base/error.h"
#include "pipelines/pipeline_store.h"

namespace millwright::api::native {
namespace {

constexpr int kRunsPerPage = 50;

void SetTime(Json& json, const char* key, const std::optional<int64_t>& time_ms) {
  if (time_ms) json.Set(key, *time_ms);
}

Json TextsJson(const std::map<std::string, std::string>& texts) {
  Json json = Json::MakeObject();
  for (const auto& [name, value] : texts) json.Set(name, value);
  return json;
}

Json RunJson(const pipelines::PipelineRun& run) {
  Json json = Json::Of({{"id", run.id.str()},
                        {"pipeline", run.pipeline},
                        {"version", run.version},
                        {"state", pipelines::Name(run.state)},
                        {"trigger", run.trigger()},
                        {"who", run.who},
                        {"created_ms", run.created_ms}});
  SetTime(json, "started_ms", run.started_ms);
  SetTime(json, "ended_ms", run.ended_ms);
  if (!run.message.empty()) json.Set("message", run.message);
  return json;
}

Json AttemptJson(const pipelines::Attempt& attempt) {
  Json json = Json::Of({{"number", attempt.number},
                        {"state", pipelines::Name(attempt.state)},
                        {"started_ms", attempt.started_ms}});
  SetTime(json, "ended_ms", attempt.ended_ms);
  SetTime(json, "exit_code", attempt.exit_code);
  if (!attempt.message.empty()) json.Set("error", attempt.message);
  return json;
}

Json TaskJson(const pipelines::Task& task) {
  Json needs = Json::MakeArray(), attempts = Json::MakeArray();
  for (const auto& name : task.needs) needs.Append(name);
  for (const auto& attempt : task.attempts) attempts.Append(AttemptJson(attempt));
  Json json = Json::Of({{"name", task.name},
                        {"depends_on", needs},
                        {"state", pipelines::Name(task.state)},
                        {"outputs", TextsJson(task.outputs)},
                        {"attempts", attempts}});
  if (!task.message.empty()) json.Set("message", task.message);
  return json;
}

Json RunWithTasksJson(const pipelines::PipelineRun& run) {
  Json json = RunJson(run);
  Json tasks = Json::MakeArray();
  for (const auto& task : run.tasks) tasks.Append(TaskJson(task));
  return json.Set("params", TextsJson(run.params)).Set("tasks", tasks);
}

Json PipelineJson(const pipelines::Pipeline& pipeline) {
  Json tasks = Json::MakeArray();
  for (const auto& task : pipeline.spec->tasks) {
    Json needs = Json::MakeArray();
    for (const size_t need : task.needs) needs.Append(pipeline.spec->tasks[need].name);
    tasks.Append(Json::Of({{"name", task.name}, {"depends_on", needs}}));
  }
  return Json::Of({{"name", pipeline.name},
                   {"version", pipeline.version},
                   {"description", pipeline.spec->description},
                   {"trigger", pipelines::TriggerText(*pipeline.spec)},
                   {"updated_ms", pipeline.updated_ms},
                   {"who", pipeline.who},
                   {"tasks", tasks}});
}

pipelines::PipelineRunId RunOf(const http::Request& request) {
  return pipelines::PipelineRunId(request.PathValue("id"));
}

}  // namespace

http::Response RegisterPipeline(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(PipelineJson(
      context.pipelines.Register(body.At("yaml").AsString("yaml"), request.principal)));
}

http::Response ListPipelines(Context& context, const http::Request&) {
  Json list = Json::MakeArray();
  for (const auto& pipeline : context.pipelines.List()) {
    Json json = PipelineJson(pipeline);
    const auto last = context.pipelines.ListRuns(pipeline.name, 1);
    if (!last.runs.empty()) json.Set("last_run", RunJson(last.runs[0]));
    list.Append(std::move(json));
  }
  return Answer(Json::Of({{"pipelines", list}}));
}

http::Response StartPipelineRun(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  pipelines::Params params;
  if (const Json* given = body.Find("params"))
    for (const auto& [name, value] : given->AsObject("params"))
      params[name] = value.is_string() ? value.AsString() : value.Dump();
  const auto id = context.pipelines.Start(request.PathValue("name"), params, request.principal);
  return Answer(RunWithTasksJson(context.pipelines.GetRun(id)));
}

http::Response ListPipelineRuns(Context& context, const http::Request& request) {
  const auto limit =
      static_cast<int>(QueryInt(request, "limit", kRunsPerPage, 1, pipelines::kRunsPageMax));
  const auto page = context.pipelines.ListRuns(QueryText(request, "pipeline"), limit,
                                               QueryText(request, "page_token"));
  Json runs = Json::MakeArray();
  for (const auto& run : page.runs) runs.Append(RunJson(run));
  Json answer = Json::Of({{"pipeline_runs", runs}});
  if (!page.next_page_token.empty()) answer.Set("next_page_token", page.next_page_token);
  return Answer(answer);
}

http::Response GetPipelineRun(Context& context, const http::Request& request) {
  return Answer(RunWithTasksJson(context.pipelines.GetRun(RunOf(request))));
}

http::Response CancelPipelineRun(Context& context, const http::Request& request) {
  context.pipelines.Cancel(RunOf(request), request.principal);
  return GetPipelineRun(context, request);
}

http::Response GetTaskLog(Context& context, const http::Request& request) {
  const auto piece = context.pipelines.ReadLog(
      RunOf(request), request.PathValue("task"), QueryInt(request, "attempt", 0, 0, 1000),
      QueryInt(request, "offset", 0, 0, INT64_MAX), pipelines::kLogBytesMax);
  auto response = http::Response::Text(200, piece.text, "text/plain; charset=utf-8");
  response.headers.Set("X-Next-Offset", std::to_string(piece.next_offset));
  return response;
}

}  // namespace millwright::api::native
