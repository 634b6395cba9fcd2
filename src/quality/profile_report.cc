#include "quality/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "quality/profile_chart.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr size_t kTopShown = 10;
constexpr size_t kWarningsShown = 200;
constexpr size_t kHeatColumnsMax = 24;
constexpr size_t kPairsShown = 20;
constexpr size_t kPowersShown = 15;
constexpr size_t kNameCharactersMax = 60;
// What is left for columns after the head, the warnings and the pairs.
constexpr size_t kColumnsBytesMax = 700'000;

std::string NumberText(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return CountText(static_cast<int64_t>(value));
  return fmt::format("{:.5g}", value);
}

// A number of the column as its values are written.
std::string OwnText(const ColumnStatistics& column, double value) {
  const bool is_name = column.semantic.name == "year" || column.semantic.name == "id";
  if (is_name && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return column.kind == FiguresKind::kTime ? TimeText(std::llround(value)) : NumberText(value);
}

std::string Name(const std::string& name) {
  return Escape(Clip(name, kNameCharactersMax));
}

std::string DurationText(double seconds) {
  static constexpr std::pair<double, const char*> kUnits[] = {
      {86400, "day"}, {3600, "hour"}, {60, "minute"}};
  for (const auto& [length, name] : kUnits) {
    if (seconds < length) continue;
    const double count = seconds / length;
    return fmt::format("{:.4g} {}{}", count, name, count == 1 ? "" : "s");
  }
  return fmt::format("{:.4g} s", seconds);
}

class Page {
 public:
  Page(const TableProfile& profile, const std::string& title) : profile_(profile), title_(title) {
    for (const ProfileWarning& warning : profile.warnings) warned_.insert(warning.column);
  }

  std::string Render() {
    const std::string title = Clip(title_, kWordsTextMax);
    html_ = PageHeadHtml(title, kProfileCss, "Profile of a table");
    html_ += "<h1>" + Escape(title) + "</h1>\n</header>\n";
    Summary();
    Warnings();
    Target();
    Columns();
    Numbers();
    Categories();
    html_ += "</main>\n</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void Summary() {
    const int64_t cells = profile_.rows * static_cast<int64_t>(profile_.columns.size());
    const double missing =
        cells == 0 ? 0 : static_cast<double>(profile_.MissingCells()) / static_cast<double>(cells);
    html_ +=
        fmt::format("<section class=\"verdict\">\n<p><strong>{}</strong> of {}{}</p>\n<dl>\n",
                    CountOf(profile_.rows, "row"),
                    CountOf(static_cast<int64_t>(profile_.columns.size()), "column"),
                    profile_.parts > 1 ? fmt::format(", merged of {} parts", profile_.parts) : "");
    const auto figure = [&](const char* name, const std::string& value) {
      html_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
    };
    figure("Missing cells", PercentText(missing));
    figure("Rows with a missing value", CountText(profile_.rows_with_missing));
    figure("Duplicate rows", CountText(profile_.duplicate_rows));
    figure("Warnings", CountText(static_cast<int64_t>(profile_.warnings.size())));
    html_ += "</dl>\n";
    if (profile_.parts > 1)
      html_ +=
          "<p class=\"quiet\">Counts, moments and lengths are exact; quantiles and distinct values "
          "are within the bounds told at each column. Duplicates are counted within parts.</p>\n";
    html_ += "</section>\n";
  }

  void Warnings() {
    if (profile_.warnings.empty()) return;
    html_ += "<section>\n<h2>Look at this first</h2>\n<ul class=\"warnings\">\n";
    const size_t shown = std::min(kWarningsShown, profile_.warnings.size());
    for (size_t i = 0; i < shown; ++i) {
      const ProfileWarning& warning = profile_.warnings[i];
      html_ += fmt::format(
          "<li><span class=\"sort\">{}</span><span "
          "class=\"column\">{}</span><span>{}</span></li>\n",
          Escape(warning.kind), Name(warning.column), Escape(Clip(warning.message, 300)));
    }
    html_ += "</ul>\n";
    More(profile_.warnings.size() - shown);
    html_ += "</section>\n";
  }

  void More(size_t count) {
    if (count > 0)
      html_ += fmt::format("<p class=\"more\">… and {} more</p>\n",
                           CountText(static_cast<int64_t>(count)));
  }

  void Target() {
    if (profile_.target_powers.empty()) return;
    html_ += fmt::format(
        "<section>\n<h2>What tells <span class=\"column\">{}</span></h2>\n<p class=\"quiet\">The "
        "share of the errors of a plain guess that each column alone takes away, on rows that its "
        "rule was not made from.</p>\n<table class=\"top\">\n",
        Name(profile_.target));
    const size_t shown = std::min(kPowersShown, profile_.target_powers.size());
    for (size_t i = 0; i < shown; ++i) {
      const TargetPower& power = profile_.target_powers[i];
      html_ += fmt::format(
          "<tr><td>{}</td><td><span class=\"share\"><i style=\"width:{:.1f}%\"></i></span></td><td "
          "class=\"number\">{}</td></tr>\n",
          Name(power.column), 100 * power.power, PercentText(power.power));
    }
    html_ += "</table>\n";
    More(profile_.target_powers.size() - shown);
    html_ += "</section>\n";
  }

  void Columns() {
    std::vector<const ColumnStatistics*> columns;
    for (const ColumnStatistics& column : profile_.columns) columns.push_back(&column);
    std::string whole;
    size_t shown = 0;
    const auto add = [&](bool warned) {
      for (const ColumnStatistics* column : columns) {
        if ((warned_.count(column->name) > 0) != warned) continue;
        const std::string html = ColumnHtml(*column);
        if (whole.size() + html.size() > kColumnsBytesMax) return;
        whole += html;
        ++shown;
      }
    };
    for (const ColumnStatistics* column : columns) {
      const std::string html = ColumnHtml(*column);
      whole += html;
      ++shown;
      if (whole.size() > kColumnsBytesMax) break;
    }
    if (whole.size() > kColumnsBytesMax) {
      whole.clear();
      shown = 0;
      add(true);
      add(false);
    }
    html_ += fmt::format("<section>\n<h2>Columns <span class=\"count\">{}</span></h2>\n",
                         CountText(static_cast<int64_t>(columns.size())));
    html_ += whole;
    More(columns.size() - shown);
    html_ += "</section>\n";
  }

  static std::string LooksText(const ColumnStatistics& column) {
    std::string text = column.semantic.name;
    if (!column.semantic.format.empty()) text += " " + column.semantic.format;
    if (column.semantic.share > 0 && column.semantic.share < 1)
      text += ", " + PercentText(column.semantic.share) + " of values";
    return text;
  }

  std::string ColumnHtml(const ColumnStatistics& column) const {
    std::string html = fmt::format(
        "<article>\n<h3><span class=\"column\">{}</span> <span class=\"type\">{}</span></h3>\n<p "
        "class=\"looks\">{}</p>\n",
        Name(column.name), Escape(Clip(column.sql_type, 40)), Escape(LooksText(column)));
    html += "<div class=\"column-body\">\n<div>\n<dl class=\"figures\">\n";
    const auto figure = [&](const char* name, const std::string& value) {
      html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
    };
    figure("Missing", column.missing == 0
                          ? "none"
                          : CountText(column.missing) + ", " + PercentText(column.MissingShare()));
    const char* about = column.distinct_error > 0 ? "about " : "";
    figure("Distinct", about + CountText(column.distinct));
    if (column.unique > 0) figure("Occurring once", about + CountText(column.unique));
    Figures(column, figure);
    html += "</dl>\n" + Gaps(column);
    if (column.rank_error > 0)
      html += fmt::format("<p class=\"quiet\">Ranks are off by at most {} of the rows.</p>\n",
                          PercentText(column.rank_error));
    html += "</div>\n<div>\n" + Picture(column) + "</div>\n</div>\n</article>\n";
    return html;
  }

  static std::string LengthText(const TextFigures& text) {
    if (text.length_min == text.length_max) return CountText(text.length_min);
    return fmt::format("{} to {}, mean {:.3g}", CountText(text.length_min),
                       CountText(text.length_max), text.length_mean);
  }

  template <typename Figure>
  static void Figures(const ColumnStatistics& column, const Figure& figure) {
    const auto own = [&](const char* name, const std::optional<double>& value) {
      if (value) figure(name, Escape(OwnText(column, *value)));
    };
    const auto plain = [&](const char* name, const std::optional<double>& value) {
      if (value) figure(name, NumberText(*value));
    };
    if (column.text && column.count() > 0) {
      figure("Length", LengthText(*column.text));
      plain("Entropy, nats", column.text->entropy);
      plain("Imbalance", column.text->imbalance);
    }
    if (!column.numbers) return;
    const NumberFigures& numbers = *column.numbers;
    own("Minimum", numbers.min);
    for (const auto& [q, value] : numbers.quantiles) {
      if (q == 0.05 || q == 0.25) own(q == 0.05 ? "5 %" : "25 %", value);
    }
    own("Median", numbers.median);
    for (const auto& [q, value] : numbers.quantiles) {
      if (q == 0.75 || q == 0.95) own(q == 0.75 ? "75 %" : "95 %", value);
    }
    own("Maximum", numbers.max);
    if (column.kind == FiguresKind::kTime) {
      Times(column, figure);
      return;
    }
    plain("Mean", numbers.mean);
    plain("Standard deviation", numbers.stddev);
    plain("Skewness", numbers.skewness);
    plain("Kurtosis", numbers.kurtosis);
    if (numbers.zeros > 0) figure("Zero", CountText(numbers.zeros));
    if (numbers.negatives > 0) figure("Negative", CountText(numbers.negatives));
    if (numbers.infinite > 0) figure("Infinite", CountText(numbers.infinite));
    if (numbers.outliers_by_stddev > 0)
      figure("Beyond 3 deviations", CountText(numbers.outliers_by_stddev));
    if (numbers.outliers_by_quartiles > 0)
      figure("Beyond 1.5 quartile ranges", CountText(numbers.outliers_by_quartiles));
  }

  template <typename Figure>
  static void Times(const ColumnStatistics& column, const Figure& figure) {
    if (!column.time || column.time->step_seconds == 0) return;
    figure("Usual step", DurationText(column.time->step_seconds));
    if (!column.time->unit.empty())
      figure("Coverage",
             fmt::format("{} of its {}s", PercentText(std::min(1.0, column.time->coverage)),
                         column.time->unit));
  }

  static std::string Gaps(const ColumnStatistics& column) {
    if (!column.time || column.time->gaps.empty()) return "";
    std::string html =
        fmt::format("<p class=\"looks\">{}, the longest:</p>\n<table class=\"top\">\n",
                    CountOf(column.time->gap_count, "gap"));
    for (const TimeGap& gap : column.time->gaps) {
      html += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td></tr>\n",
                          Escape(gap.after), Escape(gap.before), DurationText(gap.seconds));
    }
    return html + "</table>\n";
  }

  static std::string Picture(const ColumnStatistics& column) {
    std::string html;
    const bool is_few = column.distinct <= static_cast<int64_t>(kTopShown);
    if (column.numbers && column.numbers->bins_50 && !is_few) {
      const Histogram& bins =
          column.numbers->bins_auto ? *column.numbers->bins_auto : *column.numbers->bins_50;
      html += HistogramHtml(
          bins, {OwnText(column, bins.edges.front()), OwnText(column, bins.edges.back())});
      return html;
    }
    if (column.unique == column.count() && !is_few) return html + Samples(column);
    return html + TopValuesHtml(column.top_values, kTopShown, column.count());
  }

  // Of a column in which nothing repeats a few values say how they look.
  static std::string Samples(const ColumnStatistics& column) {
    std::string html = "<p class=\"looks\">No value repeats; such as</p>\n<p>";
    for (size_t i = 0; i < std::min<size_t>(3, column.top_values.size()); ++i)
      html += ValueHtml(column.top_values[i].value) + "<br>";
    return html + "</p>\n";
  }

  void Numbers() {
    const Associations& found = profile_.associations;
    const auto& pairs = found.spearman.empty() ? found.pearson : found.spearman;
    std::vector<std::string> names = found.numbers;
    const size_t left_out = names.size() > kHeatColumnsMax ? names.size() - kHeatColumnsMax : 0;
    names.resize(names.size() - left_out);
    const std::string map = HeatMapHtml(names, pairs);
    if (map.empty()) return;
    html_ += fmt::format("<section>\n<h2>Correlations</h2>\n<p class=\"quiet\">{}</p>\n",
                         found.spearman.empty() ? "Pearson's, of all rows with both values."
                                                : fmt::format("Spearman's, of {} with both values.",
                                                              CountOf(found.rank_rows, "row")));
    html_ += map;
    More(left_out);
    html_ += "</section>\n";
  }

  void Categories() {
    std::vector<PairValue> pairs;
    for (const auto& [pair, association] : profile_.associations.categorical)
      pairs.push_back({pair.a, pair.b, association.cramers_v_corrected});
    const std::string map = HeatMapHtml(profile_.associations.categories, pairs);
    if (!map.empty())
      html_ +=
          "<section>\n<h2>Categories</h2>\n<p class=\"quiet\">Cramér's V, corrected for bias."
          "</p>\n" +
          map + "</section>\n";
    Ratios();
  }

  void Ratios() {
    std::vector<PairValue> pairs;
    for (const PairValue& pair : profile_.associations.correlation_ratio) {
      if (!std::isnan(pair.value)) pairs.push_back(pair);
    }
    if (pairs.empty()) return;
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const PairValue& a, const PairValue& b) { return a.value > b.value; });
    html_ +=
        "<section>\n<h2>Numbers by category</h2>\n<p class=\"quiet\">The correlation ratio: how "
        "far "
        "the mean of the number depends on the category.</p>\n<table class=\"top\">\n";
    const size_t shown = std::min(kPairsShown, pairs.size());
    for (size_t i = 0; i < shown; ++i) {
      html_ += fmt::format(
          "<tr><td>{} by {}</td><td><span class=\"share\"><i style=\"width:{:.1f}%\"></i></span>"
          "</td><td class=\"number\">{:.3f}</td></tr>\n",
          Name(pairs[i].b), Name(pairs[i].a), 100 * pairs[i].value, pairs[i].value);
    }
    html_ += "</table>\n";
    More(pairs.size() - shown);
    html_ += "</section>\n";
  }

  const TableProfile& profile_;
  const std::string& title_;
  std::set<std::string> warned_;
  std::string html_;
};

}  // namespace

std::string RenderProfile(const TableProfile& profile, const std::string& title) {
  return Page(profile, title).Render();
}

}  // namespace millwright::quality
