// What a model was, and what happened to it.
#include "registry/history.h"

#include <algorithm>

#include "base/error.h"
#include "registry/change.h"
#include "registry/registry.h"
#include "registry/rows.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

// A line of the queries model_facts_at and version_facts_at.
struct FactLine {
  std::string kind;
  std::string key;
  std::string value;
  Since since;

  bool Is(FactKind wanted) const { return kind == FactKindName(wanted); }
};

FactLine ReadFact(const Row& row) {
  return {row.Text(0),
          row.Text(1),
          row.Text(2),
          {row.Int(3), row.OptionalText(5).value_or(""), row.OptionalText(6).value_or("")}};
}

PastVersion VersionAt(Connection& connection, int64_t model, int64_t version, int64_t time_ms) {
  PastVersion past{.version = version};
  for (const Row& row : connection.Select(sql::kVersionFactsAt, {model, version, time_ms})) {
    FactLine fact = ReadFact(row);
    if (fact.Is(FactKind::kStage)) {
      past.stage = ParseStage(fact.value);
      past.stage_since = std::move(fact.since);
    } else if (fact.Is(FactKind::kDescription)) {
      past.description = std::move(fact.value);
    } else if (fact.Is(FactKind::kTag)) {
      past.tags.push_back({std::move(fact.key), std::move(fact.value)});
    } else if (fact.Is(FactKind::kCheck)) {
      past.checks.push_back({std::move(fact.key), fact.value == "passed", std::move(fact.since)});
    }
  }
  return past;
}

void ReadModelAt(Connection& connection, int64_t model, PastModel* past) {
  for (const Row& row : connection.Select(sql::kModelFactsAt, {model, past->time_ms})) {
    FactLine fact = ReadFact(row);
    if (fact.Is(FactKind::kName)) {
      past->name = ModelName(fact.value);
    } else if (fact.Is(FactKind::kDescription)) {
      past->description = std::move(fact.value);
    } else if (fact.Is(FactKind::kTag)) {
      past->tags.push_back({std::move(fact.key), std::move(fact.value)});
    } else if (fact.Is(FactKind::kGate)) {
      past->gate_version = std::stoll(fact.value);
    } else if (fact.Is(FactKind::kAlias)) {
      past->aliases.push_back({std::move(fact.key), std::stoll(fact.value), std::move(fact.since)});
    }
  }
}

void ReadVersionsAt(Connection& connection, int64_t model, const AsOfQuery& query,
                    PastModel* past) {
  const int64_t limit = std::clamp<int64_t>(query.version_limit, 1, kAsOfVersionsMax);
  const auto rows =
      connection.Select(sql::kVersionsAt, {model, query.time_ms, query.before_version, limit + 1});
  for (const Row& row : rows) {
    if (std::ssize(past->versions) == limit) {
      past->next_version = past->versions.back().version;
      return;
    }
    PastVersion version = VersionAt(connection, model, row.Int(0), query.time_ms);
    for (const auto& alias : past->aliases) {
      if (alias.version == version.version) version.aliases.push_back(alias.alias);
    }
    past->versions.push_back(std::move(version));
  }
}

std::vector<AliasPeriod> PeriodsOf(Connection& connection, int64_t model, const std::string& alias,
                                   int64_t offset, int64_t limit) {
  std::vector<AliasPeriod> periods;
  for (const Row& row : connection.Select(sql::kAliasPeriods, {model, alias, limit, offset})) {
    AliasPeriod period;
    period.version = std::stoll(row.Text(0));
    period.version_deleted = !row.IsNull(9);
    period.since = {row.Int(1), row.OptionalText(3).value_or(""), row.OptionalText(4).value_or("")};
    if (const auto details = row.OptionalText(5)) {
      period.rolled_back_to = ParseJson(*details).GetBool("rollback");
    }
    period.until_ms = row.OptionalInt(2);
    period.ended_by = row.OptionalText(7).value_or("");
    period.ended_reason = row.OptionalText(8).value_or("");
    periods.push_back(std::move(period));
  }
  return periods;
}

// Moves lie on a pile and a rollback takes them off again, so that a second rollback goes one
// further back instead of forth.
std::optional<int64_t> VersionBefore(const std::vector<AliasPeriod>& newest_first) {
  std::vector<const AliasPeriod*> pile;
  for (auto period = newest_first.rbegin(); period != newest_first.rend(); ++period) {
    if (period->rolled_back_to) {
      while (!pile.empty() && pile.back()->version != period->version) pile.pop_back();
      if (!pile.empty()) pile.pop_back();
    }
    pile.push_back(&*period);
  }
  // An alias that was removed goes back to what it named last.
  const bool is_set = !newest_first.empty() && !newest_first.front().until_ms;
  const int64_t now = is_set ? newest_first.front().version : 0;
  for (auto period = pile.rbegin(); period != pile.rend(); ++period) {
    if ((*period)->version != now && !(*period)->version_deleted) return (*period)->version;
  }
  return std::nullopt;
}

}  // namespace

HistoryPage Registry::History(const ModelName& name, const HistoryQuery& query) const {
  const int64_t limit = std::clamp<int64_t>(query.limit, 1, kHistoryMax);
  return database_.Read([&](Connection& connection) {
    const int64_t model = FindModelEver(connection, name.str(), std::nullopt);
    const Value kind = query.kind.empty() ? Value() : Value(query.kind);
    HistoryPage page;
    for (const Row& line : connection.Select(
             sql::kModelHistory, {model, query.before_seq, storage::Optional(query.version), kind,
                                  query.since_ms, query.until_ms, limit + 1})) {
      if (std::ssize(page.entries) == limit) {
        page.next_seq = page.entries.back().seq;
        break;
      }
      page.entries.push_back({.seq = line.Int(0),
                              .time_ms = line.Int(1),
                              .who = line.Text(2),
                              .reason = line.Text(6),
                              .kind = line.Text(3),
                              .version = line.OptionalInt(4),
                              .details = ParseJson(line.Text(5))});
    }
    return page;
  });
}

PastModel Registry::AsOf(const ModelName& name, const AsOfQuery& query) const {
  return database_.Read([&](Connection& connection) {
    const int64_t model = FindModelEver(connection, name.str(), query.time_ms);
    PastModel past{.name = ModelName(), .name_last = ModelName(), .time_ms = query.time_ms};
    ReadModelAt(connection, model, &past);
    if (past.name.str().empty()) {
      throw Error(Code::kNotFound, fmt::format("Registered Model with name={} was not there at {}",
                                               name.str(), FormatTime(query.time_ms)));
    }
    const auto last = connection.SelectOne(sql::kLastName, {model});
    past.name_last = ModelName(last->Text(0));
    past.deleted_since = !last->IsNull(1);
    ReadVersionsAt(connection, model, query, &past);
    return past;
  });
}

std::vector<AliasPeriod> Registry::AliasHistory(const ModelName& name, const std::string& alias,
                                                int64_t offset, int64_t limit) const {
  return database_.Read([&](Connection& connection) {
    const int64_t model = FindModelEver(connection, name.str(), std::nullopt);
    return PeriodsOf(connection, model, alias, std::max<int64_t>(offset, 0),
                     std::clamp<int64_t>(limit, 1, kAliasPeriodsMax));
  });
}

int64_t Registry::RollBackAlias(const ModelName& name, const AliasRollback& rollback,
                                const Author& by) {
  RequireAlias(rollback.alias);
  int64_t target = 0;
  before_judging_();
  const std::string refusal = database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    const auto periods = PeriodsOf(connection, row.seq, rollback.alias, 0, kAliasPeriodsMax);
    if (periods.empty()) {
      throw FailedPrecondition("Alias '{}' of {} was never set", rollback.alias, name.str());
    }
    const bool is_set = !periods.front().until_ms;
    if (rollback.from != 0 && (!is_set || periods.front().version != rollback.from)) {
      throw FailedPrecondition(
          "Alias '{}' of {} is not version {} any longer: {}", rollback.alias, name.str(),
          rollback.from,
          is_set ? fmt::format("it is version {}", periods.front().version) : "it was removed");
    }
    const auto before = VersionBefore(periods);
    if (!before) {
      throw FailedPrecondition("Alias '{}' of {} named no other version before that is still there",
                               rollback.alias, name.str());
    }
    target = *before;
    return PlaceAlias(connection, name, {rollback.alias, target, rollback.override_reason},
                      Json::Of({{"rollback", true}}), by);
  });
  if (refusal.empty()) return target;
  throw FailedPrecondition("{}", refusal);
}

}  // namespace millwright::registry
