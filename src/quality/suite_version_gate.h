#pragma once

#include "data/version_gate.h"
#include "quality/suite_store.h"
#include "storage/database.h"

namespace millwright::quality {

// Above these the rows that failed are not set aside, the version is held as a whole.
inline constexpr size_t kSetAsideRowsMax = 50'000;
inline constexpr double kSetAsideShareMax = 0.5;
// So long one expectation or scan may take while a version is held.
inline constexpr int64_t kJudgeMsMax = 600'000;

// Judges new versions by the suites that are attached to their dataset or source, and records each
// validation. A suite that cannot be asked, and an expectation that cannot be judged, have not been
// met. Thread-safe.
class SuiteVersionGate : public data::VersionGate {
 public:
  // Suites, which may hold SQL from outside, run in child processes of `host`, if there is one.
  SuiteVersionGate(storage::Database& database, SuiteStore& suites,
                   analytics::SessionHost* host = nullptr)
      : database_(database), suites_(suites), host_(host) {}

  std::string Stamp(storage::Connection& connection, const std::string& dataset,
                    const std::string& source) const override;
  data::Judgement Judge(const data::DatasetVersion& version, const std::string& source,
                        const std::filesystem::path& file, const std::string& table_sql) override;

 private:
  struct Attached;
  struct Subject;
  std::vector<Attached> Read(storage::Connection& connection, const std::string& dataset,
                             const std::string& source) const;
  ValidationResult Run(const Subject& subject, const Suite& suite,
                       const ValidationOptions& options) const;
  std::optional<std::vector<int64_t>> FailedRows(const Subject& subject, const Suite& suite,
                                                 const ValidationResult& result) const;
  void JudgeBy(const Attached& attached, const Subject& subject, data::Judgement* judgement,
               bool* may_set_aside) const;

  storage::Database& database_;
  SuiteStore& suites_;
  analytics::SessionHost* const host_;
};

}  // namespace millwright::quality
