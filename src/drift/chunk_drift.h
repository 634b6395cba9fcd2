#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "drift/paired_columns.h"

// Single columns chunk by chunk, against the whole reference and within what the reference's own
// chunks vary by, as NannyML's calculators have it: how far each chunk is from the reference, what
// its values amount to, how many are missing or were never seen.
namespace millwright::drift {

// kolmogorov_smirnov, jensen_shannon (base 2), wasserstein and hellinger of numbers; chi2,
// jensen_shannon, l_infinity and hellinger of categories; mean, median, std, sum of numbers;
// missing_share of both; unseen_share of categories. Numbers are counted in Doane's bins of the
// reference and one bin for all outside of them.
std::vector<std::string_view> ChunkFigureNames();

struct ChunkFigure {
  std::string column;
  std::string name;
  std::optional<double> value;    // absent where a side has no values
  std::optional<double> p_value;  // of chi2
  // Absent where the figure is not bounded on that side. Distances are bounded above alone.
  std::optional<double> lower, upper;
  bool alert = false;
  // Of mean, median, std, sum and missing_share: the standard error by the draw of the chunk's
  // values (drift/sampling_error.h), and kBandErrors of them to either side.
  std::optional<double> sampling_error, band_lower, band_upper;
};

struct FigureChunk {
  std::string key;
  bool is_reference = false;
  int64_t rows = 0;
  std::vector<ChunkFigure> figures;  // by column, then in the order of ChunkFigureNames

  const ChunkFigure* Find(std::string_view column, std::string_view name) const;
};

struct ChunkDrift {
  std::vector<FigureChunk> chunks;  // the reference's, then the current ones

  int64_t alerts() const;  // figures of the current chunks that are out of bounds
  Json ToJson() const;
};

struct ChunkDriftOptions {
  int64_t chunk_rows = 1000;
  int64_t chunk_count = 0;           // instead: so many chunks of each side, and what remains
  std::vector<std::string> figures;  // all when empty
};

// Bounds are those of BoundsOf within what the figure can be (a share is 0 to 1, a distance of
// Kolmogorov and Smirnov at most 1); chi2 alerts where p is below 0.05 and unseen_share above 0.
// Throws kInvalidArgument for an unknown figure and a side without rows.
ChunkDrift CompareChunks(const PairedColumns& columns, const ChunkDriftOptions& options = {});

}  // namespace millwright::drift
