# Turns files into C++ constants at build time, so that the binary needs nothing beside it.

# embed_sql(<room> <out-headers>): every sql/<query>.sql becomes the constant
# millwright::<room>::sql::k<Query> of type storage::Query in gen/<room>/sql.h. A query that
# PostgreSQL needs spelled differently has a second file <query>.postgres.sql.
function(embed_sql room out)
  file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sql/*.sql)
  set(header ${CMAKE_BINARY_DIR}/gen/${room}/sql.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DROOM=${room} -DSQL_DIR=${CMAKE_CURRENT_SOURCE_DIR}/sql
            -DOUT=${header} -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake
    DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake
    VERBATIM)
  set(${out} ${header} PARENT_SCOPE)
endfunction()

# embed_migrations(<out-headers>): migrations/00NN_<name>.sql become the table kMigrations in
# gen/storage/migrations.h. <name>.postgres.sql stands beside a step that differs there.
function(embed_migrations out)
  file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  set(header ${CMAKE_BINARY_DIR}/gen/storage/migrations.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DSQL_DIR=${CMAKE_CURRENT_SOURCE_DIR}/migrations -DOUT=${header}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_migrations_script.cmake
    DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/cmake/embed_migrations_script.cmake
    VERBATIM)
  set(${out} ${header} PARENT_SCOPE)
endfunction()

# embed_text(<room> <file> <constant> <out-headers>): the file becomes the constant
# millwright::<room>::<constant> in gen/<room>/<name>.h.
function(embed_text room file constant out)
  get_filename_component(name ${file} NAME_WE)
  set(header ${CMAKE_BINARY_DIR}/gen/${room}/${name}.h)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DROOM=${room} -DFILE=${source} -DCONSTANT=${constant} -DOUT=${header}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake
    VERBATIM)
  set(${out} ${header} PARENT_SCOPE)
endfunction()
