#include "monitoring/detector.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/enum_names.h"
#include "base/error.h"
#include "drift/online_detectors.h"

namespace millwright::monitoring {
namespace {

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
// Fewer rows do not say what a level was.
constexpr double kLevelRowsMin = 30;

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

// What is left of a constant after its mean is taken off.
double RoundingOf(double mean) {
  constexpr double kRounding = 1e-12;
  return kRounding * std::abs(mean);
}

// In deviations of the reference, where its level is known.
double Standardised(const std::optional<Level>& level, const DetectorValue& value) {
  if (!level) return value.value;
  const auto place = level->places.find(value.place);
  const bool is_known =
      place != level->places.end() && place->second.second > RoundingOf(place->second.first);
  const double mean = is_known ? place->second.first : level->mean;
  const double deviation = is_known ? place->second.second : level->deviation;
  const double distance = value.value - mean;
  if (deviation > RoundingOf(mean)) return distance / deviation;
  return std::abs(distance) > RoundingOf(mean) ? distance : 0;
}

std::function<bool(double)> MakeDetector(const DetectorSpec& spec, bool is_standardised) {
  const double rows = spec.rows_between_false_alarms;
  if (spec.method == DetectorMethod::kCusum) {
    auto cusum = std::make_shared<drift::Cusum>(drift::Cusum::Options{
        .mean = 0, .deviation = 1, .shift = spec.shift, .rows_between_false_alarms = rows});
    return [cusum](double value) { return cusum->Add(value); };
  }
  if (spec.method == DetectorMethod::kPageHinkley) {
    auto test = std::make_shared<drift::PageHinkley>(
        drift::PageHinkley::Options{.shift = spec.shift, .rows_between_false_alarms = rows});
    return [test](double value) { return test->Add(value); };
  }
  // The chance of a look; there is one each so many rows.
  auto adwin = std::make_shared<drift::Adwin>(
      std::min(0.5, static_cast<double>(drift::Adwin::kRowsBetweenLooks) / rows));
  return [adwin, is_standardised](double value) {
    const double scaled =
        is_standardised ? (value + kAdwinDeviations) / (2 * kAdwinDeviations) : value;
    return adwin->Add(std::clamp(scaled, 0.0, 1.0));
  };
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

Json Level::ToJson() const {
  Json list = Json::MakeArray();
  for (const auto& [place, level] : places) {
    list.Append(Json::Of({{"place", place}, {"mean", level.first}, {"deviation", level.second}}));
  }
  return Json::Of({{"mean", mean}, {"deviation", deviation}, {"places", std::move(list)}});
}

Level Level::FromJson(const Json& json) {
  Level level;
  level.mean = json.GetDouble("mean");
  level.deviation = json.GetDouble("deviation");
  for (const Json& place : json.At("places").AsArray("places")) {
    level.places[place.GetInt("place")] = {place.GetDouble("mean"), place.GetDouble("deviation")};
  }
  return level;
}

Json DetectedChange::ToJson() const {
  Json json = Json::Of({{"detector", detector.ToJson()},
                        {"name", detector.name()},
                        {"rows", rows},
                        {"alarms", alarms}});
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
  if (const Json* first = json.Find("first_ms"); first && !first->is_null()) {
    change.first_ms = first->AsInt("first_ms");
  }
  change.before = OptionalNumber(json, "before");
  change.after = OptionalNumber(json, "after");
  return change;
}

namespace {

// ADWIN takes values from 0 to 1. Others, such as a regression's errors, are taken in deviations of
// what came before the window, or of all where nothing did.
std::optional<Level> LearntLevel(const std::vector<DetectorValue>& values, int64_t window_ms) {
  bool is_bounded = true;
  for (const bool only_before : {true, false}) {
    double rows = 0, mean = 0, squares = 0;
    for (const DetectorValue& one : values) {
      if (!std::isfinite(one.value)) continue;
      is_bounded = is_bounded && one.value >= 0 && one.value <= 1;
      if (only_before && one.time_ms >= window_ms) continue;
      ++rows;
      const double delta = one.value - mean;
      mean += delta / rows;
      squares += delta * (one.value - mean);
    }
    if (is_bounded) return std::nullopt;
    if (rows >= kLevelRowsMin) return Level{mean, std::sqrt(squares / rows), {}};
  }
  return std::nullopt;
}

}  // namespace

DetectedChange Detect(const DetectorSpec& detector, const std::optional<Level>& reference_level,
                      const std::vector<DetectorValue>& values, int64_t window_ms) {
  const bool is_learnt = detector.method == DetectorMethod::kAdwin && !reference_level;
  const std::optional<Level> level = is_learnt ? LearntLevel(values, window_ms) : reference_level;
  if (detector.method == DetectorMethod::kCusum && !level) {
    throw FailedPrecondition("cusum needs the level of {} in the reference", detector.name());
  }
  DetectedChange change;
  change.detector = detector;
  const auto add = MakeDetector(detector, level.has_value());
  RunningMean before, after;
  for (const DetectorValue& value : values) {
    if (!std::isfinite(value.value)) continue;
    const bool is_alarm = add(Standardised(level, value));
    if (value.time_ms < window_ms) {
      before.Add(value.value);
      continue;
    }
    ++change.rows;
    if (is_alarm) {
      ++change.alarms;
      if (!change.first_ms) change.first_ms = value.time_ms;
    }
    if (change.first_ms) after.Add(value.value);
  }
  change.before = before.mean();
  if (!change.before && level) change.before = level->mean;
  change.after = after.mean();
  return change;
}

}  // namespace millwright::monitoring
