#include "serving/gateway.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::CancerRow;
using testing::GatewayFixture;
using testing::kReadyMs;
using testing::ModelPath;

const EndpointName kName("cancer");

RevisionSpec Cancer(const std::string& version, int replicas = 1) {
  return {version, ModelPath("breast_cancer_lr"), replicas};
}

std::map<std::string, std::string> RolesOf(const EndpointStatus& status) {
  std::map<std::string, std::string> roles;
  for (const auto& revision : status.revisions) {
    roles[revision.record.model_version] =
        fmt::format("{} {}", RoleName(revision.record.role), revision.record.weight);
  }
  return roles;
}
using Roles = std::map<std::string, std::string>;

class GatewayTest : public storage::DatabaseTest {
 protected:
  void Deploy(const RevisionSpec& spec) {
    fixture.gateway->Deploy(kName, "breast-cancer", spec, "ada");
    fixture.gateway->WaitReady(kName, kReadyMs);
  }
  void Promote(const std::string& version) {
    fixture.gateway->Promote(kName, version, "ada");
    fixture.gateway->WaitReady(kName, kReadyMs);
  }
  Roles roles() { return RolesOf(fixture.gateway->Get(kName)); }

  GatewayFixture fixture{db()};
};
MILLWRIGHT_ON_BOTH_DATABASES(GatewayTest);

TEST_P(GatewayTest, AnswersWhatTheModelAnswers) {
  Deploy(Cancer("1"));
  const auto answer = fixture.Ask("cancer", "id-1");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->model_version, "1");
  EXPECT_EQ(answer->revision, "cancer-r1");
  ASSERT_EQ(answer->outputs.size(), 2u);
  EXPECT_EQ(answer->outputs[0].name, "label");
  EXPECT_EQ(answer->outputs[1].shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(fixture.gateway->Get(kName).state, EndpointState::kReady);
  EXPECT_EQ(fixture.gateway->Models(), (std::vector<std::string>{"cancer"}));
}

TEST_P(GatewayTest, HoldsRequestsUntilTheFirstReplicaIsReady) {
  fixture.gateway->Deploy(kName, "breast-cancer", Cancer("1"), "ada");
  EXPECT_TRUE(fixture.Ask("cancer", "early"));
  EXPECT_EQ(fixture.gateway->Describe("cancer", "")->signature.inputs[0].name, "X");
}

TEST_P(GatewayTest, NamesTheInputThatIsWrong) {
  Deploy(Cancer("1"));
  const auto answer = fixture.Ask("cancer", "x", {inference::Tensor::OfFloats("Y", {1, 30}, {})});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(answer.error().field(), "Y");
  EXPECT_EQ(fixture.gateway->Get(kName).errors, 0);
}

TEST_P(GatewayTest, LogsWhatWasPredicted) {
  Deploy(Cancer("1"));
  fixture.gateway->Infer(
      {.model = "cancer",
       .id = "p-7",
       .event_time_ms = 991'353'600'000,
       .inputs = {inference::Tensor::OfFloats("X", {2, 30}, std::vector<float>(60, 0.1F))}},
      [](const Result<InferAnswer>&) {});
  const auto logged = fixture.sink.WaitFor(1);
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0].endpoint, "cancer");
  EXPECT_EQ(logged[0].role, Role::kLive);
  EXPECT_EQ(logged[0].event_time_ms, 991'353'600'000);
  const auto rows = RowsOf(logged[0]);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].id, "p-7/1");
  // Not the double of the float, 0.10000000149….
  EXPECT_EQ(std::get<std::vector<double>>(rows[1].inputs[0].second), std::vector<double>(30, 0.1));
  EXPECT_EQ(rows[1].outputs[0].first, "label");
  EXPECT_EQ(rows[1].outputs[1].first, "probabilities");
}

TEST_P(GatewayTest, AShadowSeesCopiesAndNobodySeesItsAnswers) {
  Deploy(Cancer("1"));
  fixture.gateway->AddShadow(kName, Cancer("2"), "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  const auto answer = fixture.Ask("cancer", "id-1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->model_version, "1");
  const auto logged = fixture.sink.WaitFor(2);
  ASSERT_EQ(logged.size(), 2u);
  const auto shadow = std::find_if(logged.begin(), logged.end(),
                                   [](const auto& one) { return one.role == Role::kShadow; });
  ASSERT_NE(shadow, logged.end());
  EXPECT_EQ(shadow->id, "id-1");
  EXPECT_EQ(shadow->model_version, "2");
  EXPECT_EQ(shadow->outputs.size(), 2u);
  EXPECT_EQ(roles(), (Roles{{"1", "live 100"}, {"2", "shadow 0"}}));
}

TEST_P(GatewayTest, ACanaryGetsItsShareAndAnIdStaysOnItsSide) {
  Deploy(Cancer("1"));
  fixture.gateway->StartCanary(kName, Cancer("2"), 30, "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(roles(), (Roles{{"1", "live 70"}, {"2", "canary 30"}}));
  int canary = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "request-" + std::to_string(i);
    const auto first = fixture.Ask("cancer", id);
    const auto second = fixture.Ask("cancer", id);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->model_version, second->model_version);
    canary += first->model_version == "2";
  }
  EXPECT_GE(canary, 250);
  EXPECT_LE(canary, 350);
}

TEST_P(GatewayTest, PromotesAShadowThroughACanaryAndRollsBack) {
  Deploy(Cancer("1", 2));
  fixture.gateway->AddShadow(kName, Cancer("2"), "ada");
  fixture.gateway->StartCanary(kName, Cancer("2"), 10, "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  Promote("2");
  EXPECT_EQ(roles(), (Roles{{"1", "retired 0"}, {"2", "live 100"}}));
  EXPECT_EQ(fixture.gateway->Get(kName).revisions[0].replicas.size(), 2u);
  EXPECT_EQ(fixture.Ask("cancer", "id")->model_version, "2");
  Promote("2");  // asking again changes nothing

  fixture.gateway->Rollback(kName, "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(roles(), (Roles{{"1", "live 100"}, {"2", "retired 0"}}));
  EXPECT_EQ(fixture.Ask("cancer", "id")->model_version, "1");
}

TEST_P(GatewayTest, RollingBackACanaryGivesItsShareBack) {
  Deploy(Cancer("1"));
  fixture.gateway->StartCanary(kName, Cancer("2"), 10, "ada");
  fixture.gateway->Rollback(kName, "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(roles(), (Roles{{"1", "live 100"}, {"2", "retired 0"}}));
}

TEST_P(GatewayTest, UndoesAPromotionWhoseModelCannotLoad) {
  Deploy(Cancer("1"));
  const RevisionSpec broken{
      "2", std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/broken/truncated.onnx"};
  fixture.gateway->Deploy(kName, "breast-cancer", broken, "ada");
  try {
    fixture.gateway->WaitReady(kName, kReadyMs);
    FAIL() << "the broken model was promoted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
    EXPECT_NE(error.message().find("Model cancer:"), std::string::npos) << error.message();
  }
  EXPECT_EQ(roles(), (Roles{{"1", "live 100"}, {"2", "retired 0"}}));
  EXPECT_TRUE(fixture.Ask("cancer", "id"));
}

TEST_P(GatewayTest, UndoesAPromotionToOtherInputs) {
  Deploy(Cancer("1"));
  fixture.gateway->Deploy(kName, "breast-cancer", {"2", ModelPath("diabetes_ridge")}, "ada");
  try {
    fixture.gateway->WaitReady(kName, kReadyMs);
    FAIL() << "a model of other inputs was promoted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "The rollout was undone: Version 2 takes other inputs than the live version 1");
  }
  EXPECT_EQ(roles(), (Roles{{"1", "live 100"}, {"2", "retired 0"}}));
}

TEST_P(GatewayTest, ReplacesALiveVersionOfOtherInputsWhereCallersAreReady) {
  Deploy(Cancer("1"));
  fixture.gateway->RaiseApiVersion(kName, 2, "callers send other columns", "ada");
  fixture.gateway->Deploy(kName, "breast-cancer", {"2", ModelPath("diabetes_ridge")}, "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(roles(), (Roles{{"1", "retired 0"}, {"2", "live 100"}}));
}

TEST_P(GatewayTest, SaysAtOnceWhyAnEndpointCannotStart) {
  fixture.gateway->Deploy(kName, "breast-cancer", {"1", "/nonexistent/model.onnx"}, "ada");
  EXPECT_THROW(fixture.gateway->WaitReady(kName, kReadyMs), Error);
  const auto answer = fixture.Ask("cancer", "id");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnavailable);
  EXPECT_NE(answer.error().message().find("/nonexistent/model.onnx"), std::string::npos);
  EXPECT_EQ(fixture.gateway->Get(kName).state, EndpointState::kFailed);
}

TEST_P(GatewayTest, RefusesWhatTheStateDoesNotAllow) {
  const auto code = [&](const std::function<void()>& change) {
    try {
      change();
    } catch (const Error& error) {
      return error.code();
    }
    return Code::kInternal;
  };
  Gateway& gateway = *fixture.gateway;
  EXPECT_EQ(code([&] { gateway.AddShadow(kName, Cancer("2"), "ada"); }), Code::kNotFound);
  EXPECT_EQ(code([&] { gateway.Deploy(EndpointName("../x"), "m", Cancer("1"), "ada"); }),
            Code::kInvalidArgument);
  EXPECT_EQ(code([&] { gateway.Deploy(kName, "m", Cancer("1", 0), "ada"); }),
            Code::kInvalidArgument);
  Deploy(Cancer("1"));
  EXPECT_EQ(code([&] { gateway.Promote(kName, "9", "ada"); }), Code::kNotFound);
  EXPECT_EQ(code([&] { gateway.StartCanary(kName, Cancer("1"), 5, "ada"); }),
            Code::kFailedPrecondition);
  EXPECT_EQ(code([&] { gateway.StartCanary(kName, Cancer("2"), 101, "ada"); }),
            Code::kInvalidArgument);
  EXPECT_EQ(code([&] { gateway.Rollback(kName, "ada"); }), Code::kFailedPrecondition);
  gateway.StartCanary(kName, Cancer("2"), 5, "ada");
  EXPECT_EQ(code([&] { gateway.Deploy(kName, "m", Cancer("3"), "ada"); }),
            Code::kFailedPrecondition);
}

TEST_P(GatewayTest, DeletesAnEndpointAndTakesItsNameAgain) {
  Deploy(Cancer("1"));
  fixture.gateway->Delete(kName, "ada");
  EXPECT_THROW(fixture.gateway->Get(kName), Error);
  EXPECT_EQ(fixture.Ask("cancer", "id").error().code(), Code::kNotFound);
  Deploy(Cancer("7"));
  EXPECT_EQ(fixture.Ask("cancer", "id")->revision, "cancer-r2");
}

TEST_P(GatewayTest, CountsRequestsForPrometheus) {
  Deploy(Cancer("1"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(fixture.Ask("cancer", "id"));
  const std::string text = fixture.gateway->MetricsText();
  const std::string labels = "{endpoint=\"cancer\",revision=\"cancer-r1\",role=\"live\"}";
  EXPECT_NE(text.find("millwright_endpoint_requests_total" + labels + " 3\n"), std::string::npos);
  EXPECT_NE(text.find("millwright_endpoint_errors_total" + labels + " 0\n"), std::string::npos);
  EXPECT_NE(text.find("le=\"+Inf\"} 3\n"), std::string::npos);
  const auto traffic = fixture.gateway->Traffic(kName, 2);
  EXPECT_EQ(traffic[0].requests + traffic[1].requests, 3);
}

TEST_P(GatewayTest, AppendsAnEventForEveryChange) {
  Deploy(Cancer("1"));
  fixture.gateway->Deploy(kName, "breast-cancer", Cancer("2"), "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  std::vector<std::string> kinds = fixture.EventKinds();
  std::erase_if(kinds, [](const auto& kind) { return kind.starts_with("replica."); });
  EXPECT_EQ(kinds,
            (std::vector<std::string>{"endpoint.created", "revision.created", "revision.created",
                                      "rollout.started", "rollout.finished"}));
}

}  // namespace
}  // namespace millwright::serving
