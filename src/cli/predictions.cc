#include <fmt/format.h>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/prediction_files.h"
#include "cli/prediction_logs.h"
#include "cli/progress.h"
#include "monitoring/prediction.h"

namespace millwright::cli {
namespace {

constexpr size_t kOutcomesPerCall = 5'000;
constexpr int64_t kHourMs = 3'600'000;

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

std::string LatencyOf(const Json& prediction) {
  const Json& latency = prediction.At("latency_us");
  return latency.is_null() ? "-" : fmt::format("{} µs", latency.AsInt());
}

int ListPredictions(const ListOptions& options, Console& console) {
  const Json result = console.client().Get(EndpointPath(options.endpoint) + "/predictions",
                                           {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("predictions").AsArray()) {
    const Json* outcome = one.Find("outcome");
    rows.push_back({one.GetString("id"), FormatTime(one.GetInt("event_time_ms")),
                    one.GetString("model_version"), one.GetString("role"), LatencyOf(one),
                    one.At("outputs").Dump(), outcome == nullptr ? "-" : outcome->Dump()});
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

struct OutcomeOptions {
  std::string endpoint, file, id_column = "prediction_id", value_column = "outcome", time_column,
                              key_input, key_column, kind = "label", comment_column;
  int64_t within_hours = 7 * 24;
};
constexpr Option<OutcomeOptions> kOutcomeOptions[] = {
    {"", "ENDPOINT", "The endpoint or log that predicted", &OutcomeOptions::endpoint, "", 0, 0,
     Option<OutcomeOptions>::Kind::kRequired},
    {"", "FILE", "A Parquet, CSV or JSON lines file", &OutcomeOptions::file, "", 0, 0,
     Option<OutcomeOptions>::Kind::kRequired},
    {"", "--id-column", "The column with the prediction's id", &OutcomeOptions::id_column,
     "COLUMN"},
    {"", "--value-column", "The column with what really happened", &OutcomeOptions::value_column,
     "COLUMN"},
    {"", "--time-column", "The column that says when it was known; now if not given",
     &OutcomeOptions::time_column, "COLUMN"},
    {"", "--key-input", "Find predictions by this input instead of their id",
     &OutcomeOptions::key_input, "INPUT"},
    {"", "--key-column", "The column with the input's value; named as the input if not given",
     &OutcomeOptions::key_column, "COLUMN"},
    {"", "--within-hours", "How long before an outcome a prediction with the key may lie",
     &OutcomeOptions::within_hours, "N", 1, monitoring::kOutcomeWithinMsMax / kHourMs},
    {"", "--kind", "label (what happened) or feedback (what somebody thinks of the answer)",
     &OutcomeOptions::kind, "KIND"},
    {"", "--comment-column", "The column with a comment, of feedback",
     &OutcomeOptions::comment_column, "COLUMN"},
};

// SQL over the file: key or id, value, time in ms, comment; each row says something.
std::string OutcomesSql(const OutcomeOptions& options) {
  using analytics::QuoteName;
  const std::string key = options.key_column.empty() ? options.key_input : options.key_column;
  const std::string found_by = options.key_input.empty() ? options.id_column : key;
  const bool has_comment = !options.comment_column.empty();
  const std::string value = QuoteName(options.value_column);
  return fmt::format(
      "SELECT CAST({} AS VARCHAR), {}, {}, {} FROM {} WHERE {} IS NOT NULL{}", QuoteName(found_by),
      value,
      options.time_column.empty()
          ? "NULL::BIGINT"
          : fmt::format("epoch_ms(CAST({} AS TIMESTAMP))", QuoteName(options.time_column)),
      has_comment ? fmt::format("CAST({} AS VARCHAR)", QuoteName(options.comment_column)) : "NULL",
      analytics::ReadFileSql(options.file, {found_by, options.value_column}), value,
      has_comment ? fmt::format(" OR {} IS NOT NULL", QuoteName(options.comment_column)) : "");
}

Json OutcomeJson(const OutcomeOptions& options, const analytics::Table& table, size_t row) {
  Json outcome = Json::Of({{"kind", options.kind}});
  if (options.key_input.empty()) {
    outcome.Set("prediction_id", table.Text(row, 0));
  } else {
    outcome.Set("key", Json::Of({{"input", options.key_input},
                                 {"value", table.Text(row, 0)},
                                 {"within_ms", options.within_hours * kHourMs}}));
  }
  if (!table.IsNull(row, 1)) {
    outcome.Set("value", analytics::IsTextFile(options.file)
                             ? monitoring::ToJson(monitoring::ReadField(table.Text(row, 1)))
                             : table.ToJson(row, 1));
  }
  if (!table.IsNull(row, 2)) outcome.Set("time_ms", table.Int(row, 2));
  if (!table.IsNull(row, 3)) outcome.Set("comment", table.Text(row, 3));
  return outcome;
}

int PushOutcomes(const OutcomeOptions& options, Console& console) {
  auto progress = console.StartProgress("push outcomes");
  analytics::Session session;
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
  session.Stream(OutcomesSql(options), [&](const analytics::Table& table) {
    for (size_t row = 0; row < table.row_count(); ++row) {
      batch.Append(OutcomeJson(options, table, row));
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
  commands.push_back(MakeCommand("outcomes push",
                                 "Say what really happened, by prediction id or key",
                                 kOutcomeOptions, PushOutcomes));
  AddPredictionLogCommands(commands);
  AddPredictionFileCommands(commands);
}

}  // namespace millwright::cli
