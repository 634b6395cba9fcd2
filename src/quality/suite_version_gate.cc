#include "quality/suite_version_gate.h"

#include <algorithm>
#include <set>

#include "analytics/session.h"
#include "base/error.h"
#include "quality/attachments.h"
#include "quality/report_words.h"
#include "quality/sql.h"

namespace millwright::quality {

using data::DatasetVersion;
using data::Judgement;
using storage::Connection;
using storage::Row;

struct SuiteVersionGate::Attached {
  Attachment attachment;
  int64_t suite_version = 0;
};

struct SuiteVersionGate::Subject {
  const DatasetVersion& version;
  const std::filesystem::path& file;
  const std::string& table_sql;
};

namespace {

constexpr size_t kNamedMax = 3;  // failed expectations that a reason names

// "2 of 31 expectations: not_null(origin), between(distance)".
std::string FailuresText(const ValidationResult& result) {
  const std::vector<std::string> keys = ExpectationKeys(ExpectationsOf(result));
  std::string text =
      fmt::format("{} of {} expectations: ", result.unsuccessful(), result.evaluated());
  size_t named = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (result.results[i].success || ++named > kNamedMax) continue;
    text += (named == 1 ? "" : ", ") + keys[i];
    if (result.results[i].raised) text += " (could not be judged)";
  }
  return named > kNamedMax ? text + fmt::format(" and {} more", named - kNamedMax) : text;
}

void AddReason(Judgement* judgement, const std::string& reason) {
  judgement->reason += (judgement->reason.empty() ? "" : "; ") + reason;
}

std::vector<int64_t> Joined(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> all;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
  return all;
}

}  // namespace

std::vector<SuiteVersionGate::Attached> SuiteVersionGate::Read(Connection& connection,
                                                               const std::string& dataset,
                                                               const std::string& source) const {
  std::vector<Attached> attached;
  for (const Row& row : connection.Select(sql::kAttachedSuites, {dataset, source}))
    attached.push_back({ReadAttachment(row), row.Int(4)});
  return attached;
}

std::string SuiteVersionGate::Stamp(Connection& connection, const std::string& dataset,
                                    const std::string& source) const {
  std::string stamp;
  for (const auto& [attachment, version] : Read(connection, dataset, source))
    stamp +=
        fmt::format("{}@{}:{} ", attachment.suite, version, OnFailureName(attachment.on_failure));
  return stamp;
}

ValidationResult SuiteVersionGate::Run(const Subject& subject, const Suite& suite,
                                       const ValidationOptions& options) const {
  // A suite may hold SQL of its own, which must see what it judges and no other file.
  analytics::SessionOptions sandbox;
  sandbox.allowed_files = {subject.file.string()};
  sandbox.time_limit_ms = kJudgeMsMax;
  sandbox.host = host_;
  analytics::Session session(sandbox);
  return Validate(session, subject.table_sql, suite, options);
}

// The rows that broke the expectations that failed, if all of these are about rows and all the rows
// are known.
std::optional<std::vector<int64_t>> SuiteVersionGate::FailedRows(
    const Subject& subject, const Suite& suite, const ValidationResult& result) const {
  Suite failed = suite;
  failed.expectations.clear();
  for (const auto& one : result.results) {
    if (one.success) continue;
    if (one.raised || !one.result.Has("unexpected_count")) return std::nullopt;
    failed.expectations.push_back(one.expectation);
  }
  ValidationOptions options;
  options.format = ResultFormat::kComplete;
  options.row_sample_max = 0;
  options.index_list_max = kSetAsideRowsMax;
  std::set<int64_t> rows;
  for (const auto& one : Run(subject, failed, options).results) {
    const Json* list = one.result.Find("unexpected_index_list");
    if (list == nullptr || !list->is_array() ||
        static_cast<int64_t>(list->AsArray().size()) != one.result.GetInt("unexpected_count"))
      return std::nullopt;
    for (const Json& row : list->AsArray()) rows.insert(row.AsInt("row"));
  }
  return std::vector<int64_t>(rows.begin(), rows.end());
}

void SuiteVersionGate::JudgeBy(const Attached& attached, const Subject& subject,
                               Judgement* judgement, bool* may_set_aside) const {
  const auto& [attachment, suite_version] = attached;
  const bool warns = attachment.on_failure == OnFailure::kWarn;
  const auto fail = [&](const std::string& reason) {
    AddReason(judgement, reason);
    (warns ? judgement->warns : judgement->passed) = warns;
  };
  try {
    const Suite suite = suites_.GetVersion(attachment.suite, suite_version).suite;
    const ValidationResult result = Run(subject, suite, {});
    const auto summary = suites_.Record(subject.version.dataset, subject.version.version, result,
                                        subject.version.created_by, suite_version);
    if (result.success) {
      AddReason(judgement, fmt::format("suite {} v{}: all {} expectations met", attachment.suite,
                                       suite_version, result.evaluated()));
      return;
    }
    fail(fmt::format("suite {} v{} failed on {} (validation {})", attachment.suite, suite_version,
                     FailuresText(result), summary.id.str()));
    if (attachment.on_failure != OnFailure::kSetAside) {
      *may_set_aside = *may_set_aside && warns;
      return;
    }
    const auto rows = FailedRows(subject, suite, result);
    *may_set_aside = *may_set_aside && rows.has_value();
    if (rows) judgement->set_aside = Joined(judgement->set_aside, *rows);
  } catch (const std::exception& error) {  // whatever it is, nothing has been met
    fail(fmt::format("suite {} could not be asked: {}", attachment.suite, error.what()));
    *may_set_aside = *may_set_aside && warns;
  }
}

Judgement SuiteVersionGate::Judge(const DatasetVersion& version, const std::string& source,
                                  const std::filesystem::path& file, const std::string& table_sql) {
  Judgement judgement;
  const auto attached = database_.Read([&](Connection& connection) {
    judgement.stamp = Stamp(connection, version.dataset, source);
    return Read(connection, version.dataset, source);
  });
  const Subject subject{version, file, table_sql};
  bool may_set_aside = true;
  for (const auto& one : attached) JudgeBy(one, subject, &judgement, &may_set_aside);
  const bool is_too_much = judgement.set_aside.size() > kSetAsideRowsMax ||
                           static_cast<double>(judgement.set_aside.size()) >
                               kSetAsideShareMax * static_cast<double>(version.row_count);
  if (!may_set_aside || is_too_much) judgement.set_aside.clear();
  return judgement;
}

}  // namespace millwright::quality
