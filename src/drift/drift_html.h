#pragma once

#include <string>
#include <string_view>

#include "drift/drift_report.h"

namespace millwright::drift {

// What a report shows; the rest is told as "… and N more". With this much it stays below 1 MB.
inline constexpr size_t kShownFeaturesMax = 150;

// Both distributions of a column beside one another, for a page with kDriftCss; nothing for one
// without shares.
std::string DistributionHtml(const Distribution& distribution);
extern const std::string_view kDriftCss;

// Renders a comparison for people as one page that needs nothing else: what has drifted first, each
// column with both distributions side by side.
std::string RenderDrift(const DriftReport& report);

}  // namespace millwright::drift
