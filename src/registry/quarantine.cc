#include "registry/quarantine.h"

#include "base/error.h"
#include "registry/rows.h"

namespace millwright::registry {

void RequireFree(storage::Connection& connection, int64_t model_seq, const ModelName& name,
                 int64_t version) {
  for (const Check& check : ReadChecks(connection, model_seq, version)) {
    if (check.name != kScanCheck || !check.details.GetBool("quarantined")) continue;
    throw FailedPrecondition("Version {} of {} is in quarantine: {}", version, name.str(),
                             check.summary);
  }
}

}  // namespace millwright::registry
