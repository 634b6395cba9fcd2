#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::scan {

// How bad a finding is. kHigh and above is what a policy acts on: loading the file could run code,
// read or write elsewhere, or fill the machine, or the file could not be judged at all.
enum class Severity { kLow, kMedium, kHigh, kCritical };
std::string_view SeverityName(Severity severity);  // "low", "medium", "high", "critical"

struct Finding {
  Severity severity = Severity::kLow;
  std::string rule;     // stable, such as "pickle.global"; docs/reference/model-scan.md lists them
  std::string place;    // the file, then what lies within, by '!': "model.pt!archive/data.pkl@17"
  std::string message;  // for people
};

// What a scan says. The same files give the same report.
struct Report {
  std::vector<Finding> findings;  // the gravest first, kFindingsMax at most
  int64_t findings_dropped = 0;
  int64_t files = 0;    // on disk
  int64_t bytes = 0;    // on disk
  int64_t members = 0;  // within archives

  // Whether nothing is as grave as `limit`.
  bool CleanBelow(Severity limit) const;
  // One line for people: "3 files, nothing found", "calls os.system (model.pkl@17) and 2 more".
  std::string Summary() const;
};
inline constexpr size_t kFindingsMax = 200;

Json ReportToJson(const Report& report);

}  // namespace millwright::scan
