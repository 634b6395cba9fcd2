# One function makes a room: a static library of the folder's sources, linked to the rooms that
# src/LAYERS lets it name, and one test program of its *_test.cc files.

# Reads src/LAYERS into MILLWRIGHT_ROOMS (in order) and ROOM_DEPS_<room>.
function(read_layers file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^[a-z]")
  set(rooms "")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z_]+):(.*)$" _ "${line}")
    set(room ${CMAKE_MATCH_1})
    string(REGEX MATCHALL "[a-z_]+" deps "${CMAKE_MATCH_2}")
    list(APPEND rooms ${room})
    set(ROOM_DEPS_${room} "${deps}" PARENT_SCOPE)
  endforeach()
  set(MILLWRIGHT_ROOMS ${rooms} PARENT_SCOPE)
endfunction()

# room(<name> [LIBS <third-party targets>] [HEAVY <sources compiled one at a time>])
# Sources in sub-folders belong to the room as well. A test_*.cc is support for tests and stays out
# of the library; the room's CMakeLists names it. Rooms above storage link storage_testing, which
# gives their tests a database of each kind (storage/test_database.h).
function(room name)
  cmake_parse_arguments(ARG "" "" "LIBS;HEAVY" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/test_[a-z_]+)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(name STREQUAL "cli")
    list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  endif()

  set(headers "")
  file(GLOB sql CONFIGURE_DEPENDS sql/*.sql)
  if(sql)
    embed_sql(${name} headers)
  endif()
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/migrations)
    embed_migrations(migrations)
    list(APPEND headers ${migrations})
  endif()

  add_library(${name} STATIC ${sources} ${headers})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/gen)
  foreach(dep IN LISTS ROOM_DEPS_${name})
    if(TARGET ${dep})
      target_link_libraries(${name} PUBLIC ${dep})
    endif()
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  foreach(source IN LISTS ARG_HEAVY)
    set_source_files_properties(${source} PROPERTIES JOB_POOL_COMPILE heavy_pool)
  endforeach()

  if(MILLWRIGHT_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_LIBS} GTest::gtest_main)
    if(TARGET storage_testing AND ("storage" IN_LIST ROOM_DEPS_${name} OR "events" IN_LIST ROOM_DEPS_${name}))
      target_link_libraries(${name}_test PRIVATE storage_testing)
    endif()
    target_compile_definitions(${name}_test PRIVATE
      MILLWRIGHT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME unit.${name} COMMAND ${name}_test)
    # The limit ends what hangs. Sanitizers make some tests ten times as slow, a busy machine all.
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT $<IF:$<BOOL:${MILLWRIGHT_SANITIZE}>,3000,900>)
    # scripts/sanitize runs those with DuckDB in them in their own way.
    if(name STREQUAL "analytics" OR "analytics" IN_LIST ROOM_DEPS_${name})
      set_tests_properties(unit.${name} PROPERTIES LABELS duckdb)
    endif()
  endif()
endfunction()
