#include "quality/profile_merge.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/error.h"
#include "quality/kept_counts.h"
#include "quality/number_column.h"
#include "quality/pair_scan.h"
#include "quality/profile_warnings.h"
#include "quality/text_column.h"

namespace millwright::quality {
namespace {

// Distinct texts whose counts a merge keeps; the rarest are left out beyond.
constexpr size_t kMergedCountsMax = 4 * kKeptPoints;

const ColumnStatistics& ColumnOfPart(const TableProfile& part, const std::string& name) {
  if (const ColumnStatistics* column = part.Find(name)) return *column;
  throw InvalidArgument("Part {} has no column {}", part.name, name);
}

// The counts of all values, of numbers whose distribution has them too.
void CompleteCounts(ColumnSketch* sketch, FiguresKind kind) {
  if (kind == FiguresKind::kText || !sketch->counts.empty()) return;
  for (size_t i = 0; i < sketch->values.size(); ++i) {
    const Json value = sketch->values.Value(i);
    sketch->counts[ValueKey(value)] += sketch->values.counts[i];
  }
}

void TrimCounts(ColumnSketch* sketch) {
  if (sketch->counts.size() <= kMergedCountsMax) return;
  std::vector<int64_t> counts;
  for (const auto& [text, count] : sketch->counts) counts.push_back(count);
  std::nth_element(counts.begin(), counts.begin() + kMergedCountsMax, counts.end(),
                   std::greater<>());
  const int64_t least = counts[kMergedCountsMax];
  std::erase_if(sketch->counts, [&](const auto& one) { return one.second <= least; });
  sketch->counts_error += least;
}

void AddSketch(const ColumnStatistics& part, ColumnStatistics* column) {
  ColumnSketch& sketch = column->sketch;
  ColumnSketch other = part.sketch;
  if (column->kind != FiguresKind::kText && (!sketch.values.exact() || !other.values.exact())) {
    CompleteCounts(&sketch, column->kind);
    CompleteCounts(&other, column->kind);
  }
  AddCounts(other, &sketch);
  sketch.values.Add(other.values);
  sketch.moments.Add(other.moments);
  sketch.distinct.Add(other.distinct.entries());
  TrimCounts(&sketch);
}

// Whether the rows of the two, one after the other, are still in order.
bool InOrder(const ColumnSketch& a, const ColumnSketch& b, bool rising) {
  if (!a.last || !b.first) return true;
  const auto number = [](const ColumnSketch& sketch, uint64_t key) {
    return Distribution{.kind = sketch.values.kind, .keys = {key}}.Number(0);
  };
  const double end = number(a, *a.last), start = number(b, *b.first);
  return rising ? end <= start : end >= start;
}

void AddNumbers(const ColumnStatistics& part, ColumnStatistics* column) {
  NumberFigures& numbers = *column->numbers;
  const NumberFigures& other = *part.numbers;
  numbers.is_rising =
      numbers.is_rising && other.is_rising && InOrder(column->sketch, part.sketch, true);
  numbers.is_falling =
      numbers.is_falling && other.is_falling && InOrder(column->sketch, part.sketch, false);
  numbers.infinite += other.infinite;
  numbers.zeros += other.zeros;
  numbers.negatives += other.negatives;
  AddSketch(part, column);
  column->sketch.last = part.sketch.last ? part.sketch.last : column->sketch.last;
}

void AddTexts(const ColumnStatistics& part, ColumnStatistics* column) {
  column->text->surrounded_by_blanks += part.text->surrounded_by_blanks;
  column->text->empty += part.text->empty;
  AddSketch(part, column);
}

// What most values look like; the share counts those that look like that.
SemanticType SemanticOf(const std::vector<const ColumnStatistics*>& parts) {
  std::map<std::pair<std::string, std::string>, double> weights;
  double all = 0;
  for (const ColumnStatistics* part : parts) {
    const auto count = static_cast<double>(part->count());
    weights[{part->semantic.name, part->semantic.format}] += count * part->semantic.share;
    all += count;
  }
  if (all == 0) return {};
  const auto most =
      std::max_element(weights.begin(), weights.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return {most->first.first, most->first.second, most->second / all};
}

ColumnStatistics MergeColumn(const std::vector<TableProfile>& parts, const std::string& name,
                             size_t top_values) {
  std::vector<const ColumnStatistics*> filled;
  int64_t rows = 0, missing = 0;
  for (const TableProfile& part : parts) {
    const ColumnStatistics& column = ColumnOfPart(part, name);
    rows += column.rows;
    missing += column.missing;
    if (column.count() > 0) filled.push_back(&column);
  }
  ColumnStatistics merged = filled.empty() ? ColumnOfPart(parts.front(), name) : *filled.front();
  for (size_t i = 1; i < filled.size(); ++i) {
    if (filled[i]->kind != merged.kind)
      throw InvalidArgument(
          "Column {0} is {1} in one part and {2} in another; of CSV files, profile the parts with "
          "--text {0}",
          name, merged.sql_type, filled[i]->sql_type);
    if (filled[i]->sketch.distinct.entries().empty() && filled[i]->distinct > 0)
      throw InvalidArgument("A part was saved without what merging needs: column {}", name);
    if (merged.type != filled[i]->type && filled[i]->type == "double") {
      merged.type = filled[i]->type;
      merged.sql_type = filled[i]->sql_type;
    }
    if (merged.kind == FiguresKind::kText) {
      AddTexts(*filled[i], &merged);
    } else {
      AddNumbers(*filled[i], &merged);
    }
  }
  merged.rows = rows;
  merged.missing = missing;
  if (filled.size() < 2) return merged;
  merged.semantic = SemanticOf(filled);
  if (merged.kind == FiguresKind::kText) {
    TellMergedTexts(top_values, &merged);
    return merged;
  }
  const NumberFigures summed = *merged.numbers;
  merged.time.reset();
  TellNumbers(top_values, &merged);
  merged.numbers->zeros = summed.zeros;
  merged.numbers->negatives = summed.negatives;
  CompressNumbers(top_values, &merged.sketch);
  return merged;
}

using NamePair = std::pair<std::string, std::string>;

// Keeps the pairs that every part has, but for parts in which one of the two is all missing.
template <typename T, typename Add>
void AddPairs(const std::map<NamePair, T>& part, const std::function<bool(const NamePair&)>& empty,
              const Add& add, std::map<NamePair, T>* merged) {
  for (auto one = merged->begin(); one != merged->end();) {
    const auto other = part.find(one->first);
    if (other == part.end() && !empty(one->first)) {
      one = merged->erase(one);
      continue;
    }
    if (other != part.end()) add(other->second, &one->second);
    ++one;
  }
}

void AddAssociations(const TableProfile& part, Associations* merged) {
  const auto empty = [&](const NamePair& names) {
    return ColumnOfPart(part, names.first).count() == 0 ||
           ColumnOfPart(part, names.second).count() == 0;
  };
  const auto add = [](const auto& other, auto* one) { one->Add(other); };
  AddPairs(part.associations.pair_moments, empty, add, &merged->pair_moments);
  AddPairs(part.associations.tables, empty, add, &merged->tables);
  const auto add_groups = [](const auto& other, auto* one) {
    for (const auto& [value, group] : other) (*one)[value].Add(group);
  };
  AddPairs(part.associations.groups, empty, add_groups, &merged->groups);
}

}  // namespace

TableProfile MergeProfiles(const std::vector<TableProfile>& parts, size_t top_values) {
  if (parts.empty()) throw InvalidArgument("There is no profile to merge");
  std::vector<TableProfile> filled;
  for (const TableProfile& part : parts) {
    if (part.rows > 0) filled.push_back(part);
  }
  if (filled.empty()) return parts.front();
  if (filled.size() == 1) return filled.front();
  TableProfile merged;
  merged.name = filled.front().name;
  merged.parts = 0;
  merged.duplicates_across_parts_unknown = true;
  merged.associations = filled.front().associations;
  for (const TableProfile& part : filled) {
    merged.rows += part.rows;
    merged.parts += part.parts;
    merged.duplicate_rows += part.duplicate_rows;
    merged.rows_with_missing += part.rows_with_missing;
    if (part.columns.size() != filled.front().columns.size())
      throw InvalidArgument("Part {} has {} columns, part {} has {}", merged.name,
                            filled.front().columns.size(), part.name, part.columns.size());
    if (&part != &filled.front()) AddAssociations(part, &merged.associations);
  }
  for (const ColumnStatistics& column : filled.front().columns)
    merged.columns.push_back(MergeColumn(filled, column.name, top_values));
  Associations& found = merged.associations;
  found.spearman.clear();
  found.kendall.clear();
  found.mutual_information.clear();
  found.rank_rows = 0;
  TellPairs(&found);
  merged.warnings = WarningsOf(merged);
  return merged;
}

}  // namespace millwright::quality
