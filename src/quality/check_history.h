#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quality/validation.h"

// What each check of a suite came to, over time.
namespace millwright::quality {

inline constexpr int kHistoryMax = 200;      // validations that a history goes back
inline constexpr int kHistoryShownMax = 30;  // of them, in a report

// Names each expectation of a list for people and programs: its short type and its columns,
// "between(distance)"; the second of a name is "between(distance)#2". Bounds and other values are
// not part of the name, so it stays the same when they change.
std::vector<std::string> ExpectationKeys(const std::vector<Expectation>& expectations);
std::vector<Expectation> ExpectationsOf(const ValidationResult& result);
// Finds an expectation by such a name. Throws kNotFound with the nearest name there is.
size_t FindExpectation(const Suite& suite, const std::string& key);

enum class Standing { kMet, kNotMet, kNotJudged };
std::string_view StandingName(Standing standing);

// What one check came to in one validation.
struct CheckPoint {
  std::string validation_id;
  int64_t version = 0;        // of the dataset
  int64_t suite_version = 0;  // 0 where it was not kept
  int64_t created_ms = 0;
  Standing standing = Standing::kMet;
  std::optional<double> share;  // of the judged values, those that were unexpected
  Json observed;                // null where nothing was measured
};

struct CheckHistory {
  std::string key;
  std::vector<CheckPoint> points;  // the oldest first
};

// Writes the outcomes of a validation in few bytes: [[key, "met", share or null, observed], …]. An
// observed value that is no number or short text is left out.
Json OutcomesOf(const ValidationResult& result);
// Adds the outcomes of a validation to histories: `point` has all but what they say. To be called
// with the newest validation first.
void AddOutcomes(const Json& outcomes, const CheckPoint& point,
                 std::vector<CheckHistory>* histories);
// What was known at a time.
std::vector<CheckHistory> Until(std::vector<CheckHistory> histories, int64_t time_ms);

}  // namespace millwright::quality
