#pragma once

#include <cstdint>
#include <string>
#include <vector>

// How rows are cut into the pieces that are judged one by one.
namespace millwright::drift {

struct Chunk {
  std::string key;  // the period, or "[first:last]"
  size_t begin = 0, end = 0;

  size_t rows() const { return end - begin; }
};

// Cuts `rows` rows where their period changes or, without periods, after each `chunk_rows`; the
// last chunk may be shorter.
std::vector<Chunk> CutRows(size_t rows, const std::vector<std::string>& period, int64_t chunk_rows);

// What the chunks of a reference keep within: the mean of a figure over them and three standard
// deviations of them to either side, which is NannyML's rule.
struct Bounds {
  double lower = 0, upper = 0;
};
Bounds BoundsOf(const std::vector<double>& seen);

}  // namespace millwright::drift
