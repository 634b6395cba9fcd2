#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "moving/file_store_source.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::moving {

// An `mlruns/` folder, written as MLflow's file store does, with its registry; see FileStoreSource.
// Ids are kept. Names that a file system cannot hold, such as a model's with a slash, are refused;
// keys of params, tags and metrics that it cannot hold go to the Problems and are left out.
class FileStoreTarget : public Target {
 public:
  // Makes the folder. Throws kInvalidArgument when it holds other things than a file store.
  FileStoreTarget(std::filesystem::path root, Problems& problems);

  std::string where() const override { return root_.string(); }
  Source& contents() override { return contents_; }
  tracking::Experiment Put(const tracking::Experiment& experiment) override;
  void Put(const Source::RunGroup& runs) override;
  void Put(const tracking::LoggedModel& model) override;
  void Put(const registry::RegisteredModel& model,
           const std::vector<registry::ModelVersion>& versions) override;
  void PutDeleted(const registry::RegisteredModel& model,
                  const std::vector<int64_t>& versions) override;
  void PutAlias(const registry::ModelName& name, const registry::Alias& alias) override;
  void PutFile(const FileOwner& owner, const std::string& path,
               const std::filesystem::path& file) override;
  std::string FolderUri(const tracking::Experiment& there, const std::string& id,
                        bool is_model) const override;

 private:
  enum class Mode { kWhole, kMore };
  std::filesystem::path ExperimentFolder(const tracking::ExperimentId& id) const;
  // Writes, or says why a key cannot be a file and returns false.
  bool PutValue(const std::string& whose, const std::filesystem::path& folder,
                const std::string& key, std::string_view value, Mode mode);
  void PutRun(const tracking::Run& run);
  void PutInputs(const tracking::Run& run, const std::filesystem::path& folder);

  const std::filesystem::path root_;
  FileStoreSource contents_;
  Problems& problems_;
  std::set<std::string> begun_;     // runs whose histories were begun anew
  std::set<std::string> left_out_;  // files of keys that were said to be left out
};

}  // namespace millwright::moving
