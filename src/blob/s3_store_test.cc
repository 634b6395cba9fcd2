#include "blob/s3_store.h"

#include <gtest/gtest.h>

#include <climits>
#include <cstdlib>
#include <future>
#include <map>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "blob/test_s3_server.h"
#include "fetch/scripted_server.h"

namespace millwright::blob {
namespace {

template <typename Call>
Error Failure(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return Internal("nothing");
}

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::string ReadPart(BlobStore& store, const std::string& path, uint64_t offset,
                     std::optional<uint64_t> length) {
  std::string part;
  store.Read(path, offset, length, [&](std::string_view piece) {
    part.append(piece);
    return true;
  });
  return part;
}

std::vector<std::string> Names(const std::vector<BlobInfo>& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.path + (entry.is_folder ? "/" : ""));
  return names;
}

// Against s3rver in both styles of address, and the store that MILLWRIGHT_TEST_S3 names
// (s3://bucket/prefix, the rest in AWS's variables), whose objects below the prefix go.
enum class Where { kPath, kVirtual, kGiven };

class S3StoreTest : public ::testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    S3Options options;
    if (GetParam() == Where::kGiven) {
      options = CompleteS3Options(std::getenv("MILLWRIGHT_TEST_S3"), {},
                                  [](const char* name) { return std::getenv(name); });
      options.prefix += "/millwright-test";
    } else {
      server_.emplace();
      options = server_->Options();
      if (GetParam() == Where::kVirtual) {
        options.style = S3Style::kVirtual;
        options.endpoint = "http://s3.localhost:" + std::to_string(server_->port());
      }
    }
    options.part_bytes = 5 << 20;
    store_.emplace(options, clock_);
    for (const auto& entry : store_->List("")) store_->Remove(entry.path);
  }

  SystemClock clock_;
  std::optional<TestS3Server> server_;
  std::optional<S3Store> store_;
};

TEST_P(S3StoreTest, ReturnsWhatWasPutAndItsChecksum) {
  const std::string bytes = Bytes(1'000'000);
  EXPECT_EQ(store_->Put("a/b/c.bin", bytes), Sha256Hex(bytes));
  EXPECT_EQ(store_->ReadAll("a/b/c.bin"), bytes);
  EXPECT_EQ(ReadPart(*store_, "a/b/c.bin", 999'990, 100), bytes.substr(999'990));
  EXPECT_EQ(ReadPart(*store_, "a/b/c.bin", 10, 20), bytes.substr(10, 20));
  const auto info = store_->Stat("a/b/c.bin");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->bytes, bytes.size());
  store_->Put("a/b/c.bin", "");
  EXPECT_EQ(store_->ReadAll("a/b/c.bin"), "");
  EXPECT_NE(store_->Stat("a/b/c.bin")->version, info->version);
  EXPECT_EQ(Failure([&] { store_->ReadAll("none"); }).code(), Code::kNotFound);
}

TEST_P(S3StoreTest, SendsLargeBlobsInPartsAndShowsThemWhole) {
  const std::string bytes = Bytes((12 << 20) + 17);
  const auto writer = store_->Create("large.bin");
  for (size_t at = 0; at < bytes.size(); at += 700'001)
    writer->Write(std::string_view(bytes).substr(at, 700'001));
  EXPECT_EQ(store_->Stat("large.bin"), std::nullopt);
  EXPECT_EQ(writer->Finish(), Sha256Hex(bytes));
  EXPECT_EQ(store_->Stat("large.bin"), std::nullopt);
  const std::string version = writer->Commit();
  EXPECT_EQ(store_->Stat("large.bin")->version, version);
  EXPECT_EQ(store_->ReadAll("large.bin"), bytes);
  EXPECT_EQ(ReadPart(*store_, "large.bin", 5'000'000, 1'000'000),
            bytes.substr(5'000'000, 1'000'000));
  store_->Create("given-up.bin")->Write(bytes);
  EXPECT_EQ(Names(store_->List("")), std::vector<std::string>{"large.bin"});
}

TEST_P(S3StoreTest, ListsChildrenByNameAndByPage) {
  for (const char* path : {"z", "a/1", "a/2/x", "a.txt", "odd/ä &<%+ #?.txt"})
    store_->Put(path, "12");
  EXPECT_EQ(Names(store_->List("")), (std::vector<std::string>{"a/", "a.txt", "odd/", "z"}));
  EXPECT_EQ(Names(store_->List("a/")), (std::vector<std::string>{"1", "2/"}));
  EXPECT_EQ(Names(store_->List("odd")), std::vector<std::string>{"ä &<%+ #?.txt"});
  EXPECT_EQ(store_->ReadAll("odd/ä &<%+ #?.txt"), "12");
  EXPECT_TRUE(store_->List("z").empty());
  EXPECT_TRUE(store_->List("none").empty());
  EXPECT_TRUE(store_->Stat("a")->is_folder);
  for (const char* path : {"p/1", "p/2", "p/3", "p/4", "p/5"}) store_->Put(path, "");
  std::vector<std::string> paged;
  std::string after;
  int pages = 0;
  do {
    const BlobPage page = store_->ListPage("p", after, 2);
    for (const auto& name : Names(page.entries)) paged.push_back(name);
    after = page.next;
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(paged, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(pages, 3);
}

TEST_P(S3StoreTest, RemovesFilesAndFolders) {
  for (const char* path : {"d/e/f", "d/e/g", "d-else", "d.txt", "d/ä&<.txt"})
    store_->Put(path, "1");
  store_->Remove("d");
  store_->Remove("none");
  EXPECT_EQ(Names(store_->List("")), (std::vector<std::string>{"d-else", "d.txt"}));
  store_->Remove("d.txt");
  EXPECT_EQ(Names(store_->List("")), std::vector<std::string>{"d-else"});
}

TEST_P(S3StoreTest, MovesFilesAndFolders) {
  for (const char* path : {"m/a", "m/b/c", "f.txt"}) store_->Put(path, path);
  store_->Move("m", "t/1/m");
  store_->Move("f.txt", "t/2/f.txt");
  store_->Move("none", "t/3");
  EXPECT_EQ(store_->Stat("m"), std::nullopt);
  EXPECT_EQ(store_->Stat("f.txt"), std::nullopt);
  EXPECT_EQ(store_->ReadAll("t/1/m/a"), "m/a");
  EXPECT_EQ(store_->ReadAll("t/1/m/b/c"), "m/b/c");
  EXPECT_EQ(store_->ReadAll("t/2/f.txt"), "f.txt");
}

TEST_P(S3StoreTest, RefusesEveryWayOut) {
  for (const std::string& path : std::initializer_list<std::string>{
           "../secret", "a/../../secret", "/etc/passwd", "..", ".", "", "a\\..\\b",
           std::string("a\0b", 3), std::string(1025, 'k')}) {
    EXPECT_EQ(Failure([&] { store_->Create(path); }).code(), Code::kInvalidArgument) << path;
    EXPECT_EQ(Failure([&] { store_->Remove(path); }).code(), Code::kInvalidArgument) << path;
    EXPECT_EQ(Failure([&] { store_->Stat(path); }).code(), Code::kInvalidArgument) << path;
  }
}

TEST_P(S3StoreTest, GivesUrlsThatNeedNoKeys) {
  DirectAccess& direct = *store_->direct();
  fetch::Client client;
  const auto put = [&](const std::string& url, const std::string& body) {
    const auto response = client.Fetch({.method = "PUT", .url = url, .body = body});
    EXPECT_EQ(response.status, 200) << response.body;
    return std::string(response.Header("ETag"));
  };
  put(direct.UploadUrl("up.txt", 60), "presigned");
  EXPECT_EQ(store_->ReadAll("up.txt"), "presigned");
  EXPECT_EQ(client.Fetch({.url = direct.DownloadUrl("up.txt", 60)}).body, "presigned");
  const std::string first = Bytes(5 << 20);
  const std::string id = direct.BeginParts("parts.bin");
  std::vector<UploadedPart> parts;
  parts.push_back({1, put(direct.PartUrl("parts.bin", id, 1, 60), first)});
  parts.push_back({2, put(direct.PartUrl("parts.bin", id, 2, 60), "tail")});
  EXPECT_EQ(store_->Stat("parts.bin"), std::nullopt);
  direct.CompleteParts("parts.bin", id, parts);
  EXPECT_EQ(store_->ReadAll("parts.bin"), first + "tail");
  direct.AbortParts("other.bin", direct.BeginParts("other.bin"));
}

INSTANTIATE_TEST_SUITE_P(S3rver, S3StoreTest, ::testing::Values(Where::kPath, Where::kVirtual));
#define MILLWRIGHT_GIVEN_S3 (std::getenv("MILLWRIGHT_TEST_S3") != nullptr)
INSTANTIATE_TEST_SUITE_P(Given, S3StoreTest,
                         ::testing::ValuesIn(MILLWRIGHT_GIVEN_S3 ? std::vector{Where::kGiven}
                                                                 : std::vector<Where>()));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(S3StoreTest);

// Against a server that does what S3 should not.
class HostileS3Test : public ::testing::Test {
 protected:
  using Script = fetch::ScriptedServer::Script;

  S3Store& Serve(Script script, int answers_a_connection = INT_MAX, int attempts_max = 5) {
    server_.emplace(std::move(script), answers_a_connection);
    S3Options options;
    options.bucket = "bucket";
    options.endpoint = server_->Url("");
    options.region = "us-east-1";
    options.style = S3Style::kPath;
    options.credentials = {"key", "secret", ""};
    options.first_retry_ms = 1;
    options.stall_timeout_ms = 1000;
    options.part_bytes = 1000;
    options.attempts_max = attempts_max;
    store_.emplace(options, clock_);
    return *store_;
  }

  static std::string S3Error(int status, const std::string& code) {
    return fetch::Answer(status, "<Error><Code>" + code + "</Code><Message>m</Message></Error>");
  }
  static std::string Md5Tag(const std::string& body) {
    Digest digest(Digest::Kind::kMd5);
    digest.Update(body);
    return "ETag: \"" + digest.FinishHex() + "\"\r\n";
  }

  SystemClock clock_;
  std::optional<fetch::ScriptedServer> server_;
  std::optional<S3Store> store_;
};

TEST_F(HostileS3Test, TriesAgainWhatMayGoBetterAndGivesUpWhereNamed) {
  for (const auto& trouble : {S3Error(500, "InternalError"), S3Error(503, "SlowDown"),
                              S3Error(400, "RequestTimeout"), std::string()}) {
    int calls = 0;
    auto& store = Serve([&](const auto&, const auto& body) {
      return ++calls < 4 ? trouble : fetch::Answer(200, "", Md5Tag(body));
    });
    EXPECT_EQ(store.Put("a", "x"), Sha256Hex("x"));
    EXPECT_GE(calls, 4);
    auto& dead = Serve([&](const auto&, const auto&) { return trouble; });
    EXPECT_EQ(Failure([&] { dead.Put("a", "x"); }).code(), Code::kUnavailable) << trouble;
  }
}

TEST_F(HostileS3Test, SaysWhatS3Refuses) {
  auto& store = Serve([](const auto&, const auto&) { return S3Error(403, "AccessDenied"); });
  const Error error = Failure([&] { store.Put("a", "x"); });
  EXPECT_EQ(error.code(), Code::kInternal);
  EXPECT_NE(error.message().find("AccessDenied"), std::string::npos);
  EXPECT_EQ(server_->requests(), 1) << "a refusal is not tried again";
  auto& gone = Serve([](const auto&, const auto&) { return S3Error(404, "NoSuchBucket"); });
  EXPECT_EQ(Failure([&] { gone.List(""); }).code(), Code::kInternal);
}

TEST_F(HostileS3Test, NoticesThatOtherBytesAreKept) {
  auto& store = Serve([](const auto&, const auto&) { return fetch::Answer(200, "", Md5Tag("y")); });
  EXPECT_EQ(Failure([&] { store.Put("a", "x"); }).code(), Code::kUnavailable);
}

TEST_F(HostileS3Test, GoesOnWhereADownloadWasCut) {
  const std::string bytes = Bytes(300'000);
  std::vector<size_t> asked;
  auto& store = Serve(
      [&](const std::string& head, const auto&) -> std::string {
        size_t from = 0;
        if (const size_t at = head.find("Range: bytes="); at != std::string::npos)
          from = std::stoul(head.substr(at + 13));
        EXPECT_EQ(head.find("If-Match: \"v1\"") != std::string::npos, !asked.empty());
        asked.push_back(from);
        const std::string range =
            fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, bytes.size() - 1, bytes.size());
        const std::string head_lines =
            fmt::format("HTTP/1.1 {} X\r\nETag: \"v1\"\r\n{}Content-Length: {}\r\n\r\n",
                        from == 0 ? 200 : 206, from == 0 ? "" : range, bytes.size() - from);
        return head_lines + bytes.substr(from, 100'000);
      },
      1);
  EXPECT_EQ(store.ReadAll("a"), bytes);
  EXPECT_EQ(asked, (std::vector<size_t>{0, 100'000, 200'000}));
}

TEST_F(HostileS3Test, TakesNoOtherObjectForTheRestOfADownload) {
  auto& store = Serve([](const std::string& head, const auto&) -> std::string {
    return head.find("If-Match") == std::string::npos
               ? fetch::Answer(200, "all", "ETag: \"v1\"\r\n")
               : S3Error(412, "PreconditionFailed");
  });
  EXPECT_EQ(store.ReadAll("a"), "all");
  auto& ignores = Serve([](const auto&, const auto&) { return fetch::Answer(200, "whole"); });
  EXPECT_EQ(Failure([&] { ReadPart(ignores, "a", 2, 2); }).code(), Code::kInternal);
}

TEST_F(HostileS3Test, TakesNoErrorForACompletedUpload) {
  std::vector<std::string> calls;
  auto& store = Serve([&](const std::string& head, const std::string& body) -> std::string {
    const std::string line = head.substr(0, head.find(" HTTP"));
    calls.push_back(line);
    if (line.find("uploads") != std::string::npos)
      return fetch::Answer(200, "<R><UploadId>u1</UploadId></R>");
    if (line.starts_with("PUT")) return fetch::Answer(200, "", Md5Tag(body));
    if (line.starts_with("POST")) return S3Error(200, "InvalidPart");
    return fetch::Answer(204, "");
  });
  EXPECT_EQ(Failure([&] { store.Put("a", Bytes(2500)); }).code(), Code::kInternal);
  EXPECT_EQ(calls.back(), "DELETE /bucket/a?uploadId=u1") << "the parts are given up";
}

TEST_F(HostileS3Test, GivesUpOnAServerThatStalls) {
  auto& store = Serve(
      [](const auto&, const auto&) -> std::string {
        return "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\npart";
      },
      INT_MAX, 2);
  EXPECT_EQ(Failure([&] { store.List(""); }).code(), Code::kDeadlineExceeded);
}

TEST_F(HostileS3Test, WaitsLongerForPartsToBePutTogether) {
  std::promise<void> late;  // longer than a stall may last, by the clock of the caller
  const auto answer = [&](const std::string& head, const std::string& body) {
    if (head.find("?uploads=") != std::string::npos)
      return fetch::Answer(200, "<R><UploadId>u</UploadId></R>");
    if (head.starts_with("PUT ")) return fetch::Answer(200, "", Md5Tag(body));
    late.get_future().wait_for(std::chrono::milliseconds(2500));
    return fetch::Answer(200, "<R><ETag>\"t\"</ETag></R>");
  };
  Serve(answer).Put("a", Bytes(3000));
}

TEST_F(HostileS3Test, RefusesAListingThatIsNone) {
  for (const char* body : {"", "{}", "<ListBucketResult><Contents>",
                           "<ListBucketResult><Contents>"
                           "<Key>a</Key><Size>-1</Size></Contents></ListBucketResult>"}) {
    auto& store = Serve([&](const auto&, const auto&) { return fetch::Answer(200, body); });
    EXPECT_THROW(store.List(""), Error) << body;
  }
}

TEST(S3Options, ComeFromTheAddressAndTheEnvironment) {
  TempDir dir;
  WriteFileDurably(dir.path() / "keys",
                   "[default]\naws_access_key_id = d\naws_secret_access_key=ds\n"
                   "# comment\n[other]\naws_access_key_id=o\naws_secret_access_key = os\n"
                   "aws_session_token = ot\n");
  const std::string keys = (dir.path() / "keys").string();
  std::map<std::string, std::string> set = {{"AWS_ACCESS_KEY_ID", "k"},
                                            {"AWS_SECRET_ACCESS_KEY", "s"},
                                            {"AWS_DEFAULT_REGION", "eu-central-1"}};
  const Environment environment = [&](const char* name) {
    return set.contains(name) ? set[name].c_str() : nullptr;
  };
  S3Options options = CompleteS3Options("s3://bucket/a/b/", {}, environment);
  EXPECT_EQ(options.bucket, "bucket");
  EXPECT_EQ(options.prefix, "a/b");
  EXPECT_EQ(options.endpoint, "https://s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(options.style, S3Style::kVirtual);
  EXPECT_EQ(options.credentials.access_key, "k");
  EXPECT_EQ(CompleteS3Options("s3://a.b.c", {}, environment).style, S3Style::kPath);
  set = {{"MLFLOW_S3_ENDPOINT_URL", "http://here:9000/"},
         {"AWS_ENDPOINT_URL", "http://there"},
         {"AWS_SHARED_CREDENTIALS_FILE", keys},
         {"AWS_PROFILE", "other"}};
  options = CompleteS3Options("s3://bucket", {}, environment);
  EXPECT_EQ(options.endpoint, "http://here:9000");
  EXPECT_EQ(options.style, S3Style::kPath);
  EXPECT_EQ(options.credentials.session_token, "ot");
  set = {{"HOME", "/nowhere"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  EXPECT_THROW(CompleteS3Options("s3://bucket", {}, environment), Error) << "no credentials";
  set = {{"AWS_SHARED_CREDENTIALS_FILE", keys}};
  EXPECT_EQ(CompleteS3Options("s3://bucket", {}, environment).credentials.secret_key, "ds");
  set = {
      {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}, {"AWS_ROLE_ARN", "arn"}, {"AWS_REGION", "eu-x"}};
  EXPECT_EQ(CompleteS3Options("s3://bucket", {}, environment).role.url,
            "https://sts.eu-x.amazonaws.com/");
  set = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}};
  EXPECT_EQ(CompleteS3Options("s3://bucket", {}, environment).role.url,
            "http://169.254.170.2/v2/x");
  for (const char* url : {"http://169.254.170.2.evil/", "http://elsewhere/", "ftp://localhost/"}) {
    set = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}};
    EXPECT_THROW(CompleteS3Options("s3://bucket", {}, environment), Error) << url;
  }
  set = {};
  EXPECT_EQ(CompleteS3Options("s3://bucket", {}, environment).role.kind,
            RoleSource::Kind::kInstance);
  for (const char* uri : {"s3://", "s3:///x", "s3://b", "s3://bu cket", "gs://bucket"})
    EXPECT_THROW(CompleteS3Options(uri, {}, environment), Error) << uri;
}

}  // namespace
}  // namespace millwright::blob
