#include "base/memory_use.h"

#include <malloc.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace millwright {
namespace {

// "Pss:   1234 kB" of a process: what it has in memory, shared pages by their share.
int64_t BytesOfProcess(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) return std::strtoll(line.c_str() + 4, nullptr, 10) << 10;
  }
  return 0;  // it has ended
}

int64_t BytesOfChildren() {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (std::string pid; children >> pid;) bytes += BytesOfProcess(pid);
  }
  return bytes;
}

}  // namespace

int64_t MemoryInUse() {
  const auto arenas = mallinfo2();
  return static_cast<int64_t>(arenas.uordblks + arenas.hblkhd) + BytesOfChildren();
}

void ReleaseFreeMemory() {
  malloc_trim(0);
}

}  // namespace millwright
