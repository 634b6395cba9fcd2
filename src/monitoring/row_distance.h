#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "quality/profile.h"

// How far a row is from those of a reference: an outlier is a row that the model has hardly seen
// the like of, whatever the rows around it are.
namespace millwright::monitoring {

inline constexpr size_t kDistanceNumbersMax = 50;  // the first ones, in the reference's order
// A value of a column of categories with a smaller share of the reference is rare.
inline constexpr double kRareShare = 0.001;

// Numbers are taken less the median in units of the spread (the distance of the quartiles over
// 1.349, which is a normal distribution's deviation; the deviation where the quartiles are one).
// Where the reference's rows were at hand the distance is Mahalanobis': correlated numbers do not
// count twice, and a pair that never goes together is far. Where only a profile is, it is the
// largest of the single ones, each over the farthest value of the reference. Missing numbers are as
// the median.
struct RowDistance {
  struct Number {
    std::string name;
    double center = 0;
    double spread = 1;
    double farthest = 0;  // in spreads, of the reference
  };
  struct Categories {
    std::string name;
    std::vector<std::string> frequent;  // all values but the rare ones
  };
  std::vector<Number> numbers;
  // The lower triangle of the Cholesky factor of the numbers' covariance, row by row; empty where
  // only a profile was at hand.
  std::vector<double> factor;
  // The distance beyond which a row is an outlier: one in a thousand of the reference's rows with
  // Mahalanobis' distance, else 1.
  double limit = 1;
  std::vector<Categories> categories;  // that the reference has all values of

  // In units of the limit: above 1 is an outlier. `farthest` is the number farthest from its
  // middle.
  double Measure(const std::vector<double>& values, size_t* farthest) const;

  Json ToJson() const;
  static RowDistance FromJson(const Json& json);
  static RowDistance OfProfile(const quality::Profile& profile);
};

// Learns the distance from the rows of a reference, with its profile.
RowDistance LearnRowDistance(analytics::Session& session, const std::string& table,
                             const quality::Profile& profile);

}  // namespace millwright::monitoring
