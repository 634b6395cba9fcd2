#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "artifacts/artifacts.h"
#include "storage/database.h"

namespace millwright::retention {

// Who refers to what, as it is when this is made: the model versions that were not deleted (by
// address, run and logged model), the revisions that endpoints serve or could go back to, also of
// versions that were deleted since, the datasets of runs that were not deleted and the dataset
// versions that were read from artifacts. Addresses of the forms runs:/ID/…, models:/ID and
// models:/NAME/VERSION are followed to what they mean.
class References {
 public:
  References(storage::Database& database, const artifacts::Artifacts& artifacts);

  // Adds the versions that were registered or changed since a time, as the transaction sees them.
  void AddRecentVersions(storage::Connection& connection, int64_t since_ms);

  // Each says who refers to it, as a sentence such as "version 3 of flights is made of it", or
  // nothing. A path is used by whoever refers to it, to something in it or to a folder around it.
  std::string UserOfPath(const std::string& path) const;
  // As UserOfPath, and experiments that keep their files inside.
  std::string UserOfFolder(const std::string& path) const;
  std::string UserOfRun(const std::string& run_id) const;
  std::string UserOfModel(const std::string& model_id) const;
  std::string UserOfCopy(const std::filesystem::path& folder) const;

 private:
  void AddVersions(storage::Connection& connection, const std::vector<storage::Row>& rows);
  void AddRevisions(storage::Connection& connection);
  void AddDatasets(storage::Connection& connection);
  void AddInputs(storage::Connection& connection);
  void AddLocations(storage::Connection& connection);
  void AddAddress(storage::Connection& connection, const std::string& address,
                  const std::string& user);

  const artifacts::Artifacts& artifacts_;
  std::map<std::string, std::string> paths_;  // of the store, without slashes at their ends
  std::map<std::string, std::string> locations_;
  std::map<std::string, std::string> runs_;
  std::map<std::string, std::string> models_;
  std::map<std::string, std::string> places_;  // on this machine
};

}  // namespace millwright::retention
