#include "monitoring/window_quality.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "drift/bin_counts.h"
#include "quality/plan.h"
#include "quality/plan_sql.h"

namespace millwright::monitoring {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::NumberSpan;
using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Session;
using analytics::Table;
using quality::ColumnProfile;

constexpr double kNoDistance = -1;
// Numbers of time below this are seconds: as milliseconds they would be before 1973.
constexpr char kSecondsBelow[] = "1e11";
constexpr size_t kNewColumnsMax = 20;

struct Field {
  std::string_view name;
  int64_t FeatureBreaches::*count;
};
constexpr Field kFields[] = {
    {"missing", &FeatureBreaches::missing},
    {"new_category", &FeatureBreaches::new_category},
    {"out_of_range", &FeatureBreaches::out_of_range},
    {"type_changed", &FeatureBreaches::type_changed},
    {"stale", &FeatureBreaches::stale},
};

bool IsNumeric(const Column& column) {
  return column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
}

bool WasNumber(const ColumnProfile& column) {
  return column.min.is_number() && column.max.is_number();
}

bool WasTruth(const ColumnProfile& column) {
  return column.type == analytics::ColumnTypeName(ColumnType::kBoolean);
}

bool WasText(const ColumnProfile& column) {
  return column.type == analytics::ColumnTypeName(ColumnType::kText);
}

// The values that a reference had, where all of them are kept.
std::vector<std::string> AllValues(const ColumnProfile& column, int64_t rows) {
  int64_t seen = column.missing;
  std::vector<std::string> values;
  for (const quality::TopValue& value : column.top_values) {
    seen += value.count;
    values.push_back(QuoteText(drift::MatchText(value.value)));
  }
  return column.categorical() && seen >= rows ? values : std::vector<std::string>();
}

// One aggregate for each kind of breach of one feature, in the order of kFields, and then whether
// it is constant and whether it has a value at all.
class FeatureAggregates {
 public:
  FeatureAggregates(const ColumnProfile& profile, int64_t reference_rows,
                    const quality::TableShape& shape, const QualityRules& rules)
      : profile_(profile), reference_rows_(reference_rows), shape_(shape), rules_(rules) {
    column_ = shape.Find(kInputPrefix + profile.name);
  }

  bool is_absent() const { return column_ == nullptr; }

  // In the order of kFields.
  std::vector<std::string> Conditions() const {
    const std::string missing = MissingSql();
    const std::string present = "NOT (" + missing + ")";
    const std::string wrong = TypeChangedSql();
    return {profile_.missing == 0 ? missing : "FALSE", CategorySql(present),
            RangeSql(present, wrong), present + " AND " + wrong, StaleSql(present)};
  }

  std::vector<std::string> Sql() const {
    std::vector<std::string> aggregates;
    for (const std::string& condition : Conditions()) {
      aggregates.push_back("coalesce(count_if(" + condition + "), 0)");
    }
    const std::string name = QuoteName(column_->name);
    aggregates.push_back(profile_.distinct > 1 && !rules_.often_constant.contains(profile_.name)
                             ? "min(" + name + ") IS NOT DISTINCT FROM max(" + name +
                                   ") AND count(" + name + ") >= " + std::to_string(rules_.rows_min)
                             : "FALSE");
    aggregates.push_back("count(" + name + ")");
    return aggregates;
  }

 private:
  // The column as a number; nothing where it is none.
  std::string NumberSql() const {
    const std::string name = QuoteName(column_->name);
    if (column_->type == ColumnType::kBoolean) return "CAST(CAST(" + name + " AS INT) AS DOUBLE)";
    return "TRY_CAST(" + name + " AS DOUBLE)";
  }

  // Numbers in a column of text may be "NaN".
  std::string MissingSql() const {
    const std::string missing = quality::MissingSql(*column_);
    if (!WasNumber(profile_) || column_->type != ColumnType::kText) return missing;
    return "(" + missing + " OR coalesce(isnan(" + NumberSql() + "), FALSE))";
  }

  // Of a value that is there. A column of the log that has two types is text.
  std::string TypeChangedSql() const {
    if (WasNumber(profile_)) {
      if (column_->type == ColumnType::kBoolean) return "TRUE";
      return column_->type == ColumnType::kText ? NumberSql() + " IS NULL" : "FALSE";
    }
    if (WasTruth(profile_)) {
      if (column_->type == ColumnType::kText) {
        return QuoteName(column_->name) + " NOT IN ('true', 'false')";
      }
      // Truth values come as 0 and 1 from many a client.
      return IsNumeric(*column_) ? QuoteName(column_->name) + " NOT IN (0, 1)" : "FALSE";
    }
    if (!WasText(profile_)) return "FALSE";
    return column_->type == ColumnType::kText ? "FALSE" : "TRUE";
  }

  std::string CategorySql(const std::string& present) const {
    const std::vector<std::string> values = AllValues(profile_, reference_rows_);
    if (values.empty() || !WasText(profile_) || column_->type != ColumnType::kText) return "FALSE";
    return present + " AND " + QuoteName(column_->name) + " NOT IN (" +
           quality::Join(values, ", ") + ")";
  }

  std::string RangeSql(const std::string& present, const std::string& wrong) const {
    if (!WasNumber(profile_)) return "FALSE";
    const std::string number = NumberSql();
    return present + " AND NOT (" + wrong + ") AND (" + number + " < " + profile_.min.Dump() +
           " OR " + number + " > " + profile_.max.Dump() + " OR isinf(" + number + "))";
  }

  std::string StaleSql(const std::string& present) const {
    const auto own = rules_.feature_times.find(profile_.name);
    if (own == rules_.feature_times.end() || rules_.stale_after_ms <= 0) return "FALSE";
    const Column* time = shape_.Find(kInputPrefix + own->second);
    if (time == nullptr) return present;
    const std::string name = QuoteName(time->name);
    // A text may have an offset.
    const std::string type = time->type == ColumnType::kText ? "TIMESTAMPTZ" : "TIMESTAMP";
    const std::string ms = IsNumeric(*time)
                               ? "CASE WHEN abs(" + name + ") < " + kSecondsBelow + " THEN " +
                                     name + " * 1000 ELSE " + name + " END"
                               : "CAST(epoch_ms(TRY_CAST(" + name + " AS " + type + ")) AS DOUBLE)";
    return present + " AND coalesce(event_time_ms - (" + ms + ") > " +
           std::to_string(rules_.stale_after_ms) + ", TRUE)";
  }

  const ColumnProfile& profile_;
  const int64_t reference_rows_;
  const quality::TableShape& shape_;
  const QualityRules& rules_;
  const Column* column_ = nullptr;
};

// Features are asked in parts, as wide tables hold more state than memory may have.
constexpr size_t kFeaturesPerScan = 100;

void MeasureBreaches(Session& session, const std::string& table, const quality::TableShape& shape,
                     const quality::Profile& profile, const QualityRules& rules,
                     WindowQuality* quality) {
  std::vector<std::string> aggregates;
  std::vector<FeatureBreaches> asked;
  const auto ask = [&] {
    if (asked.empty()) return;
    const Table answer =
        session.Query("SELECT " + quality::Join(aggregates, ", ") + " FROM " + table);
    size_t next = 0;
    for (FeatureBreaches& feature : asked) {
      for (const Field& field : kFields) feature.*field.count = answer.Int(0, next++);
      feature.is_constant = answer.Text(0, next++) == "true";
      feature.is_absent = answer.Int(0, next++) == 0 && quality->rows > 0;
      if (feature.any()) quality->breaches.push_back(std::move(feature));
    }
    asked.clear();
    aggregates.clear();
  };
  for (const ColumnProfile& column : profile.columns) {
    const FeatureAggregates feature(column, profile.row_count, shape, rules);
    if (column.distinct == 0) continue;  // of nothing, nothing can be said
    if (feature.is_absent()) {
      quality->breaches.push_back({.feature = column.name, .is_absent = true});
      continue;
    }
    asked.push_back({.feature = column.name});
    for (std::string& sql : feature.Sql()) aggregates.push_back(std::move(sql));
    if (asked.size() == kFeaturesPerScan) ask();
  }
  ask();
}

// Inputs of the log that the reference does not have, and of which some row has a value.
std::vector<std::string> FindNewColumns(Session& session, const std::string& table,
                                        const quality::TableShape& shape,
                                        const QualityRules& rules) {
  std::vector<std::string> unknown, present;
  for (const Column& column : shape.columns) {
    if (rules.known_columns.empty() || !column.name.starts_with(kInputPrefix)) continue;
    const std::string name = column.name.substr(sizeof kInputPrefix - 1);
    const bool is_time = std::any_of(rules.feature_times.begin(), rules.feature_times.end(),
                                     [&](const auto& one) { return one.second == name; });
    if (!is_time && !rules.known_columns.contains(name)) unknown.push_back(name);
  }
  for (size_t begin = 0; begin < unknown.size(); begin += kFeaturesPerScan) {
    const size_t end = std::min(begin + kFeaturesPerScan, unknown.size());
    std::vector<std::string> counts;
    for (size_t i = begin; i < end; ++i) {
      counts.push_back("count(" + QuoteName(kInputPrefix + unknown[i]) + ")");
    }
    const Table answer = session.Query("SELECT " + quality::Join(counts, ", ") + " FROM " + table);
    for (size_t i = begin; i < end; ++i) {
      if (present.size() < kNewColumnsMax && answer.Int(0, i - begin) > 0)
        present.push_back(unknown[i]);
    }
  }
  return present;
}

// A row that was read: its number in the table, its distance and what adds most to it.
struct FarRow {
  int64_t row = 0;
  double distance = 0;
  std::string reason;
  bool operator<(const FarRow& other) const { return distance > other.distance; }
};

class OutlierScan {
 public:
  OutlierScan(Session& session, const std::string& table, const quality::TableShape& shape,
              const RowDistance& distance, WindowQuality* quality)
      : session_(session), table_(table), shape_(shape), distance_(distance), quality_(quality) {}

  void Run() {
    std::vector<std::string> columns = {"__row"};
    for (const RowDistance::Number& number : distance_.numbers)
      columns.push_back(NumberSql(number));
    for (const RowDistance::Categories& one : distance_.categories) columns.push_back(RareSql(one));
    if (columns.size() == 1) return;
    session_.StreamNumbers("SELECT " + quality::Join(columns, ", ") + " FROM " + table_,
                           [&](const std::vector<NumberSpan>& spans, size_t rows) {
                             for (size_t row = 0; row < rows; ++row) Take(spans, row);
                             return true;
                           });
    std::sort_heap(far_.begin(), far_.end());
    for (const FarRow& row : far_) Read(row);
  }

 private:
  std::string NumberSql(const RowDistance::Number& number) const {
    const Column* column = shape_.Find(kInputPrefix + number.name);
    if (column == nullptr) return "CAST(NULL AS DOUBLE)";
    return "TRY_CAST(" + QuoteName(column->name) + " AS DOUBLE)";
  }
  std::string RareSql(const RowDistance::Categories& one) const {
    const Column* column = shape_.Find(kInputPrefix + one.name);
    if (column == nullptr || column->type != ColumnType::kText) return "CAST(0 AS BIGINT)";
    std::vector<std::string> values;
    for (const std::string& value : one.frequent) values.push_back(QuoteText(value));
    const std::string name = QuoteName(column->name);
    return "CAST(" + name + " IS NOT NULL AND " + name + " NOT IN (" + quality::Join(values, ", ") +
           ") AS BIGINT)";
  }

  void Take(const std::vector<NumberSpan>& spans, size_t row) {
    const size_t numbers = distance_.numbers.size();
    values_.resize(numbers);
    for (size_t i = 0; i < numbers; ++i) {
      values_[i] = spans[i + 1].Has(row) ? spans[i + 1].reals[row]
                                         : std::numeric_limits<double>::quiet_NaN();
    }
    FarRow one{spans[0].integers[row], kNoDistance, ""};
    if (numbers > 0) {
      size_t farthest = 0;
      one.distance = distance_.Measure(values_, &farthest);
      one.reason = distance_.numbers[farthest].name;
    }
    bool is_outlier = one.distance > 1;
    for (size_t i = 0; i < distance_.categories.size(); ++i) {
      if (spans[1 + numbers + i].integers[row] == 0 || is_outlier) continue;
      is_outlier = true;
      one.distance = 1;
      one.reason = distance_.categories[i].name;
    }
    if (!is_outlier) return;
    ++quality_->outliers;
    if (far_.size() == kWorstRowsMax) {
      if (!(one < far_.front())) return;
      std::pop_heap(far_.begin(), far_.end());
      far_.pop_back();
    }
    far_.push_back(std::move(one));
    std::push_heap(far_.begin(), far_.end());
  }

  void Read(const FarRow& row) {
    const Table answer =
        session_.Query("SELECT id, event_time_ms, CAST(" + QuoteName(kInputPrefix + row.reason) +
                       " AS VARCHAR) FROM " + table_ + " WHERE __row = " + std::to_string(row.row));
    quality_->worst.push_back(
        {answer.Text(0, 0), answer.Int(0, 1), row.distance, row.reason, answer.Text(0, 2)});
  }

  Session& session_;
  const std::string& table_;
  const quality::TableShape& shape_;
  const RowDistance& distance_;
  WindowQuality* quality_;
  std::vector<double> values_;
  std::vector<FarRow> far_;  // a heap whose front is the nearest
};

}  // namespace

int64_t WindowQuality::CountOf(int64_t FeatureBreaches::*kind) const {
  int64_t count = 0;
  for (const FeatureBreaches& feature : breaches) count += feature.*kind;
  return count;
}

int64_t WindowQuality::stale_features() const {
  return std::count_if(breaches.begin(), breaches.end(), [](const FeatureBreaches& feature) {
    return feature.stale > 0 || feature.is_constant;
  });
}

Json WindowQuality::ToJson() const {
  Json far = Json::MakeArray(), list = Json::MakeArray(), fresh = Json::MakeArray();
  for (const WorstRow& row : worst) {
    far.Append(Json::Of({{"id", row.id},
                         {"time_ms", row.time_ms},
                         {"distance", row.distance},
                         {"reason", row.reason},
                         {"value", row.value}}));
  }
  for (const FeatureBreaches& feature : breaches) {
    Json one = Json::Of({{"feature", feature.feature}});
    for (const Field& field : kFields) one.Set(std::string(field.name), feature.*field.count);
    one.Set("constant", feature.is_constant).Set("absent", feature.is_absent);
    list.Append(std::move(one));
  }
  for (const std::string& name : new_columns) fresh.Append(name);
  return Json::Of({{"rows", rows},
                   {"outliers", outliers},
                   {"worst", std::move(far)},
                   {"breaches", std::move(list)},
                   {"new_columns", std::move(fresh)}});
}

WindowQuality WindowQuality::FromJson(const Json& json) {
  WindowQuality quality;
  if (!json.Has("rows")) return quality;  // of a window that was measured before there was this
  quality.rows = json.GetInt("rows");
  quality.outliers = json.GetInt("outliers");
  for (const Json& row : json.At("worst").AsArray("worst")) {
    quality.worst.push_back({row.GetString("id"), row.GetInt("time_ms"), row.GetDouble("distance"),
                             row.GetString("reason"), row.GetString("value")});
  }
  for (const Json& one : json.At("breaches").AsArray("breaches")) {
    FeatureBreaches& feature = quality.breaches.emplace_back();
    feature.feature = one.GetString("feature");
    for (const Field& field : kFields) feature.*field.count = one.GetInt(field.name);
    feature.is_constant = one.GetBool("constant");
    feature.is_absent = one.GetBool("absent");
  }
  quality.new_columns = json.GetStrings("new_columns");
  return quality;
}

BreachConditions FindBreachConditions(const std::vector<Column>& columns,
                                      const quality::Profile& profile, const QualityRules& rules,
                                      const std::vector<FeatureBreaches>& breaches) {
  const quality::TableShape shape{columns};
  BreachConditions found;
  for (const FeatureBreaches& breach : breaches) {
    const ColumnProfile* column = profile.Find(breach.feature);
    if (column == nullptr) continue;
    const FeatureAggregates feature(*column, profile.row_count, shape, rules);
    if (feature.is_absent()) continue;
    const std::vector<std::string> conditions = feature.Conditions();
    for (size_t i = 0; i < conditions.size(); ++i) {
      if (breach.*kFields[i].count == 0) continue;
      found[breach.feature][std::string(kFields[i].name)] = conditions[i];
    }
  }
  return found;
}

WindowQuality MeasureQuality(Session& session, const std::string& table,
                             const quality::Profile& profile, const RowDistance& distance,
                             const QualityRules& rules) {
  WindowQuality quality;
  const quality::TableShape shape{session.Describe("SELECT * FROM " + table)};
  quality.rows = session.Query("SELECT count(*) FROM " + table).Int(0, 0);
  MeasureBreaches(session, table, shape, profile, rules, &quality);
  quality.new_columns = FindNewColumns(session, table, shape, rules);
  OutlierScan(session, table, shape, distance, &quality).Run();
  return quality;
}

}  // namespace millwright::monitoring
