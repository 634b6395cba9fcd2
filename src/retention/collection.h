#pragma once

#include <optional>
#include <string>

#include "retention/garbage.h"
#include "retention/references.h"
#include "tracking/removal.h"

namespace millwright::retention {

// One page of a collection on its way: what Garbage::Collect does.
class Collection {
 public:
  Collection(storage::Database& database, artifacts::Artifacts& artifacts,
             artifacts::PartUploads& uploads, events::EventLog& events, const Clock& clock,
             const Request& request);

  Page Run();

 private:
  // Where a kind goes on when the page is full; nothing when it is through.
  using Place = std::optional<std::string>;

  void RequireNamed();
  bool Includes(Kind kind) const;
  Place Visit(Kind kind, const std::string& after);
  Place Abandoned(std::string after);
  Place DeletedArtifacts(const std::string& after);
  Place Uploads(std::string after);
  Place Models(std::string after);
  Place Runs(int64_t after);
  Place NamedRuns(const std::string& after);
  Place Experiments(int64_t after);
  Place Copies(const std::string& after);
  Place UnknownFiles(const std::string& after);

  // Each says why it must stay; empty when it may go.
  std::string Young(int64_t since_ms) const;
  std::string WhyKept(const tracking::DeletedRun& run) const;
  std::string WhyKept(const tracking::DeletedModel& model) const;
  std::string WhyKept(const tracking::DeletedExperiment& experiment) const;
  // For the files of what has this id.
  std::string WhyFilesKept(const std::string& artifact_uri, const std::string& id) const;

  // Each judges one thing, removes it where it is to go, and adds a finding.
  void Take(const tracking::DeletedRun& run);
  void Take(const tracking::DeletedModel& model);
  void Take(const tracking::DeletedExperiment& experiment);
  // Remove rows and note files in one transaction. False when it was restored meanwhile.
  bool Remove(const tracking::DeletedRun& run);
  bool Remove(const tracking::DeletedModel& model);
  bool Remove(const tracking::DeletedExperiment& experiment);
  void RemoveFiles(const std::string& artifact_uri);
  // Within a removal: holds what uses files back, and throws kFailedPrecondition where a version
  // was made of these since the references were read.
  void RequireNoNewVersion(storage::Connection& connection, const std::string& artifact_uri);
  void Add(Finding finding, const std::string& kept, std::string_view why_removed);

  bool IsFull() const;

  storage::Database& database_;
  artifacts::Artifacts& artifacts_;
  artifacts::PartUploads& uploads_;
  events::EventLog& events_;
  const Clock& clock_;
  const Request& request_;
  References references_;
  const int64_t started_us_;
  const int64_t started_ms_;
  Page page_;
};

}  // namespace millwright::retention
