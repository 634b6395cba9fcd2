#include "quality/table_profile.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include "base/enum_names.h"
#include "base/error.h"

// Each struct's fields are listed once, in Fields; one walk writes them and another reads them.
namespace millwright::quality {
namespace {

constexpr int64_t kFormatVersion = 1;

template <typename S, typename T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

template <typename V, Is<Histogram> S>
void Fields(V& visit, S& s) {
  visit("edges", s.edges);
  visit("counts", s.counts);
}

template <typename V, Is<TopValue> S>
void Fields(V& visit, S& s) {
  visit("value", s.value);
  visit("count", s.count);
}

template <typename V, Is<SemanticType> S>
void Fields(V& visit, S& s) {
  visit("name", s.name);
  visit("format", s.format);
  visit("share", s.share);
}

template <typename V, Is<NumberFigures> S>
void Fields(V& visit, S& s) {
  visit("zeros", s.zeros);
  visit("negatives", s.negatives);
  visit("infinite", s.infinite);
  visit("mean", s.mean);
  visit("stddev", s.stddev);
  visit("variance", s.variance);
  visit("sum", s.sum);
  visit("min", s.min);
  visit("max", s.max);
  visit("range", s.range);
  visit("variation", s.variation);
  visit("kurtosis", s.kurtosis);
  visit("skewness", s.skewness);
  visit("median", s.median);
  visit("median_deviation", s.median_deviation);
  visit("quartile_range", s.quartile_range);
  visit("quantiles", s.quantiles);
  visit("mode", s.mode);
  visit("is_rising", s.is_rising);
  visit("is_falling", s.is_falling);
  visit("bins_auto", s.bins_auto);
  visit("bins_10", s.bins_10);
  visit("bins_50", s.bins_50);
  visit("outliers_by_stddev", s.outliers_by_stddev);
  visit("outliers_by_quartiles", s.outliers_by_quartiles);
}

template <typename V, Is<TextFigures> S>
void Fields(V& visit, S& s) {
  visit("length_min", s.length_min);
  visit("length_max", s.length_max);
  visit("length_mean", s.length_mean);
  visit("length_median", s.length_median);
  visit("entropy", s.entropy);
  visit("imbalance", s.imbalance);
  visit("surrounded_by_blanks", s.surrounded_by_blanks);
  visit("empty", s.empty);
}

template <typename V, Is<TimeGap> S>
void Fields(V& visit, S& s) {
  visit("after", s.after);
  visit("before", s.before);
  visit("seconds", s.seconds);
}

template <typename V, Is<TimeFigures> S>
void Fields(V& visit, S& s) {
  visit("unit", s.unit);
  visit("step_seconds", s.step_seconds);
  visit("coverage", s.coverage);
  visit("gap_count", s.gap_count);
  visit("gaps", s.gaps);
}

template <typename V, Is<Moments> S>
void Fields(V& visit, S& s) {
  visit("count", s.count);
  visit("mean", s.mean);
  visit("sum", s.sum);
  visit("m2", s.m2);
  visit("m3", s.m3);
  visit("m4", s.m4);
}

template <typename V, Is<PairMoments> S>
void Fields(V& visit, S& s) {
  visit("count", s.count);
  visit("mean_a", s.mean_a);
  visit("mean_b", s.mean_b);
  visit("square_a", s.square_a);
  visit("square_b", s.square_b);
  visit("product", s.product);
}

template <typename V, Is<GroupMoments> S>
void Fields(V& visit, S& s) {
  visit("count", s.count);
  visit("mean", s.mean);
  visit("square", s.square);
}

template <typename V, Is<PairValue> S>
void Fields(V& visit, S& s) {
  visit("a", s.a);
  visit("b", s.b);
  visit("value", s.value);
}

template <typename V, Is<CategoryAssociation> S>
void Fields(V& visit, S& s) {
  visit("count", s.count);
  visit("cramers_v", s.cramers_v);
  visit("cramers_v_corrected", s.cramers_v_corrected);
  visit("uncertainty_a_given_b", s.uncertainty_a_given_b);
  visit("uncertainty_b_given_a", s.uncertainty_b_given_a);
  visit("mutual_information", s.mutual_information);
}

template <typename V, Is<TargetPower> S>
void Fields(V& visit, S& s) {
  visit("column", s.column);
  visit("power", s.power);
}

template <typename V, Is<ProfileWarning> S>
void Fields(V& visit, S& s) {
  visit("kind", s.kind);
  visit("column", s.column);
  visit("message", s.message);
}

template <typename V, Is<ColumnStatistics> S>
void Fields(V& visit, S& s) {
  visit("name", s.name);
  visit("type", s.type);
  visit("sql_type", s.sql_type);
  visit("rows", s.rows);
  visit("missing", s.missing);
  visit("distinct", s.distinct);
  visit("unique", s.unique);
  visit("distinct_error", s.distinct_error);
  visit("semantic_type", s.semantic);
  visit("numbers", s.numbers);
  visit("text", s.text);
  visit("time", s.time);
  visit("rank_error", s.rank_error);
  visit("top_values", s.top_values);
  visit("top_values_error", s.top_values_error);
}

template <typename V, Is<Associations> S>
void Fields(V& visit, S& s) {
  visit("numbers", s.numbers);
  visit("categories", s.categories);
  visit("rank_rows", s.rank_rows);
  visit("pearson", s.pearson);
  visit("spearman", s.spearman);
  visit("kendall_tau_b", s.kendall);
  visit("categorical", s.categorical);
  visit("correlation_ratio", s.correlation_ratio);
  visit("mutual_information", s.mutual_information);
}

template <typename V, Is<TableProfile> S>
void Fields(V& visit, S& s) {
  visit("name", s.name);
  visit("row_count", s.rows);
  visit("parts", s.parts);
  visit("duplicate_rows", s.duplicate_rows);
  visit("duplicates_across_parts_unknown", s.duplicates_across_parts_unknown);
  visit("rows_with_missing", s.rows_with_missing);
  visit("target", s.target);
  visit("target_powers", s.target_powers);
  visit("copies", s.copies);
  visit("warnings", s.warnings);
  visit("columns", s.columns);
  visit("associations", s.associations);
}

struct Writer;
struct Reader;
template <typename T>
concept Listed = requires(Writer& writer, const T& value) {
  Fields(writer, value);
};

Json Encode(const Json& value) {
  return value;
}
Json Encode(bool value) {
  return value;
}
Json Encode(int64_t value) {
  return value;
}
Json Encode(const std::string& value) {
  return value;
}
Json Encode(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}
template <Listed T>
Json Encode(const T& value);
template <typename T>
Json Encode(const std::optional<T>& value);
template <typename A, typename B>
Json Encode(const std::pair<A, B>& value);
template <typename T>
Json Encode(const std::vector<T>& values);

struct Writer {
  template <typename T>
  void operator()(const char* key, const T& value) {
    json.Set(key, Encode(value));
  }
  Json json = Json::MakeObject();
};

template <Listed T>
Json Encode(const T& value) {
  Writer writer;
  Fields(writer, value);
  return std::move(writer.json);
}
template <typename T>
Json Encode(const std::optional<T>& value) {
  return value ? Encode(*value) : Json();
}
template <typename A, typename B>
Json Encode(const std::pair<A, B>& value) {
  return Json(Json::Array{Encode(value.first), Encode(value.second)});
}
template <typename T>
Json Encode(const std::vector<T>& values) {
  Json::Array array;
  for (const T& value : values) array.push_back(Encode(value));
  return array;
}

void Decode(const Json& json, Json* value) {
  *value = json;
}
void Decode(const Json& json, bool* value) {
  *value = json.AsBool();
}
void Decode(const Json& json, int64_t* value) {
  *value = json.AsInt();
}
void Decode(const Json& json, std::string* value) {
  *value = json.AsString();
}
void Decode(const Json& json, double* value) {
  *value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.AsDouble();
}
template <Listed T>
void Decode(const Json& json, T* value);
template <typename T>
void Decode(const Json& json, std::optional<T>* value);
template <typename A, typename B>
void Decode(const Json& json, std::pair<A, B>* value);
template <typename T>
void Decode(const Json& json, std::vector<T>* values);

struct Reader {
  template <typename T>
  void operator()(const char* key, T& value) {
    if (const Json* field = json.Find(key)) Decode(*field, &value);
  }
  const Json& json;
};

template <Listed T>
void Decode(const Json& json, T* value) {
  json.AsObject();
  Reader reader{json};
  Fields(reader, *value);
}
template <typename T>
void Decode(const Json& json, std::optional<T>* value) {
  value->reset();
  if (!json.is_null()) Decode(json, &value->emplace());
}
template <typename A, typename B>
void Decode(const Json& json, std::pair<A, B>* value) {
  if (json.AsArray().size() != 2) throw InvalidArgument("A pair needs two values");
  Decode(json.AsArray()[0], &value->first);
  Decode(json.AsArray()[1], &value->second);
}
template <typename T>
void Decode(const Json& json, std::vector<T>* values) {
  values->clear();
  for (const Json& one : json.AsArray()) Decode(one, &values->emplace_back());
}

constexpr std::pair<FiguresKind, std::string_view> kFiguresKinds[] = {
    {FiguresKind::kNumber, "number"}, {FiguresKind::kTime, "time"}, {FiguresKind::kText, "text"}};
constexpr std::pair<NumberKind, std::string_view> kNumberKinds[] = {
    {NumberKind::kInteger, "integer"}, {NumberKind::kReal, "real"}, {NumberKind::kTime, "time"}};

template <typename E, size_t N>
E ValueOf(const std::pair<E, std::string_view> (&names)[N], std::string_view name) {
  if (const auto value = FindNamed(names, name)) return *value;
  throw InvalidArgument("A profile has no kind {}", name);
}

Json KeyJson(NumberKind kind, uint64_t key) {
  return kind == NumberKind::kReal ? Json(RealOfKey(key)) : Json(IntegerOfKey(key));
}

uint64_t KeyOf(NumberKind kind, const Json& json) {
  return kind == NumberKind::kReal ? KeyOfReal(json.AsDouble()) : KeyOfInteger(json.AsInt());
}

Json DistributionJson(const Distribution& values) {
  Json::Array keys, counts;
  for (size_t i = 0; i < values.size(); ++i) {
    keys.push_back(KeyJson(values.kind, values.keys[i]));
    counts.push_back(values.counts[i]);
  }
  return Json::Of({{"kind", NameOf(kNumberKinds, values.kind)},
                   {"rank_error", values.rank_error},
                   {"values", std::move(keys)},
                   {"counts", std::move(counts)}});
}

Distribution ReadDistribution(const Json& json) {
  Distribution values;
  values.kind = ValueOf(kNumberKinds, json.GetString("kind"));
  values.rank_error = json.GetDouble("rank_error");
  for (const Json& key : json.At("values").AsArray("values"))
    values.keys.push_back(KeyOf(values.kind, key));
  for (const Json& count : json.At("counts").AsArray("counts")) {
    values.counts.push_back(count.AsInt("counts"));
    values.total += values.counts.back();
  }
  const bool rises = std::is_sorted(values.keys.begin(), values.keys.end());
  if (values.keys.size() != values.counts.size() || !rises)
    throw InvalidArgument("A profile's values must rise and have a count each");
  return values;
}

Json SketchJson(const ColumnSketch& sketch) {
  Json::Array hashes, repeats, texts, counts;
  for (const auto& entry : sketch.distinct.entries()) {
    hashes.push_back(static_cast<int64_t>(entry.hash));
    repeats.push_back(entry.count);
  }
  for (const auto& [text, count] : sketch.counts) {
    texts.push_back(text);
    counts.push_back(count);
  }
  const NumberKind kind = sketch.values.kind;
  return Json::Of({{"values", DistributionJson(sketch.values)},
                   {"moments", Encode(sketch.moments)},
                   {"first", sketch.first ? KeyJson(kind, *sketch.first) : Json()},
                   {"last", sketch.last ? KeyJson(kind, *sketch.last) : Json()},
                   {"distinct_hashes", std::move(hashes)},
                   {"distinct_counts", std::move(repeats)},
                   {"texts", std::move(texts)},
                   {"text_counts", std::move(counts)},
                   {"text_counts_error", sketch.counts_error}});
}

void ReadSketch(const Json& json, ColumnSketch* sketch) {
  sketch->values = ReadDistribution(json.At("values"));
  Decode(json.At("moments"), &sketch->moments);
  const NumberKind kind = sketch->values.kind;
  if (!json.At("first").is_null()) sketch->first = KeyOf(kind, json.At("first"));
  if (!json.At("last").is_null()) sketch->last = KeyOf(kind, json.At("last"));
  const Json::Array& hashes = json.At("distinct_hashes").AsArray();
  const Json::Array& repeats = json.At("distinct_counts").AsArray();
  const Json::Array& texts = json.At("texts").AsArray();
  const Json::Array& counts = json.At("text_counts").AsArray();
  if (hashes.size() != repeats.size() || texts.size() != counts.size())
    throw InvalidArgument("A profile's values need a count each");
  std::vector<DistinctSketch::Entry> entries;
  for (size_t i = 0; i < hashes.size(); ++i)
    entries.push_back({static_cast<uint64_t>(hashes[i].AsInt()), repeats[i].AsInt()});
  sketch->distinct.Add(std::move(entries));
  for (size_t i = 0; i < texts.size(); ++i) sketch->counts[texts[i].AsString()] = counts[i].AsInt();
  sketch->counts_error = json.GetInt("text_counts_error");
}

Json AssociationsSketchJson(const Associations& associations) {
  Json::Array pairs, tables, groups;
  for (const auto& [names, moments] : associations.pair_moments)
    pairs.push_back(Json(Json::Array{names.first, names.second, Encode(moments)}));
  for (const auto& [names, table] : associations.tables) {
    Json::Array cells;
    for (const auto& [values, count] : table.counts)
      cells.push_back(Json(Json::Array{values.first, values.second, count}));
    tables.push_back(Json(Json::Array{names.first, names.second, std::move(cells)}));
  }
  for (const auto& [names, moments] : associations.groups) {
    Json::Array cells;
    for (const auto& [value, group] : moments)
      cells.push_back(Json(Json::Array{value, Encode(group)}));
    groups.push_back(Json(Json::Array{names.first, names.second, std::move(cells)}));
  }
  return Json::Of({{"pair_moments", std::move(pairs)},
                   {"tables", std::move(tables)},
                   {"groups", std::move(groups)}});
}

const Json::Array& Row(const Json& json, size_t size) {
  if (json.AsArray().size() != size) throw InvalidArgument("A row needs {} values", size);
  return json.AsArray();
}

void ReadAssociationsSketch(const Json& json, Associations* associations) {
  for (const Json& json_row : json.At("pair_moments").AsArray()) {
    const Json::Array& row = Row(json_row, 3);
    Decode(row[2], &associations->pair_moments[{row[0].AsString(), row[1].AsString()}]);
  }
  for (const Json& json_row : json.At("tables").AsArray()) {
    const Json::Array& row = Row(json_row, 3);
    ContingencyTable& table = associations->tables[{row[0].AsString(), row[1].AsString()}];
    for (const Json& json_cell : row[2].AsArray()) {
      const Json::Array& cell = Row(json_cell, 3);
      table.counts[{cell[0].AsString(), cell[1].AsString()}] = cell[2].AsInt();
    }
  }
  for (const Json& json_row : json.At("groups").AsArray()) {
    const Json::Array& row = Row(json_row, 3);
    auto& groups = associations->groups[{row[0].AsString(), row[1].AsString()}];
    for (const Json& json_cell : row[2].AsArray()) {
      const Json::Array& cell = Row(json_cell, 2);
      Decode(cell[1], &groups[cell[0].AsString()]);
    }
  }
}

}  // namespace

double ColumnStatistics::MissingShare() const {
  return rows == 0 ? 0 : static_cast<double>(missing) / static_cast<double>(rows);
}

int64_t TableProfile::MissingCells() const {
  int64_t cells = 0;
  for (const ColumnStatistics& column : columns) cells += column.missing;
  return cells;
}

const ColumnStatistics* TableProfile::Find(std::string_view column) const {
  for (const ColumnStatistics& one : columns) {
    if (one.name == column) return &one;
  }
  return nullptr;
}

Json TableProfile::ToJson(Sketches sketches) const {
  Json json = Encode(*this);
  json.Set("format", kFormatVersion);
  Json list = Json::MakeArray();
  for (const ColumnStatistics& column : columns) {
    Json one = Encode(column);
    one.Set("kind", NameOf(kFiguresKinds, column.kind));
    if (sketches == Sketches::kWith) one.Set("sketch", SketchJson(column.sketch));
    list.Append(std::move(one));
  }
  json.Set("columns", std::move(list));
  if (sketches == Sketches::kWith) json.Set("pair_sketch", AssociationsSketchJson(associations));
  return json;
}

TableProfile TableProfile::FromJson(const Json& json) {
  if (json.GetInt("format") != kFormatVersion)
    throw InvalidArgument("This is no profile of a table, or one of a later version");
  TableProfile profile;
  Decode(json, &profile);
  const Json::Array& list = json.At("columns").AsArray();
  for (size_t i = 0; i < list.size(); ++i) {
    ColumnStatistics& column = profile.columns[i];
    column.kind = ValueOf(kFiguresKinds, list[i].GetString("kind"));
    if ((column.kind == FiguresKind::kText ? !column.text.has_value() : !column.numbers))
      throw InvalidArgument("A profile's column has no figures: {}", column.name);
    if (const Json* sketch = list[i].Find("sketch")) ReadSketch(*sketch, &column.sketch);
  }
  if (const Json* sketch = json.Find("pair_sketch"))
    ReadAssociationsSketch(*sketch, &profile.associations);
  return profile;
}

}  // namespace millwright::quality
