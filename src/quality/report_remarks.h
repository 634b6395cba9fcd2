#pragma once

#include <map>
#include <string>

#include "quality/report.h"

namespace millwright::quality {

// How the expectations of a report fared before and what people said of them, as HTML. All of it
// together stays within kReportRemarksBytesMax, then only histories in words are given.
class ReportRemarks {
 public:
  // `notes` outlives this.
  explicit ReportRemarks(const ReportNotes& notes);

  // Of one expectation; empty where nothing is known of it.
  std::string Html(const std::string& key);

 private:
  std::multimap<std::string, const SuiteComment*> comments_;
  std::multimap<std::string, const SuiteProposal*> proposals_;
  std::map<std::string, const CheckHistory*> histories_;
  size_t bytes_ = 0;
};

}  // namespace millwright::quality
