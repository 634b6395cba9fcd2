#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quality/profile.h"
#include "quality/table_profile.h"

// Pictures of a profile as SVG and HTML that need no script; styled by kProfileCss.
namespace millwright::quality {

// Bars of a histogram with the first and last edge below; `ends` are their words. Empty without
// counts.
std::string HistogramHtml(const Histogram& histogram,
                          const std::pair<std::string, std::string>& ends);

// Values with how often they occur, as bars; `total` is what all values are.
std::string TopValuesHtml(const std::vector<TopValue>& top, size_t values_max, int64_t total);

// A matrix of names by names; `pairs` are from -1 to 1 and symmetric. Names that no pair has are
// left out.
std::string HeatMapHtml(const std::vector<std::string>& names, const std::vector<PairValue>& pairs);

// Added to kReportCss.
extern const std::string_view kProfileCss;

}  // namespace millwright::quality
