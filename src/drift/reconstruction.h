#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

// Have the columns come apart? Drift of several columns at once: the reference's main directions
// are kept (principal components), rows are written by them and read back, and how far they come
// out from where they were says how much their columns hang together as the reference's do. It sees
// what no column shows alone, and not a move along the directions.
namespace millwright::drift {

// Columns of numbers; a missing value is NaN. Of the same names in the same order on both sides.
struct NumberColumns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  // by column
};

struct ReconstructionOptions {
  double variance_share = 0.65;  // that the kept directions hold at least
  int64_t chunk_rows = 1000;     // the last chunk may be shorter
};

struct ReconstructedChunk {
  std::string key;  // "[first:last]"
  bool is_reference = false;
  int64_t rows = 0;
  double error = 0;
  bool alert = false;
  // The standard error of the mean distance, by how far the chunk's own rows vary; absent of one
  // row. kBandErrors of them to either side are its band.
  std::optional<double> sampling_error;
};

struct Reconstruction {
  size_t directions = 0;        // that were kept
  double lower = 0, upper = 0;  // mean and three standard deviations of the reference's chunks
  std::vector<ReconstructedChunk> chunks;

  int64_t alerts() const;  // of the current rows
  Json ToJson() const;
};

// As NannyML's DataReconstructionDriftCalculator: a missing value is the reference's mean, columns
// are scaled to variance 1 on the reference, the error of a chunk is the mean Euclidean distance.
// Throws kInvalidArgument for fewer than two columns, more than kReconstructedColumnsMax, or a
// side without rows.
inline constexpr size_t kReconstructedColumnsMax = 200;
Reconstruction Reconstruct(const NumberColumns& reference, const NumberColumns& current,
                           const ReconstructionOptions& options = {});

}  // namespace millwright::drift
