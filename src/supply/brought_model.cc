#include "supply/brought_model.h"

#include "base/error.h"
#include "base/log.h"

namespace millwright::supply {

BroughtModel BringModel(const serving::ModelSource& source, const AddressContext& context,
                        ModelCache& cache) {
  const auto origin = OpenOrigin(source, context);
  Offer offer;
  try {
    offer = origin->Look({});
  } catch (const Error& error) {
    const auto before = cache.Recall(origin->address());
    if (!before) throw;
    Log(LogLevel::kWarning, "supply", "a model's source does not answer; what was there is taken",
        {{"source", origin->address()}, {"reason", error.message()}});
    offer = *before;
  }
  if (offer.versions.empty()) throw NotFound("Version of model", origin->address());
  const OfferedVersion& newest = offer.versions.back();
  BroughtModel model{.version = newest.version, .path = {}, .entry = nullptr};
  if (const auto local = origin->LocalPath(newest.version)) {
    model.path = *local;
    return model;
  }
  model.entry =
      cache.Place(newest.digest, [&](const auto& folder) { origin->Fetch(newest, folder); });
  model.path = model.entry->files();
  cache.Remember(origin->address(), offer);
  return model;
}

}  // namespace millwright::supply
