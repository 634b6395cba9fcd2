#include "quality/drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/stats/";

// A column of a golden input: present values, as numbers or as text.
struct Sample {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  bool integers = true;
};

Sample FromJson(const Json& values) {
  Sample sample;
  for (const Json& value : values.AsArray()) {
    if (value.is_null()) {
      sample.integers = false;
      continue;
    }
    if (value.is_string()) {
      const std::string& text = value.AsString();
      sample.integers = false;
      if (text == "NaN" || text == "Infinity" || text == "-Infinity") continue;
      sample.texts.push_back(text);
      continue;
    }
    sample.integers &= value.is_int();
    sample.texts.push_back(value.is_bool() ? (value.AsBool() ? "true" : "false") : value.Dump());
    if (value.is_number()) sample.numbers.push_back(value.AsDouble());
  }
  return sample;
}

class Samples {
 public:
  Samples() : edge_cases_(ParseJson(ReadFile(kData + "edge_cases.json"))) {}

  const Sample& Get(const std::string& name) {
    auto [found, added] = samples_.try_emplace(name);
    if (added) found->second = Read(name);
    return found->second;
  }

 private:
  Sample Read(const std::string& name) {
    const std::string file = name.substr(0, name.find(':'));
    std::string column = name.substr(name.find(':') + 1);
    if (file == "edge_cases") {
      const size_t colon = column.find(':');
      return FromJson(edge_cases_.At(column.substr(0, colon)).At(column.substr(colon + 1)));
    }
    if (files_.insert(file).second) {
      session_.Execute("CREATE TABLE " + file + " AS SELECT * FROM read_csv('" + kData + file +
                       ".csv.gz', header = true, all_varchar = true)");
    }
    const std::string quoted = analytics::QuoteName(column);
    const analytics::Table table =
        session_.Query("SELECT " + quoted + " FROM " + file + " WHERE " + quoted + " IS NOT NULL");
    const int64_t rows = session_.Query("SELECT count(*) FROM " + file).Int(0, 0);
    Sample sample;
    sample.integers = rows == static_cast<int64_t>(table.row_count());
    for (size_t row = 0; row < table.row_count(); ++row) {
      const std::string text = table.Text(row, 0);
      sample.texts.push_back(text);
      char* end = nullptr;
      const double number = std::strtod(text.c_str(), &end);
      if (*end == '\0' && std::isfinite(number)) sample.numbers.push_back(number);
      sample.integers &= text.find('.') == std::string::npos;
    }
    return sample;
  }

  analytics::Session session_;
  std::set<std::string> files_;  // that are tables
  const Json edge_cases_;
  std::map<std::string, Sample> samples_;
};

// Reads the files once for its tests, which takes longer than measuring. A session in a static
// would outlive what DuckDB keeps for the thread.
class DriftOfSamples : public testing::Test {
 protected:
  static void SetUpTestSuite() { samples_ = std::make_unique<Samples>(); }
  static void TearDownTestSuite() { samples_.reset(); }
  static inline std::unique_ptr<Samples> samples_;
};

BinnedSamples CountTexts(const Sample& reference, const Sample& current) {
  std::map<std::string, std::pair<int64_t, int64_t>> counts;
  for (const std::string& text : reference.texts) ++counts[text].first;
  for (const std::string& text : current.texts) ++counts[text].second;
  BinnedSamples binned;
  for (const auto& [text, count] : counts) {
    binned.reference.push_back(count.first);
    binned.current.push_back(count.second);
  }
  return binned;
}

// Distances within 1e-9, asymptotic p-values within 1e-7, both relative.
bool Near(double expected, double actual, double tolerance) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return expected == actual;
  if (expected < 1e-300 && actual < 1e-290) return true;
  return std::abs(expected - actual) <=
         std::max(1e-12 * (expected > 1e-9), tolerance * std::abs(expected));
}

double NumberOf(const Json& value) {
  if (value.is_number()) return value.AsDouble();
  return value.AsString() == "Infinity" ? INFINITY : NAN;
}

double Score(const std::string& test, const std::string& type, const Sample& reference,
             const Sample& current) {
  if (test == "ks") return KolmogorovSmirnov(reference.numbers, current.numbers).p_value;
  if (test == "wasserstein") return WassersteinNormed(reference.numbers, current.numbers);
  const BinnedSamples binned =
      type == "num" && test != "chisquare"
          ? BinSamples(reference.numbers, current.numbers, reference.integers && current.integers)
          : CountTexts(reference, current);
  if (test == "psi") return Psi(binned.reference, binned.current);
  if (test == "jensenshannon") return JensenShannonDistance(binned.reference, binned.current);
  return ChiSquare(binned.reference, binned.current).p_value;
}

// Rows of evidently_stattests.json that are judged otherwise here, by "test reference".
const std::map<std::string, std::string> kEvidentlyDifferences = {
    {"chisquare edge_cases:cat_constant_same:reference",
     "SciPy gives NaN for a single common value; nothing has changed, so p is 1 here"},
};

TEST_F(DriftOfSamples, AgreesWithEvidently) {
  Samples& samples = *samples_;
  int compared = 0;
  const Json golden = ParseJson(ReadFile(kData + "evidently_stattests.json"));
  for (const Json& row : golden.AsArray()) {
    const std::string test = row.GetString("test"), type = row.GetString("column_type");
    const std::string name = test + " " + row.GetString("reference");
    const Sample& reference = samples.Get(row.GetString("reference"));
    const Sample& current = samples.Get(row.GetString("current"));
    if (row.Has("error")) {
      EXPECT_THROW(Score(test, type, reference, current), Error) << name;
      continue;
    }
    const double expected = NumberOf(row.At("drift_score"));
    const double actual = Score(test, type, reference, current);
    const bool asymptotic = row.GetString("score_kind") == "p_value";
    const bool listed = kEvidentlyDifferences.count(name) > 0;
    EXPECT_EQ(Near(expected, actual, asymptotic ? 1e-7 : 1e-9), !listed)
        << name << " " << row.GetString("current") << " " << type << " expected " << expected
        << " actual " << actual;
    ++compared;
  }
  EXPECT_GE(compared, 300);
}

TEST_F(DriftOfSamples, AgreesWithSciPyOnKolmogorovSmirnov) {
  Samples& samples = *samples_;
  const Json golden = ParseJson(ReadFile(kData + "scipy_ks.json"));
  for (const Json& row : golden.AsArray()) {
    const Sample& reference = samples.Get(row.GetString("reference"));
    const Sample& current = samples.Get(row.GetString("current"));
    const std::string call = row.GetString("call");
    const KsMethod method = call.find("asymp") != std::string::npos   ? KsMethod::kAsymptotic
                            : call.find("exact") != std::string::npos ? KsMethod::kExact
                                                                      : KsMethod::kAuto;
    if (row.Has("error")) {
      EXPECT_THROW(KolmogorovSmirnov(reference.numbers, current.numbers, method), Error);
      continue;
    }
    const TestResult result = KolmogorovSmirnov(reference.numbers, current.numbers, method);
    EXPECT_TRUE(Near(NumberOf(row.At("statistic")), result.statistic, 1e-9)) << row.Dump();
    if (std::isnan(NumberOf(row.At("p_value")))) {
      EXPECT_EQ(result.p_value, 1);  // one row a side: exact here, undefined in SciPy
      continue;
    }
    const double tolerance = method == KsMethod::kExact ? 1e-9 : 1e-7;
    EXPECT_TRUE(Near(NumberOf(row.At("p_value")), result.p_value, tolerance))
        << row.Dump() << " " << result.p_value;
  }
}

TEST_F(DriftOfSamples, MakesTheBinsOfEvidently) {
  Samples& samples = *samples_;
  const Json golden = ParseJson(ReadFile(kData + "binning.json"));
  for (const Json& row : golden.AsArray()) {
    const Sample& reference = samples.Get(row.GetString("reference"));
    const Sample& current = samples.Get(row.GetString("current"));
    const BinnedSamples binned =
        BinSamples(reference.numbers, current.numbers, reference.integers && current.integers);
    if (binned.edges.empty()) continue;
    ASSERT_EQ(binned.edges.size(), row.At("edges").AsArray().size()) << row.GetString("reference");
    for (size_t i = 0; i < binned.edges.size(); ++i) {
      EXPECT_NEAR(binned.edges[i], row.At("edges").AsArray()[i].AsDouble(),
                  1e-9 * std::abs(binned.edges[i]) + 1e-12);
    }
    for (size_t i = 0; i < binned.reference.size(); ++i) {
      EXPECT_EQ(binned.reference[i], row.At("reference_counts").AsArray()[i].AsInt());
      EXPECT_EQ(binned.current[i], row.At("current_counts").AsArray()[i].AsInt());
    }
  }
}

class ReferenceDrift : public ::testing::Test {
 protected:
  ReferenceDrift() {
    session_.Execute(
        "CREATE TABLE reference AS SELECT (range * 7919 % 1000)::DOUBLE AS x, "
        "['a','b','c'][1 + range % 3] AS s, range % 5 AS few FROM range(10000)");
    profile_ = ProfileTable(session_, "reference");
  }
  analytics::Session session_;
  Profile profile_;
};

TEST_F(ReferenceDrift, SeesNoneInTheSameRowsAndMuchInOthers) {
  for (const FeatureDrift& feature : CompareWithReference(session_, "reference", profile_)) {
    ASSERT_TRUE(feature.score) << feature.name;
    EXPECT_NEAR(*feature.score, 0, 1e-12) << feature.name;
    EXPECT_FALSE(feature.drifted);
  }
  const std::string moved =
      "(SELECT x + 400 AS x, CASE WHEN s = 'a' THEN 'new' ELSE s END AS s, NULL::BIGINT AS few "
      "FROM reference)";
  for (const FeatureDrift& feature : CompareWithReference(session_, moved, profile_)) {
    EXPECT_TRUE(feature.drifted) << feature.name;
  }
}

TEST_F(ReferenceDrift, MatchesWholeNumbersOfAnotherType) {
  const auto features =
      CompareWithReference(session_, "(SELECT x, s, few::DOUBLE AS few FROM reference)", profile_);
  EXPECT_NEAR(*features[2].score, 0, 1e-12);
}

TEST_F(ReferenceDrift, SaysWhenThereIsNotEnoughDataOrNoColumn) {
  const auto features =
      CompareWithReference(session_, "(SELECT x, s FROM reference LIMIT 10)", profile_);
  EXPECT_EQ(features[0].status, DriftStatus::kNotEnoughData);
  EXPECT_FALSE(features[0].score);
  EXPECT_FALSE(features[0].drifted);
  EXPECT_EQ(features[2].status, DriftStatus::kMissingColumn);
}

TEST_F(ReferenceDrift, DrawsBothDistributionsOverTheSameBins) {
  const Distribution numbers =
      CompareDistribution(session_, "(SELECT x + 900 AS x FROM reference)", *profile_.Find("x"));
  ASSERT_EQ(numbers.edges.size(), numbers.reference.size() + 1);
  ASSERT_EQ(numbers.current.size(), numbers.reference.size());
  EXPECT_GT(numbers.current.back(), 0.9);
  const Distribution texts = CompareDistribution(session_, "reference", *profile_.Find("s"));
  EXPECT_EQ(texts.categories, (std::vector<std::string>{"a", "b", "c", "(other)"}));
  EXPECT_NEAR(texts.current[0], 0.3334, 1e-9);
  EXPECT_EQ(texts.current, texts.reference);
}

}  // namespace
}  // namespace millwright::quality
