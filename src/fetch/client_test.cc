#include "fetch/client.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "fetch/retry.h"
#include "fetch/scripted_server.h"

namespace millwright::fetch {
namespace {

std::string FirstLine(const std::string& head) {
  return head.substr(0, head.find("\r\n"));
}

ScriptedServer::Script Echo() {
  return [](const std::string& head, const std::string& body) {
    return Answer(200, FirstLine(head) + "|" + body, "X-Kind: echo \r\n");
  };
}

// Runs a fetch that must fail and returns its code and message.
std::pair<Code, std::string> Failure(Client& client, const FetchRequest& request) {
  try {
    client.Fetch(request);
  } catch (const Error& error) {
    return {error.code(), error.message()};
  }
  return {Code::kInternal, "no failure"};
}

TEST(Client, SendsMethodsHeadersAndBodies) {
  ScriptedServer server([](const std::string& head, const std::string& body) {
    return Answer(200, head + body, "X-Kind: echo\r\n");
  });
  Client client;
  const FetchResponse response = client.Fetch({.method = "PUT",
                                               .url = server.Url("/a?b=c"),
                                               .headers = {{"X-One", "1"}, {"X-Empty", ""}},
                                               .body = "hello"});
  EXPECT_EQ(200, response.status);
  EXPECT_EQ("echo", response.Header("x-kind"));
  EXPECT_EQ("", response.Header("absent"));
  EXPECT_TRUE(response.body.starts_with("PUT /a?b=c HTTP/1.1\r\n")) << response.body;
  EXPECT_NE(std::string::npos, response.body.find("\r\nX-One: 1\r\n"));
  EXPECT_NE(std::string::npos, response.body.find("\r\nX-Empty:\r\n"));
  EXPECT_EQ(std::string::npos, response.body.find("Content-Type"));
  EXPECT_TRUE(response.body.ends_with("\r\n\r\nhello"));
  for (const char* method : {"GET", "POST", "PATCH", "DELETE", "OPTIONS"})
    EXPECT_TRUE(client.Fetch({.method = method, .url = server.Url("/")})
                    .body.starts_with(std::string(method) + " / "));
  EXPECT_EQ(1, server.connections());
}

TEST(Client, AsksForHeadsWithoutWaitingForABody) {
  ScriptedServer server([](const std::string&, const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  });
  Client client;
  EXPECT_EQ("1000",
            client.Fetch({.method = "HEAD", .url = server.Url("/")}).Header("Content-Length"));
}

TEST(Client, IsSharedByManyThreads) {
  ScriptedServer server(Echo());
  Client client;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const std::string body = std::to_string(t * 100 + i);
          if (client.Fetch({.method = "POST", .url = server.Url("/"), .body = body}).body ==
              "POST / HTTP/1.1|" + body)
            ++right;
        }
      });
    }
  }
  EXPECT_EQ(400, right.load());
  EXPECT_LE(server.connections(), 8);
}

TEST(Client, StreamsAFileUpAndABodyDown) {
  const TempDir dir;
  const std::string path = dir.path() / "file";
  const std::string content(8 << 20, 'x');
  WriteFileDurably(path, content);
  ScriptedServer server(
      [](const std::string&, const std::string& body) { return Answer(200, body); });
  Client client;
  uint64_t received = 0;
  const FetchResponse response = client.Fetch({.method = "PUT",
                                               .url = server.Url("/"),
                                               .body_file = path,
                                               .on_body = [&](std::string_view piece) {
                                                 received += piece.size();
                                                 return true;
                                               }});
  EXPECT_EQ(content.size(), received);
  EXPECT_EQ("", response.body);
  EXPECT_EQ(
      Code::kNotFound,
      Failure(client, {.method = "PUT", .url = server.Url("/"), .body_file = path + "x"}).first);
}

TEST(Client, StopsWhenTheReceiverWantsNoMore) {
  ScriptedServer server([](const std::string&, const std::string&) {
    return Answer(200, std::string(1 << 20, 'x'));
  });
  Client client;
  int pieces = 0;
  EXPECT_EQ(200, client
                     .Fetch({.url = server.Url("/"),
                             .on_body = [&](std::string_view) { return ++pieces < 1; }})
                     .status);
  EXPECT_EQ(1, pieces);
  EXPECT_EQ(std::make_pair(Code::kAborted, std::string("enough")),
            Failure(client, {.url = server.Url("/"), .on_body = [](std::string_view) -> bool {
                               throw Aborted("enough");
                             }}));
}

TEST(Client, KeepsTheBodyOfAnErrorForTheCaller) {
  ScriptedServer server(
      [](const std::string&, const std::string&) { return Answer(404, "no such thing"); });
  Client client;
  const FetchResponse response = client.Fetch({.url = server.Url("/"), .on_body = [](auto) {
                                                 ADD_FAILURE();
                                                 return true;
                                               }});
  EXPECT_EQ(404, response.status);
  EXPECT_EQ("no such thing", response.body);
}

// Answers a head and a piece of a body, and never the rest.
ScriptedServer::Script Endless(const std::string& piece) {
  return [piece](const std::string&, const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + piece;
  };
}

TEST(Client, CutsALongBodyWhereTold) {
  ScriptedServer server([](const std::string&, const std::string&) {
    return Answer(500, std::string(100'000, 'x'));
  });
  Client client;
  const FetchResponse response =
      client.Fetch({.url = server.Url("/"), .body_bytes_max = 10, .long_body = LongBody::kCut});
  EXPECT_EQ(500, response.status);
  EXPECT_EQ("xxxxxxxxxx", response.body);
}

TEST(Client, TakesAnAnswerWhoseBodyDoesNotEndIfItMayBeCut) {
  ScriptedServer server(Endless("abc"));
  Client client;
  const FetchResponse response = client.Fetch({.url = server.Url("/"),
                                               .timeout_ms = 100,
                                               .body_bytes_max = 10,
                                               .long_body = LongBody::kCut});
  EXPECT_EQ(200, response.status);
  EXPECT_EQ("abc", response.body);
  EXPECT_EQ(Code::kDeadlineExceeded,
            Failure(client, {.url = server.Url("/"), .timeout_ms = 100}).first);
}

TEST(Client, EndsACallThatIsNoLongerWanted) {
  std::stop_source stop;
  ScriptedServer server([&](const std::string& head, const std::string& body) {
    stop.request_stop();
    return Endless("")(head, body);
  });
  Client client;
  EXPECT_EQ(Code::kAborted,
            Failure(client, {.url = server.Url("/"), .stop = stop.get_token()}).first);
}

TEST(Client, AsksItsGuardBeforeItConnects) {
  ScriptedServer server(Echo());
  std::string asked;
  Client client([&](const std::string& url, const Address& address) {
    asked = url + " " + address.ToText();
    return url.ends_with("/yes");
  });
  EXPECT_EQ(std::make_pair(Code::kPermissionDenied,
                           "Connections to 127.0.0.1 are not allowed: " + server.Url("/no")),
            Failure(client, {.url = server.Url("/no")}));
  EXPECT_EQ(server.Url("/no") + " 127.0.0.1", asked);
  EXPECT_EQ(0, server.connections());
  EXPECT_EQ(200, client.Fetch({.url = server.Url("/yes")}).status);
}

TEST(Client, TriesAgainAsOftenAsTold) {
  std::atomic<int> calls = 0;
  ScriptedServer server([&](const std::string&, const std::string&) {
    switch (++calls) {
      case 1:
        return Answer(503, "busy", "Retry-After: 0\r\n");
      case 2:
        return std::string();
      default:
        return Answer(200, "at last");
    }
  });
  Client client;
  EXPECT_EQ("at last", client.Fetch({.url = server.Url("/"), .retries = 2}).body);
  calls = 0;
  EXPECT_EQ(503, client.Fetch({.url = server.Url("/")}).status);
  EXPECT_EQ(1, calls.load());
  Client fresh;
  EXPECT_EQ(Code::kUnavailable, Failure(fresh, {.url = server.Url("/")}).first);
}

TEST(Client, TellsApartWhyThereIsNoAnswer) {
  std::string closed_url;
  {
    ScriptedServer closed(Echo());
    closed_url = closed.Url("/x?token=secret");
  }
  Client client;
  const auto [code, message] = Failure(client, {.url = closed_url});
  EXPECT_EQ(Code::kUnavailable, code);
  EXPECT_EQ(std::string::npos, message.find("secret")) << message;

  std::atomic<bool> release = false;
  ScriptedServer silent([&](const std::string&, const std::string&) {
    release.wait(false);
    return std::string();
  });
  EXPECT_EQ(Code::kDeadlineExceeded,
            Failure(client, {.url = silent.Url("/"), .timeout_ms = 50}).first);
  release = true;
  release.notify_all();

  ScriptedServer large(
      [](const std::string&, const std::string&) { return Answer(200, std::string(1001, 'x')); });
  EXPECT_EQ(Code::kResourceExhausted,
            Failure(client, {.url = large.Url("/"), .body_bytes_max = 1000}).first);
}

TEST(Client, SpeaksOnlyHttp) {
  Client client;
  for (const char* url :
       {"file:///etc/passwd", "ftp://localhost/x", "gopher://localhost/", "", "://"})
    EXPECT_EQ(Code::kInvalidArgument, Failure(client, {.url = url}).first) << url;
  EXPECT_EQ(Code::kInvalidArgument,
            Failure(client, {.url = "http://localhost", .headers = {{"X", "a\r\nEvil: b"}}}).first);
}

TEST(Client, FollowsRedirectsOnlyWhenAsked) {
  ScriptedServer server([](const std::string& head, const std::string&) {
    if (FirstLine(head) == "GET /file HTTP/1.1")
      return Answer(302, "", "Location: file:///etc/passwd\r\n");
    if (FirstLine(head) == "GET /from HTTP/1.1") return Answer(302, "moved", "Location: /to\r\n");
    return Answer(200, FirstLine(head), "X-There: yes\r\n");
  });
  Client client;
  EXPECT_EQ(302, client.Fetch({.url = server.Url("/from")}).status);
  const FetchResponse followed =
      client.Fetch({.url = server.Url("/from"), .follow_redirects = true});
  EXPECT_EQ("yes", followed.Header("X-There"));
  EXPECT_EQ("", followed.Header("Location"));
  EXPECT_EQ(Code::kInvalidArgument,
            Failure(client, {.url = server.Url("/file"), .follow_redirects = true}).first);
}

TEST(Client, EncodesForUrls) {
  EXPECT_EQ("a%2Fb%20c~-._%C3%BC%25", PercentEncode("a/b c~-._ü%"));
  EXPECT_EQ("a/b%3F", PercentEncode("a/b?", Slashes::kKeep));
}

TEST(Retry, WaitsLongerEachTimeAndAsLongAsTold) {
  for (int i = 0; i < 100; ++i) {
    const int64_t first = RetryDelayMs(1, "");
    EXPECT_TRUE(first >= 50 && first <= 100) << first;
    const int64_t third = RetryDelayMs(3, "Wed, 21 Oct 2015 07:28:00 GMT");
    EXPECT_TRUE(third >= 200 && third <= 400) << third;
    EXPECT_LE(RetryDelayMs(1000, ""), kRetryDelayMsMax);
  }
  EXPECT_EQ(3000, RetryDelayMs(1, "3"));
  EXPECT_EQ(kRetryDelayMsMax, RetryDelayMs(1, "86400"));
}

TEST(Retry, HidesSecretsAndKnowsThisMachine) {
  EXPECT_EQ("http://host/p", WithoutSecrets("http://user:pass@host/p?token=x"));
  EXPECT_EQ("http://host/p@q", WithoutSecrets("http://host/p@q"));
  for (const char* here : {"http://localhost:1/x", "http://127.0.0.1", "http://[::1]:8/"})
    EXPECT_TRUE(IsLoopbackUrl(here)) << here;
  for (const char* there : {"http://127.evil.org/", "http://localhost.evil.org", "http://10.0.0.1",
                            "http://localhost@evil.org/"})
    EXPECT_FALSE(IsLoopbackUrl(there)) << there;
}

}  // namespace
}  // namespace millwright::fetch
