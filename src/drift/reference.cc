#include "drift/reference.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/enum_names.h"
#include "base/error.h"
#include "drift/bin_counts.h"
#include "drift/expected_shares.h"
#include "quality/plan_sql.h"
#include "statistics/distances.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

using analytics::Session;

constexpr std::pair<Season, std::string_view> kSeasons[] = {
    {Season::kNone, ""},           {Season::kHour, "hour"},
    {Season::kWeekday, "weekday"}, {Season::kHourOfWeek, "hour_of_week"},
    {Season::kMonth, "month"},
};
constexpr std::pair<Period, std::string_view> kPeriods[] = {
    {Period::kNone, ""},     {Period::kHour, "hour"},   {Period::kDay, "day"},
    {Period::kWeek, "week"}, {Period::kMonth, "month"},
};

// Fewer periods say nothing about their variation.
constexpr size_t kPeriodsMin = 5;
// A period with fewer rows than this share of the median is cut off by the reference's ends.
constexpr double kPeriodRowsShareMin = 0.5;
constexpr double kDeviations = 3;

template <typename E, size_t N>
E ParseName(const std::pair<E, std::string_view> (&names)[N], std::string_view text,
            std::string_view noun) {
  if (const auto value = FindNamed(names, text)) return *value;
  throw InvalidArgument("There is no {} {}. There are {}", noun, text, NamesOf(names));
}

std::string TimeSql(const std::string& column) {
  return "TRY_CAST(" + analytics::QuoteName(column) + " AS TIMESTAMP)";
}

// The periods that are whole enough to be compared.
std::vector<int64_t> WholePeriods(const CellCounts& cells) {
  std::map<int64_t, double> rows;
  for (const auto& [cell, counts] : cells) {
    rows[cell.first] += static_cast<double>(statistics::Total(counts));
  }
  std::vector<double> sorted;
  for (const auto& [period, count] : rows) sorted.push_back(count);
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> whole;
  for (const auto& [period, count] : rows) {
    if (count >= kPeriodRowsShareMin * sorted[sorted.size() / 2]) whole.push_back(period);
  }
  return whole;
}

using Places = std::map<int64_t, std::vector<int64_t>>;

void AddTo(Places& places, int64_t place, const std::vector<int64_t>& counts, int64_t sign) {
  std::vector<int64_t>& bins = places[place];
  bins.resize(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) bins[i] += sign * counts[i];
}

// Holds each period against all others as a table will be held against the reference.
std::optional<double> NaturalPsi(const CellCounts& cells, Places places) {
  const std::vector<int64_t> periods = WholePeriods(cells);
  if (periods.size() < kPeriodsMin) return std::nullopt;
  std::vector<double> scores;
  for (int64_t period : periods) {
    Places own;
    for (auto at = cells.lower_bound({period, INT64_MIN});
         at != cells.end() && at->first.first == period; ++at) {
      AddTo(own, at->first.second, at->second, 1);
      AddTo(places, at->first.second, at->second, -1);
    }
    const SharesOfRows expected = ExpectedShares(places, own);
    const SharesOfRows seen = SeenShares(own);
    if (expected.rows > 0 && seen.rows > 0) {
      scores.push_back(statistics::PsiOfShares(expected.shares, seen.shares));
    }
    for (const auto& [place, counts] : own) AddTo(places, place, counts, 1);
  }
  if (scores.size() < kPeriodsMin) return std::nullopt;
  return statistics::Mean(scores) + kDeviations * statistics::StandardDeviation(scores);
}

void AddSeasons(Session& session, const std::string& table, Reference* reference) {
  const BinCounts counts = CountBins(session, table, reference->profile,
                                     PeriodSql(reference->period, reference->time_column),
                                     SeasonSql(reference->season, reference->time_column));
  for (const std::optional<CellCounts>& cells : counts.features) {
    SeasonalFeature& feature = reference->seasonal.emplace_back();
    if (!cells) continue;
    for (const auto& [cell, bins] : *cells) AddTo(feature.places, cell.second, bins, 1);
    if (reference->period != Period::kNone) {
      feature.natural_psi = NaturalPsi(*cells, feature.places);
    }
    if (reference->season == Season::kNone) feature.places.clear();
  }
}

Vocabulary ReadVocabulary(Session& session, const std::string& table,
                          const ObservedFeature& feature) {
  Vocabulary vocabulary{feature.name, feature.column, {}, 0};
  const std::string words = WordsSql(table, feature.column);
  vocabulary.total = session.Query("SELECT count(*) FROM " + words).Int(0, 0);
  const analytics::Table answer = session.Query("SELECT word, count(*) AS n FROM " + words +
                                                " GROUP BY word ORDER BY n DESC, word LIMIT " +
                                                std::to_string(kVocabularyWords));
  for (size_t row = 0; row < answer.row_count(); ++row) {
    vocabulary.words.push_back({answer.Text(row, 0), answer.Int(row, 1)});
  }
  return vocabulary;
}

Json CountsJson(const std::vector<int64_t>& counts) {
  Json list = Json::MakeArray();
  for (int64_t count : counts) list.Append(count);
  return list;
}

Json SeasonalJson(const SeasonalFeature& feature) {
  Json places = Json::MakeArray();
  for (const auto& [place, counts] : feature.places) {
    places.Append(Json::Of({{"place", place}, {"counts", CountsJson(counts)}}));
  }
  return Json::Of({{"natural_psi", feature.natural_psi ? Json(*feature.natural_psi) : Json()},
                   {"places", std::move(places)}});
}

SeasonalFeature ReadSeasonal(const Json& json) {
  SeasonalFeature feature;
  if (const Json* psi = json.Find("natural_psi"); psi != nullptr && !psi->is_null()) {
    feature.natural_psi = psi->AsDouble("natural_psi");
  }
  for (const Json& place : json.At("places").AsArray("places")) {
    std::vector<int64_t>& counts = feature.places[place.At("place").AsInt("place")];
    for (const Json& count : place.At("counts").AsArray("counts")) counts.push_back(count.AsInt());
  }
  return feature;
}

Json VocabularyJson(const Vocabulary& vocabulary) {
  Json words = Json::MakeArray();
  for (const quality::TopValue& word : vocabulary.words) {
    words.Append(Json::Of({{"word", word.value}, {"count", word.count}}));
  }
  return Json::Of({{"feature", vocabulary.feature},
                   {"column", vocabulary.column},
                   {"total", vocabulary.total},
                   {"words", std::move(words)}});
}

Json KnownWordsJson(const KnownWords& known) {
  Json columns = Json::MakeArray();
  for (const auto& [column, lists] : known) {
    Json words = Json::MakeArray();
    for (const std::string& word : lists.front()) words.Append(word);
    columns.Append(Json::Of({{"column", column}, {"words", std::move(words)}}));
  }
  return columns;
}

Vocabulary ReadVocabulary(const Json& json) {
  Vocabulary vocabulary{json.At("feature").AsString("feature"),
                        json.At("column").AsString("column"),
                        {},
                        json.GetInt("total")};
  for (const Json& word : json.At("words").AsArray("words")) {
    vocabulary.words.push_back({word.At("word"), word.At("count").AsInt("count")});
  }
  return vocabulary;
}

}  // namespace

Season ParseSeason(std::string_view name) {
  return ParseName(kSeasons, name, "season");
}
Period ParsePeriod(std::string_view name) {
  return ParseName(kPeriods, name, "period");
}
std::string_view SeasonName(Season season) {
  return NameOf(kSeasons, season);
}
std::string_view PeriodName(Period period) {
  return NameOf(kPeriods, period);
}

std::string SeasonSql(Season season, const std::string& time_column) {
  const std::string time = TimeSql(time_column);
  switch (season) {
    case Season::kHour:
      return "hour(" + time + ")";
    case Season::kWeekday:
      return "isodow(" + time + ")";
    case Season::kHourOfWeek:
      return "isodow(" + time + ") * 24 + hour(" + time + ")";
    case Season::kMonth:
      return "month(" + time + ")";
    case Season::kNone:
      break;
  }
  return "";
}

std::string PeriodSql(Period period, const std::string& time_column) {
  if (period == Period::kNone) return "";
  return "CAST(epoch(date_trunc('" + std::string(PeriodName(period)) + "', " +
         TimeSql(time_column) + ")) AS BIGINT)";
}

Reference MakeReference(Session& session, const std::string& table,
                        const ReferenceOptions& options) {
  const bool is_seasonal = options.season != Season::kNone || options.period != Period::kNone;
  if (is_seasonal && options.time_column.empty()) {
    throw InvalidArgument("A season or a period needs a time column").WithField("--time");
  }
  Reference reference;
  reference.time_column = options.time_column;
  reference.season = options.season;
  reference.period = options.period;
  for (const ObservedFeature& feature :
       ObserveTable(session, table, options.columns, options.time_column)) {
    if (feature.observation == Observation::kVocabulary) {
      reference.vocabularies.push_back(ReadVocabulary(session, table, feature));
    } else if (feature.observation == Observation::kEmbedding) {
      reference.embeddings.push_back(SummarizeEmbedding(session, table, feature.column));
    } else {
      reference.features.push_back(feature);
    }
  }
  if (reference.features.empty() && reference.embeddings.empty()) {
    throw InvalidArgument("There is no column to compare");
  }
  reference.profile.row_count = session.Query("SELECT count(*) FROM " + table).Int(0, 0);
  std::vector<std::string> names;
  for (const ObservedFeature& feature : reference.features) names.push_back(feature.name);
  KnownWords words;
  for (const ObservedFeature& feature : reference.features) {
    if (feature.observation != Observation::kOutOfVocabulary) continue;
    words[feature.column] = LearnWords(session, table, feature.column);
    reference.known_words[feature.column] = {words[feature.column].front()};
  }
  const std::string observed =
      ObservedSql(session, table, reference.features, options.time_column, words);
  // The parts of a wide table are profiled apart, for the same reason as they are counted apart.
  for (size_t begin = 0; begin < names.size(); begin += kColumnsPerScan) {
    const size_t end = std::min(begin + kColumnsPerScan, names.size());
    quality::Profile part = quality::ProfileTable(session, observed,
                                                  {names.begin() + static_cast<ptrdiff_t>(begin),
                                                   names.begin() + static_cast<ptrdiff_t>(end)});
    reference.profile.quantiles_approximate = part.quantiles_approximate;
    for (auto& column : part.columns) reference.profile.columns.push_back(std::move(column));
  }
  if (is_seasonal) AddSeasons(session, observed, &reference);
  return reference;
}

std::string ObservedSql(Session& session, const std::string& table, const Reference& reference,
                        const std::string& also) {
  return ObservedSql(session, table, reference.features, also, reference.known_words);
}

void Reference::Keep(const std::function<bool(const ObservedFeature&)>& is_wanted) {
  Reference kept;
  for (size_t i = 0; i < features.size(); ++i) {
    if (!is_wanted(features[i])) continue;
    kept.features.push_back(features[i]);
    kept.profile.columns.push_back(profile.columns[i]);
    if (!seasonal.empty()) kept.seasonal.push_back(seasonal[i]);
    const auto known = known_words.find(features[i].column);
    if (known != known_words.end()) kept.known_words.insert(*known);
  }
  features = std::move(kept.features);
  profile.columns = std::move(kept.profile.columns);
  seasonal = std::move(kept.seasonal);
  known_words = std::move(kept.known_words);
}

Reference Reference::OfProfile(quality::Profile profile) {
  Reference reference;
  for (const quality::ColumnProfile& column : profile.columns) {
    reference.features.push_back({column.name, column.name, Observation::kValue});
  }
  reference.profile = std::move(profile);
  return reference;
}

Json Reference::ToJson() const {
  Json list = Json::MakeArray(), words = Json::MakeArray(), seasons = Json::MakeArray();
  Json points = Json::MakeArray();
  for (const ObservedFeature& feature : features) {
    list.Append(Json::Of({{"name", feature.name},
                          {"column", feature.column},
                          {"observation", ObservationName(feature.observation)}}));
  }
  for (const Vocabulary& vocabulary : vocabularies) words.Append(VocabularyJson(vocabulary));
  for (const SeasonalFeature& feature : seasonal) seasons.Append(SeasonalJson(feature));
  for (const EmbeddingSummary& embedding : embeddings) points.Append(embedding.ToJson());
  return Json::Of({{"kind", "millwright.drift_reference"},
                   {"version", 1},
                   {"time_column", time_column},
                   {"season", SeasonName(season)},
                   {"period", PeriodName(period)},
                   {"features", std::move(list)},
                   {"vocabularies", std::move(words)},
                   {"embeddings", std::move(points)},
                   {"known_words", KnownWordsJson(known_words)},
                   {"seasonal", std::move(seasons)},
                   {"profile", profile.ToJson()}});
}

Reference Reference::FromJson(const Json& json) {
  if (!json.Has("profile")) return OfProfile(quality::Profile::FromJson(json));
  Reference reference;
  reference.profile = quality::Profile::FromJson(json.At("profile"));
  reference.time_column = json.GetString("time_column");
  reference.season = ParseSeason(json.GetString("season"));
  reference.period = ParsePeriod(json.GetString("period"));
  for (const Json& feature : json.At("features").AsArray("features")) {
    reference.features.push_back({feature.At("name").AsString("name"),
                                  feature.At("column").AsString("column"),
                                  ParseObservation(feature.GetString("observation"))});
  }
  for (const Json& words : json.At("vocabularies").AsArray("vocabularies")) {
    reference.vocabularies.push_back(ReadVocabulary(words));
  }
  // Absent in what was saved before there were embeddings.
  if (const Json* embeddings = json.Find("embeddings"); embeddings != nullptr) {
    for (const Json& embedding : embeddings->AsArray("embeddings")) {
      reference.embeddings.push_back(EmbeddingSummary::FromJson(embedding));
    }
  }
  // Likewise.
  if (const Json* known = json.Find("known_words"); known != nullptr) {
    for (const Json& one : known->AsArray("known_words")) {
      reference.known_words[one.At("column").AsString("column")] = {one.GetStrings("words")};
    }
  }
  for (const Json& feature : json.At("seasonal").AsArray("seasonal")) {
    reference.seasonal.push_back(ReadSeasonal(feature));
  }
  const bool fits =
      reference.features.size() == reference.profile.columns.size() &&
      (reference.seasonal.empty() || reference.seasonal.size() == reference.features.size());
  if (!fits) throw InvalidArgument("The reference's features and profile do not fit one another");
  return reference;
}

}  // namespace millwright::drift
