#include "drift/observed_feature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <regex>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "drift/bin_counts.h"
#include "drift/computed_columns.h"
#include "drift/embedding.h"
#include "images/image_properties.h"
#include "quality/plan_sql.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;

constexpr std::pair<Observation, std::string_view> kNames[] = {
    {Observation::kValue, "value"},
    {Observation::kTextLength, "length"},
    {Observation::kTextWords, "words"},
    {Observation::kVocabulary, "vocabulary"},
    {Observation::kOutOfVocabulary, "oov"},
    {Observation::kHour, "hour"},
    {Observation::kWeekday, "weekday"},
    {Observation::kEmbedding, "embedding"},
    {Observation::kBrightness, "brightness"},
    {Observation::kContrast, "contrast"},
    {Observation::kSharpness, "sharpness"},
    {Observation::kEntropy, "entropy"},
    {Observation::kDarkest, "darkest"},
    {Observation::kBrightest, "brightest"},
    {Observation::kRed, "red"},
    {Observation::kGreen, "green"},
    {Observation::kBlue, "blue"},
    {Observation::kArea, "area"},
    {Observation::kAspectRatio, "aspect_ratio"},
};

constexpr char kWordPattern[] = "[\\p{L}\\p{N}]+";
constexpr char kObservedTable[] = "observed_rows";
constexpr char kWordsTable[] = "observed_words";
constexpr char kFoldColumn[] = "__fold";

// A row's fold: its number times a factor that spreads it over a range, of which each fold has a
// fifth.
constexpr uint64_t kFoldFactor = 2'654'435'761, kFoldRange = 1ULL << 32;
constexpr uint64_t kFoldWidth = kFoldRange / kFolds + 1;

// Cells that are in memory together.
constexpr int64_t kTextsAtOnce = 8192, kImagesAtOnce = 64;

// Values of a column that are tried out, and the share of them that must be images.
constexpr int kTriedValues = 100;
constexpr int kTriedRows = 2048;
constexpr char kImageBeginning[] = R"(^(\[\[|iVBOR|/9j/|data:image/))";
constexpr double kImageShareMin = 0.9;

ObservedFeature Part(const Column& column, Observation observation) {
  return {column.name + ":" + std::string(ObservationName(observation)), column.name, observation};
}

// The place in images::ImageProperties; the observations of images are in the same order.
size_t PropertyOf(Observation observation) {
  return static_cast<size_t>(observation) - static_cast<size_t>(Observation::kBrightness);
}

bool IsNestedNumbers(const Column& column) {
  static const std::regex kPattern(
      R"((FLOAT|DOUBLE|REAL|U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|DECIMAL\(\d+,\d+\))(\[\d*\]){2,4})");
  return std::regex_match(column.sql_type, kPattern);
}

bool MayHoldImages(const Column& column) {
  return column.sql_type == "BLOB" || column.type == ColumnType::kText || IsNestedNumbers(column);
}

// A cell as the text that images::ReadImage takes.
std::string CellSql(const Column& column) {
  const std::string name = QuoteName(column.name);
  if (column.sql_type == "BLOB") return "CAST(to_base64(" + name + ") AS VARCHAR)";
  if (column.type == ColumnType::kText) return name;
  return "CAST(" + name + " AS VARCHAR)";
}

// The share of the words, which spaces part, that are in a set of known ones. None without words.
double UnknownShare(std::string_view words, const std::unordered_set<std::string>& known) {
  double all = 0, unknown = 0;
  std::string word;
  for (size_t begin = 0; begin < words.size();) {
    const size_t end = std::min(words.find(' ', begin), words.size());
    if (end > begin) {
      word.assign(words, begin, end - begin);
      ++all;
      if (!known.contains(word)) ++unknown;
    }
    begin = end + 1;
  }
  return all > 0 ? unknown / all : std::nan("");
}

size_t FoldOf(int64_t row) {
  return (static_cast<uint64_t>(row) * kFoldFactor % kFoldRange) / kFoldWidth;
}

// The table with the fold of each row.
std::string FoldedSql(const std::string& table) {
  return fmt::format("(SELECT *, (row_number() OVER () * {}) % {} // {} AS {} FROM {})",
                     kFoldFactor, kFoldRange, kFoldWidth, kFoldColumn, table);
}

// What the first values of a column that may hold images are like.
struct ImageLook {
  bool has_images = false, has_colours = false, has_sizes = false;
};

ImageLook LookAtImages(Session& session, const std::string& table, const Column& column) {
  ImageLook look;
  const std::string name = QuoteName(column.name);
  const std::string some = fmt::format("(SELECT {0} FROM {1} WHERE {0} IS NOT NULL LIMIT {2})",
                                       name, table, kTriedValues);
  if (column.type == ColumnType::kText) {
    // Most texts are none by their first letters.
    const analytics::Table begins =
        session.Query(fmt::format("SELECT coalesce(count_if(regexp_matches({}, '{}')), 0) FROM {}",
                                  name, kImageBeginning, some));
    if (begins.Int(0, 0) == 0) return look;
  }
  double images = 0, rows = 0;
  std::optional<double> area;
  session.Stream(fmt::format("SELECT {} FROM {}", CellSql(column), some),
                 [&](const analytics::Table& cells) {
                   for (size_t row = 0; row < cells.row_count(); ++row) {
                     ++rows;
                     const auto properties = images::PropertiesOfCell(cells.Text(row, 0));
                     const double own = properties[PropertyOf(Observation::kArea)];
                     if (!std::isfinite(own)) continue;
                     ++images;
                     look.has_colours |= std::isfinite(properties[PropertyOf(Observation::kRed)]);
                     look.has_sizes |= area.value_or(own) != own;
                     area = own;
                   }
                   return true;
                 });
  look.has_images = images > 0 && images >= kImageShareMin * rows;
  look.has_sizes |= column.sql_type == "BLOB";
  return look;
}

// Columns of text whose first values might be images by how they begin; most texts are none.
std::vector<bool> MayBeginAsImages(Session& session, const std::string& table,
                                   const std::vector<Column>& columns) {
  std::vector<bool> may_begin(columns.size());
  std::vector<size_t> texts;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type == ColumnType::kText) texts.push_back(i);
  }
  for (size_t begin = 0; begin < texts.size(); begin += kColumnsPerScan) {
    const size_t end = std::min(begin + kColumnsPerScan, texts.size());
    std::vector<std::string> tests;
    for (size_t i = begin; i < end; ++i) {
      const std::string name = QuoteName(columns[texts[i]].name);
      tests.push_back(fmt::format("count({0}), coalesce(count_if(regexp_matches({0}, '{1}')), 0)",
                                  name, kImageBeginning));
    }
    const analytics::Table answer =
        session.Query(fmt::format("SELECT {} FROM (SELECT * FROM {} LIMIT {})",
                                  quality::Join(tests, ", "), table, kTriedRows));
    for (size_t i = begin; i < end; ++i) {
      const size_t at = 2 * (i - begin);
      // Where there are few values in these rows, the column is looked at by itself.
      may_begin[texts[i]] = answer.Int(0, at) < kTriedValues || answer.Int(0, at + 1) > 0;
    }
  }
  return may_begin;
}

std::vector<ImageLook> LookAtImages(Session& session, const std::string& table,
                                    const std::vector<Column>& columns) {
  std::vector<ImageLook> looks(columns.size());
  const std::vector<bool> may_begin = MayBeginAsImages(session, table, columns);
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool is_text = columns[i].type == ColumnType::kText;
    if (is_text ? may_begin[i] : MayHoldImages(columns[i])) {
      looks[i] = LookAtImages(session, table, columns[i]);
    }
  }
  return looks;
}

void AddImage(const Column& column, const ImageLook& look, std::vector<ObservedFeature>* features) {
  for (const auto& [observation, name] : kNames) {
    if (!IsOfImage(observation)) continue;
    const bool is_colour = observation == Observation::kRed || observation == Observation::kGreen ||
                           observation == Observation::kBlue;
    const bool is_size =
        observation == Observation::kArea || observation == Observation::kAspectRatio;
    if ((is_colour && !look.has_colours) || (is_size && !look.has_sizes)) continue;
    features->push_back(Part(column, observation));
  }
}

// Tells of each column whether it is a text of which hardly any value comes twice.
std::vector<bool> FreeTexts(Session& session, const std::string& table,
                            const std::vector<Column>& columns) {
  std::vector<bool> free(columns.size());
  std::vector<std::string> tests;
  std::vector<size_t> places;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type != ColumnType::kText) continue;
    const std::string name = QuoteName(columns[i].name);
    tests.push_back("coalesce(approx_count_distinct(" + name + ") * 2 > count(" + name +
                    "), false) AND count(" + name + ") > 0");
    places.push_back(i);
  }
  if (tests.empty()) return free;
  const analytics::Table answer =
      session.Query("SELECT " + quality::Join(tests, ", ") + " FROM " + table);
  for (size_t i = 0; i < places.size(); ++i) free[places[i]] = answer.Text(0, i) == "true";
  return free;
}

bool IsOfTime(Observation observation) {
  return observation == Observation::kHour || observation == Observation::kWeekday;
}

bool IsOfText(Observation observation) {
  return observation == Observation::kTextLength || observation == Observation::kTextWords ||
         observation == Observation::kOutOfVocabulary;
}

std::string ExpressionSql(const ObservedFeature& feature) {
  const std::string name = QuoteName(feature.column);
  switch (feature.observation) {
    case Observation::kTextLength:
      return "length(" + name + ")";
    case Observation::kTextWords:
      return "len(regexp_extract_all(" + name + ", '" + kWordPattern + "'))";
    case Observation::kHour:
      return "CAST(hour(" + name + ") AS VARCHAR)";
    case Observation::kWeekday:
      return "dayname(" + name + ")";
    default:
      return name;
  }
}

// Writes the expression of ObservedSql.
class ObservedTable {
 public:
  ObservedTable(Session& session, const std::string& table, const KnownWords& words)
      : session_(session),
        table_(table),
        words_(words),
        shape_{session.Describe("SELECT * FROM " + table)} {}

  void Add(const ObservedFeature& feature) {
    switch (feature.observation) {
      case Observation::kVocabulary:
      case Observation::kEmbedding:
        return;
      case Observation::kOutOfVocabulary:
        return AddUnknownWords(feature);
      default:
        IsOfImage(feature.observation) ? AddOfImage(feature) : AddOfColumn(feature);
    }
  }

  void Also(const std::string& column) {
    parts_.push_back(QuoteName(shape_.At(column).name) + " AS " + QuoteName(column));
  }

  std::string Sql() {
    if (parts_.empty() && computed_.empty()) parts_.emplace_back("1 AS \"nothing\"");
    if (are_columns_ && computed_.empty()) return table_;
    if (computed_.empty()) {
      return "(SELECT " + quality::Join(parts_, ", ") + " FROM " + table_ + ")";
    }
    CreateComputed(session_, kObservedTable, table_, parts_, computed_);
    return kObservedTable;
  }

 private:
  // A part of a column that changed its type would be an error of SQL; it is a missing column.
  const Column* Find(const ObservedFeature& feature) const {
    const Column* column = shape_.Find(feature.column);
    if (column == nullptr) return nullptr;
    if (IsOfTime(feature.observation) && !quality::IsTemporal(*column)) return nullptr;
    if (IsOfText(feature.observation) && column->type != ColumnType::kText) return nullptr;
    return column;
  }

  void AddOfColumn(const ObservedFeature& feature) {
    if (Find(feature) == nullptr) return;
    if (feature.observation != Observation::kValue) are_columns_ = false;
    parts_.push_back(ExpressionSql(feature) + " AS " + QuoteName(feature.name));
  }

  void AddUnknownWords(const ObservedFeature& feature) {
    const auto known = words_.find(feature.column);
    if (known == words_.end() || Find(feature) == nullptr) return;
    std::vector<std::unordered_set<std::string>> lists;
    for (const auto& list : known->second) lists.emplace_back(list.begin(), list.end());
    computed_.push_back(
        {.cell = fmt::format("array_to_string(regexp_extract_all(lower({}), '{}'), ' ')",
                             QuoteName(feature.column), kWordPattern),
         .names = {feature.name},
         .rows_at_once = kTextsAtOnce,
         .compute = [lists = std::move(lists)](std::string_view text, int64_t row, double* share) {
           *share = UnknownShare(text, lists[lists.size() == 1 ? 0 : FoldOf(row)]);
         }});
  }

  void AddOfImage(const ObservedFeature& feature) {
    const Column* column = shape_.Find(feature.column);
    if (column == nullptr || !MayHoldImages(*column)) {
      const Column* measured = shape_.Find(feature.name);
      if (measured == nullptr || !quality::IsNumeric(*measured)) return;
      parts_.push_back(QuoteName(measured->name));
      return;
    }
    if (!images_.insert(feature.column).second) return;
    // All of what an image is like is measured at once.
    ComputedColumns properties{.cell = CellSql(*column),
                               .names = {},
                               .rows_at_once = kImagesAtOnce,
                               .compute = [](std::string_view cell, int64_t, double* numbers) {
                                 const images::ImageProperties own = images::PropertiesOfCell(cell);
                                 std::copy(own.begin(), own.end(), numbers);
                               }};
    for (const auto& [observation, name] : kNames) {
      if (IsOfImage(observation)) properties.names.push_back(Part(*column, observation).name);
    }
    computed_.push_back(std::move(properties));
  }

  Session& session_;
  const std::string& table_;
  const KnownWords& words_;
  const quality::TableShape shape_;
  std::vector<std::string> parts_;
  bool are_columns_ = true;  // each of parts_ is a column of the table as it is
  std::vector<ComputedColumns> computed_;
  std::set<std::string> images_;  // columns that are among the computed
};

}  // namespace

std::string_view ObservationName(Observation observation) {
  for (const auto& [value, name] : kNames) {
    if (value == observation) return name;
  }
  return "value";
}

Observation ParseObservation(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  throw InvalidArgument("Unknown observation: {}", name);
}

bool IsOfImage(Observation observation) {
  return observation >= Observation::kBrightness;
}

std::vector<ObservedFeature> ObserveTable(Session& session, const std::string& table,
                                          const std::vector<std::string>& columns,
                                          const std::string& leave_out) {
  const quality::TableShape shape{session.Describe("SELECT * FROM " + table)};
  std::vector<Column> chosen;
  for (const std::string& name : columns) chosen.push_back(shape.At(name));
  if (columns.empty()) chosen = shape.columns;
  const std::vector<bool> free_text = FreeTexts(session, table, chosen);
  const std::vector<ImageLook> images = LookAtImages(session, table, chosen);
  std::vector<ObservedFeature> features;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const Column& column = chosen[i];
    if (IsEmbedding(column)) features.push_back(Part(column, Observation::kEmbedding));
    if (column.name == leave_out) continue;
    if (images[i].has_images) {
      AddImage(column, images[i], &features);
    } else if (column.type == ColumnType::kOther) {
      continue;
    } else if (free_text[i]) {
      for (auto part : {Observation::kTextLength, Observation::kTextWords,
                        Observation::kOutOfVocabulary, Observation::kVocabulary}) {
        features.push_back(Part(column, part));
      }
    } else if (quality::IsTemporal(column)) {
      if (column.type == ColumnType::kTimestamp)
        features.push_back(Part(column, Observation::kHour));
      features.push_back(Part(column, Observation::kWeekday));
    } else {
      features.push_back({column.name, column.name, Observation::kValue});
    }
  }
  return features;
}

std::string ObservedSql(Session& session, const std::string& table,
                        const std::vector<ObservedFeature>& features, const std::string& also,
                        const KnownWords& words) {
  ObservedTable observed(session, table, words);
  for (const ObservedFeature& feature : features) observed.Add(feature);
  if (!also.empty()) observed.Also(also);
  return observed.Sql();
}

std::string WordsSql(const std::string& table, const std::string& column) {
  return "(SELECT unnest(regexp_extract_all(lower(" + QuoteName(column) + "), '" + kWordPattern +
         "')) AS word FROM " + table + ")";
}

std::vector<std::vector<std::string>> LearnWords(Session& session, const std::string& table,
                                                 const std::string& column) {
  std::string counts;
  for (size_t fold = 0; fold < kFolds; ++fold) {
    counts += fmt::format(", count_if({} <> {}) AS without_{}", kFoldColumn, fold, fold);
  }
  session.Execute(fmt::format(
      "CREATE OR REPLACE TEMP TABLE {} AS SELECT word{} FROM (SELECT {}, "
      "unnest(regexp_extract_all(lower({}), '{}')) AS word FROM {}) WHERE length(word) <= {} "
      "GROUP BY word",
      kWordsTable, counts, kFoldColumn, QuoteName(column), kWordPattern, FoldedSql(table),
      kKnownWordLengthMax));
  std::vector<std::vector<std::string>> lists(kFolds);
  for (size_t fold = 0; fold < kFolds; ++fold) {
    const analytics::Table words = session.Query(
        fmt::format("SELECT word FROM {0} WHERE without_{1} > 0 ORDER BY without_{1} DESC, word "
                    "LIMIT {2}",
                    kWordsTable, fold, kKnownWordsMax));
    for (size_t row = 0; row < words.row_count(); ++row) lists[fold].push_back(words.Text(row, 0));
  }
  session.Execute("DROP TABLE " + std::string(kWordsTable));
  return lists;
}

}  // namespace millwright::drift
