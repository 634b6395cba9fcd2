#include "api/mlflow/runs.h"

#include "api/mlflow/error.h"
#include "api/mlflow/log_bodies.h"
#include "api/mlflow/request.h"
#include "api/mlflow/tracking_convert.h"
#include "api/mlflow/tracking_messages.h"
#include "api/route.h"
#include "base/error.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::runs {
namespace {

using tracking::ExperimentId;
using tracking::LoggedModelId;
using tracking::RunId;

// Where the descriptions of models logged by old clients are kept.
constexpr std::string_view kModelHistoryTag = "mlflow.log-model.history";

tracking::Metric FromWire(WireMetric&& metric) {
  return {std::move(metric.key),
          metric.value,
          metric.timestamp,
          metric.step,
          std::move(metric.model_id).value_or(""),
          std::move(metric.dataset_name).value_or(""),
          std::move(metric.dataset_digest).value_or("")};
}

tracking::DatasetInput FromWire(const WireDatasetInput& input) {
  const WireDataset& dataset = input.dataset;
  return {{dataset.name, dataset.digest, dataset.source_type, dataset.source, dataset.schema,
           dataset.profile},
          FromWireTags(input.tags)};
}

// Answers {} when a write is durable, or what it failed with. It is called on a thread of the
// database, so it does no more than word the answer.
auto AnswerOnce(http::Request&& request, http::Reply reply) {
  return [id = std::move(request.request_id),
          reply = std::move(reply)](const std::exception_ptr& error) {
    reply(error ? FailureAnswer(error, ErrorAnswer, id) : Empty());
  };
}

}  // namespace

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateRun>(request);
  const auto run = context.runs.Create({.experiment_id = ExperimentId(message.experiment_id),
                                        .name = message.run_name,
                                        .user_id = message.user_id,
                                        .start_ms = message.start_time,
                                        .tags = FromWireTags(message.tags)},
                                       request.principal);
  return Answer(RunAnswer{ToWire(run, Outputs::kAbsent)});
}

http::Response Get(Context& context, const http::Request& request) {
  const auto message = Read<RunIdOnly>(request);
  const auto run = context.runs.Get(RunId(message.run_id));
  return Answer(RunAnswer{ToWire(run, Outputs::kPresent)});
}

http::Response Update(Context& context, const http::Request& request) {
  const auto message = Read<UpdateRun>(request);
  tracking::RunUpdate update;
  if (message.status) {
    update.status = static_cast<tracking::RunStatus>(static_cast<int>(*message.status) - 1);
  }
  update.end_ms = message.end_time;
  update.name = message.run_name;
  const auto info = context.runs.Update(RunId(message.run_id), update, request.principal);
  return Answer(RunInfoAnswer{ToWire(info)});
}

http::Response Delete(Context& context, const http::Request& request) {
  const auto message = Read<RunIdOnly>(request);
  context.runs.Delete(RunId(message.run_id), request.principal);
  return Empty();
}

http::Response Restore(Context& context, const http::Request& request) {
  const auto message = Read<RunIdOnly>(request);
  context.runs.Restore(RunId(message.run_id), request.principal);
  return Empty();
}

http::Response Search(Context& context, const http::Request& request) {
  const auto message = Read<SearchRuns>(request);
  RequirePositive(message.max_results);
  const auto page =
      context.runs.Search({.experiment_ids = ToIds<ExperimentId>(message.experiment_ids),
                           .filter = message.filter,
                           .order_by = message.order_by,
                           .view = mlflow::FromWire(message.run_view_type),
                           .limit = message.max_results,
                           .page_token = message.page_token});
  RunsAnswer answer;
  answer.runs.reserve(page.items.size());
  for (const auto& run : page.items) answer.runs.push_back(ToWire(run, Outputs::kPresent));
  answer.next_page_token = NextToken(page.next_token);
  return Answer(answer);
}

void LogMetric(Context& context, http::Request&& request, http::Reply reply) {
  auto message = ReadLogged<mlflow::LogMetric>(request);
  context.runs.LogMetricLater(RunId(std::move(message.run_id)),
                              {std::move(message.key), message.value, message.timestamp,
                               message.step, std::move(message.model_id),
                               std::move(message.dataset_name), std::move(message.dataset_digest)},
                              AnswerOnce(std::move(request), std::move(reply)));
}

void LogParameter(Context& context, http::Request&& request, http::Reply reply) {
  auto message = ReadLogged<RunKeyValue>(request);
  context.runs.LogParamLater(RunId(std::move(message.run_id)),
                             {std::move(message.key), std::move(message.value)},
                             AnswerOnce(std::move(request), std::move(reply)));
}

void SetTag(Context& context, http::Request&& request, http::Reply reply) {
  auto message = ReadLogged<RunKeyValue>(request);
  std::string who = std::move(request.principal);
  context.runs.SetTagLater(RunId(std::move(message.run_id)),
                           {std::move(message.key), std::move(message.value)}, std::move(who),
                           AnswerOnce(std::move(request), std::move(reply)));
}

http::Response DeleteTag(Context& context, const http::Request& request) {
  const auto message = Read<RunKeyValue>(request);
  context.runs.DeleteTag(RunId(message.run_id), message.key);
  return Empty();
}

void LogBatch(Context& context, http::Request&& request, http::Reply reply) {
  auto message = ReadLogged<mlflow::LogBatch>(request);
  tracking::Batch batch;
  batch.metrics.reserve(message.metrics.size());
  for (auto& metric : message.metrics) batch.metrics.push_back(FromWire(std::move(metric)));
  for (auto& param : message.params) {
    batch.params.push_back({std::move(param.key), std::move(param.value)});
  }
  for (auto& tag : message.tags) {
    batch.tags.push_back({std::move(tag.key), std::move(tag.value)});
  }
  context.runs.LogBatchLater(RunId(std::move(message.run_id)), std::move(batch),
                             AnswerOnce(std::move(request), std::move(reply)));
}

http::Response LogInputs(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::LogInputs>(request);
  std::vector<tracking::DatasetInput> datasets;
  for (const auto& input : message.datasets) datasets.push_back(FromWire(input));
  std::vector<LoggedModelId> models;
  for (const auto& model : message.models) models.emplace_back(model.model_id);
  context.runs.LogInputs(RunId(message.run_id), datasets, models);
  return Empty();
}

http::Response LogOutputs(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::LogOutputs>(request);
  std::vector<tracking::ModelOutput> models;
  for (const auto& model : message.models) {
    models.push_back({LoggedModelId(model.model_id), model.step});
  }
  context.runs.LogOutputs(RunId(message.run_id), models);
  return Empty();
}

http::Response LogModel(Context& context, const http::Request& request) {
  const auto message = Read<mlflow::LogModel>(request);
  const RunId id(message.run_id);
  const Json model = ParseJson(message.model_json);
  if (!model.is_object()) {
    throw InvalidArgument("Malformed model info. \n {} \n is not a JSON object.",
                          message.model_json);
  }
  Json history = Json::MakeArray();
  for (const auto& tag : context.runs.Get(id).tags) {
    if (tag.key == kModelHistoryTag) history = ParseJson(tag.value);
  }
  history.Append(model);
  context.runs.SetTag(id, {std::string(kModelHistoryTag), history.Dump()}, request.principal);
  return Empty();
}

}  // namespace millwright::api::mlflow::runs
