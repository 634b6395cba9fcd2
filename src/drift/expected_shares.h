#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace millwright::drift {

// Shares of bins that add up to 1, and how many rows they are worth.
struct SharesOfRows {
  std::vector<double> shares;
  double rows = 0;
};

// The shares of counts by place in a season, all places together.
SharesOfRows SeenShares(const std::map<int64_t, std::vector<int64_t>>& places);

// What rows at the places of `current` would look like if they were the reference's: its shares at
// each place, weighed by the current rows there. A place that the reference has no rows of takes
// the reference's shares over all places. The mixture is worth fewer rows than the reference has
// where the current rows crowd on few of its places.
SharesOfRows ExpectedShares(const std::map<int64_t, std::vector<int64_t>>& reference,
                            const std::map<int64_t, std::vector<int64_t>>& current);

}  // namespace millwright::drift
