# Writes gen/<room>/sql.h from the room's sql folder; run by embed_sql.
file(GLOB files ${SQL_DIR}/*.sql)
list(FILTER files EXCLUDE REGEX "\\.postgres\\.sql$")
list(SORT files)
set(body "")
foreach(file IN LISTS files)
  get_filename_component(query ${file} NAME_WE)
  string(REPLACE "_" ";" words ${query})
  set(constant "k")
  foreach(word IN LISTS words)
    string(SUBSTRING ${word} 0 1 first)
    string(SUBSTRING ${word} 1 -1 rest)
    string(TOUPPER ${first} first)
    string(APPEND constant ${first}${rest})
  endforeach()
  file(READ ${file} text)
  set(postgres "")
  if(EXISTS ${SQL_DIR}/${query}.postgres.sql)
    file(READ ${SQL_DIR}/${query}.postgres.sql postgres)
  endif()
  string(APPEND body
    "inline constexpr storage::Query ${constant}{\"${ROOM}.${query}\", R\"sql(${text})sql\", "
    "R\"sql(${postgres})sql\"};\n")
endforeach()
file(WRITE ${OUT}
  "// Generated from src/${ROOM}/sql/ by cmake/embed_sql_script.cmake.\n#pragma once\n\n"
  "#include \"storage/database.h\"\n\nnamespace millwright::${ROOM}::sql {\n${body}}\n")
