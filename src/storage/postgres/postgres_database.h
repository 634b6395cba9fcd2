#pragma once

#include <memory>
#include <string>

#include "storage/database.h"

namespace millwright::storage {

// Connects to `postgresql://…` and brings the schema up to date; see OpenDatabase.
std::unique_ptr<Database> OpenPostgres(const std::string& uri, const DatabaseOptions& options);

}  // namespace millwright::storage
