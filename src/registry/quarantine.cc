#include "registry/quarantine.h"

#include "base/error.h"
#include "registry/rows.h"

namespace millwright::registry {

bool IsQuarantine(const Check& check) {
  return check.name == kScanCheck && check.details.GetBool("quarantined");
}

void RequireFree(storage::Connection& connection, int64_t model_seq, const ModelName& name,
                 int64_t version) {
  for (const Check& check : ReadChecks(connection, model_seq, version)) {
    if (!IsQuarantine(check)) continue;
    throw FailedPrecondition("Version {} of {} is in quarantine: {}", version, name.str(),
                             check.summary);
  }
}

}  // namespace millwright::registry
