#include "api/health/rpcs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <memory>
#include <vector>

#include "api/prediction/test_rpc_server.h"
#include "health.grpc.pb.h"

namespace millwright::api::health {
namespace {

using ::grpc::ClientContext;
using ::grpc::StatusCode;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

class HealthRpcs : public ::testing::Test {
 protected:
  prediction::testing::TestServer models{{"breast_cancer_lr"}};
  Health health{models.context.predictor};
  prediction::testing::TestRpcServer server{kRpcs, health};
  std::unique_ptr<::grpc::health::v1::Health::Stub> stub =
      ::grpc::health::v1::Health::NewStub(server.channel);

  void TearDown() override { health.Close(); }
  static HealthCheckRequest Of(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }
};

TEST_F(HealthRpcs, CheckKnowsTheServerAndItsService) {
  for (const char* service : {"", "inference.GRPCInferenceService"}) {
    ClientContext context;
    HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, Of(service), &response).ok());
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  }
  ClientContext context;
  HealthCheckResponse response;
  EXPECT_EQ(stub->Check(&context, Of("nothing"), &response).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(HealthRpcs, WatchTellsOfTheEnd) {
  ClientContext context;
  const auto watch = stub->Watch(&context, Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  health.Close();
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(server.server->Drain(5000));
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(HealthRpcs, EveryWatcherIsToldOfTheEndHoweverSoonItComes) {
  std::list<ClientContext> contexts;
  std::vector<std::unique_ptr<::grpc::ClientReader<HealthCheckResponse>>> watches;
  HealthCheckResponse response;
  for (int i = 0; i < 100; ++i) {
    contexts.emplace_back().set_deadline(std::chrono::system_clock::now() +
                                         std::chrono::minutes(1));
    watches.push_back(stub->Watch(&contexts.back(), Of("")));
  }
  for (const auto& watch : watches) ASSERT_TRUE(watch->Read(&response));
  health.Close();
  for (const auto& watch : watches) {
    ASSERT_TRUE(watch->Read(&response));
    EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
    EXPECT_FALSE(watch->Read(&response));
    EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
  }
}

TEST_F(HealthRpcs, WatchOfAnUnknownServiceSaysSoAndStaysOpen) {
  ClientContext context;
  const auto watch = stub->Watch(&context, Of("nothing"));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  context.TryCancel();
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::CANCELLED);
}

}  // namespace
}  // namespace millwright::api::health
