#include "drift/reference_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "drift/bin_counts.h"
#include "drift/expected_shares.h"
#include "quality/histogram_sql.h"
#include "quality/plan_sql.h"
#include "statistics/count_tests.h"
#include "statistics/distances.h"
#include "statistics/false_discovery.h"

namespace millwright::drift {
namespace {

using analytics::Session;
using analytics::Table;
using quality::ColumnProfile;
using quality::Profile;
using quality::TopValue;

// The usual rule of when a chi-square statistic is one.
constexpr double kExpectedRowsMin = 5;
// Words that are compared one by one; the others of the vocabulary are one bin.
constexpr size_t kComparedWords = 50;

using Places = std::map<int64_t, std::vector<int64_t>>;

Places ByPlace(const CellCounts& cells) {
  Places places;
  for (const auto& [cell, counts] : cells) places[cell.second] = counts;
  return places;
}

class Comparison {
 public:
  Comparison(Session& session, const std::string& table, const Reference& reference,
             const DriftOptions& options)
      : session_(session), table_(table), reference_(reference), options_(options) {}

  std::vector<FeatureDrift> Run() {
    const std::string season = SeasonSql(reference_.season, reference_.time_column);
    const std::string observed = ObservedSql(
        session_, table_, reference_, season.empty() ? std::string() : reference_.time_column);
    const BinCounts counts = CountBins(session_, observed, reference_.profile, "", season);
    for (size_t i = 0; i < reference_.features.size(); ++i) {
      features_.push_back(Compare(i, counts.rows, counts.features[i]));
      const bool is_unknown_words =
          reference_.features[i].observation == Observation::kOutOfVocabulary;
      if (is_unknown_words && features_.back().drifted) TakeRise(i, observed, &features_.back());
    }
    for (const Vocabulary& vocabulary : reference_.vocabularies) {
      features_.push_back(CompareWords(vocabulary, counts.rows));
    }
    for (const EmbeddingSummary& embedding : reference_.embeddings) {
      features_.push_back(CompareEmbedding(embedding, counts.rows));
    }
    if (options_.false_discovery_rate) ControlFalseDiscoveries(*options_.false_discovery_rate);
    return std::move(features_);
  }

 private:
  FeatureDrift Start(const std::string& name, const std::string& type) const {
    FeatureDrift feature;
    feature.name = name;
    feature.type = type;
    const auto own = options_.psi_thresholds.find(name);
    feature.threshold = own == options_.psi_thresholds.end() ? options_.psi_threshold : own->second;
    return feature;
  }

  // Says "not enough data" where either side is too small.
  bool IsEnough(FeatureDrift* feature, int64_t rows) const {
    if (rows >= options_.rows_min && reference_.profile.row_count > 0) return true;
    feature->status = DriftStatus::kNotEnoughData;
    feature->note = fmt::format("{} rows of at least {}", rows, options_.rows_min);
    return false;
  }

  FeatureDrift Compare(size_t i, int64_t rows, const std::optional<CellCounts>& cells) const {
    const ColumnProfile& profile = reference_.profile.columns[i];
    FeatureDrift feature = Start(profile.name, profile.type);
    if (!cells) {
      feature.status = DriftStatus::kMissingColumn;
      feature.note = "no such column, or it is of another type";
      return feature;
    }
    if (!IsEnough(&feature, rows)) return feature;
    const SeasonalFeature* seasonal =
        reference_.seasonal.empty() ? nullptr : &reference_.seasonal[i];
    const Places current = ByPlace(*cells);
    const Places whole = {{0, ReferenceCounts(profile, reference_.profile)}};
    const bool has_places = seasonal != nullptr && !seasonal->places.empty();
    const SharesOfRows seen = SeenShares(current);
    if (cells->empty()) throw InvalidArgument("No row of {} has a time", profile.name);
    if (seen.rows <= 0) {  // infinities are in no bin
      feature.status = DriftStatus::kNotEnoughData;
      feature.note = fmt::format("none of {} values is finite", rows);
      return feature;
    }
    Measure(&feature, has_places ? ExpectedShares(seasonal->places, current) : SeenShares(whole),
            seen);
    const bool is_own = options_.psi_thresholds.count(profile.name) > 0;
    if (seasonal != nullptr && seasonal->natural_psi && !is_own) {
      feature.threshold = std::max(feature.threshold, *seasonal->natural_psi);
    }
    feature.drifted = *feature.score >= feature.threshold;
    return feature;
  }

  // Only more unknown words than the reference has are drift: rows that its words were taken from
  // have fewer, which says nothing but that they are the same rows.
  void TakeRise(size_t i, const std::string& observed, FeatureDrift* feature) const {
    const ColumnProfile& profile = reference_.profile.columns[i];
    const Table mean =
        session_.Query("SELECT avg(" + analytics::QuoteName(profile.name) + ") FROM " + observed);
    const bool is_known = profile.mean && !mean.IsNull(0, 0);
    if (!is_known || mean.Double(0, 0) > *profile.mean) return;
    feature->drifted = false;
    feature->note = "fewer words are unknown than in the reference, which is no drift";
  }

  void Measure(FeatureDrift* feature, const SharesOfRows& expected,
               const SharesOfRows& seen) const {
    feature->score = statistics::PsiOfShares(expected.shares, seen.shares);
    if (options_.false_discovery_rate) {
      feature->p_value = statistics::ChiSquareOfShares({expected.shares, expected.rows},
                                                       {seen.shares, seen.rows}, kExpectedRowsMin)
                             .p_value;
    }
    feature->drifted = *feature->score >= feature->threshold;
  }

  FeatureDrift CompareWords(const Vocabulary& vocabulary, int64_t rows) const {
    FeatureDrift feature = Start(vocabulary.feature, "text");
    const quality::TableShape shape{session_.Describe("SELECT * FROM " + table_)};
    const analytics::Column* column = shape.Find(vocabulary.column);
    if (column == nullptr || column->type != analytics::ColumnType::kText) {
      feature.status = DriftStatus::kMissingColumn;
      feature.note = "no such column, or it is of another type";
      return feature;
    }
    if (!IsEnough(&feature, rows)) return feature;
    const Places reference = {{0, ReferenceWords(vocabulary)}};
    const Places current = {{0, CountWords(vocabulary)}};
    if (SeenShares(reference).rows <= 0 || SeenShares(current).rows <= 0) {
      feature.status = DriftStatus::kNotEnoughData;
      feature.note = "a side has no words";
      return feature;
    }
    Measure(&feature, SeenShares(reference), SeenShares(current));
    feature.note =
        fmt::format("{:.1f} % of the words are not among the {} most frequent; {:.1f} % were",
                    100 * SeenShares(current).shares.back(), vocabulary.words.size(),
                    100 * SeenShares(reference).shares.back());
    return feature;
  }

  FeatureDrift CompareEmbedding(const EmbeddingSummary& embedding, int64_t rows) const {
    FeatureDrift feature = Start(embedding.feature, "embedding");
    feature.method = "mean_distance";
    if (options_.psi_thresholds.count(embedding.feature) == 0) {
      feature.threshold = options_.embedding_threshold;
    }
    const quality::TableShape shape{session_.Describe("SELECT * FROM " + table_)};
    const analytics::Column* column = shape.Find(embedding.column);
    if (column == nullptr || !IsEmbedding(*column)) {
      feature.status = DriftStatus::kMissingColumn;
      feature.note = "no such column, or it is of another type";
      return feature;
    }
    if (!IsEnough(&feature, rows)) return feature;
    std::vector<double> mean(embedding.mean.size());
    int64_t points = 0;
    if (!mean.empty()) {
      ForEachPoint(session_, table_, embedding.column, mean.size(), [&](const double* point) {
        ++points;
        for (size_t i = 0; i < mean.size(); ++i) {
          mean[i] += (point[i] - mean[i]) / static_cast<double>(points);
        }
      });
    }
    if (std::min(points, embedding.points) < options_.rows_min) {
      feature.status = DriftStatus::kNotEnoughData;
      feature.note = fmt::format("{} lists of {} numbers against {}, at least {} are needed",
                                 points, mean.size(), embedding.points, options_.rows_min);
      return feature;
    }
    const MeanShift shift = ShiftOf(embedding, mean, points);
    feature.score = shift.relative;
    if (options_.false_discovery_rate) feature.p_value = shift.p_value;
    feature.drifted = *feature.score >= feature.threshold;
    feature.note =
        fmt::format("{} numbers; the middle moved by {:.4g}, its cosine distance is {:.4g}",
                    mean.size(), shift.distance, shift.cosine_distance);
    if (points < rows) feature.note += fmt::format("; {} rows have no such list", rows - points);
    return feature;
  }

  // The most frequent words one by one, the rest of the vocabulary, and words outside of it.
  static std::vector<int64_t> ReferenceWords(const Vocabulary& vocabulary) {
    std::vector<int64_t> counts(std::min(kComparedWords, vocabulary.words.size()) + 2);
    int64_t known = 0;
    for (size_t i = 0; i < vocabulary.words.size(); ++i) {
      counts[std::min(i, counts.size() - 2)] += vocabulary.words[i].count;
      known += vocabulary.words[i].count;
    }
    counts.back() = vocabulary.total - known;
    return counts;
  }

  std::vector<int64_t> CountWords(const Vocabulary& vocabulary) const {
    std::vector<std::string> quoted;
    std::map<std::string, size_t> places;
    for (const TopValue& word : vocabulary.words) {
      places.emplace(word.value.AsString(), places.size());
      quoted.push_back(analytics::QuoteText(word.value.AsString()));
    }
    std::vector<int64_t> counts(std::min(kComparedWords, places.size()) + 2);
    const std::string known =
        quoted.empty() ? "FALSE" : "word IN (" + quality::Join(quoted, ", ") + ")";
    const Table answer =
        session_.Query("SELECT CASE WHEN " + known + " THEN word END, count(*) FROM " +
                       WordsSql(table_, vocabulary.column) + " GROUP BY 1");
    for (size_t row = 0; row < answer.row_count(); ++row) {
      const size_t bin = answer.IsNull(row, 0)
                             ? counts.size() - 1
                             : std::min(places.at(answer.Text(row, 0)), counts.size() - 2);
      counts[bin] += answer.Int(row, 1);
    }
    return counts;
  }

  void ControlFalseDiscoveries(double rate) {
    std::vector<double> chances;
    for (const FeatureDrift& feature : features_) {
      if (feature.p_value) chances.push_back(*feature.p_value);
    }
    const std::vector<double> adjusted = statistics::AdjustForFalseDiscovery(chances);
    size_t next = 0;
    for (FeatureDrift& feature : features_) {
      if (!feature.p_value) continue;
      feature.adjusted_p = adjusted[next++];
      feature.drifted = feature.drifted && *feature.adjusted_p <= rate;
    }
  }

  Session& session_;
  const std::string& table_;
  const Reference& reference_;
  const DriftOptions& options_;
  std::vector<FeatureDrift> features_;
};

std::vector<double> SharesOf(const std::vector<int64_t>& counts) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  std::vector<double> shares;
  for (int64_t count : counts) shares.push_back(total > 0 ? static_cast<double>(count) / total : 0);
  return shares;
}

// Shares of the named values and of all others, of the rows that have a value.
std::vector<double> PresentShares(std::vector<int64_t> counts) {
  counts.pop_back();  // missing
  return SharesOf(counts);
}

}  // namespace

DriftOptions MillwrightPreset() {
  DriftOptions options;
  options.psi_threshold = 0.1;
  options.false_discovery_rate = 0.05;
  return options;
}

std::vector<FeatureDrift> CompareWithReference(Session& session, const std::string& table,
                                               const Profile& reference,
                                               const DriftOptions& options) {
  return CompareWithReference(session, table, Reference::OfProfile(reference), options);
}

std::vector<FeatureDrift> CompareWithReference(Session& session, const std::string& table,
                                               const Reference& reference,
                                               const DriftOptions& options) {
  return Comparison(session, table, reference, options).Run();
}

Distribution CompareDistribution(Session& session, const std::string& table,
                                 const ColumnProfile& reference) {
  const quality::TableShape shape{session.Describe("SELECT * FROM " + table)};
  const analytics::Column& column = shape.At(reference.name);
  Distribution distribution;
  distribution.feature = reference.name;
  if (reference.categorical()) {
    Profile alone;
    alone.columns = {reference};
    for (const TopValue& value : reference.top_values) alone.row_count += value.count;
    alone.row_count += reference.missing;
    const BinCounts counts = CountBins(session, table, alone);
    for (const TopValue& value : reference.top_values) {
      distribution.categories.push_back(MatchText(value.value));
    }
    distribution.categories.push_back("(other)");
    distribution.reference = PresentShares(ReferenceCounts(reference, alone));
    distribution.current = PresentShares(counts.features[0]->begin()->second);
    return distribution;
  }
  if (!reference.histogram) throw FailedPrecondition("No histogram of {}", reference.name);
  const std::vector<double>& edges = reference.histogram->edges;
  const Table answer = session.Query(
      "SELECT " + quality::OutsideCountsSql(quality::FiniteSql(column), edges) + " FROM " + table);
  std::vector<int64_t> counts = quality::ReadOutsideCounts(answer.Text(0, 0), edges.size());
  counts[1] += counts.front();
  counts[counts.size() - 2] += counts.back();
  distribution.edges = edges;
  distribution.reference = SharesOf(reference.histogram->counts);
  distribution.current = SharesOf({counts.begin() + 1, counts.end() - 1});
  return distribution;
}

}  // namespace millwright::drift
