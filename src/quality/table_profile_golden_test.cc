// Every figure of golden/validation/profiles.json: what pandas, numpy and scipy's definitions say
// of six real tables.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/file.h"
#include "quality/plan_sql.h"
#include "quality/table_profiler.h"

namespace millwright::quality {
namespace {

const std::string kTests = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/";
constexpr double kTolerance = 1e-9;

// What this program says otherwise, by figure. In the file stands 20.714039999999997, which
// pandas.read_csv takes for 20.71404 (its default parser of numbers is off by one unit in the last
// place) and which lies just below an edge at 20.71404; 25.317159999999998 and the upper quartile
// bound of wind_speed likewise. Booleans are texts "true" and "false" here, "True" and "False"
// there.
const std::set<std::string> kReadOtherwise = {
    "wind_speed outliers iqr", "wind_gust auto count 4",  "wind_gust auto count 5",
    "wind_gust auto count 9",  "wind_gust auto count 10", "wind_gust 50 count 24",
    "wind_gust 50 count 25",
};

const std::map<std::string, std::string> kFiles = {
    {"dirty_flights", "validation/dirty_flights.csv"},
    {"nyc_flights_2001h1", "tables/nyc_flights_2001h1.csv.gz"},
    {"hotel_rates", "tables/hotel_rates.csv.gz"},
    {"nyc_weather_hourly_2013", "tables/nyc_weather_hourly_2013.csv.gz"},
    {"penguins", "tables/penguins.csv"},
    {"telco_churn_7k", "tables/telco_churn_7k.csv.gz"},
};

// Reads a file as pandas.read_csv does: its words for missing values, and its types (text stays
// text where DuckDB sees dates).
std::string ReaderOf(const std::string& table, const Json& dtypes) {
  std::vector<std::string> types;
  for (const auto& [column, dtype] : dtypes.AsObject()) {
    const std::string& name = dtype.AsString();
    const std::string type = name == "object"    ? "VARCHAR"
                             : name == "int64"   ? "BIGINT"
                             : name == "float64" ? "DOUBLE"
                                                 : "BOOLEAN";
    types.push_back(fmt::format("'{}': '{}'", column, type));
  }
  return fmt::format(
      "read_csv('{}', header = true, nullstr = ['', 'NA', 'N/A', 'NULL', 'NaN', 'nan', 'null', "
      "'None', 'n/a'], types = {{{}}})",
      kTests + kFiles.at(table), Join(types, ", "));
}

class Golden {
 public:
  explicit Golden(const std::string& table)
      : expected_(ParseJson(ReadFile(kTests + "validation/profiles.json")).At(table)) {
    analytics::Session session;
    session.Execute("CREATE TABLE t AS SELECT * FROM " + ReaderOf(table, expected_.At("dtypes")));
    profile_ = ProfileWholeTable(session, "t");
  }

  // How many figures were compared.
  size_t Check() {
    CheckTable();
    for (const auto& [name, column] : expected_.At("columns").AsObject())
      CheckColumn(*profile_.Find(name), column);
    CheckPairs("pearson", profile_.associations.pearson);
    CheckPairs("spearman", profile_.associations.spearman);
    CheckPairs("kendall_tau_b", profile_.associations.kendall);
    CheckCategories();
    return compared_;
  }

 private:
  void Near(const Json& expected, double actual, const std::string& what) {
    ++compared_;
    if (!expected.is_number()) {
      EXPECT_TRUE(std::isnan(actual)) << what << " " << actual;
      return;
    }
    const double number = expected.AsDouble();
    EXPECT_NEAR(number, actual, kTolerance * std::max(1e-3, std::abs(number))) << what;
  }
  void Near(const Json& expected, std::optional<double> actual, const std::string& what) {
    Near(expected, actual.value_or(std::nan("")), what);
  }
  void Equal(const Json& expected, int64_t actual, const std::string& what) {
    ++compared_;
    if (kReadOtherwise.count(what) > 0) {
      EXPECT_NE(expected.AsInt(), actual) << what;
      return;
    }
    EXPECT_EQ(expected.AsInt(), actual) << what;
  }
  void Equal(const Json& expected, bool actual, const std::string& what) {
    ++compared_;
    EXPECT_EQ(expected.AsBool(), actual) << what;
  }

  void CheckTable() {
    const Json& table = expected_.At("table");
    Equal(table.At("n_rows"), profile_.rows, "n_rows");
    Equal(table.At("n_columns"), static_cast<int64_t>(profile_.columns.size()), "n_columns");
    Equal(table.At("n_cells_missing"), profile_.MissingCells(), "n_cells_missing");
    Near(table.At("p_cells_missing"),
         static_cast<double>(profile_.MissingCells()) /
             static_cast<double>(profile_.rows * static_cast<int64_t>(profile_.columns.size())),
         "p_cells_missing");
    Equal(table.At("n_duplicate_rows"), profile_.duplicate_rows, "n_duplicate_rows");
    Equal(table.At("n_rows_with_missing"), profile_.rows_with_missing, "n_rows_with_missing");
    const auto all_missing =
        std::count_if(profile_.columns.begin(), profile_.columns.end(),
                      [](const ColumnStatistics& column) { return column.count() == 0; });
    Equal(table.At("n_all_missing_columns"), int64_t{all_missing}, "n_all_missing_columns");
  }

  void CheckColumn(const ColumnStatistics& actual, const Json& expected) {
    const std::string& name = actual.name;
    Equal(expected.At("n"), actual.rows, name + " n");
    Equal(expected.At("count"), actual.count(), name + " count");
    Equal(expected.At("n_missing"), actual.missing, name + " n_missing");
    Near(expected.At("p_missing"), actual.MissingShare(), name + " p_missing");
    Equal(expected.At("n_distinct"), actual.distinct, name + " n_distinct");
    Equal(expected.At("n_unique"), actual.unique, name + " n_unique");
    EXPECT_EQ(actual.distinct_error, 0) << name;
    CheckTop(actual, expected.At("top_values").AsArray());
    if (expected.GetString("kind") == "numeric") {
      CheckNumbers(actual, expected);
    } else {
      CheckText(name, *actual.text, expected);
    }
  }

  void CheckTop(const ColumnStatistics& actual, const Json::Array& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_LT(i, actual.top_values.size()) << actual.name;
      const TopValue& top = actual.top_values[i];
      Json value = expected[i].AsArray()[0];
      if (actual.type == "boolean") value = value.AsString() == "True" ? "true" : "false";
      if (value.is_number()) {
        Near(value, top.value.AsDouble(), actual.name + " top value");
      } else {
        ++compared_;
        EXPECT_EQ(value.AsString(), top.value.AsString()) << actual.name;
      }
      Equal(expected[i].AsArray()[1], top.count, actual.name + " top count");
    }
  }

  void CheckNumbers(const ColumnStatistics& column, const Json& expected) {
    const NumberFigures& actual = *column.numbers;
    const std::string name = column.name + " ";
    Near(expected.At("p_distinct"),
         static_cast<double>(column.distinct) / static_cast<double>(column.count()),
         name + "p_distinct");
    Equal(expected.At("is_unique"), column.unique == column.count(), name + "is_unique");
    Equal(expected.At("n_infinite"), actual.infinite, name + "n_infinite");
    Equal(expected.At("n_zeros"), actual.zeros, name + "n_zeros");
    Equal(expected.At("n_negative"), actual.negatives, name + "n_negative");
    const std::pair<const char*, std::optional<double>> numbers[] = {
        {"mean", actual.mean},
        {"std_ddof1", actual.stddev},
        {"variance_ddof1", actual.variance},
        {"sum", actual.sum},
        {"min", actual.min},
        {"max", actual.max},
        {"range", actual.range},
        {"cv", actual.variation},
        {"kurtosis_pandas", actual.kurtosis},
        {"skewness_pandas", actual.skewness},
        {"median", actual.median},
        {"mad_median_abs_dev", actual.median_deviation},
        {"iqr", actual.quartile_range},
        {"mode_first", actual.mode.AsDouble()}};
    for (const auto& [key, value] : numbers) Near(expected.At(key), value, name + key);
    for (const auto& [q, value] : actual.quantiles)
      Near(expected.At("quantiles_linear").At(Json(q).Dump()), value, name + "quantile");
    EXPECT_EQ(expected.At("quantiles_linear").AsObject().size(), actual.quantiles.size());
    Equal(expected.At("monotonic_increasing"), actual.is_rising, name + "rising");
    Equal(expected.At("monotonic_decreasing"), actual.is_falling, name + "falling");
    CheckBins(expected.Find("histogram_auto"), actual.bins_auto, name + "auto");
    CheckBins(expected.Find("histogram_10"), actual.bins_10, name + "10");
    CheckBins(expected.Find("histogram_50"), actual.bins_50, name + "50");
    if (const Json* outliers = expected.Find("outliers_abs_z_gt_3_ddof0"))
      Equal(*outliers, actual.outliers_by_stddev, name + "outliers");
    if (const Json* outliers = expected.Find("outliers_iqr_1.5"))
      Equal(*outliers, actual.outliers_by_quartiles, name + "outliers iqr");
  }

  void CheckBins(const Json* expected, const std::optional<Histogram>& actual,
                 const std::string& name) {
    if (expected == nullptr) return;
    ASSERT_TRUE(actual.has_value()) << name;
    const Json::Array& edges = expected->At("edges").AsArray();
    const Json::Array& counts = expected->At("counts").AsArray();
    ASSERT_EQ(edges.size(), actual->edges.size()) << name;
    for (size_t i = 0; i < edges.size(); ++i) Near(edges[i], actual->edges[i], name + " edge");
    for (size_t i = 0; i < counts.size(); ++i)
      Equal(counts[i], actual->counts[i], fmt::format("{} count {}", name, i));
  }

  void CheckText(const std::string& name, const TextFigures& actual, const Json& expected) {
    Equal(expected.At("min_length"), actual.length_min, name + " min_length");
    Equal(expected.At("max_length"), actual.length_max, name + " max_length");
    Near(expected.At("mean_length"), actual.length_mean, name + " mean_length");
    Near(expected.At("median_length"), actual.length_median, name + " median_length");
    Near(expected.At("entropy_nats"), actual.entropy, name + " entropy");
    Near(expected.At("imbalance_1_minus_normalized_entropy"), actual.imbalance,
         name + " imbalance");
    Equal(expected.At("n_with_surrounding_whitespace"), actual.surrounded_by_blanks,
          name + " blanks");
    Equal(expected.At("n_empty_string"), actual.empty, name + " empty");
  }

  void CheckPairs(const char* method, const std::vector<PairValue>& actual) {
    const Json* expected = expected_.At("correlations").Find(method);
    if (expected == nullptr) return;
    std::map<std::pair<std::string, std::string>, double> found;
    for (const PairValue& pair : actual)
      found[{pair.a, pair.b}] = found[{pair.b, pair.a}] = pair.value;
    for (const auto& [a, row] : expected->AsObject()) {
      for (const auto& [b, value] : row.AsObject()) {
        if (a == b) continue;
        ASSERT_TRUE(found.count({a, b}) > 0) << method << a << b;
        Near(value, found.at({a, b}), fmt::format("{} {} {}", method, a, b));
      }
    }
  }

  static std::pair<std::string, std::string> Names(const std::string& key) {
    const size_t bar = key.find('|');
    return {key.substr(0, bar), key.substr(bar + 1)};
  }

  void CheckCategories() {
    std::map<std::pair<std::string, std::string>, CategoryAssociation> found;
    for (const auto& [pair, association] : profile_.associations.categorical)
      found[{pair.a, pair.b}] = association;
    for (const auto& [key, value] : expected_.At("cramers_v_plain").AsObject())
      Near(value, found.at(Names(key)).cramers_v, "cramer " + key);
    for (const auto& [key, value] : expected_.At("cramers_v_bias_corrected").AsObject())
      Near(value, found.at(Names(key)).cramers_v_corrected, "corrected " + key);
    for (const auto& [key, value] : expected_.At("theils_u_a_given_b").AsObject()) {
      const auto names = Names(key);
      const auto one = found.find(names);
      Near(value,
           one != found.end() ? one->second.uncertainty_a_given_b
                              : found.at({names.second, names.first}).uncertainty_b_given_a,
           "theil " + key);
    }
    std::map<std::pair<std::string, std::string>, double> ratios;
    for (const PairValue& pair : profile_.associations.correlation_ratio)
      ratios[{pair.a, pair.b}] = pair.value;
    for (const auto& [key, value] : expected_.At("correlation_ratio_eta").AsObject())
      Near(value, ratios.at(Names(key)), "eta " + key);
  }

  const Json expected_;
  TableProfile profile_;
  size_t compared_ = 0;
};

TEST(TableProfileGolden, AgreesOnDirtyFlights) {
  EXPECT_GT(Golden("dirty_flights").Check(), 900U);
}
TEST(TableProfileGolden, AgreesOnFlights) {
  EXPECT_GT(Golden("nyc_flights_2001h1").Check(), 400U);
}
TEST(TableProfileGolden, AgreesOnHotelRates) {
  EXPECT_GT(Golden("hotel_rates").Check(), 4000U);
}
TEST(TableProfileGolden, AgreesOnWeather) {
  EXPECT_GT(Golden("nyc_weather_hourly_2013").Check(), 2000U);
}
TEST(TableProfileGolden, AgreesOnPenguins) {
  EXPECT_GT(Golden("penguins").Check(), 900U);
}
TEST(TableProfileGolden, AgreesOnChurn) {
  EXPECT_GT(Golden("telco_churn_7k").Check(), 1500U);
}

}  // namespace
}  // namespace millwright::quality
