#include "inference/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "inference/onnx_writer.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

using testing::ModelFolder;

void CheckOutput(const Tensor& actual, const Json& expected_json, double tolerance) {
  SCOPED_TRACE(actual.name);
  const Tensor expected = testing::TensorFromJson(expected_json);
  EXPECT_EQ(actual.name, expected.name);
  EXPECT_EQ(actual.shape, expected.shape);
  if (testing::IsFloat(actual.type)) {
    // An original may have answered in double precision.
    EXPECT_TRUE(testing::IsFloat(expected.type));
    EXPECT_LE(testing::LargestDifference(actual, expected), tolerance);
    return;
  }
  EXPECT_EQ(actual.type, expected.type);
  EXPECT_EQ(actual.data, expected.data);
  EXPECT_EQ(actual.strings, expected.strings);
}

void CheckVectors(Engine& engine, const std::string& model, const char* expected_key) {
  const Json vectors = testing::Vectors(model);
  const double tolerance = vectors.At("tolerance_abs").AsDouble();
  for (const Json& vector_case : vectors.At("cases").AsArray()) {
    if (vector_case.Find(expected_key) == nullptr) continue;
    SCOPED_TRACE(model + " " + vector_case.At("id").AsString());
    const std::vector<Tensor> outputs = engine.Run(testing::InputsOf(vector_case));
    const auto& expected = vector_case.At(expected_key).At("outputs").AsArray();
    ASSERT_EQ(outputs.size(), expected.size());
    for (size_t i = 0; i < outputs.size(); ++i) CheckOutput(outputs[i], expected[i], tolerance);
  }
}

std::string WhyRefused(Engine& engine, const std::vector<Tensor>& inputs, std::string* field) {
  try {
    engine.Run(inputs);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    *field = error.field();
    return error.message();
  }
  return "accepted";
}

// Every model that has vectors; one whose answer is a sequence of maps has a test of its own.
std::vector<std::string> ModelsWithVectors() {
  std::vector<std::string> models;
  for (const auto& entry : std::filesystem::directory_iterator(ModelFolder(""))) {
    const std::string name = entry.path().filename().string();
    if (name != "wine_rf_zipmap" && std::filesystem::exists(entry.path() / "vectors.json") &&
        std::filesystem::exists(entry.path() / "model.onnx")) {
      models.push_back(name);
    }
  }
  return models;
}

TEST(Engine, AnswersAsOnnxRuntimeOfAnotherVersion) {
  const auto models = ModelsWithVectors();
  EXPECT_EQ(models.size(), 11U);
  for (const std::string& model : models) {
    const auto engine = LoadEngine(ModelFolder(model) / "model.onnx");
    CheckVectors(*engine, model, "expected_onnxruntime");
  }
}

TEST(Engine, AnswersAsTheFrameworkThatTrainedTheModel) {
  for (const std::string& model : ModelsWithVectors()) {
    const auto engine = LoadEngine(ModelFolder(model) / "model.onnx");
    CheckVectors(*engine, model, "expected_original");
  }
}

TEST(Engine, AnswersWithTheBoosterItself) {
  const auto engine = LoadEngine(ModelFolder("flights_late_xgb") / "model.ubj");
  CheckVectors(*engine, "flights_late_xgb", "expected_original");
  const Signature& signature = engine->signature();
  EXPECT_EQ(SignatureToJson(signature).At("outputs").Dump(),
            R"([{"name":"label","datatype":"INT64","shape":[-1]},)"
            R"({"name":"probabilities","datatype":"FP32","shape":[-1,2]}])");
}

TEST(Engine, FlattensSequencesOfMaps) {
  const auto engine = LoadEngine(ModelFolder("wine_rf_zipmap") / "model.onnx");
  EXPECT_EQ(SignatureToJson(engine->signature()).At("outputs").Dump(),
            R"([{"name":"label","datatype":"BYTES","shape":[-1]},)"
            R"({"name":"output_probability","datatype":"FP32","shape":[-1,-1]},)"
            R"({"name":"output_probability_keys","datatype":"BYTES","shape":[-1]}])");
  const Json vectors = testing::Vectors("wine_rf_zipmap");
  const double tolerance = vectors.At("tolerance_abs").AsDouble();
  for (const Json& vector_case : vectors.At("cases").AsArray()) {
    const auto outputs = engine->Run(testing::InputsOf(vector_case));
    const auto& maps =
        vector_case.At("expected_onnxruntime").At("outputs").AsArray()[1].At("data").AsArray();
    ASSERT_EQ(outputs.size(), 3U);
    EXPECT_EQ(outputs[1].shape, (std::vector<int64_t>{static_cast<int64_t>(maps.size()), 3}));
    EXPECT_EQ(outputs[2].strings, (std::vector<std::string>{"class_0", "class_1", "class_2"}));
    for (size_t row = 0; row < maps.size(); ++row) {
      for (size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(outputs[1].As<float>()[row * 3 + c],
                    maps[row].At(outputs[2].strings[c]).AsDouble(), tolerance);
      }
    }
  }
}

template <typename Work>
std::string FailureOf(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "accepted";
}

std::vector<float> FloatsOf(const Tensor& tensor) {
  return {tensor.As<float>(), tensor.As<float>() + tensor.element_count()};
}

Tensor Counted(const std::string& name, std::vector<int64_t> shape) {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0F);
  return Tensor::OfFloats(name, std::move(shape), std::move(values));
}

std::unique_ptr<Engine> LoadContainer(const std::string& name) {
  return LoadEngine(ModelFolder("containers") / (name + ".onnx"));
}

TEST(Engine, StacksTheTensorsOfASequence) {
  const auto engine = LoadContainer("sequence_out");
  EXPECT_EQ(SignatureToJson(engine->signature()).At("outputs").Dump(),
            R"([{"name":"parts","datatype":"FP32","shape":[-1,-1,4]}])");
  const auto outputs = engine->Run({Counted("X", {3, 4})});
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape, (std::vector<int64_t>{3, 1, 4}));
  EXPECT_EQ(FloatsOf(outputs[0]), FloatsOf(Counted("X", {12})));
}

TEST(Engine, RefusesASequenceThatNoTensorCanSay) {
  const auto engine = LoadContainer("uneven_sequence_out");
  EXPECT_EQ(FailureOf([&] {
              engine->Run({Counted("X", {2, 4})});
            }),
            "Output parts: the tensors of a sequence differ in shape, which no protocol says");
}

TEST(Engine, TakesATensorAsASequence) {
  const auto engine = LoadContainer("sequence_in");
  EXPECT_EQ(SignatureToJson(engine->signature()).At("inputs").Dump(),
            R"([{"name":"parts","datatype":"FP32","shape":[-1,-1,4]}])");
  const auto outputs = engine->Run({Counted("parts", {3, 2, 4})});
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].shape, (std::vector<int64_t>{6, 4}));
  EXPECT_EQ(FloatsOf(outputs[0]), FloatsOf(Counted("X", {24})));
  EXPECT_EQ(FailureOf([&] {
              engine->Run({Counted("parts", {0, 2, 4})});
            }),
            "Input parts: a sequence must have at least one tensor");
}

TEST(Engine, LetsAnOptionalInputBeAbsent) {
  const auto engine = LoadContainer("optional_in");
  EXPECT_EQ(SignatureToJson(engine->signature()).At("inputs").Dump(),
            R"([{"name":"X","datatype":"FP32","shape":[-1,4]},)"
            R"({"name":"bias","datatype":"FP32","shape":[4],"optional":true}])");
  EXPECT_EQ(FloatsOf(engine->Run({Counted("X", {1, 4}), Counted("bias", {4})})[0]),
            (std::vector<float>{0, 2, 4, 6}));
  EXPECT_EQ(FloatsOf(engine->Run({Counted("X", {1, 4})})[0]), (std::vector<float>{0, 1, 2, 3}));
}

TEST(Engine, FlattensMapsWhoseLabelsAreNumbers) {
  const auto engine = LoadContainer("maps_out");
  EXPECT_EQ(SignatureToJson(engine->signature()).At("outputs").Dump(),
            R"([{"name":"scores","datatype":"FP32","shape":[-1,-1]},)"
            R"({"name":"scores_keys","datatype":"INT64","shape":[-1]}])");
  const auto outputs = engine->Run({Counted("X", {2, 4})});
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].shape, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(FloatsOf(outputs[0]), FloatsOf(Counted("X", {8})));
  const auto* keys = outputs[1].As<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(keys, keys + 4), (std::vector<int64_t>{3, 5, 7, 11}));
}

TEST(Engine, SaysWhichInputCannotBeAskedFor) {
  EXPECT_EQ(FailureOf([] { LoadContainer("map_in"); }),
            "Input counts is a map; only tensors and sequences of tensors can be asked for");
}

// The vectors carry the state from step to step as another version gave it; here it is our own.
TEST(Engine, CarriesTheStateOfASequence) {
  const auto engine = LoadEngine(ModelFolder("silero_vad_v5") / "model.onnx");
  const Json vectors = testing::Vectors("silero_vad_v5");
  const double tolerance = vectors.At("tolerance_abs").AsDouble();
  std::vector<Tensor> state;
  for (const Json& step : vectors.At("cases").AsArray()) {
    SCOPED_TRACE(step.At("id").AsString());
    auto inputs = testing::InputsOf(step);
    ASSERT_EQ(inputs[1].name, "state");
    if (!state.empty()) inputs[1].data = state[1].data;
    state = engine->Run(inputs);
    const auto& expected = step.At("expected_onnxruntime").At("outputs").AsArray();
    for (size_t i = 0; i < state.size(); ++i) CheckOutput(state[i], expected[i], tolerance);
  }
}

TEST(Engine, NamesColumnsFromTheModelsMetadata) {
  const auto engine = LoadEngine(ModelFolder("flights_late_xgb") / "model.onnx");
  ASSERT_EQ(engine->signature().columns.size(), 11U);
  EXPECT_EQ(engine->signature().columns[0].name, "minute_of_day");
  EXPECT_EQ(engine->signature().columns[10].name, "dest_prev_hour_mean_delay");
}

TEST(Engine, RefusesWrongInputsByName) {
  const auto engine = LoadEngine(ModelFolder("breast_cancer_lr") / "model.onnx");
  const Tensor good = Tensor::OfFloats("X", {1, 30}, std::vector<float>(30));
  Tensor integers{.name = "X", .type = DataType::kInt64, .shape = {1, 30}};
  integers.data.resize(30 * sizeof(int64_t));
  Tensor short_data = good;
  short_data.data.resize(8);
  const struct {
    std::vector<Tensor> inputs;
    const char* field;
    const char* message;
  } kCases[] = {
      {{}, "X", "Input X: missing; expected FP32 [-1,30]"},
      {{good, good}, "X", "Input X: given twice"},
      {{Tensor::OfFloats("Z", {1}, {0})}, "Z", "Input Z: unknown; the model takes X"},
      {{integers}, "X", "Input X: expected FP32, got INT64"},
      {{Tensor::OfFloats("X", {1, 29}, std::vector<float>(29))},
       "X",
       "Input X: expected FP32 [-1,30], got FP32 [1,29]"},
      {{Tensor::OfFloats("X", {30}, std::vector<float>(30))},
       "X",
       "Input X: expected FP32 [-1,30], got FP32 [30]"},
      {{Tensor::OfFloats("X", {-1, 30}, {})},
       "X",
       "Input X: a dimension is negative: FP32 [-1,30]"},
      {{short_data}, "X", "Input X: FP32 [1,30] needs 120 bytes, got 8"},
      {{Tensor::OfFloats("X", {int64_t{1} << 62, 30}, {})},
       "X",
       "Tensor X: the shape is negative or too large"},
  };
  for (const auto& one : kCases) {
    std::string field;
    EXPECT_EQ(WhyRefused(*engine, one.inputs, &field), one.message);
    EXPECT_EQ(field, one.field);
  }
  EXPECT_EQ(engine->Run({good}).size(), 2U);
}

TEST(Engine, RefusesColumnsOfUnequalLength) {
  const auto engine = LoadEngine(ModelFolder("credit_columns") / "model.onnx");
  auto inputs = testing::InputsOf(testing::Vectors("credit_columns").At("cases").AsArray()[0]);
  inputs[1].shape = {2, 1};
  inputs[1].data.resize(2 * sizeof(float));
  std::string field;
  EXPECT_EQ(WhyRefused(*engine, inputs, &field),
            "Input Time: dimension 0 is 2, but input Seniority gives N = 1");
  EXPECT_EQ(field, "Time");
}

TEST(Engine, TakesInputsInAnyOrderAndKeepsNulInStrings) {
  const auto engine = LoadEngine(ModelFolder("identity_all_types") / "model.onnx");
  auto inputs = testing::InputsOf(testing::Vectors("identity_all_types").At("cases").AsArray()[0]);
  std::reverse(inputs.begin(), inputs.end());
  for (Tensor& input : inputs) {
    if (input.type == DataType::kBytes) input.strings[0] = std::string("a\0b", 3);
  }
  for (const Tensor& output : engine->Run(inputs)) {
    if (output.type != DataType::kBytes) continue;
    EXPECT_EQ(output.strings[0], std::string("a\0b", 3));
  }
}

TEST(Engine, AnswersAnEmptyBatch) {
  for (const char* file : {"model.onnx", "model.ubj"}) {
    const auto engine = LoadEngine(ModelFolder("flights_late_xgb") / file);
    const auto outputs = engine->Run({Tensor::OfFloats("X", {0, 11}, {})});
    EXPECT_EQ(outputs[1].shape, (std::vector<int64_t>{0, 2})) << file;
    EXPECT_TRUE(outputs[1].data.empty()) << file;
  }
}

TEST(Engine, AnswersWhenTheModelDeclaresAWrongShape) {
  // NonZero gives as many columns as there are values that are not zero, whatever is declared.
  OnnxModel model{.name = "wrong"};
  model.nodes = {{.op_type = "NonZero", .inputs = {"X"}, .outputs = {"Y"}}};
  model.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1}}};
  model.outputs = {{.name = "Y", .type = DataType::kInt64, .shape = {1, -1}}};
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.onnx", SerializeOnnxModel(model));
  const auto engine = LoadEngine(dir.path() / "model.onnx");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(engine->Run({Tensor::OfFloats("X", {3}, {1, 2, 3})})[0].shape,
              (std::vector<int64_t>{1, 3}));
    const auto outputs = engine->Run({Tensor::OfFloats("X", {3}, {1, 0, 3})});
    EXPECT_EQ(outputs[0].shape, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(outputs[0].As<int64_t>()[1], 2);
  }
}

TEST(Engine, FailsARunThatAsksForAbsurdMemory) {
  OnnxModel model{.name = "huge"};
  model.nodes = {{.op_type = "ConstantOfShape", .inputs = {"X"}, .outputs = {"big"}},
                 {.op_type = "ReduceSum", .inputs = {"big"}, .outputs = {"Y"}}};
  model.inputs = {{.name = "X", .type = DataType::kInt64, .shape = {2}}};
  model.outputs = {{.name = "Y", .type = DataType::kFp32, .shape = {1, 1}}};
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.onnx", SerializeOnnxModel(model));
  const auto engine = LoadEngine(dir.path() / "model.onnx");
  Tensor shape{.name = "X", .type = DataType::kInt64, .shape = {2}};
  shape.data.resize(2 * sizeof(int64_t));
  shape.As<int64_t>()[0] = int64_t{1} << 20;
  shape.As<int64_t>()[1] = int64_t{1} << 20;
  try {
    engine->Run({shape});
    FAIL() << "4 TiB were there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInternal);
  }
  shape.As<int64_t>()[0] = 2;
  shape.As<int64_t>()[1] = 3;
  EXPECT_EQ(engine->Run({shape}).size(), 1U);
}

TEST(Engine, KeepsItsAnswerApartFromTheRequest) {
  OnnxModel model{.name = "same"};
  model.nodes = {{.op_type = "Identity", .inputs = {"X"}, .outputs = {"Y"}}};
  model.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1}}};
  model.outputs = {{.name = "Y", .type = DataType::kFp32, .shape = {-1}}};
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.onnx", SerializeOnnxModel(model));
  const auto engine = LoadEngine(dir.path() / "model.onnx");
  std::vector<Tensor> inputs = {Tensor::OfFloats("X", {2}, {1, 2})};
  const auto outputs = engine->Run(inputs);
  inputs[0].As<float>()[0] = 9;
  EXPECT_EQ(outputs[0].As<float>()[0], 1);
  EXPECT_EQ(outputs[0].As<float>()[1], 2);
}

TEST(Engine, SaysWhatTheModelSaysWhenItFails) {
  const auto engine = LoadEngine(ModelFolder("gather_out_of_range") / "model.onnx");
  const TensorSpec& spec = engine->signature().inputs[0];
  Tensor input{.name = spec.name, .type = spec.type, .shape = {1}};
  input.data.resize(sizeof(int64_t));
  ASSERT_EQ(spec.type, DataType::kInt64);
  *input.As<int64_t>() = 99;
  try {
    engine->Run({input});
    FAIL() << "the index is out of range";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInternal);
    EXPECT_NE(error.message().find("idx=99"), std::string::npos) << error.message();
  }
  *input.As<int64_t>() = 3;
  EXPECT_EQ(engine->Run({input}).size(), 1U);
}

TEST(Engine, ServesManyThreadsAtOnce) {
  for (const char* file : {"model.onnx", "model.ubj"}) {
    const auto engine = LoadEngine(ModelFolder("flights_late_xgb") / file);
    const Json vectors = testing::Vectors("flights_late_xgb");
    const auto inputs = testing::InputsOf(vectors.At("cases").AsArray()[2]);
    const auto expected = engine->Run(inputs);
    std::atomic<int> wrong = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < 50; ++i) {
            if (engine->Run(inputs)[1].data != expected[1].data) ++wrong;
          }
        });
      }
    }
    EXPECT_EQ(wrong.load(), 0) << file;
  }
}

TEST(Engine, LoadsOnlyWhatItKnows) {
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.pkl", "x");
  WriteFileDurably(dir.path() / "model.ubj", "not a booster");
  EXPECT_THROW(LoadEngine(dir.path() / "model.pkl"), Error);
  EXPECT_THROW(LoadEngine(dir.path() / "model.ubj"), Error);
  EXPECT_THROW(LoadEngine(dir.path() / "absent.onnx"), Error);
}

TEST(Signature, SurvivesJson) {
  const Signature signature{
      .inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 2}},
                 {.name = "Y", .type = DataType::kBytes, .shape = {}, .optional = true}},
      .outputs = {{.name = "Z", .type = DataType::kUint64, .shape = {-1}}},
      .columns = {{.name = "a", .type = DataType::kFp64}, {.name = "b", .optional = true}}};
  const std::string text = SignatureToJson(signature).Dump();
  EXPECT_EQ(SignatureToJson(SignatureFromJson(ParseJson(text))).Dump(), text);
}

}  // namespace
}  // namespace millwright::inference
