#include "data/source_store.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/digest.h"
#include "data/test_room.h"

namespace millwright::data {
namespace {

// Makes a file look as if nobody had written to it for an hour.
void MakeOld(const std::filesystem::path& file) {
  std::filesystem::last_write_time(
      file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
}

// Answers one request after another with what the test says, and remembers what was asked.
class OneAnswerServer {
 public:
  OneAnswerServer() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~OneAnswerServer() { close(listener_); }
  std::string Url(const std::string& path) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  // Serves the next request in a thread of its own; the request's head can be read after joining.
  std::jthread Answer(const std::string& status, const std::string& headers,
                      const std::string& body) {
    return std::jthread([=, this] {
      const int peer = accept(listener_, nullptr, nullptr);
      request_.clear();
      char buffer[4096];
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t size = read(peer, buffer, sizeof buffer);
        if (size <= 0) break;
        request_.append(buffer, static_cast<size_t>(size));
      }
      const std::string answer =
          fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status,
                      body.size(), headers, body);
      EXPECT_EQ(write(peer, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      close(peer);
    });
  }
  const std::string& request() const { return request_; }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::string request_;
};

class SourceStoreTest : public DataRoomTest {
 protected:
  std::filesystem::path Write(const std::string& name, const std::string& text) {
    const auto path = dir_.path() / name;
    WriteFileDurably(path, text);
    return path;
  }
};

TEST_P(SourceStoreTest, ArchivesTheBytesAndMakesAVersion) {
  sources_.Put(FileSource("pets", Write("pets.csv", "name,age\nkit,3\n")), "ann");
  const Collected collected = sources_.Collect("pets", "ann");
  EXPECT_FALSE(collected.is_unchanged);
  EXPECT_EQ(collected.version.Reference(), "pets@1");
  EXPECT_EQ(collected.version.source, (dir_.path() / "pets.csv").string());
  EXPECT_EQ(collected.version.snapshot_id, collected.snapshot.id);
  EXPECT_EQ(ReadFile(datasets_.content().RawPath(collected.snapshot.sha256)), "name,age\nkit,3\n");
  const auto snapshots = sources_.Snapshots("pets");
  ASSERT_EQ(snapshots.size(), 1U);
  EXPECT_EQ(snapshots[0].state, Snapshot::State::kParsed);
  EXPECT_EQ(snapshots[0].version, 1);
  EXPECT_EQ(snapshots[0].bytes, 15U);
  EXPECT_EQ(snapshots[0].sha256, Sha256Hex("name,age\nkit,3\n"));
  EXPECT_EQ(EventKinds(), (std::vector<std::string>{"source.created", "snapshot.created",
                                                    "dataset.created", "dataset.version_created"}));
  EXPECT_EQ(
      lineage_.Walk("dataset:pets@1").nodes,
      (std::vector<std::string>{"dataset:pets@1", "snapshot:" + snapshots[0].id, "source:pets"}));
}

TEST_P(SourceStoreTest, WritesNothingWhenNothingChanged) {
  const auto file = Write("pets.csv", "x\n1\n");
  sources_.Put(FileSource("pets", file), "ann");
  sources_.Collect("pets", "ann");
  const int64_t before = events_.Last();
  const Collected same_bytes = sources_.Collect("pets", "ann");  // by reading them
  MakeOld(file);
  const Collected touched = sources_.Collect("pets", "ann");  // by reading them again
  uint64_t read_bytes = 0;
  const Collected same_file = sources_.Collect(  // by the file's time alone
      "pets", "ann", [&](const Progress& progress) { read_bytes += progress.done_bytes; });
  for (const auto& collected : {same_bytes, touched, same_file}) {
    EXPECT_TRUE(collected.is_unchanged);
    EXPECT_EQ(collected.version.Reference(), "pets@1");
  }
  EXPECT_EQ(read_bytes, 0U);
  EXPECT_EQ(events_.Last(), before);
  EXPECT_EQ(sources_.Snapshots("pets").size(), 1U);
  clock_.Advance(1);
  Write("pets.csv", "x\n2\n");
  EXPECT_EQ(sources_.Collect("pets", "ann").version.version, 2);
  clock_.Advance(1);
  Write("pets.csv", "x\n1\n");
  EXPECT_EQ(sources_.Collect("pets", "ann").version.version, 3);
}

TEST_P(SourceStoreTest, ParsesAnewWhenItsReaderChanged) {
  const auto file = Write("pets.csv", "x;y\n1;2\n");
  MakeOld(file);
  Source source = FileSource("pets", file);
  source.config.Set("options", ParseJson(R"({"delim": ","})"));
  sources_.Put(source, "ann");
  EXPECT_EQ(sources_.Collect("pets", "ann").version.columns.size(), 1U);
  clock_.Advance(1);
  source.config.Set("options", ParseJson(R"({"delim": ";"})"));
  sources_.Put(source, "ann");
  const Collected collected = sources_.Collect("pets", "ann");
  EXPECT_EQ(collected.version.version, 2);
  EXPECT_EQ(collected.version.columns.size(), 2U);
}

TEST_P(SourceStoreTest, KeepsTheBytesOfAFileThatCannotBeParsed) {
  const auto file = Write("pets.json", "[{\"x\": 1}, {\"x\": ");
  sources_.Put(FileSource("pets", file), "ann");
  EXPECT_EQ(CodeOf([&] { sources_.Collect("pets", "ann"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { sources_.Collect("pets", "ann"); }), Code::kInvalidArgument);
  const auto snapshots = sources_.Snapshots("pets");
  ASSERT_EQ(snapshots.size(), 1U);
  EXPECT_EQ(snapshots[0].state, Snapshot::State::kFailed);
  EXPECT_NE(snapshots[0].error, "");
  EXPECT_EQ(ReadFile(datasets_.content().RawPath(snapshots[0].sha256)), ReadFile(file));
  EXPECT_EQ(CodeOf([&] { datasets_.Get("pets"); }), Code::kNotFound);
  EXPECT_EQ(EventKinds().back(), "source.failed");
}

TEST_P(SourceStoreTest, KeepsTheBytesWhenItIsKilledBeforeParsing) {
  const std::string text = "x\n1\n";
  sources_.Put(FileSource("pets", Write("pets.csv", text)), "ann");
  const auto root = datasets_.options().root;
  const std::string address = uri();
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(
      {
        auto database = storage::OpenDatabase(address);
        events::EventLog events(*database, clock_);
        lineage::LineageGraph lineage(*database, clock_);
        DatasetStore datasets(*database, events, lineage, clock_, {.root = root});
        fetch::Client client;
        SourceStore sources(*database, events, clock_, datasets, client);
        sources.Collect("pets", "ann", [](const Progress& progress) {
          if (progress.stage == Progress::Stage::kParsing) raise(SIGKILL);
        });
      },
      ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(ReadFile(datasets_.content().RawPath(Sha256Hex(text))), text);
  ASSERT_EQ(sources_.Snapshots("pets").size(), 1U);
  EXPECT_EQ(sources_.Snapshots("pets")[0].state, Snapshot::State::kArchived);
  EXPECT_TRUE(datasets_.List().empty());
  EXPECT_EQ(sources_.Collect("pets", "ann").version.Reference(), "pets@1");
  ASSERT_EQ(sources_.Snapshots("pets").size(), 1U);
  EXPECT_EQ(sources_.Snapshots("pets")[0].state, Snapshot::State::kParsed);
}

TEST_P(SourceStoreTest, MakesOneVersionWhenManyCollectAtOnce) {
  sources_.Put(FileSource("pets", Write("pets.csv", "x\n1\n")), "ann");
  SourceStore elsewhere(db(), events_, clock_, datasets_, client_);  // another server
  std::atomic<int> changed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&, i] {
        auto& store = i % 2 == 0 ? sources_ : elsewhere;
        if (!store.Collect("pets", "ann").is_unchanged) ++changed;
      });
  }
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(datasets_.Versions("pets").size(), 1U);
}

TEST_P(SourceStoreTest, ReadsFilesBelowItsRootsOnly) {
  const auto inside = dir_.path() / "in";
  std::filesystem::create_directories(inside);
  Write("out.csv", "x\n1\n");
  WriteFileDurably(inside / "a.csv", "x\n1\n");
  std::filesystem::create_symlink(dir_.path() / "out.csv", inside / "link.csv");
  DatasetStore datasets(db(), events_, lineage_, clock_,
                        {.root = dir_.path() / "store", .file_roots = {inside}});
  SourceStore sources(db(), events_, clock_, datasets, client_);
  EXPECT_NO_THROW(sources.Put(FileSource("a", inside / "a.csv"), "ann"));
  for (const auto& path : {dir_.path() / "out.csv", inside / ".." / "out.csv", inside / "link.csv"})
    EXPECT_EQ(CodeOf([&] { sources.Put(FileSource("b", path), "ann"); }), Code::kPermissionDenied)
        << path;
  sources_.Put(FileSource("b", dir_.path() / "out.csv"), "ann");  // before roots were set
  EXPECT_EQ(CodeOf([&] { sources.Collect("b", "ann"); }), Code::kPermissionDenied);
}

TEST_P(SourceStoreTest, RefusesWhatCannotBeASource) {
  const auto put = [&](const Source& source) {
    return CodeOf([&] { sources_.Put(source, "ann"); });
  };
  EXPECT_EQ(put(FileSource("../a", "/a.csv")), Code::kInvalidArgument);
  EXPECT_EQ(put(FileSource("a", "a.csv")), Code::kInvalidArgument);
  EXPECT_EQ(put(FileSource("a", "/a.exe")), Code::kInvalidArgument);
  EXPECT_EQ(put({.name = "a", .kind = SourceKind::kFile, .dataset = "a"}), Code::kInvalidArgument);
  EXPECT_EQ(put({.name = "a",
                 .kind = SourceKind::kHttp,
                 .dataset = "a",
                 .config = Json::Of({{"url", "file:///etc/passwd"}})}),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { ParseSourceKind("ftp"); }), Code::kInvalidArgument);
  EXPECT_TRUE(sources_.List().empty());
  sources_.Put(FileSource("gone", dir_.path() / "gone.csv"), "ann");
  EXPECT_EQ(CodeOf([&] { sources_.Collect("gone", "ann"); }), Code::kNotFound);
  sources_.Put(FileSource("folder", Write("d.csv/x", "").parent_path()), "ann");
  EXPECT_EQ(CodeOf([&] { sources_.Collect("folder", "ann"); }), Code::kInvalidArgument);
  sources_.Put({.name = "up", .kind = SourceKind::kUpload, .dataset = "up"}, "ann");
  EXPECT_EQ(CodeOf([&] { sources_.Collect("up", "ann"); }), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([&] { sources_.Collect("none", "ann"); }), Code::kNotFound);
}

TEST_P(SourceStoreTest, DeclaresASourceOnceAndNotesChanges) {
  sources_.Put(FileSource("a", "/a.csv"), "ann");
  sources_.Put(FileSource("a", "/a.csv"), "bob");
  sources_.Put(FileSource("a", "/b.csv"), "bob");
  EXPECT_EQ(EventKinds(), (std::vector<std::string>{"source.created", "source.updated"}));
  EXPECT_EQ(sources_.Get("a").config.GetString("path"), "/b.csv");
  EXPECT_EQ(sources_.Get("a").created_by, "ann");
}

TEST_P(SourceStoreTest, CollectsFromHttpAndAsksForChangesByEtag) {
  OneAnswerServer server;
  sources_.Put({.name = "web",
                .kind = SourceKind::kHttp,
                .dataset = "web",
                .config = Json::Of({{"url", server.Url("/t?day=1")}})},
               "ann");
  const auto collect = [&](const std::string& status, const std::string& headers,
                           const std::string& body) {
    const std::jthread answering = server.Answer(status, headers, body);
    return sources_.Collect("web", "ann");
  };
  const std::string headers = "Content-Type: text/csv; charset=utf-8\r\nETag: \"v1\"\r\n";
  const Collected first = collect("200 OK", headers, "x\n1\n2\n");
  EXPECT_EQ(first.version.row_count, 2);
  EXPECT_EQ(first.snapshot.etag, "\"v1\"");
  EXPECT_EQ(server.request().find("If-None-Match"), std::string::npos);
  EXPECT_TRUE(collect("304 Not Modified", headers, "").is_unchanged);
  EXPECT_NE(server.request().find("If-None-Match: \"v1\""), std::string::npos);
  EXPECT_TRUE(collect("200 OK", headers, "x\n1\n2\n").is_unchanged);
  EXPECT_EQ(collect("200 OK", "Content-Type: text/csv\r\n", "x\n3\n").version.version, 2);
  EXPECT_EQ(CodeOf([&] { collect("404 Not Found", headers, "no\n"); }), Code::kUnavailable);
  EXPECT_EQ(CodeOf([&] { collect("200 OK", "Content-Type: text/html\r\n", "<p>"); }),
            Code::kInvalidArgument);
  EXPECT_TRUE(FilesBelow(dir_.path() / "store" / "tmp").empty());
}

MILLWRIGHT_ON_BOTH_DATABASES(SourceStoreTest);

}  // namespace
}  // namespace millwright::data
