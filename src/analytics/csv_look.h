#pragma once

#include <string>

namespace millwright::analytics {

// How the text of a file is encoded. What is neither UTF-8 nor marked as UTF-16 is Latin-1.
enum class TextEncoding { kUtf8, kLatin1, kUtf16 };

// Reads all of a file that is not packed. One that cannot be opened is kUtf8. Throws
// kInvalidArgument for UTF-16 that begins with its high bytes, which DuckDB cannot read.
TextEncoding TextEncodingOf(const std::string& path);

// Looks at a CSV file before DuckDB does, which takes the longest run of lines that agree for the
// table and leaves the others out without a word. The delimiter is what splits the header as it
// does most lines; a line among the first 8 MiB with another number of fields throws
// kInvalidArgument with the file and the line, and DuckDB says so of the lines after them. Returns
// options for read_csv, each after a comma; empty for what is packed or cannot be opened, and the
// encoding alone for what has no header of several fields or quotes in another way. `delimiter` is
// 0 where it is not known. Errors of TextEncodingOf.
std::string CsvOptions(const std::string& path, char delimiter = 0);

}  // namespace millwright::analytics
