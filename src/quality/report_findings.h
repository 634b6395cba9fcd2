#pragma once

#include <cstdint>
#include <string>

#include "quality/validation.h"

namespace millwright::quality {

// How many values an expectation over rows judged and how many of them broke it; `judged` is
// negative where the result does not say.
struct Extent {
  int64_t judged = -1;
  int64_t unexpected = 0;
  int64_t missing = 0;
  // "value" where values of one column were judged, else "row".
  std::string noun;

  bool known() const { return judged >= 0; }
  double share() const;
};
Extent ExtentOf(const ExpectationResult& result);

// What is told of a failed expectation below its sentence: by how much it failed, what was observed
// instead, examples of unexpected values and failing rows, in at most kReportFailureBytesMax.
// Whether the rows are unfolded at first is for the caller to say.
enum class Rows { kOpen, kFolded };
std::string FindingsHtml(const ExpectationResult& result, Rows rows);

// One short remark on a passed expectation, such as "observed 602" or "4 of 598 values differ".
std::string PassedRemarkHtml(const ExpectationResult& result);

}  // namespace millwright::quality
