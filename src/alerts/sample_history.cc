#include "alerts/sample_history.h"

#include <algorithm>

namespace millwright::alerts {

void SampleHistory::Want(const std::map<std::string, int64_t>& range_ms_by_name) {
  for (auto name = names_.begin(); name != names_.end();) {
    if (range_ms_by_name.contains(name->first)) {
      ++name;
    } else {
      series_count_ -= name->second.series.size();
      name = names_.erase(name);
    }
  }
  for (const auto& [name, range_ms] : range_ms_by_name)
    names_[name].range_ms = std::min(range_ms, kRangeMsMax);
}

bool SampleHistory::Wants(std::string_view name) const {
  return names_.find(name) != names_.end();
}

void SampleHistory::BeginCollection(int64_t time_ms) {
  now_ms_ = time_ms;
  for (auto& [text, name] : names_)
    for (auto& [key, series] : name.series) series.present = false;
}

void SampleHistory::Add(Sample&& sample) {
  const auto name = names_.find(sample.name);
  if (name == names_.end()) return;
  std::string key = LabelsText(sample.labels);
  auto found = name->second.series.find(key);
  if (found == name->second.series.end()) {
    if (series_count_ >= kHistorySeriesMax ||
        name->second.series.size() >= kHistorySeriesOfNameMax) {
      ++dropped_;
      return;
    }
    ++series_count_;
    found = name->second.series.emplace(std::move(key), Series{}).first;
    found->second.labels = std::move(sample.labels);
  }
  Series& series = found->second;
  series.present = true;
  auto& points = series.points;
  // Of a long range only every so many points are kept, and always the newest.
  const int64_t spacing_ms = name->second.range_ms / kPointsPerRange;
  const size_t count = points.size();
  if (count >= 2 && points[count - 1].time_ms - points[count - 2].time_ms < spacing_ms)
    points.pop_back();
  points.push_back({now_ms_, sample.value});
}

void SampleHistory::EndCollection() {
  for (auto& [text, name] : names_) {
    for (auto series = name.series.begin(); series != name.series.end();) {
      auto& points = series->second.points;
      while (!points.empty() && points.front().time_ms < now_ms_ - name.range_ms)
        points.pop_front();
      if (points.empty() && !series->second.present) {
        --series_count_;
        series = name.series.erase(series);
      } else {
        ++series;
      }
    }
  }
}

const std::map<std::string, SampleHistory::Series>* SampleHistory::Find(
    const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second.series;
}

}  // namespace millwright::alerts
