#include "quality/evaluation_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "quality/report_html.h"

namespace millwright::quality {
namespace {

// The plot's box in the drawing's own units.
constexpr double kLeft = 44;
constexpr double kTop = 10;
constexpr double kSide = 240;
constexpr double kWidth = 300;
constexpr double kHeight = 290;
constexpr int kTicks = 4;

double Scale(double value, double min, double max) {
  return max > min ? std::clamp((value - min) / (max - min), 0.0, 1.0) : 0.5;
}

class Drawing {
 public:
  explicit Drawing(const EvaluationChart& chart) : chart_(chart) {}

  std::string Html() {
    Ticks();
    if (chart_.has_diagonal) Diagonal();
    if (chart_.is_line) Line();
    if (!chart_.is_line || chart_.has_dots) Dots();
    Labels();
    return fmt::format(
        "<figure class=\"chart\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" "
        "role=\"img\" aria-label=\"{}\">{}</svg></figure>\n",
        Escape(chart_.title), kWidth, kHeight, Escape(chart_.title), svg_);
  }

 private:
  double X(double value) const { return kLeft + kSide * Scale(value, chart_.x_min, chart_.x_max); }
  double Y(double value) const {
    return kTop + kSide * (1 - Scale(value, chart_.y_min, chart_.y_max));
  }

  void Ticks() {
    for (int i = 0; i <= kTicks; ++i) {
      const double share = static_cast<double>(i) / kTicks;
      const double x = chart_.x_min + share * (chart_.x_max - chart_.x_min);
      const double y = chart_.y_min + share * (chart_.y_max - chart_.y_min);
      svg_ += fmt::format("<path class=\"grid\" d=\"M{0:.1f} {1}v{2}M{3} {4:.1f}h{2}\"/>", X(x),
                          kTop, kSide, kLeft, Y(y));
      svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.3g}</text>", X(x),
                          kTop + kSide + 14, x);
      svg_ += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>",
                          kLeft - 6, Y(y) + 3.5, y);
    }
  }

  void Diagonal() {
    const double from = std::max(chart_.x_min, chart_.y_min);
    const double to = std::min(chart_.x_max, chart_.y_max);
    svg_ += fmt::format("<path class=\"diagonal\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>", X(from),
                        Y(from), X(to), Y(to));
  }

  void Line() {
    std::string path;
    for (const auto& [x, y] : chart_.points) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", X(x), Y(y));
    }
    if (!path.empty()) svg_ += "<path class=\"line\" d=\"" + path + "\"/>";
  }

  void Dots() {
    for (const auto& [x, y] : chart_.points) {
      svg_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>",
                          chart_.is_line ? "mark" : "dot", X(x), Y(y), chart_.is_line ? 3 : 2);
    }
  }

  void Labels() {
    svg_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" class=\"axis\">{}</text>",
                        kLeft + kSide / 2, kTop + kSide + 32, Escape(chart_.x_label));
    svg_ += fmt::format(
        "<text transform=\"translate(11 {}) rotate(-90)\" text-anchor=\"middle\" "
        "class=\"axis\">{}</text>",
        kTop + kSide / 2, Escape(chart_.y_label));
  }

  const EvaluationChart& chart_;
  std::string svg_;
};

}  // namespace

std::string ChartHtml(const EvaluationChart& chart) {
  return Drawing(chart).Html();
}

const std::string_view kEvaluationCss = R"css(
.charts { display: flex; flex-wrap: wrap; gap: 1rem; }
.chart {
  flex: 1 1 17rem; max-width: 26rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 6px; padding: .8rem .9rem;
}
.chart figcaption { font-size: .95rem; margin-bottom: .3rem; }
.chart svg { display: block; width: 100%; height: auto; font-size: 9px; }
.chart text { fill: var(--muted); }
.chart .axis { font-size: 10px; }
.chart .grid { stroke: var(--line); fill: none; }
.chart .diagonal { stroke: var(--strong-line); stroke-dasharray: 4 3; fill: none; }
.chart .line { stroke: var(--good); stroke-width: 1.8; fill: none; stroke-linejoin: round; }
.chart .mark { fill: var(--good); }
.chart .dot { fill: var(--good); fill-opacity: .45; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0 2rem; }
.figures div {
  display: flex; justify-content: space-between; gap: 1rem; padding: .28rem 0;
  border-bottom: 1px solid var(--line);
}
.figures dt { color: var(--muted); overflow-wrap: anywhere; }
.matrix td, .matrix th { text-align: right; padding: .35rem .7rem; }
.matrix th[scope="row"] { text-align: left; padding-left: 0; }
.matrix td { background: color-mix(in srgb, var(--bad) calc(var(--share) * 70%), transparent); }
.matrix td.right { background: color-mix(in srgb, var(--good) calc(var(--share) * 60%), transparent); }
.slice-bar { display: inline-block; width: 7rem; height: 8px; border-radius: 2px; background: var(--line); }
.slice-bar i { display: block; height: 100%; border-radius: 2px; background: var(--good); }
.slice-bar i.below { background: var(--bad); }
)css";

}  // namespace millwright::quality
