#include "cli/model_evaluation.h"

#include <cmath>

#include "analytics/session.h"
#include "base/error.h"
#include "quality/model_metrics.h"

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

double AucOnTable(inference::Engine& engine, const FeatureTable& table) {
  std::vector<std::string> columns;
  for (const auto& column : engine.signature().columns) columns.push_back(column.name);
  const auto rows = LoadFeatureRows(table.file, columns, "true");
  const auto labels = LoadFeatureRows(table.file, {table.label}, "true");
  return quality::RocAuc(std::vector<double>(labels.values.begin(), labels.values.end()),
                         Score(engine, rows));
}

}  // namespace millwright::cli
