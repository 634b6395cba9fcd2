#include "quality/suite_store.h"

#include <algorithm>

#include "base/error.h"
#include "data/dataset.h"
#include "quality/sql.h"

namespace millwright::quality {

using storage::Connection;
using storage::Row;

namespace {

ValidationSummary ReadSummary(const Row& row) {
  return {.id = ValidationId(row.Text(0)),
          .suite = row.Text(1),
          .dataset = row.Text(2),
          .version = row.Int(3),
          .success = row.Int(4) != 0,
          .evaluated = row.Int(5),
          .unsuccessful = row.Int(6),
          .created_ms = row.Int(7),
          .who = row.Text(8),
          .suite_version = row.Int(9)};
}

int64_t Bounded(int limit) {
  return std::clamp(limit, 1, kValidationsMax);
}

}  // namespace

int64_t SuiteStore::Put(const Suite& suite, const std::string& who, const std::string& reason) {
  if (suite.name.empty()) throw InvalidArgument("A suite needs a name").WithField("name");
  data::RequireName(suite.name, "name");
  return database_.Write(
      [&](Connection& connection) { return PutIn(connection, suite, who, reason); });
}

int64_t SuiteStore::PutIn(Connection& connection, const Suite& suite, const std::string& who,
                          const std::string& reason) const {
  const std::string body = suite.ToJson().Dump();
  const auto count = static_cast<int64_t>(suite.expectations.size());
  const int64_t now_ms = clock_.NowMs();
  const auto before = connection.SelectOne(sql::kGetSuite, {suite.name});
  if (before && before->Text(0) == body) return before->Int(1);
  const int64_t version = connection.SelectOne(sql::kLatestSuiteVersion, {suite.name})->Int(0) + 1;
  connection.Execute(sql::kPutSuite, {suite.name, body, count, now_ms, who, version});
  connection.Execute(sql::kInsertSuiteVersion,
                     {suite.name, version, body, count, reason, now_ms, who});
  Json payload = Json::Of({{"expectations", count}, {"version", version}});
  if (!reason.empty()) payload.Set("reason", reason);
  events_.Append(connection, before ? "suite.updated" : "suite.created", "suite:" + suite.name, who,
                 payload);
  return version;
}

VersionedSuite SuiteStore::Find(Connection& connection, const std::string& name) const {
  const auto row = connection.SelectOne(sql::kGetSuite, {name});
  if (!row) throw NotFound("Suite", name);
  return {ParseSuite(ParseJson(row->Text(0))), row->Int(1)};
}

VersionedSuite SuiteStore::GetVersion(const std::string& name, int64_t version) const {
  return database_.Read([&](Connection& connection) -> VersionedSuite {
    if (version == 0) return Find(connection, name);
    const auto row = connection.SelectOne(sql::kGetSuiteVersion, {name, version});
    if (!row) throw NotFound("Suite version", fmt::format("{}@{}", name, version));
    return {ParseSuite(ParseJson(row->Text(0))), row->Int(1)};
  });
}

std::vector<SuiteVersion> SuiteStore::Versions(const std::string& name, int limit) const {
  std::vector<SuiteVersion> versions;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(
             sql::kListSuiteVersions, {name, int64_t{std::clamp(limit, 1, kSuiteVersionsMax)}}))
      versions.push_back({row.Int(0), row.Int(1), row.Text(2), row.Int(3), row.Text(4)});
  });
  if (versions.empty()) throw NotFound("Suite", name);
  return versions;
}

void SuiteStore::Delete(const std::string& name, const std::string& who) {
  database_.Write([&](Connection& connection) {
    Find(connection, name);
    const auto attached = connection.SelectOne(sql::kListAttachments, {name});
    if (attached)
      throw FailedPrecondition("Suite {} is attached to the {} {}; detach it first", name,
                               attached->Text(0), attached->Text(1));
    connection.Execute(sql::kDeleteSuite, {name});
    events_.Append(connection, "suite.deleted", "suite:" + name, who);
  });
}

std::vector<SuiteSummary> SuiteStore::List(const std::string& after, int limit) const {
  std::vector<SuiteSummary> suites;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListSuites, {after, Bounded(limit)})) {
      suites.push_back({row.Text(0), row.Int(1), row.Int(2), row.Int(3), row.Text(4), row.Int(5)});
    }
  });
  return suites;
}

ValidationSummary SuiteStore::Record(const std::string& dataset, int64_t version,
                                     ValidationResult result, const std::string& who,
                                     int64_t suite_version) {
  ValidationSummary summary{.id = ValidationId(NewHexId()),
                            .suite = result.suite,
                            .dataset = dataset,
                            .version = version,
                            .success = result.success,
                            .evaluated = result.evaluated(),
                            .unsuccessful = result.unsuccessful(),
                            .created_ms = clock_.NowMs(),
                            .who = who,
                            .suite_version = suite_version};
  result.meta.Set("suite", summary.suite);
  result.meta.Set("dataset", dataset);
  result.meta.Set("version", version);
  result.meta.Set("created_ms", summary.created_ms);
  if (suite_version > 0) result.meta.Set("suite_version", suite_version);
  const std::string outcomes = OutcomesOf(result).Dump();
  const std::string text = result.ToJson().Dump();
  const Json payload = Json::Of({{"validation_id", summary.id.str()},
                                 {"suite", summary.suite},
                                 {"dataset", dataset},
                                 {"version", version},
                                 {"success", summary.success},
                                 {"evaluated", summary.evaluated},
                                 {"unsuccessful", summary.unsuccessful}});
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertValidation,
                       {summary.id.str(), summary.suite, dataset, version, int64_t{summary.success},
                        summary.evaluated, summary.unsuccessful, text, summary.created_ms, who,
                        suite_version, outcomes});
    events_.Append(connection, "validation.finished", "validation:" + summary.id.str(), who,
                   payload);
  });
  return summary;
}

StoredValidation SuiteStore::GetValidation(const ValidationId& id) const {
  const auto row = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kGetValidation, {id.str()});
  });
  if (!row) throw NotFound("Validation", id.str());
  return {ReadSummary(*row), ParseJson(row->Text(10))};
}

std::vector<ValidationSummary> SuiteStore::ListValidations(const std::string& dataset,
                                                           int limit) const {
  std::vector<ValidationSummary> validations;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListValidations, {dataset, Bounded(limit)})) {
      validations.push_back(ReadSummary(row));
    }
  });
  return validations;
}

std::vector<CheckHistory> SuiteStore::History(const std::string& suite, const std::string& dataset,
                                              int limit) const {
  const auto rows = database_.Read([&](Connection& connection) {
    return connection.Select(sql::kCheckHistory,
                             {suite, dataset, int64_t{std::clamp(limit, 1, kHistoryMax)}});
  });
  std::vector<CheckHistory> histories;
  for (const Row& row : rows) {
    const CheckPoint point{.validation_id = row.Text(0),
                           .version = row.Int(1),
                           .suite_version = row.Int(2),
                           .created_ms = row.Int(3)};
    const std::string& kept = row.Text(4);
    AddOutcomes(kept.empty() ? OutcomesOf(ValidationResult::FromJson(ParseJson(row.Text(5))))
                             : ParseJson(kept),
                point, &histories);
  }
  return histories;
}

std::optional<ValidationSummary> SuiteStore::Latest(const std::string& dataset, int64_t version,
                                                    const std::string& suite) const {
  const auto row = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kLatestValidation, {dataset, version, suite});
  });
  if (!row) return std::nullopt;
  return ReadSummary(*row);
}

}  // namespace millwright::quality
