#include "moving/store.h"

namespace millwright::moving {

void Source::FindRuns(const tracking::Experiment& experiment, const RunGroup&,
                      const std::function<void(tracking::Run)>& each) {
  ForEachRunGroup(experiment, [&](RunGroup group) {
    for (auto& run : group) each(std::move(run));
    return true;
  });
}

}  // namespace millwright::moving
