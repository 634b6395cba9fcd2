#include "quality/profile_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr double kMostlyMissing = 0.5;
constexpr double kNearlyConstant = 0.99;
constexpr double kMostlyZero = 0.5;
constexpr double kManyOutliers = 0.05;
constexpr double kVerySkewed = 20;
constexpr double kNearlyOne = 0.99;
// Above this a column alone is taken to give the target away.
constexpr double kLeakPower = 0.95;
constexpr int64_t kManyDistinct = 1'000;
constexpr size_t kNamedPairsMax = 20;
constexpr size_t kNamedValuesMax = 3;

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string Folded(const std::string& text) {
  std::string folded;
  for (const char c : text) {
    if (c == ' ' && (folded.empty() || folded.back() == ' ')) continue;
    folded.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  while (!folded.empty() && folded.back() == ' ') folded.pop_back();
  return folded;
}

class Warnings {
 public:
  explicit Warnings(const TableProfile& profile) : profile_(profile) {}

  std::vector<ProfileWarning> Gather() {
    Table();
    for (const ColumnStatistics& column : profile_.columns) Column(column);
    Pairs();
    return std::move(found_);
  }

 private:
  void Add(const char* kind, const std::string& column, std::string message) {
    found_.push_back({kind, column, std::move(message)});
  }

  void Table() {
    if (profile_.rows == 0) return Add("empty", "", "The table has no rows");
    if (profile_.duplicate_rows > 0) {
      Add("duplicate rows", "",
          fmt::format("{} ({}) {} an earlier one{}", CountOf(profile_.duplicate_rows, "row"),
                      PercentText(Share(profile_.duplicate_rows, profile_.rows)),
                      profile_.duplicate_rows == 1 ? "equals" : "equal",
                      profile_.duplicates_across_parts_unknown ? " of the same part" : ""));
    }
    for (const TargetPower& power : profile_.target_powers) {
      if (power.power < kLeakPower) break;
      Add("leak", power.column,
          fmt::format("Alone it takes away {} of the errors of guessing {}: it may not be known "
                      "when {} is to be told",
                      PercentText(power.power), profile_.target, profile_.target));
    }
    for (const auto& [a, b] : profile_.copies) Add("copy", b, "Equals " + a + " in every row");
  }

  void Column(const ColumnStatistics& column) {
    if (column.rows == 0) return;
    if (column.count() == 0) return Add("all missing", column.name, "Every value is missing");
    if (column.MissingShare() >= kMostlyMissing)
      Add("mostly missing", column.name, PercentText(column.MissingShare()) + " is missing");
    if (column.distinct == 1) {
      Add("constant", column.name, "There is one value only");
    } else if (!column.top_values.empty() &&
               Share(column.top_values[0].count, column.count()) >= kNearlyConstant) {
      Add("nearly constant", column.name,
          fmt::format("{} is {}", PercentText(Share(column.top_values[0].count, column.count())),
                      Clip(ValueText(column.top_values[0].value), 40)));
    }
    if (column.kind == FiguresKind::kNumber) Numbers(column);
    if (column.kind == FiguresKind::kText) Texts(column);
    if (column.time && column.time->gap_count > 0)
      Add("time gaps", column.name,
          fmt::format("{} far longer than the usual step", CountOf(column.time->gap_count, "gap")));
  }

  void Numbers(const ColumnStatistics& column) {
    const NumberFigures& numbers = *column.numbers;
    if (numbers.infinite > 0)
      Add("infinite", column.name, CountOf(numbers.infinite, "value") + " infinite");
    if (Share(numbers.zeros, column.count()) >= kMostlyZero && column.semantic.name != "boolean")
      Add("mostly zero", column.name,
          PercentText(Share(numbers.zeros, column.count())) + " is zero");
    if (numbers.skewness && std::abs(*numbers.skewness) >= kVerySkewed)
      Add("skewed", column.name,
          fmt::format("Skewness {:.0f}: a few values are far from all others", *numbers.skewness));
    const double outliers = Share(numbers.outliers_by_stddev, column.count());
    if (outliers >= kManyOutliers && column.semantic.name != "boolean")
      Add("outliers", column.name,
          PercentText(outliers) + " is further than 3 standard deviations from the mean");
  }

  void Texts(const ColumnStatistics& column) {
    const TextFigures& text = *column.text;
    if (text.surrounded_by_blanks > 0)
      Add("blanks", column.name,
          fmt::format("{} with blanks at an end", CountOf(text.surrounded_by_blanks, "value")));
    if (text.empty > 0)
      Add("empty texts", column.name, CountOf(text.empty, "empty text") + " beside missing ones");
    const std::string& looks = column.semantic.name;
    if (column.semantic.share < 1 && column.semantic.share > 0 && looks != "id")
      Add("mixed forms", column.name,
          fmt::format("{} looks like {}, the rest does not{}", PercentText(column.semantic.share),
                      looks, Others(column)));
    else if (looks == "number")
      Add("numbers as text", column.name, "Every value is a number that is kept as text");
    if (looks == "category" && column.distinct >= kManyDistinct)
      Add("many values", column.name,
          fmt::format("{} distinct values: too many for a category", CountText(column.distinct)));
    Spellings(column);
  }

  // The commonest of the values that look otherwise.
  static std::string Others(const ColumnStatistics& column) {
    std::string list;
    size_t named = 0;
    for (const TopValue& top : column.top_values) {
      const std::string& text = top.value.AsString();
      if (HasForm(column.semantic, text) || ++named > kNamedValuesMax) continue;
      list += (list.empty() ? ": \"" : ", \"") + Clip(text, 24) + "\"";
    }
    return list;
  }

  void Spellings(const ColumnStatistics& column) {
    std::map<std::string, std::vector<std::string>> spellings;
    for (const TopValue& top : column.top_values) {
      if (top.value.is_string())
        spellings[Folded(top.value.AsString())].push_back(top.value.AsString());
    }
    for (const auto& [folded, texts] : spellings) {
      if (texts.size() < 2 || folded.empty()) continue;
      std::string list;
      for (const std::string& text : texts)
        list += (list.empty() ? "\"" : ", \"") + Clip(text, 24) + "\"";
      return Add("spellings", column.name, "The same in several spellings: " + list);
    }
  }

  void Pairs() {
    size_t named = 0;
    for (const PairValue& pair : profile_.associations.pearson) {
      if (!(std::abs(pair.value) >= kNearlyOne) || IsCopy(pair.a, pair.b)) continue;
      if (++named > kNamedPairsMax) return;
      Add("correlated", pair.b,
          fmt::format("Correlates with {} by {:.3f}: one tells the other", pair.a, pair.value));
    }
    for (const auto& [pair, association] : profile_.associations.categorical) {
      const bool each_tells_other = association.uncertainty_a_given_b >= kNearlyOne &&
                                    association.uncertainty_b_given_a >= kNearlyOne;
      if (!each_tells_other || IsCopy(pair.a, pair.b)) continue;
      if (++named > kNamedPairsMax) return;
      Add("correlated", pair.b, "Each value goes with one value of " + pair.a);
    }
  }

  bool IsCopy(const std::string& a, const std::string& b) const {
    const auto& copies = profile_.copies;
    return std::any_of(copies.begin(), copies.end(), [&](const auto& copy) {
      return (copy.first == a && copy.second == b) || (copy.first == b && copy.second == a);
    });
  }

  const TableProfile& profile_;
  std::vector<ProfileWarning> found_;
};

}  // namespace

std::vector<ProfileWarning> WarningsOf(const TableProfile& profile) {
  return Warnings(profile).Gather();
}

}  // namespace millwright::quality
