#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "drift/embedding.h"
#include "drift/observed_feature.h"
#include "quality/profile.h"

// What is kept of a table so that others can be compared with it without reading it again: some
// kilobytes a column.
namespace millwright::drift {

// The cycle in which rows are compared with those of the same place: the same hour of the day, …
enum class Season { kNone, kHour, kWeekday, kHourOfWeek, kMonth };
// The length of what will be compared, for the natural variation between such lengths.
enum class Period { kNone, kHour, kDay, kWeek, kMonth };
// By the names hour, weekday, hour_of_week, month and hour, day, week, month; "" is kNone. Others
// throw kInvalidArgument.
Season ParseSeason(std::string_view name);
Period ParsePeriod(std::string_view name);
std::string_view SeasonName(Season season);
std::string_view PeriodName(Period period);
// SQL of the place in the season, or of the period, of a column of times; empty for kNone.
std::string SeasonSql(Season season, const std::string& time_column);
std::string PeriodSql(Period period, const std::string& time_column);

struct ReferenceOptions {
  std::vector<std::string> columns;  // all when empty
  std::string time_column;           // needed for a season or a period; not compared itself
  Season season = Season::kNone;
  Period period = Period::kNone;
};

// Where a season or a period was asked for.
struct SeasonalFeature {
  std::map<int64_t, std::vector<int64_t>> places;  // rows of each bin by place in the season
  // What the PSI of one period of the reference against all others stays below: its mean and three
  // standard deviations. Absent where there are too few periods to tell.
  std::optional<double> natural_psi;
};

// The words of a text column: the most frequent ones and how many there are in all.
inline constexpr size_t kVocabularyWords = 1000;
struct Vocabulary {
  std::string feature;
  std::string column;
  std::vector<quality::TopValue> words;  // by falling count
  int64_t total = 0;
};

struct Reference {
  quality::Profile profile;               // of the features, in their order
  std::vector<ObservedFeature> features;  // without vocabularies and embeddings
  std::vector<Vocabulary> vocabularies;
  std::vector<EmbeddingSummary> embeddings;
  // What the texts of other tables are held against (column:oov): the most frequent words of four
  // fifths of the rows. The profile has each row's share of words outside of those of the fifths
  // that the row is not in, so that it says what rows of the same source will have.
  KnownWords known_words;
  std::string time_column;
  Season season = Season::kNone;
  Period period = Period::kNone;
  std::vector<SeasonalFeature> seasonal;  // by feature; empty without season and period

  // Leaves out the features that are not wanted, and what only they need. Vocabularies and
  // embeddings stay.
  void Keep(const std::function<bool(const ObservedFeature&)>& is_wanted);

  Json ToJson() const;
  // Reads what ToJson wrote, or a bare profile as a model version carries it. Throws
  // kInvalidArgument.
  static Reference FromJson(const Json& json);
  static Reference OfProfile(quality::Profile profile);
};

// Profiles a table, or a table expression, as a reference.
Reference MakeReference(analytics::Session& session, const std::string& table,
                        const ReferenceOptions& options = {});

// What a reference looks at, in a table that is compared with it, as the reference looked at its
// own rows (see observed_feature.h).
std::string ObservedSql(analytics::Session& session, const std::string& table,
                        const Reference& reference, const std::string& also = "");

}  // namespace millwright::drift
