#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"

// Columns of lists of numbers of one length, as models make them of texts and pictures. No number
// of such a list means anything alone, so that they are compared as points.
namespace millwright::drift {

inline constexpr size_t kEmbeddingDimensionsMax = 16'384;

// A list or an array of numbers, by DuckDB's type: FLOAT[384], DOUBLE[], …
bool IsEmbedding(const analytics::Column& column);

// Points, one after another. Rows without a list, with one of another length or with a number that
// is missing or not finite are no points.
struct Points {
  size_t dimensions = 0;
  std::vector<double> values;  // row-major
  int64_t rows = 0;            // of the table
  size_t count() const { return dimensions == 0 ? 0 : values.size() / dimensions; }
  const double* At(size_t i) const { return values.data() + i * dimensions; }
};

// The most frequent length of a column's lists; 0 where there is none. Throws kInvalidArgument for
// one above kEmbeddingDimensionsMax.
size_t EmbeddingDimensions(analytics::Session& session, const std::string& table,
                           const std::string& column);

// Calls `each` with the points of a column, one by one, in constant memory. Returns the rows of the
// table.
int64_t ForEachPoint(analytics::Session& session, const std::string& table,
                     const std::string& column, size_t dimensions,
                     const std::function<void(const double* point)>& each);

// Draws about `rows_max` rows, or takes all, as ReadPaired does.
Points ReadPoints(analytics::Session& session, const std::string& table, const std::string& column,
                  size_t dimensions, int64_t rows_max, uint64_t seed);

// What is kept of a reference's points: where their middle is, how far they are from it, and in how
// many directions.
struct EmbeddingSummary {
  std::string feature;  // "column:embedding"
  std::string column;
  int64_t points = 0;
  std::vector<double> mean;
  double spread = 0;      // the mean squared distance from the middle: the trace of the covariance
  double directions = 0;  // squared trace over the sum of squares of the covariance, from 1 on

  Json ToJson() const;
  static EmbeddingSummary FromJson(const Json& json);  // throws kInvalidArgument
};
EmbeddingSummary SummaryOf(const Points& points);
EmbeddingSummary SummarizeEmbedding(analytics::Session& session, const std::string& table,
                                    const std::string& column);

// The middle of other points against that of a reference's.
struct MeanShift {
  double distance = 0;         // Euclidean
  double cosine_distance = 0;  // 1 − the cosine of the angle between both
  // The distance in the unit of the reference's spread: 1 is how far a point is from the middle.
  double relative = 0;
  // The chance of so large a distance of points of one source: its square is a sum of squares of
  // normal variables, which Box (1954) takes for one chi-square of as many degrees as there are
  // directions.
  double p_value = 1;
};
MeanShift ShiftOf(const EmbeddingSummary& reference, const std::vector<double>& mean,
                  int64_t points);

}  // namespace millwright::drift
