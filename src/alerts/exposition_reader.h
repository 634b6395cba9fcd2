#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "alerts/labels.h"

namespace millwright::alerts {

// One number of Prometheus' text exposition format.
struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

// Reads text of the format 0.0.4 and hands over each sample whose name `wants` it. Lines that are
// none are passed over; their number is returned.
int ReadExposition(std::string_view text, const std::function<bool(std::string_view)>& wants,
                   const std::function<void(Sample&&)>& each);

}  // namespace millwright::alerts
