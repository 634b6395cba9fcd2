#include <gtest/gtest.h>

#include <thread>

#include "api/json_error.h"
#include "api/route.h"
#include "base/error.h"
#include "http/raw_client.h"
#include "http/server.h"

// The router behind a real server: what depends on both.
namespace millwright::api {
namespace {

using http::Lane;
using http::Method;
using http::RawAnswer;
using http::RawClient;
using http::Request;
using http::Response;

struct Nothing {};

Response Store(Nothing&, const Request& request) {
  char buffer[64 * 1024];
  uint64_t bytes = 0;
  while (const size_t got = request.body_reader->Read(buffer, sizeof buffer)) bytes += got;
  return Response::Text(200, request.PathValue("path") + " " + std::to_string(bytes));
}
Response Echo(Nothing&, const Request& request) {
  return Response::Text(200, request.body);
}
Response Watch(Nothing&, const Request&) {
  Response response;
  response.headers.Add("Content-Type", "text/event-stream");
  response.producer = [](http::BodyWriter& writer) {
    for (const std::string_view part : {"data: 1\n\n", "data: 2\n\n"}) writer.Write(part);
  };
  return response;
}
Response Fail(Nothing&, const Request&) {
  throw std::runtime_error("detail");
}
void StoreLater(Nothing&, Request&& request, http::Reply reply) {
  std::jthread([request = std::move(request), reply = std::move(reply)] {
    char buffer[64 * 1024];
    uint64_t bytes = 0;
    while (const size_t got = request.body_reader->Read(buffer, sizeof buffer)) bytes += got;
    reply(Response::Text(200, "later " + std::to_string(bytes)));
  }).detach();
}

constexpr Route<Nothing> kRoutes[] = {
    {Method::kPut, "/files/{path...}", Store, Permission::kEdit, Lane::kBulk, "Store",
     http::Body::kStream},
    {Method::kPut, "/later", nullptr, Permission::kPublic, Lane::kInline, "Store later",
     http::Body::kStream, StoreLater},
    {Method::kPost, "/echo", Echo, Permission::kPublic, Lane::kMeta, "Echo"},
    {Method::kGet, "/events", Watch, Permission::kPublic, Lane::kMeta, "Watch"},
    {Method::kGet, "/fail", Fail, Permission::kPublic, Lane::kMeta, "Fail"},
};

class EdgeTest : public ::testing::Test {
 protected:
  EdgeTest()
      : router_({.body_bytes_max = 1000}, [](Request& request, Permission permission) {
          if (permission == Permission::kPublic) return;
          if (!request.headers.Find("Authorization")) throw Unauthenticated("who?");
          request.principal = "ann";
        }) {
    router_.Add("test", kRoutes, nothing_, JsonError);
    http::ServerOptions options;
    options.port = 0;
    server_ = std::make_unique<http::Server>(
        options, [this](Request& head) { return router_.Resolve(head); });
  }

  Nothing nothing_;
  Router router_;
  std::unique_ptr<http::Server> server_;
};

std::string Head(const std::string& line, const std::string& headers = "") {
  return line + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

TEST_F(EdgeTest, StreamsOnlyForWhoMay) {
  RawClient client(server_->port());
  EXPECT_EQ("a/b c 5",
            client
                .Exchange(Head("PUT /files/a/b%20c", "Authorization: x\r\nContent-Length: 5\r\n") +
                          "hello")
                .body);
  // Refused before a byte of the body is asked for.
  const RawAnswer refused =
      client.Exchange(Head("PUT /files/a", "Content-Length: 5000000\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(401, refused.status);
  EXPECT_EQ("Basic realm=\"mlflow\"", refused.Header("WWW-Authenticate"));
  EXPECT_EQ("nosniff", refused.Header("X-Content-Type-Options"));
}

TEST_F(EdgeTest, StreamsToAHandlerThatAnswersLater) {
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ("later 300000", client
                                  .Exchange(Head("PUT /later", "Content-Length: 300000\r\n") +
                                            std::string(300'000, 'x'))
                                  .body);
}

TEST_F(EdgeTest, KeepsTheConnectionAfterRefusals) {
  RawClient client(server_->port());
  EXPECT_EQ(404, client.Exchange(Head("POST /none", "Content-Length: 3\r\n") + "abc").status);
  EXPECT_EQ(405, client.Exchange(Head("DELETE /echo")).status);
  EXPECT_EQ(403, client
                     .Exchange(Head("POST /echo",
                                    "Origin: http://evil.org\r\nContent-Length: "
                                    "3\r\n") +
                               "abc")
                     .status);
  EXPECT_EQ(500, client.Exchange(Head("GET /fail")).status);
  EXPECT_EQ("abc", client.Exchange(Head("POST /echo", "Content-Length: 3\r\n") + "abc").body);
  EXPECT_EQ(1, server_->stats().connections);
  const RawAnswer refused = client.Exchange(Head("POST /echo", "Content-Length: 1001\r\n"));
  EXPECT_EQ(413, refused.status);
  EXPECT_EQ(
      R"({"error_code":"RESOURCE_EXHAUSTED","message":"The request body is larger than 1000 bytes"})",
      refused.body);
}

TEST_F(EdgeTest, SendsEventStreamsWithTheEdgesHeaders) {
  RawClient client(server_->port());
  const RawAnswer answer = client.Exchange(Head("GET /events", "X-Request-Id: abc\r\n"));
  EXPECT_EQ("data: 1\n\ndata: 2\n\n", answer.body);
  EXPECT_EQ("text/event-stream", answer.Header("Content-Type"));
  EXPECT_EQ("abc", answer.Header("X-Request-Id"));
  EXPECT_EQ("SAMEORIGIN", answer.Header("X-Frame-Options"));
}

}  // namespace
}  // namespace millwright::api
