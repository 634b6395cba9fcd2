#pragma once

#include <string_view>

#include "base/error.h"
#include "serving/predictor.h"

namespace millwright::api::kserve {

// "READY", "LOADING" or "UNAVAILABLE".
std::string_view StateName(serving::VersionStatus::State state);

// The statistics of a model, of all for "", or of a version where that is not "". Throws kNotFound
// where there is none of that name.
std::vector<serving::VersionStatistics> StatisticsOf(const serving::Predictor& predictor,
                                                     const std::string& model,
                                                     const std::string& version);

// Refuses what Triton's clients may ask for with a model that is to be loaded: another
// configuration ("config") and files in the place of its own ("file:…").
Error UnknownLoadParameter(std::string_view name);

}  // namespace millwright::api::kserve
