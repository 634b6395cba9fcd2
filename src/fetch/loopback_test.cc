#include "fetch/loopback.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "fetch/scripted_server.h"

namespace millwright::fetch {
namespace {

Code CodeOf(const FetchRequest& request) {
  try {
    AskLoopback(request);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::kInternal;
}

TEST(Loopback, SendsTheRequestAndReturnsTheAnswer) {
  std::string head;
  std::string body;
  ScriptedServer server([&](const std::string& h, const std::string& b) {
    head = h;
    body = b;
    return Answer(404, "not here", "X-Why:  gone \r\n");
  });
  const auto response = AskLoopback({.method = "POST",
                                     .url = server.Url("/a?b=c#d"),
                                     .headers = {{"Content-Type", "text/plain"}},
                                     .body = "hello"});
  EXPECT_EQ(404, response.status);
  EXPECT_EQ("not here", response.body);
  EXPECT_EQ("gone", response.Header("x-why"));
  EXPECT_TRUE(head.starts_with("POST /a?b=c HTTP/1.0\r\nHost: 127.0.0.1:")) << head;
  EXPECT_NE(std::string::npos, head.find("\r\nContent-Type: text/plain\r\n")) << head;
  EXPECT_EQ("hello", body);
}

TEST(Loopback, TakesAnAnswerThatEndsWithItsConnection) {
  const std::string large(1 << 20, 'x');
  ScriptedServer server([&](auto&, auto&) { return "HTTP/1.0 200 OK\r\n\r\n" + large; }, 1);
  EXPECT_EQ(large, AskLoopback({.url = server.Url("/")}).body);
}

TEST(Loopback, SkipsInterimAnswersAndEmptyOnes) {
  ScriptedServer server([&](auto&, auto&) {
    return "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\n";
  });
  const auto response = AskLoopback({.method = "DELETE", .url = server.Url("/x")});
  EXPECT_EQ(204, response.status);
  EXPECT_EQ("", response.body);
}

TEST(Loopback, RefusesWhatIsNoWholeAnswer) {
  for (const char* answer :
       {"", "HTTP/1.1 200", "nonsense\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"}) {
    ScriptedServer server([&](auto&, auto&) { return std::string(answer); }, 1);
    EXPECT_EQ(Code::kUnavailable, CodeOf({.url = server.Url("/")})) << answer;
  }
  ScriptedServer endless(
      [&](auto&, auto&) { return "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'); }, 1);
  EXPECT_EQ(Code::kUnavailable, CodeOf({.url = endless.Url("/")}));
}

TEST(Loopback, KeepsToItsLimits) {
  ScriptedServer large([](auto&, auto&) { return Answer(200, std::string(100'000, 'x')); });
  EXPECT_EQ(Code::kResourceExhausted, CodeOf({.url = large.Url("/"), .body_bytes_max = 1000}));
  ScriptedServer unframed(
      [](auto&, auto&) { return "HTTP/1.0 200 OK\r\n\r\n" + std::string(100'000, 'x'); }, 1);
  EXPECT_EQ(Code::kResourceExhausted, CodeOf({.url = unframed.Url("/"), .body_bytes_max = 1000}));
  ScriptedServer cut([](auto&, auto&) { return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"; });
  EXPECT_EQ(Code::kDeadlineExceeded, CodeOf({.url = cut.Url("/"), .timeout_ms = 50}));
}

TEST(Loopback, SaysThatNobodyListens) {
  std::string url;
  {
    ScriptedServer gone([](auto&, auto&) { return ""; });
    url = gone.Url("/");
  }
  EXPECT_EQ(Code::kUnavailable, CodeOf({.url = url}));
  EXPECT_EQ(Code::kUnavailable, CodeOf({.url = "http://127.0.0.1:x/"}));
}

TEST(Loopback, RefusesLineBreaksInHeaders) {
  ScriptedServer server([](auto&, auto&) { return Answer(200, ""); });
  EXPECT_EQ(Code::kInvalidArgument,
            CodeOf({.url = server.Url("/"), .headers = {{"X", "a\r\nEvil: 1"}}}));
  EXPECT_EQ(0, server.requests());
}

TEST(Loopback, IsForPlainRequestsToThisMachine) {
  for (const char* url : {"http://127.0.0.1:5000/x", "http://localhost/", "http://[::1]:5000"})
    EXPECT_TRUE(IsForLoopback({.url = url})) << url;
  for (const char* url : {"https://localhost/", "http://example.com/", "http://u:p@localhost/",
                          "http://localhost/a\r\nb", "localhost:5000"})
    EXPECT_FALSE(IsForLoopback({.url = url})) << url;
  EXPECT_FALSE(IsForLoopback({.url = "http://localhost/", .body_file = "x"}));
  EXPECT_FALSE(IsForLoopback({.url = "http://localhost/", .follow_redirects = true}));
  EXPECT_FALSE(IsForLoopback({.method = "HEAD", .url = "http://localhost/"}));
}

}  // namespace
}  // namespace millwright::fetch
