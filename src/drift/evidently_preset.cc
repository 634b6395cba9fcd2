#include "drift/evidently_preset.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "quality/plan_sql.h"
#include "statistics/drift_tests.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::Session;
using analytics::Table;
using statistics::ColumnKind;
using statistics::ColumnPair;
using statistics::DriftTest;
using statistics::ValueType;

constexpr int64_t kFewIntegers = 10;
constexpr size_t kShownCategories = 20;

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string NumberSql(const Column& column) {
  return "CAST(" + analytics::QuoteName(column.name) + " AS DOUBLE)";
}

// What has a value: infinities are dropped like missing ones.
std::string PresentSql(const Column& column) {
  std::string present = quality::PresentSql(column);
  if (column.type == ColumnType::kDouble) present += " AND isfinite(" + NumberSql(column) + ")";
  return present;
}

std::vector<double> ReadNumbers(Session& session, const std::string& table, const Column& column) {
  std::vector<double> numbers;
  session.Stream("SELECT " + NumberSql(column) + " FROM " + table + " WHERE " + PresentSql(column),
                 [&](const Table& part) {
                   for (size_t row = 0; row < part.row_count(); ++row) {
                     numbers.push_back(part.Double(row, 0));
                   }
                   return true;
                 });
  return numbers;
}

// Values in the order in which Evidently sorts them: numbers by size, text by bytes.
using Key = std::pair<double, std::string>;
using Categories = std::map<Key, std::pair<int64_t, int64_t>>;

void CountCategories(Session& session, const std::string& table, const Column& column,
                     int64_t std::pair<int64_t, int64_t>::*side, Categories* categories) {
  const bool is_number = quality::IsNumeric(column);
  const std::string text =
      is_number ? "CAST(" + NumberSql(column) + " AS VARCHAR)" : quality::TextSql(column);
  const Table answer = session.Query("SELECT " + text + ", count(*) FROM " + table + " WHERE " +
                                     PresentSql(column) + " GROUP BY 1");
  for (size_t row = 0; row < answer.row_count(); ++row) {
    std::string value = answer.Text(row, 0);
    const double number = is_number ? std::strtod(value.c_str(), nullptr) : 0;
    if (is_number && value.ends_with(".0")) value.resize(value.size() - 2);
    (*categories)[{number, value}].*side += answer.Int(row, 1);
  }
}

class Comparison {
 public:
  Comparison(Session& session, const std::string& reference, const std::string& current,
             const EvidentlyOptions& options)
      : session_(session), reference_(reference), current_(current), options_(options) {
    reference_shape_.columns = session.Describe("SELECT * FROM " + reference);
    current_shape_.columns = session.Describe("SELECT * FROM " + current);
  }

  DriftReport Run() {
    report_.preset = "evidently";
    report_.drift_share = options_.drift_share;
    report_.reference_rows = session_.Query("SELECT count(*) FROM " + reference_).Int(0, 0);
    report_.current_rows = session_.Query("SELECT count(*) FROM " + current_).Int(0, 0);
    for (const std::string& name : options_.columns) reference_shape_.At(name);
    for (const auto& [name, method] : options_.methods) reference_shape_.At(name);
    for (const Column& column : reference_shape_.columns) {
      if (!options_.columns.empty() && !Has(options_.columns, column.name)) continue;
      if (column.type == ColumnType::kOther || quality::IsTemporal(column)) continue;
      Compare(column);
    }
    return std::move(report_);
  }

 private:
  void Compare(const Column& column) {
    FeatureDrift feature;
    feature.name = column.name;
    feature.method.clear();
    const Column* other = current_shape_.Find(column.name);
    if (other == nullptr) {
      feature.type = analytics::ColumnTypeName(column.type);
      feature.status = DriftStatus::kMissingColumn;
      feature.note = "no such column";
      report_.features.push_back(std::move(feature));
      return;
    }
    const ColumnKind kind = KindOf(column, *other);
    feature.type = kind == ColumnKind::kNumeric ? "num" : "cat";
    if (kind == ColumnKind::kCategorical && IsFreeText(column)) {
      feature.type = "text";
      feature.status = DriftStatus::kNotApplicable;
      feature.note = "free text";
    } else {
      Measure(column, *other, kind, &feature);
    }
    report_.features.push_back(std::move(feature));
  }

  ColumnKind KindOf(const Column& column, const Column& other) {
    if (Has(options_.categorical, column.name)) return ColumnKind::kCategorical;
    if (!quality::IsNumeric(column) || !quality::IsNumeric(other)) return ColumnKind::kCategorical;
    if (Has(options_.numeric, column.name) || column.type != ColumnType::kInteger) {
      return ColumnKind::kNumeric;
    }
    return DistinctOf(column) <= kFewIntegers ? ColumnKind::kCategorical : ColumnKind::kNumeric;
  }

  int64_t DistinctOf(const Column& column) {
    return session_
        .Query("SELECT count(DISTINCT " + analytics::QuoteName(column.name) + ") FROM " +
               reference_)
        .Int(0, 0);
  }

  bool IsFreeText(const Column& column) {
    if (column.type != ColumnType::kText || Has(options_.categorical, column.name)) return false;
    const int64_t values =
        session_.Query("SELECT count(" + analytics::QuoteName(column.name) + ") FROM " + reference_)
            .Int(0, 0);
    return 2 * DistinctOf(column) > values;
  }

  // pandas holds whole numbers with a gap as real ones.
  ValueType TypeOf(const Column& column, const Column& other, const ColumnPair& pair) const {
    const bool integers = column.type == ColumnType::kInteger &&
                          other.type == ColumnType::kInteger &&
                          static_cast<int64_t>(pair.reference.size()) == report_.reference_rows &&
                          static_cast<int64_t>(pair.current.size()) == report_.current_rows;
    return integers ? ValueType::kInteger : ValueType::kReal;
  }

  ColumnPair ReadPair(const Column& column, const Column& other, ColumnKind kind,
                      std::vector<std::string>* categories) {
    ColumnPair pair;
    pair.kind = kind;
    if (kind == ColumnKind::kNumeric) {
      pair.reference = ReadNumbers(session_, reference_, column);
      pair.current = ReadNumbers(session_, current_, other);
      const ValueType type = TypeOf(column, other, pair);
      return statistics::NumericPair(std::move(pair.reference), std::move(pair.current), type);
    }
    Categories counts;
    CountCategories(session_, reference_, column, &std::pair<int64_t, int64_t>::first, &counts);
    CountCategories(session_, current_, other, &std::pair<int64_t, int64_t>::second, &counts);
    for (const auto& [key, count] : counts) {
      categories->push_back(key.second);
      pair.reference_counts.push_back(count.first);
      pair.current_counts.push_back(count.second);
    }
    return pair;
  }

  const DriftTest& TestOf(const std::string& name, const ColumnPair& pair) const {
    const auto own = options_.methods.find(name);
    if (own != options_.methods.end()) return statistics::FindDriftTest(own->second);
    const std::string& method =
        pair.kind == ColumnKind::kNumeric ? options_.numeric_method : options_.categorical_method;
    return method.empty() ? statistics::EvidentlyDefault(pair) : statistics::FindDriftTest(method);
  }

  void Measure(const Column& column, const Column& other, ColumnKind kind, FeatureDrift* feature) {
    std::vector<std::string> categories;
    const ColumnPair pair = ReadPair(column, other, kind, &categories);
    if (pair.reference_counts.empty() || pair.reference_rows() == 0 || pair.current_rows() == 0) {
      feature->status = DriftStatus::kNotEnoughData;
      feature->note = "a side has no values";
      return;
    }
    if (options_.has_distributions) AddDistribution(column.name, pair, categories);
    const DriftTest& test = TestOf(column.name, pair);
    feature->method = test.name;
    feature->threshold = test.threshold;
    const auto own = options_.thresholds.find(column.name);
    if (own != options_.thresholds.end()) feature->threshold = own->second;
    try {
      feature->score = statistics::MeasureDrift(test, pair);
      feature->drifted = statistics::IsDrift(test, *feature->score, feature->threshold);
    } catch (const Error& error) {
      if (error.code() != Code::kFailedPrecondition) throw;
      feature->status = DriftStatus::kNotApplicable;
      feature->note = error.message();
    }
  }

  void AddDistribution(const std::string& name, const ColumnPair& pair,
                       std::vector<std::string> categories) {
    Distribution distribution;
    distribution.feature = name;
    if (pair.kind == ColumnKind::kNumeric) {
      const statistics::BinnedSamples binned =
          statistics::BinDistinct(pair.reference, pair.current);
      distribution.edges = binned.edges;
      distribution.reference = statistics::Shares(binned.reference);
      distribution.current = statistics::Shares(binned.current);
    } else {
      AddCategories(pair, categories, &distribution);
    }
    report_.distributions.push_back(std::move(distribution));
  }

  // The most frequent values of both sides together, and all others as one.
  static void AddCategories(const ColumnPair& pair, const std::vector<std::string>& categories,
                            Distribution* distribution) {
    std::vector<size_t> order(categories.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::vector<double> p = statistics::Shares(pair.reference_counts);
    const std::vector<double> q = statistics::Shares(pair.current_counts);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return p[a] + q[a] > p[b] + q[b]; });
    double other_reference = 0, other_current = 0;
    for (size_t rank = 0; rank < order.size(); ++rank) {
      if (rank >= kShownCategories) {
        other_reference += p[order[rank]];
        other_current += q[order[rank]];
        continue;
      }
      distribution->categories.push_back(categories[order[rank]]);
      distribution->reference.push_back(p[order[rank]]);
      distribution->current.push_back(q[order[rank]]);
    }
    if (order.size() <= kShownCategories) return;
    distribution->categories.push_back("(other)");
    distribution->reference.push_back(other_reference);
    distribution->current.push_back(other_current);
  }

  Session& session_;
  const std::string& reference_;
  const std::string& current_;
  const EvidentlyOptions& options_;
  quality::TableShape reference_shape_, current_shape_;
  DriftReport report_;
};

}  // namespace

DriftReport CompareAsEvidently(Session& session, const std::string& reference,
                               const std::string& current, const EvidentlyOptions& options) {
  return Comparison(session, reference, current, options).Run();
}

}  // namespace millwright::drift
