#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"

namespace millwright::quality {

// What becomes of a version that fails a suite: it is held as a whole, the rows that failed are set
// aside and the rest goes on, or it goes on with a warning.
enum class OnFailure { kQuarantine, kSetAside, kWarn };
std::string_view OnFailureName(OnFailure action);
// Reads "quarantine", "set-aside" or "warn". Throws kInvalidArgument.
OnFailure ParseOnFailure(std::string_view name);

// What a suite judges: every new version of a dataset, or every one that is made of a source.
enum class TargetKind { kDataset, kSource };
std::string_view TargetKindName(TargetKind kind);

struct Attachment {
  std::string suite;
  TargetKind kind = TargetKind::kDataset;
  std::string target;  // the name of the dataset or the source, which need not be there yet
  OnFailure on_failure = OnFailure::kQuarantine;
  int64_t created_ms = 0;
  std::string who;
};

// Which suites judge what. Thread-safe.
class Attachments {
 public:
  Attachments(storage::Database& database, events::EventLog& events, const Clock& clock)
      : database_(database), events_(events), clock_(clock) {}

  // Attaches a suite or changes what its failure does; event suite.attached. Versions that are
  // there stay as they are. Throws kNotFound for a suite that is not there.
  Attachment Attach(const Attachment& attachment);
  // Event suite.detached. Throws kNotFound for what is not attached.
  void Detach(const std::string& suite, TargetKind kind, const std::string& target,
              const std::string& who);
  // All attachments, or those of one suite, by what they judge; at most 10,000.
  std::vector<Attachment> List(const std::string& suite = "") const;

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

// Reads the columns that the queries on attachments begin with.
Attachment ReadAttachment(const storage::Row& row);

}  // namespace millwright::quality
