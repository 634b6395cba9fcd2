#include "api/mlflow/experiments.h"

#include "api/mlflow/request.h"
#include "api/mlflow/tracking_convert.h"
#include "api/mlflow/tracking_messages.h"
#include "base/error.h"
#include "tracking/experiment_store.h"
#include "tracking/run_store.h"

namespace millwright::api::mlflow::experiments {
namespace {

using tracking::ExperimentId;

constexpr size_t kDatasetExperimentsMax = 20;

WireExperiment ToWire(const tracking::Experiment& experiment) {
  return {.experiment_id = experiment.id.str(),
          .name = experiment.name,
          .artifact_location = experiment.artifact_location,
          .lifecycle_stage = std::string(tracking::LifecycleName(experiment.lifecycle)),
          .last_update_time = experiment.updated_ms,
          .creation_time = experiment.created_ms,
          .tags = ToWireTags(experiment.tags)};
}

}  // namespace

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateExperiment>(request);
  const ExperimentId id = context.experiments.Create(
      {message.name, message.artifact_location, FromWireTags(message.tags)}, request.principal);
  return Answer(ExperimentIdOnly{id.str()});
}

http::Response Get(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentIdOnly>(request);
  return Answer(
      ExperimentAnswer{ToWire(context.experiments.Get(ExperimentId(message.experiment_id)))});
}

http::Response GetByName(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentName>(request);
  return Answer(ExperimentAnswer{ToWire(context.experiments.GetByName(message.experiment_name))});
}

http::Response Search(Context& context, const http::Request& request) {
  const auto message = Read<SearchExperiments>(request);
  RequirePositive(message.max_results);
  if (message.max_results > tracking::kSearchResultsMax) {
    throw InvalidArgument(
        "Invalid value {} for parameter 'max_results' supplied. It must be at most {}",
        message.max_results, tracking::kSearchResultsMax);
  }
  const auto page = context.experiments.Search({.filter = message.filter,
                                                .order_by = message.order_by,
                                                .view = FromWire(message.view_type),
                                                .limit = message.max_results,
                                                .page_token = message.page_token});
  ExperimentsAnswer answer;
  for (const auto& experiment : page.items) answer.experiments.push_back(ToWire(experiment));
  answer.next_page_token = NextToken(page.next_token);
  return Answer(answer);
}

http::Response Delete(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentIdOnly>(request);
  context.experiments.Delete(ExperimentId(message.experiment_id), request.principal);
  return Empty();
}

http::Response Restore(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentIdOnly>(request);
  context.experiments.Restore(ExperimentId(message.experiment_id), request.principal);
  return Empty();
}

http::Response Update(Context& context, const http::Request& request) {
  const auto message = Read<UpdateExperiment>(request);
  context.experiments.Rename(ExperimentId(message.experiment_id), message.new_name,
                             request.principal);
  return Empty();
}

http::Response SetTag(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentTag>(request);
  context.experiments.SetTag(ExperimentId(message.experiment_id), {message.key, message.value},
                             request.principal);
  return Empty();
}

http::Response DeleteTag(Context& context, const http::Request& request) {
  const auto message = Read<ExperimentTag>(request);
  context.experiments.DeleteTag(ExperimentId(message.experiment_id), message.key,
                                request.principal);
  return Empty();
}

http::Response SearchDatasets(Context& context, const http::Request& request) {
  const Json object = ReadObject(request, ShapeOf<ExperimentIds>());
  const Json* given = object.Find("experiment_ids");
  const bool some = given != nullptr && given->is_array() && !given->AsArray().empty();
  if (!some) {
    throw InvalidArgument("SearchDatasets request must specify at least one experiment_id.");
  }
  const auto message = Decode<ExperimentIds>(object);
  if (message.experiment_ids.size() > kDatasetExperimentsMax) {
    throw InvalidArgument(
        "SearchDatasets request cannot specify more than {} experiment_ids. Received {} "
        "experiment_ids.",
        kDatasetExperimentsMax, message.experiment_ids.size());
  }
  DatasetSummaries answer;
  for (const auto& summary :
       context.runs.SearchDatasets(ToIds<ExperimentId>(message.experiment_ids))) {
    answer.dataset_summaries.push_back(
        {summary.experiment_id.str(), summary.name, summary.digest, summary.context});
  }
  return Answer(answer);
}

}  // namespace millwright::api::mlflow::experiments
