#include "quality/suite_gate.h"

#include <fmt/format.h>

#include <charconv>

#include "quality/sql.h"

namespace millwright::quality {
namespace {

using registry::GateRequest;
using registry::GateVerdict;
using registry::SuiteRule;
using storage::Connection;
using storage::Row;

struct DatasetVersion {
  std::string name;
  int64_t version = 0;
};

// Reads a node of the lineage, "dataset:NAME@VERSION".
std::optional<DatasetVersion> ReadNode(std::string_view node) {
  constexpr std::string_view kPrefix = "dataset:";
  const size_t at = node.rfind('@');
  if (!node.starts_with(kPrefix) || at == std::string_view::npos) return std::nullopt;
  DatasetVersion dataset{std::string(node.substr(kPrefix.size(), at - kPrefix.size()))};
  const char* end = node.data() + node.size();
  const auto parsed = std::from_chars(node.data() + at + 1, end, dataset.version);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return dataset;
}

std::vector<DatasetVersion> DatasetsOf(Connection& connection, const std::string& run_id) {
  std::vector<DatasetVersion> datasets;
  if (run_id.empty()) return datasets;
  for (const Row& row : connection.Select(sql::kUpstreamDatasets, {"run:" + run_id})) {
    if (auto dataset = ReadNode(row.Text(0))) datasets.push_back(std::move(*dataset));
  }
  return datasets;
}

GateVerdict VerdictOf(const SuiteRule& rule, const std::optional<Row>& validation,
                      const std::string& missing) {
  GateVerdict verdict{.gate = "suite " + rule.suite};
  if (!validation) {
    verdict.reason = fmt::format("suite {} was never run on {}", rule.suite, missing);
    return verdict;
  }
  const int64_t met = validation->Int(3) - validation->Int(4);
  verdict.passed = validation->Int(2) != 0;
  verdict.reason = fmt::format("suite {} {} on {}@{}: {} of {} expectations met", rule.suite,
                               verdict.passed ? "passed" : "failed", validation->Text(0),
                               validation->Int(1), met, validation->Int(3));
  return verdict;
}

// The verdicts on one suite: one for each version of the dataset that the model was made of. Of
// datasets that the rule does not name, only those count on which the suite was run.
void JudgeSuite(Connection& connection, const SuiteRule& rule,
                const std::vector<DatasetVersion>& made_of, std::vector<GateVerdict>* verdicts) {
  const size_t before = verdicts->size();
  for (const auto& dataset : made_of) {
    if (!rule.dataset.empty() && dataset.name != rule.dataset) continue;
    const auto validation =
        connection.SelectOne(sql::kSuiteValidation, {rule.suite, dataset.name, dataset.version});
    if (!validation && rule.dataset.empty()) continue;
    verdicts->push_back(
        VerdictOf(rule, validation, fmt::format("{}@{}", dataset.name, dataset.version)));
  }
  if (verdicts->size() > before) return;
  if (rule.dataset.empty() && !made_of.empty()) {
    verdicts->push_back(VerdictOf(rule, std::nullopt, "the datasets that the version was made of"));
    return;
  }
  verdicts->push_back(VerdictOf(
      rule, connection.SelectOne(sql::kSuiteValidation, {rule.suite, rule.dataset, int64_t{0}}),
      rule.dataset.empty() ? "any dataset" : rule.dataset));
}

}  // namespace

std::vector<GateVerdict> SuiteGate::Judge(Connection& connection,
                                          const GateRequest& request) const {
  std::vector<GateVerdict> verdicts;
  if (request.spec.suites.empty()) return verdicts;
  const auto made_of = DatasetsOf(connection, request.candidate.run_id);
  for (const auto& rule : request.spec.suites) {
    JudgeSuite(connection, rule, made_of, &verdicts);
  }
  return verdicts;
}

}  // namespace millwright::quality
