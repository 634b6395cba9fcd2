#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "quality/suite.h"

// A window's rows, held against a suite of expectations as a dataset version is.
namespace millwright::monitoring {

// A suite as it was when it was attached to a monitor: later versions of it change nothing until
// the monitor is put anew.
struct MonitorSuite {
  quality::Suite suite;
  int64_t version = 0;

  Json ToJson() const;
  static MonitorSuite FromJson(const Json& json);  // throws kInvalidArgument
};

// A suite is judged window by window, so that it must not be long.
inline constexpr size_t kMonitorExpectationsMax = 500;

struct CheckedExpectation {
  std::string name;  // in words: "amount must be between 0 and 500"
  bool success = false;
  // The share of the values that are not as expected, and how large it may be; of what is expected
  // of a column or table as a whole 1 where it is broken and 0 else.
  double unexpected_share = 0, allowed_share = 0;
  std::string message;  // why it could not be judged, which counts as broken; or what was seen
};

struct WindowValidation {
  std::string suite;  // empty: none is attached
  int64_t version = 0;
  std::vector<CheckedExpectation> checks;  // in the suite's order

  int64_t broken() const;
  Json ToJson() const;
  static WindowValidation FromJson(const Json& json);
};

// Judges a table with the columns that the expectations name.
WindowValidation ValidateWindow(analytics::Session& session, const std::string& table,
                                const MonitorSuite& suite);

}  // namespace millwright::monitoring
