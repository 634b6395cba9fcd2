#include "quality/profile_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr double kWidth = 320;
constexpr double kHeight = 72;
// A bin that holds anything is seen.
constexpr double kBarMin = 1.5;
constexpr size_t kHeatNameCharacters = 24;

}  // namespace

std::string HistogramHtml(const Histogram& histogram,
                          const std::pair<std::string, std::string>& ends) {
  if (histogram.counts.empty()) return "";
  const int64_t most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  if (most == 0) return "";
  const double step = kWidth / static_cast<double>(histogram.counts.size());
  const double gap = step > 3 ? 1 : 0;
  std::string path;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    if (histogram.counts[i] == 0) continue;
    const double share = static_cast<double>(histogram.counts[i]) / static_cast<double>(most);
    const double height = std::max(kBarMin, share * kHeight);
    path += fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.1f}h-{:.1f}z", static_cast<double>(i) * step,
                        kHeight - height, step - gap, height, step - gap);
  }
  return fmt::format(
      "<figure class=\"histogram\"><svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" "
      "role=\"img\" aria-label=\"Histogram\"><path d=\"{}\"/></svg><figcaption><span>{}</span>"
      "<span>{}</span></figcaption></figure>\n",
      kWidth, kHeight, path, Escape(ends.first), Escape(ends.second));
}

std::string TopValuesHtml(const std::vector<TopValue>& top, size_t values_max, int64_t total) {
  if (top.empty() || total == 0) return "";
  std::string html = "<table class=\"top\">\n";
  const size_t shown = std::min(values_max, top.size());
  for (size_t i = 0; i < shown; ++i) {
    const double share = static_cast<double>(top[i].count) / static_cast<double>(total);
    html += fmt::format(
        "<tr><td>{}</td><td><span class=\"share\"><i style=\"width:{:.1f}%\"></i></span></td><td "
        "class=\"number\">{}</td><td class=\"number quiet\">{}</td></tr>\n",
        ValueHtml(top[i].value), 100 * share, CountText(top[i].count), PercentText(share));
  }
  return html + "</table>\n";
}

std::string HeatMapHtml(const std::vector<std::string>& names,
                        const std::vector<PairValue>& pairs) {
  std::map<std::pair<std::string, std::string>, double> values;
  for (const PairValue& pair : pairs)
    values[{pair.a, pair.b}] = values[{pair.b, pair.a}] = pair.value;
  std::vector<std::string> shown;
  for (const std::string& name : names) {
    const bool has_any = std::any_of(names.begin(), names.end(), [&](const std::string& other) {
      const auto found = values.find({name, other});
      return found != values.end() && !std::isnan(found->second);
    });
    if (has_any) shown.push_back(name);
  }
  if (shown.size() < 2) return "";
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table class=\"heat\">\n<tr><th></th>";
  for (size_t i = 0; i < shown.size(); ++i)
    html += fmt::format("<th scope=\"col\" title=\"{}\">{}</th>", Escape(shown[i]), i + 1);
  html += "</tr>\n";
  for (size_t i = 0; i < shown.size(); ++i) {
    html += fmt::format("<tr><th scope=\"row\">{} <span class=\"count\">{}</span></th>",
                        Escape(Clip(shown[i], kHeatNameCharacters)), i + 1);
    for (const std::string& other : shown) {
      const auto found = values.find({shown[i], other});
      if (found == values.end() || std::isnan(found->second)) {
        html += other == shown[i] ? "<td class=\"self\"></td>" : "<td>–</td>";
        continue;
      }
      html +=
          fmt::format("<td class=\"{}\" style=\"--share:{:.3f}\">{:.2f}</td>",
                      found->second < 0 ? "minus" : "plus", std::abs(found->second), found->second);
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

const std::string_view kProfileCss = R"css(
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 0 2rem; }
.figures div {
  display: flex; justify-content: space-between; gap: 1rem; padding: .22rem 0;
  border-bottom: 1px solid var(--line); font-size: .87rem;
}
.figures dt { color: var(--muted); }
.figures dd { overflow-wrap: anywhere; text-align: right; }
.warnings { list-style: none; }
.warnings li {
  display: grid; grid-template-columns: 9rem 12rem 1fr; gap: .2rem 1rem; padding: .4rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere;
}
.warnings .sort { color: var(--warn); }
.looks { color: var(--muted); font-size: .87rem; }
.column-body { display: grid; grid-template-columns: 1fr 20rem; gap: 1rem 2rem; margin-top: .6rem; }
.histogram svg { display: block; width: 100%; height: 4.5rem; border-bottom: 1px solid var(--strong-line); }
.histogram path { fill: var(--good); }
.histogram figcaption {
  display: flex; justify-content: space-between; color: var(--muted); font-size: .8rem;
}
.top { width: 100%; }
.top td { white-space: normal; overflow-wrap: anywhere; padding-right: .5rem; }
.top td code { white-space: pre-wrap; }
.top td.number { white-space: nowrap; }
.share { display: block; width: 5rem; height: 8px; border-radius: 2px; background: var(--line); }
.share i { display: block; height: 100%; border-radius: 2px; background: var(--good); }
.heat th, .heat td { text-align: right; padding: .3rem .5rem; font-size: .8rem; }
.heat th[scope="row"] { text-align: left; padding-left: 0; color: var(--ink); }
.heat td.plus { background: color-mix(in srgb, var(--good) calc(var(--share) * 60%), transparent); }
.heat td.minus { background: color-mix(in srgb, var(--bad) calc(var(--share) * 60%), transparent); }
.heat td.self { background: var(--line); }
.column-body > *, .figures > * { min-width: 0; }
@media (max-width: 800px) {
  .column-body { grid-template-columns: minmax(0, 1fr); }
  .warnings li { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
)css";

}  // namespace millwright::quality
