#include "backup/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "backup/restore.h"
#include "backup/row_codec.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "storage/test_database.h"

namespace millwright::backup {
namespace {

namespace fs = std::filesystem;
using storage::Connection;
using storage::Value;

constexpr storage::Query kPutArtifact{
    "put_artifact",
    "INSERT INTO artifacts (path, bytes, sha256, stored_ms, stored_by) "
    "VALUES ($1, $2, $3, 1, 'w')",
    ""};
constexpr storage::Query kPutRevision{
    "put_endpoint", "INSERT INTO endpoints (name, model, created_ms) VALUES ('e', 'm', 1)", ""};
constexpr storage::Query kPutModelPath{
    "put_revision",
    "INSERT INTO revisions (id, endpoint, number, model_version, model_path, role, weight, "
    "replicas, created_ms) VALUES ('r', 'e', 1, 'm@1', $1, 'live', 100, 1, 1)",
    ""};
constexpr storage::Query kModelPath{"model_path", "SELECT model_path FROM revisions", ""};
constexpr storage::Query kArtifactCount{"artifact_count", "SELECT count(*) FROM artifacts", ""};

void WriteText(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

class BackupTest : public storage::DatabaseTest {
 protected:
  BackupTest() : data_(dir_.path() / "data") { fs::create_directories(data_); }

  Places places() { return {data_, data_ / "artifacts", uri()}; }
  fs::path repository() { return dir_.path() / "backups"; }

  BackupReport BackUp(const std::function<void(const std::string&)>& meanwhile = {}) {
    Repository repository(this->repository(), Repository::Use::kWrite);
    const Hooks hooks{.progress =
                          [&](const Progress& now) {
                            if (meanwhile) meanwhile(now.note);
                          },
                      .stop = {}};
    return Backup(repository, places(), clock_, hooks).Run();
  }

  RestoreReport RestoreTo(const std::string& name, RestoreOptions options = {}) {
    const Repository repository(this->repository(), Repository::Use::kRead);
    options.data = dir_.path() / name;
    return Restore(repository, options, {}).Run();
  }

  // An artifact with its row, as the server stores one.
  void Store(const std::string& path, const std::string& text) {
    WriteText(data_ / "artifacts" / path, text);
    db().Write([&](Connection& connection) {
      connection.Execute(kPutArtifact, {path, static_cast<int64_t>(text.size()), Sha256Hex(text)});
    });
  }

  SystemClock clock_;
  TempDir dir_;
  fs::path data_;
};

TEST_P(BackupTest, BringsBackEveryFileAndRow) {
  Store("1/run/artifacts/model.bin", std::string(3 << 20, 'm'));
  Store("1/run/artifacts/empty", "");
  WriteText(data_ / "predictions/segments/1.log", "segment");
  WriteText(data_ / "odd \n\\name \xff", "odd");
  WriteText(data_ / "data/files/md5/ab/cd", "table");
  fs::permissions(data_ / "data/files/md5/ab/cd", fs::perms(0444));
  fs::create_symlink("cd", data_ / "data/files/md5/ab/link");
  EXPECT_EQ(BackUp().files, 6);
  RestoreTo("new");
  for (const char* path : {"artifacts/1/run/artifacts/model.bin", "artifacts/1/run/artifacts/empty",
                           "predictions/segments/1.log", "odd \n\\name \xff",
                           "data/files/md5/ab/cd", "data/files/md5/ab/link"}) {
    EXPECT_EQ(ReadFile(dir_.path() / "new" / path), ReadFile(data_ / path)) << path;
  }
  const fs::path table = dir_.path() / "new/data/files/md5/ab/cd";
  EXPECT_EQ(fs::status(table).permissions(), fs::perms(0444));
  EXPECT_EQ(fs::last_write_time(table), fs::last_write_time(data_ / "data/files/md5/ab/cd"));
  EXPECT_TRUE(fs::is_symlink(dir_.path() / "new/data/files/md5/ab/link"));
  const auto database =
      storage::OpenDatabase("sqlite:///" + (dir_.path() / "new/millwright.db").string());
  EXPECT_EQ(database->Read([](Connection& c) { return c.SelectOne(kArtifactCount)->Int(0); }), 2);
}

TEST_P(BackupTest, LeavesOutWhatPasses) {
  WriteText(data_ / "artifacts/.uploads/half", "half");
  WriteText(data_ / "data/tmp/half", "half");
  WriteText(data_ / "predictions/work/merged", "half");
  WriteText(data_ / "run/gateway", "socket");
  WriteText(data_ / "run.log", "kept");
  EXPECT_EQ(BackUp().files, 1);
}

// The moment that counts is the one at which the database is read.
TEST_P(BackupTest, KeepsWhatARowNamesThoughItGoesMeanwhile) {
  Store("1/deleted", "was here");
  Store("1/replaced", "first");
  WriteText(data_ / "artifacts/1/nobody", "without a row");
  bool is_done = false;
  const auto report = BackUp([&](const std::string& note) {
    if (is_done || note.find("rows") == std::string::npos) return;
    is_done = true;
    fs::remove(data_ / "artifacts/1/deleted");
    fs::remove(data_ / "artifacts/1/nobody");
    WriteText(data_ / "artifacts/1/replaced", "second");
  });
  ASSERT_TRUE(is_done);
  EXPECT_TRUE(report.missing.empty());
  RestoreTo("new");
  const fs::path artifacts = dir_.path() / "new/artifacts";
  EXPECT_EQ(ReadFile(artifacts / "1/deleted"), "was here");
  EXPECT_EQ(ReadFile(artifacts / "1/replaced"), "first");
  EXPECT_FALSE(fs::exists(artifacts / "1/nobody"));
}

TEST_P(BackupTest, NamesWhatCannotBeHad) {
  Store("1/lost", "content");
  fs::remove(data_ / "artifacts/1/lost");
  EXPECT_EQ(BackUp().missing, std::vector<std::string>{"artifacts/1/lost"});
}

// The file of an upload whose row comes too late belongs to a later moment.
TEST_P(BackupTest, LeavesOutArtifactsOfALaterMoment) {
  bool is_done = false;
  BackUp([&](const std::string& note) {
    if (is_done || note.find("rows") == std::string::npos) return;
    is_done = true;
    Store("1/late", "late");
  });
  ASSERT_TRUE(is_done);
  RestoreTo("new");
  EXPECT_FALSE(fs::exists(dir_.path() / "new/artifacts/1/late"));
}

TEST_P(BackupTest, TakesFilesThatComeWhileItRuns) {
  WriteText(data_ / "first", "1");
  bool is_done = false;
  BackUp([&](const std::string&) {
    if (!std::exchange(is_done, true)) Store("1/late", "late");
  });
  RestoreTo("new");
  EXPECT_EQ(ReadFile(dir_.path() / "new/artifacts/1/late"), "late");
}

// A merge of the predictions' files must be in the backup once: before it or after it.
TEST_P(BackupTest, TakesPredictionsOfOneMoment) {
  const fs::path folder = data_ / "predictions/outcomes/e";
  WriteText(folder / "1.parquet", "one");
  WriteText(folder / "2.parquet", "two");
  bool is_done = false;
  BackUp([&](const std::string& note) {
    if (is_done || note.find("rows") == std::string::npos) return;
    is_done = true;
    WriteText(folder / "1-2.parquet", "one and two");
    fs::remove(folder / "1.parquet");
    fs::remove(folder / "2.parquet");
  });
  RestoreTo("new");
  const fs::path restored = dir_.path() / "new/predictions/outcomes/e";
  EXPECT_EQ(std::distance(fs::directory_iterator(restored), fs::directory_iterator()), 1);
  EXPECT_EQ(ReadFile(restored / "1-2.parquet"), "one and two");
}

TEST_P(BackupTest, CopiesOnlyWhatIsNewTheSecondTime) {
  Store("1/large", std::string(1 << 20, 'x'));
  EXPECT_EQ(BackUp().read_files, 1);
  const auto unchanged = BackUp();
  EXPECT_EQ(unchanged.read_files, 0);
  EXPECT_EQ(unchanged.added_objects, 0);
  Store("1/small", "y");
  const auto more = BackUp();
  EXPECT_EQ(more.read_files, 1);
  EXPECT_LT(more.added_bytes, 10'000u);
}

TEST_P(BackupTest, KeepsTheNewestAndDropsWhatOnlyOthersNeed) {
  Store("1/a", "only in the first");
  BackUp();
  fs::remove(data_ / "artifacts/1/a");
  const std::string id = BackUp().id;
  Repository repository(this->repository(), Repository::Use::kWrite);
  const ObjectRef gone{Sha256Hex("only in the first"), 17};
  EXPECT_TRUE(repository.Has(gone));
  EXPECT_EQ(repository.KeepNewest(1), 1u);
  EXPECT_FALSE(repository.Has(gone));
  EXPECT_EQ(repository.Ids(), std::vector<std::string>{id});
  EXPECT_EQ(CheckBackups(repository, "", {}).at(0).damaged_count, 0);
}

TEST_P(BackupTest, FindsEveryFlippedByte) {
  Store("1/file", "some content");
  BackUp();
  std::vector<fs::path> parts;
  for (const auto& entry : fs::recursive_directory_iterator(repository())) {
    if (entry.is_regular_file() && entry.file_size() > 0) parts.push_back(entry.path());
  }
  ASSERT_GT(parts.size(), 4u);
  for (const auto& part : parts) {
    const std::string whole = ReadFile(part);
    std::string flipped = whole;
    flipped[flipped.size() / 2] ^= 1;
    chmod(part.c_str(), 0600);
    WriteText(part, flipped);
    {
      const Repository repository(this->repository(), Repository::Use::kRead);
      EXPECT_GT(CheckBackups(repository, "", {}).at(0).damaged_count, 0) << part;
    }
    EXPECT_THROW(RestoreTo("new"), Error) << part;
    EXPECT_FALSE(fs::exists(dir_.path() / "new")) << part;
    EXPECT_FALSE(fs::exists(dir_.path() / "new.restoring")) << part;
    WriteText(part, whole);
  }
  RestoreTo("new");
}

// An object that a backup left which did not end may be of the right size and yet wrong.
TEST_P(BackupTest, TrustsNoObjectOfABackupThatDidNotEnd) {
  Store("1/file", "right content");
  const fs::path object =
      Repository(repository(), Repository::Use::kWrite).ObjectPath(Sha256Hex("right content"));
  WriteText(object, "wrong content");
  BackUp();
  RestoreTo("new");
  EXPECT_EQ(ReadFile(dir_.path() / "new/artifacts/1/file"), "right content");
}

TEST_P(BackupTest, LetsPlacesFollowTheFolder) {
  db().Write([&](Connection& connection) {
    connection.Execute(kPutRevision);
    connection.Execute(kPutModelPath, {(data_ / "artifacts/1/model").string()});
  });
  BackUp();
  const std::string target = storage::EmptyPostgresUri();
  RestoreTo("new", {.data = {}, .database_uri = target, .id = {}});
  const std::string place = storage::OpenDatabase(target)->Read(
      [](Connection& connection) { return connection.SelectOne(kModelPath)->Text(0); });
  EXPECT_EQ(place, (dir_.path() / "new/artifacts/1/model").string());
}

TEST_P(BackupTest, PutsAsideOnlyWhenTold) {
  WriteText(data_ / "file", "new");
  BackUp();
  WriteText(dir_.path() / "there/file", "old");
  EXPECT_THROW(RestoreTo("there"), Error);
  EXPECT_EQ(ReadFile(dir_.path() / "there/file"), "old");
  const auto report =
      RestoreTo("there", {.data = {}, .database_uri = {}, .id = {}, .replace = true});
  EXPECT_EQ(ReadFile(dir_.path() / "there/file"), "new");
  EXPECT_EQ(ReadFile(fs::path(report.replaced) / "file"), "old");
}

TEST_P(BackupTest, EndsWithoutABackupWhenStopped) {
  WriteText(data_ / "file", "x");
  Repository repository(this->repository(), Repository::Use::kWrite);
  Backup backup(repository, places(), clock_, {.progress = {}, .stop = [] { return true; }});
  EXPECT_THROW(backup.Run(), Error);
  EXPECT_TRUE(repository.Ids().empty());
}

TEST_P(BackupTest, RefusesFoldersThatCannotBe) {
  const auto open = [](const fs::path& folder, Repository::Use use) { Repository(folder, use); };
  EXPECT_THROW(open(dir_.path() / "absent", Repository::Use::kRead), Error);
  WriteText(dir_.path() / "other/file", "x");
  EXPECT_THROW(open(dir_.path() / "other", Repository::Use::kRead), Error);
  EXPECT_THROW(open(dir_.path() / "other", Repository::Use::kWrite), Error);
  Repository inside(data_ / "backups", Repository::Use::kWrite);
  EXPECT_THROW(Backup(inside, places(), clock_, {}), Error);
  Repository first(repository(), Repository::Use::kWrite);
  EXPECT_THROW(open(repository(), Repository::Use::kWrite), Error);
  EXPECT_THROW(open(repository(), Repository::Use::kRead), Error);
}

MILLWRIGHT_ON_BOTH_DATABASES(BackupTest);

TEST(RowCodec, BringsBackEveryKindOfValue) {
  const std::vector<Value> row = {{},
                                  INT64_MIN,
                                  -0.0,
                                  std::string("text\n\xff"),
                                  storage::Bytes{std::string("\0\1", 2)},
                                  std::string(),
                                  int64_t{7}};
  std::string bytes;
  AppendRow(row, &bytes);
  std::string_view rest = bytes;
  const auto back = TakeRow(row.size(), &rest);
  EXPECT_TRUE(rest.empty());
  std::string again;
  AppendRow(back, &again);
  EXPECT_EQ(again, bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    rest = std::string_view(bytes).substr(0, size);
    EXPECT_THROW(TakeRow(row.size(), &rest), Error) << size;
  }
}

TEST(Manifest, OfALaterFormatIsRefused) {
  EXPECT_THROW(ParseManifest(R"({"format": 2, "program": "9.0"})"), Error);
  EXPECT_THROW(ParseManifest("{}"), Error);
  EXPECT_THROW(ParseFileList("abc 12"), Error);
}

}  // namespace
}  // namespace millwright::backup
