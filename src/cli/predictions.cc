#include <fmt/format.h>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/prediction_files.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

constexpr size_t kOutcomesPerCall = 5'000;

struct ListOptions {
  std::string endpoint;
  int limit = 10;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "ENDPOINT", "The endpoint's name", &ListOptions::endpoint, "", 0, 0,
     Option<ListOptions>::Kind::kRequired},
    {"", "--limit", "How many to show", &ListOptions::limit, "N", 1, 1000},
};

std::string EndpointPath(const std::string& name) {
  return "/api/v1/endpoints/" + fetch::PercentEncode(name);
}

int ListPredictions(const ListOptions& options, Console& console) {
  const Json result = console.client().Get(EndpointPath(options.endpoint) + "/predictions",
                                           {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("predictions").AsArray()) {
    const Json* outcome = one.Find("outcome");
    rows.push_back({one.GetString("id"), FormatTime(one.GetInt("event_time_ms")),
                    one.GetString("model_version"), one.GetString("role"),
                    fmt::format("{} µs", one.GetInt("latency_us")), one.At("outputs").Dump(),
                    outcome == nullptr ? "-" : outcome->Dump()});
  }
  console.PrintTable({"ID", "EVENT TIME", "VERSION", "ROLE", "LATENCY", "OUTPUTS", "OUTCOME"},
                     rows);
  return 0;
}

struct QueryOptions {
  std::string endpoint, sql;
};
constexpr Option<QueryOptions> kQueryOptions[] = {
    {"", "ENDPOINT", "The endpoint's name", &QueryOptions::endpoint, "", 0, 0,
     Option<QueryOptions>::Kind::kRequired},
    {"", "SQL", "A SELECT over the view predictions", &QueryOptions::sql, "", 0, 0,
     Option<QueryOptions>::Kind::kRequired},
};

int QueryPredictions(const QueryOptions& options, Console& console) {
  const Json result = console.client().Post(EndpointPath(options.endpoint) + "/predictions/query",
                                            Json::Of({{"sql", options.sql}}));
  console.Answer(result);
  std::vector<Column> header;
  for (const Json& column : result.At("columns").AsArray())
    header.emplace_back(column.GetString("name"));
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : result.At("rows").AsArray()) {
    rows.emplace_back();
    for (const Json& cell : row.AsArray())
      rows.back().push_back(cell.is_string() ? cell.AsString() : cell.Dump());
  }
  console.PrintTable(header, rows);
  return 0;
}

struct PushOptions {
  std::string endpoint, file, id_column = "prediction_id", value_column = "outcome", time_column;
};
constexpr Option<PushOptions> kPushOptions[] = {
    {"", "ENDPOINT", "The endpoint that predicted", &PushOptions::endpoint, "", 0, 0,
     Option<PushOptions>::Kind::kRequired},
    {"", "FILE", "A Parquet, CSV or JSON lines file", &PushOptions::file, "", 0, 0,
     Option<PushOptions>::Kind::kRequired},
    {"", "--id-column", "The column with the prediction's id", &PushOptions::id_column, "COLUMN"},
    {"", "--value-column", "The column with what really happened", &PushOptions::value_column,
     "COLUMN"},
    {"", "--time-column", "The column that says when it was known; now if not given",
     &PushOptions::time_column, "COLUMN"},
};

int PushOutcomes(const PushOptions& options, Console& console) {
  auto progress = console.StartProgress("push outcomes");
  analytics::Session session;
  const std::string sql = fmt::format(
      "SELECT CAST({} AS VARCHAR), CAST({} AS DOUBLE), {} FROM {} WHERE {} IS NOT NULL",
      analytics::QuoteName(options.id_column), analytics::QuoteName(options.value_column),
      options.time_column.empty() ? "NULL::BIGINT"
                                  : fmt::format("epoch_ms(CAST({} AS TIMESTAMP))",
                                                analytics::QuoteName(options.time_column)),
      analytics::ReadFileSql(options.file), analytics::QuoteName(options.value_column));
  int64_t sent = 0;
  Json batch = Json::MakeArray();
  const auto send = [&] {
    if (batch.AsArray().empty()) return;
    console.client().Post("/api/v1/outcomes",
                          Json::Of({{"endpoint", options.endpoint}, {"outcomes", batch}}));
    sent += static_cast<int64_t>(batch.AsArray().size());
    batch = Json::MakeArray();
    progress->Update(0, FormatCount(sent));
  };
  session.Stream(sql, [&](const analytics::Table& table) {
    for (size_t row = 0; row < table.row_count(); ++row) {
      Json outcome =
          Json::Of({{"prediction_id", table.Text(row, 0)}, {"value", table.Double(row, 1)}});
      if (!table.IsNull(row, 2)) outcome.Set("time_ms", table.Int(row, 2));
      batch.Append(std::move(outcome));
      if (batch.AsArray().size() == kOutcomesPerCall) send();
    }
    return true;
  });
  send();
  progress->Finish(FormatCount(sent) + " outcomes");
  console.Answer(Json::Of({{"outcomes", sent}}));
  return 0;
}

}  // namespace

void AddPredictionCommands(Commands& commands) {
  commands.push_back(MakeCommand("predictions list", "Show the newest predictions", kListOptions,
                                 ListPredictions));
  commands.push_back(MakeCommand("predictions query", "Ask the prediction log by SQL",
                                 kQueryOptions, QueryPredictions));
  commands.push_back(MakeCommand("outcomes push", "Say what really happened, by prediction id",
                                 kPushOptions, PushOutcomes));
  AddPredictionFileCommands(commands);
}

}  // namespace millwright::cli
