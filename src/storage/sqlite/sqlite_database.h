#pragma once

#include <filesystem>
#include <memory>

#include "storage/database.h"

namespace millwright::storage {

// Opens or makes the file and its folder and brings the schema up to date; see OpenDatabase.
std::unique_ptr<Database> OpenSqlite(const std::filesystem::path& path,
                                     const DatabaseOptions& options);

}  // namespace millwright::storage
