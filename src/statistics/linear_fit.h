#pragma once

#include <vector>

namespace millwright::statistics {

// A plane over some columns.
struct LinearFit {
  double intercept = 0;
  std::vector<double> slopes;  // one a column

  // The value for each row of the columns.
  std::vector<double> At(const std::vector<std::vector<double>>& columns) const;
};

// The plane closest to y over the columns by least squares. Columns that others explain get the
// smallest slopes that do (the pseudo-inverse), as scikit-learn's LinearRegression has it. All
// columns have as many rows as y, at least one, and are finite. Throws kInvalidArgument.
LinearFit FitLinear(const std::vector<std::vector<double>>& columns, const std::vector<double>& y);

}  // namespace millwright::statistics
