#include "quality/report_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "quality/report.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

constexpr size_t kMessageCharactersMax = 600;
constexpr size_t kCellCharactersMax = 60;

// A value and how often it was seen, or a negative count where nobody counted.
using Counted = std::pair<Json, int64_t>;

std::optional<int64_t> CountAt(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  if (value->is_int()) return value->AsInt();
  const double count = value->AsDouble();
  if (!(count >= 0 && count < 9e15)) return std::nullopt;
  return static_cast<int64_t>(count);
}

const Json::Array& ListAt(const Json& json, std::string_view key) {
  static const Json::Array kNone;
  const Json* value = json.Find(key);
  return value != nullptr && value->is_array() ? value->AsArray() : kNone;
}

const Json& ObjectAt(const Json& json, std::string_view key) {
  static const Json kNone = Json::MakeObject();
  const Json* value = json.Find(key);
  return value != nullptr && value->is_object() ? *value : kNone;
}

std::string MoreHtml(size_t shown, size_t all) {
  if (shown >= all) return "";
  return fmt::format("… and {} more", CountText(static_cast<int64_t>(all - shown)));
}

// A label and values with their counts, as a list that wraps.
std::string ValuesHtml(std::string_view label, const std::vector<Counted>& values, size_t all) {
  if (values.empty()) return "";
  std::string html = fmt::format("<div class=\"values\"><h4>{}</h4><ul>", label);
  const size_t shown = std::min(values.size(), kReportValuesMax);
  for (size_t i = 0; i < shown; ++i) {
    html += "<li>" + ValueHtml(values[i].first);
    if (values[i].second > 1) {
      html += fmt::format("<span class=\"times\">×{}</span>", CountText(values[i].second));
    }
    html += "</li>";
  }
  if (shown < all) html += "<li class=\"more\">" + MoreHtml(shown, all) + "</li>";
  return html + "</ul></div>";
}

std::vector<Counted> Uncounted(const Json::Array& values) {
  std::vector<Counted> list;
  for (const Json& value : values) list.emplace_back(value, -1);
  return list;
}

std::string ExtentHtml(const Extent& extent, const Json& kwargs) {
  std::string html = fmt::format(
      "<div class=\"extent\"><div class=\"bar\" role=\"img\" aria-label=\"{0}\">"
      "<i style=\"width:{1:.2f}%\"></i>",
      Escape(PercentText(extent.share())), std::clamp(extent.share() * 100, 0.0, 100.0));
  const Json* mostly = kwargs.Find("mostly");
  const bool tolerant = mostly != nullptr && mostly->is_number() && mostly->AsDouble() < 1;
  const double allowed = tolerant ? std::clamp(1 - mostly->AsDouble(), 0.0, 1.0) : 0;
  if (tolerant) html += fmt::format("<b style=\"left:{:.2f}%\"></b>", allowed * 100);
  html += fmt::format("</div><p><strong>{}</strong> of {} <span class=\"share\">{}</span>",
                      CountText(extent.unexpected), CountOf(extent.judged, extent.noun),
                      PercentText(extent.share()));
  std::vector<std::string> remarks;
  if (tolerant) remarks.push_back("at most " + PercentText(allowed) + " allowed");
  if (extent.missing > 0) remarks.push_back(CountText(extent.missing) + " missing, not judged");
  for (const std::string& remark : remarks) html += "<span class=\"remark\">" + remark + "</span>";
  return html + "</p></div>";
}

// A table that scrolls by itself where the page is narrow.
class TableHtml {
 public:
  enum class Column { kText, kNumber };

  explicit TableHtml(std::string_view label)
      : html_(fmt::format("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\">"
                          "<table><thead><tr>",
                          label)) {}

  // Sets a heading over its column: to the right where numbers stand below it.
  void Head(std::string_view name, Column column = Column::kText, bool at_fault = false) {
    html_ += "<th" + Class(column == Column::kNumber, at_fault) + ">";
    html_ += Escape(Clip(name, kCellCharactersMax)) + "</th>";
  }
  void EndHead() { html_ += "</tr></thead><tbody>"; }
  void BeginRow() { html_ += "<tr>"; }
  void Cell(const Json& value, bool at_fault = false) {
    html_ += "<td" + Class(value.is_number(), at_fault) + ">";
    const bool clipped = value.is_string() && value.AsString().size() > kCellCharactersMax;
    html_ += ValueHtml(clipped ? Json(Clip(value.AsString(), kCellCharactersMax)) : value);
    html_ += "</td>";
  }
  void Share(double share) { html_ += "<td class=\"number\">" + PercentText(share) + "</td>"; }
  void Verdict(bool met) {
    html_ += met ? "<td class=\"met\">met</td>" : "<td class=\"not-met\">not met</td>";
  }
  void EndRow() { html_ += "</tr>"; }
  size_t bytes() const { return html_.size(); }
  std::string End() { return html_ + "</tbody></table></div>"; }

 private:
  static std::string Class(bool number, bool at_fault) {
    if (!number && !at_fault) return "";
    return fmt::format(" class=\"{}{}{}\"", number ? "number" : "", number && at_fault ? " " : "",
                       at_fault ? "fault" : "");
  }

  std::string html_;
};

std::string QuantilesHtml(const Json& result, const Json& kwargs) {
  const Json& observed = ObjectAt(result, "observed_value");
  const Json::Array& quantiles = ListAt(observed, "quantiles");
  const Json::Array& values = ListAt(observed, "values");
  const Json::Array& ranges = ListAt(ObjectAt(kwargs, "quantile_ranges"), "value_ranges");
  const Json::Array& met = ListAt(ObjectAt(result, "details"), "success_details");
  if (quantiles.empty() || values.size() != quantiles.size() || ranges.size() != values.size()) {
    return "";
  }
  TableHtml table("Quantiles");
  for (const char* name : {"Quantile", "From", "To", "Observed"}) {
    table.Head(name, TableHtml::Column::kNumber);
  }
  table.Head("");
  table.EndHead();
  for (size_t i = 0; i < std::min(quantiles.size(), kReportValuesMax); ++i) {
    const bool two = ranges[i].is_array() && ranges[i].AsArray().size() == 2;
    table.BeginRow();
    table.Cell(quantiles[i]);
    table.Cell(two && !ranges[i].AsArray()[0].is_null() ? ranges[i].AsArray()[0] : Json("any"));
    table.Cell(two && !ranges[i].AsArray()[1].is_null() ? ranges[i].AsArray()[1] : Json("any"));
    table.Cell(values[i]);
    table.Verdict(i < met.size() && met[i].is_bool() && met[i].AsBool());
    table.EndRow();
  }
  return table.End();
}

// Expected and observed shares of a distribution's values or bins.
std::string PartitionHtml(const Json& result) {
  const Json& observed = ObjectAt(ObjectAt(result, "details"), "observed_partition");
  const Json& expected = ObjectAt(ObjectAt(result, "details"), "expected_partition");
  const Json::Array& have = ListAt(observed, "weights");
  const Json::Array& want = ListAt(expected, "weights");
  if (have.empty() || have.size() != want.size()) return "";
  const Json::Array& values = ListAt(observed, "values");
  const Json::Array& bins = ListAt(observed, "bins");
  TableHtml table("Distribution");
  table.Head(bins.empty() ? "Value" : "Range");
  for (const char* name : {"Expected", "Observed"}) table.Head(name, TableHtml::Column::kNumber);
  table.EndHead();
  for (size_t i = 0; i < std::min(have.size(), kReportValuesMax); ++i) {
    if (!have[i].is_number() || !want[i].is_number()) continue;
    table.BeginRow();
    if (i < values.size()) {
      table.Cell(values[i]);
    } else if (i + 1 < bins.size()) {
      table.Cell(ValueText(bins[i]) + " to " + ValueText(bins[i + 1]));
    } else {
      table.Cell(i);
    }
    table.Share(want[i].AsDouble());
    table.Share(have[i].AsDouble());
    table.EndRow();
  }
  return table.End();
}

// Names the columns that are too many and those that lack, or those out of place.
std::string MismatchedHtml(const Json& result) {
  const Json* mismatched = ObjectAt(result, "details").Find("mismatched");
  if (mismatched == nullptr) return "";
  if (mismatched->is_object()) {
    const Json::Array& missing = ListAt(*mismatched, "missing");
    const Json::Array& unexpected = ListAt(*mismatched, "unexpected");
    return ValuesHtml("Missing", Uncounted(missing), missing.size()) +
           ValuesHtml("Not expected", Uncounted(unexpected), unexpected.size());
  }
  if (!mismatched->is_array()) return "";
  TableHtml table("Columns out of place");
  table.Head("Place", TableHtml::Column::kNumber);
  for (const char* name : {"Expected", "Found"}) table.Head(name);
  table.EndHead();
  const Json::Array& list = mismatched->AsArray();
  for (size_t i = 0; i < std::min(list.size(), kReportValuesMax); ++i) {
    const Json* want = list[i].Find("Expected");
    const Json* have = list[i].Find("Found");
    table.BeginRow();
    table.Cell(CountAt(list[i], "Expected Column Position").value_or(0) + 1);
    table.Cell(want != nullptr ? *want : Json());
    table.Cell(have != nullptr ? *have : Json());
    table.EndRow();
  }
  return table.End() +
         (list.size() > kReportValuesMax
              ? "<p class=\"more\">" + MoreHtml(kReportValuesMax, list.size()) + "</p>"
              : "");
}

// Which distinct values are too many and which lack, where a set of them was asked for.
std::string DistinctHtml(const ExpectationResult& result) {
  const std::string& type = result.expectation.type;
  if (!type.starts_with("expect_column_distinct_values_")) return "";
  std::set<std::string> wanted, seen;
  std::vector<Counted> unexpected, missing;
  for (const Json& value : ListAt(result.expectation.kwargs, "value_set")) {
    wanted.insert(ValueText(value));
  }
  for (const Json& entry : ListAt(ObjectAt(result.result, "details"), "value_counts")) {
    const Json* value = entry.Find("value");
    if (value == nullptr) continue;
    seen.insert(ValueText(*value));
    if (wanted.count(ValueText(*value)) == 0) {
      unexpected.emplace_back(*value, CountAt(entry, "count").value_or(-1));
    }
  }
  for (const Json& value : ListAt(result.expectation.kwargs, "value_set")) {
    if (seen.count(ValueText(value)) == 0) missing.emplace_back(value, -1);
  }
  const bool may_lack = type.ends_with("_be_in_set");
  const bool may_exceed = type.ends_with("_contain_set");
  return (may_lack ? "" : ValuesHtml("Missing", missing, missing.size())) +
         (may_exceed ? "" : ValuesHtml("Not expected", unexpected, unexpected.size()));
}

std::string ObservedHtml(const ExpectationResult& result) {
  std::string html = QuantilesHtml(result.result, result.expectation.kwargs) +
                     MismatchedHtml(result.result) + DistinctHtml(result);
  if (!html.empty()) return html;
  const Json* observed = result.result.Find("observed_value");
  if (observed == nullptr) return "";
  if (observed->is_array()) {
    const Json::Array& values = observed->AsArray();
    return ValuesHtml("Observed", Uncounted(values), values.size());
  }
  const bool infinite = observed->is_null() && result.result.Has("details");
  return "<div class=\"values\"><h4>Observed</h4><p>" +
         (infinite ? "<code>∞</code>" : FigureHtml(*observed)) + "</p></div>" +
         PartitionHtml(result.result);
}

// Examples of unexpected values: as counted by the result, or counted here from its list.
std::string ExamplesHtml(const ExpectationResult& result, const Extent& extent) {
  std::vector<Counted> counts;
  const auto add = [&](const Json& value, int64_t count) {
    const auto found = std::find_if(counts.begin(), counts.end(),
                                    [&](const Counted& other) { return other.first == value; });
    if (found != counts.end()) {
      found->second += count;
    } else if (counts.size() < kReportValuesMax) {
      counts.emplace_back(value, count);
    }
  };
  for (const Json& entry : ListAt(result.result, "partial_unexpected_counts")) {
    if (const Json* value = entry.Find("value")) add(*value, CountAt(entry, "count").value_or(1));
  }
  if (counts.empty()) {
    for (const Json& value : ListAt(result.result, "partial_unexpected_list")) add(value, 1);
  }
  // A missing value says no more than the count did.
  if (counts.size() == 1 && counts[0].first.is_null()) return "";
  int64_t told = 0;
  for (const Counted& entry : counts) told += entry.second;
  const int64_t more = std::max<int64_t>(0, extent.unexpected - told);
  return ValuesHtml("Unexpected values", counts, counts.size() + static_cast<size_t>(more));
}

std::vector<std::string> ColumnNames(const Json::Array& rows) {
  std::vector<std::string> names;
  for (const Json& row : rows) {
    if (!row.is_object()) continue;
    for (const Json::Field& field : row.AsObject()) names.push_back(field.first);
    break;
  }
  return names;
}

TableHtml::Column HoldsNumbers(const Json::Array& rows, const std::string& name) {
  for (const Json& row : rows) {
    const Json* value = row.Find(name);
    if (value == nullptr || value->is_null()) continue;
    return value->is_number() ? TableHtml::Column::kNumber : TableHtml::Column::kText;
  }
  return TableHtml::Column::kText;
}

// Results that were stored by an earlier version have them among what Great Expectations says.
const Json::Array& FailingRows(const ExpectationResult& result) {
  if (result.rows.is_array() && !result.rows.AsArray().empty()) return result.rows.AsArray();
  const Json::Array& rows = ListAt(result.result, "unexpected_rows");
  return rows.empty() ? ListAt(ObjectAt(result.result, "details"), "unexpected_rows") : rows;
}

// Positions of the rows in the table, from 0; none where rows are known by columns of their own.
std::vector<int64_t> Positions(const Json& result, size_t rows) {
  std::vector<int64_t> positions;
  for (const Json& index : ListAt(result, "partial_unexpected_index_list")) {
    if (!index.is_int() || positions.size() == rows) break;
    positions.push_back(index.AsInt());
  }
  return positions;
}

std::string RowsHtml(const ExpectationResult& result, const Extent& extent, Rows how,
                     size_t bytes_max) {
  const Json::Array& rows = FailingRows(result);
  const std::vector<std::string> names = ColumnNames(rows);
  if (names.empty()) return "";
  const std::vector<std::string> judged = ColumnsOf(result.expectation);
  const auto at_fault = [&](const std::string& name) {
    return std::find(judged.begin(), judged.end(), name) != judged.end();
  };
  const size_t columns = std::min(names.size(), kReportColumnsMax);
  const std::vector<int64_t> positions = Positions(result.result, rows.size());
  const bool numbered = positions.size() >= std::min(rows.size(), kReportRowsMax);
  TableHtml table("Failing rows");
  if (numbered) table.Head("#", TableHtml::Column::kNumber);
  for (size_t i = 0; i < columns; ++i) {
    table.Head(names[i], HoldsNumbers(rows, names[i]), at_fault(names[i]));
  }
  if (columns < names.size()) table.Head(MoreHtml(columns, names.size()));
  table.EndHead();
  size_t shown = 0;
  for (; shown < std::min(rows.size(), kReportRowsMax) && table.bytes() < bytes_max; ++shown) {
    table.BeginRow();
    if (numbered) table.Cell(positions[shown]);
    for (size_t i = 0; i < columns; ++i) {
      const Json* value = rows[shown].Find(names[i]);
      table.Cell(value != nullptr ? *value : Json(), at_fault(names[i]));
    }
    table.EndRow();
  }
  const size_t all =
      std::max(rows.size(),
               static_cast<size_t>(std::max<int64_t>(0, extent.known() ? extent.unexpected : 0)));
  std::string html = how == Rows::kOpen ? "<details open>" : "<details>";
  html += fmt::format("<summary>Failing rows <span class=\"count\">{}</span></summary>",
                      CountText(static_cast<int64_t>(all)));
  html += table.End();
  if (shown < all) html += "<p class=\"more\">" + MoreHtml(shown, all) + "</p>";
  return html + "</details>";
}

}  // namespace

double Extent::share() const {
  return judged > 0 ? static_cast<double>(unexpected) / static_cast<double>(judged) : 0;
}

Extent ExtentOf(const ExpectationResult& result) {
  Extent extent;
  const std::optional<int64_t> elements = CountAt(result.result, "element_count");
  const std::optional<int64_t> unexpected = CountAt(result.result, "unexpected_count");
  if (!elements || !unexpected) return extent;
  extent.missing = CountAt(result.result, "missing_count").value_or(0);
  extent.judged = std::max<int64_t>(0, *elements - extent.missing);
  extent.unexpected = *unexpected;
  const std::string& type = result.expectation.type;
  const bool values =
      result.expectation.kwargs.Has("column") && type.find("null") == std::string::npos;
  extent.noun = values ? "value" : "row";
  return extent;
}

std::string FindingsHtml(const ExpectationResult& result, Rows rows) {
  std::string html;
  if (result.raised) {
    html += "<p class=\"raised\">" + Escape(Clip(result.exception_message, kMessageCharactersMax)) +
            "</p>";
  }
  const Extent extent = ExtentOf(result);
  if (extent.known()) html += ExtentHtml(extent, result.expectation.kwargs);
  html += ObservedHtml(result);
  html += ExamplesHtml(result, extent);
  html += RowsHtml(result, extent, rows,
                   kReportFailureBytesMax - std::min(html.size(), kReportFailureBytesMax));
  if (!html.empty()) return html;
  if (result.expectation.type != "expect_column_to_exist") {
    return "<p class=\"quiet\">The result holds no details.</p>";
  }
  return result.expectation.kwargs.Has("column_index")
             ? "<p class=\"quiet\">It is absent or in another place.</p>"
             : "<p class=\"quiet\">There is none.</p>";
}

std::string PassedRemarkHtml(const ExpectationResult& result) {
  const Extent extent = ExtentOf(result);
  if (extent.known()) {
    if (extent.unexpected == 0) return CountOf(extent.judged, extent.noun);
    return fmt::format("{} of {} {}", CountText(extent.unexpected),
                       CountOf(extent.judged, extent.noun),
                       extent.unexpected == 1 ? "differs" : "differ");
  }
  const Json* observed = result.result.Find("observed_value");
  if (observed == nullptr || observed->is_array() || observed->is_object()) return "";
  return "observed " + FigureHtml(*observed);
}

}  // namespace millwright::quality
