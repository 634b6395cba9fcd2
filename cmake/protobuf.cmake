# What is made of .proto files: our side reads and writes messages itself (src/api/protobuf), so it
# is clients for tests and benchmarks, and the descriptors that server reflection hands out.

# proto_client(<target> <file.proto>...): a static library of the classes that protoc makes, for
# programs that call us as anybody else would.
function(proto_client target)
  set(out ${CMAKE_BINARY_DIR}/gen/proto_clients)
  file(MAKE_DIRECTORY ${out})
  set(made "")
  foreach(proto IN LISTS ARGN)
    get_filename_component(folder ${proto} DIRECTORY)
    get_filename_component(name ${proto} NAME_WE)
    set(files ${out}/${name}.pb.cc ${out}/${name}.grpc.pb.cc)
    add_custom_command(
      OUTPUT ${files} ${out}/${name}.pb.h ${out}/${name}.grpc.pb.h
      COMMAND protoc -I${folder} --cpp_out=${out} --grpc_out=${out}
              --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
      DEPENDS ${proto}
      VERBATIM)
    list(APPEND made ${files})
  endforeach()
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${made})
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC PkgConfig::grpcpp)
  # Machine-made sources are not ours to warn about.
  target_compile_options(${target} PRIVATE -w)
  set_source_files_properties(${made} PROPERTIES JOB_POOL_COMPILE heavy_pool)
endfunction()
