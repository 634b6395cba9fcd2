#include "drift/observed_feature.h"

#include <algorithm>

#include "base/error.h"
#include "drift/embedding.h"
#include "quality/plan_sql.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;

constexpr std::pair<Observation, std::string_view> kNames[] = {
    {Observation::kValue, "value"},         {Observation::kTextLength, "length"},
    {Observation::kTextWords, "words"},     {Observation::kVocabulary, "vocabulary"},
    {Observation::kHour, "hour"},           {Observation::kWeekday, "weekday"},
    {Observation::kEmbedding, "embedding"},
};

constexpr char kWordPattern[] = "[\\p{L}\\p{N}]+";

ObservedFeature Part(const Column& column, Observation observation) {
  return {column.name + ":" + std::string(ObservationName(observation)), column.name, observation};
}

// Tells of each column whether it is a text of which hardly any value comes twice.
std::vector<bool> FreeTexts(Session& session, const std::string& table,
                            const std::vector<Column>& columns) {
  std::vector<bool> free(columns.size());
  std::vector<std::string> tests;
  std::vector<size_t> places;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type != ColumnType::kText) continue;
    const std::string name = QuoteName(columns[i].name);
    tests.push_back("coalesce(approx_count_distinct(" + name + ") * 2 > count(" + name +
                    "), false) AND count(" + name + ") > 0");
    places.push_back(i);
  }
  if (tests.empty()) return free;
  const analytics::Table answer =
      session.Query("SELECT " + quality::Join(tests, ", ") + " FROM " + table);
  for (size_t i = 0; i < places.size(); ++i) free[places[i]] = answer.Text(0, i) == "true";
  return free;
}

std::string ExpressionSql(const ObservedFeature& feature) {
  const std::string name = QuoteName(feature.column);
  switch (feature.observation) {
    case Observation::kTextLength:
      return "length(" + name + ")";
    case Observation::kTextWords:
      return "len(regexp_extract_all(" + name + ", '" + kWordPattern + "'))";
    case Observation::kHour:
      return "CAST(hour(" + name + ") AS VARCHAR)";
    case Observation::kWeekday:
      return "dayname(" + name + ")";
    case Observation::kValue:
    case Observation::kVocabulary:
    case Observation::kEmbedding:
      break;
  }
  return name;
}

}  // namespace

std::string_view ObservationName(Observation observation) {
  for (const auto& [value, name] : kNames) {
    if (value == observation) return name;
  }
  return "value";
}

Observation ParseObservation(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  throw InvalidArgument("Unknown observation: {}", name);
}

std::vector<ObservedFeature> ObserveTable(Session& session, const std::string& table,
                                          const std::vector<std::string>& columns,
                                          const std::string& leave_out) {
  const quality::TableShape shape{session.Describe("SELECT * FROM " + table)};
  std::vector<Column> chosen;
  for (const std::string& name : columns) chosen.push_back(shape.At(name));
  if (columns.empty()) chosen = shape.columns;
  const std::vector<bool> free_text = FreeTexts(session, table, chosen);
  std::vector<ObservedFeature> features;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const Column& column = chosen[i];
    if (IsEmbedding(column)) features.push_back(Part(column, Observation::kEmbedding));
    if (column.type == ColumnType::kOther || column.name == leave_out) continue;
    if (free_text[i]) {
      for (auto part :
           {Observation::kTextLength, Observation::kTextWords, Observation::kVocabulary}) {
        features.push_back(Part(column, part));
      }
    } else if (quality::IsTemporal(column)) {
      if (column.type == ColumnType::kTimestamp)
        features.push_back(Part(column, Observation::kHour));
      features.push_back(Part(column, Observation::kWeekday));
    } else {
      features.push_back({column.name, column.name, Observation::kValue});
    }
  }
  return features;
}

std::string ObservedSql(Session& session, const std::string& table,
                        const std::vector<ObservedFeature>& features, const std::string& also) {
  const quality::TableShape shape{session.Describe("SELECT * FROM " + table)};
  std::vector<std::string> parts;
  for (const ObservedFeature& feature : features) {
    const bool is_apart = feature.observation == Observation::kVocabulary ||
                          feature.observation == Observation::kEmbedding;
    if (is_apart) continue;
    const Column* column = shape.Find(feature.column);
    if (column == nullptr) continue;
    // A part of a column that changed its type would be an error of SQL; it is a missing column.
    const bool is_time =
        feature.observation == Observation::kHour || feature.observation == Observation::kWeekday;
    const bool is_text = feature.observation == Observation::kTextLength ||
                         feature.observation == Observation::kTextWords;
    if (is_time && !quality::IsTemporal(*column)) continue;
    if (is_text && column->type != ColumnType::kText) continue;
    parts.push_back(ExpressionSql(feature) + " AS " + QuoteName(feature.name));
  }
  if (!also.empty()) parts.push_back(QuoteName(shape.At(also).name) + " AS " + QuoteName(also));
  if (parts.empty()) parts.push_back("1 AS \"nothing\"");
  return "(SELECT " + quality::Join(parts, ", ") + " FROM " + table + ")";
}

std::string WordsSql(const std::string& table, const std::string& column) {
  return "(SELECT unnest(regexp_extract_all(lower(" + QuoteName(column) + "), '" + kWordPattern +
         "')) AS word FROM " + table + ")";
}

}  // namespace millwright::drift
