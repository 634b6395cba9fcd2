#include "tracking/metric_segment.h"

#include <algorithm>

#include "base/check.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Bytes;
using storage::Connection;
using storage::Row;
using storage::Value;

Range StepsOf(std::span<const MetricPoint> points) {
  const auto [low, high] = std::minmax_element(
      points.begin(), points.end(),
      [](const MetricPoint& a, const MetricPoint& b) { return a.step < b.step; });
  return {low->step, high->step};
}

}  // namespace

std::optional<MetricRun> FindMetricRun(Connection& connection, const RunId& run) {
  const auto row = connection.SelectOne(sql::kMetricRun, {run.str()});
  if (!row) return std::nullopt;
  return MetricRun{row->Int(0), row->Int(1), row->Int(2)};
}

PointsByKey ReadAppends(Connection& connection, int64_t run_seq) {
  PointsByKey points;
  connection.ForEach(sql::kMetricAppendsOfRun, {run_seq}, [&](const Row& row) {
    const AppendedPoints appended = DecodeAppend(row.Blob(1));
    std::vector<std::vector<MetricPoint>*> lists;
    for (const auto key : appended.keys) lists.push_back(&points[std::string(key)]);
    for (size_t i = 0; i < appended.points.size(); ++i) {
      lists[appended.key_of[i]]->push_back(appended.points[i]);
    }
    return true;
  });
  return points;
}

std::vector<MetricPoint> ReadAppends(Connection& connection, int64_t run_seq,
                                     std::string_view key) {
  std::vector<MetricPoint> points;
  connection.ForEach(sql::kMetricAppendsOfRun, {run_seq}, [&](const Row& row) {
    const AppendedPoints appended = DecodeAppend(row.Blob(1));
    const auto found = std::find(appended.keys.begin(), appended.keys.end(), key);
    if (found == appended.keys.end()) return true;
    const auto number = static_cast<uint32_t>(found - appended.keys.begin());
    for (size_t i = 0; i < appended.points.size(); ++i) {
      if (appended.key_of[i] == number) points.push_back(appended.points[i]);
    }
    return true;
  });
  return points;
}

Segment ReadSegment(const Row& row) {
  return {row.Int(0), row.Int(1), row.Int(2), row.Int(3), row.Int(4), row.Int(5)};
}

std::vector<Segment> ReadSegments(Connection& connection, const Series& series, int64_t from_ms,
                                  Range steps) {
  std::vector<Segment> segments;
  for (const Row& row :
       connection.Select(sql::kMetricSegmentsOfKey,
                         {series.run_seq, series.key, from_ms, steps.from, steps.to})) {
    segments.push_back(ReadSegment(row));
  }
  return segments;
}

std::vector<MetricPoint> PartReader::Next(Connection& connection) {
  if (!segment_.has_parts()) {
    if (next_++ > 0) return {};
    const auto row = connection.SelectOne(sql::kMetricSegmentData,
                                          {series_->run_seq, series_->key, segment_.number});
    return DecodePart(row.value().Blob(0));
  }
  const auto row = connection.SelectOne(
      sql::kNextMetricPart,
      {series_->run_seq, series_->key, segment_.number, next_, from_ms_, steps_.from, steps_.to});
  if (!row) return {};
  next_ = row->Int(0) + 1;
  return DecodePart(row->Blob(3));
}

SegmentRows MakeSegment(const Series& series, int64_t number, std::span<const MetricPoint> points) {
  CHECK(!points.empty() && points.size() <= kSegmentPointsMax);
  SegmentRows rows;
  Bytes coarse;
  Bytes overview;
  Bytes detail;
  Bytes data;
  if (points.size() <= kPartPointsMax) {
    data.data = EncodePart(points);
  } else {
    const auto fine = Summarize(points, kDetailPoints);
    detail.data = EncodeCells(fine);
    const auto middle = Summarize(fine, kOverviewPoints / kDetailPoints);
    overview.data = EncodeCells(middle);
    coarse.data = EncodeCells(Summarize(middle, kCoarsePoints / kOverviewPoints));
    for (size_t start = 0; start < points.size(); start += kPartPointsMax) {
      const auto part = points.subspan(start, std::min(kPartPointsMax, points.size() - start));
      const Range steps = StepsOf(part);
      rows.parts.push_back({series.run_seq, series.key, number,
                            static_cast<int64_t>(start / kPartPointsMax), part.back().timestamp_ms,
                            steps.from, steps.to, Bytes{EncodePart(part)}});
    }
  }
  const Range steps = StepsOf(points);
  rows.segment = {series.run_seq,
                  series.key,
                  number,
                  static_cast<int64_t>(points.size()),
                  points.front().timestamp_ms,
                  points.back().timestamp_ms,
                  steps.from,
                  steps.to,
                  std::move(data),
                  std::move(coarse),
                  std::move(overview),
                  std::move(detail)};
  return rows;
}

}  // namespace millwright::tracking
