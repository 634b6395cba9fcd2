#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "http/raw_client.h"
#include "http/server.h"

namespace millwright::http {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;
constexpr uint64_t kLargeBody = 200 * kMegabyte;

ServerOptions AnyPort() {
  ServerOptions options;
  options.port = 0;
  return options;
}

// Resident memory of this process in bytes, by the kernel's own account.
uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

// Counts a streamed body's bytes and tells how reading it ended.
Target Count(Request&) {
  Target target;
  target.lane = Lane::kBulk;
  target.body = Body::kStream;
  target.body_bytes_max = 1ULL << 30;
  target.handle = [](Request&& request, const Reply& reply) {
    std::vector<char> buffer(256 * 1024);
    uint64_t bytes = 0;
    try {
      while (const size_t got = request.body_reader->Read(buffer.data(), buffer.size()))
        bytes += got;
    } catch (const Error& error) {
      reply(Response::Text(400, std::string(CodeName(error.code())) + " " + std::to_string(bytes)));
      return;
    }
    reply(Response::Text(200, std::to_string(bytes)));
  };
  return target;
}

Target Produce(std::function<void(BodyWriter&)> producer) {
  Target target;
  target.handle = [producer = std::move(producer)](Request&&, const Reply& reply) {
    Response response;
    response.producer = producer;
    reply(std::move(response));
  };
  return target;
}

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ServerStream, TakesALargeUploadInConstantMemory) {
  Server server(AnyPort(), Count);
  const std::string piece(kMegabyte, 'x');
  for (const bool chunked : {false, true}) {
    RawClient client(server.port());
    client.Send("PUT /big HTTP/1.1\r\nHost: h\r\n" +
                (chunked ? std::string("Transfer-Encoding: chunked")
                         : "Content-Length: " + std::to_string(kLargeBody)) +
                "\r\n\r\n");
    const uint64_t before = ResidentBytes();
    for (uint64_t sent = 0; sent < kLargeBody; sent += kMegabyte) {
      if (chunked) client.Send("100000\r\n");
      ASSERT_TRUE(client.Send(piece));
      if (chunked) client.Send("\r\n");
    }
    if (chunked) client.Send("0\r\n\r\n");
    EXPECT_LT(ResidentBytes(), before + 32 * kMegabyte);
    EXPECT_EQ(std::to_string(kLargeBody), client.Read().body);
    EXPECT_EQ("0", client.Exchange("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").body);
  }
}

TEST(ServerStream, SendsAnEndlessBodyInConstantMemory) {
  Server server(AnyPort(), [](Request&) {
    return Produce([](BodyWriter& writer) {
      const std::string piece(kMegabyte, 'x');
      for (uint64_t sent = 0; sent < kLargeBody; sent += kMegabyte)
        if (!writer.Write(piece)) return;
    });
  });
  RawClient client(server.port());
  client.Send(kGet);
  const uint64_t before = ResidentBytes();
  uint64_t received = 0;
  while (received < kLargeBody && client.Fill()) {
    received += client.buffer().size();
    client.buffer().clear();
  }
  EXPECT_GE(received, kLargeBody);
  EXPECT_LT(ResidentBytes(), before + 32 * kMegabyte);
}

TEST(ServerStream, AsksForAnExpectedBodyOnlyWhenTheHandlerReads) {
  Server server(AnyPort(), [](Request& head) {
    if (head.path == "/read") return Count(head);
    Target target = Count(head);
    target.handle = [](Request&&, const Reply& reply) { reply(Response::Text(401, "who?")); };
    return target;
  });
  RawClient refused(server.port());
  const RawAnswer answer = refused.Exchange(
      "PUT /no HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(401, answer.status);
  EXPECT_EQ("close", answer.Header("Connection"));
  refused.HalfClose();
  EXPECT_TRUE(refused.IsClosed());

  RawClient read(server.port());
  read.Send("PUT /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(100, read.Read().status);
  EXPECT_EQ("5", read.Exchange("hello").body);
}

TEST(ServerStream, TellsTheHandlerHowABodyBroke) {
  ServerOptions options = AnyPort();
  options.read_timeout_ms = 100;
  Server server(options, [](Request& head) {
    Target target = Count(head);
    target.body_bytes_max = 100;
    return target;
  });
  const std::string head = "PUT /x HTTP/1.1\r\nHost: h\r\n";
  RawClient slow(server.port());
  EXPECT_EQ("deadline_exceeded 3", slow.Exchange(head + "Content-Length: 5\r\n\r\nabc").body);
  RawClient gone(server.port());
  gone.Send(head + "Content-Length: 5\r\n\r\nabc");
  gone.HalfClose();
  EXPECT_EQ("invalid_argument 3", gone.Read().body);
  RawClient malformed(server.port());
  EXPECT_TRUE(malformed.Exchange(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n\r\n")
                  .body.starts_with("invalid_argument"));
  RawClient large(server.port());
  EXPECT_EQ("resource_exhausted 0",
            large
                .Exchange(head + "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
                          std::string(101, 'x') + "\r\n0\r\n\r\n")
                .body);
  RawClient announced(server.port());
  EXPECT_EQ(413, announced.Exchange(head + "Content-Length: 101\r\n\r\n").status);
}

TEST(ServerStream, EndsAReadThatIsUnderWayWithTheServer) {
  std::promise<void> reading;
  std::string ended;
  {
    ServerOptions options = AnyPort();
    Server server(options, [&](Request&) {
      Target target;
      target.lane = Lane::kBulk;
      target.body = Body::kStream;
      target.body_bytes_max = 1000;
      target.handle = [&](Request&& request, const Reply& reply) {
        char buffer[100];
        request.body_reader->Read(buffer, sizeof buffer);
        reading.set_value();
        try {
          request.body_reader->Read(buffer, sizeof buffer);
        } catch (const Error& error) {
          ended = CodeName(error.code());
        }
        reply(Response::Text(200, "nobody hears it"));
      };
      return target;
    });
    RawClient client(server.port());
    client.Send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    reading.get_future().wait();
  }
  EXPECT_EQ("invalid_argument", ended);
}

TEST(ServerStream, SendsFilesWithRanges) {
  const TempDir dir;
  const std::string path = dir.path() / "letters";
  WriteFileDurably(path, "abcdefghij");
  Server server(AnyPort(), [&](Request&) {
    Target target;
    target.handle = [&](Request&& request, const Reply& reply) {
      Response response;
      response.file = request.path == "/x" ? path : path + request.path;
      response.headers.Add("ETag", "\"v1\"");
      reply(std::move(response));
    };
    return target;
  });
  RawClient client(server.port());
  const RawAnswer whole = client.Exchange(kGet);
  EXPECT_EQ("abcdefghij", whole.body);
  EXPECT_EQ("bytes", whole.Header("Accept-Ranges"));
  const auto range = [&](const std::string& headers) {
    const RawAnswer answer = client.Exchange("GET /x HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
    return std::to_string(answer.status) + " " + answer.Header("Content-Range") + " " + answer.body;
  };
  EXPECT_EQ("206 bytes 2-4/10 cde", range("Range: bytes=2-4\r\n"));
  EXPECT_EQ("206 bytes 7-9/10 hij", range("Range: bytes=7-\r\n"));
  EXPECT_EQ("206 bytes 8-9/10 ij", range("Range: bytes=-2\r\n"));
  EXPECT_EQ("206 bytes 0-9/10 abcdefghij", range("Range: bytes=-99\r\n"));
  EXPECT_EQ("416 bytes */10 The requested range is outside of the file",
            range("Range: bytes=10-\r\n"));
  EXPECT_EQ("200  abcdefghij", range("Range: bytes=1-2,4-5\r\n"));
  EXPECT_EQ("200  abcdefghij", range("Range: lines=1-2\r\n"));
  EXPECT_EQ("206 bytes 0-0/10 a", range("Range: bytes=0-0\r\nIf-Range: \"v1\"\r\n"));
  EXPECT_EQ("200  abcdefghij", range("Range: bytes=0-0\r\nIf-Range: \"v0\"\r\n"));
  EXPECT_EQ(404, client.Exchange("GET /none HTTP/1.1\r\nHost: h\r\n\r\n").status);
  client.Send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ("10", client.Read(/*has_body=*/false).Header("Content-Length"));
  EXPECT_EQ("abcdefghij", client.Exchange(kGet).body);
}

TEST(ServerStream, SendsRangesOfABodyAndOfParts) {
  const TempDir dir;
  const std::string path = dir.path() / "letters";
  WriteFileDurably(path, "abcdefghij");
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Server server(AnyPort(), [&](Request&) {
    Target target;
    target.handle = [&](Request&& request, const Reply& reply) {
      Response response;
      response.headers.Add("ETag", "\"v1\"");
      if (request.path == "/body") {
        response.body = "abcdefghij";
        response.body_has_ranges = true;
      } else {
        response.parts_bytes = 10;
        response.parts = [&, is_short = request.path == "/short"](
                             BodyWriter& writer, uint64_t offset, uint64_t length) {
          writer.WriteFile(fd, offset, is_short ? length - 1 : length);
        };
      }
      reply(std::move(response));
    };
    return target;
  });
  RawClient client(server.port());
  for (const std::string of : {"/body", "/parts"}) {
    const auto get = [&](const std::string& headers) {
      const RawAnswer answer =
          client.Exchange("GET " + of + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
      return std::to_string(answer.status) + " " + answer.Header("Content-Range") + " " +
             answer.body;
    };
    EXPECT_EQ("200  abcdefghij", get("")) << of;
    EXPECT_EQ("206 bytes 2-4/10 cde", get("Range: bytes=2-4\r\n")) << of;
    EXPECT_EQ("206 bytes 8-9/10 ij", get("Range: bytes=-2\r\n")) << of;
    EXPECT_EQ("416 bytes */10 The requested range is outside of the file",
              get("Range: bytes=10-\r\n"))
        << of;
    EXPECT_EQ("200  abcdefghij", get("Range: bytes=0-0\r\nIf-Range: \"v0\"\r\n")) << of;
    client.Send("HEAD " + of + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ("10", client.Read(/*has_body=*/false).Header("Content-Length")) << of;
  }
  // What is less than was declared ends with the connection.
  client.Send("GET /short HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ("abcdefghi", client.Read().body);
  EXPECT_TRUE(client.IsClosed());
  close(fd);
}

TEST(ServerStream, SendsALargeFile) {
  const TempDir dir;
  const std::string path = dir.path() / "large";
  {
    std::ofstream file(path, std::ios::binary);
    const std::string piece(kMegabyte, 'x');
    for (int i = 0; i < 64; ++i) file << piece;
  }
  Server server(AnyPort(), [&](Request&) {
    Target target;
    target.handle = [&](Request&&, const Reply& reply) {
      Response response;
      response.file = path;
      reply(std::move(response));
    };
    return target;
  });
  RawClient client(server.port());
  EXPECT_EQ(64 * kMegabyte, client.Exchange(kGet).body.size());
  EXPECT_EQ(64 * kMegabyte, client.Exchange(kGet).body.size());
}

TEST(ServerStream, ProducesChunksAndGoesOn) {
  Server server(AnyPort(), [](Request&) {
    return Produce([](BodyWriter& writer) {
      for (const std::string_view part : {"one ", "", "two ", "three"}) writer.Write(part);
    });
  });
  RawClient client(server.port());
  EXPECT_EQ("one two three", client.Exchange(kGet).body);
  EXPECT_EQ("one two three", client.Exchange(kGet).body);
  client.Send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ("chunked", client.Read(/*has_body=*/false).Header("Transfer-Encoding"));
  EXPECT_EQ("one two three", client.Exchange(kGet).body);
  RawClient old(server.port());
  EXPECT_EQ("one two three", old.Exchange("GET /x HTTP/1.0\r\n\r\n").body);
}

TEST(ServerStream, CutsTheConnectionWhenAProducerThrows) {
  Server server(AnyPort(), [](Request&) {
    return Produce([](BodyWriter& writer) {
      writer.Write("half");
      throw Internal("the disk is gone");
    });
  });
  RawClient client(server.port());
  client.Send(kGet);
  while (client.Fill()) {
  }
  EXPECT_EQ("4\r\nhalf\r\n", client.buffer().substr(client.buffer().find("\r\n\r\n") + 4));
}

TEST(ServerStream, KeepsADeclaredLength) {
  Server server(AnyPort(), [](Request& head) {
    const std::string body = head.path == "/x" ? "12345" : "123";
    Target target;
    target.handle = [body](Request&&, const Reply& reply) {
      Response response;
      response.headers.Add("Content-Length", "5");
      response.producer = [body](BodyWriter& writer) { writer.Write(body); };
      reply(std::move(response));
    };
    return target;
  });
  RawClient client(server.port());
  EXPECT_EQ("12345", client.Exchange(kGet).body);
  EXPECT_EQ("123", client.Exchange("GET /short HTTP/1.1\r\nHost: h\r\n\r\n").body);
  EXPECT_TRUE(client.IsClosed());
}

// A producer that writes an event whenever the test says so and tells when its client is gone.
class Events {
 public:
  void operator()(BodyWriter& writer) {
    std::unique_lock lock(mutex_);
    ++open_;
    changed_.notify_all();
    int64_t seen = 0;
    while (true) {
      changed_.wait(lock, [&] { return published_ > seen; });
      seen = published_;
      lock.unlock();
      const bool alive = writer.Write("data: " + std::to_string(seen) + "\n\n");
      lock.lock();
      if (!alive) break;
    }
    --open_;
    changed_.notify_all();
  }
  void Publish() {
    std::lock_guard lock(mutex_);
    ++published_;
    changed_.notify_all();
  }
  void WaitForOpen(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ == count; });
  }
  int open() {
    std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
  int64_t published_ = 0;
};

TEST(ServerStream, ServesManyEventStreamsAndRefusesBeyondTheLimit) {
  Events events;
  ServerOptions options = AnyPort();
  options.streams_max = 100;
  Server server(options,
                [&](Request&) { return Produce([&](BodyWriter& writer) { events(writer); }); });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->Send(kGet);
  }
  events.WaitForOpen(100);
  EXPECT_EQ(100, server.stats().streams);
  RawClient beyond(server.port());
  const RawAnswer refused = beyond.Exchange(kGet);
  EXPECT_EQ(503, refused.status);
  EXPECT_EQ("1", refused.Header("Retry-After"));

  events.Publish();
  for (auto& client : clients) {
    while (client->buffer().find("data: 1\n\n") == std::string::npos) ASSERT_TRUE(client->Fill());
  }
  // A client that is gone is noticed by the writes that follow.
  clients.resize(50);
  const int64_t start_us = MonotonicUs();
  while (events.open() != 50 && MonotonicUs() - start_us < 10'000'000) events.Publish();
  EXPECT_EQ(50, events.open());

  std::jthread publisher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) events.Publish();
  });
  for (auto& client : clients) {
    client->buffer().clear();
    ASSERT_TRUE(client->Fill());
  }
  // Draining ends the streams with their last chunk; whoever listens still is let go.
  std::vector<std::jthread> readers;
  for (auto& client : clients)
    readers.emplace_back([&client] {
      while (client->Fill()) client->buffer().erase(0, client->buffer().size() / 2);
    });
  EXPECT_TRUE(server.Drain(20'000));
  readers.clear();
  for (auto& client : clients) EXPECT_TRUE(client->buffer().ends_with("0\r\n\r\n"));
  publisher.request_stop();
}

}  // namespace
}  // namespace millwright::http
