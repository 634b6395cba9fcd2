#pragma once

#include <string>
#include <vector>

namespace millwright::analytics {

// As ReadFileSql, of several files of one format as one table; columns are matched by their names
// and one that a file lacks is NULL there. Throws kInvalidArgument for no file or for different
// formats.
std::string ReadFilesSql(const std::vector<std::string>& paths);

}  // namespace millwright::analytics
