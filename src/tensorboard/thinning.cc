#include "tensorboard/thinning.h"

#include <set>
#include <utility>

namespace millwright::tensorboard {
namespace {

constexpr size_t kNone = SIZE_MAX;

}  // namespace

// A linked list of what is left and an ordered set of its gaps: n log n for any number of steps.
std::vector<int64_t> Thin(std::vector<int64_t> steps, size_t count_max) {
  if (steps.size() <= count_max || count_max < 2) return steps;
  const size_t size = steps.size();
  std::vector<size_t> before(size), after(size);
  std::set<std::pair<uint64_t, size_t>> gaps;
  // Steps may span all of int64, so that the difference is unsigned.
  const auto gap = [&](size_t i) {
    return static_cast<uint64_t>(steps[after[i]]) - static_cast<uint64_t>(steps[before[i]]);
  };
  for (size_t i = 0; i < size; ++i) {
    before[i] = i == 0 ? kNone : i - 1;
    after[i] = i + 1 == size ? kNone : i + 1;
  }
  for (size_t i = 1; i + 1 < size; ++i) gaps.emplace(gap(i), i);
  std::vector<bool> gone(size, false);
  for (size_t left = size; left > count_max; --left) {
    const size_t removed = gaps.begin()->second;
    gaps.erase(gaps.begin());
    gone[removed] = true;
    const size_t sides[] = {before[removed], after[removed]};
    for (const size_t side : sides)
      if (side != 0 && side != size - 1) gaps.erase({gap(side), side});
    after[sides[0]] = sides[1];
    before[sides[1]] = sides[0];
    for (const size_t side : sides)
      if (side != 0 && side != size - 1) gaps.emplace(gap(side), side);
  }
  std::vector<int64_t> kept;
  for (size_t i = 0; i < size; ++i)
    if (!gone[i]) kept.push_back(steps[i]);
  return kept;
}

}  // namespace millwright::tensorboard
