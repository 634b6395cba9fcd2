#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/console.h"

namespace millwright::cli {

// A run's metrics, params or tags as texts by key: `kind` is the name of the field in a run's data.
std::map<std::string, std::string> TextsOf(const Json& run, const std::string& kind);

// Splits "auc,loss" and "auc", "loss" alike into keys; empty ones are left out.
std::vector<std::string> SplitKeys(const std::vector<std::string>& given);

// The metrics that a table shows when none are named: those that most runs have, at most
// kMetricColumnsMax of them; system metrics come last.
inline constexpr size_t kMetricColumnsMax = 4;
std::vector<std::string> UsualMetrics(const Json::Array& runs);

// How long a run took or has taken so far, "" when it says neither.
std::string RunDuration(const Json& info, int64_t now_ms);

// Prints runs, a line each, with columns of metrics and params. On a terminal ids are short and
// times relative; elsewhere, for other programs, both are whole.
void PrintRuns(const Json::Array& runs, const std::vector<std::string>& metrics,
               const std::vector<std::string>& params, Console& console);

}  // namespace millwright::cli
