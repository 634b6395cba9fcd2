#include "serving/schema_gate.h"

#include <fmt/format.h>

#include "base/error.h"
#include "registry/fact.h"
#include "registry/model_schema.h"
#include "registry/registry.h"
#include "serving/sql.h"

namespace millwright::serving {
namespace {

using registry::FactKind;
using registry::GateRequest;
using registry::GateVerdict;
using registry::SchemaRule;
using registry::VersionSchema;
using storage::Connection;
using storage::Row;

constexpr std::string_view kGateName = "schema";

// The schema in one column of a row and the signature in the next.
VersionSchema ReadSchema(const Row& row, int column) {
  const auto read = [&row](int at) {
    const auto text = row.OptionalText(at);
    return text ? std::optional(ParseJson(*text)) : std::nullopt;
  };
  return VersionSchema::Read(read(column), read(column + 1));
}

VersionSchema SchemaOf(Connection& connection, int64_t model, int64_t version) {
  const auto row = connection.SelectOne(sql::kVersionSchema, {model, version});
  return row ? ReadSchema(*row, 0) : VersionSchema();
}

GateVerdict JudgeEndpoint(const Row& row, const VersionSchema& candidate, int64_t version) {
  GateVerdict verdict{.gate = fmt::format("{} of endpoint {}", kGateName, row.Text(0))};
  const auto changes = registry::CompareVersionSchemas(ReadSchema(row, 4), candidate);
  if (!changes) {
    verdict.passed = true;
    verdict.reason =
        fmt::format("version {}, which endpoint {} serves, has no signature to be compared",
                    row.Text(1), row.Text(0));
    return verdict;
  }
  const std::string breaks = registry::Breaks(*changes);
  verdict.details = Json::Of({{"endpoint", row.Text(0)},
                              {"deployed_version", row.Text(1)},
                              {"changes", registry::SchemaChangesToJson(*changes)}});
  if (breaks.empty()) {
    verdict.passed = true;
    verdict.reason = fmt::format("version {} takes what endpoint {} takes with version {}", version,
                                 row.Text(0), row.Text(1));
    return verdict;
  }
  verdict.passed = row.Int(2) > row.Int(3);
  verdict.reason =
      verdict.passed ? fmt::format("{}; the API version of endpoint {} was raised to {}", breaks,
                                   row.Text(0), row.Int(2))
                     : fmt::format(
                           "version {} breaks callers of endpoint {}, which serves version {}: {} "
                           "(raise the endpoint's API version above {} to let it pass)",
                           version, row.Text(0), row.Text(1), breaks, row.Int(2));
  return verdict;
}

GateVerdict JudgeHolder(Connection& connection, const GateRequest& request,
                        const VersionSchema& candidate) {
  GateVerdict verdict{.gate = std::string(kGateName)};
  const int64_t holder = request.holder->version;
  const auto changes =
      registry::CompareVersionSchemas(SchemaOf(connection, request.model_seq, holder), candidate);
  if (!changes) {
    verdict.reason = fmt::format("version {} has no signature to be compared",
                                 candidate.known() ? holder : request.candidate.version);
    return verdict;
  }
  const std::string breaks = registry::Breaks(*changes);
  verdict.passed = breaks.empty();
  verdict.reason =
      verdict.passed
          ? fmt::format("version {} takes what version {} takes", request.candidate.version, holder)
          : fmt::format("version {} does not take what version {} takes: {}",
                        request.candidate.version, holder, breaks);
  verdict.details = Json::Of({{"changes", registry::SchemaChangesToJson(*changes)}});
  return verdict;
}

}  // namespace

void RequireUnbroken(Connection& connection, const EndpointRecord& endpoint,
                     const std::string& model, const std::string& model_version) {
  const auto row =
      connection.SelectOne(sql::kLiveSchemas, {endpoint.name.str(), model_version, model});
  if (!row) return;
  const GateVerdict verdict =
      JudgeEndpoint(*row, ReadSchema(*row, 6), registry::ParseVersion(model_version));
  if (!verdict.passed) throw FailedPrecondition("{}", verdict.reason);
}

std::vector<GateVerdict> SchemaGate::Judge(Connection& connection,
                                           const GateRequest& request) const {
  if (request.spec.schema == SchemaRule::kAny) return {};
  const auto& stage = request.target.stage;
  const int64_t version = request.candidate.version;
  std::vector<GateVerdict> verdicts;
  const auto candidate = SchemaOf(connection, request.model_seq, version);
  if (request.spec.schema == SchemaRule::kCompatible && request.holder) {
    verdicts.push_back(JudgeHolder(connection, request, candidate));
  }
  if (!candidate.known()) return verdicts;
  const std::string kind(registry::FactKindName(stage ? FactKind::kStage : FactKind::kAlias));
  for (const Row& row : connection.Select(
           sql::kDeployedSchemas, {request.model_seq, kind, request.target.alias,
                                   std::string(stage ? registry::StageName(*stage) : "")})) {
    if (row.Text(1) == std::to_string(version)) continue;
    verdicts.push_back(JudgeEndpoint(row, candidate, version));
  }
  return verdicts;
}

}  // namespace millwright::serving
