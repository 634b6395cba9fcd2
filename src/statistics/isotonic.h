#pragma once

#include <span>
#include <vector>

namespace millwright::statistics {

// The rising function closest to y over x by least squares, by pooling adjacent violators; between
// its points it is a straight line, beyond them it stays as it is at the end (scikit-learn's
// IsotonicRegression with out_of_bounds="clip").
class Isotonic {
 public:
  // Both sides have the same length, at least 1, and are finite. Throws kInvalidArgument.
  Isotonic(std::span<const double> x, std::span<const double> y);

  double At(double x) const;

 private:
  std::vector<double> x_, y_;
};

}  // namespace millwright::statistics
