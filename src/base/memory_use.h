#pragma once

#include <cstdint>

namespace millwright {

// What this process has allocated and not given back, together with what its child processes have
// in memory (Python workers). The difference around a piece of work is what it keeps.
int64_t MemoryInUse();

// Gives memory that is free inside of the allocator back to the system.
void ReleaseFreeMemory();

}  // namespace millwright
