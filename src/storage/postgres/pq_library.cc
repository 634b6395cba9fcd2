#include "storage/postgres/pq_library.h"

namespace millwright::storage {

const SharedLibrary& Pq() {
  static const SharedLibrary library("libpq", {"libpq.so.5"}, "install libpq5");
  return library;
}

}  // namespace millwright::storage
