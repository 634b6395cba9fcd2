#include "drift/drift_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::drift {
namespace {

using quality::Clip;
using quality::CountText;
using quality::Escape;

constexpr size_t kNameCharactersMax = 60;
constexpr size_t kShownCategories = 12;
constexpr size_t kTitlePartCharactersMax = 120;
constexpr double kPlotWidth = 460;
constexpr double kPlotHeight = 120;

}  // namespace

const std::string_view kDriftCss = R"css(
.drift h3 { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: baseline; }
.drift .verdict-word { font-weight: 650; color: var(--good); }
.drift.moved .verdict-word { color: var(--bad); }
.drift.unknown .verdict-word { color: var(--warn); }
.drift dl { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; margin: .35rem 0 .7rem; }
.drift dl div { display: flex; gap: .4rem; font-size: .87rem; }
.drift dt { color: var(--muted); }
.legend {
  display: flex; gap: 1.4rem; font-size: .87rem; color: var(--muted); margin-bottom: .5rem;
}
.legend i {
  display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem;
  vertical-align: -.08rem;
}
.was { fill: var(--was); background: var(--was); } .is { fill: var(--is); background: var(--is); }
:root { --was: #9aa5b1; --is: #2f6fb2; }
@media screen and (prefers-color-scheme: dark) { :root { --was: #6b7681; --is: #6aa9e9; } }
.plot { display: block; width: 100%; max-width: 46rem; height: auto; }
.plot text { fill: var(--muted); font-size: 10px; }
.plot path { stroke: var(--strong-line); fill: none; }
.bars { width: 100%; max-width: 46rem; border-collapse: collapse; }
.bars td { padding: .12rem .5rem .12rem 0; border: 0; vertical-align: middle; }
.bars td:first-child { width: 30%; overflow-wrap: anywhere; }
.bars td:last-child { width: 6.5rem; text-align: right; font-size: .87rem; color: var(--muted); }
.bars i { display: block; height: 7px; margin: 2px 0; min-width: 1px; border-radius: 2px; }
)css";

namespace {

std::string NumberText(double value) {
  return fmt::format("{:.4g}", value);
}

// A file's name without the folders that it is in.
std::string FileName(const std::string& path) {
  return Clip(path.substr(path.rfind('/') + 1), kTitlePartCharactersMax);
}

std::string VerdictWord(const FeatureDrift& feature) {
  switch (feature.status) {
    case DriftStatus::kNotEnoughData:
      return "not enough data";
    case DriftStatus::kMissingColumn:
      return "column missing";
    case DriftStatus::kNotApplicable:
      return "not applicable";
    case DriftStatus::kMeasured:
      break;
  }
  return feature.drifted ? "drifted" : "no drift";
}

// Both histograms over the same bins, the bars of a bin beside one another.
std::string PlotHtml(const Distribution& distribution) {
  const double most = std::max(
      {1e-12, *std::max_element(distribution.reference.begin(), distribution.reference.end()),
       *std::max_element(distribution.current.begin(), distribution.current.end())});
  const size_t bins = distribution.reference.size();
  const double step = kPlotWidth / static_cast<double>(bins);
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Both distributions of "
      "{}\">",
      kPlotWidth, kPlotHeight + 16, Escape(Clip(distribution.feature, kNameCharactersMax)));
  for (size_t i = 0; i < bins; ++i) {
    const double x = step * static_cast<double>(i);
    const double was = kPlotHeight * distribution.reference[i] / most;
    const double is = kPlotHeight * distribution.current[i] / most;
    svg += fmt::format(
        "<rect class=\"was\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>"
        "<rect class=\"is\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>",
        x + step * 0.08, kPlotHeight - was, step * 0.4, was, x + step * 0.5, kPlotHeight - is,
        step * 0.4, is);
  }
  svg += fmt::format("<path d=\"M0 {0}H{1}\"/>", kPlotHeight, kPlotWidth);
  svg += fmt::format(
      "<text x=\"0\" y=\"{0}\">{1}</text><text x=\"{2}\" y=\"{0}\" "
      "text-anchor=\"end\">{3}</text></svg>\n",
      kPlotHeight + 12, NumberText(distribution.edges.front()), kPlotWidth,
      NumberText(distribution.edges.back()));
  return svg;
}

std::string BarsHtml(const Distribution& distribution) {
  double most = 1e-12;
  for (double share : distribution.reference) most = std::max(most, share);
  for (double share : distribution.current) most = std::max(most, share);
  std::string html = "<table class=\"bars\">\n";
  const size_t shown = std::min(kShownCategories, distribution.categories.size());
  for (size_t i = 0; i < shown; ++i) {
    const double was = distribution.reference[i], is = distribution.current[i];
    if (was == 0 && is == 0) continue;  // "(other)" where there is none
    html += fmt::format(
        "<tr><td>{}</td><td><i class=\"was\" style=\"width:{:.1f}%\"></i><i class=\"is\" "
        "style=\"width:{:.1f}%\"></i></td><td>{:.1f} → {:.1f} %</td></tr>\n",
        Escape(Clip(distribution.categories[i], kNameCharactersMax)), 100 * was / most,
        100 * is / most, 100 * was, 100 * is);
  }
  html += "</table>\n";
  if (shown < distribution.categories.size()) {
    html += fmt::format("<p class=\"more\">… and {} more values</p>\n",
                        distribution.categories.size() - shown);
  }
  return html;
}

// What drifted first, then by how far the score is from the threshold as a whole.
int Order(const FeatureDrift& feature) {
  if (feature.drifted) return 0;
  if (feature.status == DriftStatus::kMissingColumn) return 1;
  return feature.status == DriftStatus::kMeasured ? 2 : 3;
}

class Page {
 public:
  explicit Page(const DriftReport& report) : report_(report) {}

  std::string Render() {
    const std::string title = FileName(report_.current) + " against " + FileName(report_.reference);
    html_ += quality::PageHeadHtml(title, kDriftCss, "Data drift");
    html_ += "<h1>" + Escape(title) + "</h1>\n</header>\n";
    Summary();
    if (report_.together) AllColumns(*report_.together);
    html_ +=
        "<section>\n<h2>Columns</h2>\n<p class=\"legend\"><span><i class=\"was\"></i>reference"
        "</span><span><i class=\"is\"></i>current</span></p>\n";
    std::vector<const FeatureDrift*> features;
    for (const FeatureDrift& feature : report_.features) features.push_back(&feature);
    std::stable_sort(
        features.begin(), features.end(),
        [](const FeatureDrift* a, const FeatureDrift* b) { return Order(*a) < Order(*b); });
    const size_t shown = std::min(kShownFeaturesMax, features.size());
    for (size_t i = 0; i < shown; ++i) Feature(*features[i]);
    if (shown < features.size()) {
      html_ +=
          fmt::format("<p class=\"more\">… and {} more columns</p>\n", features.size() - shown);
    }
    html_ += "</section>\n</main>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void Summary() {
    const bool drifted = report_.has_drifted();
    html_ += fmt::format(
        "<section class=\"verdict {}\">\n<p><strong>{} of {} columns drifted</strong>{}{}.</p>\n"
        "<dl>"
        "<div><dt>Reference rows</dt><dd>{}</dd></div><div><dt>Current rows</dt><dd>{}</dd></div>"
        "<div><dt>Preset</dt><dd>{}</dd></div></dl>\n</section>\n",
        drifted ? "failed" : "passed", report_.drifted(), report_.features.size(),
        report_.missing() > 0 ? fmt::format(", {} missing", report_.missing()) : "",
        report_.together && report_.together->domain.drifted
            ? ", and all together tell the sides apart"
            : "",
        CountText(report_.reference_rows), CountText(report_.current_rows), Escape(report_.preset));
  }

  void AllColumns(const Together& together) {
    const DomainVerdict& domain = together.domain;
    const char* kind = domain.drifted ? " moved" : domain.area ? "" : " unknown";
    const char* word = domain.drifted                                 ? "told apart"
                       : domain.status == DriftStatus::kNotEnoughData ? "not enough data"
                       : domain.area                                  ? "not told apart"
                                                                      : "not applicable";
    html_ += fmt::format(
        "<section>\n<h2>All columns together</h2>\n<article class=\"drift{}\">\n<h3><span "
        "class=\"column\">Domain classifier</span><span class=\"verdict-word\">{}</span></h3>\n"
        "<dl>",
        kind, word);
    if (domain.area) {
      Fact("ROC area",
           fmt::format("{:.3f} ({:.3f} to {:.3f})", *domain.area, domain.lower, domain.upper));
      Fact("matters from", NumberText(domain.floor));
    }
    Fact("rows looked at",
         CountText(domain.current_rows) + " against " + CountText(domain.reference_rows));
    html_ += "</dl>\n";
    html_ +=
        "<p class=\"quiet\">A classifier learns which side a row is of and is judged on rows that "
        "it has not seen: 0.5 is a guess, 1 tells every row.</p>\n";
    if (!domain.note.empty()) html_ += "<p class=\"quiet\">" + Escape(domain.note) + "</p>\n";
    if (domain.drifted) GaveAway(domain);
    html_ += "</article>\n";
    if (together.reconstruction) HangTogether(*together.reconstruction);
    html_ += "</section>\n";
  }

  void GaveAway(const DomainVerdict& domain) {
    html_ +=
        "<p class=\"quiet\">What gave it away, by share of what the splits gained:</p>\n<table "
        "class=\"bars\">\n";
    const size_t shown = std::min(kShownCategories, domain.columns.size());
    const double most = domain.columns.empty() ? 1 : domain.columns[0].share;
    for (size_t i = 0; i < shown; ++i) {
      html_ += fmt::format(
          "<tr><td>{}</td><td><i class=\"is\" style=\"width:{:.1f}%\"></i></td><td>{:.1f} "
          "%</td></tr>\n",
          Escape(Clip(domain.columns[i].name, kNameCharactersMax)),
          100 * domain.columns[i].share / most, 100 * domain.columns[i].share);
    }
    html_ += "</table>\n";
    if (shown < domain.columns.size()) {
      html_ += fmt::format("<p class=\"more\">… and {} more columns</p>\n",
                           domain.columns.size() - shown);
    }
  }

  void HangTogether(const Reconstruction& reconstruction) {
    int64_t current = 0;
    for (const ReconstructedChunk& chunk : reconstruction.chunks) current += !chunk.is_reference;
    html_ += fmt::format(
        "<article class=\"drift{}\">\n<h3><span class=\"column\">Reconstruction</span><span "
        "class=\"verdict-word\">{}</span></h3>\n<dl>",
        reconstruction.alerts() > 0 ? " moved" : "",
        reconstruction.alerts() > 0 ? "come apart" : "hang together");
    Fact("chunks out of bounds", fmt::format("{} of {}", reconstruction.alerts(), current));
    Fact("bounds", NumberText(reconstruction.lower) + " to " + NumberText(reconstruction.upper));
    html_ +=
        "</dl>\n<p class=\"quiet\">Rows are written by the reference's main directions and read "
        "back; the error says how much the columns of numbers hang together as they did.</p>\n"
        "</article>\n";
  }

  void Feature(const FeatureDrift& feature) {
    const char* kind = feature.drifted                            ? " moved"
                       : feature.status != DriftStatus::kMeasured ? " unknown"
                                                                  : "";
    html_ += fmt::format(
        "<article class=\"drift{}\">\n<h3><span class=\"column\">{}</span><span "
        "class=\"verdict-word\">{}</span></h3>\n<dl>",
        kind, Escape(Clip(feature.name, kNameCharactersMax)), VerdictWord(feature));
    if (feature.score) {
      Fact(feature.method, NumberText(*feature.score));
      Fact("threshold", NumberText(feature.threshold));
    }
    if (feature.adjusted_p) Fact("adjusted p", NumberText(*feature.adjusted_p));
    html_ += "</dl>\n";
    if (!feature.note.empty()) {
      html_ += "<p class=\"quiet\">" + Escape(feature.note) + "</p>\n";
    }
    const Distribution* distribution = report_.FindDistribution(feature.name);
    if (distribution != nullptr) html_ += DistributionHtml(*distribution);
    html_ += "</article>\n";
  }

  void Fact(const std::string& name, const std::string& value) {
    html_ += "<div><dt>" + Escape(name) + "</dt><dd>" + value + "</dd></div>";
  }

  const DriftReport& report_;
  std::string html_;
};

}  // namespace

std::string DistributionHtml(const Distribution& distribution) {
  if (distribution.reference.empty()) return "";
  return distribution.edges.empty() ? BarsHtml(distribution) : PlotHtml(distribution);
}

std::string RenderDrift(const DriftReport& report) {
  return Page(report).Render();
}

}  // namespace millwright::drift
