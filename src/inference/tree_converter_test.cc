#include "inference/tree_converter.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/parity.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

using testing::ModelFolder;

std::unique_ptr<Engine> Converted(const Booster& booster, const std::vector<std::string>& names) {
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.onnx", ConvertTreesToOnnx(booster, names));
  return LoadEngine(dir.path() / "model.onnx");
}

Booster Train(const std::string& objective, const testing::FlightRows& rows) {
  const BoosterData data(rows.values, rows.columns.size(), rows.labels, 1);
  const BoosterData* const tables[] = {&data};
  Booster booster({{"objective", objective},
                   {"base_score", "0.2"},
                   {"num_class", objective == "multi:softprob" ? "3" : "0"},
                   {"max_depth", "4"},
                   {"tree_method", "hist"},
                   {"nthread", "1"}},
                  tables);
  for (int round = 0; round < 20; ++round) booster.Update(round, data);
  return booster;
}

TEST(TreeConverter, AgreesWithTheOriginalOnRowsWithMissingValues) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  const auto original = LoadEngine(ModelFolder("flights_late_xgb") / "model.ubj");
  const auto converted =
      Converted(Booster::Load(ModelFolder("flights_late_xgb") / "model.ubj"), rows.columns);
  const ParityReport report = Parity(*original, *converted, rows.values, rows.columns.size());
  EXPECT_EQ(report.row_count, 4000U);
  EXPECT_EQ(report.outputs[0].output, "label");
  EXPECT_EQ(report.outputs[0].max, 0);
  EXPECT_EQ(report.outputs[1].output, "probabilities");
  EXPECT_LE(report.outputs[1].max, 1e-6);
  EXPECT_EQ(report.max, report.outputs[1].max);
}

TEST(TreeConverter, AgreesWithTheVectorsOfTheOriginal) {
  const auto converted =
      Converted(Booster::Load(ModelFolder("flights_late_xgb") / "model.ubj"), {});
  const Json vectors = testing::Vectors("flights_late_xgb");
  for (const Json& vector_case : vectors.At("cases").AsArray()) {
    const auto outputs = converted->Run(testing::InputsOf(vector_case));
    const auto& expected = vector_case.At("expected_original").At("outputs").AsArray();
    EXPECT_EQ(outputs[0].data, testing::TensorFromJson(expected[0]).data);
    EXPECT_LE(testing::LargestDifference(outputs[1], testing::TensorFromJson(expected[1])), 1e-6);
  }
}

TEST(TreeConverter, NamesTheColumnsAndLetsThemBeMissing) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  const auto converted =
      Converted(Booster::Load(ModelFolder("flights_late_xgb") / "model.ubj"), rows.columns);
  const Signature& signature = converted->signature();
  ASSERT_EQ(signature.columns.size(), rows.columns.size());
  EXPECT_EQ(SignatureToJson(signature).At("columns").AsArray()[0].Dump(),
            R"({"name":"minute_of_day","datatype":"FP32","optional":true})");
}

TEST(TreeConverter, ConvertsWhatThisProgramTrains) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  for (const char* objective :
       {"binary:logistic", "multi:softprob", "reg:squarederror", "reg:squaredlogerror",
        "reg:absoluteerror", "reg:pseudohubererror", "count:poisson", "reg:tweedie"}) {
    const Booster booster = Train(objective, rows);
    const TempDir dir;
    WriteFileDurably(dir.path() / "model.ubj", booster.Save(Booster::Format::kUbj));
    const auto original = LoadEngine(dir.path() / "model.ubj");
    const auto converted = Converted(booster, rows.columns);
    const ParityReport report = Parity(*original, *converted, rows.values, rows.columns.size());
    EXPECT_EQ(report.row_count, 4000U) << objective;
    EXPECT_LE(report.max, 1e-6) << objective;
  }
}

TEST(TreeConverter, RefusesWhatItCannotConvert) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  EXPECT_THROW(ConvertTreesToOnnx(Train("binary:hinge", rows), rows.columns), Error);
  EXPECT_THROW(ConvertTreesToOnnx(Train("binary:logistic", rows), {"one", "two"}), Error);
}

TEST(Parity, RefusesToCompareOnNoRows) {
  const auto engine = LoadEngine(ModelFolder("flights_late_xgb") / "model.onnx");
  EXPECT_THROW(Parity(*engine, *engine, std::vector<float>(), 11), Error);
}

TEST(Parity, SaysHowFarApartTwoModelsAre) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  const auto original = LoadEngine(ModelFolder("flights_late_xgb") / "model.onnx");
  const auto other = Converted(Train("binary:logistic", rows), rows.columns);
  const ParityReport report = Parity(*original, *other, rows.values, rows.columns.size());
  EXPECT_GT(report.max, 0.1);
  EXPECT_GE(report.outputs[1].worst_row, 0);
  EXPECT_LE(report.outputs[1].p50, report.outputs[1].p99);
  EXPECT_EQ(ParityToJson(report).At("rows").AsInt(), 4000);
}

}  // namespace
}  // namespace millwright::inference
