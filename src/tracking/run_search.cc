// Searching runs and reading the histories of their metrics.
#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/run_rows.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::SearchType;

constexpr int64_t kDatasetSummariesMax = 1000;

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
                                                   {"datasets", "dataset"}};

constexpr std::string_view kDataset =
    "SELECT 1 FROM run_inputs i JOIN datasets d ON d.dataset_seq = i.dataset_seq "
    "WHERE i.run_seq = r.run_seq";
constexpr std::string_view kContext =
    "SELECT 1 FROM run_input_tags t "
    "WHERE t.run_seq = r.run_seq AND t.key = 'mlflow.data.context'";

constexpr storage::SearchAttribute Text(std::string_view name, std::string_view column,
                                        bool can_order = true) {
  return {.entity = "attribute", .name = name, .column = column, .can_order = can_order};
}
constexpr storage::SearchAttribute Number(std::string_view name, std::string_view column) {
  return {.entity = "attribute", .name = name, .column = column, .type = SearchType::kNumber};
}
constexpr storage::SearchAttribute OfDataset(std::string_view name, std::string_view column,
                                             std::string_view exists) {
  return {.entity = "dataset", .name = name, .column = column, .exists = exists};
}

constexpr storage::SearchAttribute kAttributes[] = {Text("run_id", "r.run_id"),
                                                    Text("run_name", "r.run_name"),
                                                    Text("run name", "r.run_name", false),
                                                    Text("Run name", "r.run_name", false),
                                                    Text("Run Name", "r.run_name", false),
                                                    Text("status", "r.status"),
                                                    Text("user_id", "r.user_id"),
                                                    Text("artifact_uri", "r.artifact_uri"),
                                                    Number("start_time", "r.start_ms"),
                                                    Number("created", "r.start_ms"),
                                                    Number("Created", "r.start_ms"),
                                                    Number("end_time", "r.end_ms"),
                                                    OfDataset("name", "d.name", kDataset),
                                                    OfDataset("digest", "d.digest", kDataset),
                                                    OfDataset("context", "t.value", kContext)};

constexpr storage::SearchKeyed kKeyed[] = {
    {.entity = "metric",
     .type = SearchType::kNumber,
     .table = "latest_metrics",
     .owner = "@.run_seq = r.run_seq"},
    {.entity = "parameter", .table = "run_params", .owner = "@.run_seq = r.run_seq"},
    {.entity = "tag", .table = "run_tags", .owner = "@.run_seq = r.run_seq"}};

constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kRuns,
    .entities_text = "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .default_order = "",
    .ties = "r.start_ms DESC, r.run_id",
    .refuse_repeated_order = true};

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

std::vector<Metric> ReadPoints(const std::vector<Row>& rows, const std::string& key) {
  std::vector<Metric> points;
  points.reserve(rows.size());
  for (const Row& row : rows) {
    points.push_back({key, StoredValue(row.Double(0), row.Int(3)), row.Int(1), row.Int(2)});
  }
  return points;
}

// Chooses at most `max` steps evenly and the last one.
std::set<int64_t> SampleSteps(const std::vector<int64_t>& steps, int64_t max) {
  const auto count = static_cast<int64_t>(steps.size());
  if (count <= max) return {steps.begin(), steps.end()};
  std::set<int64_t> chosen = {steps.back()};
  const double interval = static_cast<double>(count) / static_cast<double>(max);
  for (int64_t i = 0; i < max; ++i) {
    const auto at = static_cast<int64_t>(static_cast<double>(i) * interval);
    if (at < count) chosen.insert(steps[at]);
  }
  return chosen;
}

}  // namespace

Page<Run> RunStore::Search(const RunSearch& search) const {
  Json experiments = Json::MakeArray();
  for (const auto& id : search.experiment_ids) experiments.Append(ExperimentNumber(id));
  const storage::SearchQuery query = storage::CompileSearch(
      sql::kSearchRuns, kSchema, database_.dialect(), search.filter, search.order_by,
      {experiments.Dump(), std::string(ViewName(search.view)), search.limit + 1, search.offset});
  return database_.Read([&](Connection& connection) {
    std::vector<RunRow> rows;
    connection.ForEach(query.query(), query.parameters(), [&](const Row& row) {
      rows.push_back(ReadRun(row));
      return true;
    });
    Page<Run> page;
    if (static_cast<int64_t>(rows.size()) > search.limit) {
      rows.pop_back();
      page.next_offset = search.offset + search.limit;
    }
    AddRunData(connection, &rows);
    page.items.reserve(rows.size());
    for (auto& row : rows) page.items.push_back(std::move(row.run));
    return page;
  });
}

Page<Metric> RunStore::History(const RunId& id, const std::string& key, int64_t limit,
                               int64_t offset) const {
  return database_.Read([&](Connection& connection) {
    Page<Metric> page;
    page.items =
        ReadPoints(connection.Select(sql::kMetricHistory, {id.str(), key, limit + 1, offset}), key);
    if (static_cast<int64_t>(page.items.size()) > limit) {
      page.items.pop_back();
      page.next_offset = offset + limit;
    }
    return page;
  });
}

std::vector<std::pair<RunId, std::vector<Metric>>> RunStore::Interval(
    const IntervalRequest& request) const {
  const int64_t first = request.start_step.value_or(std::numeric_limits<int64_t>::min());
  const int64_t last = request.end_step.value_or(std::numeric_limits<int64_t>::max());
  Json ids = Json::MakeArray();
  for (const auto& run : request.runs) ids.Append(run.str());
  return database_.Read([&](Connection& connection) {
    std::vector<int64_t> steps;
    for (const Row& row :
         connection.Select(sql::kMetricSteps, {ids.Dump(), request.key, first, last})) {
      steps.push_back(row.Int(0));
    }
    const std::set<int64_t> sampled = SampleSteps(steps, request.points_max);
    std::vector<std::pair<RunId, std::vector<Metric>>> result;
    for (const auto& run : request.runs) {
      std::set<int64_t> wanted = sampled;
      const auto range =
          connection.SelectOne(sql::kMetricStepRange, {run.str(), request.key, first, last});
      if (range && !range->IsNull(0)) wanted.insert({range->Int(0), range->Int(1)});
      Json list = Json::MakeArray();
      for (const int64_t step : wanted) list.Append(step);
      result.emplace_back(
          run,
          ReadPoints(connection.Select(sql::kMetricPointsAt,
                                       {run.str(), request.key, list.Dump(), kHistoryResultsMax}),
                     request.key));
    }
    return result;
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
