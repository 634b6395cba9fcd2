#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "drift/chunk.h"
#include "drift/feature_drift.h"
#include "drift/paired_columns.h"

// Can rows of the reference and current rows be told apart? Drift of all columns at once: a
// classifier learns which side a row is of, and is judged on rows that it has not seen. Where
// nothing has changed it guesses (a ROC area of 0.5). It sees what no column shows alone, and its
// splits say which columns gave the sides away.
namespace millwright::drift {

struct DomainOptions {
  size_t folds = 5;
  // The area from which on a difference matters, whatever the number of rows.
  double floor = 0.55;
  int64_t rows_min = 200;  // of either side
  uint64_t seed = 0;       // of the folds and the trees
  int rounds = 50;         // trees of each fold
};

// What is drawn of either side at most: more rows make the band narrower, and it is narrow.
inline constexpr int64_t kDomainRowsMax = 20'000;

struct DomainColumn {
  std::string name;
  double share = 0;  // of what all splits gained, on average over the folds
};

struct DomainVerdict {
  std::string key = "all";  // of the chunk
  DriftStatus status = DriftStatus::kMeasured;
  std::optional<double> area;   // the mean over the folds
  double lower = 0, upper = 1;  // 95 of 100 such bands hold it
  double floor = 0;
  bool drifted = false;  // the area is at least the floor and the band above 0.5
  int64_t reference_rows = 0, current_rows = 0;  // that were looked at
  std::vector<DomainColumn> columns;             // by falling share, those with any
  std::vector<std::string> left_out;             // columns of hardly any value twice
  std::string note;

  Json ToJson() const;
};

// Tells current rows, or those of a chunk, from the reference's. A text of which more than half of
// the values are distinct would name each row, and is left out. Bands are by DeLong's error of each
// fold. NannyML's DomainClassifier pools the folds' scores, takes LightGBM and alarms outside of
// 0.45 to 0.65. Throws kUnavailable without XGBoost's library.
DomainVerdict TellApart(const PairedColumns& columns, const DomainOptions& options = {});
DomainVerdict TellApart(const PairedColumns& columns, const Chunk& chunk,
                        const DomainOptions& options);

}  // namespace millwright::drift
