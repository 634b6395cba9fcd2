// Searching runs and the datasets that they took in.

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
