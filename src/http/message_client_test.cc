#include "http/message_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "http/raw_client.h"
#include "http/server.h"

namespace millwright::http {
namespace {

constexpr int64_t kLongMs = 60'000;

// A head of eight bytes, the length, then the body.
std::string MessageOf(std::string_view body) {
  const uint64_t bytes = body.size();
  return std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes) + std::string(body);
}
std::optional<uint64_t> BodyBytes(std::string_view head) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, head.data(), sizeof bytes);
  return bytes < (1ULL << 32) ? std::optional(bytes) : std::nullopt;
}
constexpr MessageFraming kFraming{sizeof(uint64_t), BodyBytes};

// Listens on a Unix-domain socket and answers each message with what `answer` makes of its body;
// where that is nothing it closes the connection.
class Peer {
 public:
  using Answer = std::function<std::optional<std::string>(const std::string& body)>;
  explicit Peer(Answer answer) : answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    EXPECT_EQ(0, bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address));
    EXPECT_EQ(0, listen(fd_, 1024));
    acceptor_ = std::jthread([this] { Accept(); });
  }
  ~Peer() {
    shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    threads_.clear();
    close(fd_);
  }
  std::string path() const { return (dir_.path() / "peer.sock").string(); }
  MessagePeer address(int64_t timeout_ms = kLongMs) const { return {1, path_, timeout_ms}; }
  int connections() const { return connections_.load(); }

 private:
  void Accept() {
    for (;;) {
      const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.fetch_add(1);
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { Serve(fd); });
    }
  }
  void Serve(int fd) {
    for (;;) {
      std::string head(sizeof(uint64_t), '\0');
      if (recv(fd, head.data(), head.size(), MSG_WAITALL) != static_cast<ssize_t>(head.size()))
        break;
      std::string body(*BodyBytes(head), '\0');
      if (!body.empty() &&
          recv(fd, body.data(), body.size(), MSG_WAITALL) != static_cast<ssize_t>(body.size())) {
        break;
      }
      const auto answer = answer_(body);
      if (!answer) break;
      std::string_view left = *answer;
      while (!left.empty()) {
        const ssize_t sent = send(fd, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        left.remove_prefix(static_cast<size_t>(sent));
      }
    }
    shutdown(fd, SHUT_RDWR);
  }

  const Answer answer_;
  TempDir dir_;
  const std::string path_ = path();
  const int fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

std::optional<std::string> Echo(const std::string& body) {
  return MessageOf("echo " + body);
}

// A server whose handlers run on its one I/O thread.
class InlineServer {
 public:
  using Handle = std::function<void(const Request&, const Reply&)>;
  explicit InlineServer(Handle handle)
      : server_({.port = 0}, [handle = std::move(handle)](Request&) {
          Target target;
          target.lane = Lane::kInline;
          target.body_bytes_max = 64 << 20;
          target.handle = [handle](Request&& request, const Reply& reply) {
            handle(request, reply);
          };
          return target;
        }) {}
  std::string Post(const std::string& body) { return RawPost(RawClient(server_.port()), body); }
  static std::string RawPost(RawClient&& client, const std::string& body) {
    return client
        .Exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
                  "\r\n\r\n" + body)
        .body;
  }
  int port() const { return server_.port(); }

 private:
  Server server_;
};

std::string Word(MessageOutcome outcome, std::string_view answer) {
  switch (outcome) {
    case MessageOutcome::kAnswered:
      return std::string(answer.substr(sizeof(uint64_t)));
    case MessageOutcome::kGone:
      return "gone";
    case MessageOutcome::kTimedOut:
      return "timed out";
    case MessageOutcome::kRefused:
      return "refused";
  }
  return "";
}

// Passes the body on to the peer and its answer back.
InlineServer::Handle PassTo(const MessagePeer& peer) {
  return [peer](const Request& request, const Reply& reply) {
    IoThread::Here()->Ask(peer, kFraming,
                          std::make_shared<const std::string>(MessageOf(request.body)),
                          [reply](MessageOutcome outcome, std::string_view answer) {
                            reply(Response::Text(200, Word(outcome, answer)));
                          });
  };
}

TEST(MessageClient, IsOnIoThreadsOnly) {
  EXPECT_EQ(nullptr, IoThread::Here());
}

TEST(MessageClient, BringsBackAnswersOfEverySize) {
  Peer peer(Echo);
  InlineServer server(PassTo(peer.address()));
  for (const size_t bytes : {0, 1, 8000, 8187, 8188, 20'000, 4 << 20}) {
    const std::string body(bytes, 'x');
    EXPECT_EQ("echo " + body, server.Post(body)) << bytes;
  }
  EXPECT_EQ(1, peer.connections());
}

TEST(MessageClient, SaysThatAPeerIsNotThere) {
  InlineServer server(PassTo({1, "/nowhere/peer.sock", kLongMs}));
  EXPECT_EQ("gone", server.Post("x"));
}

TEST(MessageClient, SaysThatAPeerWentAwayBeforeItAnswered) {
  Peer peer([](const std::string& body) { return body == "die" ? std::nullopt : Echo(body); });
  InlineServer server(PassTo(peer.address()));
  EXPECT_EQ("echo a", server.Post("a"));
  EXPECT_EQ("gone", server.Post("die"));
  EXPECT_EQ("echo b", server.Post("b"));
  EXPECT_EQ(2, peer.connections());
}

TEST(MessageClient, TakesNoAnswerThatIsNoneOrToNothing) {
  Peer peer([](const std::string& body) {
    if (body == "torn") return std::string(sizeof(uint64_t), '\xff');
    return body == "two" ? MessageOf("one") + MessageOf("more") : MessageOf(body);
  });
  InlineServer server(PassTo(peer.address()));
  EXPECT_EQ("gone", server.Post("torn"));
  EXPECT_EQ("gone", server.Post("two"));
  EXPECT_EQ("fine", server.Post("fine"));
}

TEST(MessageClient, DoesNotWaitForeverForASlowPeer) {
  std::promise<void> end;
  const auto ended = end.get_future().share();
  Peer peer([ended](const std::string& body) {
    if (body == "slow") ended.wait();
    return Echo(body);
  });
  InlineServer server(PassTo(peer.address(300)));
  EXPECT_EQ("timed out", server.Post("slow"));
  EXPECT_EQ("echo b", server.Post("b"));
  end.set_value();
}

TEST(MessageClient, LetsMessagesWaitForAConnection) {
  Peer peer(Echo);
  InlineServer server([&](const Request&, const Reply& reply) {
    const auto left = std::make_shared<size_t>(3 * kPeerConnectionsMax);
    for (size_t i = *left; i > 0; --i) {
      IoThread::Here()->Ask(peer.address(), kFraming,
                            std::make_shared<const std::string>(MessageOf(std::to_string(i))),
                            [=](MessageOutcome outcome, std::string_view answer) {
                              EXPECT_EQ("echo " + std::to_string(i), Word(outcome, answer));
                              if (--*left == 0) reply(Response::Text(200, "all"));
                            });
    }
  });
  EXPECT_EQ("all", server.Post(""));
  EXPECT_EQ(static_cast<int>(kPeerConnectionsMax), peer.connections());
}

TEST(MessageClient, RefusesWhatWouldWaitTooLong) {
  std::promise<void> end;
  const auto ended = end.get_future().share();
  Peer peer([ended](const std::string& body) {
    ended.wait();
    return Echo(body);
  });
  InlineServer server([&](const Request&, const Reply& reply) {
    const auto refused = std::make_shared<bool>(false);
    for (size_t i = 0; i <= kPeerConnectionsMax + kPeerWaitingMax; ++i) {
      IoThread::Here()->Ask(peer.address(), kFraming,
                            std::make_shared<const std::string>(MessageOf("x")),
                            [refused](MessageOutcome outcome, std::string_view) {
                              *refused = *refused || outcome == MessageOutcome::kRefused;
                            });
    }
    reply(Response::Text(200, *refused ? "refused" : "taken"));
  });
  EXPECT_EQ("refused", server.Post(""));
  end.set_value();
}

TEST(MessageClient, CallsTasksWhenTheyAreDueAndNotThoseThatWereCancelled) {
  InlineServer server([](const Request&, const Reply& reply) {
    IoThread& thread = *IoThread::Here();
    const auto order = std::make_shared<std::string>();
    thread.After(30'000, [=] { reply(Response::Text(200, *order + "c")); });
    thread.After(10'000, [=] { *order += "b"; });
    const auto cancelled = thread.After(5'000, [=] { *order += "x"; });
    thread.After(0, [=] { *order += "a"; });
    thread.Cancel(cancelled);
    thread.Cancel(cancelled + 1000);
  });
  EXPECT_EQ("abc", server.Post(""));
}

TEST(MessageClient, TakesTasksFromOtherThreads) {
  std::jthread other;
  IoThread* seen = nullptr;
  InlineServer server([&](const Request&, const Reply& reply) {
    other = std::jthread([&seen, post = IoThread::Here()->Poster(), reply] {
      post([&seen, reply] {
        seen = IoThread::Here();
        reply(Response::Text(200, "posted"));
      });
    });
  });
  EXPECT_EQ("posted", server.Post(""));
  EXPECT_NE(nullptr, seen);
}

TEST(MessageClient, ForgetsQuestionsAndTasksWhenTheServerEnds) {
  std::promise<void> end;
  const auto ended = end.get_future().share();
  Peer peer([ended](const std::string& body) {
    ended.wait();
    return Echo(body);
  });
  std::atomic<bool> was_gone = false;
  std::function<void(std::function<void()>)> post;
  {
    InlineServer server([&](const Request&, const Reply& reply) {
      IoThread& thread = *IoThread::Here();
      thread.Ask(peer.address(), kFraming, std::make_shared<const std::string>(MessageOf("x")),
                 [&](MessageOutcome outcome, std::string_view) {
                   was_gone = outcome == MessageOutcome::kGone;
                 });
      thread.After(3'600'000'000, [] { ADD_FAILURE() << "called after an hour"; });
      post = thread.Poster();
      reply(Response::Text(200, "asked"));
    });
    EXPECT_EQ("asked", server.Post(""));
  }
  EXPECT_TRUE(was_gone);
  post([] { ADD_FAILURE() << "posted to a server that has ended"; });
  end.set_value();
}

}  // namespace
}  // namespace millwright::http
