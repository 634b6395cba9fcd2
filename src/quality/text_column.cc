#include "quality/text_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quality/kept_counts.h"
#include "quality/plan_sql.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

using analytics::Session;
using analytics::Table;

constexpr char kValues[] = "__millwright_values";
// Characters of a value by which its form is judged.
constexpr size_t kJudgedCharactersMax = 1000;
constexpr char kBlanks[] = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)";

// Entropy of counts whose logarithms are summed: H = ln N - Σ n ln n / N.
void TellEntropy(double total, double weighted_logs, double distinct, TextFigures* figures) {
  if (total <= 0) return;
  figures->entropy = std::max(0.0, std::log(total) - weighted_logs / total);
  if (distinct > 1) figures->imbalance = 1 - *figures->entropy / std::log(distinct);
}

void GroupValues(Session& session, const std::string& table, const analytics::Column& source) {
  session.Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT CAST({} AS VARCHAR) AS v, count(*) AS "
                  "n FROM {} WHERE "
                  "{} GROUP BY 1",
                  kValues, TextSql(source), table, PresentSql(source)));
}

void AskTotals(Session& session, ColumnStatistics* column) {
  const Table answer = session.Query(fmt::format(
      "SELECT count(*), coalesce(count_if(n = 1), 0), coalesce(sum(n * ln(n)), 0)::DOUBLE, "
      "coalesce(sum(n) FILTER (v <> trim(v, {})), 0)::BIGINT, "
      "coalesce(sum(n) FILTER (v = ''), 0)::BIGINT FROM {}",
      kBlanks, kValues));
  column->distinct = answer.Int(0, 0);
  column->unique = answer.Int(0, 1);
  column->text->surrounded_by_blanks = answer.Int(0, 3);
  column->text->empty = answer.Int(0, 4);
  TellEntropy(static_cast<double>(column->count()), answer.Double(0, 2),
              static_cast<double>(column->distinct), &*column->text);
}

void TellLengths(ColumnStatistics* column) {
  const Distribution& lengths = column->sketch.values;
  if (lengths.total == 0) return;
  TextFigures& text = *column->text;
  text.length_min = IntegerOfKey(lengths.keys.front());
  text.length_max = IntegerOfKey(lengths.keys.back());
  text.length_median = RankReader(lengths).Quantile(0.5);
  text.length_mean = column->sketch.moments.mean;
  column->rank_error = lengths.rank_error;
}

void AskLengths(Session& session, ColumnStatistics* column) {
  Distribution& lengths = column->sketch.values;
  lengths.kind = NumberKind::kInteger;
  session.StreamNumbers(
      fmt::format("SELECT length(v), sum(n)::BIGINT FROM {} GROUP BY 1 ORDER BY 1", kValues),
      [&](const auto& columns, size_t rows) {
        for (size_t i = 0; i < rows; ++i) {
          lengths.keys.push_back(KeyOfInteger(columns[0].integers[i]));
          lengths.counts.push_back(columns[1].integers[i]);
          lengths.total += columns[1].integers[i];
        }
        return true;
      });
  column->sketch.moments = MomentsOf(lengths);
  TellLengths(column);
  lengths.Compress(kKeptPoints);
}

void AskTop(Session& session, size_t top_values, ColumnStatistics* column) {
  const size_t asked = std::max(top_values, kKeptPoints) + 1;
  const Table answer =
      session.Query(fmt::format("SELECT v, n FROM {} ORDER BY n DESC, v LIMIT {}", kValues, asked));
  std::vector<TopValue> top;
  for (size_t row = 0; row < answer.row_count(); ++row)
    top.push_back({answer.Text(row, 0), answer.Int(row, 1)});
  const bool has_all = top.size() <= kKeptPoints;
  const size_t kept = has_all ? top.size() : KeptOf(top, column->count(), top_values);
  for (size_t i = 0; i < kept; ++i) column->sketch.counts[ValueKey(top[i].value)] = top[i].count;
  column->sketch.counts_error = has_all ? 0 : top[kept].count;
  top.resize(std::min(top.size(), top_values));
  for (TopValue& one : top) one.value = Json(Clip(one.value.AsString(), kProfileTextBytesMax));
  column->top_values = std::move(top);
}

// The values with the smallest hashes are a fair sample of the distinct ones.
std::vector<ValueSample> AskSample(Session& session, ColumnStatistics* column) {
  const Table answer = session.Query(fmt::format(
      "SELECT h, left(v, {}), n FROM (SELECT CAST(CAST(md5_number_lower(v) >> 1 AS UBIGINT) AS "
      "BIGINT) AS h, v, n FROM {} ORDER BY h LIMIT {})",
      kJudgedCharactersMax, kValues, kSketchValues));
  std::vector<ValueSample> sample;
  std::vector<DistinctSketch::Entry> entries;
  for (size_t row = 0; row < answer.row_count(); ++row) {
    entries.push_back({static_cast<uint64_t>(answer.Int(row, 0)) << 1, answer.Int(row, 2)});
    sample.push_back({answer.Text(row, 1), answer.Int(row, 2)});
  }
  column->sketch.distinct.Add(std::move(entries));
  return sample;
}

}  // namespace

void ProfileTextColumn(Session& session, const std::string& table, const analytics::Column& source,
                       size_t top_values, ColumnStatistics* column) {
  column->text.emplace();
  GroupValues(session, table, source);
  AskTotals(session, column);
  AskLengths(session, column);
  AskTop(session, top_values, column);
  const std::vector<ValueSample> sample = AskSample(session, column);
  if (source.type == analytics::ColumnType::kBoolean) {
    column->semantic = {"boolean", "", 1};
  } else if (source.type == analytics::ColumnType::kOther) {
    column->semantic = {source.sql_type.size() > 24 ? "nested" : source.sql_type, "", 1};
  } else {
    column->semantic = SemanticTypeOfText({.name = column->name,
                                           .count = column->count(),
                                           .distinct = column->distinct,
                                           .mean_length = column->text->length_mean},
                                          sample);
  }
  session.Execute(fmt::format("DROP TABLE {}", kValues));
}

void TellMergedTexts(size_t top_values, ColumnStatistics* column) {
  const ColumnSketch& sketch = column->sketch;
  TellLengths(column);
  column->top_values = TopOf(sketch.counts, column->kind, top_values);
  column->top_values_error = sketch.counts_error;
  column->text->entropy.reset();
  column->text->imbalance.reset();
  if (sketch.counts_error == 0) {
    double weighted_logs = 0;
    column->unique = 0;
    for (const auto& [value, count] : sketch.counts) {
      weighted_logs += static_cast<double>(count) * std::log(static_cast<double>(count));
      column->unique += count == 1 ? 1 : 0;
    }
    column->distinct = static_cast<int64_t>(sketch.counts.size());
    column->distinct_error = 0;
    TellEntropy(static_cast<double>(column->count()), weighted_logs,
                static_cast<double>(column->distinct), &*column->text);
    return;
  }
  column->distinct = std::llround(sketch.distinct.Distinct());
  column->unique = std::llround(sketch.distinct.Unique());
  column->distinct_error = sketch.distinct.DistinctError();
}

}  // namespace millwright::quality
