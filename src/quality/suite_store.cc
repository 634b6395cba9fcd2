#include "quality/suite_store.h"

#include <algorithm>

#include "base/error.h"
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
          .who = row.Text(8)};
}

int64_t Bounded(int limit) {
  return std::clamp(limit, 1, kValidationsMax);
}

}  // namespace

void SuiteStore::Put(const Suite& suite, const std::string& who) {
  if (suite.name.empty()) throw InvalidArgument("A suite needs a name").WithField("name");
  const std::string body = suite.ToJson().Dump();
  const auto count = static_cast<int64_t>(suite.expectations.size());
  database_.Write([&](Connection& connection) {
    const bool existed = connection.SelectOne(sql::kSuiteExists, {suite.name}).has_value();
    connection.Select(sql::kPutSuite, {suite.name, body, count, clock_.NowMs(), who});
    events_.Append(connection, existed ? "suite.updated" : "suite.created", "suite:" + suite.name,
                   who, Json::Of({{"expectations", count}}));
  });
}

Suite SuiteStore::Get(const std::string& name) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetSuite, {name}); });
  if (!row) throw NotFound("Suite", name);
  return ParseSuite(ParseJson(row->Text(0)));
}

std::vector<SuiteSummary> SuiteStore::List(const std::string& after, int limit) const {
  std::vector<SuiteSummary> suites;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListSuites, {after, Bounded(limit)})) {
      suites.push_back({row.Text(0), row.Int(1), row.Int(2), row.Int(3), row.Text(4)});
    }
  });
  return suites;
}

ValidationSummary SuiteStore::Record(const std::string& dataset, int64_t version,
                                     ValidationResult result, const std::string& who) {
  ValidationSummary summary{.id = ValidationId(NewHexId()),
                            .suite = result.suite,
                            .dataset = dataset,
                            .version = version,
                            .success = result.success,
                            .evaluated = result.evaluated(),
                            .unsuccessful = result.unsuccessful(),
                            .created_ms = clock_.NowMs(),
                            .who = who};
  result.meta.Set("suite", summary.suite);
  result.meta.Set("dataset", dataset);
  result.meta.Set("version", version);
  result.meta.Set("created_ms", summary.created_ms);
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
                        summary.evaluated, summary.unsuccessful, text, summary.created_ms, who});
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
  return {ReadSummary(*row), ParseJson(row->Text(9))};
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

std::optional<ValidationSummary> SuiteStore::Latest(const std::string& dataset, int64_t version,
                                                    const std::string& suite) const {
  const auto row = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kLatestValidation, {dataset, version, suite});
  });
  if (!row) return std::nullopt;
  return ReadSummary(*row);
}

}  // namespace millwright::quality
