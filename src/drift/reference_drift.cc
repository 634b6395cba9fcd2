#include "drift/reference_drift.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "quality/histogram_sql.h"
#include "quality/plan_sql.h"
#include "statistics/distances.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::Session;
using analytics::Table;
using quality::ColumnProfile;
using quality::FiniteSql;
using quality::IsNumeric;
using quality::Join;
using quality::MissingSql;
using quality::OutsideCountsSql;
using quality::PresentSql;
using quality::Profile;
using quality::ReadOutsideCounts;
using quality::TableShape;
using quality::TextSql;
using quality::TopValue;

constexpr std::pair<DriftStatus, std::string_view> kStatusNames[] = {
    {DriftStatus::kMeasured, "measured"},
    {DriftStatus::kNotEnoughData, "not_enough_data"},
    {DriftStatus::kMissingColumn, "missing_column"},
};

// Counts of the reference and of the live rows in the same bins.
struct Counts {
  std::vector<int64_t> reference;
  std::vector<int64_t> current;
};

// Values are matched as text, so that 1 and 1.0 of two sources are the same.
std::string TextOf(const Json& value) {
  if (value.is_string()) return value.AsString();
  if (value.is_bool()) return value.AsBool() ? "true" : "false";
  if (!value.is_number()) return value.Dump();
  std::string text = Json(value.AsDouble()).Dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

// A value of a live column in the form of TextOf.
std::string MatchSql(const Column& column) {
  if (!IsNumeric(column)) return TextSql(column);
  return "regexp_replace(CAST(CAST(" + analytics::QuoteName(column.name) +
         " AS DOUBLE) AS VARCHAR), '\\.0$', '')";
}

int64_t ReferenceRows(const ColumnProfile& column, const std::vector<int64_t>& counts,
                      const Profile& profile) {
  const int64_t inside = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  return std::max<int64_t>(0, profile.row_count - column.missing - inside);
}

// The live rows of a categorical column: the reference's values in order, then all others.
std::vector<int64_t> CountCategories(Session& session, const std::string& table,
                                     const Column& column, const ColumnProfile& reference) {
  std::vector<std::string> quoted, values;
  for (const TopValue& value : reference.top_values) {
    values.push_back(TextOf(value.value));
    quoted.push_back(analytics::QuoteText(values.back()));
  }
  const std::string match = MatchSql(column);
  const std::string known = quoted.empty() ? "FALSE" : match + " IN (" + Join(quoted, ", ") + ")";
  const Table answer = session.Query("SELECT CASE WHEN " + known + " THEN " + match +
                                     " END AS value, count(*) FROM " + table + " WHERE " +
                                     PresentSql(column) + " GROUP BY 1");
  std::vector<int64_t> counts(values.size() + 1);
  for (size_t row = 0; row < answer.row_count(); ++row) {
    const auto found = answer.IsNull(row, 0)
                           ? values.end()
                           : std::find(values.begin(), values.end(), answer.Text(row, 0));
    counts[static_cast<size_t>(found - values.begin())] += answer.Int(row, 1);
  }
  return counts;
}

std::vector<int64_t> ReferenceCategories(const ColumnProfile& column) {
  std::vector<int64_t> counts;
  for (const TopValue& value : column.top_values) counts.push_back(value.count);
  return counts;
}

class Comparison {
 public:
  Comparison(Session& session, const std::string& table, const Profile& reference,
             const DriftOptions& options)
      : session_(session), table_(table), reference_(reference), options_(options) {
    shape_.columns = session.Describe("SELECT * FROM " + table);
  }

  std::vector<FeatureDrift> Run() {
    ScanNumbers();
    std::vector<FeatureDrift> features;
    for (size_t i = 0; i < reference_.columns.size(); ++i) features.push_back(Compare(i));
    return features;
  }

 private:
  // Tells whether a column is counted in the common scan.
  const Column* NumberColumn(const ColumnProfile& profile) const {
    const Column* column = shape_.Find(profile.name);
    if (column == nullptr || profile.categorical()) return nullptr;
    return IsNumeric(*column) || column->type == analytics::ColumnType::kBoolean ? column : nullptr;
  }

  void ScanNumbers() {
    std::vector<std::string> aggregates = {"count(*)"};
    for (const ColumnProfile& profile : reference_.columns) {
      if (const Column* column = shape_.Find(profile.name)) {
        aggregates.push_back("coalesce(count_if(" + MissingSql(*column) + "), 0)");
      }
      if (const Column* column = NumberColumn(profile)) {
        aggregates.push_back(OutsideCountsSql(FiniteSql(*column), profile.deciles->edges));
      }
    }
    const Table answer = session_.Query("SELECT " + Join(aggregates, ", ") + " FROM " + table_);
    rows_ = answer.Int(0, 0);
    size_t next = 1;
    for (const ColumnProfile& profile : reference_.columns) {
      missing_.push_back(shape_.Find(profile.name) ? answer.Int(0, next++) : 0);
      binned_.emplace_back();
      if (NumberColumn(profile) == nullptr) continue;
      binned_.back() = ReadOutsideCounts(answer.Text(0, next++), profile.deciles->edges.size());
    }
  }

  FeatureDrift Compare(size_t i) {
    const ColumnProfile& profile = reference_.columns[i];
    FeatureDrift feature;
    feature.name = profile.name;
    feature.type = profile.type;
    const auto own = options_.psi_thresholds.find(profile.name);
    feature.threshold = own == options_.psi_thresholds.end() ? options_.psi_threshold : own->second;
    const Column* column = shape_.Find(profile.name);
    if (column == nullptr || (!profile.categorical() && NumberColumn(profile) == nullptr)) {
      feature.status = DriftStatus::kMissingColumn;
      return feature;
    }
    if (rows_ < options_.rows_min || reference_.row_count == 0) {
      feature.status = DriftStatus::kNotEnoughData;
      return feature;
    }
    const Counts counts = profile.categorical() ? Categories(*column, profile, missing_[i])
                                                : Numbers(profile, binned_[i], missing_[i]);
    feature.score = statistics::Psi(counts.reference, counts.current);
    feature.drifted = *feature.score >= feature.threshold;
    return feature;
  }

  Counts Numbers(const ColumnProfile& profile, const std::vector<int64_t>& binned,
                 int64_t missing) const {
    Counts counts;
    counts.reference.push_back(0);
    counts.reference.insert(counts.reference.end(), profile.deciles->counts.begin(),
                            profile.deciles->counts.end());
    counts.reference.push_back(0);
    counts.reference.push_back(profile.missing);
    counts.current = binned;
    counts.current.push_back(missing);
    return counts;
  }

  Counts Categories(const Column& column, const ColumnProfile& profile, int64_t missing) {
    Counts counts;
    counts.reference = ReferenceCategories(profile);
    counts.reference.push_back(ReferenceRows(profile, counts.reference, reference_));
    counts.reference.push_back(profile.missing);
    counts.current = CountCategories(session_, table_, column, profile);
    counts.current.push_back(missing);
    return counts;
  }

  Session& session_;
  const std::string& table_;
  const Profile& reference_;
  const DriftOptions& options_;
  TableShape shape_;
  int64_t rows_ = 0;
  std::vector<int64_t> missing_;              // by reference column
  std::vector<std::vector<int64_t>> binned_;  // below, the deciles, above
};

std::vector<double> SharesOf(const std::vector<int64_t>& counts) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  std::vector<double> shares;
  for (int64_t count : counts) shares.push_back(total > 0 ? static_cast<double>(count) / total : 0);
  return shares;
}

}  // namespace

std::string_view DriftStatusName(DriftStatus status) {
  for (const auto& [value, name] : kStatusNames) {
    if (value == status) return name;
  }
  return "measured";
}

std::vector<FeatureDrift> CompareWithReference(Session& session, const std::string& table,
                                               const Profile& reference,
                                               const DriftOptions& options) {
  return Comparison(session, table, reference, options).Run();
}

Distribution CompareDistribution(Session& session, const std::string& table,
                                 const ColumnProfile& reference) {
  const TableShape shape{session.Describe("SELECT * FROM " + table)};
  const Column& column = shape.At(reference.name);
  Distribution distribution;
  distribution.feature = reference.name;
  if (reference.categorical()) {
    std::vector<int64_t> known = ReferenceCategories(reference);
    known.push_back(0);
    for (const TopValue& value : reference.top_values) {
      distribution.categories.push_back(TextOf(value.value));
    }
    distribution.categories.push_back("(other)");
    distribution.reference = SharesOf(known);
    distribution.current = SharesOf(CountCategories(session, table, column, reference));
    return distribution;
  }
  if (!reference.histogram) throw FailedPrecondition("No histogram of {}", reference.name);
  const std::vector<double>& edges = reference.histogram->edges;
  const Table answer =
      session.Query("SELECT " + OutsideCountsSql(FiniteSql(column), edges) + " FROM " + table);
  std::vector<int64_t> counts = ReadOutsideCounts(answer.Text(0, 0), edges.size());
  counts[1] += counts.front();
  counts[counts.size() - 2] += counts.back();
  distribution.edges = edges;
  distribution.reference = SharesOf(reference.histogram->counts);
  distribution.current = SharesOf({counts.begin() + 1, counts.end() - 1});
  return distribution;
}

}  // namespace millwright::drift
