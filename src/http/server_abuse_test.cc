#include <atomic>
#include <random>
#include <thread>

#include "base/clock.h"
#include "http/raw_client.h"
#include "http/server.h"

namespace millwright::http {
namespace {

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr uint64_t kBodyMax = 1024;

ServerOptions AnyPort() {
  ServerOptions options;
  options.port = 0;
  options.head_bytes_max = 16 * 1024;
  return options;
}

Target Resolve(Request& head) {
  Target target;
  target.lane = Lane::kInline;
  target.body_bytes_max = kBodyMax;
  if (head.path == "/ignores-body") target.body = Body::kStream;
  target.handle = [](Request&& request, const Reply& reply) {
    reply(Response::Text(200, request.path + " " + request.body));
  };
  return target;
}

struct Malformed {
  std::string_view what;
  std::string bytes;
  int status;
};

std::string Post(const std::string& headers, const std::string& body) {
  return "POST /p HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
}

TEST(ServerAbuse, RefusesWhatIsMalformedAndCloses) {
  const Malformed cases[] = {
      {"both framings", Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       400},
      {"both, other order",
       Post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
      {"two lengths", Post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400},
      {"the same length twice", Post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"a list of lengths", Post("Content-Length: 3, 3\r\n", "abc"), 400},
      {"a signed length", Post("Content-Length: +3\r\n", "abc"), 400},
      {"a negative length", Post("Content-Length: -3\r\n", "abc"), 400},
      {"a hexadecimal length", Post("Content-Length: 0x3\r\n", "abc"), 400},
      {"an overflowing length", Post("Content-Length: 99999999999999999999\r\n", ""), 400},
      {"an empty length", Post("Content-Length:\r\n", ""), 400},
      {"another coding", Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {"a disguised coding", Post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
      {"two codings", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
       400},
      {"a bad chunk size", Post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"), 400},
      {"a negative chunk size", Post("Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n"), 400},
      {"an overflowing chunk size",
       Post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n"), 400},
      {"a chunk that is too long", Post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"),
       400},
      {"an endless chunk extension",
       Post("Transfer-Encoding: chunked\r\n", "1;" + std::string(40000, 'x')), 400},
      {"a body over the limit", Post("Content-Length: 1025\r\n", ""), 413},
      {"chunks over the limit",
       Post("Transfer-Encoding: chunked\r\n", "401\r\n" + std::string(1025, 'x') + "\r\n0\r\n\r\n"),
       413},
      {"a folded header", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
      {"a blank before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"a bare line feed", "GET / HTTP/1.1\nHost: h\n\r\n\r\n", 505},
      {"a NUL in a header",
       "GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
      {"an encoded NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a broken escape", "GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a relative target", "GET hello HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"a raw tunnel", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"another version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"no HTTP at all", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 hello\r\n\r\n", 400},
      {"an unknown expectation", Post("Expect: miracles\r\nContent-Length: 1\r\n", "x"), 417},
      {"a huge header", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20000, 'x') + "\r\n\r\n",
       431},
      {"a huge target", "GET /" + std::string(20000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", 431},
  };
  Server server(AnyPort(), Resolve);
  for (const Malformed& bad : cases) {
    RawClient client(server.port());
    // A second request behind the bad one must never be answered: that would be the smuggled one.
    client.Send(bad.bytes + std::string(kGet));
    const RawAnswer answer = client.Read();
    EXPECT_EQ(bad.status, answer.status) << bad.what;
    EXPECT_EQ("close", answer.Header("Connection")) << bad.what;
    client.HalfClose();
    EXPECT_TRUE(client.IsClosed()) << bad.what;
  }
  RawClient client(server.port());
  EXPECT_EQ(200, client.Exchange(kGet).status);
}

TEST(ServerAbuse, RefusesTooManyHeaderFields) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 200; ++i) request += "X" + std::to_string(i) + ": y\r\n";
  Server server(AnyPort(), Resolve);
  RawClient client(server.port());
  EXPECT_EQ(431, client.Exchange(request + "\r\n").status);
}

TEST(ServerAbuse, TakesBytesThatOnlyLookOdd) {
  Server server(AnyPort(), Resolve);
  RawClient client(server.port());
  EXPECT_EQ("/a/../b ", client.Exchange("GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n").body);
  EXPECT_EQ("/x ", client.Exchange("GET http://other/x?y HTTP/1.1\r\nHost: h\r\n\r\n").body);
  EXPECT_EQ("/%2e ", client.Exchange("GET /%252e HTTP/1.1\r\nHost: h\r\n\r\n").body);
  EXPECT_EQ("/p abc", client.Exchange(Post("Content-Length: 003\r\n", "abc")).body);
}

TEST(ServerAbuse, SkipsASmallBodyThatTheHandlerIgnores) {
  Server server(AnyPort(), Resolve);
  RawClient client(server.port());
  const std::string body(1000, 'x');
  EXPECT_EQ(
      "/ignores-body ",
      client
          .Exchange("POST /ignores-body HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + body)
          .body);
  EXPECT_EQ("/hello ", client.Exchange(kGet).body);
}

ServerOptions Impatient() {
  ServerOptions options = AnyPort();
  options.idle_timeout_ms = 100;
  options.read_timeout_ms = 100;
  options.write_timeout_ms = 100;
  return options;
}

TEST(ServerAbuse, ClosesAnIdleConnection) {
  Server server(Impatient(), Resolve);
  RawClient client(server.port());
  EXPECT_EQ(200, client.Exchange(kGet).status);
  EXPECT_TRUE(client.IsClosed());
}

TEST(ServerAbuse, EndsAHeadThatTricklesIn) {
  Server server(Impatient(), Resolve);
  RawClient client(server.port());
  const int64_t start_us = MonotonicUs();
  // Each byte comes well before the timeout; the head as a whole does not.
  std::string endless = "GET / HTTP/1.1\r\nHost: h\r\n";
  size_t at = 0;
  while (!client.HasInput(10) && MonotonicUs() - start_us < 10'000'000) {
    const char next = at < endless.size() ? endless[at] : "X: y\r\n"[at % 6];
    if (!client.Send(std::string_view(&next, 1))) break;
    ++at;
  }
  EXPECT_EQ(408, client.Read().status);
  EXPECT_TRUE(client.IsClosed());
}

TEST(ServerAbuse, EndsABodyThatStopsOrTricklesIn) {
  Server server(Impatient(), Resolve);
  RawClient stopped(server.port());
  EXPECT_EQ(408, stopped.Exchange(Post("Content-Length: 10\r\n", "abc")).status);

  RawClient trickling(server.port());
  trickling.Send(Post("Content-Length: 1000\r\n", ""));
  int sent = 0;
  while (!trickling.HasInput(10) && trickling.Send("x") && sent < 1000) ++sent;
  EXPECT_EQ(408, trickling.Read().status);
  EXPECT_LT(sent, 500);
}

TEST(ServerAbuse, EndsAClientThatDoesNotRead) {
  Server server(Impatient(), [](Request&) {
    Target target;
    target.lane = Lane::kMeta;
    target.handle = [](Request&&, const Reply& reply) {
      reply(Response::Text(200, std::string(64 << 20, 'x')));
    };
    return target;
  });
  RawClient client(server.port(), 4096);
  client.Send(kGet);
  const int64_t start_us = MonotonicUs();
  while (server.stats().connections != 0 && MonotonicUs() - start_us < 20'000'000)
    client.HasInput(10);
  EXPECT_EQ(0, server.stats().connections);
}

TEST(ServerAbuse, RefusesConnectionsOverTheLimit) {
  ServerOptions options = AnyPort();
  options.connections_max = 2;
  Server server(options, Resolve);
  RawClient first(server.port());
  RawClient second(server.port());
  EXPECT_EQ(200, first.Exchange(kGet).status);
  EXPECT_EQ(200, second.Exchange(kGet).status);
  RawClient third(server.port());
  EXPECT_EQ(503, third.Read().status);
  EXPECT_TRUE(third.IsClosed());
  EXPECT_EQ(200, first.Exchange(kGet).status);
}

// Requests mutated at random and plain noise: the server answers or closes, and goes on.
class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string Next() {
    static const std::string kSeeds[] = {
        std::string(kGet) + std::string(kGet),
        Post("Content-Length: 5\r\n", "hello") + std::string(kGet),
        Post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nT: x\r\n\r\n"),
        "POST /ignores-body HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
        "9\r\n\r\n",
        "HEAD /a%20b?x=%41&y HTTP/1.0\r\nConnection: keep-alive\r\nRange: bytes=0-1\r\n\r\n",
    };
    std::string bytes = kSeeds[Below(std::size(kSeeds))];
    for (size_t edits = Below(6); edits > 0; --edits) Edit(&bytes);
    return bytes;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }

  void Edit(std::string* bytes) {
    static const std::string_view kTokens[] = {"\r\n",
                                               "\r",
                                               "\n",
                                               " ",
                                               "\t",
                                               ":",
                                               ";",
                                               "%",
                                               "%00",
                                               "0",
                                               "-1",
                                               "fffffffffffffffff",
                                               ",",
                                               "Content-Length: 3\r\n",
                                               "Transfer-Encoding: chunked\r\n",
                                               "Host: h\r\n",
                                               "HTTP/1.1",
                                               "\xff"};
    const size_t at = Below(bytes->size() + 1);
    switch (Below(4)) {
      case 0:
        bytes->insert(at, kTokens[Below(std::size(kTokens))]);
        break;
      case 1:
        bytes->erase(at, Below(8));
        break;
      case 2:
        bytes->insert(at, 1, static_cast<char>(random_()));
        break;
      case 3:
        bytes->insert(at, bytes->substr(Below(bytes->size() + 1), Below(40)));
        break;
    }
    if (bytes->empty()) *bytes = "\r\n";
  }

  std::mt19937 random_;
};

TEST(ServerAbuse, SurvivesMutatedRequestsAndNoise) {
  constexpr int64_t kBudgetUs = 4'000'000;
  ServerOptions options = AnyPort();
  options.read_timeout_ms = 200;
  options.idle_timeout_ms = 200;
  Server server(options, Resolve);
  const int64_t start_us = MonotonicUs();
  std::atomic<int> sent = 0;
  std::vector<std::jthread> clients;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    clients.emplace_back([&, seed] {
      Mutator mutator(seed);
      while (MonotonicUs() - start_us < kBudgetUs) {
        RawClient client(server.port());
        client.Send(mutator.Next());
        client.HalfClose();
        while (client.Fill()) {
        }
        ++sent;
      }
    });
  }
  clients.clear();
  EXPECT_GT(sent.load(), 100);
  RawClient client(server.port());
  EXPECT_EQ("/hello ", client.Exchange(kGet).body);
}

}  // namespace
}  // namespace millwright::http
