#include "storage/sqlite/sqlite_library.h"

namespace millwright::storage {

const SharedLibrary& SqliteLibrary() {
  static const SharedLibrary library("SQLite", {"libsqlite3.so.0"}, "install libsqlite3-0");
  return library;
}

}  // namespace millwright::storage
