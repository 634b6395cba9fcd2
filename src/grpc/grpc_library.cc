#include "grpc/grpc_library.h"

#include <cstdio>

#include "base/log.h"

namespace millwright::grpc {
namespace {

// What the library says of its own accord is about a connection or a client; callers learn of what
// concerns them by a status.
void ForwardLog(gpr_log_func_args* entry) {
  Log(LogLevel::kDebug, "grpc", entry->message,
      {{"library", "grpc"}, {"at", std::string(entry->file) + ":" + std::to_string(entry->line)}});
}

const SharedLibrary& Open() {
  static const SharedLibrary library("gRPC", {"libgrpc.so.29"}, "install libgrpc29");
  const auto set_log =
      reinterpret_cast<decltype(&::gpr_set_log_function)>(library.Symbol("gpr_set_log_function"));
  set_log(ForwardLog);
  // Started once and for the process: its threads outlive any server.
  reinterpret_cast<decltype(&::grpc_init)>(library.Symbol("grpc_init"))();
  return library;
}

}  // namespace

const SharedLibrary& GrpcCore() {
  static const SharedLibrary& library = Open();
  return library;
}

}  // namespace millwright::grpc
