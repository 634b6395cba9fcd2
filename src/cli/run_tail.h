#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/metric_history.h"

namespace millwright::cli {

// Follows the metrics of a run by asking the server again: once for the run, which tells the latest
// point of each metric, and once for each metric whose latest point is another than before.
class RunTail {
 public:
  struct Update {
    std::string key;
    MetricPoint point;
  };

  // Only the metrics of `keys` are followed; none means all. Starts with the last `count` points of
  // each.
  RunTail(Client& client, std::string run_id, std::vector<std::string> keys, size_t count);

  // Asks once. Returns the points that are new, ordered by time. Of more than kSampledStepsMax new
  // steps a sample is returned; of points that come late, for a step before the latest, none.
  std::vector<Update> Advance();

  // As of the last Advance.
  const Json& run() const { return run_; }
  bool has_ended() const;

 private:
  std::vector<MetricPoint> NewPoints(const std::string& key, const MetricPoint& latest);

  Client& client_;
  const std::string run_id_;
  const std::set<std::string> keys_;
  const size_t count_;
  Json run_;
  std::map<std::string, MetricPoint> latest_;
};

}  // namespace millwright::cli
