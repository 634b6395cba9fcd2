# Everything that comes from outside, as targets. Debian packages are found here; DuckDB and ONNX
# Runtime come from npm packages with pinned versions and checked integrity (fetch_npm.cmake).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(CURL REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
if(MILLWRIGHT_TESTS)
  find_package(GTest REQUIRED)
endif()

if(DEFINED ENV{XDG_CACHE_HOME})
  set(MILLWRIGHT_CACHE $ENV{XDG_CACHE_HOME}/millwright CACHE PATH "Where fetched parts are kept")
else()
  set(MILLWRIGHT_CACHE $ENV{HOME}/.cache/millwright CACHE PATH "Where fetched parts are kept")
endif()

set(DUCKDB_ROOT ${MILLWRIGHT_CACHE}/duckdb-1.5.6-r.1)
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${DUCKDB_ROOT}/lib/libduckdb.so IMPORTED_NO_SONAME TRUE
  INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_ROOT}/include)

set(ONNXRUNTIME_ROOT ${MILLWRIGHT_CACHE}/onnxruntime-1.30.0)
add_library(onnxruntime_headers INTERFACE IMPORTED GLOBAL)
target_include_directories(onnxruntime_headers INTERFACE ${ONNXRUNTIME_ROOT}/include)

find_library(XGBOOST_LIBRARY xgboost REQUIRED)
add_library(xgboost SHARED IMPORTED GLOBAL)
set_target_properties(xgboost PROPERTIES IMPORTED_LOCATION ${XGBOOST_LIBRARY})
