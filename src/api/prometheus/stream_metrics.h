#pragma once

#include <string>

namespace millwright::streaming {
struct StreamCounts;
}

namespace millwright::api::prometheus {

// What a stream has read, predicted, put aside and committed, and how far it is behind.
std::string StreamMetrics(const streaming::StreamCounts& counts);

}  // namespace millwright::api::prometheus
