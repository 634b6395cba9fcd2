#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "serving/loaded_version.h"
#include "supply/address.h"
#include "supply/model_cache.h"

namespace millwright::supply {

// A version whose files are on this machine, for as long as this lives.
struct BroughtModel {
  std::string version;
  std::filesystem::path path;
  std::shared_ptr<CacheEntry> entry;  // nullptr for a model that is loaded from where it is
};

// Brings the newest version that `source` names, or, where its origin does not answer, the one that
// was brought before. Throws as OpenOrigin, Origin::Look and Origin::Fetch do.
BroughtModel BringModel(const serving::ModelSource& source, const AddressContext& context,
                        ModelCache& cache);

}  // namespace millwright::supply
