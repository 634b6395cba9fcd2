#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

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

std::string EndpointPath(const std::string& name) {
  return "/api/v1/endpoints/" + fetch::PercentEncode(name);
}

struct ListOptions {
  std::string endpoint, from, to, where, page_token;
  int limit = 10;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "ENDPOINT", "The endpoint's name", &ListOptions::endpoint, "", 0, 0,
     Option<ListOptions>::Kind::kRequired},
    {"", "--limit", "How many to show", &ListOptions::limit, "N", 1, 1000},
    {"", "--from", "What happened from this time on (2026-03-01 or 2026-03-01T14:00Z)",
     &ListOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &ListOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &ListOptions::where,
     "SQL"},
    {"", "--page-token", "Go on where an earlier list ended", &ListOptions::page_token, "TOKEN"},
};

std::string LatencyOf(const Json& prediction) {
  const Json& latency = prediction.At("latency_us");
  return latency.is_null() ? "-" : fmt::format("{} µs", latency.AsInt());
}

int ListPredictions(const ListOptions& options, Console& console) {
  Query query = {{"limit", std::to_string(options.limit)}};
  if (!options.from.empty()) query.emplace_back("from_ms", std::to_string(ParseTime(options.from)));
  if (!options.to.empty()) query.emplace_back("to_ms", std::to_string(ParseTime(options.to)));
  if (!options.where.empty()) query.emplace_back("where", options.where);
  if (!options.page_token.empty()) query.emplace_back("page_token", options.page_token);
  const Json result = console.client().Get(EndpointPath(options.endpoint) + "/predictions", query);
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
  if (const std::string next = result.GetString("next_page_token"); !next.empty())
    console.Line("More: --page-token " + next);
  return 0;
}

struct ShowOptions {
  std::string endpoint, id;
};
constexpr Option<ShowOptions> kShowOptions[] = {
    {"", "ENDPOINT", "The endpoint's or log's name", &ShowOptions::endpoint, "", 0, 0,
     Option<ShowOptions>::Kind::kRequired},
    {"", "ID", "The prediction's id, as X-Prediction-Id said it", &ShowOptions::id, "", 0, 0,
     Option<ShowOptions>::Kind::kRequired},
};

int ShowPrediction(const ShowOptions& options, Console& console) {
  const Json result =
      console.client().Get(EndpointPath(options.endpoint) + "/predictions", {{"id", options.id}});
  const auto& found = result.At("predictions").AsArray();
  if (found.empty()) throw NotFound("Prediction", options.id);
  console.Answer(result);
  for (const Json& one : found) {
    console.Line(fmt::format("{} of {}, version {}, {}", one.GetString("id"),
                             FormatTime(one.GetInt("event_time_ms")),
                             one.GetString("model_version"), one.GetString("role")));
    std::vector<std::vector<std::string>> rows;
    for (const auto& [part, key] : {std::pair("input", "inputs"), {"output", "outputs"}})
      for (const auto& [name, value] : one.At(key).AsObject())
        rows.push_back({part, name, value.is_string() ? value.AsString() : value.Dump()});
    if (const Json* outcome = one.Find("outcome")) rows.push_back({"outcome", "", outcome->Dump()});
    console.PrintTable({"", "COLUMN", "VALUE"}, rows);
  }
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

// The file with its columns, which are looked for before anything is read.
class OutcomeFile {
 public:
  OutcomeFile(const OutcomeOptions& options, analytics::Session& session) : options_(options) {
    const std::string key = options.key_column.empty() ? options.key_input : options.key_column;
    found_by_ = options.key_input.empty() ? options.id_column : key;
    std::vector<std::string> as_text = {found_by_, options.value_column};
    if (!options.time_column.empty()) as_text.push_back(options.time_column);
    for (const analytics::Column& column :
         session.Describe("SELECT * FROM " + analytics::ReadFileSql(options.file)))
      columns_.push_back(column);
    for (const std::string& name :
         {found_by_, options.value_column, options.time_column, options.comment_column})
      if (!name.empty()) Require(name);
    table_ = analytics::ReadFileSql(options.file, as_text);
  }

  // Key or id, value, time (in ms, or as it is written), comment: of each row.
  std::string Sql() const {
    using analytics::QuoteName;
    const bool has_comment = !options_.comment_column.empty();
    return fmt::format("SELECT CAST({} AS VARCHAR), {}, {}, {} FROM {}", QuoteName(found_by_),
                       QuoteName(options_.value_column), TimeSql(),
                       has_comment
                           ? fmt::format("CAST({} AS VARCHAR)", QuoteName(options_.comment_column))
                           : "NULL",
                       table_);
  }

 private:
  const analytics::Column& Require(const std::string& name) const {
    std::string names;
    for (const analytics::Column& column : columns_) {
      if (column.name == name) return column;
      names += (names.empty() ? "" : ", ") + column.name;
    }
    throw InvalidArgument("{} has no column {}; it has {}", options_.file, name, names);
  }
  std::string TimeSql() const {
    if (options_.time_column.empty()) return "NULL";
    using analytics::ColumnType;
    const std::string name = analytics::QuoteName(options_.time_column);
    const ColumnType type = Require(options_.time_column).type;
    const bool is_time = type == ColumnType::kTimestamp || type == ColumnType::kDate;
    if (is_time && !analytics::IsTextFile(options_.file))
      return "CAST(epoch_ms(CAST(" + name + " AS TIMESTAMP)) AS VARCHAR)";
    return "CAST(" + name + " AS VARCHAR)";
  }

  const OutcomeOptions& options_;
  std::string found_by_, table_;
  std::vector<analytics::Column> columns_;
};

// Milliseconds since 1970, or RFC 3339.
int64_t TimeOf(const std::string& text) {
  int64_t time_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ms);
  if (error == std::errc() && end == text.data() + text.size()) return time_ms;
  return ParseTime(text);
}

// Nothing for a row that says nothing.
std::optional<Json> OutcomeJson(const OutcomeOptions& options, const analytics::Table& table,
                                size_t row) {
  if (table.IsNull(row, 1) && table.IsNull(row, 3)) return std::nullopt;
  Json outcome = Json::Of({{"kind", options.kind}});
  if (table.IsNull(row, 0) || table.Text(row, 0).empty())
    throw InvalidArgument("it does not say which prediction it is about");
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
  if (!table.IsNull(row, 2)) outcome.Set("time_ms", TimeOf(table.Text(row, 2)));
  if (!table.IsNull(row, 3)) outcome.Set("comment", table.Text(row, 3));
  return outcome;
}

// Sends a file's outcomes in pieces.
class OutcomeSender {
 public:
  OutcomeSender(const OutcomeOptions& options, Console& console)
      : options_(options), console_(console), progress_(console.StartProgress("push outcomes")) {}

  void Add(const analytics::Table& table, size_t row) {
    ++row_;
    try {
      auto outcome = OutcomeJson(options_, table, row);
      if (outcome) batch_.Append(std::move(*outcome));
    } catch (const Error& error) {
      throw Error(error.code(),
                  fmt::format("{} row {}: {}{}", options_.file, row_, error.message(), Before()));
    }
    if (batch_.AsArray().size() == kOutcomesPerCall) Send();
  }

  void Finish() {
    Send();
    std::string words = FormatCount(sent_) + " outcomes";
    if (matched_ < sent_)
      words += matched_ == 0
                   ? ", none of a prediction that the log has"
                   : fmt::format(", {} of a prediction that the log has", FormatCount(matched_));
    progress_->Finish(words);
    console_.Answer(Json::Of({{"outcomes", sent_}, {"matched", matched_}}));
    if (sent_ > 0 && matched_ == 0)
      console_.Hint(options_.key_input.empty()
                        ? "They wait for predictions with these ids; is it the right column?"
                        : "They wait for predictions with these values; is it the right input, and "
                          "is the time at most --within-hours later?");
  }

 private:
  // What became of the rows before.
  std::string Before() const {
    return sent_ == 0 ? "; no outcome was recorded"
                      : fmt::format("; the {} outcomes before are recorded", FormatCount(sent_));
  }
  void Send() {
    if (batch_.AsArray().empty()) return;
    const auto count = static_cast<int64_t>(batch_.AsArray().size());
    try {
      const Json answer = console_.client().Post(
          "/api/v1/outcomes",
          Json::Of(
              {{"endpoint", options_.endpoint}, {"outcomes", batch_}, {"count_matched", true}}));
      matched_ += answer.GetInt("matched");
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{} up to row {}: {}{}", options_.file, row_,
                                            error.message(), Before()));
    }
    sent_ += count;
    batch_ = Json::MakeArray();
    progress_->Update(0, FormatCount(sent_));
  }

  const OutcomeOptions& options_;
  Console& console_;
  std::unique_ptr<Progress> progress_;
  Json batch_ = Json::MakeArray();
  int64_t row_ = 0, sent_ = 0, matched_ = 0;
};

int PushOutcomes(const OutcomeOptions& options, Console& console) {
  analytics::Session session;
  const OutcomeFile file(options, session);
  OutcomeSender sender(options, console);
  session.Stream(file.Sql(), [&](const analytics::Table& table) {
    for (size_t row = 0; row < table.row_count(); ++row) sender.Add(table, row);
    return true;
  });
  sender.Finish();
  return 0;
}

}  // namespace

void AddPredictionCommands(Commands& commands) {
  commands.push_back(MakeCommand("predictions list", "Show the newest predictions", kListOptions,
                                 ListPredictions));
  commands.push_back(MakeCommand("predictions show", "Show one prediction, by its id", kShowOptions,
                                 ShowPrediction));
  commands.push_back(MakeCommand("predictions query", "Ask the prediction log by SQL",
                                 kQueryOptions, QueryPredictions));
  commands.push_back(MakeCommand("outcomes push",
                                 "Say what really happened, by prediction id or key",
                                 kOutcomeOptions, PushOutcomes));
  AddPredictionLogCommands(commands);
  AddPredictionFileCommands(commands);
}

}  // namespace millwright::cli
