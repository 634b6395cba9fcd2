#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "scoring/text_among_numbers.h"
#include "serving/table_builder.h"

namespace millwright::cli {
namespace {

constexpr size_t kRowsPerRequest = 256;
constexpr size_t kRowsShown = 50;
constexpr int64_t kRequestTimeoutMs = 300'000;

struct PredictOptions {
  std::string name, data;
  bool fresh = false;
};
constexpr Option<PredictOptions> kPredictOptions[] = {
    {"", "NAME", "The endpoint's or model's name", &PredictOptions::name, "", 0, 0,
     Option<PredictOptions>::Kind::kRequired},
    {"", "--data",
     "A CSV, Parquet or JSON lines file of rows; or a JSON body in MLflow's scoring form, or @FILE "
     "with one",
     &PredictOptions::data, "FILE|JSON", 0, 0, Option<PredictOptions>::Kind::kRequired},
    {"", "--fresh", "Take no answer out of the endpoint's cache", &PredictOptions::fresh},
};

Json Ask(Client& client, const PredictOptions& options, std::string body) {
  std::vector<std::pair<std::string, std::string>> headers = {{"Content-Type", "application/json"}};
  if (options.fresh) headers.emplace_back("Cache-Control", "no-cache");
  const auto response =
      client.Send({.method = "POST",
                   .url = "/endpoints/" + fetch::PercentEncode(options.name) + "/invocations",
                   .headers = std::move(headers),
                   .body = std::move(body),
                   .timeout_ms = kRequestTimeoutMs});
  return ParseJson(response.body);
}

struct InputColumn {
  std::string name;
  bool is_text = false;
  bool is_required = true;
};

bool IsOneValueARow(const Json& input) {
  const Json* shape = input.Find("shape");
  if (shape == nullptr) return true;  // a column of a table
  const auto& sizes = shape->AsArray();
  return sizes.size() == 1 || (sizes.size() == 2 && sizes[1].is_int() && sizes[1].AsInt() == 1);
}

// The inputs that are columns of a model server's model; the rest it says itself.
std::vector<InputColumn> ColumnsOfModel(Client& client, const std::string& model) {
  const Json described = client.Get("/v2/models/" + fetch::PercentEncode(model));
  std::vector<InputColumn> columns;
  for (const Json& input : described.At("inputs").AsArray()) {
    if (!IsOneValueARow(input)) return {};
    columns.push_back({.name = input.GetString("name"),
                       .is_text = input.GetString("datatype") == "BYTES",
                       .is_required = false});
  }
  return columns;
}

// What a server says of an endpoint; nothing where it has models and no endpoints.
std::optional<Json> Described(Client& client, const std::string& endpoint) {
  try {
    return client.Get("/api/v1/endpoints/" + fetch::PercentEncode(endpoint));
  } catch (const Error& error) {
    const bool is_model_server =
        error.code() == Code::kNotFound && error.message().starts_with("Path not found");
    if (!is_model_server) throw;
    return std::nullopt;
  }
}

// The columns that the endpoint takes; none where it takes whole rows of numbers, by position.
std::vector<InputColumn> ColumnsOf(Client& client, const std::string& endpoint) {
  const auto answer = Described(client, endpoint);
  if (!answer) return ColumnsOfModel(client, endpoint);
  const Json& described = *answer;
  std::vector<InputColumn> columns;
  const Json* signature = described.Find("signature");
  if (signature == nullptr) return columns;
  for (const Json& input : signature->At("inputs").AsArray()) {
    if (!IsOneValueARow(input)) return {};
    const Json* required = input.Find("required");
    columns.push_back({.name = input.GetString("name"),
                       .is_text = input.GetString("type") == "string",
                       .is_required = required == nullptr || required->AsBool()});
  }
  return columns;
}

bool HasColumn(const std::vector<analytics::Column>& file, const std::string& name) {
  return std::any_of(file.begin(), file.end(), [&](const auto& one) { return one.name == name; });
}

// The SQL list of what is read of a file: the endpoint's columns in their order, else all.
std::string SelectedOf(const std::vector<InputColumn>& columns,
                       const std::vector<analytics::Column>& file) {
  if (columns.empty()) return "*";
  std::string select;
  std::vector<std::string> missing;
  std::vector<std::string> unknown;
  for (const InputColumn& column : columns) {
    if (HasColumn(file, column.name)) {
      select += (select.empty() ? "" : ", ") + analytics::QuoteName(column.name);
    } else if (column.is_required) {
      missing.push_back(column.name);
    }
  }
  for (const auto& one : file) {
    const bool is_taken = std::any_of(columns.begin(), columns.end(),
                                      [&](const auto& column) { return column.name == one.name; });
    if (!is_taken) unknown.push_back(one.name);
  }
  if (!missing.empty()) throw serving::MissingColumns(missing, unknown);
  if (select.empty()) throw InvalidArgument("The file has none of the endpoint's columns");
  return select;
}

std::string BodyOf(const analytics::Table& table, size_t first, size_t end) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject().Key("dataframe_split").BeginObject().Key("columns").BeginArray();
  for (const auto& column : table.columns()) writer.String(column.name);
  writer.EndArray().Key("data").BeginArray();
  for (size_t row = first; row < end; ++row) {
    writer.BeginArray();
    for (size_t column = 0; column < table.columns().size(); ++column)
      writer.Value(table.ToJson(row, column));
    writer.EndArray();
  }
  writer.EndArray().EndObject().EndObject();
  return body;
}

// Takes an answer's predictions, a list or a list for each output, apart into rows.
void AppendRows(const Json& answer, Json* rows) {
  const Json& predictions = answer.At("predictions");
  if (predictions.is_array()) {
    for (const Json& each : predictions.AsArray()) rows->Append(each);
    return;
  }
  size_t count = 0;
  for (const auto& [name, values] : predictions.AsObject())
    count = std::max(count, values.AsArray().size());
  for (size_t row = 0; row < count; ++row) {
    Json one = Json::MakeObject();
    for (const auto& [name, values] : predictions.AsObject())
      if (row < values.AsArray().size()) one.Set(name, values.AsArray()[row]);
    rows->Append(std::move(one));
  }
}

std::string CellText(const Json& value) {
  return value.is_string() ? value.AsString() : value.Dump();
}

void PrintPredictions(const Json& predictions, Console& console) {
  const auto& all = predictions.AsArray();
  std::vector<Column> columns = {Column("ROW", Column::Align::kRight)};
  if (!all.empty() && all[0].is_object()) {
    for (const auto& [name, value] : all[0].AsObject()) columns.emplace_back(name);
  } else {
    columns.emplace_back("prediction");
  }
  Rows rows;
  for (size_t row = 0; row < std::min(all.size(), kRowsShown); ++row) {
    std::vector<std::string> cells = {std::to_string(row + 1)};
    if (all[row].is_object()) {
      for (const auto& [name, value] : all[row].AsObject()) cells.push_back(CellText(value));
    } else {
      cells.push_back(CellText(all[row]));
    }
    rows.push_back(std::move(cells));
  }
  console.PrintTable(columns, rows);
  if (all.size() > kRowsShown)
    console.Line(fmt::format("{} more rows; --json prints all",
                             FormatCount(static_cast<int64_t>(all.size() - kRowsShown))));
}

// What is said of a row of a request, with the row's number in the file. `numbers` are the columns
// that are not texts.
Error OfFile(const Error& error, size_t first, const std::string& path,
             const std::vector<std::string>& numbers) {
  const auto row = serving::RowIn(error.message());
  if (!row) return error;
  std::string message =
      fmt::format("Row {} of {}: {}", first + *row + 1, path, serving::WithoutRow(error.message()));
  if (message.find("got string") != std::string::npos) {
    message += scoring::TextAmongNumbers(path, numbers);
  }
  return Error(error.code(), std::move(message));
}

int PredictRows(const PredictOptions& options, Console& console) {
  if (!std::filesystem::exists(options.data)) throw NotFound("File of rows", options.data);
  Client& client = console.client();
  const auto columns = ColumnsOf(client, options.name);
  analytics::Session session;
  const auto file = session.Describe("SELECT * FROM " + analytics::ReadFileSql(options.data));
  const std::string select = SelectedOf(columns, file);
  std::vector<std::string> texts;
  std::vector<std::string> numbers;
  for (const InputColumn& column : columns) {
    if (HasColumn(file, column.name)) (column.is_text ? texts : numbers).push_back(column.name);
  }
  if (columns.empty()) {
    for (const auto& column : file) numbers.push_back(column.name);
  }
  const std::string from = analytics::ReadFileSql(options.data, texts);
  const auto total = static_cast<size_t>(session.Query("SELECT count(*) FROM " + from).Int(0, 0));
  auto progress = console.StartProgress("predict " + options.name);
  Json predictions = Json::MakeArray();
  size_t done = 0;
  session.Stream("SELECT " + select + " FROM " + from, [&](const analytics::Table& table) {
    for (size_t first = 0; first < table.row_count(); first += kRowsPerRequest) {
      const size_t end = std::min(table.row_count(), first + kRowsPerRequest);
      try {
        AppendRows(Ask(client, options, BodyOf(table, first, end)), &predictions);
      } catch (const Error& error) {
        throw OfFile(error, done, options.data, numbers);
      }
      done += end - first;
      progress->Update(static_cast<double>(done) / static_cast<double>(std::max<size_t>(total, 1)),
                       FormatCount(static_cast<int64_t>(done)) + " rows");
    }
    return true;
  });
  progress->Finish(FormatCount(static_cast<int64_t>(done)) + " rows");
  console.Answer(Json::Of({{"rows", done}, {"predictions", predictions}}));
  PrintPredictions(predictions, console);
  return 0;
}

int Predict(const PredictOptions& options, Console& console) {
  const bool is_body = options.data.starts_with("@") || options.data.starts_with("{");
  if (!is_body) return PredictRows(options, console);
  const std::string body =
      options.data.starts_with("@") ? ReadFile(options.data.substr(1)) : options.data;
  const Json result = Ask(console.client(), options, ParseJson(body).Dump());
  console.Answer(result);
  console.Line(result.Dump(2));
  return 0;
}

}  // namespace

void AddPredictCommands(Commands& commands) {
  commands.push_back(MakeCommand("predict",
                                 "Ask an endpoint, or a model of a model server, for predictions",
                                 kPredictOptions, Predict));
}

}  // namespace millwright::cli
