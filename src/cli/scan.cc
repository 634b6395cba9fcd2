#include "scan/scan.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"

namespace millwright::cli {
namespace {

struct ScanOptions {
  std::vector<std::string> paths, trusted_globals;
};
constexpr Option<ScanOptions> kScanOptions[] = {
    {"", "PATH", "A model's file or folder; repeatable", &ScanOptions::paths, "", 0, 0,
     Option<ScanOptions>::Kind::kRequired},
    {"scan.trusted_globals", "--trust",
     "A global that pickles may name besides the list, package.module.Name; repeatable",
     &ScanOptions::trusted_globals, "NAME"},
};

// Exit statuses by the gravest finding; low ones and none give 0.
constexpr int kMediumStatus = 3;
constexpr int kHighStatus = 4;
constexpr int kCriticalStatus = 5;

int StatusOf(const scan::Report& report) {
  if (!report.CleanBelow(scan::Severity::kCritical)) return kCriticalStatus;
  if (!report.CleanBelow(scan::Severity::kHigh)) return kHighStatus;
  return report.CleanBelow(scan::Severity::kMedium) ? 0 : kMediumStatus;
}

int Scan(const ScanOptions& options, Console& console) {
  Json answers = Json::MakeArray();
  int status = 0;
  for (const std::string& path : options.paths) {
    const auto report = scan::Scan(path, {.trusted_globals = options.trusted_globals});
    status = std::max(status, StatusOf(report));
    Json answer = scan::ReportToJson(report);
    answer.Set("path", path);
    answer.Set("summary", report.Summary());
    answers.Append(std::move(answer));
    console.Line(fmt::format("{}: {}", path, report.Summary()));
    std::vector<std::vector<std::string>> rows;
    for (const scan::Finding& finding : report.findings) {
      rows.push_back({std::string(scan::SeverityName(finding.severity)), finding.rule,
                      finding.place, finding.message});
    }
    if (!rows.empty()) console.PrintTable({"SEVERITY", "RULE", "PLACE", "WHAT"}, rows);
  }
  console.Answer(Json::Of({{"scans", std::move(answers)}}));
  return status;
}

}  // namespace

void AddScanCommands(Commands& commands) {
  commands.push_back(MakeCommand("scan",
                                 "Look at model files for what loading them could do; exit 3, 4 or "
                                 "5 by the gravest finding (medium, high, critical)",
                                 kScanOptions, Scan));
}

}  // namespace millwright::cli
