#pragma once

#include <filesystem>

#include "quality/table_profiler.h"

namespace millwright::quality {

// Profiles a data file (see analytics::ReadFileSql) with no server. CSV and JSON are parsed once;
// a CSV that is no UTF-8 is read as Latin-1, and a warning says so. Throws kInvalidArgument for an
// unknown extension or an unreadable file.
TableProfile ProfileDataFile(analytics::Session& session, const std::filesystem::path& file,
                             const ProfileOptions& options = {});

}  // namespace millwright::quality
