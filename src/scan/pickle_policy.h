#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millwright::scan {

// What naming a Python global in a pickle means.
enum class GlobalTrust {
  kAllowed,    // a known class or maker of plain data and models: calling it runs nothing else
  kUnknown,    // not on the list: it may do anything
  kDangerous,  // known to run code, load it, or reach files or the network
};

// Judges Python globals against a fixed list of exact names; packages are never trusted as a whole,
// since any module hands on what it imports. Immutable and so thread-safe.
class PicklePolicy {
 public:
  // `more` are names that the owner trusts besides, each "package.module.Name".
  explicit PicklePolicy(std::vector<std::string> more = {});
  // Takes Python 2's module names as well ("__builtin__", "copy_reg").
  GlobalTrust Judge(std::string_view module, std::string_view name) const;

 private:
  std::vector<std::string> more_;  // sorted
};

// One module's trusted names, separated by blanks.
struct TrustedModule {
  std::string_view module;
  std::string_view names;
};

// The list, in order of the modules (src/scan/trusted_globals.cc).
extern const TrustedModule kTrustedModules[];
extern const size_t kTrustedModuleCount;

}  // namespace millwright::scan
