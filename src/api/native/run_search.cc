#include "api/native/run_search.h"

#include <fmt/format.h>

#include "api/native/request_reader.h"
#include "base/digest.h"
#include "base/error.h"
#include "tracking/limits.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

constexpr size_t kExperimentsMax = 1'000;
constexpr int64_t kRunsPerPage = 100;
constexpr int64_t kColumnsPerPage = 100;
constexpr int64_t kGroupsPerAnswer = 100;

struct EntityName {
  std::string_view written;
  std::vector<std::string> tracking::RunColumns::*list;
  tracking::ColumnSearch::Kind kind;
};
constexpr EntityName kEntityNames[] = {
    {"metrics", &tracking::RunColumns::metrics, tracking::ColumnSearch::Kind::kMetric},
    {"params", &tracking::RunColumns::params, tracking::ColumnSearch::Kind::kParam},
    {"tags", &tracking::RunColumns::tags, tracking::ColumnSearch::Kind::kTag}};

const EntityName* FindEntity(std::string_view written) {
  for (const auto& entity : kEntityNames) {
    if (entity.written == written) return &entity;
  }
  return nullptr;
}

int64_t LimitOf(const Json& body, int64_t fallback, int64_t max) {
  const int64_t limit = body.GetInt("limit", fallback);
  if (limit < 1 || limit > max) {
    throw InvalidArgument("limit must be between 1 and {}, not {}", max, limit).WithField("limit");
  }
  return limit;
}

tracking::View ViewOf(const Json& body) {
  const std::string view = body.GetString("view", "active");
  if (view == "active") return tracking::View::kActiveOnly;
  if (view == "deleted") return tracking::View::kDeletedOnly;
  if (view == "all") return tracking::View::kAll;
  throw InvalidArgument("view must be active, deleted or all, not \"{}\"", view).WithField("view");
}

tracking::RunFilter FilterOf(const Json& body) {
  tracking::RunFilter runs{.filter = body.GetString("filter"), .view = ViewOf(body)};
  const auto ids = body.GetStrings("experiment_ids");
  if (ids.empty() || ids.size() > kExperimentsMax) {
    throw InvalidArgument("experiment_ids must name 1 to {} experiments, not {}", kExperimentsMax,
                          ids.size())
        .WithField("experiment_ids");
  }
  for (const auto& id : ids) runs.experiment_ids.emplace_back(id);
  return runs;
}

// Reads "metrics.loss" and "params.`a b`".
tracking::RunColumns ColumnsOf(const Json& body) {
  tracking::RunColumns columns;
  for (const auto& name : body.GetStrings("columns")) {
    const size_t dot = name.find('.');
    const EntityName* entity = FindEntity(name.substr(0, dot));
    if (dot == std::string::npos || entity == nullptr) {
      throw InvalidArgument("A column is metrics.NAME, params.NAME or tags.NAME, not \"{}\"", name)
          .WithField("columns");
    }
    std::string key = name.substr(dot + 1);
    const bool quoted =
        key.size() > 1 && key.front() == key.back() && (key.front() == '`' || key.front() == '"');
    (columns.*entity->list).push_back(quoted ? key.substr(1, key.size() - 2) : key);
  }
  return columns;
}

void WriteRun(const tracking::Run& run, JsonWriter* json) {
  const tracking::RunInfo& info = run.info;
  json->BeginObject()
      .Field("run_id", info.id.str())
      .Field("experiment_id", info.experiment_id.str());
  json->Field("run_name", info.name).Field("status", tracking::RunStatusName(info.status));
  json->Field("user_id", info.user_id).Field("start_ms", info.start_ms);
  if (info.end_ms) json->Field("end_ms", *info.end_ms);
  json->Field("lifecycle", tracking::LifecycleName(info.lifecycle));
  json->Key("metrics").BeginObject();
  for (const auto& metric : run.metrics) json->Field(metric.key, metric.value);
  json->EndObject().Key("params").BeginObject();
  for (const auto& param : run.params) json->Field(param.key, param.value);
  json->EndObject().Key("tags").BeginObject();
  for (const auto& tag : run.tags) json->Field(tag.key, tag.value);
  json->EndObject().EndObject();
}

Json FiguresJson(const tracking::MetricFigures& figures) {
  Json json = Json::Of({{"count", figures.count}});
  if (figures.count == 0) return json;
  json.Set("mean", figures.mean).Set("min", figures.min).Set("max", figures.max);
  if (figures.std) json.Set("std", *figures.std);
  return json;
}

Json GroupJson(const tracking::RunGrouping& grouping, const tracking::RunGroup& group) {
  Json by = Json::MakeObject();
  for (size_t i = 0; i < grouping.keys.size(); ++i) {
    by.Set(grouping.keys[i], group.values[i] ? Json(*group.values[i]) : Json());
  }
  Json json = Json::Of({{"by", by}, {"runs", group.runs}});
  Json metrics = Json::MakeObject();
  for (size_t i = 0; i < grouping.metrics.size(); ++i) {
    metrics.Set(grouping.metrics[i], FiguresJson(group.metrics[i]));
  }
  return json.Set("metrics", metrics);
}

// The token of a page of columns: base64 of its last key, which says all, so that a token of
// another search is merely a place in it.
std::string AfterOf(const Json& body) {
  const std::string token = body.GetString("page_token");
  const auto key = Base64DecodeLoosely(token);
  if (!key || (key->empty() && !token.empty())) {
    throw InvalidArgument("Invalid page token").WithField("page_token");
  }
  return *key;
}

}  // namespace

http::Response SearchRuns(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const tracking::RunFilter runs = FilterOf(body);
  const auto page =
      context.runs.Search({.experiment_ids = runs.experiment_ids,
                           .filter = runs.filter,
                           .order_by = body.GetStrings("order_by"),
                           .view = runs.view,
                           .limit = LimitOf(body, kRunsPerPage, tracking::kSearchResultsMax),
                           .page_token = body.GetString("page_token"),
                           .columns = ColumnsOf(body)});
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key("runs").BeginArray();
  for (const auto& run : page.items) WriteRun(run, &json);
  json.EndArray();
  if (!page.next_token.empty()) json.Field("next_page_token", page.next_token);
  json.EndObject();
  return http::Response::JsonText(200, std::move(text));
}

http::Response CountRuns(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const int64_t max = body.GetInt("max", tracking::kCountMax);
  if (max < 1 || max > tracking::kCountMax) {
    throw InvalidArgument("max must be between 1 and {}, not {}", tracking::kCountMax, max)
        .WithField("max");
  }
  const tracking::RunCount count = context.runs.CountMatching(FilterOf(body), max);
  return Answer(Json::Of({{"runs", count.runs}, {"exact", count.is_exact}}));
}

http::Response GroupRuns(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const tracking::RunGrouping grouping{
      .runs = FilterOf(body),
      .keys = body.GetStrings("group_by"),
      .metrics = body.GetStrings("metrics"),
      .limit = LimitOf(body, kGroupsPerAnswer, tracking::kGroupResultsMax)};
  const tracking::RunGroups result = context.runs.Group(grouping);
  Json groups = Json::MakeArray();
  for (const auto& group : result.groups) groups.Append(GroupJson(grouping, group));
  return Answer(Json::Of({{"groups", groups},
                          {"groups_total", result.groups_total},
                          {"runs_total", result.runs_total}}));
}

http::Response ListRunColumns(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const std::string kind = body.GetString("kind", "metrics");
  const EntityName* entity = FindEntity(kind);
  if (entity == nullptr) {
    throw InvalidArgument("kind must be metrics, params or tags, not \"{}\"", kind)
        .WithField("kind");
  }
  const int64_t limit = LimitOf(body, kColumnsPerPage, tracking::kColumnResultsMax);
  auto keys = context.runs.Columns({.runs = FilterOf(body),
                                    .kind = entity->kind,
                                    .text = body.GetString("search"),
                                    .after = AfterOf(body),
                                    .limit = limit + 1});
  const bool more = static_cast<int64_t>(keys.size()) > limit;
  if (more) keys.pop_back();
  Json columns = Json::MakeArray();
  for (const auto& key : keys) columns.Append(Json(key));
  Json answer = Json::Of({{"kind", kind}, {"columns", columns}});
  if (more) answer.Set("next_page_token", Base64(keys.back()));
  return Answer(answer);
}

}  // namespace millwright::api::native
