#include "scan/finding.h"

#include <fmt/format.h>

#include <algorithm>

namespace millwright::scan {

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kLow:
      return "low";
    case Severity::kMedium:
      return "medium";
    case Severity::kHigh:
      return "high";
    case Severity::kCritical:
      return "critical";
  }
  return "critical";
}

bool Report::CleanBelow(Severity limit) const {
  return std::none_of(findings.begin(), findings.end(),
                      [&](const Finding& one) { return one.severity >= limit; });
}

std::string Report::Summary() const {
  const std::string looked = fmt::format("{} file{}", files, files == 1 ? "" : "s");
  if (findings.empty()) return looked + ", nothing found";
  const Finding& first = findings.front();
  const auto more = static_cast<int64_t>(findings.size()) - 1 + findings_dropped;
  std::string text =
      fmt::format("{}: {} ({})", SeverityName(first.severity), first.message, first.place);
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

Json ReportToJson(const Report& report) {
  Json findings = Json::MakeArray();
  for (const Finding& one : report.findings) {
    findings.Append(Json::Of({{"severity", SeverityName(one.severity)},
                              {"rule", one.rule},
                              {"place", one.place},
                              {"message", one.message}}));
  }
  return Json::Of({{"files", report.files},
                   {"bytes", report.bytes},
                   {"members", report.members},
                   {"findings", std::move(findings)},
                   {"findings_dropped", report.findings_dropped}});
}

}  // namespace millwright::scan
