#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "scan/scan.h"

namespace millwright::scan::testing {

inline std::filesystem::path Corpus(const std::string& name) {
  return std::filesystem::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/models" / name;
}

// Scans bytes as a file of this name.
inline Report ScanBytes(const std::string& name, const std::string& bytes,
                        const ScanOptions& options = {}) {
  const TempDir dir;
  const auto file = dir.path() / name;
  std::ofstream(file, std::ios::binary) << bytes;
  return Scan(file, options);
}

// The gravest finding as "severity rule place", or "" when there is none.
inline std::string Gravest(const Report& report) {
  if (report.findings.empty()) return "";
  const Finding& first = report.findings.front();
  return std::string(SeverityName(first.severity)) + " " + first.rule + " " + first.place;
}

inline bool Has(const Report& report, const std::string& rule) {
  for (const Finding& finding : report.findings) {
    if (finding.rule == rule) return true;
  }
  return false;
}

}  // namespace millwright::scan::testing
