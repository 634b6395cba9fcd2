# Writes gen/storage/migrations.h from src/storage/migrations; run by embed_migrations.
cmake_minimum_required(VERSION 3.25)
file(GLOB files ${SQL_DIR}/*.sql)
list(FILTER files EXCLUDE REGEX "\\.postgres\\.sql$")
list(SORT files)
set(body "")
set(seen "")
foreach(file IN LISTS files)
  get_filename_component(step ${file} NAME_WE)
  if(NOT step MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named 00NN_<what>.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  if(number IN_LIST seen)
    message(FATAL_ERROR "${file}: the number ${number} is taken")
  endif()
  list(APPEND seen ${number})
  string(REGEX REPLACE "^0+" "" number ${number})
  file(READ ${file} text)
  set(postgres "")
  if(EXISTS ${SQL_DIR}/${step}.postgres.sql)
    file(READ ${SQL_DIR}/${step}.postgres.sql postgres)
  endif()
  string(APPEND body
    "    Migration{${number}, \"${name}\", R\"sql(${text})sql\", R\"sql(${postgres})sql\"},\n")
endforeach()
file(WRITE ${OUT}
  "// Generated from src/storage/migrations/ by cmake/embed_migrations_script.cmake.\n"
  "#pragma once\n\n#include <array>\n\n#include \"storage/migration.h\"\n\n"
  "namespace millwright::storage {\n"
  "inline constexpr auto kMigrations = std::to_array<Migration>({\n${body}});\n}\n")
