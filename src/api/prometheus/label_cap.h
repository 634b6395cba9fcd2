#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millwright::api::prometheus {

// Leaves of each metric at most so many sets of labels in a text of the exposition format; of a
// histogram a set is all of its buckets with their sum and count. What is left out is counted in
// millwright_metrics_left_out, which the text gets at its end: by metric, of this text.
std::string WithCappedLabels(std::string_view text, size_t label_sets_max);

}  // namespace millwright::api::prometheus
