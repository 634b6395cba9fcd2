#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "drift/reference_drift.h"
#include "monitoring/monitor.h"

namespace millwright::monitoring {

// Rows of a reference that are kept for tests that need values: all of a small one. Of a larger one
// each column is kept as so many of its values at equal steps of their order, so that a
// distribution is off by no more than a step.
inline constexpr int64_t kSampledRowsMax = 5000;

// A reference's columns one by one: what stands in one row of two columns belongs together only by
// chance.
struct ReferenceSample {
  struct Column {
    analytics::Column column;
    bool is_free_text = false;  // more than half of all values are distinct
    Json values;                // at most kSampledRowsMax, without missing ones
  };
  int64_t rows = 0;          // of the reference
  int64_t sampled_rows = 0;  // a column with fewer values has had missing ones
  std::vector<Column> columns;
};

// What a monitor keeps of the rows that it compares with, so that they are never read again.
struct MonitorReference {
  drift::Reference drift;
  std::optional<ReferenceSample> sample;  // for the preset evidently
  // Of what detectors watch, by its name: "score", "error" or a feature's. CUSUM needs it.
  std::map<std::string, Level> levels;
  std::optional<MonitorSuite> suite;
  // Features that had one value in all rows of some window of the reference, as the weekday has in
  // each day.
  std::set<std::string> often_constant;
  // How far rows lie from these. What was learnt of a profile alone is less exact.
  RowDistance distance;

  MonitorReference() = default;
  // A profile alone, as a model version carries it, has no seasons and no values.
  explicit MonitorReference(quality::Profile profile);

  Json ToJson() const;
  // Reads what ToJson wrote, a reference of drift or a bare profile. Throws kInvalidArgument.
  static MonitorReference FromJson(const Json& json);
  // Only what the features of a monitor need; all when there are none. A name stands for a column
  // or for one of the things that are observed of it.
  MonitorReference Of(const std::vector<std::string>& features) const;
};

// The profile of those features that are columns as they are: neither lengths of texts nor hours.
quality::Profile ProfileOfColumns(const drift::Reference& reference);

// The newest rows of a reference that a level is learnt of.
inline constexpr int64_t kLevelRowsMax = 1'000'000;

// What `sql`, a number for each row of a table, is like, of the newest kLevelRowsMax rows by
// `time_ms` (SQL). `season` is SQL of the place in the season, or empty. None where it is no number
// in any row.
std::optional<Level> MeasureLevel(analytics::Session& session, const std::string& table,
                                  const std::string& sql, const std::string& time_ms,
                                  const std::string& season);

// The name of the time column in references that are made out of the log.
inline constexpr char kEventTimeColumn[] = "__event_time";

// Profiles a table, or a table expression, as what a monitor of this spec needs of a reference.
// `time_column`, which is not watched itself, holds times, or milliseconds since 1970; it may be
// empty where the spec has no season. Text that reads as times throughout is taken for times.
// Throws kInvalidArgument.
MonitorReference MakeMonitorReference(analytics::Session& session, const std::string& table,
                                      const MonitorSpec& spec, const std::string& time_column);
// Throws kInvalidArgument where a reference lacks what the spec asks of it.
void CheckReference(const MonitorSpec& spec, const MonitorReference& reference);

// Compares a table with the reference as the spec's preset does. A table of fewer rows than the
// spec's least is "not enough data" in all of its features.
std::vector<drift::FeatureDrift> CompareWindow(analytics::Session& session,
                                               const std::string& table, int64_t rows,
                                               const MonitorSpec& spec,
                                               const MonitorReference& reference);

struct Monitor {
  MonitorSpec spec;
  MonitorReference reference;
  MonitorState state = MonitorState::kActive;
  int64_t created_ms = 0;
};

}  // namespace millwright::monitoring
