#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "supply/version_policy.h"

namespace millwright::supply {

// A version as an origin has it now.
struct OfferedVersion {
  std::string version;  // "7"
  std::string digest;   // hex; another one whenever the version's files are others

  bool operator==(const OfferedVersion&) const = default;
};

struct Offer {
  std::vector<OfferedVersion> versions;       // from oldest to newest
  std::map<std::string, std::string> labels;  // names of versions, as aliases of the registry are

  bool operator==(const Offer&) const = default;
};

// Where the versions of one model come from. Used by one thread at a time.
class Origin {
 public:
  virtual ~Origin() = default;
  // As it was asked for, without secrets.
  virtual const std::string& address() const = 0;
  // What is there now of what the policy chooses. Throws kNotFound when there is no such model,
  // and what stands for a source that does not answer: kUnavailable, kDeadlineExceeded and others.
  virtual Offer Look(const VersionPolicy& policy) = 0;
  // Where the files of a version lie, for an origin on this machine; they are loaded from there.
  virtual std::optional<std::filesystem::path> LocalPath(const std::string& /*version*/) {
    return std::nullopt;
  }
  // Copies the files of an offered version into a folder, which is there and empty. Throws kAborted
  // when they have become others since Look.
  virtual void Fetch(const OfferedVersion& version, const std::filesystem::path& folder) = 0;
};

}  // namespace millwright::supply
