#include "api/kserve/version_state.h"

#include "base/error.h"

namespace millwright::api::kserve {

std::string_view StateName(serving::VersionStatus::State state) {
  switch (state) {
    case serving::VersionStatus::State::kReady:
      return "READY";
    case serving::VersionStatus::State::kLoading:
      return "LOADING";
    case serving::VersionStatus::State::kUnavailable:
      return "UNAVAILABLE";
  }
  return "UNAVAILABLE";
}

std::vector<serving::VersionStatistics> StatisticsOf(const serving::Predictor& predictor,
                                                     const std::string& model,
                                                     const std::string& version) {
  std::vector<serving::VersionStatistics> found;
  for (auto& one : predictor.Statistics()) {
    if (!model.empty() && one.model != model) continue;
    if (!version.empty() && one.version != version) continue;
    found.push_back(std::move(one));
  }
  if (found.empty() && !model.empty()) {
    throw NotFound("Model", version.empty() ? model : model + ":" + version);
  }
  return found;
}

Error UnknownLoadParameter(std::string_view name) {
  return InvalidArgument("Unknown parameter: {}; a model is loaded as its source has it", name)
      .WithField("parameters");
}

}  // namespace millwright::api::kserve
