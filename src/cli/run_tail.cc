#include "cli/run_tail.h"

#include <algorithm>

namespace millwright::cli {

RunTail::RunTail(Client& client, std::string run_id, std::vector<std::string> keys, size_t count)
    : client_(client),
      run_id_(std::move(run_id)),
      keys_(std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end())),
      count_(count) {}

std::vector<RunTail::Update> RunTail::Advance() {
  run_ = client_.MlflowGet("runs/get", {{"run_id", run_id_}}).At("run");
  std::vector<Update> updates;
  const Json* metrics = run_.At("data").Find("metrics");
  if (metrics == nullptr) return updates;
  for (const Json& metric : metrics->AsArray()) {
    const auto key = metric.GetString("key");
    if (!keys_.empty() && !keys_.contains(key)) continue;
    const MetricPoint latest = ReadMetricPoint(metric);
    for (const MetricPoint& point : NewPoints(key, latest)) updates.push_back({key, point});
    latest_[key] = latest;
  }
  std::stable_sort(updates.begin(), updates.end(), [](const Update& one, const Update& other) {
    return one.point.timestamp_ms < other.point.timestamp_ms;
  });
  return updates;
}

std::vector<MetricPoint> RunTail::NewPoints(const std::string& key, const MetricPoint& latest) {
  const auto known = latest_.find(key);
  if (known == latest_.end()) return ReadLastPoints(client_, run_id_, key, latest, count_);
  const MetricPoint& before = known->second;
  if (!(before < latest)) return {};
  auto points = ReadSteps(client_, run_id_, key, before.step, latest.step);
  // What was written since the run was asked belongs to the next time.
  std::erase_if(points,
                [&](const MetricPoint& point) { return !(before < point) || latest < point; });
  // An answer is cut at a number of points, which many points of one step may exceed.
  if (points.empty() || points.back() < latest) points.push_back(latest);
  return points;
}

bool RunTail::has_ended() const {
  const auto status = run_.At("info").GetString("status");
  return status != "RUNNING" && status != "SCHEDULED";
}

}  // namespace millwright::cli
