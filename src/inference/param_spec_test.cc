#include "inference/param_spec.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::inference {
namespace {

// As mlflow.models.infer_signature writes them, and one of MLflow 2.6.
constexpr char kParams[] = R"([
  {"name": "temperature", "type": "double", "default": 0.5, "shape": null},
  {"name": "top_k", "type": "integer", "default": 40, "shape": null},
  {"name": "seed", "type": "long", "default": null, "shape": null},
  {"name": "stop", "type": "string", "default": ["end"], "shape": [-1]},
  {"name": "greedy", "dtype": "boolean", "default": false},
  {"name": "weight", "type": "float", "default": 1, "shape": null},
  {"name": "as_of", "type": "datetime", "default": "2024-01-01T00:00:00Z", "shape": null},
  {"name": "form", "type": "object", "default": {"a": 1}, "shape": null}])";

// The params that the model gets of those which the request gives, or what is wrong.
std::string Completed(const std::string& given) {
  try {
    return CompleteParams(ParamsFromJson(ParseJson(kParams)), ParseJson(given)).Dump();
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(ParamSpec, DefaultsStandForWhatIsNotGiven) {
  const std::string defaults =
      R"({"temperature":0.5,"top_k":40,"seed":null,"stop":["end"],"greedy":false,"weight":1,)"
      R"("as_of":"2024-01-01T00:00:00Z","form":{"a":1}})";
  EXPECT_EQ(Completed("null"), defaults);
  EXPECT_EQ(Completed("{}"), defaults);
  EXPECT_EQ(Completed(R"({"nobody":1})"), defaults) << "unknown names are left out, as in MLflow";
}

TEST(ParamSpec, GivenValuesKeepTheTypeOfTheSignature) {
  EXPECT_EQ(Completed(R"({"temperature":1,"top_k":3,"seed":9007199254740993,"stop":[],
                          "greedy":true,"weight":0.25,"as_of":"2025-02-03T04:05:06Z","form":{}})"),
            R"({"temperature":1.0,"top_k":3,"seed":9007199254740993,"stop":[],"greedy":true,)"
            R"("weight":0.25,"as_of":"2025-02-03T04:05:06Z","form":{}})");
}

TEST(ParamSpec, OtherTypesAreRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"temperature":"hot"})", "Param temperature: expected double, got string"},
      {R"({"temperature":true})", "Param temperature: expected double, got boolean"},
      {R"({"temperature":null})", "Param temperature: expected double, got null"},
      {R"({"temperature":[1]})", "Param temperature: expected double, got array"},
      {R"({"top_k":1.5})", "Param top_k: expected integer, got number"},
      {R"({"top_k":3000000000})", "Param top_k: the value does not fit integer"},
      {R"({"weight":1e300})", "Param weight: the value does not fit float"},
      {R"({"stop":"end"})", "Param stop: expected a list of string, got string"},
      {R"({"stop":["a",1]})", "Param stop: expected string, got number"},
      {R"({"greedy":1})", "Param greedy: expected boolean, got number"},
      {R"({"as_of":"soon"})", "Param as_of: not a time of RFC 3339: soon"},
      {R"({"form":[]})", "Param form: expected object, got array"},
      {"[]", "params must be an object, not array"},
  };
  for (const auto& [given, message] : cases) EXPECT_EQ(Completed(given), message) << given;
}

TEST(ParamSpec, WritesWhatItReads) {
  const auto specs = ParamsFromJson(ParseJson(kParams));
  EXPECT_EQ(ParamsFromJson(ParamsToJson(specs)), specs);
}

}  // namespace
}  // namespace millwright::inference
