#include "quality/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "quality/kept_counts.h"
#include "quality/profile_merge.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr int64_t kSetDistinctMax = 30;
constexpr int64_t kSetRepeatsMin = 10;
// A value that is rarer is taken for a slip, not for a member of the set.
constexpr double kSetShareMin = 0.003;
constexpr double kMissingShareMax = 0.5;
constexpr double kMostlyStep = 0.01;
constexpr int64_t kRowsMin = 20;
// Numbers this many quartile ranges away from the quartiles are left out of a range.
constexpr double kFarQuartiles = 6;
// A range is this much wider than what was seen.
constexpr double kRangeMargin = 0.1;

using Judge = std::function<bool(const TableProfile&)>;

struct Candidate {
  Expectation expectation;
  std::string notes;
  int rank = 0;  // the lower the more it is worth
  Judge judge;   // whether a part of the history meets it, as far as its profile tells
};

// A share rounded down, so that the data that it was seen in meet it.
double RoundedDown(double share) {
  return std::max(0.0, std::floor((share - 1e-12) / kMostlyStep) * kMostlyStep);
}

double RoundedMostly(double share) {
  const double rounded = share >= 1 ? 1 : RoundedDown(share);
  return std::round(rounded * 100) / 100;
}

// Widens to two significant digits of the range's size.
double Outwards(double value, double range, bool up) {
  if (range <= 0 || !std::isfinite(range)) return value;
  const double step = std::pow(10.0, std::floor(std::log10(range)) - 1);
  const double places = value / step;
  const double rounded = (up ? std::ceil(places) : std::floor(places)) * step;
  return std::stod(fmt::format("{:.12g}", rounded));
}

Json NumberJson(double value, bool is_integer) {
  if (is_integer && std::abs(value) < 1e15) return static_cast<int64_t>(std::llround(value));
  return value;
}

const char* FormPattern(const std::string& looks) {
  static constexpr std::pair<std::string_view, const char*> kPatterns[] = {
      {"email", R"(^\s*[^@\s]+@[^@\s]+\.[A-Za-z-]+\s*$)"},
      {"uuid", R"(^\s*\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?\s*$)"},
      {"url", R"(^\s*(?i:https?|ftp|s3|gs)://\S+\s*$)"},
      {"ip", R"(^\s*([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]+)\s*$)"},
      {"mac", R"(^\s*[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\s*$)"},
      {"hash", R"(^\s*[0-9A-Fa-f]{32,128}\s*$)"},
      {"percentage", R"(^\s*[-+]?[0-9][0-9., ']*%\s*$)"},
      {"number", R"(^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*$)"},
      {"boolean", R"(^\s*(?i:true|false|yes|no|y|n|t|f|on|off)\s*$)"},
      {"coordinates", R"(^\s*\(?\s*[-+]?[0-9.]+\s*,\s*[-+]?[0-9.]+\s*\)?\s*$)"},
      {"phone", R"(^[0-9+() ./-]{7,25}$)"},
  };
  for (const auto& [name, pattern] : kPatterns) {
    if (name == looks) return pattern;
  }
  return nullptr;
}

// The share of a part's numbers within bounds; a part whose ranks are not exact gets the benefit
// of its error.
double ShareWithin(const ColumnStatistics& column, double low, double high) {
  const Distribution& values = column.sketch.values;
  if (values.total == 0) return 1;
  const RankReader reader(values);
  const auto within = static_cast<double>(reader.CountUpTo(high) - reader.CountBelow(low));
  return std::min(1.0, within / static_cast<double>(values.total) + 2 * values.rank_error);
}

double ShareOfValues(const ColumnStatistics& column, const std::vector<std::string>& set) {
  if (column.count() == 0) return 1;
  int64_t inside = 0;
  for (const std::string& value : set) {
    const auto found = column.sketch.counts.find(value);
    if (found != column.sketch.counts.end()) inside += found->second;
  }
  return static_cast<double>(inside) / static_cast<double>(column.count());
}

class Suggester {
 public:
  Suggester(const std::vector<TableProfile>& history, const SuggestionOptions& options)
      : history_(history), options_(options), whole_(MergeProfiles(history)) {}

  Suggestion Make() {
    Columns();
    RowCount();
    for (const auto& [a, b] : whole_.copies) {
      Add("expect_column_pair_values_to_be_equal",
          Json::Of(
              {{"column_A", a}, {"column_B", b}, {"ignore_row_if", "either_value_is_missing"}}),
          "The two are equal in every row.", 6, [](const TableProfile&) { return true; });
    }
    for (const ColumnStatistics& column : whole_.columns) OfColumn(column);
    return Finish();
  }

 private:
  void Add(const char* type, Json kwargs, std::string notes, int rank, Judge judge) {
    Expectation expectation{.type = type, .kwargs = std::move(kwargs)};
    candidates_.push_back({std::move(expectation), std::move(notes), rank, std::move(judge)});
  }

  static Judge OfPart(const std::string& name, std::function<bool(const ColumnStatistics&)> judge) {
    return [name, judge = std::move(judge)](const TableProfile& part) {
      const ColumnStatistics* column = part.Find(name);
      return column != nullptr && judge(*column);
    };
  }

  void Columns() {
    Json set = Json::MakeArray();
    for (const ColumnStatistics& column : whole_.columns) set.Append(column.name);
    const size_t count = whole_.columns.size();
    Add("expect_table_columns_to_match_set",
        Json::Of({{"column_set", std::move(set)}, {"exact_match", true}}),
        "The columns that were there; a new or a lost one is told.", 0,
        [count](const TableProfile& part) { return part.columns.size() == count; });
  }

  // The learned bounds of a metric, kept for the answer too.
  template <typename Metric>
  std::optional<Bounds> Learn(const std::string& metric, const std::string& column,
                              const Metric& value) {
    std::vector<MetricPoint> points;
    for (const TableProfile& part : history_) {
      if (const std::optional<double> measured = value(part))
        points.push_back({DayInName(part.name), *measured});
    }
    const std::vector<Bounds> learned = LearnBounds(points);
    if (learned.empty()) return std::nullopt;
    Bounds widest = learned.front();
    for (const Bounds& bounds : learned) {
      widest.low = std::min(widest.low, bounds.low);
      widest.high = std::max(widest.high, bounds.high);
      bounds_.push_back({metric, column, bounds});
    }
    if (learned.size() > 1) widest.weekday = 0;
    widest.points = points.size();
    return widest;
  }

  std::string LearnedNotes(const Bounds& bounds, const char* what) const {
    std::string notes =
        fmt::format("Learned from {} of {}: the median give or take four robust deviations.",
                    CountOf(static_cast<int64_t>(bounds.points), "value"), what);
    if (bounds.weekday)
      notes += " Weekdays differ; this is the widest of the seven, meta.anomaly_bounds has each.";
    return notes;
  }

  void RowCount() {
    const auto bounds = Learn("row_count", "", [](const TableProfile& part) {
      return std::optional(static_cast<double>(part.rows));
    });
    int64_t low = 0, high = 0;
    std::string notes;
    if (bounds) {
      low = std::max<int64_t>(0, static_cast<int64_t>(std::floor(bounds->low)));
      high = static_cast<int64_t>(std::ceil(bounds->high));
      notes = LearnedNotes(*bounds, "row counts");
    } else {
      int64_t least = history_.front().rows, most = least;
      for (const TableProfile& part : history_) {
        least = std::min(least, part.rows);
        most = std::max(most, part.rows);
      }
      low = least / 2;
      high = 2 * most;
      notes = fmt::format(
          "Half to twice the rows that were seen; from {} profiles on the bounds are learned.",
          kHistoryMin);
    }
    Add("expect_table_row_count_to_be_between", Json::Of({{"min_value", low}, {"max_value", high}}),
        notes, 0,
        [low, high](const TableProfile& part) { return part.rows >= low && part.rows <= high; });
  }

  void OfColumn(const ColumnStatistics& column) {
    if (column.rows == 0) return;
    Missing(column);
    if (column.count() == 0) return;
    const bool is_id = column.unique == column.count() && column.distinct_error == 0 &&
                       column.count() >= kRowsMin && history_.size() == 1;
    if (is_id && column.semantic.name == "id") Unique(column);
    if (column.kind == FiguresKind::kText) {
      if (!Set(column)) Form(column);
      Length(column);
    } else {
      Range(column);
      Mean(column);
      Order(column);
    }
  }

  void Missing(const ColumnStatistics& column) {
    const double share = column.MissingShare();
    if (share > kMissingShareMax) return;
    const auto learned = Learn("missing_share", column.name, [&](const TableProfile& part) {
      const ColumnStatistics* one = part.Find(column.name);
      return one == nullptr ? std::nullopt : std::optional(one->MissingShare());
    });
    double mostly = RoundedMostly(1 - share);
    std::string notes = "No value is missing.";
    if (column.missing > 0) {
      if (learned) mostly = std::min(mostly, RoundedMostly(1 - learned->high));
      mostly = std::max(0.0, mostly);
      notes = fmt::format("{} of {} are missing ({}).", CountText(column.missing),
                          CountOf(column.rows, "value"), PercentText(share));
      if (learned) notes += " " + LearnedNotes(*learned, "missing shares");
    }
    Json kwargs = Json::Of({{"column", column.name}});
    if (mostly < 1) kwargs.Set("mostly", mostly);
    if (mostly <= 0) return;
    Add("expect_column_values_to_not_be_null", std::move(kwargs), notes, mostly < 1 ? 4 : 2,
        OfPart(column.name, [mostly](const ColumnStatistics& part) {
          return 1 - part.MissingShare() >= mostly;
        }));
  }

  void Unique(const ColumnStatistics& column) {
    Add("expect_column_values_to_be_unique", Json::Of({{"column", column.name}}),
        "No value repeats.", 1, OfPart(column.name, [](const ColumnStatistics& part) {
          return part.distinct_error > 0 || part.unique == part.count();
        }));
  }

  // Few values that come again and again; a rare one is left out and allowed for.
  bool Set(const ColumnStatistics& column) {
    if (column.distinct > kSetDistinctMax || column.sketch.counts_error > 0 ||
        column.count() < kSetRepeatsMin * column.distinct)
      return false;
    std::vector<std::string> set;
    std::string rare;
    for (const TopValue& top : TopOf(column.sketch.counts, column.kind, kSetDistinctMax)) {
      const double share = static_cast<double>(top.count) / static_cast<double>(column.count());
      const std::string& value = top.value.AsString();
      if (share >= kSetShareMin || column.count() < 300) {
        set.push_back(value);
      } else {
        rare += (rare.empty() ? "" : ", ") + ("\"" + Clip(value, 24) + "\"");
      }
    }
    const double inside = ShareOfValues(column, set);
    const double mostly = RoundedMostly(inside);
    const bool is_boolean = column.type == "boolean";
    Json values = Json::MakeArray();
    for (const std::string& value : set)
      values.Append(is_boolean ? Json(value == "true") : Json(value));
    Json kwargs = Json::Of({{"column", column.name}, {"value_set", std::move(values)}});
    if (mostly < 1) kwargs.Set("mostly", mostly);
    std::string notes =
        fmt::format("{} make up {} of the values.",
                    CountOf(static_cast<int64_t>(set.size()), "value"), PercentText(inside));
    if (!rare.empty()) notes += " Rare, so left out: " + rare + ".";
    Add("expect_column_values_to_be_in_set", std::move(kwargs), notes, 1,
        OfPart(column.name, [set, mostly](const ColumnStatistics& part) {
          return ShareOfValues(part, set) >= mostly;
        }));
    return true;
  }

  // A sample of the values was looked at: its share is made less by three of its standard errors
  // and one step.
  static double FormMostly(const ColumnStatistics& column) {
    const double share = column.semantic.share;
    const auto sampled = static_cast<double>(std::min<int64_t>(column.distinct, kSketchValues));
    if (column.distinct <= static_cast<int64_t>(kSketchValues))
      return share >= 1 ? 1 : RoundedMostly(share - kMostlyStep);
    const double error = std::sqrt(std::max(share * (1 - share), 1 / sampled) / sampled);
    return RoundedMostly(share - 3 * error - kMostlyStep);
  }

  void Form(const ColumnStatistics& column) {
    const std::string& looks = column.semantic.name;
    const std::string& format = column.semantic.format;
    if (column.type != "text") return;
    const double mostly = FormMostly(column);
    Json kwargs = Json::Of({{"column", column.name}});
    const char* type = nullptr;
    if (!format.empty() && format.find("%f") == std::string::npos) {
      type = "expect_column_values_to_match_strftime_format";
      kwargs.Set("strftime_format", format);
    } else if (looks == "json") {
      type = "expect_column_values_to_be_json_parseable";
    } else if (const char* pattern = FormPattern(looks)) {
      type = "expect_column_values_to_match_regex";
      kwargs.Set("regex", pattern);
    }
    if (type == nullptr) return;
    if (mostly < 1) kwargs.Set("mostly", mostly);
    Add(type, std::move(kwargs),
        fmt::format("{} of the values look like {}{}.", PercentText(column.semantic.share), looks,
                    format.empty() ? "" : " " + format),
        1, OfPart(column.name, [looks, mostly](const ColumnStatistics& part) {
          return part.count() == 0 ||
                 (part.semantic.name == looks && part.semantic.share >= mostly);
        }));
  }

  void Length(const ColumnStatistics& column) {
    const TextFigures& text = *column.text;
    if (column.type != "text" || text.length_min != text.length_max || column.distinct < 5) return;
    const int64_t length = text.length_min;
    Add("expect_column_value_lengths_to_equal",
        Json::Of({{"column", column.name}, {"value", length}}),
        fmt::format("Every value has {}.", CountOf(length, "character")), 5,
        OfPart(column.name, [length](const ColumnStatistics& part) {
          return part.count() == 0 ||
                 (part.text && part.text->length_min == length && part.text->length_max == length);
        }));
  }

  // What is known of a name's meaning bounds it; else what was seen, and somewhat more.
  struct Limits {
    double low = 0, high = 0;
    std::string notes;
  };
  static Limits LimitsOf(const ColumnStatistics& column) {
    const NumberFigures& numbers = *column.numbers;
    const double min = *numbers.min, max = *numbers.max;
    const std::string& looks = column.semantic.name;
    if (looks == "boolean") return {0, 1, "Zeros and ones."};
    if (looks == "latitude") return {-90, 90, "It is named as a latitude."};
    if (looks == "longitude") return {-180, 180, "It is named as a longitude."};
    double low = min, high = max;
    const double reach = kFarQuartiles * *numbers.quartile_range;
    double q1 = min, q3 = max;
    for (const auto& [q, value] : numbers.quantiles) {
      if (q == 0.25) q1 = value;
      if (q == 0.75) q3 = value;
    }
    if (reach > 0 && low < q1 - reach) low = q1 - reach;
    if (reach > 0 && high > q3 + reach) high = q3 + reach;
    const double margin = kRangeMargin * (high - low);
    const double lowest = low > min ? low : low - margin;
    const double highest = high < max ? high : high + margin;
    Limits limits;
    limits.low = min >= 0 && lowest < 0 ? 0 : Outwards(lowest, high - low, false);
    limits.high = max <= 0 && highest > 0 ? 0 : Outwards(highest, high - low, true);
    limits.notes = fmt::format("Seen: {} to {}; a tenth of the range is added.",
                               FigureText(Json(min)), FigureText(Json(max)));
    if (low > min || high < max)
      limits.notes = fmt::format(
          "Seen: {} to {}; what is {:g} quartile ranges from the quartiles is left out.",
          FigureText(Json(min)), FigureText(Json(max)), kFarQuartiles);
    return limits;
  }

  void Range(const ColumnStatistics& column) {
    const NumberFigures& numbers = *column.numbers;
    if (!numbers.min || column.kind == FiguresKind::kTime || column.semantic.name == "id") return;
    Limits limits = LimitsOf(column);
    const bool is_integer = column.sketch.values.kind == NumberKind::kInteger;
    if (is_integer) {
      limits.low = std::floor(limits.low);
      limits.high = std::ceil(limits.high);
    }
    const Distribution& values = column.sketch.values;
    const double inside = static_cast<double>(numbers.infinite) > 0 || limits.low > *numbers.min ||
                                  limits.high < *numbers.max
                              ? ShareWithin(column, limits.low, limits.high) -
                                    4 * values.rank_error -
                                    static_cast<double>(numbers.infinite) /
                                        static_cast<double>(std::max<int64_t>(column.count(), 1))
                              : 1;
    const double mostly = RoundedMostly(inside);
    if (mostly <= 0) return;
    Json kwargs = Json::Of({{"column", column.name},
                            {"min_value", NumberJson(limits.low, is_integer)},
                            {"max_value", NumberJson(limits.high, is_integer)}});
    if (mostly < 1) kwargs.Set("mostly", mostly);
    Add("expect_column_values_to_be_between", std::move(kwargs), limits.notes, 2,
        OfPart(column.name, [limits, mostly](const ColumnStatistics& part) {
          return ShareWithin(part, limits.low, limits.high) >= mostly;
        }));
  }

  void Mean(const ColumnStatistics& column) {
    if (column.kind != FiguresKind::kNumber || column.semantic.name == "id") return;
    const auto bounds = Learn("mean", column.name, [&](const TableProfile& part) {
      const ColumnStatistics* one = part.Find(column.name);
      return one != nullptr && one->numbers ? one->numbers->mean : std::nullopt;
    });
    if (!bounds || bounds->low >= bounds->high) return;
    const double range = bounds->high - bounds->low;
    const double low = Outwards(bounds->low, range, false);
    const double high = Outwards(bounds->high, range, true);
    Add("expect_column_mean_to_be_between",
        Json::Of({{"column", column.name}, {"min_value", low}, {"max_value", high}}),
        LearnedNotes(*bounds, "means"), 3,
        OfPart(column.name, [low, high](const ColumnStatistics& part) {
          return part.numbers && part.numbers->mean && *part.numbers->mean >= low &&
                 *part.numbers->mean <= high;
        }));
  }

  void Order(const ColumnStatistics& column) {
    const bool is_told = column.numbers->is_rising && column.distinct >= kRowsMin &&
                         (column.semantic.name == "id" || column.kind == FiguresKind::kTime);
    if (!is_told || column.numbers->infinite > 0) return;
    Add("expect_column_values_to_be_increasing", Json::Of({{"column", column.name}}),
        "Rows come in the order of this column.", 4,
        OfPart(column.name, [](const ColumnStatistics& part) {
          return part.numbers && part.numbers->is_rising;
        }));
  }

  Json BoundsJson() const {
    static constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};
    Json list = Json::MakeArray();
    for (const LearnedBounds& learned : bounds_) {
      Json one = Json::Of({{"metric", learned.metric}});
      if (!learned.column.empty()) one.Set("column", learned.column);
      if (learned.bounds.weekday) one.Set("weekday", kDays[*learned.bounds.weekday]);
      one.Set("low", learned.bounds.low).Set("high", learned.bounds.high);
      one.Set("median", learned.bounds.median).Set("points", learned.bounds.points);
      list.Append(std::move(one));
    }
    return list;
  }

  Suggestion Finish() {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
    Suggestion suggestion;
    if (candidates_.size() > options_.rules_max) {
      suggestion.left_out = candidates_.size() - options_.rules_max;
      candidates_.resize(options_.rules_max);
    }
    suggestion.suite.name = options_.name;
    for (Candidate& candidate : candidates_) {
      const auto passed = std::count_if(history_.begin(), history_.end(), candidate.judge);
      candidate.expectation.meta = Json::Of(
          {{"notes", candidate.notes},
           {"passed_share", static_cast<double>(passed) / static_cast<double>(history_.size())}});
      suggestion.suite.expectations.push_back(std::move(candidate.expectation));
    }
    Json meta = Json::Of({{"suggested_from", NamesJson()},
                          {"rows", whole_.rows},
                          {"left_out", suggestion.left_out}});
    if (!bounds_.empty()) meta.Set("anomaly_bounds", BoundsJson());
    suggestion.suite.meta = std::move(meta);
    suggestion.bounds = std::move(bounds_);
    return suggestion;
  }

  Json NamesJson() const {
    Json names = Json::MakeArray();
    for (const TableProfile& part : history_) names.Append(part.name);
    return names;
  }

  const std::vector<TableProfile>& history_;
  const SuggestionOptions& options_;
  const TableProfile whole_;
  std::vector<Candidate> candidates_;
  std::vector<LearnedBounds> bounds_;
};

}  // namespace

Suggestion SuggestSuite(const std::vector<TableProfile>& history,
                        const SuggestionOptions& options) {
  const auto has_rows = [](const TableProfile& one) { return one.rows > 0; };
  if (!history.empty() && std::none_of(history.begin(), history.end(), has_rows))
    throw InvalidArgument("A table without rows tells nothing that a suite could expect");
  return Suggester(history, options).Make();
}

}  // namespace millwright::quality
