#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quality/check_history.h"
#include "quality/suite_review.h"
#include "quality/validation.h"

namespace millwright::quality {

// What a report keeps of a result; the rest is told as "… and N more".
inline constexpr size_t kReportBytesMax = 1'000'000;
inline constexpr size_t kReportFailuresMax = 500;
// Rows of one failed expectation are shown until its text has this size.
inline constexpr size_t kReportFailureBytesMax = 40'000;
inline constexpr size_t kReportRowsMax = 10;
inline constexpr size_t kReportColumnsMax = 40;
inline constexpr size_t kReportValuesMax = 20;

inline constexpr size_t kReportRemarksMax = 10;  // of one expectation
inline constexpr size_t kReportRemarksBytesMax = 100'000;

// What is known of a suite's expectations beside one result; any of it may be missing.
struct ReportNotes {
  std::vector<CheckHistory> histories;
  std::vector<SuiteComment> comments;    // newest first
  std::vector<SuiteProposal> proposals;  // newest first
};

// Renders a validation for people as one HTML document in UTF-8 that refers to nothing outside
// itself: no scripts, inline style, light and dark, fit for a narrow screen and for print. Failed
// expectations come first, in plain words, with how far they failed, examples and failing rows, how
// they fared before and what people said of them. Suite, dataset, version and created_ms are taken
// from result.meta where they are given. Every text of the input is escaped and clipped, and the
// document is smaller than kReportBytesMax whatever the input is. A detail of an unknown shape is
// left out. Thread-safe.
std::string RenderReport(const ValidationResult& result, const ReportNotes& notes = {});

}  // namespace millwright::quality
