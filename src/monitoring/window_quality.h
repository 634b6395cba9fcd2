#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "monitoring/prediction_log.h"
#include "monitoring/row_distance.h"
#include "quality/profile.h"

// What is wrong with the rows of a window by themselves, one by one: against what the reference
// says that a feature may be, and against how far its rows lie from one another.
namespace millwright::monitoring {

inline constexpr size_t kWorstRowsMax = 20;

// Rows of a window that a feature's value is not what the reference's are.
struct FeatureBreaches {
  std::string feature;
  // Missing where the reference never was.
  int64_t missing = 0;
  // Neither among the values of a reference that has all of its values kept.
  int64_t new_category = 0;
  // Below the least or above the largest, or infinite.
  int64_t out_of_range = 0;
  // A text that is no number where numbers were, or the other way around.
  int64_t type_changed = 0;
  // Whose own time is older than the monitor allows, or not known.
  int64_t stale = 0;
  bool is_constant = false;  // one value in all rows, where the reference has several
  bool is_absent = false;    // no row has the feature

  bool any() const {
    return missing + new_category + out_of_range + type_changed + stale > 0 || is_constant ||
           is_absent;
  }
};

struct WorstRow {
  std::string id;  // of the prediction
  int64_t time_ms = 0;
  double distance = 0;  // in units of RowDistance's limit; 1 where a category is rare
  std::string reason;   // the number that is farthest, or the rare category
  std::string value;    // of it
};

struct WindowQuality {
  int64_t rows = 0;
  int64_t outliers = 0;
  std::vector<WorstRow> worst;            // the farthest first
  std::vector<FeatureBreaches> breaches;  // features with any
  std::vector<std::string> new_columns;   // inputs that the reference has not

  double outlier_share() const {
    return rows > 0 ? static_cast<double>(outliers) / static_cast<double>(rows) : 0;
  }
  int64_t CountOf(int64_t FeatureBreaches::*kind) const;
  int64_t stale_features() const;  // stale or constant

  Json ToJson() const;
  static WindowQuality FromJson(const Json& json);
};

// Conditions over the columns of the view `predictions` that find the rows of a breach again, by
// feature and kind ("missing", …).
using BreachConditions = std::map<std::string, std::map<std::string, std::string>>;

struct QualityRules {
  // An input that says when a feature's value was made, by feature: milliseconds or seconds since
  // 1970, or a time as text.
  std::map<std::string, std::string> feature_times;
  int64_t stale_after_ms = 0;
  int64_t rows_min = 1;  // fewer are not called constant
  std::set<std::string>
      often_constant;  // in windows of the reference, and so called constant in none
  std::set<std::string> known_columns;  // of the reference; without any, none is called new
};

// Measures a table with the log's columns (input_…, id, event_time_ms) and __row, a number that is
// a row's own. `profile` says what each feature was; features are the profile's columns.
WindowQuality MeasureQuality(analytics::Session& session, const std::string& table,
                             const quality::Profile& profile, const RowDistance& distance,
                             const QualityRules& rules);

// Of the features that have breaches; `columns` are those of the log.
BreachConditions FindBreachConditions(const std::vector<analytics::Column>& columns,
                                      const quality::Profile& profile, const QualityRules& rules,
                                      const std::vector<FeatureBreaches>& breaches);

}  // namespace millwright::monitoring
