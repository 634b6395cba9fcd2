#pragma once

#include <string>
#include <vector>

namespace millwright::analytics {

// Tells whether a file is one that ReadFileSql reads, by its extension.
bool IsDataFile(const std::string& path);

// What CSV and TSV files do not say of themselves.
struct TextFileReading {
  std::vector<std::string> as_text;        // columns that come as they are written
  std::vector<std::string> missing_words;  // texts that stand for a missing value, beside none
};

// As ReadFileSql, of several files of one format as one table; columns are matched by their names
// and one that a file lacks is NULL there. Throws kInvalidArgument for no file, for different
// formats and for CSV that is no table (see csv_look.h).
std::string ReadFilesSql(const std::vector<std::string>& paths,
                         const TextFileReading& reading = {});

}  // namespace millwright::analytics
