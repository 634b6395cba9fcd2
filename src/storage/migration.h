#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "storage/database.h"

namespace millwright::storage {

// One step of the schema, from migrations/00NN_<name>.sql. It may hold several statements.
struct Migration {
  int64_t number;
  std::string_view name;
  std::string_view sql;
  std::string_view postgres;  // replaces `sql` there when it is not empty
};

// The steps that are embedded in this program, by number.
std::span<const Migration> Migrations();

// The checksum that is recorded for a step on a kind of database.
std::string ChecksumOf(const Migration& step, Dialect dialect);

// What a back-end offers to the migration runner. `transaction` runs its argument in one write
// transaction that no other process shares; `script` runs several statements inside it.
struct MigrationTarget {
  Dialect dialect;
  std::function<void(const std::function<void(Connection&)>&)> transaction;
  std::function<void(std::string_view)> script;
};

// Applies what is not yet applied, each step in a transaction of its own, and records a checksum of
// its text. Steps may arrive out of order: a lower number that is missing is applied too. Throws
// kFailedPrecondition when the database holds a step that this program does not know (it is newer)
// or one whose text has changed since.
void Migrate(const MigrationTarget& target, std::span<const Migration> steps);

}  // namespace millwright::storage
