#include "api/mlflow/logged_models.h"

#include <algorithm>

#include "api/mlflow/request.h"
#include "api/mlflow/tracking_convert.h"
#include "base/error.h"
#include "tracking/logged_model_store.h"

namespace millwright::api::mlflow {

template <>
struct WireEnum<tracking::LoggedModelStatus> {
  static constexpr EnumName kNames[] = {
      {"LOGGED_MODEL_PENDING", 1}, {"LOGGED_MODEL_READY", 2}, {"LOGGED_MODEL_UPLOAD_FAILED", 3}};
};

namespace logged_models {
namespace {

using tracking::ExperimentId;
using tracking::LoggedModelId;

constexpr int64_t kSearchDefault = 50;
constexpr int64_t kSearchMax = 1000;

struct WireInfo {
  std::string model_id;
  std::string experiment_id;
  std::string name;
  int64_t creation_timestamp_ms = 0;
  int64_t last_updated_timestamp_ms = 0;
  std::string artifact_uri;
  tracking::LoggedModelStatus status = tracking::LoggedModelStatus::kPending;
  std::string model_type;
  std::string source_run_id;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = WireInfo;
    return std::tuple(May("model_id", &T::model_id), May("experiment_id", &T::experiment_id),
                      May("name", &T::name),
                      May("creation_timestamp_ms", &T::creation_timestamp_ms),
                      May("last_updated_timestamp_ms", &T::last_updated_timestamp_ms),
                      May("artifact_uri", &T::artifact_uri), May("status", &T::status),
                      May("model_type", &T::model_type), May("source_run_id", &T::source_run_id),
                      May("tags", &T::tags));
  }
};
struct WireData {
  std::vector<KeyValue> params;
  std::vector<WireMetric> metrics;
  static constexpr auto fields() {
    using T = WireData;
    return std::tuple(May("params", &T::params), May("metrics", &T::metrics));
  }
};
struct WireModel {
  WireInfo info;
  WireData data;
  static constexpr auto fields() {
    using T = WireModel;
    return std::tuple(May("info", &T::info), May("data", &T::data));
  }
};
struct ModelAnswer {
  WireModel model;
  static constexpr auto fields() { return std::tuple(May("model", &ModelAnswer::model)); }
};
struct ModelsAnswer {
  std::vector<WireModel> models;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = ModelsAnswer;
    return std::tuple(May("models", &T::models), May("next_page_token", &T::next_page_token));
  }
};
struct CreateLoggedModel {
  std::string experiment_id;
  std::string name;
  std::string model_type;
  std::string source_run_id;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = CreateLoggedModel;
    return std::tuple(Must("experiment_id", &T::experiment_id), May("name", &T::name),
                      May("model_type", &T::model_type), May("source_run_id", &T::source_run_id),
                      May("params", &T::params), May("tags", &T::tags));
  }
};
struct FinalizeLoggedModel {
  std::string model_id;
  tracking::LoggedModelStatus status = tracking::LoggedModelStatus::kPending;
  static constexpr auto fields() {
    using T = FinalizeLoggedModel;
    // The status first, so that a bad one is what is named.
    return std::tuple(May("status", &T::status), Must("model_id", &T::model_id));
  }
};
struct TagList {
  std::vector<KeyValue> tags;
  static constexpr auto fields() { return std::tuple(May("tags", &TagList::tags)); }
};
struct ParamList {
  std::vector<KeyValue> params;
  static constexpr auto fields() { return std::tuple(May("params", &ParamList::params)); }
};
struct OrderBy {
  std::string field_name;
  bool ascending = true;
  std::string dataset_name;
  std::string dataset_digest;
  static constexpr auto fields() {
    using T = OrderBy;
    return std::tuple(May("field_name", &T::field_name), May("ascending", &T::ascending),
                      May("dataset_name", &T::dataset_name),
                      May("dataset_digest", &T::dataset_digest));
  }
};
struct WireDatasetName {
  std::string dataset_name;
  std::string dataset_digest;
  static constexpr auto fields() {
    using T = WireDatasetName;
    return std::tuple(May("dataset_name", &T::dataset_name),
                      May("dataset_digest", &T::dataset_digest));
  }
};
struct SearchLoggedModels {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<WireDatasetName> datasets;
  int64_t max_results = kSearchDefault;
  std::vector<OrderBy> order_by;
  std::string page_token;
  static constexpr auto fields() {
    using T = SearchLoggedModels;
    return std::tuple(Must("experiment_ids", &T::experiment_ids), May("filter", &T::filter),
                      May("datasets", &T::datasets), May("max_results", &T::max_results),
                      May("order_by", &T::order_by), May("page_token", &T::page_token));
  }
};

WireModel ToWire(const tracking::LoggedModel& model) {
  WireModel wire;
  wire.info = {.model_id = model.id.str(),
               .experiment_id = model.experiment_id.str(),
               .name = model.name,
               .creation_timestamp_ms = model.created_ms,
               .last_updated_timestamp_ms = model.updated_ms,
               .artifact_uri = model.artifact_uri,
               .status = model.status,
               .model_type = model.model_type,
               .source_run_id = model.source_run_id,
               .tags = ToWireTags(model.tags)};
  wire.data.params = ToWireParams(model.params);
  for (const auto& item : model.metrics) {
    WireMetric metric = mlflow::ToWire(item.metric);
    metric.model_id = model.id.str();
    metric.run_id = item.run_id.str();
    if (!item.metric.dataset_name.empty()) {
      metric.dataset_name = item.metric.dataset_name;
      metric.dataset_digest = item.metric.dataset_digest;
    }
    wire.data.metrics.push_back(std::move(metric));
  }
  return wire;
}

std::vector<tracking::LoggedModelOrder> FromWire(const std::vector<OrderBy>& order_by) {
  std::vector<tracking::LoggedModelOrder> orders;
  for (const auto& order : order_by) {
    if (order.field_name.empty()) throw InvalidArgument("Invalid order by field name: ");
    if (order.field_name.starts_with("params.") || order.field_name.starts_with("tags.")) {
      throw InvalidArgument("Invalid order by field name: {}. Only metrics are supported.",
                            order.field_name);
    }
    orders.push_back({.field = order.field_name,
                      .descending = !order.ascending,
                      .dataset = {order.dataset_name, order.dataset_digest}});
  }
  return orders;
}

LoggedModelId ModelIdOf(const http::Request& request) {
  return LoggedModelId(request.PathValue("model_id"));
}

}  // namespace

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateLoggedModel>(request);
  std::vector<tracking::Param> params;
  for (const auto& param : message.params) params.push_back({param.key, param.value});
  const auto model =
      context.logged_models.Create({.experiment_id = ExperimentId(message.experiment_id),
                                    .name = message.name,
                                    .model_type = message.model_type,
                                    .source_run_id = message.source_run_id,
                                    .params = std::move(params),
                                    .tags = FromWireTags(message.tags)},
                                   request.principal);
  return Answer(ModelAnswer{ToWire(model)});
}

http::Response Get(Context& context, const http::Request& request) {
  return Answer(ModelAnswer{ToWire(context.logged_models.Get(ModelIdOf(request)))});
}

http::Response Finalize(Context& context, const http::Request& request) {
  const auto message = Read<FinalizeLoggedModel>(request);
  const auto model = context.logged_models.Finish(LoggedModelId(message.model_id), message.status,
                                                  request.principal);
  return Answer(ModelAnswer{ToWire(model)});
}

http::Response Delete(Context& context, const http::Request& request) {
  context.logged_models.Delete(ModelIdOf(request), request.principal);
  return Empty();
}

http::Response SetTags(Context& context, const http::Request& request) {
  const auto message = Read<TagList>(request);
  context.logged_models.SetTags(ModelIdOf(request), FromWireTags(message.tags));
  return Empty();
}

http::Response DeleteTag(Context& context, const http::Request& request) {
  context.logged_models.DeleteTag(ModelIdOf(request), request.PathValue("key"));
  return Empty();
}

http::Response LogParams(Context& context, const http::Request& request) {
  const auto message = Read<ParamList>(request);
  std::vector<tracking::Param> params;
  for (const auto& param : message.params) params.push_back({param.key, param.value});
  context.logged_models.LogParams(ModelIdOf(request), params);
  return Empty();
}

http::Response Search(Context& context, const http::Request& request) {
  const auto message = Read<SearchLoggedModels>(request);
  tracking::LoggedModelSearch search;
  search.experiment_ids = ToIds<ExperimentId>(message.experiment_ids);
  search.filter = message.filter;
  for (const auto& dataset : message.datasets) {
    if (dataset.dataset_name.empty()) {
      throw InvalidArgument("`dataset_name` in the `datasets` clause must be specified.");
    }
    search.datasets.push_back({dataset.dataset_name, dataset.dataset_digest});
  }
  search.order_by = FromWire(message.order_by);
  if (message.max_results < 0) RequirePositive(message.max_results);
  search.limit =
      message.max_results == 0 ? kSearchDefault : std::min(message.max_results, kSearchMax);
  search.page_token = message.page_token;
  const auto page = context.logged_models.Search(search);
  ModelsAnswer answer;
  for (const auto& model : page.items) answer.models.push_back(ToWire(model));
  answer.next_page_token = NextToken(page.next_token);
  return Answer(answer);
}

}  // namespace logged_models
}  // namespace millwright::api::mlflow
