#include "inference/sklearn_converter.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "inference/engine.h"

namespace millwright::inference {
namespace {

// Two columns, the first of texts: one-hot of the first beside the second, then a regression.
std::string Export(const std::string& encoder, const std::string& texts = "[0]") {
  return R"({"format": "scikit-learn", "features": 2, "feature_names": ["city", "size"], "texts": )" +
         texts + R"(, "steps": [{"class": "ColumnTransformer", "parts": [
           {"columns": [0], "steps": [)" +
         encoder + R"(]}, {"columns": [1], "steps": []}]},
           {"class": "Ridge", "coef": [[1, 2, 10]], "intercept": [0.5]}]})";
}

std::string Encoder(const std::string& unknown) {
  return R"({"class": "OneHotEncoder", "categories": [["Bath", "York"]], "dropped": [null],
             "unknown": ")" +
         unknown + "\"}";
}

float Ask(Engine& engine, const std::string& city, float size) {
  return *engine
              .Run({Tensor{.name = "city",
                           .type = DataType::kBytes,
                           .shape = {1, 1},
                           .strings = {city}},
                    Tensor::OfFloats("size", {1, 1}, {size})})
              .at(0)
              .As<float>();
}

std::unique_ptr<Engine> Converted(const std::string& document) {
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.onnx", ConvertSklearnToOnnx(ParseJson(document)));
  return LoadEngine(dir.path() / "model.onnx");
}

std::string WhyRefused(const std::string& document) {
  try {
    ConvertSklearnToOnnx(ParseJson(document));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(SklearnConverter, TakesColumnsOfTextsByName) {
  const auto engine = Converted(Export(Encoder("ignore")));
  EXPECT_EQ(Ask(*engine, "Bath", 1), 11.5F);
  EXPECT_EQ(Ask(*engine, "York", 1), 12.5F);
  EXPECT_EQ(Ask(*engine, "Rome", 1), 10.5F);
}

TEST(SklearnConverter, RefusesAnUnknownCategoryWhereTheEncoderDoes) {
  const auto engine = Converted(Export(Encoder("error")));
  EXPECT_EQ(Ask(*engine, "York", 0), 2.5F);
  try {
    Ask(*engine, "Rome", 0);
    FAIL() << "Rome was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_EQ(error.field(), "city");
  }
}

TEST(SklearnConverter, RefusesByName) {
  EXPECT_EQ(WhyRefused(Export(R"({"class": "Binarizer"})")),
            "Binarizer cannot be converted to ONNX");
  EXPECT_EQ(WhyRefused(Export("")), "The texts of column city cannot be converted for Ridge");
  EXPECT_EQ(WhyRefused(Export(Encoder("maybe"))), "handle_unknown=maybe cannot be converted");
  EXPECT_EQ(WhyRefused(Export(Encoder("ignore"), "[2]")), "The export refers to column 2 of 2");
}

}  // namespace
}  // namespace millwright::inference
