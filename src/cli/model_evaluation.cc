#include "cli/model_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analytics/session.h"
#include "base/error.h"
#include "metrics/binary.h"

namespace millwright::cli {
namespace {

constexpr size_t kRowsPerRun = 4096;

std::string SelectSql(const std::filesystem::path& file, const std::vector<std::string>& columns,
                      const std::string& where) {
  std::string list;
  for (const auto& column : columns)
    list += (list.empty() ? "" : ", ") + analytics::QuoteName(column);
  return "SELECT " + list + " FROM " + analytics::ReadFileSql(file.string()) + " WHERE " + where;
}

// Appends the positive class's probability of each row.
void AppendScores(const std::vector<inference::Tensor>& outputs, size_t rows,
                  std::vector<double>* scores) {
  for (const auto& output : outputs) {
    if (output.type != inference::DataType::kFp32) continue;
    const size_t width = output.element_count() / rows;
    for (size_t row = 0; row < rows; ++row)
      scores->push_back(output.As<float>()[row * width + width - 1]);
    return;
  }
  throw InvalidArgument("The model has no floating-point output to judge by");
}

bool TakesTexts(const inference::Signature& signature, const std::string& column) {
  return std::any_of(signature.inputs.begin(), signature.inputs.end(), [&](const auto& input) {
    return input.name == column && input.type == inference::DataType::kBytes;
  });
}

std::vector<double> Score(inference::Engine& engine, const FeatureRows& rows) {
  const size_t width = rows.columns.size();
  std::vector<double> scores;
  scores.reserve(rows.row_count);
  for (size_t first = 0; first < rows.row_count; first += kRowsPerRun) {
    const size_t count = std::min(kRowsPerRun, rows.row_count - first);
    const auto begin = rows.values.begin() + static_cast<std::ptrdiff_t>(first * width);
    std::vector<inference::Tensor> inputs;
    inputs.push_back(inference::Tensor::OfFloats(
        engine.signature().inputs.at(0).name,
        {static_cast<int64_t>(count), static_cast<int64_t>(width)},
        std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(count * width))));
    AppendScores(engine.Run(inputs), count, &scores);
  }
  return scores;
}

// How many columns two models take that name none.
int64_t WidthOf(const inference::Signature& one, const inference::Signature& other) {
  for (const auto* signature : {&one, &other}) {
    if (signature->inputs.size() != 1 || signature->inputs[0].shape.size() != 2) continue;
    const int64_t width = signature->inputs[0].shape[1];
    if (width > 0) return width;
  }
  throw InvalidArgument("Neither model names its columns or says how many it takes");
}

std::vector<std::string> ColumnsByPosition(const ParityRows& rows, int64_t width,
                                           analytics::Session& session) {
  std::vector<std::string> names = rows.columns;
  if (names.empty()) {
    for (const auto& column :
         session.Describe("SELECT * FROM " + analytics::ReadFileSql(rows.file.string()))) {
      names.push_back(column.name);
    }
  }
  if (static_cast<int64_t>(names.size()) == width) return names;
  throw InvalidArgument(
      "The models take {} columns and name none of them, and {} {} given: name those that count in "
      "the models' order, --columns A,B,…",
      width, names.size(), names.size() == 1 ? "is" : "are")
      .WithField("--columns");
}

}  // namespace

Json FeatureRows::Example() const {
  Json names = Json::MakeArray(), row = Json::MakeArray();
  for (size_t i = 0; i < columns.size(); ++i) {
    names.Append(columns[i]);
    const double value = row_count > 0 ? values[i] : 0;
    row.Append(std::isnan(value) ? Json() : Json(value));
  }
  return Json::Of({{"columns", names}, {"data", Json(Json::Array{row})}});
}

FeatureRows LoadFeatureRows(const std::filesystem::path& file,
                            const std::vector<std::string>& columns, const std::string& where) {
  if (columns.empty()) throw InvalidArgument("The model does not name its features");
  analytics::Session session;
  auto matrix = session.QueryFloats(SelectSql(file, columns, where));
  return {columns, std::move(matrix.values), matrix.row_count};
}

std::vector<inference::ParityColumn> LoadParityColumns(const ParityRows& rows,
                                                       const inference::Signature& one,
                                                       const inference::Signature& other) {
  std::vector<inference::ParityColumn> columns;
  std::vector<bool> is_text;
  std::vector<std::string> texts;
  std::string list;
  const auto add = [&](const std::string& name, bool text) {
    is_text.push_back(text);
    list += fmt::format("{}CAST({} AS {})", list.empty() ? "" : ", ", analytics::QuoteName(name),
                        text ? "VARCHAR" : "DOUBLE");
    if (text) texts.push_back(name);
    columns.push_back({.name = name});
  };
  for (const auto* signature : {&one, &other}) {
    for (const std::string& name : inference::ColumnNamesOf(*signature)) {
      const auto known = [&name](const auto& column) { return column.name == name; };
      if (std::any_of(columns.begin(), columns.end(), known)) continue;
      add(name, TakesTexts(one, name) || TakesTexts(other, name));
    }
  }
  analytics::Session session;
  if (columns.empty()) {
    for (const std::string& name : ColumnsByPosition(rows, WidthOf(one, other), session)) {
      add(name, false);
    }
  } else if (!rows.columns.empty()) {
    throw InvalidArgument("The models name their columns: {}", columns.front().name)
        .WithField("--columns");
  }
  session.Stream(fmt::format("SELECT {} FROM {} WHERE {}", list,
                             analytics::ReadFileSql(rows.file.string(), texts), rows.where),
                 [&](const analytics::Table& table) {
                   for (size_t i = 0; i < columns.size(); ++i) {
                     for (size_t row = 0; row < table.row_count(); ++row) {
                       if (is_text[i]) {
                         columns[i].texts.push_back(table.Text(row, i));
                       } else {
                         columns[i].numbers.push_back(table.Double(row, i));
                       }
                     }
                   }
                   return true;
                 });
  return columns;
}

double AucOnTable(inference::Engine& engine, const FeatureTable& table) {
  std::vector<std::string> columns;
  for (const auto& column : engine.signature().columns) columns.push_back(column.name);
  const auto rows = LoadFeatureRows(table.file, columns, "true");
  const auto labels = LoadFeatureRows(table.file, {table.label}, "true");
  return metrics::RocAuc(std::vector<double>(labels.values.begin(), labels.values.end()),
                         Score(engine, rows));
}

}  // namespace millwright::cli
