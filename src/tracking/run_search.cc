// Searching runs, counting and grouping them, the columns they have and the datasets they took in.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"
#include "tracking/experiment_store.h"
#include "tracking/run_rows.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::SearchType;

constexpr int64_t kDatasetSummariesMax = 1000;
constexpr std::string_view kMetric = "metric";  // the entity

constexpr storage::SearchEntityName kEntities[] = {{"attribute", "attribute"},
                                                   {"attributes", "attribute"},
                                                   {"attr", "attribute"},
                                                   {"run", "attribute"},
                                                   {"metric", "metric"},
                                                   {"metrics", "metric"},
                                                   {"param", "parameter"},
                                                   {"params", "parameter"},
                                                   {"parameter", "parameter"},
                                                   {"parameters", "parameter"},
                                                   {"tag", "tag"},
                                                   {"tags", "tag"},
                                                   {"dataset", "dataset"},
                                                   {"datasets", "dataset"},
                                                   {"model", "model"},
                                                   {"models", "model"}};

constexpr std::string_view kDataset =
    "SELECT 1 FROM run_inputs i JOIN datasets d ON d.dataset_seq = i.dataset_seq "
    "WHERE i.run_seq = r.run_seq";
constexpr std::string_view kByDataset =
    "SELECT DISTINCT i.run_seq FROM datasets d JOIN run_inputs i ON i.dataset_seq = d.dataset_seq "
    "WHERE";
constexpr std::string_view kModel =
    "SELECT 1 FROM run_models i JOIN logged_models m ON m.model_id = i.model_id "
    "WHERE i.run_seq = r.run_seq AND m.lifecycle = 'active'";
constexpr std::string_view kByModel =
    "SELECT DISTINCT i.run_seq FROM logged_models m JOIN run_models i ON i.model_id = m.model_id "
    "WHERE m.lifecycle = 'active' AND";
constexpr std::string_view kContext =
    "SELECT 1 FROM run_input_tags t "
    "WHERE t.run_seq = r.run_seq AND t.key = 'mlflow.data.context'";

constexpr storage::SearchAttribute Text(std::string_view name, std::string_view column,
                                        std::string_view index = {}) {
  return {.entity = "attribute", .name = name, .column = column, .index = index};
}
constexpr storage::SearchAttribute NameAlias(std::string_view name) {
  return {.entity = "attribute", .name = name, .column = "r.run_name", .can_order = false};
}
constexpr storage::SearchAttribute Number(std::string_view name, std::string_view column) {
  return {.entity = "attribute", .name = name, .column = column, .type = SearchType::kNumber};
}
constexpr storage::SearchAttribute kEndTime = {.entity = "attribute",
                                               .name = "end_time",
                                               .column = "r.end_ms",
                                               .type = SearchType::kNumber,
                                               .is_nullable = true};
constexpr storage::SearchAttribute OfDataset(std::string_view name, std::string_view column,
                                             std::string_view exists,
                                             std::string_view finder = {}) {
  return {.entity = "dataset", .name = name, .column = column, .exists = exists, .finder = finder};
}
// A logged model that the run took in or made.
constexpr storage::SearchAttribute OfModel(std::string_view name, std::string_view column) {
  return {.entity = "model", .name = name, .column = column, .exists = kModel, .finder = kByModel};
}

constexpr storage::SearchAttribute kAttributes[] = {
    Text("run_id", "r.run_id", "runs_by_id"),
    Text("run_name", "r.run_name", "runs_by_name"),
    NameAlias("run name"),
    NameAlias("Run name"),
    NameAlias("Run Name"),
    Text("status", "r.status", "runs_by_status"),
    Text("user_id", "r.user_id"),
    Text("artifact_uri", "r.artifact_uri"),
    Number("start_time", "r.start_ms"),
    Number("created", "r.start_ms"),
    Number("Created", "r.start_ms"),
    kEndTime,
    OfDataset("name", "d.name", kDataset, kByDataset),
    OfDataset("digest", "d.digest", kDataset, kByDataset),
    OfDataset("context", "t.value", kContext),
    OfModel("model_id", "m.model_id"),
    OfModel("name", "m.name"),
    OfModel("model_type", "m.model_type")};

constexpr storage::SearchKeyed kKeyed[] = {{.entity = "metric",
                                            .type = SearchType::kNumber,
                                            .table = "latest_metrics",
                                            .owner = "@.run_seq = r.run_seq",
                                            .index = "latest_by_value"},
                                           {.entity = "parameter",
                                            .table = "run_params",
                                            .owner = "@.run_seq = r.run_seq",
                                            .index = "params_by_value"},
                                           {.entity = "tag",
                                            .table = "run_tags",
                                            .owner = "@.run_seq = r.run_seq",
                                            .index = "tags_by_value"}};

constexpr storage::SearchColumn kTies[] = {{"r.start_ms", SearchType::kNumber, true},
                                           {"r.run_id", SearchType::kText, false}};
constexpr storage::SearchTable kTable = {.key = "run_seq",
                                         .row_key = "r.run_seq",
                                         .size = "SELECT max(run_seq) FROM runs",
                                         .scope_test = "r.start_ms"};
constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kRuns,
    .from = "runs r",
    .entities_text = "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .ties = kTies,
    .refuse_repeated_order = true,
    .table = &kTable};

std::string_view ViewName(View view) {
  switch (view) {
    case View::kActiveOnly:
      return "active";
    case View::kDeletedOnly:
      return "deleted";
    default:
      return "all";
  }
}

// The runs of one experiment in one state are a stretch of an index; of more they are not, and only
// an index over all runs has them in the order of a page.
constexpr std::string_view kOneScope = "r.experiment_id = $1 AND r.lifecycle = $2";
constexpr std::string_view kScopeOnSqlite =
    "r.experiment_id IN (SELECT value FROM json_each($1)) AND ($2 = 'all' OR r.lifecycle = $2)";
constexpr std::string_view kScopeOnPostgres =
    "r.experiment_id IN (SELECT json_array_elements_text($1::json)::bigint) AND ($2 = 'all' OR "
    "r.lifecycle = $2)";

storage::SearchScope ScopeOf(const RunFilter& runs, storage::Dialect dialect) {
  const std::string view(ViewName(runs.view));
  if (runs.experiment_ids.size() == 1 && runs.view != View::kAll) {
    return {{ExperimentNumber(runs.experiment_ids[0]), view},
            kOneScope,
            "runs_by_start",
            "runs_by_start"};
  }
  Json experiments = Json::MakeArray();
  for (const auto& id : runs.experiment_ids) experiments.Append(ExperimentNumber(id));
  return {{experiments.Dump(), view},
          dialect == storage::Dialect::kPostgres ? kScopeOnPostgres : kScopeOnSqlite,
          "runs_by_start",
          "runs_by_time"};
}

// What a page's token is bound to beside the filter and the order.
std::string BoundTo(const RunFilter& runs) {
  std::string text(ViewName(runs.view));
  for (const auto& id : runs.experiment_ids) text += ' ' + id.str();
  return text;
}

// A search that has neither an order nor pages.
storage::Search Matching(const RunFilter& runs, storage::Dialect dialect) {
  return {kSchema, dialect, ScopeOf(runs, dialect), {.filter = runs.filter}};
}

std::string Quoted(std::string_view entity, const std::string& key) {
  return fmt::format("{}.`{}`", entity, key);
}

std::optional<std::string> GroupValue(const storage::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return std::nullopt;
}

// Gathers figures in one pass by Welford's method: a sum of squares would lose all digits of a
// metric that varies little beside its size.
class Gatherer {
 public:
  void Add(double value) {
    min_ = count_ == 0 ? value : std::min(min_, value);
    max_ = count_ == 0 ? value : std::max(max_, value);
    const double distance = value - mean_;
    mean_ += distance / static_cast<double>(++count_);
    squares_ += distance * (value - mean_);
  }
  MetricFigures Figures() const {
    MetricFigures figures{count_, mean_, min_, max_, {}};
    if (count_ > 1) figures.std = std::sqrt(squares_ / static_cast<double>(count_ - 1));
    return figures;
  }

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double min_ = 0;
  double max_ = 0;
};

struct Gathered {
  int64_t runs = 0;
  std::vector<Gatherer> metrics;
};
using GroupKey = std::vector<std::optional<std::string>>;

RunGroups Largest(const std::map<GroupKey, Gathered>& gathered, int64_t limit) {
  std::vector<const std::pair<const GroupKey, Gathered>*> order;
  RunGroups result{.groups_total = static_cast<int64_t>(gathered.size())};
  for (const auto& group : gathered) {
    order.push_back(&group);
    result.runs_total += group.second.runs;
  }
  // Stable: groups of one size stay in the order of their values.
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->second.runs > b->second.runs; });
  for (const auto* group : order) {
    if (static_cast<int64_t>(result.groups.size()) == limit) break;
    RunGroup& out = result.groups.emplace_back(RunGroup{group->first, group->second.runs, {}});
    for (const auto& metric : group->second.metrics) out.metrics.push_back(metric.Figures());
  }
  return result;
}

void RequireMost(std::string_view what, size_t count, size_t max) {
  if (count > max) throw InvalidArgument("{} may name at most {}, not {}", what, max, count);
}

}  // namespace

storage::SearchPage<Run> RunStore::Search(const RunSearch& search) const {
  const RunFilter runs{search.experiment_ids, search.filter, search.view};
  const storage::Search compiled(kSchema, database_.dialect(), ScopeOf(runs, database_.dialect()),
                                 {.filter = search.filter,
                                  .order_by = search.order_by,
                                  .limit = search.limit,
                                  .page_token = search.page_token,
                                  .bound_to = BoundTo(runs),
                                  .time_limit_ms = search.time_limit_ms});
  if (compiled.Uses(kMetric)) latest_.CatchUp();
  return database_.Read([&](Connection& connection) {
    std::vector<RunRow> rows;
    storage::SearchPage<Run> page;
    page.next_token = compiled.Page(connection, sql::kSearchRuns,
                                    [&](const Row& row) { rows.push_back(ReadRun(row)); });
    if (search.columns) {
      AddRunColumns(connection, *search.columns, &rows);
    } else {
      AddRunData(connection, &rows);
    }
    page.items.reserve(rows.size());
    for (auto& row : rows) page.items.push_back(std::move(row.run));
    return page;
  });
}

RunCount RunStore::CountMatching(const RunFilter& filter, int64_t max) const {
  const storage::Search matching = Matching(filter, database_.dialect());
  if (matching.Uses(kMetric)) latest_.CatchUp();
  const int64_t count =
      database_.Read([&](Connection& connection) { return matching.Count(connection, max + 1); });
  return {std::min(count, max), count <= max};
}

RunGroups RunStore::Group(const RunGrouping& grouping) const {
  if (grouping.keys.empty()) throw InvalidArgument("group_by must name at least one key");
  RequireMost("group_by", grouping.keys.size(), kGroupKeysMax);
  RequireMost("metrics", grouping.metrics.size(), kGroupMetricsMax);
  std::vector<std::string> names = grouping.keys;
  for (const auto& key : grouping.metrics) names.push_back(Quoted("metrics", key));
  const size_t keys = grouping.keys.size();
  const storage::Search matching = Matching(grouping.runs, database_.dialect());
  latest_.CatchUp();
  return database_.Read([&](Connection& connection) {
    std::map<GroupKey, Gathered> groups;
    matching.Values(connection, names, [&](const Row& row) {
      const std::vector<storage::Value> values = row.Last(names.size());
      GroupKey key(keys);
      for (size_t i = 0; i < keys; ++i) key[i] = GroupValue(values[i]);
      Gathered& group = groups[std::move(key)];
      if (groups.size() > kGroupsMax) {
        throw InvalidArgument("The runs fall into more than {} groups", kGroupsMax);
      }
      ++group.runs;
      group.metrics.resize(grouping.metrics.size());
      for (size_t i = keys; i < names.size(); ++i) {
        if (const auto* value = std::get_if<double>(&values[i]))
          group.metrics[i - keys].Add(*value);
      }
    });
    return Largest(groups, grouping.limit);
  });
}

std::vector<std::string> RunStore::Columns(const ColumnSearch& search) const {
  struct Queries {
    const storage::Query& few;
    const storage::Query& many;
  };
  const Queries queries = search.kind == ColumnSearch::Kind::kMetric
                              ? Queries{sql::kMetricKeysOfFew, sql::kMetricKeysOfMany}
                          : search.kind == ColumnSearch::Kind::kParam
                              ? Queries{sql::kParamKeysOfFew, sql::kParamKeysOfMany}
                              : Queries{sql::kTagKeysOfFew, sql::kTagKeysOfMany};
  const storage::Search matching = Matching(search.runs, database_.dialect());
  if (search.kind == ColumnSearch::Kind::kMetric || matching.Uses(kMetric)) latest_.CatchUp();
  return database_.Read([&](Connection& connection) {
    std::vector<std::string> keys;
    for (const Row& row : matching.Keys(connection, queries.few, queries.many,
                                        {search.after, search.text, search.limit})) {
      keys.push_back(row.Text(0));
    }
    return keys;
  });
}

std::vector<DatasetSummary> RunStore::SearchDatasets(
    const std::vector<ExperimentId>& experiments) const {
  Json ids = Json::MakeArray();
  for (const auto& id : experiments) ids.Append(ExperimentNumber(id));
  return database_.Read([&](Connection& connection) {
    std::vector<DatasetSummary> summaries;
    for (const Row& row :
         connection.Select(sql::kDatasetSummaries, {ids.Dump(), kDatasetSummariesMax})) {
      summaries.push_back({ExperimentId(std::to_string(row.Int(0))), row.Text(1), row.Text(2),
                           row.OptionalText(3)});
    }
    return summaries;
  });
}

}  // namespace millwright::tracking
