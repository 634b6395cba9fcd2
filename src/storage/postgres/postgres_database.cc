#include "storage/postgres/postgres_database.h"

#include "base/error.h"

namespace millwright::storage {

std::unique_ptr<Database> OpenPostgres(const std::string&, const DatabaseOptions&) {
  throw Unimplemented("PostgreSQL is not available yet");
}

}  // namespace millwright::storage
