#include "drift/bin_counts.h"

#include <algorithm>
#include <numeric>

#include "drift/edge_counts.h"
#include "quality/histogram_sql.h"
#include "quality/plan_sql.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::Session;
using analytics::Table;
using quality::ColumnProfile;
using quality::Join;
using quality::Profile;
using quality::TopValue;

// A value of a live column in the form of MatchText.
std::string MatchSql(const Column& column) {
  if (!quality::IsNumeric(column)) return quality::TextSql(column);
  return "regexp_replace(CAST(CAST(" + analytics::QuoteName(column.name) +
         " AS DOUBLE) AS VARCHAR), '\\.0$', '')";
}

class Counting {
 public:
  Counting(Session& session, const std::string& table, const Profile& profile,
           const std::string& period, const std::string& season)
      : session_(session), table_(table), profile_(profile) {
    shape_.columns = session.Describe("SELECT * FROM " + table);
    if (period.empty() && season.empty()) return;
    keys_ = (period.empty() ? "0" : period) + ", " + (season.empty() ? "0" : season);
  }

  BinCounts Run() {
    counts_.rows = session_.Query("SELECT count(*) FROM " + table_).Int(0, 0);
    counts_.features.resize(profile_.columns.size());
    std::vector<size_t> numbers;
    for (size_t i = 0; i < profile_.columns.size(); ++i) {
      const Column* column = shape_.Find(profile_.columns[i].name);
      if (column == nullptr) continue;
      if (profile_.columns[i].categorical()) {
        CountCategories(i, *column);
      } else if (quality::IsNumeric(*column) || column->type == analytics::ColumnType::kBoolean) {
        numbers.push_back(i);
        if (numbers.size() == kColumnsPerScan) ScanNumbers(&numbers);
      }
    }
    ScanNumbers(&numbers);
    return std::move(counts_);
  }

 private:
  // What a query answers first in each row: the cell, where rows are counted apart.
  std::string Select(const std::vector<std::string>& parts, bool is_grouped) const {
    return "SELECT " + (keys_.empty() ? "" : keys_ + ", ") + Join(parts, ", ") + " FROM " + table_ +
           (is_grouped || !keys_.empty() ? " GROUP BY ALL" : "");
  }
  size_t first() const { return keys_.empty() ? 0 : 2; }
  Cell CellOf(const Table& answer, size_t row) const {
    return keys_.empty() ? Cell{0, 0} : Cell{answer.Int(row, 0), answer.Int(row, 1)};
  }
  // Rows whose time cannot be read are in no cell.
  bool HasCell(const Table& answer, size_t row) const {
    return keys_.empty() || !(answer.IsNull(row, 0) || answer.IsNull(row, 1));
  }

  // Counting here instead of by SQL's histogram takes a third of the time. Where rows are counted
  // apart, SQL groups them.
  void ScanNumbers(std::vector<size_t>* numbers) {
    if (numbers->empty()) return;
    if (keys_.empty()) {
      StreamThrough(*numbers);
    } else {
      GroupNumbers(*numbers);
    }
    numbers->clear();
  }

  void StreamThrough(const std::vector<size_t>& numbers) {
    std::vector<std::string> select;
    std::vector<EdgeCounts> counts;
    for (size_t i : numbers) {
      const Column& column = shape_.At(profile_.columns[i].name);
      select.push_back("CAST(" + analytics::QuoteName(column.name) + " AS DOUBLE)");
      counts.emplace_back(profile_.columns[i].deciles->edges);
    }
    session_.StreamNumbers("SELECT " + Join(select, ", ") + " FROM " + table_,
                           [&](const std::vector<analytics::NumberSpan>& spans, size_t rows) {
                             for (size_t c = 0; c < spans.size(); ++c)
                               counts[c].Add(spans[c], rows);
                             return true;
                           });
    for (size_t c = 0; c < numbers.size(); ++c) {
      counts_.features[numbers[c]].emplace()[{0, 0}] = counts[c].Bins();
    }
  }

  void GroupNumbers(const std::vector<size_t>& numbers) {
    std::vector<std::string> aggregates;
    for (size_t i : numbers) {
      const Column& column = shape_.At(profile_.columns[i].name);
      aggregates.push_back("coalesce(count_if(" + quality::MissingSql(column) + "), 0)");
      aggregates.push_back(quality::OutsideCountsSql(quality::FiniteSql(column),
                                                     profile_.columns[i].deciles->edges));
      counts_.features[i].emplace();
    }
    const Table answer = session_.Query(Select(aggregates, false));
    for (size_t row = 0; row < answer.row_count(); ++row) {
      if (!HasCell(answer, row)) continue;
      size_t next = first();
      for (size_t i : numbers) {
        const int64_t missing = answer.Int(row, next++);
        std::vector<int64_t> bins = quality::ReadOutsideCounts(
            answer.Text(row, next++), profile_.columns[i].deciles->edges.size());
        bins.push_back(missing);
        (*counts_.features[i])[CellOf(answer, row)] = std::move(bins);
      }
    }
  }

  void CountCategories(size_t i, const Column& column) {
    std::vector<std::string> values, quoted;
    for (const TopValue& value : profile_.columns[i].top_values) {
      values.push_back(MatchText(value.value));
      quoted.push_back(analytics::QuoteText(values.back()));
    }
    const std::string match = MatchSql(column);
    const std::string known = quoted.empty() ? "FALSE" : match + " IN (" + Join(quoted, ", ") + ")";
    const std::string missing = quality::MissingSql(column);
    const std::string value =
        "CASE WHEN " + missing + " THEN NULL WHEN " + known + " THEN " + match + " END";
    CellCounts& cells = counts_.features[i].emplace();
    const Table answer = session_.Query(Select({value, missing, "count(*)"}, true));
    for (size_t row = 0; row < answer.row_count(); ++row) {
      if (!HasCell(answer, row)) continue;
      std::vector<int64_t>& bins = cells[CellOf(answer, row)];
      bins.resize(values.size() + 2);
      size_t bin = values.size();
      if (answer.Text(row, first() + 1) == "true") {
        ++bin;
      } else if (!answer.IsNull(row, first())) {
        const auto found = std::find(values.begin(), values.end(), answer.Text(row, first()));
        bin = static_cast<size_t>(found - values.begin());
      }
      bins[bin] += answer.Int(row, first() + 2);
    }
    if (cells.empty()) cells[{0, 0}].resize(values.size() + 2);
  }

  Session& session_;
  const std::string& table_;
  const Profile& profile_;
  quality::TableShape shape_;
  std::string keys_;
  BinCounts counts_;
};

}  // namespace

std::string MatchText(const Json& value) {
  if (value.is_string()) return value.AsString();
  if (value.is_bool()) return value.AsBool() ? "true" : "false";
  if (!value.is_number()) return value.Dump();
  std::string text = Json(value.AsDouble()).Dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

BinCounts CountBins(Session& session, const std::string& table, const Profile& profile,
                    const std::string& period, const std::string& season) {
  return Counting(session, table, profile, period, season).Run();
}

std::vector<int64_t> ReferenceCounts(const ColumnProfile& column, const Profile& profile) {
  std::vector<int64_t> counts;
  if (!column.categorical()) {
    counts.push_back(0);
    counts.insert(counts.end(), column.deciles->counts.begin(), column.deciles->counts.end());
    counts.push_back(0);
  } else {
    for (const TopValue& value : column.top_values) counts.push_back(value.count);
    const int64_t inside = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    counts.push_back(std::max<int64_t>(0, profile.row_count - column.missing - inside));
  }
  counts.push_back(column.missing);
  return counts;
}

}  // namespace millwright::drift
