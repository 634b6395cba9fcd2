#include "analytics/duckdb_library.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "base/process.h"

namespace millwright::analytics {
namespace {

constexpr char kLibraryName[] = "libduckdb.so";

std::vector<std::string> Candidates() {
  const char* chosen = std::getenv("MILLWRIGHT_DUCKDB_LIBRARY");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  const auto folder = ThisProgram().parent_path();
  return {(folder / kLibraryName).string(),
          (folder / "../lib/millwright" / kLibraryName).string(),  // where `make install` puts it
          MILLWRIGHT_DUCKDB_FETCHED, kLibraryName};
}

}  // namespace

const SharedLibrary& DuckDb() {
  static const SharedLibrary library(
      "DuckDB", Candidates(),
      "set MILLWRIGHT_DUCKDB_LIBRARY or put libduckdb.so beside the program");
  return library;
}

}  // namespace millwright::analytics
