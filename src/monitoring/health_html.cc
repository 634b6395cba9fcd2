// The report of a model's health as one page.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "base/clock.h"
#include "drift/drift_html.h"
#include "drift/loss_estimate.h"
#include "drift/performance_estimate.h"
#include "monitoring/health_report.h"
#include "monitoring/window_judgement.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::monitoring {
namespace {

using quality::Clip;
using quality::CountText;
using quality::Escape;
using quality::PercentText;

constexpr size_t kTextCharactersMax = 300;
constexpr double kPlotWidth = 720, kPlotHeight = 150, kAxisWidth = 56;

constexpr std::string_view kCss = R"css(
.health-plot { display: block; width: 100%; height: auto; margin: .3rem 0 1rem; }
.health-plot text { fill: var(--muted); font-size: 10px; }
.health-plot .grid { stroke: var(--line); }
.health-plot .limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.health-plot .band { fill: var(--is); opacity: .13; }
.health-plot polyline { fill: none; stroke-width: 1.6; }
.health-plot .l0 { stroke: var(--is); } .health-plot .l1 { stroke: var(--warn); stroke-dasharray: 4 3; }
.health-plot .l2 { stroke: var(--bad); }
.health-plot .whisker { stroke-width: 1; stroke-dasharray: none; opacity: .5; }
.health-plot circle { stroke: none; } .health-plot circle.l0 { fill: var(--is); }
.health-plot circle.l1 { fill: var(--warn); } .health-plot circle.l2 { fill: var(--bad); }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .87rem; color: var(--muted); }
.key i { display: inline-block; width: 1.2rem; height: 2px; margin-right: .4rem; vertical-align: .25rem; }
.key .l0 { background: var(--is); } .key .l1 { background: var(--warn); }
.key .l2 { background: var(--bad); }
.scroll { overflow-x: auto; }
table.figures { border-collapse: collapse; width: 100%; font-size: .87rem; }
table.figures th { text-align: right; font-weight: 400; color: var(--muted); }
table.figures td { text-align: right; border-top: 1px solid var(--line); }
table.figures th, table.figures td { padding: .2rem .5rem; white-space: nowrap; }
table.figures th:first-child, table.figures td:first-child { text-align: left; padding-left: 0; }
table.heat { border-collapse: separate; border-spacing: 2px; width: 100%; table-layout: fixed; }
table.heat th {
  width: 11rem; font-size: .8rem; font-weight: 400; text-align: left; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap;
}
table.heat td {
  height: 1.1rem; padding: 0; text-align: center; font-size: .7rem; border-radius: 2px;
  -webkit-print-color-adjust: exact; print-color-adjust: exact;
}
table.heat .over { background: #d98b3f; color: #1d211f; }
table.heat .far { background: #b3261e; color: #fff; }
table.heat .unknown { color: var(--muted); }
.entries { list-style: none; }
.entries li { display: grid; grid-template-columns: 9.5rem 6.5rem 1fr; gap: .2rem .8rem;
  padding: .25rem 0; border-top: 1px solid var(--line); font-size: .87rem; }
.entries span { color: var(--muted); } .entries p { overflow-wrap: anywhere; }
.bad { color: var(--bad); }
@media (max-width: 40rem) { .entries li { grid-template-columns: 1fr 1fr; } .entries p { grid-column: 1 / -1; } }
@media print { article, .health-plot, li, tr { break-inside: avoid; } }
)css";

constexpr std::pair<std::string_view, std::string_view> kFigureTitles[] = {
    {"roc_auc", "AUC"},
    {"accuracy", "Accuracy"},
    {"f1", "F1"},
    {"precision", "Precision"},
    {"recall", "Recall"},
    {"mae", "Mean absolute error"},
    {"rmse", "Root mean squared error"},
};

std::string TitleOf(const std::string& figure) {
  for (const auto& [name, title] : kFigureTitles) {
    if (name == figure) return std::string(title);
  }
  return figure;
}

using Values = std::vector<std::optional<double>>;
using Words = std::function<std::string(double)>;

std::string DayText(int64_t time_ms) {
  return FormatTime(time_ms).substr(0, 10);
}

std::string SpanText(const MonitorWindow& window) {
  if (window.end_ms - window.start_ms < kDayMs) {
    return FormatTime(window.start_ms).substr(0, 10) + " " +
           FormatTime(window.start_ms).substr(11, 5);
  }
  return DayText(window.start_ms);
}

std::string NumberText(double value) {
  return fmt::format("{:.4g}", value);
}

std::string OrDash(const std::optional<double>& value, const Words& words = NumberText) {
  return value ? words(*value) : "–";
}

struct Line {
  std::string name;
  Values values;
  // How far each value may be off, where that is known.
  Values least = {}, most = {};
};

// Lines over the windows, with a band and a limit where there are.
struct Plot {
  std::string name;
  std::vector<Line> lines;
  Values lower, upper;
  std::optional<double> limit;
  bool from_zero = false;
  Words words = NumberText;
};

class Page {
 public:
  explicit Page(const HealthReport& report) : report_(report), spec_(report.health.monitor.spec) {}

  std::string Render() {
    const std::string name = spec_.model.empty() ? spec_.endpoint : spec_.model;
    html_ +=
        quality::PageHeadHtml("Health of " + Clip(name, kTextCharactersMax),
                              std::string(drift::kDriftCss) + std::string(kCss), "Model health");
    html_ += fmt::format("<h1>Health of {}</h1>\n<p class=\"when\">monitor {} · made {}</p>\n",
                         Escape(name), Escape(spec_.name), FormatTime(report_.made_ms));
    if (!report_.where.empty()) {
      html_ += "<p class=\"when\">of the slice <code>" + Escape(report_.where) + "</code></p>\n";
    }
    html_ += "</header>\n";
    Summary();
    if (!windows().empty()) {
      Traffic();
      Performance();
      Drift();
      Quality();
      Slices();
    }
    Entries();
    html_ += "</main>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  const std::vector<WindowHealth>& windows() const { return report_.health.windows; }

  void Summary() {
    int64_t predictions = 0, outcomes = 0, requests = 0, errors = 0;
    for (const WindowHealth& one : windows()) {
      predictions += one.window.predictions;
      outcomes += one.window.outcomes;
      requests += one.service.requests;
      errors += one.service.errors;
    }
    int64_t drifted = 0;
    if (report_.judged) {
      for (const auto& feature : report_.judged->features) drifted += feature.drifted;
    }
    const bool is_judged = report_.judged && IsJudgedForDrift(spec_, *report_.judged);
    html_ += fmt::format("<section class=\"verdict {}\">\n<p><strong>",
                         !is_judged || drifted > 0 ? "failed" : "passed");
    if (windows().empty()) {
      html_ += "Nothing was predicted in this time";
    } else if (!is_judged) {
      html_ += "Not enough data to judge a window for drift";
    } else {
      html_ += fmt::format("{} of {} features drifted in the window from {}", drifted,
                           report_.judged->features.size(), SpanText(*report_.judged));
    }
    html_ += "</strong></p>\n<dl>";
    const auto fact = [&](std::string_view what, const std::string& value) {
      html_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", what, value);
    };
    fact("Predictions", CountText(predictions));
    fact("Outcomes known", predictions == 0 ? "–"
                                            : PercentText(static_cast<double>(outcomes) /
                                                          static_cast<double>(predictions)));
    fact("Failed requests",
         requests == 0 ? "–"
                       : PercentText(static_cast<double>(errors) / static_cast<double>(requests)));
    fact("Windows", CountText(static_cast<int64_t>(windows().size())));
    html_ += fmt::format("</dl>\n<p class=\"parameters\">Endpoint {} against {}.</p>\n</section>\n",
                         Escape(spec_.endpoint), Escape(Clip(spec_.reference, kTextCharactersMax)));
  }

  template <typename Get>
  Values Take(Get get) const {
    Values values;
    for (const WindowHealth& one : windows()) values.push_back(get(one));
    return values;
  }

  void Traffic() {
    html_ += "<section>\n<h2>Traffic</h2>\n";
    const auto count = [](double value) {
      return CountText(static_cast<int64_t>(std::llround(value)));
    };
    Draw({.name = "Predictions, and those with a known outcome",
          .lines = {{"predictions", Take([](const WindowHealth& one) {
                       return std::optional(static_cast<double>(one.window.predictions));
                     })},
                    {"outcomes", Take([](const WindowHealth& one) {
                       return std::optional(static_cast<double>(one.window.outcomes));
                     })}},
          .from_zero = true,
          .words = count});
    Plot latency{
        .name = "Latency in milliseconds",
        .lines = {{"p50", Take([](const auto& one) { return one.service.latency_p50_ms; })},
                  {"p90", Take([](const auto& one) { return one.service.latency_p90_ms; })},
                  {"p99", Take([](const auto& one) { return one.service.latency_p99_ms; })}},
        .from_zero = true};
    Draw(latency);
    Draw({.name = "Share of failed requests",
          .lines = {{"failed", Take([](const WindowHealth& one) -> std::optional<double> {
                       if (one.service.requests == 0) return std::nullopt;
                       return static_cast<double>(one.service.errors) /
                              static_cast<double>(one.service.requests);
                     })}},
          .from_zero = true,
          .words = PercentText});
    html_ += "</section>\n";
  }

  void Performance() {
    html_ += "<section>\n<h2>Performance</h2>\n";
    const ModelTask task = report_.health.task;
    if (task == ModelTask::kNone) {
      html_ +=
          "<p class=\"quiet\">No prediction has the number that the monitor takes for the "
          "answer.</p>\n</section>\n";
      return;
    }
    const auto names = windows().back().figures;
    for (const HealthFigure& named : names) {
      const auto figure = [&](const WindowHealth& one) -> const HealthFigure* {
        for (const HealthFigure& each : one.figures) {
          if (each.name == named.name) return &each;
        }
        return nullptr;
      };
      const auto part = [&](std::optional<double> HealthFigure::*member) {
        return Take([&](const WindowHealth& one) {
          const HealthFigure* found = figure(one);
          return found == nullptr ? std::nullopt : found->*member;
        });
      };
      const auto edge = [&](std::optional<HealthFigure::Band> (HealthFigure::*band)() const,
                            double HealthFigure::Band::*side) {
        return Take([&](const WindowHealth& one) -> std::optional<double> {
          const HealthFigure* found = figure(one);
          const auto own = found == nullptr ? std::nullopt : (found->*band)();
          return own ? std::optional((*own).*side) : std::nullopt;
        });
      };
      using Band = HealthFigure::Band;
      Draw({.name = TitleOf(named.name),
            .lines = {{"realised", part(&HealthFigure::realised),
                       edge(&HealthFigure::RealisedBand, &Band::lower),
                       edge(&HealthFigure::RealisedBand, &Band::upper)},
                      {"estimated", part(&HealthFigure::estimated),
                       edge(&HealthFigure::EstimatedBand, &Band::lower),
                       edge(&HealthFigure::EstimatedBand, &Band::upper)}},
            .lower = part(&HealthFigure::lower),
            .upper = part(&HealthFigure::upper),
            .limit = LimitOf(named.name)});
    }
    Answers(task);
    const auto& about = report_.health.reference;
    const std::string_view caveat =
        task == ModelTask::kRegression ? drift::kLossCaveat : drift::kEstimateCaveat;
    html_ += about ? fmt::format(
                         "<p class=\"quiet\">The estimate was calibrated on {} windows from "
                         "{} to {} ({} rows); the band is what they keep within. Whiskers are "
                         "three standard errors: what the draw of a window's rows alone can "
                         "do. {}</p>\n",
                         about->windows, DayText(about->from_ms), DayText(about->to_ms),
                         CountText(about->rows), caveat)
                   : fmt::format(
                         "<p class=\"quiet\">Not enough data for an estimate: it needs {} "
                         "complete windows with known outcomes. {}</p>\n",
                         kEstimateWindowsMin, caveat);
    html_ += "</section>\n";
  }

  std::optional<double> LimitOf(const std::string& figure) const {
    if (figure == "roc_auc") return spec_.AucThreshold();
    if (figure == "mae") return spec_.MaeThreshold();
    return figure == "rmse" ? spec_.RmseThreshold() : std::nullopt;
  }

  Values Figure(std::optional<double> PerformanceFigures::*figure) const {
    return Take([&](const WindowHealth& one) { return one.window.performance.*figure; });
  }

  // What was said and what was, and what it cost.
  void Answers(ModelTask task) {
    if (task == ModelTask::kRegression) {
      Draw({.name = "Mean of the answers, and of what happened",
            .lines = {{"answered", Figure(&PerformanceFigures::mean_predicted)},
                      {"happened", Figure(&PerformanceFigures::mean_actual)}}});
    } else {
      Draw({.name = "Share said to be positive, and share that was",
            .lines = {{"said", Figure(&PerformanceFigures::positive_rate_predicted)},
                      {"was", Figure(&PerformanceFigures::positive_rate_actual)}},
            .words = PercentText});
    }
    if (!spec_.costs) return;
    Draw({.name = "Cost of each known answer",
          .lines = {{"cost", Figure(&PerformanceFigures::cost_per_outcome)}}});
  }

  static void AddBreach(int64_t rows, std::string_view what, std::string* words) {
    if (rows == 0) return;
    *words += fmt::format("{}{} {}", words->empty() ? "" : ", ", CountText(rows), what);
  }

  static std::string BreachText(const FeatureBreaches& breach) {
    std::string words;
    AddBreach(breach.missing, "missing", &words);
    AddBreach(breach.new_category, "new category", &words);
    AddBreach(breach.out_of_range, "out of range", &words);
    AddBreach(breach.type_changed, "type changed", &words);
    AddBreach(breach.stale, "stale", &words);
    const auto add = [&](std::string_view what) {
      words += fmt::format("{}{}", words.empty() ? "" : ", ", what);
    };
    if (breach.is_constant) add("one value in all rows");
    if (breach.is_absent) add("in no row");
    return words;
  }

  // The newest window that has rows.
  void Quality() {
    html_ += "<section>\n<h2>Data quality</h2>\n";
    Draw({.name = "Share of rows that are far from the reference's",
          .lines = {{"outliers", Take([](const WindowHealth& one) -> std::optional<double> {
                       if (one.window.quality.rows == 0) return std::nullopt;
                       return one.window.quality.outlier_share();
                     })}},
          .from_zero = true,
          .words = PercentText});
    const MonitorWindow* newest = nullptr;
    for (const WindowHealth& one : windows()) {
      if (one.window.quality.rows > 0) newest = &one.window;
    }
    if (newest == nullptr) {
      html_ += "<p class=\"quiet\">Not measured yet.</p>\n</section>\n";
      return;
    }
    html_ += fmt::format("<h4>Features in the window from {}</h4>\n", SpanText(*newest));
    const WindowQuality& quality = newest->quality;
    if (quality.breaches.empty()) {
      html_ += "<p class=\"quiet\">Each feature is what it was in the reference.</p>\n";
    } else {
      html_ +=
          "<div class=\"scroll\"><table "
          "class=\"figures\">\n<tr><th>Feature</th><th>Rows</th></tr>\n";
      const size_t shown = std::min(quality.breaches.size(), kReportFeaturesMax);
      for (size_t i = 0; i < shown; ++i) {
        html_ += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n",
                             Escape(Clip(quality.breaches[i].feature, 80)),
                             BreachText(quality.breaches[i]));
      }
      html_ += "</table></div>\n";
      More(quality.breaches.size(), shown, "features");
    }
    if (!quality.worst.empty()) {
      html_ +=
          "<h4>Rows farthest from the reference</h4>\n<div class=\"scroll\"><table "
          "class=\"figures\">\n<tr><th>Prediction</th><th>Distance, of the limit</th><th>Most by"
          "</th><th>Value</th></tr>\n";
      for (const WorstRow& row : quality.worst) {
        html_ += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                             Escape(Clip(row.id, 80)), NumberText(row.distance),
                             Escape(Clip(row.reason, 60)), Escape(Clip(row.value, 60)));
      }
      html_ += "</table></div>\n";
    }
    for (const std::string& name : quality.new_columns) {
      html_ += "<p class=\"quiet\">New column: " + Escape(Clip(name, 80)) + "</p>\n";
    }
    Changes();
    Expectations();
    html_ += "</section>\n";
  }

  // What the newest window that the suite was asked of was not, and in how many windows so far.
  void Expectations() {
    const MonitorWindow* newest = nullptr;
    std::map<std::string, size_t> broken;
    size_t judged = 0;
    for (const WindowHealth& one : windows()) {
      if (one.window.validation.suite.empty()) continue;
      newest = &one.window;
      ++judged;
      for (const CheckedExpectation& check : one.window.validation.checks) {
        if (!check.success) ++broken[check.name];
      }
    }
    if (newest == nullptr) return;
    const WindowValidation& validation = newest->validation;
    html_ += fmt::format("<h4>Expectations of {} version {}, in the window from {}</h4>\n",
                         Escape(validation.suite), validation.version, SpanText(*newest));
    if (broken.empty()) {
      html_ += fmt::format("<p class=\"quiet\">All {} kept in all {} windows.</p>\n",
                           validation.checks.size(), judged);
      return;
    }
    html_ +=
        "<div class=\"scroll\"><table class=\"figures\">\n<tr><th>Expected</th><th>Windows in "
        "which it was not</th><th>Not so</th><th>Allowed</th></tr>\n";
    size_t shown = 0;
    for (const CheckedExpectation& check : validation.checks) {
      const auto found = broken.find(check.name);
      if (found == broken.end() || shown == kReportFeaturesMax) continue;
      ++shown;
      const std::string share = PercentText(check.unexpected_share);
      html_ += fmt::format("<tr><td>{}</td><td>{} of {}</td><td{}>{}</td><td>{}</td></tr>\n",
                           Escape(check.name), found->second, judged,
                           check.success ? "" : " class=\"bad\"", share,
                           PercentText(check.allowed_share));
    }
    html_ += "</table></div>\n";
    More(broken.size(), shown, "expectations that were broken");
  }

  // What the detectors said, the newest first.
  void Changes() {
    std::string list;
    for (auto one = windows().rbegin(); one != windows().rend(); ++one) {
      for (const DetectedChange& change : one->window.changes) {
        if (change.alarms == 0 || !change.first_ms) continue;
        list += fmt::format(
            "<li><span>{}</span><span>{}</span><p>{}: {} before, {} since</p></li>\n",
            FormatTime(*change.first_ms).substr(0, 16), DetectorMethodName(change.detector.method),
            Escape(Clip(change.detector.name(), 60)), OrDash(change.before), OrDash(change.after));
      }
    }
    if (spec_.detectors.empty()) return;
    html_ += "<h4>Changes of a mean that detectors found</h4>\n";
    html_ += list.empty() ? "<p class=\"quiet\">None.</p>\n"
                          : "<ul class=\"entries\">\n" + list + "</ul>\n";
  }

  static const drift::FeatureDrift* Find(const MonitorWindow& window, const std::string& name) {
    for (const drift::FeatureDrift& feature : window.features) {
      if (feature.name == name) return &feature;
    }
    return nullptr;
  }

  void HeatCell(const MonitorWindow& window, const drift::FeatureDrift* feature) {
    if (feature == nullptr || !feature->score) {
      html_ += "<td class=\"unknown\" title=\"not enough data\">·</td>";
      return;
    }
    const bool is_chance = IsChance(feature->method);
    const double share = is_chance ? feature->threshold / std::max(*feature->score, 1e-12)
                                   : *feature->score / std::max(feature->threshold, 1e-12);
    const std::string title = fmt::format("{}: {}", SpanText(window), NumberText(*feature->score));
    if (feature->drifted && window.complete) {  // half a week lacks weekdays
      html_ +=
          fmt::format("<td class=\"{}\" title=\"{}\">!</td>", share >= 2 ? "far" : "over", title);
      return;
    }
    html_ += fmt::format(
        "<td title=\"{}\" style=\"background:color-mix(in srgb, var(--is) {:.0f}%, "
        "var(--surface))\"></td>",
        title, 8 + 55 * std::clamp(share, 0.0, 1.0));
  }

  void Drift() {
    html_ += "<section>\n<h2>Drift</h2>\n";
    const auto& features = report_.judged->features;
    const size_t shown = std::min(features.size(), kReportFeaturesMax);
    html_ += fmt::format(
        "<p class=\"quiet\">A row a feature, a column a window from {} to {}; ! has "
        "drifted, · has not enough data.</p>\n<div class=\"scroll\"><table "
        "class=\"heat\">\n",
        SpanText(windows().front().window), SpanText(windows().back().window));
    for (size_t i = 0; i < shown; ++i) {
      html_ += "<tr><th>" + Escape(Clip(features[i].name, 60)) + "</th>";
      for (const WindowHealth& one : windows()) {
        HeatCell(one.window, Find(one.window, features[i].name));
      }
      html_ += "</tr>\n";
    }
    html_ += "</table></div>\n";
    More(features.size(), shown, "features");
    html_ += fmt::format(
        "<h2>Features in the window from {}</h2>\n<p class=\"legend\"><span><i "
        "class=\"was\"></i>reference</span><span><i class=\"is\"></i>window</span></p>\n",
        SpanText(*report_.judged));
    for (size_t i = 0; i < shown; ++i) Feature(features[i]);
    html_ += "</section>\n";
  }

  void Feature(const drift::FeatureDrift& feature) {
    html_ += fmt::format(
        "<article class=\"drift{}\">\n<h3><span class=\"column\">{}</span><span "
        "class=\"verdict-word\">{}</span></h3>\n<dl><div><dt>{}</dt><dd>{}</dd></div><div><dt>"
        "threshold</dt><dd>{}</dd></div></dl>\n",
        feature.drifted ? " moved"
        : feature.score ? ""
                        : " unknown",
        Escape(Clip(feature.name, 60)),
        feature.drifted ? "drifted"
        : feature.score ? "no drift"
                        : "not enough data",
        Escape(feature.method), OrDash(feature.score), NumberText(feature.threshold));
    if (!feature.note.empty()) html_ += "<p class=\"quiet\">" + Escape(feature.note) + "</p>\n";
    for (const drift::Distribution& distribution : report_.distributions) {
      if (distribution.feature == feature.name) html_ += drift::DistributionHtml(distribution);
    }
    html_ += "</article>\n";
  }

  using Cells = std::vector<std::string>;

  void Row(const Cells& cells, std::string_view tag, bool is_bad = false) {
    html_ += "<tr>";
    for (size_t i = 0; i < cells.size(); ++i) {
      html_ += fmt::format("<{}{}>{}</{}>", tag, is_bad && i == 2 ? " class=\"bad\"" : "", cells[i],
                           tag);
    }
    html_ += "</tr>\n";
  }

  Cells FiguresOf(const std::string& name, const ClassFigures& counts,
                  const LossFigures& losses) const {
    const CostMatrix costs = spec_.costs.value_or(CostMatrix());
    const std::string title = Escape(Clip(name, 80));
    if (report_.slices->task == ModelTask::kRegression) {
      return {title,
              CountText(losses.rows),
              OrDash(losses.mae()),
              OrDash(losses.rmse()),
              OrDash(losses.bias()),
              OrDash(losses.mean_predicted()),
              NumberText(losses.Cost(costs))};
    }
    return {title,
            CountText(counts.rows()),
            OrDash(counts.error_rate(), PercentText),
            OrDash(counts.precision(), PercentText),
            OrDash(counts.true_positive_rate(), PercentText),
            OrDash(counts.selection_rate(), PercentText),
            NumberText(counts.Cost(costs))};
  }

  void Slices() {
    if (!report_.slices || report_.slices->rows() == 0) return;
    const SlicePerformance& performance = *report_.slices;
    const bool is_regression = performance.task == ModelTask::kRegression;
    html_ += "<section>\n<h2>Worst slices</h2>\n<div class=\"scroll\"><table class=\"figures\">\n";
    Row(is_regression
            ? Cells{"Slice", "Known", "Mean absolute error", "RMSE", "Bias", "Mean answer", "Cost"}
            : Cells{"Slice", "Known", "Errors", "Precision", "Recall", "Said positive", "Cost"},
        "th");
    Row(FiguresOf("all", performance.all, performance.losses), "td");
    size_t shown = 0, judged = 0;
    for (const SliceFigures& slice : performance.slices) {
      if (!slice.p) continue;
      ++judged;
      if (shown == kReportSlicesMax) continue;
      ++shown;
      Row(FiguresOf(slice.input + " " + slice.value, slice.figures, slice.losses), "td",
          slice.is_worse);
    }
    html_ += "</table></div>\n";
    More(judged, shown, "slices");
    html_ += "<h2>Fairness gaps</h2>\n<div class=\"scroll\"><table class=\"figures\">\n";
    Row(is_regression ? Cells{"Input", "Groups", "Mean absolute error", "Bias"}
                      : Cells{"Input", "Groups", "Said positive", "True positive rate",
                              "False positive rate"},
        "th");
    for (const Disparity& gap : performance.disparities) {
      Cells cells = {Escape(Clip(gap.input, 80)), std::to_string(gap.groups)};
      if (is_regression) {
        cells.insert(cells.end(), {OrDash(gap.mae), OrDash(gap.bias)});
      } else {
        cells.insert(cells.end(), {OrDash(gap.selection_rate, PercentText),
                                   OrDash(gap.true_positive_rate, PercentText),
                                   OrDash(gap.false_positive_rate, PercentText)});
      }
      Row(cells, "td");
    }
    html_ += "</table></div>\n</section>\n";
  }

  void Entries() {
    html_ += "<section>\n<h2>Alerts, decisions and deployments</h2>\n";
    if (report_.entries.empty()) html_ += "<p class=\"quiet\">Nothing so far.</p>\n";
    html_ += "<ul class=\"entries\">\n";
    const size_t shown = std::min(report_.entries.size(), kReportEntriesMax);
    for (size_t i = 0; i < shown; ++i) {
      const ReportEntry& entry = report_.entries[i];
      html_ += fmt::format("<li><span>{}</span><span>{}</span><p>{} <span>{}</span></p></li>\n",
                           FormatTime(entry.event_time_ms).substr(0, 16), Escape(entry.kind),
                           Escape(Clip(entry.title, kTextCharactersMax)),
                           Escape(Clip(entry.detail, kTextCharactersMax)));
    }
    html_ += "</ul>\n";
    More(report_.entries.size(), shown, "entries");
    html_ += "</section>\n";
  }

  void More(size_t all, size_t shown, std::string_view what) {
    if (shown < all)
      html_ += fmt::format("<p class=\"more\">… and {} more {}</p>\n", all - shown, what);
  }

  void Draw(const Plot& plot) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto reach = [&](const Values& values) {
      for (const auto& value : values) {
        if (value) low = std::min(low, *value), high = std::max(high, *value);
      }
    };
    for (const Line& line : plot.lines) {
      reach(line.values);
      reach(line.least);
      reach(line.most);
    }
    html_ += "<h4>" + Escape(plot.name) + "</h4>\n";
    if (!std::isfinite(low)) {
      html_ += "<p class=\"quiet\">Not enough data.</p>\n";
      return;
    }
    reach(plot.lower);
    reach(plot.upper);
    reach({plot.limit});
    if (plot.from_zero) low = std::min(low, 0.0);
    if (high - low < 1e-12) high = low + 1;
    const size_t count = windows().size();
    const auto x = [&](size_t i) {
      const double share =
          count < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(count - 1);
      return kAxisWidth + (kPlotWidth - kAxisWidth - 8) * share;
    };
    const auto y = [&](double value) {
      return 6 + (kPlotHeight - 12) * (1 - (value - low) / (high - low));
    };
    html_ += fmt::format(
        "<svg class=\"health-plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} by "
        "window\">\n",
        kPlotWidth, kPlotHeight + 16, Escape(plot.name));
    for (int i = 0; i <= 2; ++i) {
      const double value = low + (high - low) * i / 2;
      html_ += fmt::format(
          "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{}</text>\n",
          kAxisWidth, y(value), kPlotWidth - 8, kAxisWidth - 6, y(value) + 3, plot.words(value));
    }
    Band(plot, x, y);
    if (plot.limit) {
      html_ += fmt::format("<path class=\"limit\" d=\"M{} {:.1f}H{}\"/>\n", kAxisWidth,
                           y(*plot.limit), kPlotWidth - 8);
    }
    for (size_t k = 0; k < plot.lines.size(); ++k) {
      DrawWhiskers(plot.lines[k], k, x, y);
      DrawLine(plot.lines[k].values, k, x, y);
    }
    html_ += fmt::format(
        "<text x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n"
        "</svg>\n",
        kAxisWidth, kPlotHeight + 12, SpanText(windows().front().window), kPlotWidth - 8,
        kPlotHeight + 12, SpanText(windows().back().window));
    if (plot.lines.size() < 2) return;
    html_ += "<p class=\"key\">";
    for (size_t k = 0; k < plot.lines.size(); ++k) {
      html_ += fmt::format("<span><i class=\"l{}\"></i>{}</span>", k, plot.lines[k].name);
    }
    html_ += "</p>\n";
  }

  template <typename X, typename Y>
  void Band(const Plot& plot, const X& x, const Y& y) {
    std::string forth, back;
    for (size_t i = 0; i < plot.lower.size(); ++i) {
      if (!plot.lower[i] || !plot.upper[i]) continue;
      forth += fmt::format("{:.1f},{:.1f} ", x(i), y(*plot.upper[i]));
      back = fmt::format("{:.1f},{:.1f} ", x(i), y(*plot.lower[i])) + back;
    }
    if (!forth.empty()) html_ += "<polygon class=\"band\" points=\"" + forth + back + "\"/>\n";
  }

  // A little beside one another, so that those of two lines can be told apart.
  template <typename X, typename Y>
  void DrawWhiskers(const Line& line, size_t number, const X& x, const Y& y) {
    for (size_t i = 0; i < line.least.size(); ++i) {
      if (!line.least[i] || !line.most[i]) continue;
      html_ += fmt::format("<path class=\"whisker l{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", number,
                           x(i) + (number == 0 ? -1.5 : 1.5), y(*line.least[i]), y(*line.most[i]));
    }
  }

  template <typename X, typename Y>
  void DrawLine(const Values& values, size_t number, const X& x, const Y& y) {
    std::string points;
    const auto end = [&] {
      if (!points.empty()) {
        html_ += fmt::format("<polyline class=\"l{}\" points=\"{}\"/>\n", number, points);
      }
      points.clear();
    };
    for (size_t i = 0; i < values.size(); ++i) {
      if (!values[i]) {
        end();
        continue;
      }
      points += fmt::format("{:.1f},{:.1f} ", x(i), y(*values[i]));
      html_ += fmt::format("<circle class=\"l{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2\"/>", number,
                           x(i), y(*values[i]));
    }
    end();
  }

  const HealthReport& report_;
  const MonitorSpec& spec_;
  std::string html_;
};

}  // namespace

std::string RenderHealth(const HealthReport& report) {
  return Page(report).Render();
}

}  // namespace millwright::monitoring
