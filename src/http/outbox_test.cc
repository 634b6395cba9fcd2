#include "http/outbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "http/raw_client.h"
#include "http/server.h"

// What one look at the sockets brings is made by hand: the one I/O thread is held in a handler
// until the requests of all clients have come. They are then handled one after another, and the
// handlers look at what the clients before them have got.
namespace millwright::http {
namespace {

constexpr int kAtOnceMs = 0;
constexpr int64_t kLongUs = 2'000;  // more than an answer is held

std::string GetOf(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

class OutboxTest : public testing::Test {
 protected:
  using Handle = std::function<void(const std::string& path)>;

  OutboxTest() : server_(std::make_unique<Server>(Options(), [this](Request&) { return Here(); })) {
    for (const char* name : {"a", "b", "c"}) {
      auto& client = clients_[name] = std::make_unique<RawClient>(server_->port());
      EXPECT_EQ(200, client->Exchange(GetOf("/hello")).status);
    }
  }

  // Runs `send` while the I/O thread is held; `handle` is then called for every request that it
  // sent, on that thread. Returns when it was called so many times.
  void InOneLook(int requests, Handle handle, const std::function<void()>& send) {
    const auto handled = std::make_shared<std::promise<void>>();
    handle_ = [handle = std::move(handle), handled, left = requests](const auto& path) mutable {
      handle(path);
      if (--left == 0) handled->set_value();
    };
    RawClient holder(server_->port());
    holder.Send(GetOf("/hold"));
    held_.get_future().wait();
    send();
    for (const auto& [name, client] : clients_) client->AwaitTaken();
    sent_.set_value();
    EXPECT_EQ(std::future_status::ready,
              handled->get_future().wait_for(std::chrono::milliseconds(RawClient::kTimeoutMs)));
    EXPECT_EQ("/hold", holder.Read().body);
  }

  RawClient& client(const std::string& name) { return *clients_.at(name); }
  int AnswersThere() {
    int count = 0;
    for (const auto& [name, client] : clients_) count += client->HasInput(kAtOnceMs) ? 1 : 0;
    return count;
  }
  // Waits for so many, for what was sent may take Linux a moment to bring on a busy machine.
  int WaitForAnswers(int count) {
    const int64_t end_us = MonotonicUs() + RawClient::kTimeoutMs * int64_t{1000};
    while (AnswersThere() < count && MonotonicUs() < end_us) std::this_thread::yield();
    return AnswersThere();
  }
  // Waits until the server has no more connections than that.
  void WaitForConnections(int64_t count) {
    const int64_t end_us = MonotonicUs() + RawClient::kTimeoutMs * int64_t{1000};
    while (server_->stats().connections != count && MonotonicUs() < end_us)
      std::this_thread::yield();
    EXPECT_EQ(count, server_->stats().connections);
  }

  std::unique_ptr<Server> server_;
  std::map<std::string, std::unique_ptr<RawClient>> clients_;

 private:
  static ServerOptions Options() {
    ServerOptions options;
    options.port = 0;
    options.io_threads = 1;
    return options;
  }
  Target Here() {
    Target target;
    target.lane = Lane::kInline;
    target.handle = [this](Request&& request, const Reply& reply) {
      if (request.path == "/hold") {
        held_.set_value();
        sent_.get_future().wait();
      } else if (request.path != "/hello") {
        handle_(request.path);
      }
      reply(Response::Text(200, request.path));
    };
    return target;
  }

  std::promise<void> held_;
  std::promise<void> sent_;
  Handle handle_;
};

TEST_F(OutboxTest, TheFirstAnswerWaitsForTheSecondRequestOfTheLook) {
  std::vector<int> there;
  InOneLook(
      2, [&](const std::string&) { there.push_back(AnswersThere()); },
      [&] {
        client("a").Send(GetOf("/a"));
        client("b").Send(GetOf("/b"));
      });
  EXPECT_EQ("/a", client("a").Read().body);
  EXPECT_EQ("/b", client("b").Read().body);
  EXPECT_EQ((std::vector<int>{0, 0}), there);
}

TEST_F(OutboxTest, NoAnswerWaitsLongerThanTheHandlerThatRuns) {
  std::vector<int> there;
  InOneLook(
      3,
      [&](const std::string&) {
        const bool is_third = there.size() == 2;
        there.push_back(is_third ? WaitForAnswers(2) : AnswersThere());
        if (there.size() != 2) return;
        const int64_t end_us = MonotonicUs() + kLongUs;
        while (MonotonicUs() < end_us) std::this_thread::yield();
      },
      [&] {
        for (const char* name : {"a", "b", "c"}) client(name).Send(GetOf("/one"));
      });
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ("/one", client(name).Read().body);
  EXPECT_EQ((std::vector<int>{0, 0, 2}), there);
}

TEST_F(OutboxTest, AnswersOfAConnectionKeepTheirOrder) {
  constexpr int kRequests = 50;
  int handled = 0;
  InOneLook(
      3 * kRequests, [&](const std::string&) { ++handled; },
      [&] {
        for (const char* name : {"a", "b", "c"}) {
          std::string requests;
          for (int i = 0; i < kRequests; ++i)
            requests += GetOf("/" + std::string(name) + std::to_string(i));
          client(name).Send(requests);
        }
      });
  for (const char* name : {"a", "b", "c"}) {
    for (int i = 0; i < kRequests; ++i)
      EXPECT_EQ("/" + std::string(name) + std::to_string(i), client(name).Read().body);
  }
  EXPECT_EQ(3 * kRequests, handled);
}

// The connection ends as any other, and the answers that were held beside its own are sent.
TEST_F(OutboxTest, AClientThatGoesWhileItsAnswerIsHeldIsLetGo) {
  std::string first;
  InOneLook(
      3,
      [&](const std::string& path) {
        if (first.empty()) {
          first = path.substr(1);
        } else if (clients_.contains(first)) {
          EXPECT_FALSE(client(first).HasInput(kAtOnceMs));  // it is held
          client(first).Reset();
          clients_.erase(first);
        }
      },
      [&] {
        for (const char* name : {"a", "b", "c"}) client(name).Send(GetOf("/" + std::string(name)));
      });
  EXPECT_EQ(2U, clients_.size());
  for (const auto& [name, client] : clients_) EXPECT_EQ("/" + name, client->Read().body);
  WaitForConnections(2);
  for (const auto& [name, client] : clients_)
    EXPECT_EQ("/hello", client->Exchange(GetOf("/hello")).body);
}

// The server goes while answers are held: its clients get them before their connections end.
TEST_F(OutboxTest, AnswersThatAreHeldAreSentBeforeTheServerEnds) {
  int handled = 0;
  std::thread ending;
  InOneLook(
      2,
      [&](const std::string&) {
        if (++handled != 2) return;
        ending = std::thread([this] { server_.reset(); });
        const int64_t end_us = MonotonicUs() + kLongUs;
        while (MonotonicUs() < end_us) std::this_thread::yield();
      },
      [&] {
        client("a").Send(GetOf("/a"));
        client("b").Send(GetOf("/b"));
      });
  EXPECT_EQ("/a", client("a").Read().body);
  EXPECT_EQ("/b", client("b").Read().body);
  EXPECT_TRUE(client("a").IsClosed());
  EXPECT_TRUE(client("b").IsClosed());
  ending.join();
}

}  // namespace
}  // namespace millwright::http
