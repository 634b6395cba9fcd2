#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/key.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// MLflow's limits, in characters of UTF-8.
inline constexpr size_t kKeyCharactersMax = 250;
inline constexpr size_t kParamValueCharactersMax = 6000;  // longer ones are cut
inline constexpr size_t kTagValueCharactersMax = 8000;    // longer ones are cut
inline constexpr size_t kExperimentNameCharactersMax = 500;
inline constexpr size_t kLoggedModelNameCharactersMax = 500;
inline constexpr size_t kExperimentTagValueCharactersMax = 5000;
inline constexpr size_t kArtifactLocationCharactersMax = 2048;
inline constexpr size_t kDatasetNameCharactersMax = 500;
inline constexpr size_t kDatasetDigestCharactersMax = 36;
inline constexpr size_t kDatasetSourceCharactersMax = 65535;
inline constexpr size_t kDatasetSchemaCharactersMax = 1048575;
inline constexpr size_t kDatasetProfileCharactersMax = 16777215;
inline constexpr size_t kInputTagKeyCharactersMax = 255;
inline constexpr size_t kInputTagValueCharactersMax = 500;
inline constexpr size_t kBatchMetricsMax = 1000;
inline constexpr size_t kBatchParamsMax = 100;
inline constexpr size_t kBatchTagsMax = 100;
inline constexpr size_t kBatchItemsMax = 1000;
inline constexpr int64_t kSearchResultsMax = 50'000;
inline constexpr int64_t kHistoryResultsMax = 25'000;

// Of the lease that a run may ask for.
inline constexpr int64_t kRunLeaseSecondsMax = 30 * 86'400;

// Cuts to at most `characters`.
std::string CutTo(std::string_view utf8, size_t characters);

// Checks a key of a metric, param or tag and its length. `parameter` names it in the message,
// `length_name` where it is too long.
void RequireKey(std::string_view key, std::string_view parameter, std::string_view length_name);

// Tells at once that a metric is right, as nearly all are; one that is not plain may be right
// still.
bool IsPlain(const Metric& metric);

// Checks a metric; `prefix` is "" or "metrics[3]." in messages.
void RequireMetric(const Metric& metric, std::string_view prefix);

}  // namespace millwright::tracking
