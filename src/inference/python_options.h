#pragma once

#include <cstdint>
#include <string_view>

namespace millwright::inference {

inline constexpr int kPythonWorkersMax = 64;  // of one model

// How the Python processes of a model are run.
struct PythonOptions {
  int workers = 1;              // each answers one request at a time
  int64_t run_ms_max = 60'000;  // of one request; then its worker is killed
  // What the caller could turn when it took longer, said with the error; lives for ever.
  std::string_view run_ms_max_remedy = {};
  // Address space of a worker; 0: as much as the machine has memory.
  int64_t memory_bytes_max = 0;
};

}  // namespace millwright::inference
