#include "api/prometheus/artifact_metrics.h"

#include "api/prometheus/exposition.h"
#include "artifacts/artifacts.h"

namespace millwright::api::prometheus {

std::string ArtifactMetrics(const artifacts::Artifacts& artifacts) {
  constexpr std::string_view kName = "millwright_artifact_damage_found_total";
  std::string out;
  AppendHead(kName, "Reads of a file that found other bytes than were stored", Type::kCounter,
             &out);
  AppendSample(kName, "", static_cast<double>(artifacts.damage_found()), &out);
  return out;
}

}  // namespace millwright::api::prometheus
