#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// A model that is shown has this tag, whose value is its folder.
inline constexpr const char* kMountTag = "millwright.mounted_from";

// A model as its folder has it, with its aliases, and what its files were like when it was read.
struct ShownModel {
  RegisteredModel model;
  std::vector<ModelVersion> versions;
  std::string fingerprint;
};

// Shows the registry that another tool keeps in a folder: its models stand beside our own ones and
// cannot be changed here: every writer gets kPermissionDenied. The rows are a copy that follows the
// folder, and are removed when it is no longer shown. Each call is one transaction. Thread-safe.
class Mount {
 public:
  // `folder` is how people call it, and what its models are known by.
  Mount(storage::Database& database, events::EventLog& events, const Clock& clock,
        std::string folder);

  // The fingerprints of what is shown, by the name that each model has in the folder.
  std::map<std::string, std::string> Fingerprints() const;

  // Makes the model or gives it and its versions the state that they have in the folder; returns
  // its name here: its own when that is free, else "name (folder)". What changes is noted for
  // as-of questions at the time when it was seen. Throws kInvalidArgument for a name that no model
  // can have here, kAlreadyExists when no name is free.
  ModelName Show(const ShownModel& shown);
  // By the name in the folder; nothing happens when it is not shown.
  void Remove(const std::string& name);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::string folder_;
};

// The folders of which models are shown.
std::vector<std::string> MountedModelFolders(storage::Database& database);

// Throws kPermissionDenied when the model is shown of a folder.
void RequireNotMounted(storage::Connection& connection, int64_t model_seq, const ModelName& name);

}  // namespace millwright::registry
