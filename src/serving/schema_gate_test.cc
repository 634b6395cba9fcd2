#include "serving/schema_gate.h"

#include <fmt/format.h>

#include <functional>

#include "base/error.h"
#include "registry/registry.h"
#include "serving/endpoint_store.h"
#include "storage/test_database.h"

namespace millwright::serving {
namespace {

using registry::ModelName;

const ModelName kName("flights-late");
const EndpointName kEndpoint("arrivals");

class SchemaGateTest : public storage::DatabaseTest {
 protected:
  void SetUp() override { registry_.CreateModel({.name = kName}, "ada"); }

  // Registers a version that takes the columns.
  int64_t NewVersion(const std::string& inputs) {
    std::optional<Json> schema;
    if (!inputs.empty()) schema = Json::Of({{"inputs", ParseJson(inputs)}});
    return registry_
        .CreateVersion(
            {.name = ModelName(name_), .source = "s3://b/m", .schema = std::move(schema)}, "ada")
        .version;
  }
  // Registers a version without an MLmodel whose loaded model takes a tensor of so many values a
  // row.
  int64_t NewLoaded(int values) {
    const Json signature = ParseJson(fmt::format(
        R"({{"inputs": [{{"name": "X", "datatype": "FP32", "shape": [-1, {}]}}], "columns": []}})",
        values));
    return registry_
        .CreateVersion({.name = ModelName(name_), .source = "s3://b/m", .signature = signature},
                       "ada")
        .version;
  }
  void Deploy(int64_t version) {
    clock_.Advance(1);
    endpoints_.Deploy(kEndpoint, name_, {std::to_string(version), "/models/m"}, "ada");
    if (endpoints_.Get(kEndpoint).promoting) endpoints_.FinishPromotion(kEndpoint, "ada");
  }
  std::string Move(int64_t version, const std::string& alias = "champion") {
    try {
      registry_.SetAlias(ModelName(name_), {alias, version}, "ada");
    } catch (const Error& error) {
      return error.message();
    }
    return "moved";
  }

  static constexpr const char* kTwo =
      R"([{"name": "distance", "type": "integer"}, {"name": "delay", "type": "double"}])";
  static constexpr const char* kWider =
      R"([{"name": "distance", "type": "long"}, {"name": "delay", "type": "double"}])";
  static constexpr const char* kThree =
      R"([{"name": "distance", "type": "integer"}, {"name": "delay", "type": "integer"},
          {"name": "carrier", "type": "string"}])";

  std::string name_ = kName.str();
  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  const SchemaGate gate_;
  registry::Registry registry_{db(), events_, clock_, {&gate_}};
  EndpointStore endpoints_{db(), events_, clock_};
};

TEST_P(SchemaGateTest, ComparesLoadedModelsWhereNothingIsDeclared) {
  NewLoaded(10);
  NewLoaded(30);
  NewLoaded(10);
  NewVersion(kTwo);
  EXPECT_EQ(Move(1), "moved");
  Deploy(1);
  EXPECT_EQ(Move(2),
            "The gate of flights-late refused alias 'champion' for version 2: version 2 breaks "
            "callers of endpoint arrivals, which serves version 1: input X went from shape "
            "[any,10] to [any,30] (raise the endpoint's API version above 1 to let it pass)");
  EXPECT_THROW(Deploy(2), Error);
  EXPECT_EQ(Move(3), "moved") << "it takes the same";
  EXPECT_EQ(Move(4), "moved") << "nothing of the same kind is known of both";
}

TEST_P(SchemaGateTest, RefusesWhatCallersOfAnEndpointWouldBreakOn) {
  NewVersion(kTwo);
  NewVersion(kWider);
  NewVersion(kThree);
  EXPECT_EQ(Move(1), "moved");
  EXPECT_EQ(Move(3), "moved") << "nothing is deployed";
  EXPECT_EQ(Move(1), "moved");
  Deploy(1);
  EXPECT_EQ(Move(2), "moved") << "wider types take what was sent";
  EXPECT_EQ(Move(3),
            "The gate of flights-late refused alias 'champion' for version 3: version 3 breaks "
            "callers of endpoint arrivals, which serves version 1: input delay went from double to "
            "integer, input carrier is new and required (raise the endpoint's API version above 1 "
            "to let it pass)");
  EXPECT_EQ(Move(3, "shadow"), "moved") << "an alias that nothing is deployed from";
  const auto refused = registry_.History(kName, {.kind = "gate.refused"}).entries.at(0);
  const Json& changes = refused.details.At("gates").AsArray().at(0).At("details").At("changes");
  EXPECT_EQ(changes.AsArray().size(), 2U) << "the difference is kept";
}

TEST_P(SchemaGateTest, LetsItPassOnceTheApiVersionIsRaised) {
  NewVersion(kTwo);
  NewVersion(kThree);
  NewVersion(kTwo);
  Move(1);
  Deploy(1);
  EXPECT_THROW(endpoints_.RaiseApiVersion(kEndpoint, 1, "", "ada"), Error);
  endpoints_.RaiseApiVersion(kEndpoint, 2, "v2 of the app asks for carriers", "ada");
  EXPECT_EQ(Move(2), "moved");
  Deploy(2);
  EXPECT_EQ(endpoints_.Get(kEndpoint).FindRole(Role::kLive)->api_version, 2);
  NewVersion(R"([{"name": "gate", "type": "string"}])");
  EXPECT_NE(Move(4), "moved") << "the promise of version 2 counts from here on";
}

TEST_P(SchemaGateTest, KnowsTheModelByTheNameThatItWasDeployedUnder) {
  NewVersion(kTwo);
  NewVersion(kThree);
  Move(1);
  Deploy(1);
  clock_.Advance(1);
  registry_.RenameModel(kName, ModelName("delays"), "ada");
  name_ = "delays";
  EXPECT_NE(Move(2), "moved");
  clock_.Advance(1);
  registry_.CreateModel({.name = kName}, "ada");
  name_ = kName.str();
  NewVersion(kThree);
  EXPECT_EQ(Move(1), "moved") << "another model that has the name now";
}

TEST_P(SchemaGateTest, StandsBeforeTheEndpointItself) {
  NewVersion(kTwo);
  NewVersion(kThree);
  NewVersion(kWider);
  NewVersion("");
  Deploy(1);
  constexpr const char* kBreaks =
      "version 2 breaks callers of endpoint arrivals, which serves version 1: input delay went "
      "from double to integer, input carrier is new and required (raise the endpoint's API version "
      "above 1 to let it pass)";
  const auto refusal = [](const std::function<void()>& change) -> std::string {
    try {
      change();
    } catch (const Error& error) {
      return error.message();
    }
    return "changed";
  };
  EXPECT_EQ(refusal([&] { Deploy(2); }), kBreaks);
  EXPECT_EQ(refusal([&] { endpoints_.StartCanary(kEndpoint, {"2", "/m"}, 10, "ada"); }), kBreaks);
  endpoints_.AddShadow(kEndpoint, {"2", "/m"}, "ada");
  EXPECT_EQ(refusal([&] { endpoints_.StartPromotion(kEndpoint, "2", "ada"); }), kBreaks);
  Deploy(3);
  Deploy(4);
  EXPECT_EQ(endpoints_.Get(kEndpoint).FindRole(Role::kLive)->model_version, "4");
  Deploy(1);
  endpoints_.RaiseApiVersion(kEndpoint, 2, "carriers are asked for", "ada");
  Deploy(2);
  endpoints_.Rollback(kEndpoint, "ada");
  endpoints_.FinishPromotion(kEndpoint, "ada");
  EXPECT_EQ(endpoints_.Get(kEndpoint).FindRole(Role::kLive)->model_version, "1")
      << "the way back is open";
  // Under a new name the model is the same one.
  clock_.Advance(1);
  registry_.RenameModel(kName, ModelName("delays"), "ada");
  name_ = "delays";
  endpoints_.RaiseApiVersion(kEndpoint, 3, "", "ada");
  Deploy(2);
  EXPECT_NE(refusal([&] {
              NewVersion(R"([{"name": "gate", "type": "string"}])");
              Deploy(5);
            }),
            "changed");
}

TEST_P(SchemaGateTest, LearnsWhatAVersionTakesWhenItIsNeeded) {
  std::vector<std::string> read;
  registry::Registry registry(db(), events_, clock_, {&gate_}, {}, [&](const std::string& uri) {
    read.push_back(uri);
    return std::optional(Json::Of({{"inputs", ParseJson(kThree)}}));
  });
  NewVersion("");
  NewVersion(kTwo);
  Move(2);
  Deploy(2);
  EXPECT_EQ(Move(1), "moved") << "it is not known what it takes";
  Move(2);
  EXPECT_THROW(registry.SetAlias(kName, {"champion", 1}, "ada"), Error);
  EXPECT_EQ(read, (std::vector<std::string>{"s3://b/m"}));
  EXPECT_NE(Move(1), "moved") << "now it is known";
  EXPECT_THROW(registry.MoveStage(kName, {7, registry::Stage::kStaging}, "ada"), Error);
  EXPECT_EQ(read.size(), 1U);
}

TEST_P(SchemaGateTest, StandsBeforeStages) {
  NewVersion(kTwo);
  NewVersion(kThree);
  registry_.MoveStage(kName, {1, registry::Stage::kProduction}, "ada");
  Deploy(1);
  EXPECT_THROW(registry_.MoveStage(kName, {2, registry::Stage::kProduction}, "ada"), Error);
  registry_.MoveStage(kName, {2, registry::Stage::kStaging}, "ada");
}

TEST_P(SchemaGateTest, DoesWhatTheGateFileSays) {
  NewVersion(kTwo);
  NewVersion(kThree);
  NewVersion("");
  const auto apply = [&](std::string_view yaml) {
    registry_.SetGates(kName, registry::GateFile::FromYaml(yaml), "ada");
  };
  Move(1);
  apply("schema: compatible");
  EXPECT_EQ(Move(2),
            "The gate of flights-late refused alias 'champion' for version 2: version 2 does not "
            "take what version 1 takes: input delay went from double to integer, input carrier is "
            "new and required");
  EXPECT_EQ(Move(3),
            "The gate of flights-late refused alias 'champion' for version 3: version 3 has no "
            "signature to be compared");
  Deploy(1);
  apply("schema: any");
  EXPECT_EQ(Move(2), "moved");
  apply("schema: deployed");
  EXPECT_EQ(Move(3), "moved") << "without a signature anything is taken";
}

TEST_P(SchemaGateTest, TellsTheSameOfSeveralGatesOnce) {
  NewVersion(kTwo);
  NewVersion(kThree);
  Move(1);
  Deploy(1);
  registry_.SetGates(kName,
                     registry::GateFile::FromYaml("gates:\n"
                                                  "  - {name: first, schema: any}\n"
                                                  "  - {name: second}\n"
                                                  "  - {name: third}\n"),
                     "ada");
  const std::string refusal = Move(2);
  EXPECT_NE(refusal.find("second: version 2 breaks callers"), std::string::npos) << refusal;
  EXPECT_EQ(refusal.find("third"), std::string::npos) << refusal;
}

MILLWRIGHT_ON_BOTH_DATABASES(SchemaGateTest);

}  // namespace
}  // namespace millwright::serving
