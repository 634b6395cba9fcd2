#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a comparison says of the columns of a table.
namespace millwright::drift {

enum class DriftStatus { kMeasured, kNotEnoughData, kMissingColumn, kNotApplicable };
std::string_view DriftStatusName(DriftStatus status);

// One column, or what is measured of one (the length of a text, the hour of a time). A prediction
// is a column like others.
struct FeatureDrift {
  std::string name;
  std::string type;
  std::string method = "psi";
  std::optional<double> score;  // absent unless measured
  double threshold = 0;
  bool drifted = false;
  DriftStatus status = DriftStatus::kMeasured;
  // The chance of so large a difference when both sides are of one source, and the same adjusted
  // for the number of columns. Absent where the method does not ask for it.
  std::optional<double> p_value;
  std::optional<double> adjusted_p;
  std::string note;  // why there is no score, or what else was seen
};

// How one feature is distributed on both sides, for a chart: shares of the present values. Either
// `edges` (one more than the shares) or `categories` is filled. What lies outside of the
// reference's range is counted in the first or last bin.
struct Distribution {
  std::string feature;
  std::vector<double> edges;
  std::vector<std::string> categories;
  std::vector<double> reference;
  std::vector<double> current;
};

}  // namespace millwright::drift
