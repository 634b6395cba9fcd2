#include "drift/chunk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

constexpr double kDeviations = 3;

}  // namespace

std::vector<Chunk> CutRows(size_t rows, const std::vector<std::string>& period,
                           int64_t chunk_rows) {
  if (chunk_rows < 1) throw InvalidArgument("A chunk needs a row");
  std::vector<Chunk> chunks;
  for (size_t begin = 0; begin < rows;) {
    size_t end = begin + 1;
    if (period.empty()) {
      end = begin + std::min(rows - begin, static_cast<size_t>(chunk_rows));
      chunks.push_back({fmt::format("[{}:{}]", begin, end - 1), begin, end});
    } else {
      while (end < rows && period[end] == period[begin]) ++end;
      chunks.push_back({period[begin], begin, end});
    }
    begin = end;
  }
  return chunks;
}

Bounds BoundsOf(const std::vector<double>& seen) {
  const double mean = statistics::Mean(seen);
  const double spread = kDeviations * statistics::StandardDeviation(seen);
  return {mean - spread, mean + spread};
}

}  // namespace millwright::drift
