#include "drift/expected_shares.h"

#include "statistics/sample.h"

namespace millwright::drift {

SharesOfRows SeenShares(const std::map<int64_t, std::vector<int64_t>>& places) {
  SharesOfRows seen;
  for (const auto& [place, counts] : places) {
    seen.shares.resize(counts.size());
    for (size_t i = 0; i < counts.size(); ++i) seen.shares[i] += static_cast<double>(counts[i]);
    seen.rows += static_cast<double>(statistics::Total(counts));
  }
  if (seen.rows > 0) {
    for (double& share : seen.shares) share /= seen.rows;
  }
  return seen;
}

SharesOfRows ExpectedShares(const std::map<int64_t, std::vector<int64_t>>& reference,
                            const std::map<int64_t, std::vector<int64_t>>& current) {
  const SharesOfRows all = SeenShares(reference);
  SharesOfRows expected;
  expected.shares.resize(all.shares.size());
  if (all.rows <= 0) return expected;
  double current_rows = 0;
  for (const auto& [place, counts] : current) {
    current_rows += static_cast<double>(statistics::Total(counts));
  }
  if (current_rows <= 0) return expected;
  double variance = 0;
  for (const auto& [place, counts] : current) {
    const double weight = static_cast<double>(statistics::Total(counts)) / current_rows;
    if (weight == 0) continue;
    const auto found = reference.find(place);
    const double rows =
        found == reference.end() ? 0 : static_cast<double>(statistics::Total(found->second));
    for (size_t i = 0; i < expected.shares.size(); ++i) {
      expected.shares[i] +=
          weight * (rows > 0 ? static_cast<double>(found->second[i]) / rows : all.shares[i]);
    }
    variance += weight * weight / (rows > 0 ? rows : all.rows);
  }
  expected.rows = 1 / variance;
  return expected;
}

}  // namespace millwright::drift
