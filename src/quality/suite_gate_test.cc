#include "quality/suite_gate.h"

#include "base/error.h"
#include "lineage/lineage.h"
#include "registry/registry.h"
#include "storage/test_database.h"

namespace millwright::quality {
namespace {

const registry::ModelName kName("flights-late");

class SuiteGateTest : public storage::DatabaseTest {
 protected:
  void SetUp() override {
    registry_.CreateModel({.name = kName}, "ada");
    registry_.CreateVersion({.name = kName, .source = "s3://b/m", .run_id = "run1"}, "ada");
  }
  void Apply(std::string_view yaml) {
    registry_.SetGates(kName, registry::GateFile::FromYaml(yaml), "ada");
  }
  void Validate(const std::string& suite, const std::string& dataset, int64_t version,
                int64_t unsuccessful) {
    constexpr storage::Query kInsert = {
        "test.validation",
        "INSERT INTO validations (id, suite, dataset, version, success, evaluated, unsuccessful, "
        "result, created_ms, created_by) VALUES ($1, $2, $3, $4, $5, 20, $6, '{}', $7, 'ada')",
        ""};
    ++validations_;
    db().Write([&](storage::Connection& connection) {
      connection.Execute(kInsert, {std::to_string(validations_), suite, dataset, version,
                                   int64_t{unsuccessful == 0}, unsuccessful, validations_});
    });
  }
  void MadeOf(const std::string& from, const std::string& to) {
    db().Write(
        [&](storage::Connection& connection) { lineage_.Add(connection, from, to, "made"); });
  }
  std::string Reasons() {
    std::string text;
    for (const auto& verdict : registry_.JudgeMove(kName, {.alias = "champion"}, 1)) {
      text += fmt::format("{}{}{}", text.empty() ? "" : "; ", verdict.passed ? "" : "!",
                          verdict.reason);
    }
    return text;
  }

  int64_t validations_ = 0;
  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  lineage::LineageGraph lineage_{db(), clock_};
  const SuiteGate gate_;
  registry::Registry registry_{db(), events_, clock_, {&gate_}};
};

TEST_P(SuiteGateTest, AsksTheValidationOfWhatTheVersionWasMadeOf) {
  Apply("suites: [flights]");
  MadeOf("dataset:raw@2", "dataset:features@5");
  MadeOf("dataset:features@5", "run:run1");
  EXPECT_EQ(Reasons(), "!suite flights was never run on the datasets that the version was made of");
  Validate("flights", "raw", 3, 0);
  EXPECT_EQ(Reasons(), "!suite flights was never run on the datasets that the version was made of")
      << "another version of the data";
  Validate("flights", "raw", 2, 2);
  EXPECT_EQ(Reasons(), "!suite flights failed on raw@2: 18 of 20 expectations met");
  Validate("flights", "raw", 2, 0);
  EXPECT_EQ(Reasons(), "suite flights passed on raw@2: 20 of 20 expectations met");
}

TEST_P(SuiteGateTest, AsksTheNewestValidationWhereLineageKnowsNothing) {
  Apply("suites: [{suite: flights, dataset: late}]");
  EXPECT_EQ(Reasons(), "!suite flights was never run on late");
  Validate("flights", "other", 1, 0);
  EXPECT_EQ(Reasons(), "!suite flights was never run on late");
  Validate("flights", "late", 1, 0);
  Validate("flights", "late", 2, 1);
  EXPECT_EQ(Reasons(), "!suite flights failed on late@2: 19 of 20 expectations met");
}

MILLWRIGHT_ON_BOTH_DATABASES(SuiteGateTest);

}  // namespace
}  // namespace millwright::quality
