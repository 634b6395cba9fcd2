#include "api/prediction/cloud_event.h"

#include <gtest/gtest.h>

#include "api/kserve/routes.h"
#include "api/prediction/test_server.h"
#include "api/scoring/routes.h"
#include "api/tfserving/routes.h"
#include "base/clock.h"

namespace millwright::api::prediction {
namespace {

using testing::TestServer;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

HeaderList EventHeaders() {
  return {{"Ce-Specversion", "1.0"},
          {"Ce-Id", "order-7"},
          {"Ce-Source", "/shop"},
          {"Ce-Type", "shop.order"}};
}

// Without the header of this name.
HeaderList Without(const std::string& name) {
  HeaderList headers = EventHeaders();
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
  return headers;
}

const char kRow[] = R"({"instances":[[0,0,0,0,0,0,0,0,0,0]]})";

http::Response Predicted(TestServer& server, HeaderList headers, std::string body = kRow) {
  return server.Ask(tfserving::Predict, tfserving::WriteError,
                    {{{"model", "diabetes_ridge"}}, std::move(body), std::move(headers)});
}

TEST(CloudEvent, TheAnswerToAnEventIsAnEvent) {
  TestServer server({"diabetes_ridge"});
  const auto response = Predicted(server, EventHeaders());
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.Find("ce-specversion"), "1.0");
  EXPECT_EQ(response.headers.Find("ce-id"), "order-7");
  EXPECT_EQ(response.headers.Find("ce-source"), "io.kserve.inference.diabetes_ridge");
  EXPECT_EQ(response.headers.Find("ce-type"), "io.kserve.inference.response");
  EXPECT_GT(ParseTime(std::string(*response.headers.Find("ce-time"))), 0);
  EXPECT_EQ(response.headers.Find("X-Prediction-Id"), "order-7");
}

TEST(CloudEvent, TheSecondProtocolTakesEventsToo) {
  TestServer server({"diabetes_ridge"});
  const auto response = server.Ask(
      kserve::Infer, kserve::WriteError,
      {{{"model", "diabetes_ridge"}},
       R"({"inputs":[{"name":"X","shape":[1,10],"datatype":"FP32","data":[0,0,0,0,0,0,0,0,0,0]}]})",
       EventHeaders()});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.Find("ce-id"), "order-7");
  EXPECT_EQ(ParseJson(response.body).GetString("id"), "order-7");
}

TEST(CloudEvent, APlainRequestHasAPlainAnswer) {
  TestServer server({"diabetes_ridge"});
  EXPECT_FALSE(Predicted(server, {}).headers.Find("ce-id"));
}

TEST(CloudEvent, AnErrorIsNoEvent) {
  TestServer server({"diabetes_ridge"});
  const auto response = Predicted(server, EventHeaders(), R"({"instances":[[1]]})");
  EXPECT_EQ(response.status, 400);
  EXPECT_FALSE(response.headers.Find("ce-id"));
}

TEST(CloudEvent, OtherModesAreRefusedWithTheOneThatIsServed) {
  TestServer server({"diabetes_ridge"});
  const std::string event =
      R"({"specversion":"1.0","id":"a","source":"/s","type":"t","data":)" + std::string(kRow) + "}";
  const std::string said =
      "Events are taken in binary mode: send ce-specversion, ce-id, ce-source and ce-type as "
      "headers and the event's data as the body, not ";
  const std::pair<const char*, std::string> cases[] = {
      {"application/cloudevents+json", event},
      {"Application/CloudEvents+JSON; charset=utf-8", event},
      {"application/cloudevents-batch+json", "[" + event + "]"},
      {"application/cloudevents+avro", "x"}};
  for (const auto& [type, body] : cases) {
    const auto v1 = Predicted(server, {{"Content-Type", type}}, body);
    EXPECT_EQ(v1.status, 415) << type;
    EXPECT_EQ(v1.body, Json::Of({{"error", said + type}}).Dump());
    const auto v2 = server.Ask(kserve::Infer, kserve::WriteError,
                               {{{"model", "diabetes_ridge"}}, body, {{"Content-Type", type}}});
    EXPECT_EQ(v2.status, 415) << type;
    EXPECT_EQ(v2.body, Json::Of({{"error", said + type}}).Dump());
    const auto mlflow =
        server.Ask(scoring::Invoke, scoring::WriteError, {{}, body, {{"Content-Type", type}}});
    EXPECT_EQ(mlflow.status, 415) << type;
    EXPECT_EQ(mlflow.body,
              Json::Of({{"error_code", "BAD_REQUEST"}, {"message", said + type}}).Dump());
  }
}

TEST(CloudEvent, HalfAnEventIsRefusedByName) {
  TestServer server({"diabetes_ridge"});
  const std::pair<HeaderList, const char*> cases[] = {
      {Without("Ce-Specversion"), R"({"error":"A CloudEvent needs the header ce-specversion"})"},
      {Without("Ce-Id"), R"({"error":"A CloudEvent needs the header ce-id"})"},
      {Without("Ce-Source"), R"({"error":"A CloudEvent needs the header ce-source"})"},
      {Without("Ce-Type"), R"({"error":"A CloudEvent needs the header ce-type"})"},
      {{{"ce-specversion", "2.0"}}, R"({"error":"ce-specversion must be 1.0, not 2.0"})"},
  };
  for (const auto& [headers, error] : cases) {
    const auto response = Predicted(server, headers);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, error);
  }
}

}  // namespace
}  // namespace millwright::api::prediction
