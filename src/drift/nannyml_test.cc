// What NannyML's calculators say of real data chunk by chunk. What differs is told by the table of
// docs/reference/drift.md, and marked here.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/file.h"
#include "drift/chunk_drift.h"
#include "drift/loss_estimate.h"
#include "drift/performance_estimate.h"

namespace millwright::drift {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/";
const std::string kJune =
    std::string(MILLWRIGHT_SOURCE_DIR) + "/examples/flights/data/flights_june_scored.csv.gz";

Json Golden(const std::string& name) {
  return ParseJson(ReadFile(kData + "stats/nannyml/" + name + ".json"));
}

bool IsNear(const Json& expected, const std::optional<double>& actual, double tolerance) {
  if (!expected.is_number()) return !actual;
  return actual && std::abs(*actual - expected.AsDouble()) <=
                       std::max(1e-12, tolerance * std::abs(expected.AsDouble()));
}

std::string FileSql(const std::string& file) {
  return "read_csv('" + kData + "stats/" + file + ".csv.gz')";
}

constexpr double kBins = 10'000;

// NannyML takes these two from bins where the reference has 10,000 rows or more (and does so in the
// golden files, although they ask for exact ones); ours are always exact.
bool IsBinned(const std::string& figure) {
  return figure == "kolmogorov_smirnov" || figure == "wasserstein";
}

// Its estimates: of 10,000 bins of one width over the reference, a bin's rows standing at its lower
// edge. Nothing where the chunk has values outside of them, for which its bins have no fixed place.
std::optional<std::pair<double, double>> BinnedDistances(const std::vector<double>& reference,
                                                         const std::vector<double>& chunk) {
  const auto [least, most] = std::minmax_element(reference.begin(), reference.end());
  const double low = *least, width = (*most - low) / kBins;
  const auto shares = [&](const std::vector<double>& values) {
    std::vector<double> bins(static_cast<size_t>(kBins));
    for (double value : values) {
      auto bin = static_cast<size_t>(std::min(kBins - 1, (value - low) * (kBins / (*most - low))));
      const auto edge = [&](size_t i) { return static_cast<double>(i) * width + low; };
      if (value < edge(bin)) --bin;
      if (bin + 1 < bins.size() && value >= edge(bin + 1)) ++bin;
      bins[bin] += 1 / static_cast<double>(values.size());
    }
    return bins;
  };
  for (double value : chunk) {
    if (value < low || value > *most) return std::nullopt;
  }
  const std::vector<double> was = shares(reference), is = shares(chunk);
  double difference = 0, largest = 0, area = 0;
  for (size_t i = 0; i < was.size(); ++i) {
    difference += was[i] - is[i];
    largest = std::max(largest, std::abs(difference));
    if (i + 1 < was.size()) area += std::abs(difference) * width;
  }
  return std::pair(largest, area);
}

std::vector<double> Present(const std::vector<double>& values, size_t begin, size_t end) {
  std::vector<double> present;
  for (size_t i = begin; i < end; ++i) {
    if (!std::isnan(values[i])) present.push_back(values[i]);
  }
  return present;
}

// The binned figures of every chunk: NannyML's from its bins, and ours within what bins lose.
int64_t CheckBinned(const Json& golden, const ChunkDrift& drift, const PairedColumns& columns) {
  int64_t checked = 0;
  for (const PairedColumn& column : columns.columns) {
    if (column.kind != statistics::ColumnKind::kNumeric) continue;
    const std::vector<double> reference = Present(column.reference, 0, column.reference.size());
    size_t begin = 0;
    for (size_t i = 0; i < drift.chunks.size(); ++i) {
      const FigureChunk& chunk = drift.chunks[i];
      if (i > 0 && drift.chunks[i - 1].is_reference != chunk.is_reference) begin = 0;
      const size_t end = begin + static_cast<size_t>(chunk.rows);
      const auto binned = BinnedDistances(
          reference, Present(chunk.is_reference ? column.reference : column.current, begin, end));
      begin = end;
      const Json& row = golden.At("rows").AsArray()[i];
      const double ks = row.GetDouble(column.name + ".kolmogorov_smirnov.value");
      const double area = row.GetDouble(column.name + ".wasserstein.value");
      if (binned) {
        EXPECT_NEAR(binned->first, ks, 1e-9) << column.name << chunk.key;
        EXPECT_NEAR(binned->second, area, 1e-9 * area) << column.name << chunk.key;
        ++checked;
      }
      EXPECT_NEAR(*chunk.Find(column.name, "kolmogorov_smirnov")->value, ks, 0.002);
      EXPECT_NEAR(*chunk.Find(column.name, "wasserstein")->value, area, 0.01 * area);
    }
  }
  return checked;
}

// "delay.jensen_shannon.value" of univariate drift, "temp.value" of a calculator of one figure.
struct Naming {
  std::string figure;  // ours; empty where NannyML names it
  std::string key;     // before "key" and "period"
};

// The standard error and band of a figure. Where values are missing NannyML divides by all rows of
// a chunk, ours by those that have a value, and of a standard deviation it has none.
void CheckSampling(const Json& row, const std::string& own, const FigureChunk& chunk,
                   const ChunkFigure& figure) {
  const Json* error = row.Find(own + ".sampling_error");
  if (error == nullptr) {
    EXPECT_FALSE(figure.sampling_error) << own;
    return;
  }
  if (error->is_null()) return;
  ASSERT_TRUE(figure.sampling_error) << own;
  double scale = 1;
  if (const ChunkFigure* missing = chunk.Find(figure.column, "missing_share");
      missing != nullptr && figure.name != "missing_share") {
    const double present = 1 - *missing->value;
    scale = figure.name == "sum" ? 1 / std::sqrt(present) : std::sqrt(present);
  }
  const double tolerance = scale == 1 ? 1e-9 : 1e-5;
  EXPECT_NEAR(*figure.sampling_error * scale, error->AsDouble(), tolerance * error->AsDouble())
      << own;
  if (scale != 1) return;
  EXPECT_TRUE(IsNear(row.At(own + ".lower_confidence_boundary"), figure.band_lower, 1e-9)) << own;
  EXPECT_TRUE(IsNear(row.At(own + ".upper_confidence_boundary"), figure.band_upper, 1e-9)) << own;
}

// Every figure of every chunk, with its bounds and alert. Returns how many there were.
int64_t CheckChunks(const Json& golden, const ChunkDrift& drift, const Naming& naming,
                    double tolerance) {
  const auto& rows = golden.At("rows").AsArray();
  EXPECT_EQ(drift.chunks.size(), rows.size());
  int64_t checked = 0;
  for (size_t i = 0; i < std::min(rows.size(), drift.chunks.size()); ++i) {
    const FigureChunk& chunk = drift.chunks[i];
    const Json& row = rows[i];
    EXPECT_EQ(chunk.key, row.GetString(naming.key + "key"));
    EXPECT_EQ(chunk.is_reference, row.GetString(naming.key + "period") == "reference");
    for (const ChunkFigure& figure : chunk.figures) {
      const std::string own =
          naming.figure.empty() ? figure.column + "." + figure.name : figure.column;
      if (!naming.figure.empty() && figure.name != naming.figure) continue;
      const Json* value = row.Find(own + ".value");
      if (value == nullptr) continue;
      ++checked;
      const std::string what = chunk.key + " " + own;
      EXPECT_EQ(figure.alert, row.GetBool(own + ".alert")) << what;
      if (IsBinned(figure.name)) continue;
      EXPECT_TRUE(IsNear(*value, figure.value, tolerance))
          << what << " " << value->Dump() << " " << figure.value.value_or(NAN);
      EXPECT_TRUE(IsNear(row.At(own + ".upper_threshold"), figure.upper, tolerance))
          << what << " upper " << row.At(own + ".upper_threshold").Dump() << " "
          << figure.upper.value_or(NAN);
      EXPECT_TRUE(IsNear(row.At(own + ".lower_threshold"), figure.lower, tolerance))
          << what << " lower";
      CheckSampling(row, own, chunk, figure);
    }
  }
  return checked;
}

TEST(NannyMl, UnivariateDriftOfFlights) {
  analytics::Session session;
  const PairedColumns columns = ReadPaired(
      session, FileSql("flights_jan"), FileSql("flights_feb"),
      {.columns = {"delay", "distance", "destination", "dow", "late15", "origin", "hour"},
       .categorical = {"hour"}});
  const ChunkDrift drift = CompareChunks(columns, {.chunk_rows = 5000});
  const Json golden = Golden("univariate_drift_flights");
  EXPECT_EQ(CheckChunks(golden, drift, {"", "chunk.chunk."}, 1e-9), 11 * (2 * 4 + 5 * 4));
  EXPECT_EQ(CheckBinned(golden, drift, columns), 11 * 2 - 3) << "three chunks reach further";
}

TEST(NannyMl, UnivariateDriftOfTrainingAgainstJune) {
  analytics::Session session;
  const PairedColumns columns =
      ReadPaired(session, FileSql("flights_training"), "read_csv('" + kJune + "')",
                 {.columns = {"minute_of_day", "distance", "origin_prev_hour_mean_delay",
                              "dest_prev_hour_mean_delay", "origin", "destination", "day_of_week"},
                  .categorical = {"day_of_week"},
                  .time_column = "ts"});
  const ChunkDrift drift = CompareChunks(columns, {.chunk_count = 6});
  const Json golden = Golden("univariate_drift_flights_training_vs_june");
  EXPECT_EQ(CheckChunks(golden, drift, {"", "chunk.chunk."}, 1e-9), 14 * (4 * 4 + 3 * 4));
  EXPECT_EQ(CheckBinned(golden, drift, columns), 14 * 4 - 2) << "two chunks reach further";
}

TEST(NannyMl, SummaryStatisticsOfWeather) {
  analytics::Session session;
  const PairedColumns columns =
      ReadPaired(session, FileSql("weather_jan"), FileSql("weather_jul"),
                 {.columns = {"temp", "humid", "wind_speed", "pressure", "wind_gust"}});
  const ChunkDrift drift = CompareChunks(columns, {.chunk_rows = 500});
  for (const auto& [name, figure] :
       std::map<std::string, std::string>{{"SummaryStatsAvgCalculator", "mean"},
                                          {"SummaryStatsMedianCalculator", "median"},
                                          {"SummaryStatsStdCalculator", "std"},
                                          {"SummaryStatsSumCalculator", "sum"}}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(CheckChunks(Golden(name), drift, {figure, "chunk."}, 1e-9), 10 * 4);
  }
  EXPECT_EQ(
      CheckChunks(Golden("MissingValuesCalculator"), drift, {"missing_share", "chunk."}, 1e-9),
      10 * 3);
}

TEST(NannyMl, UnseenValuesOfFlights) {
  analytics::Session session;
  const PairedColumns columns = ReadPaired(session, FileSql("flights_jan"), FileSql("flights_feb"),
                                           {.columns = {"destination", "origin"}});
  const ChunkDrift drift =
      CompareChunks(columns, {.chunk_rows = 5000, .figures = {"unseen_share"}});
  EXPECT_EQ(CheckChunks(Golden("UnseenValuesCalculator"), drift, {"unseen_share", "chunk."}, 1e-9),
            11 * 2);
}

constexpr double kTied = 1e-5;

// The average precision's error comes from draws, which NannyML makes anew each time. Rows of one
// score come in any order in NannyML, which the area's error depends on; ours takes them for a
// half.
void CheckError(const Json& row, const EstimateFigure& figure, double area_tolerance) {
  const double error = row.GetDouble(figure.name + ".sampling_error");
  const double tolerance = figure.name == "average_precision" ? 0.3
                           : figure.name == "roc_auc"         ? area_tolerance
                                                              : 1e-9;
  ASSERT_TRUE(figure.sampling_error) << figure.name;
  EXPECT_NEAR(*figure.sampling_error, error, tolerance * error) << figure.name;
}

// What was realised of each chunk and what NannyML's calculator of realised performance says of it;
// its alerts are of what was realised, ours of what is estimated. Returns how many there were.
int64_t CheckRealised(const Json& golden, const PerformanceEstimate& estimate,
                      double area_tolerance = 1e-9) {
  const auto& rows = golden.At("rows").AsArray();
  EXPECT_EQ(estimate.chunks.size(), rows.size());
  int64_t checked = 0;
  for (size_t i = 0; i < std::min(rows.size(), estimate.chunks.size()); ++i) {
    const EstimatedChunk& chunk = estimate.chunks[i];
    EXPECT_EQ(chunk.key, rows[i].GetString("chunk.key"));
    EXPECT_EQ(rows[i].GetDouble("chunk.targets_missing_rate", 0), 0);
    for (const EstimateFigure& figure : chunk.figures) {
      const Json* value = rows[i].Find(figure.name + ".value");
      if (value == nullptr) continue;
      ++checked;
      EXPECT_TRUE(IsNear(*value, figure.realised, 1e-9))
          << chunk.key << " " << figure.name << " " << value->Dump() << " "
          << figure.realised.value_or(NAN);
      const double lower = rows[i].At(figure.name + ".lower_threshold").AsDouble();
      const double upper = rows[i].At(figure.name + ".upper_threshold").AsDouble();
      EXPECT_NEAR(figure.lower, lower, 1e-9 * std::max(1.0, lower)) << figure.name;
      EXPECT_NEAR(figure.upper, upper, 1e-9 * std::max(1.0, upper)) << figure.name;
      CheckError(rows[i], figure, area_tolerance);
      if (!figure.realised) continue;
      EXPECT_EQ(*figure.realised < figure.lower || *figure.realised > figure.upper,
                rows[i].GetBool(figure.name + ".alert"))
          << chunk.key << " " << figure.name;
    }
  }
  return checked;
}

// Rows of truth, probability and prediction, cut after the first `reference_rows`.
struct Scored {
  ScoredRows reference, analysis;

  Scored(analytics::Session& session, const std::string& sql, size_t reference_rows) {
    const analytics::Table table = session.Query(sql);
    for (size_t row = 0; row < table.row_count(); ++row) {
      ScoredRows& side = row < reference_rows ? reference : analysis;
      side.truth.push_back(table.Double(row, 0));
      side.probability.push_back(table.Double(row, 1));
      side.predicted.push_back(table.Double(row, 2));
      if (table.columns().size() > 3) side.period.push_back(table.Text(row, 3));
    }
  }
};

TEST(NannyMl, RealisedPerformanceOfTelco) {
  analytics::Session session;
  const Scored rows(session,
                    "SELECT y_true, proba, y_pred FROM read_csv('" + kData +
                        "metrics/binary_telco_churn.csv.gz')",
                    3521);
  const PerformanceEstimate estimate =
      EstimatePerformance(rows.reference, rows.analysis, {.chunk_rows = 500});
  const Json golden = Golden("realized_binary_telco");
  EXPECT_GT(CheckRealised(golden, estimate), 16 * 6);
}

// Days of June: estimated by CBPE, and as it came.
TEST(NannyMl, DailyPerformanceOfFlights) {
  analytics::Session session;
  const Scored rows(session,
                    "SELECT late, p_late, CAST(p_late >= 0.5 AS INTEGER), strftime(ts, '%Y-%m-%d') "
                    "FROM (SELECT *, row_number() OVER () AS n FROM read_csv('" +
                        kJune + "')) ORDER BY ts, n",
                    4830);
  const PerformanceEstimate estimate = EstimatePerformance(rows.reference, rows.analysis);
  EXPECT_GT(CheckRealised(Golden("realized_flights_june_daily"), estimate, kTied), 29 * 6);
  const Json golden = Golden("cbpe_flights_june_daily");
  EXPECT_EQ(estimate.is_calibrated, golden.GetBool("needs_calibration"));
  const auto& expected = golden.At("rows").AsArray();
  ASSERT_EQ(estimate.chunks.size(), expected.size());
  int64_t checked = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    for (const EstimateFigure& figure : estimate.chunks[i].figures) {
      const Json* value = expected[i].Find(figure.name + ".value");
      if (value == nullptr) continue;
      ++checked;
      // NannyML rounds what it adds up for the average precision elsewhere than we do.
      const double tolerance = figure.name == "average_precision" ? 1e-6 : 1e-9;
      EXPECT_TRUE(IsNear(*value, figure.estimated, tolerance))
          << estimate.chunks[i].key << " " << figure.name << " " << value->Dump() << " "
          << figure.estimated.value_or(NAN);
      EXPECT_EQ(figure.alert, expected[i].GetBool(figure.name + ".alert")) << figure.name;
      CheckError(expected[i], figure, kTied);
      if (figure.name == "average_precision") continue;
      const auto band = figure.BandOf(figure.estimated);
      ASSERT_TRUE(band) << figure.name;
      const double near = figure.name == "roc_auc" ? kTied * *figure.sampling_error * 3 : 1e-9;
      EXPECT_NEAR(band->lower, expected[i].GetDouble(figure.name + ".lower_confidence_boundary"),
                  near);
      EXPECT_NEAR(band->upper, expected[i].GetDouble(figure.name + ".upper_confidence_boundary"),
                  near);
    }
  }
  EXPECT_EQ(checked, 29 * 7);
}

TEST(NannyMl, RealisedPerformanceOfDigits) {
  analytics::Session session;
  const analytics::Table table =
      session.Query("SELECT * FROM read_csv('" + kData + "metrics/multiclass_digits.csv.gz')");
  ClassScoredRows reference, analysis;
  reference.probability.resize(10);
  analysis.probability.resize(10);
  for (size_t row = 0; row < table.row_count(); ++row) {
    ClassScoredRows& side = row < table.row_count() / 2 ? reference : analysis;
    side.truth.push_back(static_cast<size_t>(table.Int(row, 0)));
    side.predicted.push_back(static_cast<size_t>(table.Int(row, 1)));
    for (size_t k = 0; k < 10; ++k) side.probability[k].push_back(table.Double(row, 2 + k));
  }
  EXPECT_EQ(CheckRealised(Golden("realized_multiclass_digits"),
                          EstimateClassPerformance(reference, analysis, {.chunk_rows = 300})),
            6 * 6);
}

TEST(NannyMl, RealisedPerformanceOfHotel) {
  analytics::Session session;
  const analytics::Table table = session.Query(
      "SELECT greatest(y_true, 0.01), greatest(y_pred, 0.01), lead_time FROM read_csv('" + kData +
      "metrics/regression_hotel.csv.gz')");
  PredictedRows reference, analysis;
  reference.features.resize(1);
  analysis.features.resize(1);
  for (size_t row = 0; row < table.row_count(); ++row) {
    PredictedRows& side = row < table.row_count() / 2 ? reference : analysis;
    side.truth.push_back(table.Double(row, 0));
    side.predicted.push_back(table.Double(row, 1));
    side.features[0].push_back(table.Double(row, 2));
  }
  const Json golden = Golden("realized_hotel");
  EXPECT_EQ(CheckRealised(golden,
                          EstimateLoss(reference, analysis,
                                       {.chunk_rows = 1000, .loss_learner = LossLearner::kLinear})),
            static_cast<int64_t>(golden.At("rows").AsArray().size()) * 6);
}

}  // namespace
}  // namespace millwright::drift
