#include "quality/kept_counts.h"

#include <algorithm>

#include "base/digest.h"
#include "quality/plan_sql.h"
#include "quality/report_words.h"

namespace millwright::quality {

size_t KeptOf(const std::vector<TopValue>& top, int64_t total, size_t shown) {
  const int64_t least = total / static_cast<int64_t>(kKeptPoints);
  const auto heavy = static_cast<size_t>(std::count_if(
      top.begin(), top.end(), [&](const TopValue& one) { return one.count > least; }));
  const size_t kept = std::max(heavy, shown);
  return top.empty() ? 0 : std::min(kept, top.size() - 1);
}

std::string ValueKey(const Json& value) {
  if (!value.is_string()) return value.Dump();
  const std::string& text = value.AsString();
  if (text.size() <= kProfileTextBytesMax) return text;
  return Clip(text, kProfileTextBytesMax / 4) + " " + Sha256Hex(text);
}

// A value that one side does not list may still occur there, at most as often as that side says.
void AddCounts(const ColumnSketch& other, ColumnSketch* sketch) {
  for (const auto& [value, count] : other.counts) sketch->counts[value] += count;
  sketch->counts_error += other.counts_error;
}

std::vector<TopValue> TopOf(const std::map<std::string, int64_t>& counts, FiguresKind kind,
                            size_t values_max) {
  std::vector<TopValue> top;
  for (const auto& [text, count] : counts)
    top.push_back({kind == FiguresKind::kNumber ? ParseJson(text) : Json(text), count});
  std::sort(top.begin(), top.end(), [](const TopValue& a, const TopValue& b) {
    return a.count != b.count ? a.count > b.count : CompareJson(a.value, b.value) < 0;
  });
  if (top.size() > values_max) top.resize(values_max);
  return top;
}

}  // namespace millwright::quality
