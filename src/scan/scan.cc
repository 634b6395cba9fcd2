#include "scan/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "scan/scanner.h"

namespace millwright::scan {
namespace {

namespace fs = std::filesystem;

void ScanFolder(const fs::path& folder, Scanner* scanner) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    entries.push_back(entry.path());
    if (entries.size() > static_cast<size_t>(kScanFilesMax)) {
      scanner->Say(Severity::kHigh, "folder.size", ".",
                   fmt::format("holds more than {} files", kScanFilesMax));
      break;
    }
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    const std::string place = entry.lexically_relative(folder).string();
    const auto status = fs::symlink_status(entry);
    if (fs::is_symlink(status)) {
      std::error_code error;
      const auto target = fs::weakly_canonical(entry, error);
      const auto root = fs::weakly_canonical(folder, error);
      const auto within = target.lexically_relative(root);
      const bool leaves = error || within.empty() || *within.begin() == "..";
      scanner->Say(leaves ? Severity::kCritical : Severity::kMedium, "folder.link", place,
                   leaves ? "is a symbolic link out of the folder" : "is a symbolic link");
    } else if (fs::is_regular_file(status)) {
      scanner->ScanFile(entry, place);
    } else if (!fs::is_directory(status)) {
      scanner->Say(Severity::kHigh, "folder.special", place, "is neither a file nor a folder");
    }
  }
}

}  // namespace

Report Scan(const fs::path& path, const ScanOptions& options) {
  if (!fs::exists(path)) throw NotFound("File or folder", path.string());
  const PicklePolicy policy(options.trusted_globals);
  Scanner scanner(policy);
  if (fs::is_directory(path)) {
    ScanFolder(path, &scanner);
  } else if (fs::is_regular_file(path)) {
    scanner.ScanFile(path, path.filename().string());
  } else {
    scanner.Say(Severity::kHigh, "folder.special", path.filename().string(),
                "is neither a file nor a folder");
  }
  return scanner.TakeReport();
}

}  // namespace millwright::scan
