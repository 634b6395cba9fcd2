# Writes gen/<room>/<name>.h from a text file; run by embed_text.
cmake_minimum_required(VERSION 3.25)
file(READ ${FILE} text)
get_filename_component(name ${FILE} NAME)
file(WRITE ${OUT}
  "// Generated from src/${ROOM}/${name} by cmake/embed_text_script.cmake.\n#pragma once\n\n"
  "namespace millwright::${ROOM} {\ninline constexpr char ${CONSTANT}[] = R\"text(${text})text\";\n"
  "}\n")
