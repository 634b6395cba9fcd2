#include "registry/fact.h"

#include <fmt/format.h>

#include "base/error.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Value;

constexpr std::string_view kFactKinds[] = {"name", "description", "tag",   "alias",
                                           "gate", "version",     "stage", "check"};

}  // namespace

std::string_view FactKindName(FactKind kind) {
  return kFactKinds[static_cast<size_t>(kind)];
}

void KeepFact(Connection& connection, const Moment& moment, const Fact& fact) {
  const std::string kind(FactKindName(fact.kind));
  const auto now =
      connection.SelectOne(sql::kFactNow, {moment.model_seq, kind, fact.version, fact.key});
  if (now && fact.value && now->Text(0) == *fact.value) return;
  if (now) {
    connection.Execute(sql::kEndFact, {moment.model_seq, kind, fact.version, fact.key,
                                       moment.time_ms, moment.history_seq});
  }
  if (!fact.value) return;
  connection.Execute(sql::kBeginFact, {moment.model_seq, kind, fact.version, fact.key, *fact.value,
                                       moment.time_ms, moment.history_seq});
}

void EndVersionFacts(Connection& connection, const Moment& moment, int64_t version) {
  connection.Execute(sql::kEndVersionFacts,
                     {moment.model_seq, version, moment.time_ms, moment.history_seq});
}

void EndModelFacts(Connection& connection, const Moment& moment) {
  connection.Execute(sql::kEndModelFacts, {moment.model_seq, moment.time_ms, moment.history_seq});
}

int64_t FindModelEver(Connection& connection, const std::string& name,
                      std::optional<int64_t> time_ms) {
  auto row = time_ms ? connection.SelectOne(sql::kModelNamedAt, {name, *time_ms}) : std::nullopt;
  if (!row) row = connection.SelectOne(sql::kModelNamedLast, {name});
  if (!row) {
    throw Error(Code::kNotFound, fmt::format("Registered Model with name={} not found", name));
  }
  return row->Int(0);
}

}  // namespace millwright::registry
