#include "statistics/test_golden.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/file.h"

namespace millwright::statistics {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/stats/";

GoldenColumn FromJson(const Json& values) {
  GoldenColumn column;
  for (const Json& value : values.AsArray()) {
    if (value.is_null()) {
      column.type = ValueType::kReal;
      continue;
    }
    if (value.is_string()) {
      const std::string& text = value.AsString();
      column.type = ValueType::kReal;
      if (text == "NaN" || text == "Infinity" || text == "-Infinity") continue;
      column.texts.push_back(text);
      continue;
    }
    if (!value.is_int()) column.type = ValueType::kReal;
    column.texts.push_back(value.is_bool() ? (value.AsBool() ? "true" : "false") : value.Dump());
    if (value.is_number()) column.numbers.push_back(value.AsDouble());
  }
  return column;
}

void CountTexts(const GoldenColumn& reference, const GoldenColumn& current, ColumnPair* pair) {
  std::map<std::string, std::pair<int64_t, int64_t>> counts;
  for (const std::string& text : reference.texts) ++counts[text].first;
  for (const std::string& text : current.texts) ++counts[text].second;
  for (const auto& [text, count] : counts) {
    pair->reference_counts.push_back(count.first);
    pair->current_counts.push_back(count.second);
  }
}

}  // namespace

const GoldenColumn& Golden::Column(const std::string& name) {
  auto [found, added] = columns_.try_emplace(name);
  if (added) found->second = Read(name);
  return found->second;
}

GoldenColumn Golden::Read(const std::string& name) {
  const std::string file = name.substr(0, name.find(':'));
  const std::string column = name.substr(name.find(':') + 1);
  if (file == "edge_cases") {
    if (edge_cases_.is_null()) edge_cases_ = ParseJson(ReadFile(kData + "edge_cases.json"));
    const size_t colon = column.find(':');
    return FromJson(edge_cases_.At(column.substr(0, colon)).At(column.substr(colon + 1)));
  }
  if (files_.insert(file).second) {
    session_.Execute("CREATE TABLE " + file + " AS SELECT * FROM read_csv('" + kData + file +
                     ".csv.gz', header = true, all_varchar = true)");
  }
  const analytics::Table table =
      session_.Query("SELECT " + analytics::QuoteName(column) + " FROM " + file);
  GoldenColumn result;
  for (size_t row = 0; row < table.row_count(); ++row) {
    if (table.IsNull(row, 0)) {
      result.type = ValueType::kReal;
      continue;
    }
    const std::string text = table.Text(row, 0);
    result.texts.push_back(text);
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (*end == '\0' && std::isfinite(number)) result.numbers.push_back(number);
    if (text.find('.') != std::string::npos) result.type = ValueType::kReal;
  }
  return result;
}

std::vector<Json> Golden::Rows(const std::string& file) {
  const analytics::Table table = session_.Query("SELECT json::VARCHAR FROM read_ndjson_objects('" +
                                                kData + file + ".jsonl.gz')");
  std::vector<Json> rows;
  for (size_t row = 0; row < table.row_count(); ++row)
    rows.push_back(ParseJson(table.Text(row, 0)));
  return rows;
}

ColumnPair Golden::Pair(const Json& row) {
  const GoldenColumn& reference = Column(row.GetString("reference"));
  const GoldenColumn& current = Column(row.GetString("current"));
  if (row.GetString("column_type") == "num") {
    const bool integers =
        reference.type == ValueType::kInteger && current.type == ValueType::kInteger;
    return NumericPair(reference.numbers, current.numbers,
                       integers ? ValueType::kInteger : ValueType::kReal);
  }
  ColumnPair pair;
  pair.kind = ColumnKind::kCategorical;
  CountTexts(reference, current, &pair);
  return pair;
}

double NumberOf(const Json& value) {
  if (value.is_number()) return value.AsDouble();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string& text = value.AsString();
  if (text == "Infinity") return kInfinity;
  return text == "-Infinity" ? -kInfinity : std::numeric_limits<double>::quiet_NaN();
}

bool IsNear(double expected, double actual, double tolerance) {
  if (!std::isfinite(expected)) return expected == actual;
  if (std::abs(expected) < 1e-300 && std::abs(actual) < 1e-290) return true;
  const double near_zero = std::abs(expected) < 1e-9 ? 0 : 1e-12;
  if (expected == 0) return std::abs(actual) <= 1e-12;
  return std::abs(expected - actual) <= std::max(near_zero, tolerance * std::abs(expected));
}

}  // namespace millwright::statistics
