// What runs log: metrics, params, tags, inputs and outputs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "tracking/limits.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

constexpr size_t kPointsAtOnceMin = 8;

// A metric as its row: {run, key, time, step, value, is_nan}.
std::vector<Value> MetricRow(int64_t run_seq, const Metric& metric) {
  const bool nan = std::isnan(metric.value);
  constexpr double kMax = std::numeric_limits<double>::max();
  // -0.0 becomes 0.0, so that it is the same point.
  const double value = nan ? 0.0 : std::clamp(metric.value, -kMax, kMax) + 0.0;
  return {run_seq, metric.key, metric.timestamp_ms, metric.step, value, int64_t{nan}};
}

// The order in which a latest metric is chosen; NaN counts as 0, as it is stored.
std::tuple<int64_t, int64_t, double> Rank(const Metric& metric) {
  return {metric.step, metric.timestamp_ms, std::isnan(metric.value) ? 0.0 : metric.value};
}

// Metrics that belong to a logged model as well.
void WriteModelMetrics(Connection& connection, const RunId& run,
                       const std::vector<Metric>& metrics) {
  std::vector<std::vector<Value>> rows;
  for (const auto& metric : metrics) {
    if (metric.model_id.empty()) continue;
    const std::vector<Value> point = MetricRow(0, metric);
    rows.push_back({metric.model_id, metric.key, run.str(), metric.dataset_name,
                    metric.dataset_digest, point[2], point[3], point[4], point[5]});
  }
  if (!rows.empty()) connection.ExecuteMany(sql::kSetLoggedModelMetric, rows);
}

// Writes points the fastest way each database has: a prepared statement per point on SQLite, all of
// them in one statement on PostgreSQL, where each statement costs a round of its server.
void WritePoints(Connection& connection, int64_t run_seq,
                 const std::vector<std::vector<Value>>& points) {
  if (connection.dialect() == storage::Dialect::kSqlite || points.size() < kPointsAtOnceMin) {
    connection.ExecuteMany(sql::kInsertMetricPoint, points);
    return;
  }
  std::string json;
  JsonWriter writer(&json);
  writer.BeginArray();
  for (const auto& point : points) {
    writer.BeginObject()
        .Field("k", std::get<std::string>(point[1]))
        .Field("t", std::get<int64_t>(point[2]))
        .Field("s", std::get<int64_t>(point[3]))
        .Field("v", std::get<double>(point[4]))
        .Field("n", std::get<int64_t>(point[5]))
        .EndObject();
  }
  writer.EndArray();
  connection.Execute(sql::kInsertMetricPoints, {run_seq, std::move(json)});
}

void WriteMetrics(Connection& connection, const RunId& run, int64_t run_seq,
                  const std::vector<Metric>& metrics) {
  if (metrics.empty()) return;
  std::vector<std::vector<Value>> points;
  points.reserve(metrics.size());
  std::map<std::string_view, const Metric*> latest;
  for (const auto& metric : metrics) {
    points.push_back(MetricRow(run_seq, metric));
    const Metric*& best = latest[metric.key];
    if (best == nullptr || Rank(metric) > Rank(*best)) best = &metric;
  }
  WritePoints(connection, run_seq, points);
  std::vector<std::vector<Value>> rows;
  rows.reserve(latest.size());
  for (const auto& [key, metric] : latest) rows.push_back(MetricRow(run_seq, *metric));
  connection.ExecuteMany(sql::kRaiseLatestMetric, rows);
  WriteModelMetrics(connection, run, metrics);
}

// Writes params; returns those that were there with another value: {key, old, new}.
struct ParamChange {
  std::string key;
  std::string old_value;
  std::string new_value;
};
std::vector<ParamChange> WriteParams(Connection& connection, int64_t run_seq,
                                     const std::vector<Param>& params) {
  std::vector<ParamChange> changes;
  for (const auto& param : params) {
    const std::string value = CutTo(param.value, kParamValueCharactersMax);
    if (connection.Execute(sql::kInsertParam, {run_seq, param.key, value}) > 0) continue;
    const std::string old = connection.SelectOne(sql::kParamValue, {run_seq, param.key})->Text(0);
    if (old != value) changes.push_back({param.key, old, value});
  }
  return changes;
}

void WriteTags(Connection& connection, int64_t run_seq, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    const std::string value = CutTo(tag.value, kTagValueCharactersMax);
    if (tag.key == kRunNameTag) {
      if (value.empty()) continue;  // a run is never without a name
      connection.Execute(sql::kUpdateRun, {run_seq, Value(), Value(), value});
    }
    connection.Execute(sql::kSetRunTag, {run_seq, tag.key, value});
  }
}

void WriteMetric(Connection& connection, const RunId& id, const Metric& metric) {
  WriteMetrics(connection, id, FindActiveRun(connection, id).seq, {metric});
}

void WriteParam(Connection& connection, const RunId& id, const Param& param) {
  const auto changes = WriteParams(connection, FindActiveRun(connection, id).seq, {param});
  if (changes.empty()) return;
  throw InvalidArgument(
      "Changing param values is not allowed. Param with key='{}' was already logged with "
      "value='{}' for run ID='{}'. Attempted logging new value '{}'.",
      param.key, changes[0].old_value, id.str(), changes[0].new_value);
}

void WriteTag(Connection& connection, events::EventLog& events, const RunId& id, const Tag& tag,
              const std::string& who) {
  WriteTags(connection, FindActiveRun(connection, id).seq, {tag});
  events.Append(connection, "run.updated", "run:" + id.str(), who, Json::Of({{"tag", tag.key}}));
}

void WriteBatch(Connection& connection, const RunId& id, const Batch& batch) {
  const int64_t seq = FindActiveRun(connection, id).seq;
  const auto changes = WriteParams(connection, seq, batch.params);
  if (!changes.empty()) {
    std::string list;
    for (const auto& change : changes) {
      list += fmt::format("{}{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}",
                          list.empty() ? "" : ", ", change.key, change.old_value, change.new_value);
    }
    throw InvalidArgument(
        "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{}'.",
        list, id.str());
  }
  WriteMetrics(connection, id, seq, batch.metrics);
  WriteTags(connection, seq, batch.tags);
}

void RequireCount(std::string_view noun, size_t count, size_t max) {
  if (count <= max) return;
  throw InvalidArgument(
      "A batch logging request can contain at most {} {}. Got {} {}. Please split up {} across "
      "multiple requests and try again.",
      max, noun, count, noun, noun);
}

void RequireBatch(const Batch& batch) {
  for (size_t i = 0; i < batch.metrics.size(); ++i) {
    if (IsPlain(batch.metrics[i])) continue;
    RequireMetric(batch.metrics[i], fmt::format("metrics[{}].", i));
  }
  for (size_t i = 0; i < batch.params.size(); ++i) {
    RequireKey(batch.params[i].key, fmt::format("params[{}].key", i), "Param key");
  }
  for (size_t i = 0; i < batch.tags.size(); ++i) {
    const std::string name = fmt::format("tags[{}].key", i);
    RequireKey(batch.tags[i].key, name, name);
  }
  RequireCount("metrics", batch.metrics.size(), kBatchMetricsMax);
  RequireCount("params", batch.params.size(), kBatchParamsMax);
  RequireCount("tags", batch.tags.size(), kBatchTagsMax);
  RequireCount("metrics, params, and tags",
               batch.metrics.size() + batch.params.size() + batch.tags.size(), kBatchItemsMax);
  std::map<std::string_view, int> keys;
  std::string repeated;
  for (const auto& param : batch.params) {
    if (++keys[param.key] != 2) continue;
    repeated += fmt::format("{}'{}'", repeated.empty() ? "" : ", ", param.key);
  }
  if (!repeated.empty()) {
    throw InvalidArgument(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains "
        "only one param value per param key.",
        repeated);
  }
}

void RequireDataset(const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  RequireLength("name", dataset.name, kDatasetNameCharactersMax);
  RequireLength("digest", dataset.digest, kDatasetDigestCharactersMax);
  RequireLength("source", dataset.source, kDatasetSourceCharactersMax);
  if (dataset.schema) RequireLength("schema", *dataset.schema, kDatasetSchemaCharactersMax);
  if (dataset.profile) RequireLength("profile", *dataset.profile, kDatasetProfileCharactersMax);
  for (const auto& tag : input.tags) {
    RequireLength("key", tag.key, kInputTagKeyCharactersMax);
    RequireLength("value", tag.value, kInputTagValueCharactersMax);
  }
}

}  // namespace

void RunStore::LogMetric(const RunId& id, const Metric& metric) {
  RequireMetric(metric, "");
  database_.Write([&](Connection& connection) { WriteMetric(connection, id, metric); });
}

void RunStore::LogMetricLater(const RunId& id, Metric metric, storage::WriteDone done) {
  RequireMetric(metric, "");
  database_.WriteLater([id, metric = std::move(metric)](
                           Connection& connection) { WriteMetric(connection, id, metric); },
                       std::move(done));
}

void RunStore::LogParam(const RunId& id, const Param& param) {
  RequireKey(param.key, "key", "Param key");
  database_.Write([&](Connection& connection) { WriteParam(connection, id, param); });
}

void RunStore::LogParamLater(const RunId& id, Param param, storage::WriteDone done) {
  RequireKey(param.key, "key", "Param key");
  database_.WriteLater(
      [id, param = std::move(param)](Connection& connection) { WriteParam(connection, id, param); },
      std::move(done));
}

void RunStore::SetTag(const RunId& id, const Tag& tag, const std::string& who) {
  RequireKey(tag.key, "key", "key");
  database_.Write([&](Connection& connection) { WriteTag(connection, events_, id, tag, who); });
}

void RunStore::SetTagLater(const RunId& id, Tag tag, std::string who, storage::WriteDone done) {
  RequireKey(tag.key, "key", "key");
  database_.WriteLater([&events = events_, id, tag = std::move(tag), who = std::move(who)](
                           Connection& connection) { WriteTag(connection, events, id, tag, who); },
                       std::move(done));
}

void RunStore::DeleteTag(const RunId& id, const std::string& key) {
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kDeleteRunTag, {FindActiveRun(connection, id).seq, key}) > 0) {
      return;
    }
    throw Error(Code::kNotFound,
                fmt::format("No tag with name: {} in run with id {}", key, id.str()));
  });
}

void RunStore::LogBatch(const RunId& id, const Batch& batch) {
  RequireBatch(batch);
  database_.Write([&](Connection& connection) { WriteBatch(connection, id, batch); });
}

void RunStore::LogBatchLater(const RunId& id, Batch batch, storage::WriteDone done) {
  RequireBatch(batch);
  auto kept = std::make_shared<const Batch>(std::move(batch));
  database_.WriteLater(
      [id, kept = std::move(kept)](Connection& connection) { WriteBatch(connection, id, *kept); },
      std::move(done));
}

void RunStore::LogInputs(const RunId& id, const std::vector<DatasetInput>& datasets,
                         const std::vector<LoggedModelId>& models) {
  for (const auto& input : datasets) RequireDataset(input);
  database_.Write([&](Connection& connection) {
    const RunKey run = FindActiveRun(connection, id);
    for (const auto& input : datasets) {
      const Dataset& dataset = input.dataset;
      connection.Execute(
          sql::kInsertDataset,
          {run.experiment, dataset.name, dataset.digest, dataset.source_type, dataset.source,
           storage::Optional(dataset.schema), storage::Optional(dataset.profile)});
      const int64_t dataset_seq =
          connection.SelectOne(sql::kDatasetKey, {run.experiment, dataset.name, dataset.digest})
              ->Int(0);
      // The first log of a dataset by a run counts; a later one changes nothing.
      if (connection.Execute(sql::kInsertRunInput, {run.seq, dataset_seq}) == 0) continue;
      for (const auto& tag : input.tags) {
        connection.Execute(sql::kInsertRunInputTag, {run.seq, dataset_seq, tag.key, tag.value});
      }
    }
    for (const auto& model : models) {
      connection.Execute(sql::kInsertRunModel, {run.seq, "input", model.str(), int64_t{0}});
    }
  });
}

void RunStore::LogOutputs(const RunId& id, const std::vector<ModelOutput>& models) {
  database_.Write([&](Connection& connection) {
    const RunKey run = FindActiveRun(connection, id);
    for (const auto& model : models) {
      connection.Execute(sql::kInsertRunModel,
                         {run.seq, "output", model.model_id.str(), model.step});
    }
  });
}

}  // namespace millwright::tracking
