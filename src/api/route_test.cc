#include "api/route.h"

#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <limits>
#include <thread>

#include "api/json_error.h"
#include "api/prometheus/exposition.h"
#include "api/route_trie.h"
#include "base/error.h"
#include "http/target.h"

namespace millwright::api {
namespace {

using http::Lane;
using http::Method;
using http::Request;
using http::Response;

// The domain that the routes below serve.
struct Shop {
  int calls = 0;
};

std::string Values(const Request& request) {
  std::string text = request.path;
  for (const auto& [name, value] : request.path_values) text += " " + name + "=" + value;
  return text + " as " + request.principal;
}

Response Show(Shop& shop, const Request& request) {
  ++shop.calls;
  return Response::Text(200, Values(request));
}
Response Literal(Shop&, const Request&) {
  return Response::Text(200, "literal");
}
Response Fail(Shop&, const Request& request) {
  if (request.Query("how") == "error") throw InvalidArgument("Not a number: x").WithField("count");
  if (request.Query("how") == "weird") throw 42;
  throw std::runtime_error("the secret detail");
}
Response Upload(Shop&, const Request& request) {
  char buffer[1024];
  uint64_t bytes = 0;
  while (const size_t got = request.body_reader->Read(buffer, sizeof buffer)) bytes += got;
  return Response::Text(200, std::to_string(bytes));
}
void Later(Shop&, Request&& request, http::Reply reply) {
  if (request.Query("how") == "error") throw Unavailable("not now");
  std::thread([request = std::move(request), reply = std::move(reply)] {
    reply(Response::Text(202, "later " + request.PathValue("id")));
  }).detach();
}

void Queue(Shop&, Request&& request, http::Reply reply) {
  reply(Response::Text(200, request.principal));
}

std::optional<Response> ShowAtOnce(Shop&, const Request& request) {
  if (request.PathValue("id") == "broken") throw InvalidArgument("broken");
  if (request.PathValue("id") != "known") return std::nullopt;
  return Response::Text(200, "at once as " + request.principal);
}

constexpr Route<Shop> kRoutes[] = {
    {Method::kGet, "/shop/{id}", Show, Permission::kRead, Lane::kMeta, "Show one"},
    {Method::kPost, "/shop/{id}", Show, Permission::kEdit, Lane::kMeta, "Change one"},
    {Method::kPost, "/shop/{id}:sell", Show, Permission::kEdit, Lane::kMeta, "Sell one"},
    {Method::kGet, "/shop/search", Literal, Permission::kRead, Lane::kMeta, "Search"},
    {Method::kGet, "/shop/{id}/parts/{part}", Show, Permission::kRead, Lane::kMeta, "Show a part"},
    {Method::kGet, "/files/{path...}", Show, Permission::kRead, Lane::kMeta, "Show a file"},
    {Method::kGet, "/files/special/{name}/end", Literal, Permission::kRead, Lane::kMeta, "An end"},
    {Method::kPut, "/files/{path...}", Upload, Permission::kEdit, Lane::kBulk, "Store a file",
     http::Body::kStream},
    {Method::kGet, "/fail", Fail, Permission::kPublic, Lane::kMeta, "Fail"},
    {Method::kGet, "/later/{id}", nullptr, Permission::kPublic, Lane::kInline, "Answer later",
     http::Body::kWhole, Later},
    {Method::kPost, "/queue", nullptr, Permission::kEdit, Lane::kMeta, "Queue something",
     http::Body::kWhole, Queue, 100},
    {Method::kGet, "/quick/{id}", Show, Permission::kRead, Lane::kBulk, "Show one at once",
     http::Body::kWhole, nullptr, 0, ShowAtOnce},
    {Method::kGet, "/health", Literal, Permission::kPublic, Lane::kInline, "Health"},
};
static_assert(Unique(kRoutes));

void AllowAll(Request& request, Permission) {
  request.principal = "ann";
}

// Runs a request through a router as the server would, with the answer taken on this thread.
struct Edge {
  explicit Edge(Authorize authorize = AllowAll, const Router::Options& options = {},
                AuthorizeAtOnce authorize_at_once = {})
      : router(options, std::move(authorize), std::move(authorize_at_once)) {
    router.Add("shop", kRoutes, shop, JsonError);
  }

  Response Call(Method method, const std::string& target,
                const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    Request request;
    request.method = method;
    request.raw_target = target;
    request.path = *http::PercentDecode(target.substr(0, target.find('?')));
    if (const size_t question = target.find('?'); question != std::string::npos)
      request.query = http::ParseQuery(target.substr(question + 1));
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    http::Target found = router.Resolve(request);
    std::promise<Response> answer;
    found.handle(std::move(request), [&](Response response) { answer.set_value(response); });
    return answer.get_future().get();
  }
  std::string Body(Method method, const std::string& target) { return Call(method, target).body; }

  Shop shop;
  Router router;
};

TEST(Router, FindsTheMostLiteralRow) {
  Edge edge;
  EXPECT_EQ("/shop/42 id=42 as ann", edge.Body(Method::kGet, "/shop/42"));
  EXPECT_EQ("literal", edge.Body(Method::kGet, "/shop/search?q=x"));
  EXPECT_EQ("/shop/search id=search as ann", edge.Body(Method::kPost, "/shop/search"));
  EXPECT_EQ("/shop/1/parts/2 id=1 part=2 as ann", edge.Body(Method::kGet, "/shop/1/parts/2"));
  EXPECT_EQ("/files/a/b path=a/b as ann", edge.Body(Method::kGet, "/files/a/b"));
  EXPECT_EQ("literal", edge.Body(Method::kGet, "/files/special/x/end"));
  EXPECT_EQ("/files/special/x path=special/x as ann", edge.Body(Method::kGet, "/files/special/x"));
  EXPECT_EQ("/files/ path= as ann", edge.Body(Method::kGet, "/files/"));
  EXPECT_EQ("/files path= as ann", edge.Body(Method::kGet, "/files"));
  EXPECT_EQ("/files//a/ path=/a/ as ann", edge.Body(Method::kGet, "/files//a/"));
  EXPECT_EQ(8, edge.shop.calls);
}

TEST(Router, TakesASuffixForPartOfTheRow) {
  Edge edge;
  EXPECT_EQ("/shop/42:sell id=42 as ann", edge.Body(Method::kPost, "/shop/42:sell"));
  EXPECT_EQ("/shop/a:b:sell id=a:b as ann", edge.Body(Method::kPost, "/shop/a:b:sell"));
  EXPECT_EQ("/shop/:sell id=:sell as ann", edge.Body(Method::kPost, "/shop/:sell"));
  EXPECT_EQ("/shop/42:sell id=42:sell as ann", edge.Body(Method::kGet, "/shop/42:sell"));
  EXPECT_EQ("/shop/42:buy id=42:buy as ann", edge.Body(Method::kPost, "/shop/42:buy"));
}

TEST(Router, DecodesPartsOnceAndKeepsEncodedSlashesInside) {
  Edge edge;
  EXPECT_EQ("/shop/a/b c id=a/b c as ann", edge.Body(Method::kGet, "/shop/a%2Fb%20c"));
  EXPECT_EQ("/shop/%41 id=%41 as ann", edge.Body(Method::kGet, "/shop/%2541"));
  EXPECT_EQ("literal", edge.Body(Method::kGet, "/shop/se%61rch"));
  EXPECT_EQ("/files/a/../b path=a/../b as ann", edge.Body(Method::kGet, "/files/a/%2e%2e/b"));
}

TEST(Router, AnswersHeadByGet) {
  Edge edge;
  EXPECT_EQ(200, edge.Call(Method::kHead, "/shop/42").status);
}

TEST(Router, TellsUnknownPathsFromUnknownMethods) {
  Edge edge;
  const Response method = edge.Call(Method::kDelete, "/shop/42");
  EXPECT_EQ(405, method.status);
  EXPECT_EQ("GET, HEAD, POST", method.headers.Find("Allow"));
  for (const char* path : {"/", "/shop", "/shop/", "/shop/1/", "/shop/1/parts", "/nothing"}) {
    const Response unknown = edge.Call(Method::kGet, path);
    EXPECT_EQ(404, unknown.status) << path;
    EXPECT_EQ(std::string(R"({"error_code":"ENDPOINT_NOT_FOUND","message":"Path not found: )") +
                  path + "\"}",
              unknown.body);
  }
  edge.router.SetFallback(
      [](const Request& request) { return Response::Text(200, "page " + request.path); });
  EXPECT_EQ("page /runs", edge.Body(Method::kGet, "/runs"));
  EXPECT_EQ(404, edge.Call(Method::kPost, "/runs").status);
  EXPECT_EQ(405, edge.Call(Method::kDelete, "/shop/42").status);
}

TEST(Router, SurvivesLongAndDeepPaths) {
  Edge edge;
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "/x";
  EXPECT_EQ(404, edge.Call(Method::kGet, deep).status);
  EXPECT_EQ("/files" + deep + " path=" + deep.substr(1) + " as ann",
            edge.Body(Method::kGet, "/files" + deep));
}

TEST(Router, TurnsErrorsIntoTheProtocolsAnswer) {
  Edge edge;
  const Response error = edge.Call(Method::kGet, "/fail?how=error");
  EXPECT_EQ(400, error.status);
  EXPECT_EQ(R"({"error_code":"INVALID_ARGUMENT","message":"Not a number: x","field":"count"})",
            error.body);
  for (const char* target : {"/fail", "/fail?how=weird"}) {
    const Response unexpected = edge.Call(Method::kGet, target);
    EXPECT_EQ(500, unexpected.status);
    EXPECT_EQ(std::string::npos, unexpected.body.find("secret"));
    EXPECT_NE(std::string::npos, unexpected.body.find("has it as log-")) << unexpected.body;
  }
  EXPECT_EQ(503, edge.Call(Method::kGet, "/later/1?how=error").status);
}

TEST(Router, LetsHandlersAnswerLater) {
  Edge edge;
  const Response response = edge.Call(Method::kGet, "/later/7");
  EXPECT_EQ(202, response.status);
  EXPECT_EQ("later 7", response.body);
}

TEST(Router, HandlesSmallRequestsOfKnownCallersOnTheIoThread) {
  Shop shop;
  Router router({}, AllowAll, [](Request& request, Permission permission) {
    EXPECT_EQ(Permission::kEdit, permission);
    if (request.headers.Find("Authorization") != "known") return false;
    request.principal = "bob";
    return true;
  });
  router.Add("shop", kRoutes, shop, JsonError);
  const auto lane = [&](const std::string& caller, const std::string& length) {
    Request request;
    request.method = Method::kPost;
    request.raw_target = request.path = "/queue";
    request.headers.Add("Authorization", caller);
    if (!length.empty()) request.headers.Add("Content-Length", length);
    http::Target target = router.Resolve(request);
    std::string who;
    target.handle(std::move(request), [&](Response response) { who = response.body; });
    return (target.lane == Lane::kInline ? "inline " : "lane ") + who;
  };
  EXPECT_EQ("inline bob", lane("known", "0"));
  EXPECT_EQ("inline bob", lane("known", "100"));
  EXPECT_EQ("lane ann", lane("known", "101"));
  EXPECT_EQ("lane ann", lane("known", ""));  // in chunks
  EXPECT_EQ("lane ann", lane("another", "100"));
}

TEST(Router, WordsWhatIsThrownLaterAsItWordsWhatAHandlerThrows) {
  const auto answer = [](auto thrown) {
    return FailureAnswer(std::make_exception_ptr(thrown), JsonError, "r-1");
  };
  EXPECT_EQ(JsonError(NotFound("Run", "1")).body, answer(NotFound("Run", "1")).body);
  EXPECT_EQ(503, answer(Unavailable("full")).status);
  for (const Response& response : {answer(std::runtime_error("the secret detail")), answer(42)}) {
    EXPECT_EQ(500, response.status);
    EXPECT_NE(std::string::npos, response.body.find("has it as log-")) << response.body;
    EXPECT_EQ(std::string::npos, response.body.find("secret"));
  }
}

TEST(Router, AsksForThePermissionOfTheRow) {
  std::vector<Permission> asked;
  Edge edge([&](Request&, Permission permission) {
    asked.push_back(permission);
    if (permission == Permission::kEdit) throw PermissionDenied("Permission denied");
    if (permission == Permission::kRead) throw Unauthenticated("Who are you?");
  });
  const Response unknown = edge.Call(Method::kGet, "/shop/1");
  EXPECT_EQ(401, unknown.status);
  EXPECT_EQ("Who are you?", unknown.body);
  EXPECT_EQ("text/plain", unknown.headers.Find("Content-Type"));
  EXPECT_EQ("Basic realm=\"mlflow\"", unknown.headers.Find("WWW-Authenticate"));
  const Response denied = edge.Call(Method::kPost, "/shop/1");
  EXPECT_EQ(403, denied.status);
  EXPECT_EQ("Permission denied", denied.body);
  EXPECT_EQ(200, edge.Call(Method::kGet, "/health").status);
  EXPECT_EQ((std::vector<Permission>{Permission::kRead, Permission::kEdit, Permission::kPublic}),
            asked);
  EXPECT_EQ(0, edge.shop.calls);
}

TEST(Router, AnswersAtOnceOnlyWhomItKnows) {
  bool is_known = true;
  Edge edge([](Request&, Permission) { throw Unauthenticated("Who are you?"); }, {},
            [&](Request& request, Permission permission) {
              EXPECT_EQ(permission, Permission::kRead);
              request.principal = "bob";
              return is_known;
            });
  const Response known = edge.Call(Method::kGet, "/quick/known");
  EXPECT_EQ("at once as bob", known.body);
  EXPECT_TRUE(known.is_guarded);
  EXPECT_TRUE(known.headers.Find("X-Request-Id"));
  // What is not in memory, or what is wrong, is for the lane, which authorises anew.
  EXPECT_EQ(401, edge.Call(Method::kGet, "/quick/other").status);
  EXPECT_EQ(401, edge.Call(Method::kGet, "/quick/broken").status);
  is_known = false;
  EXPECT_EQ(401, edge.Call(Method::kGet, "/quick/known").status);
  EXPECT_EQ(0, edge.shop.calls);
}

TEST(Router, GivesEachRequestAnIdAndSafeHeaders) {
  Edge edge;
  const Response given = edge.Call(Method::kGet, "/shop/1", {{"X-Request-Id", "abc-1.2_3"}});
  EXPECT_EQ("abc-1.2_3", given.headers.Find("X-Request-Id"));
  EXPECT_TRUE(given.is_guarded);
  const std::string evil = "a b\"<script>";
  const auto made = edge.Call(Method::kGet, "/nothing", {{"X-Request-Id", evil}});
  EXPECT_NE(evil, made.headers.Find("X-Request-Id"));
  EXPECT_TRUE(made.is_guarded);
  EXPECT_NE(made.headers.Find("X-Request-Id"),
            edge.Call(Method::kGet, "/nothing").headers.Find("X-Request-Id"));
}

TEST(Router, RefusesForeignHostsAndOrigins) {
  Edge edge(AllowAll, {.allowed_hosts = {"ml.example.org"}});
  EXPECT_EQ(200, edge.Call(Method::kGet, "/shop/1", {{"Host", "localhost:5000"}}).status);
  EXPECT_EQ(200, edge.Call(Method::kGet, "/shop/1", {{"Host", "ml.example.org"}}).status);
  const Response rebound = edge.Call(Method::kGet, "/shop/1", {{"Host", "evil.org:5000"}});
  EXPECT_EQ(403, rebound.status);
  EXPECT_EQ("Host not allowed: evil.org:5000 (allow it by --allowed-host)", rebound.body);
  EXPECT_EQ(200, edge.Call(Method::kGet, "/health", {{"Host", "evil.org"}}).status);
  const Response foreign = edge.Call(Method::kPost, "/shop/1",
                                     {{"Host", "localhost:5000"}, {"Origin", "http://evil.org"}});
  EXPECT_EQ(403, foreign.status);
  EXPECT_EQ("Cross-origin request blocked", foreign.body);
  EXPECT_EQ(200, edge.Call(Method::kGet, "/shop/1",
                           {{"Host", "localhost:5000"}, {"Origin", "http://evil.org"}})
                     .status);
  EXPECT_EQ(200, edge.Call(Method::kPost, "/shop/1",
                           {{"Host", "localhost:5000"}, {"Origin", "http://localhost:5000"}})
                     .status);
}

TEST(Router, CountsByRouteMethodAndStatus) {
  Edge edge;
  for (int i = 0; i < 3; ++i) edge.Call(Method::kGet, "/shop/" + std::to_string(i));
  edge.Call(Method::kGet, "/fail?how=error");
  edge.Call(Method::kGet, "/nothing");
  const std::string text = edge.router.MetricsText();
  for (const char* line :
       {"# TYPE millwright_http_requests_total counter\n",
        "millwright_http_requests_total{route=\"/shop/{id}\",method=\"GET\",status=\"200\"} 3\n",
        "millwright_http_requests_total{route=\"/fail\",method=\"GET\",status=\"400\"} 1\n",
        "millwright_http_requests_total{route=\"(unknown path)\",method=\"GET\",status=\"404\"} "
        "1\n",
        "# TYPE millwright_http_request_seconds histogram\n",
        "millwright_http_request_seconds_bucket{route=\"/shop/{id}\",method=\"GET\",le=\"+Inf\"} "
        "3\n",
        "millwright_http_request_seconds_bucket{route=\"/shop/{id}\",method=\"GET\",le=\"10\"} 3\n",
        "millwright_http_request_seconds_count{route=\"/shop/{id}\",method=\"GET\"} 3\n"})
    EXPECT_NE(std::string::npos, text.find(line)) << line << text;
}

TEST(Router, ListsItsRows) {
  Edge edge;
  ASSERT_EQ(std::size(kRoutes), edge.router.routes().size());
  EXPECT_EQ("/shop/{id}", edge.router.routes()[0].pattern);
  EXPECT_EQ("shop", edge.router.routes()[0].protocol);
}

TEST(Exposition, EscapesLabelsAndSpellsNumbers) {
  std::string out;
  std::string labels;
  prometheus::AppendLabel("a", "x\"y\\z\nw", &labels);
  prometheus::AppendLabel("b", "ü", &labels);
  prometheus::AppendSample("m", labels, 0.25, &out);
  prometheus::AppendSample("n", "", std::numeric_limits<double>::infinity(), &out);
  prometheus::AppendSample("o", "", std::nan(""), &out);
  EXPECT_EQ("m{a=\"x\\\"y\\\\z\\nw\",b=\"ü\"} 0.25\nn +Inf\no NaN\n", out);
}

}  // namespace
}  // namespace millwright::api
