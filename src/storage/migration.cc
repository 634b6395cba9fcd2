#include "storage/migration.h"

#include <map>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "storage/migrations.h"
#include "storage/sql.h"

namespace millwright::storage {
namespace {

std::string_view TextFor(const Migration& step, Dialect dialect) {
  return dialect == Dialect::kPostgres && !step.postgres.empty() ? step.postgres : step.sql;
}

std::map<int64_t, std::string> Applied(Connection& connection) {
  std::map<int64_t, std::string> applied;
  for (const Row& row : connection.Select(sql::kAppliedMigrations)) {
    applied[row.Int(0)] = row.Text(1);
  }
  return applied;
}

void CheckKnown(const std::map<int64_t, std::string>& applied, std::span<const Migration> steps,
                Dialect dialect) {
  std::map<int64_t, const Migration*> known;
  for (const Migration& step : steps) known[step.number] = &step;
  for (const auto& [number, checksum] : applied) {
    const auto found = known.find(number);
    if (found == known.end()) {
      throw FailedPrecondition(
          "The database was written by a newer version of this program; it has migration {:04}",
          number);
    }
    if (ChecksumOf(*found->second, dialect) != checksum) {
      throw FailedPrecondition("Migration {:04}_{} has changed since it was applied", number,
                               found->second->name);
    }
  }
}

void Apply(const MigrationTarget& target, const Migration& step, Connection& connection) {
  const std::string_view text = TextFor(step, target.dialect);
  try {
    target.script(text);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("Migration {:04}_{} failed: {}", step.number, step.name,
                                          error.message()));
  }
  connection.Execute(sql::kRecordMigration,
                     {step.number, std::string(step.name), ChecksumOf(step, target.dialect),
                      SystemClock().NowMs()});
  Log(LogLevel::kDebug, "storage", "migration applied",
      {{"number", std::to_string(step.number)}, {"name", std::string(step.name)}});
}

}  // namespace

std::string ChecksumOf(const Migration& step, Dialect dialect) {
  return Sha256Hex(TextFor(step, dialect));
}

std::span<const Migration> Migrations() {
  return kMigrations;
}

void Migrate(const MigrationTarget& target, std::span<const Migration> steps) {
  std::map<int64_t, std::string> applied;
  target.transaction([&](Connection& connection) {
    connection.Execute(sql::kCreateSchemaMigrations);
    applied = Applied(connection);
    CheckKnown(applied, steps, target.dialect);
  });
  for (const Migration& step : steps) {
    if (applied.contains(step.number)) continue;
    target.transaction([&](Connection& connection) {
      // Another process may have applied it since.
      if (!Applied(connection).contains(step.number)) Apply(target, step, connection);
    });
  }
}

}  // namespace millwright::storage
