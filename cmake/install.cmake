# `make install`: the program, the library for programs of one's own, the two libraries that no Debian package brings, the flights example,
# the documents and the systemd unit. The program finds its libraries from where it stands, so the
# whole prefix can be moved.
include(GNUInstallDirs)
set(MILLWRIGHT_PRIVATE_LIBDIR lib/millwright)

function(install_millwright)
  install(TARGETS millwright RUNTIME DESTINATION bin)
  install(TARGETS millwright_infer LIBRARY DESTINATION lib)
  install(FILES ${CMAKE_SOURCE_DIR}/src/embed/millwright_infer.h DESTINATION include)
  install(FILES ${INFER_PC} DESTINATION lib/pkgconfig)
  install(PROGRAMS ${DUCKDB_ROOT}/lib/libduckdb.so ${ONNXRUNTIME_ROOT}/lib/libonnxruntime.so.1
          DESTINATION ${MILLWRIGHT_PRIVATE_LIBDIR})
  install(FILES ${CMAKE_SOURCE_DIR}/src/api/kserve/inference.proto
                ${CMAKE_SOURCE_DIR}/src/api/health/health.proto
          DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/millwright/proto)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples/flights
          DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/millwright/examples)
  install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/ARCHITECTURE.md
                ${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_SOURCE_DIR}/LICENSE
          DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/millwright)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs
          DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/millwright)
  # Programs find the library below /usr/local/lib only when the loader's list is made anew; who may not do that says
  # LD_LIBRARY_PATH.
  find_program(LDCONFIG ldconfig PATHS /sbin /usr/sbin)
  if(LDCONFIG)
    install(CODE "
      if(\"\$ENV{DESTDIR}\" STREQUAL \"\")
        execute_process(COMMAND ${LDCONFIG} OUTPUT_QUIET ERROR_QUIET)
      endif()
    ")
  endif()
  # The prefix is known only when it is installed.
  install(CODE "
    file(READ \"${CMAKE_SOURCE_DIR}/deploy/systemd/millwright.service\" unit)
    string(REPLACE /usr/local \"\${CMAKE_INSTALL_PREFIX}\" unit \"\${unit}\")
    file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/millwright.service\"
         \"\${unit}\")
    message(STATUS \"Installed: \${CMAKE_INSTALL_PREFIX}/lib/systemd/system/millwright.service\")
  ")
endfunction()
