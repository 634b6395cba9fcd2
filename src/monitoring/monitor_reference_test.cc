#include "monitoring/monitor_reference.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "drift/evidently_preset.h"

namespace millwright::monitoring {
namespace {

using drift::DriftStatus;
using drift::FeatureDrift;

class MonitorReferenceTest : public testing::Test {
 protected:
  // A reference as it is read back from where it is kept.
  MonitorReference Make(const std::string& table, const MonitorSpec& spec,
                        const std::string& time_column = "") {
    return MonitorReference::FromJson(
        ParseJson(MakeMonitorReference(session_, table, spec, time_column).ToJson().Dump()));
  }

  std::map<std::string, FeatureDrift> Compare(const std::string& table, const MonitorSpec& spec,
                                              const MonitorReference& reference) {
    std::map<std::string, FeatureDrift> features;
    const int64_t rows = session_.Query("SELECT count(*) FROM " + table).Int(0, 0);
    for (FeatureDrift& feature : CompareWindow(session_, table, rows, spec, reference)) {
      features[feature.name] = std::move(feature);
    }
    return features;
  }

  // Every kind of column of Evidently's rule: many numbers, few numbers, two, categories, free
  // text.
  void MakeRows(const std::string& name, int rows, const std::string& shift) {
    session_.Execute(
        "CREATE TABLE " + name + " AS SELECT 3 * sin(0.37 * range) + 0.5 * (range % 17) + " +
        shift +
        " AS number, CASE WHEN range % 11 = 0 THEN NULL ELSE range % 4 END AS few, "
        "(range % 3 = 0) AS flag, ['a', 'b', 'c', 'd'][1 + (7 * range % 11) % 4] AS kind, "
        "'note ' || range AS note FROM range(" +
        std::to_string(rows) + ")");
  }

  // What Evidently's rule says when it reads the reference's rows themselves.
  std::map<std::string, FeatureDrift> Direct(const std::string& reference,
                                             const std::string& current) {
    std::map<std::string, FeatureDrift> features;
    for (auto& feature : drift::CompareAsEvidently(session_, reference, current).features) {
      features[feature.name] = std::move(feature);
    }
    return features;
  }

  analytics::Session session_;
};

MonitorSpec Evidently() {
  MonitorSpec spec;
  spec.preset = DriftPreset::kEvidently;
  return spec;
}

TEST_F(MonitorReferenceTest, SaysWhatEvidentlySaysOfASmallReference) {
  MakeRows("past", 900, "0");
  MakeRows("now", 700, "0.4");
  const auto kept = Compare("now", Evidently(), Make("past", Evidently()));
  const auto direct = Direct("past", "now");
  ASSERT_EQ(kept.size(), direct.size());
  for (const auto& [name, feature] : direct) {
    EXPECT_EQ(kept.at(name).method, feature.method) << name;
    EXPECT_EQ(kept.at(name).score, feature.score) << name;
    EXPECT_EQ(kept.at(name).drifted, feature.drifted) << name;
    EXPECT_EQ(kept.at(name).status, feature.status) << name;
  }
  EXPECT_EQ(kept.at("number").method, "ks");
  EXPECT_EQ(kept.at("note").status, DriftStatus::kNotApplicable);
}

TEST_F(MonitorReferenceTest, SaysNearlyTheSameOfALargeOne) {
  MakeRows("past", 60'000, "0");
  MakeRows("now", 5000, "0.4");
  const MonitorReference reference = Make("past", Evidently());
  EXPECT_LT(reference.ToJson().Dump().size(), size_t{600'000});
  const auto kept = Compare("now", Evidently(), reference);
  for (const auto& [name, feature] : Direct("past", "now")) {
    EXPECT_EQ(kept.at(name).method, feature.method) << name;
    EXPECT_EQ(kept.at(name).drifted, feature.drifted) << name;
    if (!feature.score) continue;
    EXPECT_NEAR(*kept.at(name).score, *feature.score, 0.002) << name;
  }
  EXPECT_EQ(kept.at("number").method, "wasserstein");
  EXPECT_TRUE(kept.at("number").drifted);
}

TEST_F(MonitorReferenceTest, TakesTestsAndThresholdsByFeature) {
  MakeRows("past", 900, "0");
  MakeRows("now", 700, "0.4");
  MonitorSpec spec = Evidently();
  spec.features = {"number", "kind"};
  spec.tests = {{"number", "psi"}};
  spec.test_thresholds = {{"number", 9}};
  const MonitorReference reference = Make("past", spec);
  CheckReference(spec, reference);
  const auto kept = Compare("now", spec, reference);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept.at("number").method, "psi");
  EXPECT_EQ(kept.at("number").threshold, 9);
  EXPECT_FALSE(kept.at("number").drifted);
  spec.tests = {{"nope", "psi"}};
  EXPECT_THROW(CheckReference(spec, reference), Error);
}

TEST_F(MonitorReferenceTest, FewRowsAreNotEnoughInEveryPreset) {
  MakeRows("past", 900, "0");
  MakeRows("now", 20, "5");
  for (DriftPreset preset :
       {DriftPreset::kMillwright, DriftPreset::kEvidently, DriftPreset::kPsi}) {
    MonitorSpec spec;
    spec.preset = preset;
    spec.features = {"number", "kind"};
    for (const auto& [name, feature] : Compare("now", spec, Make("past", spec))) {
      EXPECT_EQ(feature.status, DriftStatus::kNotEnoughData) << name;
      EXPECT_FALSE(feature.drifted || feature.score) << name;
      EXPECT_EQ(feature.note, "20 rows of at least 500");
    }
  }
}

// A difference that chance explains is none by the preset millwright, whatever its size, and one
// that chance does not explain is none while it is small.
TEST_F(MonitorReferenceTest, AnEffectMustBeLargeAndNoChance) {
  session_.Execute("CREATE TABLE past AS SELECT hash(range) % 1000 / 10.0 AS x FROM range(200000)");
  session_.Execute("CREATE TABLE few AS SELECT hash(range + 7) % 1000 / 10.0 AS x FROM range(40)");
  session_.Execute(
      "CREATE TABLE many AS SELECT hash(range + 7) % 1000 / 10.0 + 1 AS x FROM range(200000)");
  MonitorSpec ours, psi;
  ours.rows_min = psi.rows_min = 30;
  psi.preset = DriftPreset::kPsi;
  psi.psi_threshold = 0.1;
  EXPECT_TRUE(Compare("few", psi, Make("past", psi)).at("x").drifted);
  const FeatureDrift few = Compare("few", ours, Make("past", ours)).at("x");
  EXPECT_GT(*few.score, few.threshold);
  EXPECT_GT(*few.adjusted_p, 0.05);
  EXPECT_FALSE(few.drifted);
  const FeatureDrift many = Compare("many", ours, Make("past", ours)).at("x");
  EXPECT_LT(*many.adjusted_p, 1e-6);
  EXPECT_FALSE(many.drifted) << *many.score;
}

TEST_F(MonitorReferenceTest, TakesTextsThatAreTimesForTimesAndIdentifiersForNothing) {
  session_.Execute(
      "CREATE TABLE past AS SELECT strftime(TIMESTAMP '2024-01-01' + to_hours(range), "
      "'%Y-%m-%dT%H:%M:%S') AS sent_at, 'ORD' || hash(range) AS order_id, "
      "'o' || range // 240 || '-' || range % 240 AS number, "
      "epoch_ms(TIMESTAMP '2024-01-01' + to_hours(range)) AS t, range % 24 * 1.0 AS load "
      "FROM range(4800)");
  MonitorSpec spec;
  spec.season = drift::Season::kHour;
  const MonitorReference reference = Make("past", spec, "t");
  EXPECT_TRUE(reference.drift.vocabularies.empty());
  std::map<std::string, drift::Observation> observed;
  for (const auto& feature : reference.drift.features) observed[feature.name] = feature.observation;
  EXPECT_EQ(observed.count("sent_at:hour"), 1u);
  EXPECT_EQ(observed.count("order_id:length"), 1u);
  EXPECT_EQ(observed.count("number:length"), 1u);
  EXPECT_EQ(observed.count("number:oov"), 0u) << "the numbers to come are others";
  EXPECT_EQ(observed.count("t"), 0u);
  CheckReference(spec, reference);
  // The evenings of later days are like the evenings of before.
  session_.Execute(
      "CREATE TABLE now AS SELECT * REPLACE (epoch_ms(t) AS t) FROM past WHERE load >= 18");
  EXPECT_FALSE(Compare("now", spec, reference).at("load").drifted);
  spec.season = drift::Season::kNone;
  EXPECT_TRUE(Compare("now", spec, Make("past", spec, "t")).at("load").drifted);
}

}  // namespace
}  // namespace millwright::monitoring
