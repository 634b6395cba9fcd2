#include "inference/sklearn_transformers.h"

#include <cmath>

#include "base/error.h"
#include "inference/sklearn_encoders.h"

namespace millwright::inference {
namespace {

constexpr size_t kStepsMax = 32;
constexpr size_t kPartsMax = 1000;
constexpr size_t kDepthMax = 8;  // of transformers within one another
constexpr int64_t kComponentsMax = 100'000;

// What a scaler does to a column: (x - mean) / scale, or x * factor + offset.
struct Scale {
  std::vector<double> mean, scale;
  std::vector<double> factor, offset;
};

Scale ReadScale(const Json& step, size_t width) {
  Scale read;
  if (step.Find("factor") == nullptr) {
    read.mean = ReadNumbers(step, "mean");
    read.scale = ReadNumbers(step, "scale");
    RequireCount(read.mean.size(), width, "mean");
    RequireCount(read.scale.size(), width, "scale");
    return read;
  }
  read.factor = ReadNumbers(step, "factor");
  read.offset = ReadNumbers(step, "offset");
  RequireCount(read.factor.size(), width, "factor");
  RequireCount(read.offset.size(), width, "offset");
  return read;
}

std::string ScaleFloats(Scale by, const std::string& input, SklearnGraph* graph) {
  for (size_t i = 0; i < by.factor.size(); ++i) {
    by.mean.push_back(-by.offset[i] / by.factor[i]);
    by.scale.push_back(1 / by.factor[i]);
  }
  for (double& value : by.scale) value = 1 / value;
  return graph->Add({.op_type = "Scaler",
                     .domain = "ai.onnx.ml",
                     .inputs = {input},
                     .attributes = {{"offset", ToFloats(by.mean)}, {"scale", ToFloats(by.scale)}}});
}

// Does in the same order what scikit-learn does, so that the last bit is the same.
std::string ScaleDoubles(Scale by, const std::string& input, SklearnGraph* graph) {
  const auto cast = [graph](const std::string& from, int64_t type) {
    return graph->Add({.op_type = "Cast", .inputs = {from}, .attributes = {{"to", type}}});
  };
  const auto apply = [graph](const char* op_type, const std::string& to, std::vector<double> by) {
    const auto count = static_cast<int64_t>(by.size());
    return graph->Add(
        {.op_type = op_type, .inputs = {to, graph->Constant(std::move(by), {1, count})}});
  };
  constexpr int64_t kFloat = 1;
  constexpr int64_t kDouble = 11;
  const auto doubles = cast(input, kDouble);
  const auto scaled =
      by.factor.empty()
          ? apply("Div", apply("Sub", doubles, std::move(by.mean)), std::move(by.scale))
          : apply("Add", apply("Mul", doubles, std::move(by.factor)), std::move(by.offset));
  return cast(scaled, kFloat);
}

Blocks AddScaler(const Json& step, const Blocks& input, SklearnGraph* graph) {
  Block scaled = graph->Join(input, step.At("class").AsString());
  Scale by = ReadScale(step, scaled.width);
  scaled.tensor = graph->scaling() == SklearnGraph::Scaling::kAsDouble
                      ? ScaleDoubles(std::move(by), scaled.tensor, graph)
                      : ScaleFloats(std::move(by), scaled.tensor, graph);
  if (step.Find("clip") != nullptr) {
    const auto range = ToFloats(ReadNumbers(step, "clip"));
    RequireCount(range.size(), 2, "clip");
    const auto low = graph->Constant(std::vector<float>{range[0]}, {});
    const auto high = graph->Constant(std::vector<float>{range[1]}, {});
    scaled.tensor = graph->Add({.op_type = "Clip", .inputs = {scaled.tensor, low, high}});
  }
  return {std::move(scaled)};
}

// Numbers are filled in at once, texts when they are looked up.
Blocks AddImputer(const Json& step, const Blocks& input, SklearnGraph* graph) {
  const auto& fills = step.At("fill").AsArray("fill");
  RequireCount(fills.size(), WidthOf(input), "fill");
  const Json* missing = step.Find("missing");
  const bool missing_is_nan = missing == nullptr || missing->is_null();
  Blocks filled = input;
  size_t at = 0;
  for (Block& block : filled) {
    if (missing_is_nan) graph->LetMiss(block);
    if (block.is_text) {
      if (block.fill) {
        throw InvalidArgument("Two SimpleImputer of one column of texts cannot be converted");
      }
      block.fill = TextFill{.missing = missing_is_nan ? "" : missing->AsString("missing"),
                            .fill = fills[at++].AsString("fill")};
      continue;
    }
    std::vector<float> values;
    for (size_t i = 0; i < block.width; ++i, ++at) {
      if (fills[at].is_null()) {
        throw InvalidArgument("A SimpleImputer of a column without values cannot be converted");
      }
      values.push_back(static_cast<float>(fills[at].AsDouble("fill")));
    }
    const float replaced =
        missing_is_nan ? std::nanf("") : static_cast<float>(missing->AsDouble("missing"));
    block.tensor = graph->Add({.op_type = "Imputer",
                               .domain = "ai.onnx.ml",
                               .inputs = {block.tensor},
                               .attributes = {{"imputed_value_floats", std::move(values)},
                                              {"replaced_value_float", replaced}}});
  }
  return filled;
}

// Takes the mean away and projects: `components` are rows.
Blocks AddProjection(const Json& step, const Blocks& input, SklearnGraph* graph) {
  const Block block = graph->Join(input, step.At("class").AsString());
  const auto mean = ReadNumbers(step, "mean");
  RequireCount(mean.size(), block.width, "mean");
  const auto& rows = step.At("components").AsArray("components");
  const auto components = static_cast<int64_t>(rows.size());
  if (components < 1 || components > kComponentsMax) {
    throw InvalidArgument("The export has {} components", components);
  }
  const auto width = static_cast<int64_t>(block.width);
  std::vector<float> matrix(block.width * rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto& values = rows[row].AsArray("components");
    RequireCount(values.size(), block.width, "components");
    for (size_t i = 0; i < values.size(); ++i) {
      matrix[i * rows.size() + row] = static_cast<float>(values[i].AsDouble("components"));
    }
  }
  const auto centred = graph->Add(
      {.op_type = "Sub", .inputs = {block.tensor, graph->Constant(ToFloats(mean), {1, width})}});
  const auto projected =
      graph->Add({.op_type = "MatMul",
                  .inputs = {centred, graph->Constant(std::move(matrix), {width, components})}});
  return {{.tensor = projected, .width = rows.size()}};
}

Blocks AddBesideOneAnother(const Json& step, const Blocks& input, SklearnGraph* graph,
                           size_t depth);

Blocks AddAtDepth(const Json& step, const Blocks& input, SklearnGraph* graph, size_t depth) {
  const std::string& name = step.At("class").AsString("class");
  if (IsOneOf(name, {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"})) {
    return AddScaler(step, input, graph);
  }
  if (name == "SimpleImputer") return AddImputer(step, input, graph);
  if (name == "OneHotEncoder") return AddOneHotEncoder(step, input, graph);
  if (name == "OrdinalEncoder") return AddOrdinalEncoder(step, input, graph);
  if (IsOneOf(name, {"VarianceThreshold", "SelectKBest", "SelectPercentile", "SelectFromModel"})) {
    return graph->Select(input, ReadPositions(step, "columns", WidthOf(input)));
  }
  if (IsOneOf(name, {"PCA", "TruncatedSVD"})) return AddProjection(step, input, graph);
  if (IsOneOf(name, {"ColumnTransformer", "FeatureUnion"})) {
    return AddBesideOneAnother(step, input, graph, depth);
  }
  throw InvalidArgument("{} cannot be converted to ONNX", name);
}

Blocks AddInOrder(const Json::Array& steps, size_t count, Blocks input, SklearnGraph* graph,
                  size_t depth) {
  if (steps.size() > kStepsMax) {
    throw InvalidArgument("An export has at most {} steps one after another", kStepsMax);
  }
  for (size_t i = 0; i < count; ++i) input = AddAtDepth(steps[i], input, graph, depth);
  return input;
}

Blocks AddBesideOneAnother(const Json& step, const Blocks& input, SklearnGraph* graph,
                           size_t depth) {
  const auto& parts = step.At("parts").AsArray("parts");
  if (depth == kDepthMax || parts.size() > kPartsMax) {
    throw InvalidArgument("An export has at most {} transformers beside one another, {} deep",
                          kPartsMax, kDepthMax);
  }
  Blocks joined;
  for (const Json& part : parts) {
    const bool selects = part.Find("columns") != nullptr;
    const auto& steps = part.At("steps").AsArray("steps");
    Blocks blocks =
        selects ? graph->Select(input, ReadPositions(part, "columns", WidthOf(input))) : input;
    if (selects && blocks.empty()) continue;
    blocks = AddInOrder(steps, steps.size(), std::move(blocks), graph, depth + 1);
    joined.insert(joined.end(), blocks.begin(), blocks.end());
  }
  return joined;
}

}  // namespace

Blocks AddTransformers(const Json::Array& steps, size_t count, Blocks input, SklearnGraph* graph) {
  return AddInOrder(steps, count, std::move(input), graph, 0);
}

}  // namespace millwright::inference
