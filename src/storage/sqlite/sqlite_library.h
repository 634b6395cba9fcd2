#pragma once

#include <sqlite3.h>

#include "base/lazy_function.h"

// SQLite's functions, each under its own name; the library is opened at the first call.
namespace millwright::storage {

const SharedLibrary& SqliteLibrary();

#define MILLWRIGHT_SQLITE(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&SqliteLibrary, #name);

MILLWRIGHT_SQLITE(sqlite3_bind_blob64)
MILLWRIGHT_SQLITE(sqlite3_bind_double)
MILLWRIGHT_SQLITE(sqlite3_bind_int64)
MILLWRIGHT_SQLITE(sqlite3_bind_null)
MILLWRIGHT_SQLITE(sqlite3_bind_parameter_count)
MILLWRIGHT_SQLITE(sqlite3_bind_parameter_index)
MILLWRIGHT_SQLITE(sqlite3_bind_text64)
MILLWRIGHT_SQLITE(sqlite3_busy_timeout)
MILLWRIGHT_SQLITE(sqlite3_changes64)
MILLWRIGHT_SQLITE(sqlite3_clear_bindings)
MILLWRIGHT_SQLITE(sqlite3_close)
MILLWRIGHT_SQLITE(sqlite3_column_blob)
MILLWRIGHT_SQLITE(sqlite3_column_bytes)
MILLWRIGHT_SQLITE(sqlite3_column_count)
MILLWRIGHT_SQLITE(sqlite3_column_double)
MILLWRIGHT_SQLITE(sqlite3_column_int64)
MILLWRIGHT_SQLITE(sqlite3_column_text)
MILLWRIGHT_SQLITE(sqlite3_column_type)
MILLWRIGHT_SQLITE(sqlite3_config)
MILLWRIGHT_SQLITE(sqlite3_errmsg)
MILLWRIGHT_SQLITE(sqlite3_errstr)
MILLWRIGHT_SQLITE(sqlite3_exec)
MILLWRIGHT_SQLITE(sqlite3_extended_errcode)
MILLWRIGHT_SQLITE(sqlite3_extended_result_codes)
MILLWRIGHT_SQLITE(sqlite3_finalize)
MILLWRIGHT_SQLITE(sqlite3_get_autocommit)
MILLWRIGHT_SQLITE(sqlite3_open_v2)
MILLWRIGHT_SQLITE(sqlite3_prepare_v3)
MILLWRIGHT_SQLITE(sqlite3_progress_handler)
MILLWRIGHT_SQLITE(sqlite3_reset)
MILLWRIGHT_SQLITE(sqlite3_step)
MILLWRIGHT_SQLITE(sqlite3_total_changes64)

#undef MILLWRIGHT_SQLITE

}  // namespace millwright::storage
