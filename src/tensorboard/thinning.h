#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millwright::tensorboard {

// Chooses which steps of a tag are kept when there are more than `count_max`: while there are, the
// one whose neighbours are closest to one another goes. The first and the last always stay, so that
// what is kept spans the whole training evenly however long it becomes. `steps` ascend without
// repeats. The same steps give the same choice.
std::vector<int64_t> Thin(std::vector<int64_t> steps, size_t count_max);

}  // namespace millwright::tensorboard
