#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"

// What a figure that detectors watch is like while nothing changes: its level at each place of its
// cycles, and how far its rows depend on one another.
//
// Rows of one hour or one storm are alike. A detector that takes each for a witness of its own
// alarms far more often than it says. So what lies within one batch of time is one witness, whose
// mean varies by what the batches of the reference vary by. The batch is the shortest time beyond
// which means vary no more than independent batches do.
namespace millwright::monitoring {

struct DetectorValue {
  int64_t time_ms = 0;
  double value = 0;
  int64_t place = 0;  // in the monitor's season
};

struct Level {
  using Places = std::map<int64_t, std::pair<double, double>>;  // mean and deviation

  double mean = 0;
  double deviation = 0;
  Places places;  // in the monitor's season
  // Of what the season leaves, in its deviations, by hour of the day and by ISO weekday, in UTC.
  // Only where they tell something of days that they were not learnt from.
  Places hours, weekdays;

  // Rows within the same so many milliseconds, counted from 1970, are one witness; 0 where each row
  // is one. Its mean, in deviations, varies by batch_variance + row_variance / rows.
  int64_t batch_ms = 0;
  double batch_variance = 0, row_variance = 1;
  double rows_per_batch = 1;
  int64_t batches = 0;  // that this was learnt of

  // How far a value is from what is usual at its time, in deviations, and what one of them is.
  struct Distance {
    double deviations = 0;
    double scale = 1;
  };
  Distance DistanceOf(const DetectorValue& value) const;
  // Whether there are no cycles and each row is a witness.
  bool IsPlain() const {
    return batch_ms == 0 && places.empty() && hours.empty() && weekdays.empty();
  }
  // The deviation of the mean of a batch of so many rows.
  double BatchDeviation(double rows) const;

  Json ToJson() const;
  static Level FromJson(const Json& json);
};

// Learns it of values in the order of their time, which are finite. None of no values.
std::optional<Level> LearnLevel(const std::vector<DetectorValue>& values);

}  // namespace millwright::monitoring
