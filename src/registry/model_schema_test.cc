#include "registry/model_schema.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::registry {
namespace {

// The changes of one side in short: "!" before those that break.
std::string Compare(const std::string& side, const std::string& before, const std::string& after) {
  const auto schema = [&](const std::string& fields) {
    return ModelSchema::FromJson(Json::Of({{side, ParseJson(fields)}}));
  };
  std::string text;
  for (const auto& change : CompareSchemas(schema(before), schema(after))) {
    text +=
        fmt::format("{}{}{}", text.empty() ? "" : "; ", change.breaks ? "!" : "", change.reason);
  }
  return text;
}

std::string Columns(const std::string& before, const std::string& after) {
  return Compare("inputs", before, after);
}

// Whether a column of one type is taken where another is declared.
bool Takes(const std::string& before, const std::string& after) {
  return Columns(fmt::format(R"([{{"name": "x", "type": "{}"}}])", before),
                 fmt::format(R"([{{"name": "x", "type": "{}"}}])", after))
             .find('!') == std::string::npos;
}

TEST(ModelSchema, WidensColumnsAsMlflowDoes) {
  const std::vector<std::string> types = {"boolean", "integer", "long",   "float",
                                          "double",  "string",  "binary", "datetime"};
  for (const auto& before : types) {
    for (const auto& after : types) {
      const bool widens = before == after ||
                          (before == "integer" && (after == "long" || after == "double")) ||
                          (before == "float" && after == "double");
      EXPECT_EQ(Takes(before, after), widens) << before << " to " << after;
    }
    EXPECT_TRUE(Takes(before, "any"));
  }
}

TEST(ModelSchema, TellsWhatHappenedToColumns) {
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}])",
                    R"([{"name": "a", "type": "long"}, {"name": "b", "type": "double"}])"),
            "!input b is new and required");
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}])",
                    R"([{"name": "a", "type": "long"},
                        {"name": "b", "type": "double", "required": false}])"),
            "input b is new");
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}, {"name": "b", "type": "string"}])",
                    R"([{"name": "b", "type": "string"}])"),
            "input a is no longer used");
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long", "required": false}])",
                    R"([{"name": "a", "type": "long", "required": true}])"),
            "!input a was optional and is required");
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}])",
                    R"([{"name": "a", "type": "integer", "required": false}])"),
            "!input a went from long to integer; input a was required and is optional");
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}, {"name": "b", "type": "long"}])",
                    R"([{"name": "b", "type": "long"}, {"name": "a", "type": "long"}])"),
            "")
      << "the order of named columns does not matter";
  EXPECT_EQ(Columns(R"([{"type": "long"}])", R"([{"type": "long"}, {"type": "double"}])"),
            "!input #2 is new and required")
      << "without names the place counts";
  EXPECT_EQ(Columns(R"([{"name": "a", "type": "long"}])", "[]"), "input a is no longer used");
  EXPECT_EQ(Columns("[]", R"([{"name": "a", "type": "long"}])"), "!input a is new and required");
}

TEST(ModelSchema, LooksIntoNestedTypes) {
  const auto wrap = [](const std::string& type) {
    return fmt::format(R"([{{"name": "x", {}}}])", type);
  };
  const auto breaks = [&](const std::string& before, const std::string& after) {
    return Columns(wrap(before), wrap(after)).starts_with('!');
  };
  const std::string ints = R"("type": "array", "items": {"type": "integer"})";
  const std::string longs = R"("type": "array", "items": {"type": "long"})";
  EXPECT_FALSE(breaks(ints, longs));
  EXPECT_TRUE(breaks(longs, ints));
  EXPECT_TRUE(breaks(longs, R"("type": "long")"));
  const std::string a = R"("type": "object", "properties": {"a": {"type": "string"}})";
  const std::string ab = R"("type": "object", "properties":
      {"a": {"type": "string"}, "b": {"type": "long"}})";
  const std::string a_b = R"("type": "object", "properties":
      {"a": {"type": "string"}, "b": {"type": "long", "required": false}})";
  EXPECT_TRUE(breaks(a, ab)) << "a required property more";
  EXPECT_FALSE(breaks(a, a_b)) << "an optional property more";
  EXPECT_TRUE(breaks(ab, a)) << "objects refuse properties that they do not know";
  EXPECT_TRUE(breaks(a_b, ab)) << "one that may be absent";
  EXPECT_FALSE(breaks(R"("type": "map", "values": {"type": "float"})",
                      R"("type": "map", "values": {"type": "double"})"));
  EXPECT_EQ(Columns(wrap(a), wrap(a_b)),
            "input x went from object(a: string) to object(a: string, b?: long)");
}

TEST(ModelSchema, WantsTensorsOfTheSameTypeAndAFittingShape) {
  const auto tensor = [](const std::string& dtype, const std::string& shape) {
    return fmt::format(
        R"([{{"name": "x", "type": "tensor", "tensor-spec": {{"dtype": "{}", "shape": {}}}}}])",
        dtype, shape);
  };
  EXPECT_EQ(Columns(tensor("float32", "[-1, 3]"), tensor("float64", "[-1, 3]")),
            "!input x went from float32 to float64");
  EXPECT_EQ(Columns(tensor("float32", "[-1, 3]"), tensor("float32", "[-1, -1]")),
            "input x went from shape [any,3] to [any,any]");
  EXPECT_EQ(Columns(tensor("float32", "[-1, 3]"), tensor("float32", "[8, 3]")),
            "!input x went from shape [any,3] to [8,3]");
  EXPECT_EQ(Columns(tensor("float32", "[-1, 3]"), tensor("float32", "[-1, 3, 1]")),
            "!input x went from shape [any,3] to [any,3,1]");
  EXPECT_EQ(Columns(tensor("float32", "[-1]"), R"([{"name": "x", "type": "float"}])"),
            "!input x was a tensor and is a column");
}

TEST(ModelSchema, LetsParamsComeAndGo) {
  const auto params = [](const std::string& before, const std::string& after) {
    return Compare("params", before, after);
  };
  const std::string integer = R"([{"name": "k", "type": "integer", "default": 1, "shape": null}])";
  const std::string one_double = R"([{"name": "k", "dtype": "double", "default": 1}])";
  const std::string doubles = R"([{"name": "k", "type": "double", "default": [], "shape": [-1]}])";
  EXPECT_EQ(params("[]", integer), "param k is new");
  EXPECT_EQ(params(integer, "[]"), "param k is no longer used");
  EXPECT_EQ(params(integer, one_double), "param k went from integer to double");
  EXPECT_EQ(params(one_double, integer), "!param k went from double to integer");
  EXPECT_EQ(params(one_double, doubles),
            "!param k went from shape one value to [any]; "
            "param k is [] and no longer 1 where a caller does not say");
  const std::string two = R"([{"name": "k", "type": "integer", "default": 2, "shape": null}])";
  EXPECT_EQ(params(integer, two), "param k is 2 and no longer 1 where a caller does not say");
}

TEST(ModelSchema, NeverBreaksByOutputs) {
  EXPECT_EQ(Compare("outputs", R"([{"name": "p", "type": "double"}])",
                    R"([{"name": "q", "type": "long"}])"),
            "output q is new; output p is no longer given");
}

TEST(ModelSchema, ReadsTheSignatureOfAnMlmodel) {
  const auto signature = SignatureOfMlmodel(R"(
flavors: {}
signature:
  inputs: '[{"type": "long", "name": "a", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}]'
  params: null
)");
  ASSERT_TRUE(signature);
  const auto schema = ModelSchema::FromJson(*signature);
  EXPECT_EQ(schema.inputs.at(0).name, "a");
  EXPECT_TRUE(schema.outputs.at(0).is_tensor);
  EXPECT_TRUE(schema.params.empty());
  EXPECT_EQ(SignatureOfMlmodel("flavors: {}"), std::nullopt);
}

TEST(ModelSchema, RefusesWhatIsNoSignature) {
  for (const char* text :
       {"signature: 7", "signature: {inputs: '7'}", "signature: {inputs: '[7]'}",
        "signature: {inputs: '[{\"name\": \"a\"}]'}", "signature: {inputs: '[{'}",
        "signature: {inputs: '[{\"type\": \"array\"}]'}",
        "signature: {inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {}}]'}"}) {
    EXPECT_THROW(SignatureOfMlmodel(text), Error) << text;
  }
}

TEST(ModelSchema, TellsTenBreaksAndHowManyMore) {
  std::string after = "[";
  for (int i = 0; i < 25; ++i) {
    after += fmt::format(R"({}{{"name": "c{}", "type": "long"}})", i == 0 ? "" : ",", i);
  }
  const auto schema = ModelSchema::FromJson(Json::Of({{"inputs", ParseJson(after + "]")}}));
  EXPECT_TRUE(Breaks(CompareSchemas({}, schema)).ends_with("c9 is new and required and 15 more"));
}

}  // namespace
}  // namespace millwright::registry
