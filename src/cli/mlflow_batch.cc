#include "cli/mlflow_batch.h"

#include <fmt/format.h>

namespace millwright::cli {
namespace {

constexpr size_t kThingsMax = 1000;
constexpr size_t kParamsMax = 100;
constexpr size_t kTagsMax = 100;
// Keys and values of one batch, escaped at worst to about half as much more: MLflow stops at 1 MB.
constexpr size_t kBytesMax = 500'000;
constexpr size_t kBytesPerMetric = 120;  // beside its key

template <typename T>
Json KeyValues(const std::vector<T>& items) {
  Json list = Json::MakeArray();
  for (const auto& item : items) list.Append(Json::Of({{"key", item.key}, {"value", item.value}}));
  return list;
}

}  // namespace

Json MlflowMetricJson(const tracking::Metric& metric) {
  Json json = Json::Of({{"key", metric.key},
                        {"value", metric.value},
                        {"timestamp", metric.timestamp_ms},
                        {"step", metric.step}});
  if (!metric.model_id.empty()) json.Set("model_id", metric.model_id);
  if (!metric.dataset_name.empty()) json.Set("dataset_name", metric.dataset_name);
  if (!metric.dataset_digest.empty()) json.Set("dataset_digest", metric.dataset_digest);
  return json;
}

Json MlflowBatch::ToJson(const std::string& run_id) const {
  Json points = Json::MakeArray();
  for (const auto& metric : metrics) points.Append(MlflowMetricJson(metric));
  return Json::Of({{"run_id", run_id},
                   {"metrics", points},
                   {"params", KeyValues(params)},
                   {"tags", KeyValues(tags)}});
}

std::vector<MlflowBatch::Single> MlflowBatch::Singles() const {
  std::vector<Single> singles;
  for (const auto& param : params) {
    singles.push_back({fmt::format("param '{}'", param.key), {{}, {param}, {}}});
  }
  for (const auto& tag : tags) {
    singles.push_back({fmt::format("tag '{}'", tag.key), {{}, {}, {tag}}});
  }
  if (!metrics.empty()) {
    singles.push_back({fmt::format("{} points", metrics.size()), {metrics, {}, {}}});
  }
  return singles;
}

void ForEachMlflowBatch(const tracking::Run& run,
                        const std::function<void(const MlflowBatch&)>& each) {
  MlflowBatch batch;
  size_t bytes = 0;
  const auto make_room = [&](size_t more) {
    const size_t things = batch.metrics.size() + batch.params.size() + batch.tags.size();
    const bool is_full = things >= kThingsMax || batch.params.size() >= kParamsMax ||
                         batch.tags.size() >= kTagsMax || bytes + more > kBytesMax;
    if (is_full && things > 0) {
      each(batch);
      batch = {};
      bytes = 0;
    }
    bytes += more;
  };
  for (const auto& param : run.params) {
    make_room(param.key.size() + param.value.size());
    batch.params.push_back(param);
  }
  for (const auto& tag : run.tags) {
    make_room(tag.key.size() + tag.value.size());
    batch.tags.push_back(tag);
  }
  for (const auto& metric : run.metrics) {
    make_room(metric.key.size() + kBytesPerMetric);
    batch.metrics.push_back(metric);
  }
  if (bytes > 0) each(batch);
}

}  // namespace millwright::cli
