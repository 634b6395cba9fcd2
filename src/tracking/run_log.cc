// What runs log: metrics, params, tags, inputs and outputs.
#include <map>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "tracking/limits.h"
#include "tracking/metric_append.h"
#include "tracking/run_key.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

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

void WriteMetric(Connection& connection, const RunId& id, MetricAppend& append, int64_t now_ms) {
  append.Write(connection, id, FindRunToWrite(connection, id, now_ms).seq, now_ms);
}

void WriteParam(Connection& connection, const RunId& id, const Param& param, int64_t now_ms) {
  const auto changes = WriteParams(connection, FindRunToWrite(connection, id, now_ms).seq, {param});
  if (changes.empty()) return;
  throw InvalidArgument(
      "Changing param values is not allowed. Param with key='{}' was already logged with "
      "value='{}' for run ID='{}'. Attempted logging new value '{}'.",
      param.key, changes[0].old_value, id.str(), changes[0].new_value);
}

struct SignedTag {
  RunId run;
  Tag tag;
  std::string who;
};
void WriteTag(Connection& connection, events::EventLog& events, const SignedTag& written,
              int64_t now_ms) {
  WriteTags(connection, FindRunToWrite(connection, written.run, now_ms).seq, {written.tag});
  events.Append(connection, "run.updated", "run:" + written.run.str(), written.who,
                Json::Of({{"tag", written.tag.key}}));
}

// A batch with its metrics made ready on the caller's thread. May be written again when the
// transaction is run again.
class ReadyBatch {
 public:
  ReadyBatch(const Batch& batch, storage::Dialect dialect)
      : params_(batch.params),
        tags_(batch.tags),
        metrics_(batch.metrics, MetricAppend::RaiseLive(dialect)) {}

  void Write(Connection& connection, const RunId& id, int64_t now_ms) {
    const int64_t seq = FindRunToWrite(connection, id, now_ms).seq;
    const auto changes = WriteParams(connection, seq, params_);
    if (!changes.empty()) RefuseChanges(changes, id);
    metrics_.Write(connection, id, seq, now_ms);
    WriteTags(connection, seq, tags_);
  }

 private:
  [[noreturn]] static void RefuseChanges(const std::vector<ParamChange>& changes, const RunId& id) {
    std::string list;
    for (const auto& change : changes) {
      list += fmt::format("{}{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}",
                          list.empty() ? "" : ", ", change.key, change.old_value, change.new_value);
    }
    throw InvalidArgument(
        "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{}'.",
        list, id.str());
  }

  std::vector<Param> params_;
  std::vector<Tag> tags_;
  MetricAppend metrics_;
};

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
  MetricAppend append({metric}, MetricAppend::RaiseLive(database_.dialect()));
  database_.Write(
      [&](Connection& connection) { WriteMetric(connection, id, append, clock_.NowMs()); });
}

void RunStore::LogMetricLater(const RunId& id, const Metric& metric, storage::WriteDone done) {
  RequireMetric(metric, "");
  auto append = std::make_shared<MetricAppend>(std::vector<Metric>{metric},
                                               MetricAppend::RaiseLive(database_.dialect()));
  database_.WriteLater(
      [&clock = clock_, id, append = std::move(append)](Connection& connection) {
        WriteMetric(connection, id, *append, clock.NowMs());
      },
      std::move(done));
}

void RunStore::LogParam(const RunId& id, const Param& param) {
  RequireKey(param.key, "key", "Param key");
  database_.Write(
      [&](Connection& connection) { WriteParam(connection, id, param, clock_.NowMs()); });
}

void RunStore::LogParamLater(const RunId& id, Param param, storage::WriteDone done) {
  RequireKey(param.key, "key", "Param key");
  database_.WriteLater(
      [&clock = clock_, id, param = std::move(param)](Connection& connection) {
        WriteParam(connection, id, param, clock.NowMs());
      },
      std::move(done));
}

void RunStore::SetTag(const RunId& id, const Tag& tag, const std::string& who) {
  RequireKey(tag.key, "key", "key");
  const SignedTag written{id, tag, who};
  database_.Write(
      [&](Connection& connection) { WriteTag(connection, events_, written, clock_.NowMs()); });
}

void RunStore::SetTagLater(const RunId& id, Tag tag, std::string who, storage::WriteDone done) {
  RequireKey(tag.key, "key", "key");
  database_.WriteLater(
      [&events = events_, &clock = clock_, written = SignedTag{id, std::move(tag), std::move(who)}](
          Connection& connection) { WriteTag(connection, events, written, clock.NowMs()); },
      std::move(done));
}

void RunStore::DeleteTag(const RunId& id, const std::string& key) {
  database_.Write([&](Connection& connection) {
    const RunKey run = FindRunToWrite(connection, id, clock_.NowMs());
    if (connection.Execute(sql::kDeleteRunTag, {run.seq, key}) > 0) return;
    throw Error(Code::kNotFound,
                fmt::format("No tag with name: {} in run with id {}", key, id.str()));
  });
}

void RunStore::LogBatch(const RunId& id, const Batch& batch) {
  RequireBatch(batch);
  ReadyBatch ready(batch, database_.dialect());
  database_.Write([&](Connection& connection) { ready.Write(connection, id, clock_.NowMs()); });
}

void RunStore::LogBatchLater(const RunId& id, const Batch& batch, storage::WriteDone done) {
  RequireBatch(batch);
  database_.WriteLater(
      [&clock = clock_, id, ready = std::make_shared<ReadyBatch>(batch, database_.dialect())](
          Connection& connection) { ready->Write(connection, id, clock.NowMs()); },
      std::move(done));
}

void RunStore::LogInputs(const RunId& id, const std::vector<DatasetInput>& datasets,
                         const std::vector<LoggedModelId>& models) {
  for (const auto& input : datasets) RequireDataset(input);
  database_.Write([&](Connection& connection) {
    const RunKey run = FindRunToWrite(connection, id, clock_.NowMs());
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
    const RunKey run = FindRunToWrite(connection, id, clock_.NowMs());
    for (const auto& model : models) {
      connection.Execute(sql::kInsertRunModel,
                         {run.seq, "output", model.model_id.str(), model.step});
    }
  });
}

}  // namespace millwright::tracking
