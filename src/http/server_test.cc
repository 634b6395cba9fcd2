#include "http/server.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "http/raw_client.h"

namespace millwright::http {
namespace {

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

Response Echo(const Request& request) {
  std::string text(MethodName(request.method));
  text += " " + request.path + " raw=" + request.raw_target;
  for (const auto& [key, value] : request.query) text += " " + key + "=" + value;
  text += " body=" + request.body;
  return Response::Text(200, text);
}

Target EchoTarget(Lane lane) {
  Target target;
  target.lane = lane;
  target.body_bytes_max = 1 << 20;
  target.handle = [](Request&& request, const Reply& reply) { reply(Echo(request)); };
  return target;
}

ServerOptions AnyPort() {
  ServerOptions options;
  options.port = 0;
  return options;
}

class EchoServer {
 public:
  explicit EchoServer(Lane lane, const ServerOptions& options = AnyPort())
      : server_(options, [lane](Request&) { return EchoTarget(lane); }) {}
  int port() const { return server_.port(); }
  Server& server() { return server_; }

 private:
  Server server_;
};

TEST(Server, AnswersOnEveryLane) {
  for (const Lane lane : {Lane::kInline, Lane::kMeta, Lane::kBulk, Lane::kInfer}) {
    EchoServer server(lane);
    RawClient client(server.port());
    const RawAnswer answer = client.Exchange(
        "POST /a%20b?x=1&y=two+words&z HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        "5\r\n\r\nhello");
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ("POST /a b raw=/a%20b?x=1&y=two+words&z x=1 y=two words z= body=hello", answer.body);
    EXPECT_EQ("text/plain", answer.Header("Content-Type"));
    EXPECT_EQ(29u, answer.Header("Date").size());
    EXPECT_EQ("", answer.Header("Connection"));
  }
}

TEST(Server, KeepsTheConnectionForManyRequests) {
  EchoServer server(Lane::kMeta);
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(200, client.Exchange(kGet).status);
  EXPECT_EQ(1, server.server().stats().connections);
  EXPECT_EQ(100, server.server().stats().requests);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  EchoServer server(Lane::kMeta);
  RawClient client(server.port());
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "n" + std::to_string(i);
    bytes += "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body;
  }
  client.Send(bytes);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ("POST /p raw=/p body=n" + std::to_string(i), client.Read().body);
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  EchoServer server(Lane::kInline);
  RawClient client(server.port());
  const std::string bytes =
      "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\nTrailer: x\r\n\r\n" +
      std::string(kGet);
  for (const char c : bytes) ASSERT_TRUE(client.Send(std::string_view(&c, 1)));
  EXPECT_EQ("POST /slow raw=/slow body=abcde", client.Read().body);
  EXPECT_EQ("GET /hello raw=/hello body=", client.Read().body);
}

TEST(Server, AnswersHeadWithLengthAndWithoutBody) {
  EchoServer server(Lane::kMeta);
  RawClient client(server.port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const RawAnswer head = client.Read(/*has_body=*/false);
  EXPECT_EQ("28", head.Header("Content-Length"));
  EXPECT_EQ("GET /hello raw=/hello body=", client.Exchange(kGet).body);
}

TEST(Server, AsksForTheBodyThatIsExpectedToContinue) {
  EchoServer server(Lane::kMeta);
  RawClient client(server.port());
  client.Send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(100, client.Read().status);
  EXPECT_EQ("POST /c raw=/c body=ok", client.Exchange("ok").body);
}

TEST(Server, AnswersAClientThatHasClosedItsSendingHalf) {
  EchoServer server(Lane::kMeta);
  RawClient client(server.port());
  client.Send(kGet);
  client.HalfClose();
  EXPECT_EQ("GET /hello raw=/hello body=", client.Read().body);
  EXPECT_TRUE(client.IsClosed());
}

TEST(Server, ClosesWhenTheClientAsksAndSpeaksHttp10) {
  EchoServer server(Lane::kMeta);
  RawClient closing(server.port());
  const RawAnswer closed =
      closing.Exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ("close", closed.Header("Connection"));
  EXPECT_TRUE(closing.IsClosed());

  RawClient old(server.port());
  EXPECT_EQ("close", old.Exchange("GET / HTTP/1.0\r\n\r\n").Header("Connection"));
  EXPECT_TRUE(old.IsClosed());

  RawClient kept(server.port());
  const std::string request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ("keep-alive", kept.Exchange(request).Header("Connection"));
  EXPECT_EQ(200, kept.Exchange(request).status);
}

TEST(Server, AnswersLaterFromAnotherThread) {
  std::vector<std::jthread> threads;
  std::mutex mutex;
  Server server(AnyPort(), [&](Request&) {
    Target target;
    target.lane = Lane::kInline;
    target.handle = [&](Request&& request, Reply reply) {
      std::lock_guard lock(mutex);
      threads.emplace_back([path = request.path, reply = std::move(reply)] {
        reply(Response::Text(200, "later " + path));
      });
    };
    return target;
  });
  RawClient client(server.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ("later /hello", client.Exchange(kGet).body);
}

TEST(Server, AnswersWhenAHandlerDropsItsReply) {
  Server server(AnyPort(), [](Request&) {
    Target target;
    target.handle = [](Request&&, const Reply&) {};
    return target;
  });
  RawClient client(server.port());
  EXPECT_EQ(500, client.Exchange(kGet).status);
  EXPECT_EQ(500, client.Exchange(kGet).status);
}

// Handlers that wait until the test lets them go.
class Blocker {
 public:
  Target operator()(Request&) {
    Target target;
    target.handle = [this](Request&&, const Reply& reply) {
      std::unique_lock lock(mutex_);
      ++running_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
      reply(Response::Text(200, "done"));
    };
    return target;
  }
  void WaitUntilRunning(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ >= count; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  bool released_ = false;
};

TEST(Server, RefusesWith503WhenALaneIsFull) {
  Blocker blocker;
  ServerOptions options = AnyPort();
  options.meta_threads = 1;
  options.lane_queue_max = 1;
  Server server(options, [&](Request& head) { return blocker(head); });
  RawClient running(server.port());
  running.Send(kGet);
  blocker.WaitUntilRunning(1);
  // One of these waits in the queue, the other finds it full.
  RawClient first(server.port());
  RawClient second(server.port());
  first.Send(kGet);
  second.Send(kGet);
  RawClient* refused_client = nullptr;
  while (refused_client == nullptr) {
    if (first.HasInput(10)) refused_client = &first;
    if (second.HasInput(10)) refused_client = &second;
  }
  const RawAnswer refused = refused_client->Read();
  EXPECT_EQ(503, refused.status);
  EXPECT_EQ("1", refused.Header("Retry-After"));
  EXPECT_EQ(1, server.stats().refused);
  blocker.Release();
  EXPECT_EQ("done", running.Read().body);
}

TEST(Server, DrainFinishesRunningRequestsAndRefusesNewOnes) {
  Blocker blocker;
  auto server = std::make_unique<Server>(AnyPort(), [&](Request& head) { return blocker(head); });
  RawClient idle(server->port());
  RawClient running(server->port());
  running.Send(kGet);
  blocker.WaitUntilRunning(1);
  std::jthread drainer([&] { EXPECT_TRUE(server->Drain(20'000)); });
  EXPECT_TRUE(idle.IsClosed());
  blocker.Release();
  EXPECT_EQ("done", running.Read().body);
  EXPECT_TRUE(running.IsClosed());
}

TEST(Server, DrainTellsWhenTheDeadlinePasses) {
  Blocker blocker;
  Server server(AnyPort(), [&](Request& head) { return blocker(head); });
  RawClient running(server.port());
  running.Send(kGet);
  blocker.WaitUntilRunning(1);
  EXPECT_FALSE(server.Drain(50));
  blocker.Release();
}

TEST(Server, NamesHostAndPortWhenItCannotListen) {
  EchoServer first(Lane::kMeta);
  ServerOptions options;
  options.port = first.port();
  try {
    EchoServer second(Lane::kMeta, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(Code::kUnavailable, error.code());
    EXPECT_EQ(
        "Cannot listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use",
        error.message());
  }
}

TEST(Server, ServesManyConnectionsAtOnce) {
  ServerOptions options = AnyPort();
  options.io_threads = 2;
  EchoServer server(Lane::kMeta, options);
  std::atomic<int> right = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 32; ++i) {
    clients.emplace_back([&, i] {
      RawClient client(server.port());
      for (int n = 0; n < 50; ++n) {
        const std::string body = std::to_string(i * 1000 + n);
        const auto answer = client.Exchange("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                            std::to_string(body.size()) + "\r\n\r\n" + body);
        if (answer.body == "POST /c raw=/c body=" + body) ++right;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(32 * 50, right.load());
}

// Keeps replies until told to give them, from a thread of its own.
class LateAnswers {
 public:
  Target MakeTarget() {
    Target target;
    target.lane = Lane::kInline;
    target.body_bytes_max = 1 << 20;
    target.handle = [this](Request&&, Reply reply) {
      std::lock_guard lock(mutex_);
      replies_.push_back(std::move(reply));
      grown_.notify_all();
    };
    return target;
  }
  void AwaitRequests(size_t count) {
    std::unique_lock lock(mutex_);
    grown_.wait(lock, [&] { return replies_.size() >= count; });
  }
  // Answers all that wait, one after another, as a commit does.
  size_t Give() {
    std::vector<Reply> replies;
    {
      std::lock_guard lock(mutex_);
      replies.swap(replies_);
    }
    for (Reply& reply : replies) {
      const Reply last = std::move(reply);
      last(Response::Text(200, "late"));
    }
    return replies.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<Reply> replies_;
};

TEST(Server, ManyAnswersThatComeAtOnceAllGoOut) {
  constexpr int kClients = 40, kRounds = 25;
  LateAnswers late;
  Server server(AnyPort(), [&](Request&) { return late.MakeTarget(); });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
  for (int round = 0; round < kRounds; ++round) {
    for (auto& client : clients) client->Send(kGet);
    late.AwaitRequests(kClients);
    EXPECT_EQ(static_cast<size_t>(kClients), late.Give());
    for (auto& client : clients) EXPECT_EQ("late", client->Read().body);
  }
}

TEST(Server, EndsOnlyWhenNobodyHasAnAnswerToGive) {
  LateAnswers late;
  std::atomic<bool> given = false;
  std::optional<RawClient> client;
  std::jthread answering;
  {
    Server server(AnyPort(), [&](Request&) { return late.MakeTarget(); });
    client.emplace(server.port());
    client->Send(kGet);
    late.AwaitRequests(1);
    EXPECT_FALSE(server.Drain(1));
    answering = std::jthread([&] {
      client->Read();  // the server has cut the connection: it is ending
      given = true;
      late.Give();
    });
  }
  EXPECT_TRUE(given);
}

// Answers of many connections go out together; some fit no socket, some callers are gone.
TEST(Server, AnswersThatGoOutTogetherReachTheirOwnCallers) {
  constexpr int kClients = 12, kRequests = 40;
  Server server(AnyPort(), [](Request&) {
    Target target;
    target.lane = Lane::kInline;
    target.handle = [](Request&& request, const Reply& reply) {
      reply(Response::Text(200, request.path + std::string(30'000, 'x')));
    };
    return target;
  });
  const auto ask = [&](int client, int request) {
    return "GET /" + std::to_string(client) + "/" + std::to_string(request) +
           " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  };
  std::vector<std::jthread> threads;
  for (int client = 0; client < kClients; ++client) {
    threads.emplace_back([&, client] {
      // Every third has little room for what it does not read yet, or goes away.
      RawClient socket(server.port(), client % 3 == 0 ? 4096 : 0);
      std::string all;
      for (int i = 0; i < kRequests; ++i) all += ask(client, i);
      EXPECT_TRUE(socket.Send(all));
      if (client % 3 == 1) return;
      for (int i = 0; i < kRequests; ++i) {
        const RawAnswer answer = socket.Read();
        const std::string path = "/" + std::to_string(client) + "/" + std::to_string(i);
        ASSERT_EQ(answer.body.substr(0, path.size() + 1), path + "x");
        ASSERT_EQ(answer.body.size(), path.size() + 30'000);
      }
    });
  }
  threads.clear();
  RawClient one(server.port());
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(200, one.Exchange(ask(99, i)).status);
  EXPECT_TRUE(server.Drain(10'000));
}

}  // namespace
}  // namespace millwright::http
