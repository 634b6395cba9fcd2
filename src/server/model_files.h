#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "registry/entities.h"

namespace millwright::artifacts {
class Artifacts;
}
namespace millwright::registry {
struct Inspection;
struct NewVersion;
}  // namespace millwright::registry

namespace millwright::server {

// The local folder (or file) that holds a registered version's model. Throws kFailedPrecondition
// when its files are not on this machine.
std::filesystem::path ModelFolder(const artifacts::Artifacts& artifacts,
                                  const registry::ModelVersion& version);

// What is done with a version whose files have findings of scan::Severity::kHigh and above.
enum class ScanPolicy { kBlock, kQuarantine, kWarn };
// Throws kInvalidArgument with the policies there are.
ScanPolicy ParseScanPolicy(const std::string& text);

// Judges the files of versions, in child processes, so that a hostile file harms nobody.
// Thread-safe.
class ModelInspection {
 public:
  struct Options {
    ScanPolicy policy = ScanPolicy::kWarn;
    std::vector<std::string> trusted_globals;
  };
  ModelInspection(const artifacts::Artifacts& artifacts, Options options)
      : artifacts_(artifacts), options_(std::move(options)) {}

  // Adds the schema that its MLmodel declares; scans the files (`millwright scan`) and adds the
  // result as the check "scan"; then loads the model (`millwright models inspect`) and adds its
  // signature, or to the check that it does not load. Throws kInvalidArgument with the reason when
  // the policy blocks the files. Files that are not kept here are neither scanned nor loaded: the
  // check fails and says so, and the policy does with them what it does with bad ones. A version of
  // a prompt has no files and no check.
  void Inspect(registry::NewVersion* version) const;

  // The same for a version that another store had already, without loading it.
  registry::Inspection InspectImported(const registry::ModelVersion& version) const;

  // Scans the files of a version that is here and loads the model. What the policy would block is
  // in quarantine.
  registry::Check Scan(const registry::ModelVersion& version) const;

  // Scans the files of a version that is to be served and that nobody has looked at: they may have
  // come after the version. Throws kFailedPrecondition when the policy keeps them out.
  void RequireLookedAt(const registry::ModelVersion& version,
                       const std::vector<registry::Check>& checks) const;

 private:
  // Loads the model in a child process and returns its signature; where it does not load, the check
  // fails and says why.
  std::optional<Json> Load(const std::string& artifact_uri, registry::Check* check) const;
  registry::Check ScanAt(const std::string& artifact_uri) const;
  registry::Check ScanFiles(const std::filesystem::path& model) const;

  const artifacts::Artifacts& artifacts_;
  const Options options_;
};

}  // namespace millwright::server
