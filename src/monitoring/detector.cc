#include "monitoring/detector.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "base/enum_names.h"
#include "base/error.h"
#include "drift/online_detectors.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kDayMs = 86'400'000;

constexpr std::pair<DetectorMethod, std::string_view> kMethods[] = {
    {DetectorMethod::kCusum, "cusum"},
    {DetectorMethod::kPageHinkley, "page_hinkley"},
    {DetectorMethod::kAdwin, "adwin"},
};
constexpr std::pair<DetectorOf, std::string_view> kOfs[] = {{DetectorOf::kError, "error"},
                                                            {DetectorOf::kScore, "score"},
                                                            {DetectorOf::kFeature, "feature"}};

constexpr double kRunLengthMin = 100, kRunLengthMax = 1e12;
constexpr double kShiftMin = 0.01, kShiftMax = 10;
// A feature's value in deviations of the reference is cut at so many for ADWIN, which takes values
// from 0 to 1.
constexpr double kAdwinDeviations = 4;

// Of batches. Sums that wait for a larger shift than this find it as soon.
constexpr double kBatchShiftMax = 2;
constexpr double kBatchDeviationsMax = 3;
constexpr double kBatchesBetweenAlarmsMin = 2;
constexpr double kLearntOfShift = 50, kLearntMin = 12, kLearntMax = 200;
// Without a reference so much before a window says what its cycles and its dependence are: a week
// and a day, or as many rows as are read.
constexpr int64_t kHistoryMs = 8 * kDayMs;

template <typename E, size_t N>
E ParseName(const std::pair<E, std::string_view> (&names)[N], const std::string& text,
            const char* field) {
  if (const auto value = FindNamed(names, text)) return *value;
  throw InvalidArgument("detectors: {} is one of {}, not {}", field, NamesOf(names), text)
      .WithField("detectors");
}

double Between(const Json& json, const char* field, double fallback, double min, double max) {
  const double value = json.GetDouble(field, fallback);
  if (value >= min && value <= max) return value;
  throw InvalidArgument("detectors: {} must be from {} to {}", field, min, max)
      .WithField("detectors");
}

std::optional<double> OptionalNumber(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsDouble(key);
}

std::optional<int64_t> OptionalTime(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsInt(key);
}

// Deviations on ADWIN's scale from 0 to 1.
double ForAdwin(double deviations) {
  return std::clamp((deviations + kAdwinDeviations) / (2 * kAdwinDeviations), 0.0, 1.0);
}

// A detector of any method.
struct Watch {
  std::function<bool(double)> add;
  std::function<int64_t()> rows_since_change;  // of the last alarm
};

// Of single rows: in deviations of the reference where its level is known.
Watch WatchRows(const DetectorSpec& spec, bool is_standardised) {
  const double rows = spec.rows_between_false_alarms;
  if (spec.method == DetectorMethod::kCusum) {
    auto cusum = std::make_shared<drift::Cusum>(drift::Cusum::Options{
        .mean = 0, .deviation = 1, .shift = spec.shift, .rows_between_false_alarms = rows});
    return {[cusum](double value) { return cusum->Add(value); },
            [cusum] { return cusum->rows_since_change(); }};
  }
  if (spec.method == DetectorMethod::kPageHinkley) {
    auto test = std::make_shared<drift::PageHinkley>(
        drift::PageHinkley::Options{.shift = spec.shift, .rows_between_false_alarms = rows});
    return {[test](double value) { return test->Add(value); },
            [test] { return test->rows_since_change(); }};
  }
  // The chance of a look; there is one each so many rows.
  auto adwin = std::make_shared<drift::Adwin>(
      std::min(0.5, static_cast<double>(drift::Adwin::kRowsBetweenLooks) / rows));
  return {[adwin, is_standardised](double value) {
            return adwin->Add(is_standardised ? ForAdwin(value) : std::clamp(value, 0.0, 1.0));
          },
          [adwin] { return adwin->rows_since_change(); }};
}

// Of the means of batches, in their deviations, which are known.
Watch WatchBatches(const DetectorSpec& spec, const Level& level) {
  const double alarms_apart =
      std::max(kBatchesBetweenAlarmsMin, spec.rows_between_false_alarms / level.rows_per_batch);
  const double shift = std::clamp(spec.shift / level.BatchDeviation(level.rows_per_batch),
                                  kShiftMin, kBatchShiftMax);
  if (spec.method == DetectorMethod::kCusum) {
    auto cusum = std::make_shared<drift::Cusum>(
        drift::Cusum::Options{.shift = shift, .rows_between_false_alarms = alarms_apart});
    return {[cusum](double value) { return cusum->Add(value); },
            [cusum] { return cusum->rows_since_change(); }};
  }
  if (spec.method == DetectorMethod::kPageHinkley) {
    // So many that what is learnt is off by no more than a quarter of the slack.
    const double learnt = std::clamp(kLearntOfShift / (shift * shift), kLearntMin, kLearntMax);
    auto test = std::make_shared<drift::PageHinkley>(drift::PageHinkley::Options{
        .shift = shift,
        .rows_between_false_alarms = alarms_apart,
        .rows_to_learn = std::llround(learnt),
        .deviation = 1,
        .rows_known = std::max<int64_t>(level.batches, std::llround(learnt))});
    return {[test](double value) { return test->Add(value); },
            [test] { return test->rows_since_change(); }};
  }
  auto adwin = std::make_shared<drift::Adwin>(std::min(0.5, 1 / alarms_apart), 1);
  return {[adwin](double value) { return adwin->Add(ForAdwin(value)); },
          [adwin] { return adwin->rows_since_change(); }};
}

class RunningMean {
 public:
  void Add(double value) {
    sum_ += value;
    ++rows_;
  }
  std::optional<double> mean() const {
    return rows_ > 0 ? std::optional(sum_ / static_cast<double>(rows_)) : std::nullopt;
  }

 private:
  double sum_ = 0;
  int64_t rows_ = 0;
};

// The rows before a window.
std::vector<DetectorValue> HistoryOf(const std::vector<DetectorValue>& values, int64_t window_ms) {
  std::vector<DetectorValue> history;
  for (const DetectorValue& value : values) {
    if (value.time_ms >= window_ms) break;
    if (std::isfinite(value.value)) history.push_back(value);
  }
  return history;
}

bool IsEnough(const std::vector<DetectorValue>& history, int64_t window_ms) {
  return static_cast<int64_t>(history.size()) >= kDetectorHistoryRows ||
         (!history.empty() && window_ms - history.front().time_ms >= kHistoryMs);
}

// The rows that a detector looks at one after another, or batch by batch, and what it said.
class DetectorRun {
 public:
  DetectorRun(const DetectorSpec& spec, const std::optional<Level>& level)
      : level_(level), is_batched_(level && level->batch_ms > 0) {
    watch_ = is_batched_ ? WatchBatches(spec, *level) : WatchRows(spec, level.has_value());
    change_.detector = spec;
  }

  DetectedChange Run(const std::vector<DetectorValue>& values, const WindowSpan& window) {
    window_ = window;
    for (const DetectorValue& value : values) {
      if (!std::isfinite(value.value)) continue;
      change_.rows += value.time_ms >= window.start_ms;
      if (is_batched_ && !rows_.empty() && BatchEnd(rows_.back()) <= value.time_ms) Look();
      rows_.push_back(value);
      if (!is_batched_) Look();
    }
    const bool is_over =
        is_batched_ && batch_begin_ < rows_.size() && BatchEnd(rows_.back()) <= window.end_ms;
    if (is_over) Look();
    return change_;
  }

 private:
  int64_t BatchEnd(const DetectorValue& value) const {
    const int64_t length = level_->batch_ms;
    const int64_t into = (value.time_ms % length + length) % length;
    return value.time_ms - into + length;
  }
  Level::Distance DistanceOf(const DetectorValue& value) const {
    return level_ ? level_->DistanceOf(value) : Level::Distance{value.value, 1};
  }

  // At what was added since the last look.
  void Look() {
    double sum = 0;
    for (size_t row = batch_begin_; row < rows_.size(); ++row) {
      sum += DistanceOf(rows_[row]).deviations;
    }
    const auto rows = static_cast<double>(rows_.size() - batch_begin_);
    double z = sum / rows;
    if (is_batched_) {
      // One odd day is no change of the level, however odd it is.
      z = std::clamp(z / level_->BatchDeviation(rows), -kBatchDeviationsMax, kBatchDeviationsMax);
    }
    looks_.push_back(batch_begin_);
    batch_begin_ = rows_.size();
    if (!watch_.add(z)) return;
    const DetectorValue& last = rows_.back();
    if (last.time_ms >= window_.start_ms && ++change_.alarms == 1) Describe();
    settled_ = rows_.size();
  }

  // Of the looks from one on, the first row of that before and after which the rows differ most
  // clearly. Where a detector's sum last left zero, a few rows of before may still follow.
  size_t ClearestBegin(size_t first_look) const {
    double all = 0, before = 0, clearest = 0;
    for (size_t row = settled_; row < rows_.size(); ++row) all += DistanceOf(rows_[row]).deviations;
    size_t row = settled_;
    size_t begin = std::max(settled_, looks_[first_look]);
    for (size_t look = first_look; look < looks_.size(); ++look) {
      for (; row < looks_[look]; ++row) before += DistanceOf(rows_[row]).deviations;
      const auto old_rows = static_cast<double>(row - settled_);
      const auto new_rows = static_cast<double>(rows_.size() - row);
      if (old_rows == 0) continue;
      const double apart = before / old_rows - (all - before) / new_rows;
      const double clearness = apart * apart * old_rows * new_rows / (old_rows + new_rows);
      if (clearness <= clearest) continue;
      clearest = clearness;
      begin = row;
    }
    return begin;
  }

  // Says what the alarm that just sounded is about.
  void Describe() {
    const auto since = static_cast<size_t>(std::max<int64_t>(watch_.rows_since_change(), 1));
    const size_t begin = ClearestBegin(looks_.size() - std::min(since, looks_.size()));
    change_.began_ms = rows_[begin].time_ms;
    change_.first_ms = rows_.back().time_ms;
    RunningMean after, moved, unmoved;
    for (size_t row = settled_; row < rows_.size(); ++row) {
      const Level::Distance distance = DistanceOf(rows_[row]);
      (row < begin ? unmoved : moved).Add(distance.deviations * distance.scale);
      if (row >= begin) after.Add(rows_[row].value);
    }
    change_.after = after.mean();
    if (unmoved.mean() || level_) {
      change_.before = *after.mean() - (*moved.mean() - unmoved.mean().value_or(0));
    }
  }

  const std::optional<Level>& level_;
  const bool is_batched_;
  Watch watch_;
  WindowSpan window_;
  DetectedChange change_;
  std::vector<DetectorValue> rows_;
  std::vector<size_t> looks_;  // the first row of each
  size_t batch_begin_ = 0;     // of what is not looked at yet
  size_t settled_ = 0;         // behind the last alarm
};

}  // namespace

std::string_view DetectorMethodName(DetectorMethod method) {
  return NameOf(kMethods, method);
}
std::string_view DetectorOfName(DetectorOf of) {
  return NameOf(kOfs, of);
}

Json DetectorSpec::ToJson() const {
  Json json = Json::Of({{"of", DetectorOfName(of)}, {"method", DetectorMethodName(method)}});
  if (of == DetectorOf::kFeature) json.Set("feature", feature);
  json.Set("rows_between_false_alarms", rows_between_false_alarms);
  if (method != DetectorMethod::kAdwin) json.Set("shift", shift);
  return json;
}

DetectorSpec DetectorSpec::FromJson(const Json& json) {
  DetectorSpec spec;
  for (const auto& field : json.AsObject("detectors")) {
    const bool is_known = field.first == "of" || field.first == "feature" ||
                          field.first == "method" || field.first == "shift" ||
                          field.first == "rows_between_false_alarms";
    if (!is_known) {
      throw InvalidArgument("detectors: unknown field {}", field.first).WithField("detectors");
    }
  }
  spec.feature = json.GetString("feature");
  spec.of = ParseName(kOfs, json.GetString("of", spec.feature.empty() ? "score" : "feature"), "of");
  if ((spec.of == DetectorOf::kFeature) == spec.feature.empty()) {
    throw InvalidArgument("detectors: give feature with of: feature, and only with it")
        .WithField("detectors");
  }
  spec.method = ParseName(kMethods, json.GetString("method", "page_hinkley"), "method");
  spec.rows_between_false_alarms =
      Between(json, "rows_between_false_alarms", spec.rows_between_false_alarms, kRunLengthMin,
              kRunLengthMax);
  if (spec.method == DetectorMethod::kAdwin && json.Has("shift")) {
    throw InvalidArgument("detectors: adwin takes no shift").WithField("detectors");
  }
  spec.shift = Between(json, "shift", spec.shift, kShiftMin, kShiftMax);
  return spec;
}

Json DetectedChange::ToJson() const {
  Json json = Json::Of({{"detector", detector.ToJson()},
                        {"name", detector.name()},
                        {"rows", rows},
                        {"alarms", alarms}});
  json.Set("began_ms", began_ms ? Json(*began_ms) : Json());
  json.Set("first_ms", first_ms ? Json(*first_ms) : Json());
  json.Set("before", before ? Json(*before) : Json());
  json.Set("after", after ? Json(*after) : Json());
  return json;
}

DetectedChange DetectedChange::FromJson(const Json& json) {
  DetectedChange change;
  change.detector = DetectorSpec::FromJson(json.At("detector"));
  change.rows = json.GetInt("rows");
  change.alarms = json.GetInt("alarms");
  change.began_ms = OptionalTime(json, "began_ms");
  change.first_ms = OptionalTime(json, "first_ms");
  change.before = OptionalNumber(json, "before");
  change.after = OptionalNumber(json, "after");
  return change;
}

namespace {

// ADWIN takes values from 0 to 1; others, such as a regression's errors, need a level to be taken
// in deviations of.
bool NeedsScale(const DetectorSpec& detector, const std::vector<DetectorValue>& values) {
  return detector.method == DetectorMethod::kAdwin &&
         std::any_of(values.begin(), values.end(), [](const DetectorValue& one) {
           return std::isfinite(one.value) && (one.value < 0 || one.value > 1);
         });
}

}  // namespace

DetectedChange Detect(const DetectorSpec& detector, const std::optional<Level>& level,
                      const std::vector<DetectorValue>& values, const WindowSpan& window) {
  if (level) return DetectorRun(detector, level).Run(values, window);
  if (detector.method == DetectorMethod::kCusum) {
    throw FailedPrecondition("cusum needs the level of {} in the reference", detector.name());
  }
  const std::vector<DetectorValue> history = HistoryOf(values, window.start_ms);
  DetectedChange change;
  if (IsEnough(history, window.start_ms)) {
    std::optional<Level> learnt = LearnLevel(history);
    if (learnt->IsPlain() && !NeedsScale(detector, values)) learnt.reset();
    change = DetectorRun(detector, learnt).Run(values, window);
  } else {
    change.detector = detector;
    for (const DetectorValue& value : values) {
      change.rows += value.time_ms >= window.start_ms && std::isfinite(value.value);
    }
  }
  return change;
}

}  // namespace millwright::monitoring
