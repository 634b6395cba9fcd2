#include "cli/temporary_server.h"

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::cli {
namespace {

constexpr int64_t kServerReadyMs = 15'000;

}  // namespace

std::string TemporaryServer::Start() {
  const auto port_file = data_.path() / "port";
  process_ = std::make_unique<ChildProcess>(
      ProcessSpec{.arguments = {ThisProgram().string(), "server", "--port", "0", "--port-file",
                                port_file.string(), "--data", (data_.path() / "data").string()},
                  .output_file = data_.path() / "server.log"});
  const int64_t deadline_us = MonotonicUs() + kServerReadyMs * 1000;
  while (!std::filesystem::exists(port_file)) {
    if (process_->Wait(10) || MonotonicUs() > deadline_us)
      throw Unavailable("The temporary server did not start:\n{}",
                        ReadFile(data_.path() / "server.log"));
  }
  return "http://127.0.0.1:" + ReadFile(port_file);
}

}  // namespace millwright::cli
