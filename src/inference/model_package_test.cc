#include "inference/model_package.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/booster.h"
#include "inference/mlmodel_file.h"
#include "inference/test_vectors.h"
#include "inference/tree_converter.h"

namespace millwright::inference {
namespace {

using testing::ModelFolder;

constexpr int64_t kCreatedMs = 1'795'000'000'123;

ModelPackage SomePackage(const std::vector<std::string>& columns) {
  ModelPackage package{.model_uuid = "0123456789abcdef0123456789abcdef",
                       .run_id = "it's a run",
                       .created_ms = kCreatedMs};
  package.signature = LoadEngine(ModelFolder("flights_late_xgb") / "model.ubj")->signature();
  for (const std::string& column : columns) {
    package.signature.columns.push_back(
        {.name = column, .type = DataType::kFp32, .optional = column != columns[0]});
  }
  package.input_example = ParseJson(R"({"columns":["a"],"data":[[1.5]]})");
  return package;
}

void WriteFlights(const std::filesystem::path& folder) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  const auto source = ModelFolder("flights_late_xgb") / "model.ubj";
  const std::string onnx = ConvertTreesToOnnx(Booster::Load(source), rows.columns);
  WriteModelPackage(folder, SomePackage(rows.columns), {.onnx = onnx, .ubj = ReadFile(source)});
}

TEST(ModelPackage, ReadsWhatItWrote) {
  const TempDir dir;
  WriteFlights(dir.path() / "model");
  const ModelPackage read = ReadModelPackage(dir.path() / "model");
  EXPECT_EQ(read.onnx_file, "model.onnx");
  EXPECT_EQ(read.xgboost_file, "model.ubj");
  EXPECT_EQ(read.model_uuid, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(read.run_id, "it's a run");
  EXPECT_EQ(read.created_ms, kCreatedMs);
  EXPECT_EQ(read.requirements,
            (std::vector<std::string>{"mlflow", "onnx", "onnxruntime", "xgboost"}));
  EXPECT_EQ(read.input_example.Dump(), R"({"columns":["a"],"data":[[1.5]]})");
  EXPECT_EQ(read.signature.columns[1].name, "day_of_week");
}

TEST(ModelPackage, ServesTheOnnxModelWithThePackagesColumns) {
  const TempDir dir;
  WriteFlights(dir.path());
  const auto engine = LoadModel(dir.path());
  EXPECT_FALSE(engine->signature().columns[0].optional);
  EXPECT_TRUE(engine->signature().columns[1].optional);
  const auto outputs = engine->Run({Tensor::OfFloats("X", {1, 11}, std::vector<float>(11))});
  EXPECT_EQ(outputs[1].shape, (std::vector<int64_t>{1, 2}));
}

TEST(ModelPackage, WritesTheSignatureInMlflowsSchema) {
  const TempDir dir;
  WriteFlights(dir.path());
  std::filesystem::remove(dir.path() / "signature.json");
  const std::string text = ReadFile(dir.path() / "MLmodel");
  EXPECT_NE(text.find(R"(inputs: '[{"type":"float","name":"minute_of_day","required":true},)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"({"name":"probabilities","type":"tensor","tensor-spec":)"
                      R"({"dtype":"float32","shape":[-1,2]}})"),
            std::string::npos);
  EXPECT_NE(text.find("utc_time_created: '2026-11-18 11:06:40.123000'"), std::string::npos) << text;
  EXPECT_EQ(ReadModelPackage(dir.path()).signature.columns.size(), 11U);
  EXPECT_EQ(LoadModel(dir.path())->signature().columns[0].name, "minute_of_day");
}

TEST(ModelPackage, CarriesWhatMlflowsLoadersAskFor) {
  const TempDir dir;
  WriteFlights(dir.path());
  const MlmodelFile mlmodel = ReadMlmodelFile(dir.path());
  const Json& pyfunc = mlmodel.flavors.At("python_function");
  EXPECT_EQ(pyfunc.GetString("loader_module"), "mlflow.xgboost");
  EXPECT_EQ(pyfunc.GetString("data"), "model.ubj");
  EXPECT_EQ(pyfunc.At("env").GetString("virtualenv"), "python_env.yaml");
  EXPECT_EQ(pyfunc.At("env").GetString("conda"), "conda.yaml");
  EXPECT_EQ(mlmodel.python_env.At("dependencies").Dump(), R"(["-r requirements.txt"])");
  EXPECT_EQ(mlmodel.conda.At("dependencies").AsArray()[2].At("pip").Dump(),
            R"(["mlflow","onnx","onnxruntime","xgboost"])");
  EXPECT_EQ(RuntimeOf(mlmodel), ModelRuntime::kOnnx);
  const auto bytes = std::filesystem::file_size(dir.path() / "model.onnx") +
                     std::filesystem::file_size(dir.path() / "model.ubj");
  EXPECT_NE(ReadFile(dir.path() / "MLmodel").find(fmt::format("model_size_bytes: {}\n", bytes)),
            std::string::npos);
}

TEST(ModelPackage, RefusesASignatureThatTheModelDoesNotTake) {
  const TempDir dir;
  WriteModelPackage(dir.path(), SomePackage({"a", "b"}),
                    {.ubj = ReadFile(ModelFolder("flights_late_xgb") / "model.ubj")});
  EXPECT_THROW(LoadModel(dir.path()), Error);
}

TEST(ModelPackage, RefusesFilesOutsideOfTheFolderAndUnknownFlavors) {
  const struct {
    const char* mlmodel;
    const char* reason;
  } kCases[] = {
      {"flavors:\n  onnx:\n    data: ../model.onnx\n", "Invalid path: ../model.onnx"},
      {"flavors:\n  onnx:\n    data: /etc/passwd\n", "Invalid path: /etc/passwd"},
      {"flavors:\n  onnx:\n    data: absent.onnx\n", "is absent: absent.onnx"},
      {"flavors:\n  onnx:\n    code: null\n", "names no data"},
      {"flavors:\n  sklearn:\n    data: model.pkl\n", "neither the flavor onnx nor xgboost"},
      {"run_id: x\n", "Missing field: flavors"},
      {"flavors: [\n", "Malformed YAML"},
  };
  for (const auto& one : kCases) {
    const TempDir dir;
    WriteFileDurably(dir.path() / "MLmodel", one.mlmodel);
    try {
      LoadModel(dir.path());
      FAIL() << one.mlmodel;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      EXPECT_NE(error.message().find(one.reason), std::string::npos) << error.message();
    }
  }
}

TEST(ModelPackage, ServesAFolderOrFileWithoutAnMlmodel) {
  EXPECT_EQ(LoadModel(ModelFolder("wine_rf"))->signature().inputs[0].name, "X");
  EXPECT_EQ(LoadModel(ModelFolder("wine_rf") / "model.onnx")->signature().inputs[0].name, "X");
  const TempDir dir;
  EXPECT_THROW(LoadModel(dir.path()), Error);
}

}  // namespace
}  // namespace millwright::inference
