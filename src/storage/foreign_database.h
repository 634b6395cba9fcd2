#pragma once

#include <memory>
#include <string>

#include "storage/database.h"

namespace millwright::storage {

// Opens a database that belongs to another program, to read it as it is: nothing is made, migrated
// or changed. On PostgreSQL all that is read is of one snapshot; a SQLite file is locked against
// its own program's commits only while rows are handed out. URIs as in OpenDatabase. Throws
// kNotFound when a SQLite file is absent. Used by one thread at a time.
std::unique_ptr<Connection> OpenForeignDatabase(const std::string& uri);

}  // namespace millwright::storage
