#include "quality/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quality/evaluation_chart.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

using metrics::Evaluation;
using metrics::Slice;

constexpr size_t kNameCharactersMax = 60;

// "roc_auc" as people say it.
std::string FigureName(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"example_count", "Rows"},
      {"roc_auc", "Area under the ROC curve"},
      {"precision_recall_auc", "Average precision"},
      {"accuracy_score", "Accuracy"},
      {"precision_score", "Precision"},
      {"recall_score", "Recall"},
      {"f1_score", "F1"},
      {"balanced_accuracy_score", "Balanced accuracy"},
      {"matthews_corrcoef", "Matthews correlation"},
      {"cohen_kappa_score", "Cohen's kappa"},
      {"brier_score_loss", "Brier score"},
      {"ks_separation", "KS separation"},
      {"r2_score", "R²"},
      {"ndcg", "NDCG"}};
  for (const auto& [key, words] : kNames) {
    if (key == name) return std::string(words);
  }
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  if (!words.empty())
    words[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(words[0])));
  return words;
}

std::string NumberText(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    return CountText(static_cast<int64_t>(value));
  }
  if (std::abs(value) >= 1000 && std::abs(value) < 1e15) return CountText(std::llround(value));
  return fmt::format("{:.4g}", value);
}

class Page {
 public:
  Page(const Evaluation& evaluation, const std::string& title)
      : evaluation_(evaluation), title_(title) {}

  std::string Render() {
    Head();
    Summary();
    Charts();
    Confusion();
    Classes();
    Slices();
    html_ += "</main>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void Head() {
    const std::string title = Clip(title_, kWordsTextMax);
    html_ += PageHeadHtml(title, kEvaluationCss, "Model evaluation");
    html_ += "<h1>" + Escape(title) + "</h1>\n</header>\n";
  }

  void Summary() {
    html_ += "<section class=\"verdict\">\n<p>";
    if (const auto value = evaluation_.Find(evaluation_.main_figure)) {
      html_ += fmt::format("<strong>{} {}</strong> over {}", FigureName(evaluation_.main_figure),
                           NumberText(*value), CountOf(evaluation_.rows, "row"));
    }
    if (!evaluation_.positive.empty()) {
      html_ +=
          ", for class <code>" + Escape(Clip(evaluation_.positive, kNameCharactersMax)) + "</code>";
    }
    html_ += ".</p>\n";
    if (evaluation_.rows_left_out > 0) {
      html_ += fmt::format("<p class=\"quiet\">{} without a truth or a prediction left out.</p>\n",
                           CountOf(evaluation_.rows_left_out, "row"));
    }
    html_ += "</section>\n<section>\n<h2>Figures</h2>\n<dl class=\"figures\">\n";
    for (const auto& figure : evaluation_.figures) {
      html_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", Escape(FigureName(figure.name)),
                           NumberText(figure.value));
    }
    html_ += "</dl>\n</section>\n";
  }

  void Charts() {
    if (evaluation_.roc.empty() && evaluation_.scatter.empty()) return;
    html_ += "<section>\n<h2>Curves</h2>\n<div class=\"charts\">\n";
    if (!evaluation_.roc.empty()) {
      EvaluationChart roc{.title = "ROC",
                          .x_label = "False positive rate",
                          .y_label = "True positive rate",
                          .has_diagonal = true};
      for (const auto& point : evaluation_.roc) {
        roc.points.emplace_back(point.false_positive_rate, point.true_positive_rate);
      }
      html_ += ChartHtml(roc);
      EvaluationChart recall{
          .title = "Precision and recall", .x_label = "Recall", .y_label = "Precision"};
      for (const auto& point : evaluation_.precision_recall) {
        recall.points.emplace_back(point.recall, point.precision);
      }
      html_ += ChartHtml(recall);
    }
    if (!evaluation_.calibration.empty()) {
      EvaluationChart calibration{.title = "Calibration",
                                  .x_label = "Mean predicted probability",
                                  .y_label = "Share that was positive",
                                  .has_dots = true,
                                  .has_diagonal = true};
      for (const auto& point : evaluation_.calibration) {
        calibration.points.emplace_back(point.mean_probability, point.positive_share);
      }
      html_ += ChartHtml(calibration);
    }
    if (!evaluation_.scatter.empty()) Scatter();
    html_ += "</div>\n</section>\n";
  }

  void Scatter() {
    EvaluationChart scatter{.title = "Predicted against true",
                            .x_label = "True",
                            .y_label = "Predicted",
                            .is_line = false,
                            .has_diagonal = true};
    double min = evaluation_.scatter.front().truth;
    double max = min;
    for (const auto& point : evaluation_.scatter) {
      scatter.points.emplace_back(point.truth, point.predicted);
      min = std::min({min, point.truth, point.predicted});
      max = std::max({max, point.truth, point.predicted});
    }
    scatter.x_min = scatter.y_min = min;
    scatter.x_max = scatter.y_max = max;
    html_ += ChartHtml(scatter);
  }

  void Confusion() {
    if (!evaluation_.confusion || evaluation_.classes.size() > kEvaluationClassesMax) return;
    const auto& matrix = *evaluation_.confusion;
    html_ +=
        "<section>\n<h2>Confusion</h2>\n<p class=\"quiet\">Rows are the truth, columns the "
        "prediction; the deeper the colour, the larger the share of the row.</p>\n"
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"matrix\">\n<tr><th></th>";
    for (const auto& name : evaluation_.classes)
      html_ += "<th scope=\"col\">" + Name(name) + "</th>";
    html_ += "</tr>\n";
    for (size_t t = 0; t < matrix.classes(); ++t) {
      html_ += "<tr><th scope=\"row\">" + Name(evaluation_.classes[t]) + "</th>";
      for (size_t p = 0; p < matrix.classes(); ++p) {
        const double share = matrix.OfTruth(t) > 0 ? matrix.At(t, p) / matrix.OfTruth(t) : 0;
        html_ += fmt::format("<td{} style=\"--share:{:.3f}\">{}</td>",
                             t == p ? " class=\"right\"" : "", share, NumberText(matrix.At(t, p)));
      }
      html_ += "</tr>\n";
    }
    html_ += "</table></div>\n</section>\n";
  }

  void Classes() {
    if (!evaluation_.report) return;
    html_ +=
        "<section>\n<h2>Classes</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<tr><th>Class"
        "</th><th class=\"number\">Precision</th><th class=\"number\">Recall</th><th "
        "class=\"number\">F1</th><th class=\"number\">Support</th></tr>\n";
    for (const auto& row : evaluation_.report->classes) ClassRow(row);
    ClassRow(evaluation_.report->macro);
    ClassRow(evaluation_.report->weighted);
    html_ += "</table></div>\n</section>\n";
  }

  void ClassRow(const metrics::ClassificationReport::Row& row) {
    html_ += "<tr><td>" + Name(row.name) + "</td>";
    for (const double value : {row.precision, row.recall, row.f1}) {
      html_ += fmt::format("<td class=\"number\">{:.3f}</td>", value);
    }
    html_ += fmt::format("<td class=\"number\">{}</td></tr>\n", NumberText(row.support));
  }

  void Slices() {
    if (evaluation_.slices.empty()) return;
    const double whole = evaluation_.Find(evaluation_.main_figure).value_or(0);
    double most = std::abs(whole);
    for (const Slice& slice : evaluation_.slices) most = std::max(most, std::abs(MainOf(slice)));
    html_ += fmt::format(
        "<section>\n<h2>Slices <span class=\"count\">{}</span></h2>\n<p class=\"quiet\">The worst "
        "first by {}, which is {} over all rows.</p>\n<div class=\"scroll\" tabindex=\"0\"><table>"
        "\n<tr><th>Column</th><th>Value</th><th class=\"number\">Rows</th><th class=\"number\">{}"
        "</th><th></th></tr>\n",
        CountText(static_cast<int64_t>(evaluation_.slices.size())), Escape(evaluation_.main_figure),
        NumberText(whole), Escape(evaluation_.main_figure));
    const size_t shown = std::min(evaluation_.slices.size(), kEvaluationSlicesMax);
    for (size_t i = 0; i < shown; ++i) SliceRow(evaluation_.slices[i], whole, most);
    html_ += "</table></div>\n";
    if (shown < evaluation_.slices.size()) {
      html_ += fmt::format("<p class=\"more\">… and {} more</p>\n",
                           CountText(static_cast<int64_t>(evaluation_.slices.size() - shown)));
    }
    html_ += "</section>\n";
  }

  void SliceRow(const Slice& slice, double whole, double most) {
    const double value = MainOf(slice);
    const bool is_worse = evaluation_.more_is_better ? value < whole : value > whole;
    html_ += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td>",
                         Name(slice.column), Name(slice.value), CountText(slice.rows));
    if (std::isnan(value)) {
      html_ += "<td class=\"number\">–</td><td></td></tr>\n";
      return;
    }
    html_ += fmt::format(
        "<td class=\"number\">{}</td><td><span class=\"slice-bar\"><i class=\"{}\" "
        "style=\"width:{:.1f}%\"></i></span></td></tr>\n",
        NumberText(value), is_worse ? "below" : "", most > 0 ? 100 * std::abs(value) / most : 0);
  }

  // NaN where the slice does not define it.
  double MainOf(const Slice& slice) const {
    for (const auto& figure : slice.figures) {
      if (figure.name == evaluation_.main_figure) return figure.value;
    }
    return std::nan("");
  }

  static std::string Name(const std::string& name) {
    return Escape(Clip(name, kNameCharactersMax));
  }

  const Evaluation& evaluation_;
  const std::string& title_;
  std::string html_;
};

}  // namespace

std::string RenderEvaluation(const Evaluation& evaluation, const std::string& title) {
  return Page(evaluation, title).Render();
}

}  // namespace millwright::quality
