#include "quality/profile.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quality/histogram_sql.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::Session;
using analytics::Table;

// Distinct counts up to here are made exact in the second scan.
constexpr int64_t kExactDistinctMax = 1000;
// Exact quantiles sort every column; above this a t-digest is several times faster and as good for
// a picture and for the edges of bins.
constexpr int64_t kExactQuantileRowsMax = 200'000;

constexpr std::pair<const char*, size_t> kQuantileNames[] = {
    {"p05", 0}, {"p25", 3}, {"p50", 6}, {"p75", 9}, {"p95", 12}};
constexpr char kQuantileList[] =
    "[0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95]";
constexpr size_t kDecilePlaces[] = {1, 2, 4, 5, 6, 7, 8, 10, 11};

// The aggregates of one scan over all columns, read back in the order in which they were added.
class Scan {
 public:
  void Add(std::string aggregate) { aggregates_.push_back(std::move(aggregate)); }
  void Run(Session& session, const std::string& table) {
    if (aggregates_.empty()) return;
    answer_ = session.Query("SELECT " + Join(aggregates_, ", ") + " FROM " + table);
  }
  size_t Next() { return next_++; }
  Json Cell() { return answer_.ToJson(0, Next()); }
  int64_t Int() { return answer_.Int(0, Next()); }
  // A list of numbers that DuckDB printed.
  std::vector<double> List() {
    const size_t place = Next();
    std::vector<double> numbers;
    if (answer_.IsNull(0, place)) return numbers;
    const Json list = ParseJson(answer_.Text(0, place));
    for (const Json& number : list.AsArray()) numbers.push_back(number.AsDouble());
    return numbers;
  }

 private:
  std::vector<std::string> aggregates_;
  Table answer_;
  size_t next_ = 0;
};

void AddFirst(Scan& scan, const Column& column, const char* quantile) {
  const std::string value = ValueSql(column);
  scan.Add("coalesce(count_if(" + MissingSql(column) + "), 0)");
  scan.Add("approx_count_distinct(" + value + ")");
  if (IsNumeric(column)) {
    const std::string finite = FiniteSql(column);
    scan.Add("CAST(min(" + finite + ") AS DOUBLE)");
    scan.Add("CAST(max(" + finite + ") AS DOUBLE)");
    scan.Add("avg(" + finite + ")");
    scan.Add("stddev_samp(" + finite + ")");
    scan.Add(std::string(quantile) + "(" + finite + ", " + kQuantileList + ")");
  } else {
    scan.Add("min(" + TextSql(column) + ")");
    scan.Add("max(" + TextSql(column) + ")");
  }
}

std::optional<double> NumberOrNothing(const Json& cell) {
  return cell.is_null() ? std::nullopt : std::optional(cell.AsDouble());
}

// What the first scan says that the profile keeps only in digested form.
struct Raw {
  std::vector<double> quantiles;
};

ColumnProfile ReadFirst(Scan& scan, const Column& column, Raw& raw) {
  ColumnProfile profile;
  profile.name = column.name;
  profile.type = analytics::ColumnTypeName(column.type);
  profile.missing = scan.Int();
  profile.distinct = scan.Int();
  profile.distinct_approximate = profile.distinct > kExactDistinctMax;
  profile.min = scan.Cell();
  profile.max = scan.Cell();
  if (!IsNumeric(column)) return profile;
  profile.mean = NumberOrNothing(scan.Cell());
  profile.stddev = NumberOrNothing(scan.Cell());
  raw.quantiles = scan.List();
  if (raw.quantiles.empty()) return profile;
  for (const auto& [name, place] : kQuantileNames) {
    profile.quantiles.emplace_back(name, raw.quantiles[place]);
  }
  return profile;
}

std::vector<double> EqualWidthEdges(double min, double max) {
  std::vector<double> edges;
  const size_t bins = min == max ? 1 : kHistogramBins;
  for (size_t i = 0; i < bins; ++i) {
    edges.push_back(min + (max - min) * static_cast<double>(i) / static_cast<double>(bins));
  }
  edges.push_back(max);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  if (edges.size() == 1) edges.push_back(max);
  return edges;
}

// A sketch may place quantiles a little outside of the range or out of order.
std::vector<double> DecileEdges(double min, double max, const std::vector<double>& quantiles) {
  std::vector<double> edges = {min};
  for (size_t place : kDecilePlaces) edges.push_back(std::clamp(quantiles[place], min, max));
  edges.push_back(max);
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

// Sets the edges for the second scan to count in.
void PrepareSecond(Scan& scan, const Column& column, ColumnProfile& profile, const Raw& raw) {
  if (!profile.distinct_approximate) scan.Add("count(DISTINCT " + ValueSql(column) + ")");
  if (raw.quantiles.empty()) return;
  const double min = profile.min.AsDouble(), max = profile.max.AsDouble();
  profile.histogram = Histogram{EqualWidthEdges(min, max), {}};
  scan.Add(CountsSql(FiniteSql(column), profile.histogram->edges));
  profile.deciles = Histogram{DecileEdges(min, max, raw.quantiles), {}};
  if (profile.deciles->edges.size() < 2) profile.deciles->edges.push_back(max);
  scan.Add(CountsSql(FiniteSql(column), profile.deciles->edges));
}

void TakeCounts(Scan& scan, Histogram& histogram) {
  for (double count : scan.List()) histogram.counts.push_back(static_cast<int64_t>(count));
  histogram.counts.resize(histogram.edges.size() - 1);
}

void ReadSecond(Scan& scan, ColumnProfile& profile) {
  if (!profile.distinct_approximate) profile.distinct = scan.Int();
  if (!profile.histogram) return;
  TakeCounts(scan, *profile.histogram);
  TakeCounts(scan, *profile.deciles);
}

void ReadTopValues(Session& session, const std::string& table, const Column& column,
                   ColumnProfile& profile) {
  if (IsNumeric(column) && profile.distinct > kCategoricalDistinctMax) return;
  if (IsTemporal(column)) return;
  profile.deciles.reset();
  const std::string value = IsNumeric(column) || column.type == analytics::ColumnType::kBoolean
                                ? ValueSql(column)
                                : TextSql(column);
  const Table answer =
      session.Query("SELECT " + value + " AS value, count(*) AS n FROM " + table + " WHERE " +
                    PresentSql(column) + " GROUP BY 1 ORDER BY n DESC, value LIMIT " +
                    std::to_string(kTopValues));
  for (size_t row = 0; row < answer.row_count(); ++row) {
    profile.top_values.push_back({answer.ToJson(row, 0), answer.Int(row, 1)});
  }
}

std::vector<Column> Chosen(Session& session, const std::string& table,
                           const std::vector<std::string>& names) {
  TableShape shape{session.Describe("SELECT * FROM " + table)};
  if (names.empty()) return shape.columns;
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back(shape.At(name));
  return columns;
}

Json HistogramJson(const std::optional<Histogram>& histogram) {
  if (!histogram) return Json();
  Json edges = Json::MakeArray(), counts = Json::MakeArray();
  for (double edge : histogram->edges) edges.Append(edge);
  for (int64_t count : histogram->counts) counts.Append(count);
  return Json::Of({{"edges", std::move(edges)}, {"counts", std::move(counts)}});
}

std::optional<Histogram> ReadHistogram(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  Histogram histogram;
  for (const Json& edge : value->At("edges").AsArray()) histogram.edges.push_back(edge.AsDouble());
  for (const Json& count : value->At("counts").AsArray()) histogram.counts.push_back(count.AsInt());
  const bool rising = std::is_sorted(histogram.edges.begin(), histogram.edges.end());
  if (histogram.edges.size() != histogram.counts.size() + 1 || !rising) {
    throw InvalidArgument("{} needs rising edges, one more than counts", key);
  }
  return histogram;
}

Json ColumnJson(const ColumnProfile& column) {
  Json json = Json::Of({{"name", column.name},
                        {"type", column.type},
                        {"missing", column.missing},
                        {"distinct", column.distinct},
                        {"distinct_approximate", column.distinct_approximate},
                        {"min", column.min},
                        {"max", column.max}});
  if (column.mean) json.Set("mean", *column.mean);
  if (column.stddev) json.Set("stddev", *column.stddev);
  if (!column.quantiles.empty()) {
    Json quantiles = Json::MakeObject();
    for (const auto& [name, value] : column.quantiles) quantiles.Set(name, value);
    json.Set("quantiles", std::move(quantiles));
  }
  if (column.histogram) json.Set("histogram", HistogramJson(column.histogram));
  if (column.deciles) json.Set("deciles", HistogramJson(column.deciles));
  if (!column.top_values.empty()) {
    Json top = Json::MakeArray();
    for (const TopValue& value : column.top_values) {
      top.Append(Json::Of({{"value", value.value}, {"count", value.count}}));
    }
    json.Set("top_values", std::move(top));
  }
  return json;
}

ColumnProfile ReadColumn(const Json& json) {
  ColumnProfile column;
  column.name = json.At("name").AsString("name");
  column.type = json.GetString("type");
  column.missing = json.GetInt("missing");
  column.distinct = json.GetInt("distinct");
  column.distinct_approximate = json.GetBool("distinct_approximate");
  if (const Json* min = json.Find("min")) column.min = *min;
  if (const Json* max = json.Find("max")) column.max = *max;
  if (json.Has("mean")) column.mean = NumberOrNothing(json.At("mean"));
  if (json.Has("stddev")) column.stddev = NumberOrNothing(json.At("stddev"));
  if (const Json* quantiles = json.Find("quantiles"); quantiles && !quantiles->is_null()) {
    for (const auto& [name, value] : quantiles->AsObject("quantiles")) {
      column.quantiles.emplace_back(name, value.AsDouble(name));
    }
  }
  column.histogram = ReadHistogram(json, "histogram");
  column.deciles = ReadHistogram(json, "deciles");
  if (const Json* top = json.Find("top_values")) {
    for (const Json& value : top->AsArray("top_values")) {
      column.top_values.push_back({value.At("value"), value.At("count").AsInt("count")});
    }
  }
  return column;
}

}  // namespace

const ColumnProfile* Profile::Find(std::string_view name) const {
  for (const ColumnProfile& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Json Profile::ToJson() const {
  Json list = Json::MakeArray();
  for (const ColumnProfile& column : columns) list.Append(ColumnJson(column));
  return Json::Of({{"row_count", row_count},
                   {"quantiles_approximate", quantiles_approximate},
                   {"columns", std::move(list)}});
}

Profile Profile::FromJson(const Json& json) {
  Profile profile;
  profile.row_count = json.At("row_count").AsInt("row_count");
  profile.quantiles_approximate = json.GetBool("quantiles_approximate");
  for (const Json& column : json.At("columns").AsArray("columns")) {
    profile.columns.push_back(ReadColumn(column));
  }
  return profile;
}

Profile ProfileTable(Session& session, const std::string& table,
                     const std::vector<std::string>& names) {
  const std::vector<Column> columns = Chosen(session, table, names);
  Profile profile;
  Scan first, second;
  profile.row_count = session.Query("SELECT count(*) FROM " + table).Int(0, 0);
  profile.quantiles_approximate = profile.row_count > kExactQuantileRowsMax;
  const char* quantile = profile.quantiles_approximate ? "approx_quantile" : "quantile_cont";
  for (const Column& column : columns) AddFirst(first, column, quantile);
  first.Run(session, table);
  for (const Column& column : columns) {
    Raw raw;
    profile.columns.push_back(ReadFirst(first, column, raw));
    PrepareSecond(second, column, profile.columns.back(), raw);
  }
  second.Run(session, table);
  for (size_t i = 0; i < columns.size(); ++i) {
    ReadSecond(second, profile.columns[i]);
    // A sketch may take a column for more than it has.
    ColumnProfile& column = profile.columns[i];
    column.distinct = std::min(column.distinct, profile.row_count - column.missing);
    ReadTopValues(session, table, columns[i], profile.columns[i]);
  }
  return profile;
}

}  // namespace millwright::quality
