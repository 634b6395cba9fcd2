#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "statistics/drift_tests.h"

// The golden results of tests/data/stats and the samples that they were made from.
namespace millwright::statistics {

// A column of an input: present values, as numbers and as text.
struct GoldenColumn {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  ValueType type = ValueType::kInteger;
};

class Golden {
 public:
  // A column as "file:column" or "edge_cases:case:side".
  const GoldenColumn& Column(const std::string& name);
  // The rows of a file of results.
  std::vector<Json> Rows(const std::string& file);
  // Both samples of a row, in the kind that the row says.
  ColumnPair Pair(const Json& row);

 private:
  GoldenColumn Read(const std::string& name);

  analytics::Session session_;
  std::set<std::string> files_;  // that are tables
  std::map<std::string, GoldenColumn> columns_;
  Json edge_cases_;
};

// Numbers that are not finite are written as text; anything else is not a number.
double NumberOf(const Json& value);
// Within `tolerance`, relative; 1e-12 near 0. What is below 1e-300 is only to be below 1e-290.
bool IsNear(double expected, double actual, double tolerance);

}  // namespace millwright::statistics
