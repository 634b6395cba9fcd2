#include "monitoring/level.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace millwright::monitoring {
namespace {

constexpr int64_t kMinuteMs = 60'000, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;
constexpr int64_t kBatchesMs[] = {
    kMinuteMs, 5 * kMinuteMs, 15 * kMinuteMs, kHourMs,    2 * kHourMs, 4 * kHourMs, 8 * kHourMs,
    kDayMs,    2 * kDayMs,    4 * kDayMs,     8 * kDayMs, 16 * kDayMs, 32 * kDayMs};
// Fewer batches say nothing about how they vary.
constexpr int64_t kBatchesMin = 8;
// How many standard errors means must vary more than independent batches do to be called dependent.
constexpr double kDependenceErrors = 3;
// The spread of batches is taken at the upper end of what their number leaves open, on one side:
// the 90th percentile of a normal distribution.
constexpr double kUpperNormal = 1.2816;
constexpr double kCorrelationMax = 0.8;
// A place is known where it was seen in so many rows on so many days. Its spread is drawn to that
// of all rows as by so many more rows.
constexpr int64_t kPlaceRowsMin = 20, kPlaceDaysMin = 2;

int64_t FloorOf(int64_t time_ms, int64_t length_ms) {
  return time_ms / length_ms - (time_ms % length_ms < 0);
}
int64_t HourOf(int64_t time_ms) {
  return FloorOf(time_ms, kHourMs) - 24 * FloorOf(time_ms, kDayMs);
}
// 1970 began on a Thursday.
int64_t WeekdayOf(int64_t time_ms) {
  const int64_t days = FloorOf(time_ms, kDayMs) + 3;
  return days - 7 * FloorOf(days, 7) + 1;
}

// What is left of a constant after its mean is taken off.
double RoundingOf(double mean) {
  constexpr double kRounding = 1e-12;
  return kRounding * std::abs(mean);
}

struct Sums {
  double rows = 0, sum = 0, squares = 0;

  void Add(double value) {
    ++rows;
    sum += value;
    squares += value * value;
  }
};

// Takes the level of each place off the values where that brings them nearer to 0 on days that the
// level was not learnt from. The values then are what each day is against the other days, in the
// deviations of its places. Returns nothing where it does not help.
Level::Places TakeOff(const std::vector<DetectorValue>& rows,
                      const std::function<int64_t(const DetectorValue&)>& place_of,
                      std::vector<double>* values) {
  std::map<int64_t, std::map<int64_t, Sums>> days;  // by place and day
  for (size_t i = 0; i < rows.size(); ++i) {
    days[place_of(rows[i])][FloorOf(rows[i].time_ms, kDayMs)].Add((*values)[i]);
  }
  std::map<int64_t, Sums> all;
  Level::Places places;
  for (const auto& [place, by_day] : days) {
    Sums& sums = all[place];
    for (const auto& [day, own] : by_day) {
      sums.rows += own.rows;
      sums.sum += own.sum;
      sums.squares += own.squares;
    }
    if (sums.rows < kPlaceRowsMin || by_day.size() < kPlaceDaysMin) continue;
    const double mean = sums.sum / sums.rows;
    const double squares = std::max(0.0, sums.squares - mean * sums.sum);
    places[place] = {mean, std::sqrt((squares + kPlaceRowsMin) / (sums.rows + kPlaceRowsMin))};
  }
  if (places.size() < 2) return {};
  std::vector<double> left(rows.size());
  double before = 0, after = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const double value = (*values)[i];
    left[i] = value;
    before += value * value;
    const int64_t place = place_of(rows[i]);
    if (const auto known = places.find(place); known != places.end()) {
      const Sums& sums = all.at(place);
      const Sums& own = days.at(place).at(FloorOf(rows[i].time_ms, kDayMs));
      const double distance = value - (sums.sum - own.sum) / (sums.rows - own.rows);
      after += distance * distance;
      left[i] = distance / known->second.second;
    } else {
      after += value * value;
    }
  }
  if (after >= before) return {};
  *values = std::move(left);
  return places;
}

struct Batch {
  int64_t number = 0;  // of its length
  double rows = 0, sum = 0;
};

std::vector<Batch> BatchesOf(const std::vector<DetectorValue>& rows,
                             const std::vector<double>& values, int64_t length_ms) {
  std::vector<Batch> batches;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t number = FloorOf(rows[i].time_ms, length_ms);
    if (batches.empty() || batches.back().number != number) batches.push_back({number});
    ++batches.back().rows;
    batches.back().sum += values[i];
  }
  return batches;
}

// What the means of batches vary by in units of what they would if rows were independent.
double Inflation(const std::vector<Batch>& batches, double row_variance) {
  double sum = 0;
  for (const Batch& batch : batches) sum += batch.sum * batch.sum / batch.rows;
  return sum / static_cast<double>(batches.size()) / row_variance;
}

// Of the means of neighbours.
double Correlation(const std::vector<Batch>& batches) {
  double products = 0, squares = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    const double mean = batches[i].sum / batches[i].rows;
    squares += mean * mean;
    const bool is_next = i > 0 && batches[i - 1].number + 1 == batches[i].number;
    if (is_next) products += mean * batches[i - 1].sum / batches[i - 1].rows;
  }
  return squares > 0 ? std::clamp(products / squares, 0.0, kCorrelationMax) : 0;
}

// How much larger the variance of so many may be than it was found to be (Wilson and Hilferty).
double UpperVariance(double count) {
  const double spread = 2 / (9 * count);
  return 1 / std::pow(1 - spread - kUpperNormal * std::sqrt(spread), 3);
}

void LearnBatches(const std::vector<DetectorValue>& rows, const std::vector<double>& values,
                  Level* level) {
  double squares = 0;
  for (double value : values) squares += value * value;
  const double row_variance = squares / static_cast<double>(values.size());
  if (!(row_variance > 0)) return;
  level->row_variance = row_variance;
  double chosen_inflation = 1;
  std::vector<Batch> chosen;
  for (int64_t length_ms : kBatchesMs) {
    std::vector<Batch> batches = BatchesOf(rows, values, length_ms);
    if (static_cast<int64_t>(batches.size()) < kBatchesMin) break;
    if (batches.size() == rows.size()) continue;  // one row each
    const double inflation = Inflation(batches, row_variance);
    const double error = std::sqrt(2 / static_cast<double>(batches.size()));
    if (inflation <= chosen_inflation * (1 + kDependenceErrors * error)) continue;
    chosen_inflation = inflation;
    chosen = std::move(batches);
    level->batch_ms = length_ms;
  }
  if (level->batch_ms == 0) return;
  const auto count = static_cast<double>(chosen.size());
  const double correlation = Correlation(chosen);
  const double upper =
      chosen_inflation * UpperVariance(count) * (1 + correlation) / (1 - correlation);
  level->batches = static_cast<int64_t>(chosen.size());
  level->rows_per_batch = static_cast<double>(rows.size()) / count;
  level->batch_variance = std::max(0.0, upper - 1) * row_variance / level->rows_per_batch;
}

Json PlacesJson(const Level::Places& places) {
  Json list = Json::MakeArray();
  for (const auto& [place, level] : places) {
    list.Append(Json::Of({{"place", place}, {"mean", level.first}, {"deviation", level.second}}));
  }
  return list;
}

Level::Places ReadPlaces(const Json& json, const char* key) {
  Level::Places places;
  const Json* list = json.Find(key);
  if (list == nullptr) return places;
  for (const Json& place : list->AsArray(key)) {
    places[place.GetInt("place")] = {place.GetDouble("mean"), place.GetDouble("deviation")};
  }
  return places;
}

}  // namespace

Level::Distance Level::DistanceOf(const DetectorValue& value) const {
  const auto place = places.find(value.place);
  const bool is_known =
      place != places.end() && place->second.second > RoundingOf(place->second.first);
  const double usual = is_known ? place->second.first : mean;
  const double spread = is_known ? place->second.second : deviation;
  Distance distance{value.value - usual, 1};
  if (spread <= RoundingOf(usual)) {
    if (std::abs(distance.deviations) <= RoundingOf(usual)) distance.deviations = 0;
    return distance;
  }
  distance.deviations /= spread;
  distance.scale = spread;
  for (const auto& [known, at] :
       {std::pair(&hours, HourOf(value.time_ms)), std::pair(&weekdays, WeekdayOf(value.time_ms))}) {
    const auto own = known->find(at);
    if (own == known->end()) continue;
    distance.deviations = (distance.deviations - own->second.first) / own->second.second;
    distance.scale *= own->second.second;
  }
  return distance;
}

double Level::BatchDeviation(double rows) const {
  return std::sqrt(batch_variance + row_variance / rows);
}

Json Level::ToJson() const {
  return Json::Of({{"mean", mean},
                   {"deviation", deviation},
                   {"places", PlacesJson(places)},
                   {"hours", PlacesJson(hours)},
                   {"weekdays", PlacesJson(weekdays)},
                   {"batch_ms", batch_ms},
                   {"batch_variance", batch_variance},
                   {"row_variance", row_variance},
                   {"rows_per_batch", rows_per_batch},
                   {"batches", batches}});
}

Level Level::FromJson(const Json& json) {
  Level level;
  level.mean = json.GetDouble("mean");
  level.deviation = json.GetDouble("deviation");
  level.places = ReadPlaces(json, "places");
  level.hours = ReadPlaces(json, "hours");
  level.weekdays = ReadPlaces(json, "weekdays");
  level.batch_ms = json.GetInt("batch_ms", level.batch_ms);
  level.batch_variance = json.GetDouble("batch_variance", level.batch_variance);
  level.row_variance = json.GetDouble("row_variance", level.row_variance);
  level.rows_per_batch = json.GetDouble("rows_per_batch", level.rows_per_batch);
  level.batches = json.GetInt("batches", level.batches);
  return level;
}

std::optional<Level> LearnLevel(const std::vector<DetectorValue>& values) {
  if (values.empty()) return std::nullopt;
  Level level;
  const auto rows = static_cast<double>(values.size());
  for (const DetectorValue& value : values) level.mean += value.value / rows;
  double squares = 0;
  for (const DetectorValue& value : values) {
    squares += (value.value - level.mean) * (value.value - level.mean);
  }
  level.deviation = std::sqrt(squares / rows);
  if (level.deviation <= RoundingOf(level.mean)) return level;
  std::vector<double> left;
  left.reserve(values.size());
  for (const DetectorValue& value : values) {
    left.push_back((value.value - level.mean) / level.deviation);
  }
  level.places = TakeOff(
      values, [](const DetectorValue& value) { return value.place; }, &left);
  for (auto& [place, own] : level.places) {
    own = {level.mean + level.deviation * own.first, level.deviation * own.second};
  }
  level.hours = TakeOff(
      values, [](const DetectorValue& value) { return HourOf(value.time_ms); }, &left);
  level.weekdays = TakeOff(
      values, [](const DetectorValue& value) { return WeekdayOf(value.time_ms); }, &left);
  LearnBatches(values, left, &level);
  return level;
}

}  // namespace millwright::monitoring
