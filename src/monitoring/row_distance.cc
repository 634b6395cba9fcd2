#include "monitoring/row_distance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "drift/bin_counts.h"
#include "quality/plan_sql.h"

namespace millwright::monitoring {
namespace {

using analytics::NumberSpan;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;
using quality::ColumnProfile;

constexpr double kNormalQuartiles = 1.349;
// The share of the covariance that is put on its diagonal, so that numbers of which one follows
// from others do not make tiny differences huge.
constexpr double kShrinkage = 0.05;
// Values are cut at so many spreads where the covariance is learnt: a few wild ones would hide all
// others.
constexpr double kSpreadsMax = 10;
constexpr double kOutlierShare = 0.001;
// Rows of the reference that the limit is learnt from.
constexpr int64_t kLimitRowsMax = 200'000;

std::optional<double> QuantileOf(const ColumnProfile& column, std::string_view name) {
  for (const auto& [known, value] : column.quantiles) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool IsNumber(const ColumnProfile& column) {
  return (column.type == "integer" || column.type == "double" || column.type == "number") &&
         column.mean && column.min.is_number() && column.max.is_number();
}

std::optional<RowDistance::Number> NumberOf(const ColumnProfile& column) {
  if (!IsNumber(column)) return std::nullopt;
  const auto low = QuantileOf(column, "p25"), middle = QuantileOf(column, "p50"),
             high = QuantileOf(column, "p75");
  RowDistance::Number number;
  number.name = column.name;
  number.center = middle.value_or(*column.mean);
  if (low && high) number.spread = (*high - *low) / kNormalQuartiles;
  if (!low || !high || number.spread <= 0) number.spread = column.stddev.value_or(0);
  if (!(number.spread > 0) || !std::isfinite(number.spread)) return std::nullopt;
  number.farthest = std::max(std::abs(column.min.AsDouble() - number.center),
                             std::abs(column.max.AsDouble() - number.center)) /
                    number.spread;
  return number;
}

// Nothing where the profile does not have all values, or all are frequent anyway and new ones are
// the contract's business.
std::optional<RowDistance::Categories> CategoriesOf(const ColumnProfile& column, int64_t rows) {
  if (!column.categorical() || IsNumber(column) || column.top_values.empty()) return std::nullopt;
  int64_t seen = column.missing;
  RowDistance::Categories categories;
  categories.name = column.name;
  for (const quality::TopValue& value : column.top_values) {
    seen += value.count;
    if (static_cast<double>(value.count) >= kRareShare * static_cast<double>(rows)) {
      categories.frequent.push_back(drift::MatchText(value.value));
    }
  }
  if (seen < rows || categories.frequent.empty()) return std::nullopt;
  return categories;
}

std::string SpreadsSql(const RowDistance::Number& number) {
  const std::string name = "CAST(" + QuoteName(number.name) + " AS DOUBLE)";
  return "CASE WHEN isfinite(" + name + ") THEN greatest(least((" + name + " - " +
         Json(number.center).Dump() + ") / " + Json(number.spread).Dump() + ", " +
         Json(kSpreadsMax).Dump() + "), -" + Json(kSpreadsMax).Dump() + ") ELSE 0 END";
}

// The lower triangle of the factor of a symmetric matrix that is given as its lower triangle.
std::vector<double> Cholesky(const std::vector<double>& matrix, size_t size) {
  std::vector<double> factor(matrix.size());
  const auto at = [](size_t row, size_t column) { return row * (row + 1) / 2 + column; };
  for (size_t row = 0; row < size; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      double rest = matrix[at(row, column)];
      for (size_t k = 0; k < column; ++k) rest -= factor[at(row, k)] * factor[at(column, k)];
      factor[at(row, column)] =
          row == column ? std::sqrt(std::max(rest, 1e-9)) : rest / factor[at(column, column)];
    }
  }
  return factor;
}

void LearnFactor(Session& session, const std::string& table, RowDistance* distance) {
  const size_t size = distance->numbers.size();
  std::vector<std::string> spreads, pairs;
  for (size_t i = 0; i < size; ++i) {
    spreads.push_back(SpreadsSql(distance->numbers[i]) + " AS z" + std::to_string(i));
    for (size_t j = 0; j <= i; ++j) {
      pairs.push_back("avg(z" + std::to_string(i) + " * z" + std::to_string(j) + ")");
    }
  }
  const Table answer = session.Query("SELECT " + quality::Join(pairs, ", ") + " FROM (SELECT " +
                                     quality::Join(spreads, ", ") + " FROM " + table + ")");
  std::vector<double> covariance;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double value = answer.Double(0, i);
    covariance.push_back(std::isfinite(value) ? value : 0);
  }
  size_t next = 0;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j <= i; ++j, ++next) {
      if (i == j) {
        covariance[next] = std::max(covariance[next], kShrinkage);
      } else {
        covariance[next] *= 1 - kShrinkage;
      }
    }
  }
  distance->factor = Cholesky(covariance, size);
}

void LearnLimit(Session& session, const std::string& table, RowDistance* distance) {
  std::vector<std::string> names;
  for (const auto& number : distance->numbers) {
    names.push_back("CAST(" + QuoteName(number.name) + " AS DOUBLE)");
  }
  std::vector<double> distances;
  std::vector<double> values(names.size());
  size_t farthest = 0;
  session.StreamNumbers("SELECT " + quality::Join(names, ", ") + " FROM " + table +
                            " USING SAMPLE reservoir(" + std::to_string(kLimitRowsMax) +
                            " ROWS) REPEATABLE (1)",
                        [&](const std::vector<NumberSpan>& columns, size_t rows) {
                          for (size_t row = 0; row < rows; ++row) {
                            for (size_t i = 0; i < columns.size(); ++i) {
                              values[i] = columns[i].Has(row) ? columns[i].reals[row] : NAN;
                            }
                            distances.push_back(distance->Measure(values, &farthest));
                          }
                          return true;
                        });
  if (distances.empty()) return;
  const auto rank =
      static_cast<size_t>((1 - kOutlierShare) * static_cast<double>(distances.size()));
  const size_t at = std::min(rank, distances.size() - 1);
  std::nth_element(distances.begin(), distances.begin() + static_cast<ptrdiff_t>(at),
                   distances.end());
  distance->limit = std::max(distances[at], 1e-6);
}

}  // namespace

double RowDistance::Measure(const std::vector<double>& values, size_t* farthest) const {
  std::vector<double> spreads(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (std::isnan(values[i])) continue;
    // An infinity is as far as a number can be said to be.
    spreads[i] = std::clamp((values[i] - numbers[i].center) / numbers[i].spread, -1e9, 1e9);
  }
  double sum = 0, largest = 0;
  *farthest = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    double far = std::abs(spreads[i]);
    if (factor.empty() && numbers[i].farthest > 0) far /= numbers[i].farthest;
    if (far <= largest) continue;
    largest = far;
    *farthest = i;
  }
  for (size_t i = 0; !factor.empty() && i < numbers.size(); ++i) {
    const double* row = factor.data() + i * (i + 1) / 2;
    for (size_t k = 0; k < i; ++k) spreads[i] -= row[k] * spreads[k];
    spreads[i] /= row[i];  // solved in place: later rows take what is solved
    sum += spreads[i] * spreads[i];
  }
  return (factor.empty() ? largest : std::sqrt(sum)) / limit;
}

RowDistance RowDistance::OfProfile(const quality::Profile& profile) {
  RowDistance distance;
  for (const ColumnProfile& column : profile.columns) {
    if (auto number = NumberOf(column); number && distance.numbers.size() < kDistanceNumbersMax) {
      distance.numbers.push_back(*std::move(number));
    }
    if (auto categories = CategoriesOf(column, profile.row_count)) {
      distance.categories.push_back(*std::move(categories));
    }
  }
  return distance;
}

RowDistance LearnRowDistance(Session& session, const std::string& table,
                             const quality::Profile& profile) {
  RowDistance distance = RowDistance::OfProfile(profile);
  if (distance.numbers.empty()) return distance;
  LearnFactor(session, table, &distance);
  LearnLimit(session, table, &distance);
  return distance;
}

Json RowDistance::ToJson() const {
  Json list = Json::MakeArray(), lower = Json::MakeArray(), kinds = Json::MakeArray();
  for (const Number& number : numbers) {
    list.Append(Json::Of({{"name", number.name},
                          {"center", number.center},
                          {"spread", number.spread},
                          {"farthest", number.farthest}}));
  }
  for (double value : factor) lower.Append(value);
  for (const Categories& one : categories) {
    Json values = Json::MakeArray();
    for (const std::string& value : one.frequent) values.Append(value);
    kinds.Append(Json::Of({{"name", one.name}, {"frequent", std::move(values)}}));
  }
  return Json::Of({{"numbers", std::move(list)},
                   {"factor", std::move(lower)},
                   {"limit", limit},
                   {"categories", std::move(kinds)}});
}

RowDistance RowDistance::FromJson(const Json& json) {
  RowDistance distance;
  for (const Json& number : json.At("numbers").AsArray("numbers")) {
    distance.numbers.push_back({number.GetString("name"), number.GetDouble("center"),
                                number.GetDouble("spread"), number.GetDouble("farthest")});
  }
  for (const Json& value : json.At("factor").AsArray("factor")) {
    distance.factor.push_back(value.AsDouble("factor"));
  }
  distance.limit = json.GetDouble("limit");
  for (const Json& one : json.At("categories").AsArray("categories")) {
    distance.categories.push_back({one.GetString("name"), one.GetStrings("frequent")});
  }
  return distance;
}

}  // namespace millwright::monitoring
