#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::cli {

// What two or more runs have in common and what not, key by key.
struct RunComparison {
  struct Row {
    std::string key;
    std::vector<Json> values;  // one a run, in their order; null where a run has not the key
    // Of metrics: the value less that of the first run; null where one of them is no number.
    std::vector<Json> deltas;
    bool is_same = false;
  };
  std::vector<Row> params;
  std::vector<Row> metrics;  // by their latest values; NaN is the same as NaN
  std::vector<Row> tags;     // without those that name the run itself
};

// Compares runs as MLflow answers them; rows are ordered by key.
RunComparison CompareRuns(const Json::Array& runs);

// Takes away the rows in which all runs are the same; returns how many those were.
size_t KeepDifferences(RunComparison* comparison);

}  // namespace millwright::cli
