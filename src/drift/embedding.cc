#include "drift/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

#include "base/error.h"
#include "statistics/distributions.h"

namespace millwright::drift {
namespace {

using analytics::QuoteName;
using analytics::Session;

// The directions are told from so many points; the work grows with the square.
constexpr int64_t kDirectionRows = 500;

// A column's lists as DOUBLE[], those of another length as none.
std::string ListSql(const std::string& column, size_t dimensions) {
  const std::string list = "CAST(" + QuoteName(column) + " AS DOUBLE[])";
  return fmt::format("CASE WHEN len({0}) = {1} THEN {0} END", list, dimensions);
}

double Dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// Streams unnested lists and puts them together again.
void StreamPoints(Session& session, const std::string& rows, size_t dimensions,
                  const std::function<void(const double* point)>& each) {
  std::vector<double> point;
  session.StreamNumbers("SELECT unnest(list) FROM " + rows,
                        [&](const std::vector<analytics::NumberSpan>& spans, size_t count) {
                          for (size_t i = 0; i < count; ++i) {
                            point.push_back(spans[0].Has(i) ? spans[0].reals[i] : NAN);
                            if (point.size() < dimensions) continue;
                            const bool is_finite =
                                std::all_of(point.begin(), point.end(),
                                            [](double value) { return std::isfinite(value); });
                            if (is_finite) each(point.data());
                            point.clear();
                          }
                          return true;
                        });
}

int64_t CountRows(Session& session, const std::string& table) {
  return session.Query("SELECT count(*) FROM " + table).Int(0, 0);
}

// Middle and spread of points as they come by (Welford's update of each number).
class Middle {
 public:
  explicit Middle(size_t dimensions) : mean_(dimensions), squares_(dimensions) {}

  void Add(const double* point) {
    ++points_;
    const double weight = 1 / static_cast<double>(points_);
    for (size_t c = 0; c < mean_.size(); ++c) {
      const double before = point[c] - mean_[c];
      mean_[c] += before * weight;
      squares_[c] += before * (point[c] - mean_[c]);
    }
  }

  void Tell(EmbeddingSummary* summary) const {
    summary->points = points_;
    summary->mean = mean_;
    if (points_ < 2) return;
    for (double square : squares_) summary->spread += square / static_cast<double>(points_ - 1);
  }

 private:
  std::vector<double> mean_, squares_;
  int64_t points_ = 0;
};

// In how many directions points spread: squared trace over the squared covariance's trace, both
// without the bias of few points.
double DirectionsOf(const Points& points) {
  const size_t n = points.count(), d = points.dimensions;
  if (n < 4) return 1;
  std::vector<double> mean(d), centred(points.values);
  for (size_t i = 0; i < n; ++i) {
    for (size_t c = 0; c < d; ++c) mean[c] += points.At(i)[c] / static_cast<double>(n);
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t c = 0; c < d; ++c) centred[i * d + c] -= mean[c];
  }
  double trace = 0, squares = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      const double dot = Dot(&centred[i * d], &centred[j * d], d);
      if (i == j) trace += dot;
      squares += (i == j ? 1 : 2) * dot * dot;
    }
  }
  const auto m = static_cast<double>(n - 1);
  trace /= m;
  squares /= m * m;
  if (trace <= 0) return 1;
  const double unbiased = m * m / ((m - 1) * (m + 2)) * (squares - trace * trace / m);
  const double least = trace * trace / static_cast<double>(d);  // where all directions are alike
  return trace * trace / std::clamp(unbiased, least, trace * trace);
}

}  // namespace

bool IsEmbedding(const analytics::Column& column) {
  static const std::regex kPattern(
      R"((FLOAT|DOUBLE|REAL|TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|DECIMAL\(\d+,\d+\))\[\d*\])");
  return std::regex_match(column.sql_type, kPattern);
}

size_t EmbeddingDimensions(Session& session, const std::string& table, const std::string& column) {
  const analytics::Table answer =
      session.Query("SELECT len(CAST(" + QuoteName(column) + " AS DOUBLE[])) AS n, count(*) FROM " +
                    table + " GROUP BY 1 HAVING n > 0 ORDER BY 2 DESC, 1 LIMIT 1");
  if (answer.row_count() == 0) return 0;
  const auto dimensions = static_cast<size_t>(answer.Int(0, 0));
  if (dimensions > kEmbeddingDimensionsMax) {
    throw InvalidArgument("The lists of {} have {} numbers, more than {}", column, dimensions,
                          kEmbeddingDimensionsMax);
  }
  return dimensions;
}

int64_t ForEachPoint(Session& session, const std::string& table, const std::string& column,
                     size_t dimensions, const std::function<void(const double* point)>& each) {
  StreamPoints(session, "(SELECT " + ListSql(column, dimensions) + " AS list FROM " + table + ")",
               dimensions, each);
  return CountRows(session, table);
}

Points ReadPoints(Session& session, const std::string& table, const std::string& column,
                  size_t dimensions, int64_t rows_max, uint64_t seed) {
  Points points{.dimensions = dimensions, .values = {}, .rows = CountRows(session, table)};
  std::string rows = "(SELECT " + ListSql(column, dimensions) +
                     " AS list, row_number() OVER () AS place FROM " + table + ")";
  if (rows_max < points.rows) {
    const double share = static_cast<double>(rows_max) / static_cast<double>(points.rows);
    rows += fmt::format(" WHERE hash(place, {}) < {}", seed, static_cast<uint64_t>(share * 0x1p64));
  }
  StreamPoints(session, rows, dimensions, [&](const double* point) {
    points.values.insert(points.values.end(), point, point + dimensions);
  });
  return points;
}

Json EmbeddingSummary::ToJson() const {
  Json list = Json::MakeArray();
  for (double value : mean) list.Append(value);
  return Json::Of({{"feature", feature},
                   {"column", column},
                   {"points", points},
                   {"spread", spread},
                   {"directions", directions},
                   {"mean", std::move(list)}});
}

EmbeddingSummary EmbeddingSummary::FromJson(const Json& json) {
  EmbeddingSummary summary;
  summary.feature = json.At("feature").AsString("feature");
  summary.column = json.At("column").AsString("column");
  summary.points = json.At("points").AsInt("points");
  summary.spread = json.At("spread").AsDouble("spread");
  summary.directions = json.At("directions").AsDouble("directions");
  for (const Json& value : json.At("mean").AsArray("mean")) {
    summary.mean.push_back(value.AsDouble("mean"));
  }
  return summary;
}

EmbeddingSummary SummaryOf(const Points& points) {
  Middle middle(points.dimensions);
  for (size_t i = 0; i < points.count(); ++i) middle.Add(points.At(i));
  EmbeddingSummary summary;
  middle.Tell(&summary);
  Points few{.dimensions = points.dimensions, .values = {}, .rows = 0};
  const auto numbers = static_cast<ptrdiff_t>(
      std::min(points.count(), static_cast<size_t>(kDirectionRows)) * points.dimensions);
  few.values.assign(points.values.begin(), points.values.begin() + numbers);
  summary.directions = DirectionsOf(few);
  return summary;
}

EmbeddingSummary SummarizeEmbedding(Session& session, const std::string& table,
                                    const std::string& column) {
  EmbeddingSummary summary;
  summary.feature = column + ":embedding";
  summary.column = column;
  const size_t dimensions = EmbeddingDimensions(session, table, column);
  if (dimensions == 0) return summary;
  Middle middle(dimensions);
  ForEachPoint(session, table, column, dimensions, [&](const double* point) { middle.Add(point); });
  middle.Tell(&summary);
  summary.directions =
      DirectionsOf(ReadPoints(session, table, column, dimensions, kDirectionRows, 0));
  return summary;
}

MeanShift ShiftOf(const EmbeddingSummary& reference, const std::vector<double>& mean,
                  int64_t points) {
  const size_t d = reference.mean.size();
  if (mean.size() != d || d == 0 || points < 1 || reference.points < 1) {
    throw InvalidArgument("Both sides need points of the same length");
  }
  double squares = 0;
  for (size_t c = 0; c < d; ++c) {
    squares += (mean[c] - reference.mean[c]) * (mean[c] - reference.mean[c]);
  }
  MeanShift shift;
  shift.distance = std::sqrt(squares);
  const double lengths = std::sqrt(Dot(mean.data(), mean.data(), d) *
                                   Dot(reference.mean.data(), reference.mean.data(), d));
  shift.cosine_distance =
      lengths > 0 ? 1 - Dot(mean.data(), reference.mean.data(), d) / lengths : 0;
  if (reference.spread <= 0) {
    // Points that are all the same: any other middle is another one.
    shift.relative = squares > 0 ? std::numeric_limits<double>::max() : 0;
    shift.p_value = squares > 0 ? 0 : 1;
    return shift;
  }
  shift.relative = shift.distance / std::sqrt(reference.spread);
  const double variance = reference.spread * (1 / static_cast<double>(reference.points) +
                                              1 / static_cast<double>(points));
  shift.p_value =
      statistics::ChiSquareTail(squares / variance * reference.directions, reference.directions);
  return shift;
}

}  // namespace millwright::drift
