#include "artifacts/artifacts.h"

#include <fstream>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "blob/file_store.h"
#include "storage/test_database.h"

namespace millwright::artifacts {
namespace {

class ArtifactsTest : public storage::DatabaseTest {
 protected:
  TempDir dir_;
  ManualClock clock_{1000};
  std::unique_ptr<blob::BlobStore> store_ =
      std::make_unique<blob::FileStore>(dir_.path() / "artifacts");
  events::EventLog events_{db(), clock_};
  Artifacts artifacts_{db(), *store_, events_, clock_};
};

TEST_P(ArtifactsTest, RecordsSizeAndChecksumBesideTheFile) {
  const auto upload = artifacts_.Create("1/run/artifacts/model.bin");
  upload->Write("abc");
  upload->Write("def");
  upload->Commit("ada");
  const auto checksum = artifacts_.FindChecksum("1/run/artifacts/model.bin");
  ASSERT_TRUE(checksum);
  EXPECT_EQ(checksum->bytes, 6);
  EXPECT_EQ(checksum->sha256, Sha256Hex("abcdef"));
  EXPECT_EQ(artifacts_.ReadAll("1/run/artifacts/model.bin"), "abcdef");
  const auto events = events_.After(0, 10);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "artifact.uploaded");
  EXPECT_EQ(events[0].subject, "artifact:1/run/artifacts/model.bin");
}

TEST_P(ArtifactsTest, ForgetsChecksumsOfAFolderThatIsRemoved) {
  artifacts_.Put("a/b/1", "1", "ada");
  artifacts_.Put("a/b2", "2", "ada");
  artifacts_.Remove("a/b", "ada");
  EXPECT_FALSE(artifacts_.FindChecksum("a/b/1"));
  EXPECT_TRUE(artifacts_.FindChecksum("a/b2"));
}

TEST_P(ArtifactsTest, LeavesNothingOfAnUploadThatIsBrokenOff) {
  artifacts_.Create("a/x")->Write("half");
  EXPECT_TRUE(artifacts_.List("").empty());
  EXPECT_FALSE(artifacts_.FindChecksum("a/x"));
  EXPECT_EQ(events_.Last(), 0);
}

TEST_P(ArtifactsTest, KeepsNothingOfAnUploadThatIsNotWhatWasAnnounced) {
  artifacts_.Put("a", "before", "ada");
  const auto upload = [&](const ExpectedSums& expected) {
    const auto opened = artifacts_.Create("a", expected);
    opened->Write("after");
    opened->Commit("ada");
  };
  EXPECT_THROW(upload({.bytes = 6}), Error);
  EXPECT_THROW(upload({.sha256 = Sha256Hex("other")}), Error);
  EXPECT_THROW(upload({.md5 = std::string(32, '0')}), Error);
  EXPECT_EQ(artifacts_.ReadAll("a"), "before");
  EXPECT_EQ(artifacts_.FindChecksum("a")->sha256, Sha256Hex("before"));
  upload({.bytes = 5, .sha256 = Sha256Hex("after"), .md5 = "632a2406bbcbcd553eec45ac14b40a0a"});
  EXPECT_EQ(artifacts_.ReadAll("a"), "after");
}

TEST_P(ArtifactsTest, HoldsBackTheEndOfAFileThatIsNotWhatWasStored) {
  const std::string whole(1'000'000, 'x');
  artifacts_.Put("a", whole, "ada");
  const auto place = *artifacts_.LocalPath("a");
  const auto time = std::filesystem::last_write_time(place);
  std::fstream(place, std::ios::in | std::ios::out | std::ios::binary).write("y", 1);
  std::filesystem::last_write_time(place, time);  // as a disk does that loses a bit
  size_t seen = 0;
  const auto count = [&](std::string_view bytes) {
    seen += bytes.size();
    return true;
  };
  EXPECT_THROW(artifacts_.Read("a", count), Error);
  EXPECT_LT(seen, whole.size());
  std::fstream(place, std::ios::in | std::ios::out | std::ios::binary).write("z", 1);
  seen = 0;
  artifacts_.Read("a", count);  // somebody wrote to it: its sum is not known any more
  EXPECT_EQ(seen, whole.size());
}

// Changes a byte of a file as a disk does that loses a bit: nobody has written.
void Damage(const std::filesystem::path& file, size_t at) {
  const auto time = std::filesystem::last_write_time(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put('!');
  stream.close();
  std::filesystem::last_write_time(file, time);
}

TEST_P(ArtifactsTest, TellsOfDamageOncePerVersion) {
  artifacts_.Put("a", "bytes", "ada");
  Damage(*artifacts_.LocalPath("a"), 2);
  const auto ignore = [](std::string_view) { return true; };
  for (int i = 0; i < 3; ++i) EXPECT_THROW(artifacts_.Read("a", ignore), Error);
  EXPECT_EQ(artifacts_.damage_found(), 3);
  const auto kinds = [&] {
    std::vector<std::string> kinds;
    for (const auto& event : events_.After(0, 100)) kinds.push_back(event.kind);
    return kinds;
  };
  EXPECT_EQ(kinds(), (std::vector<std::string>{"artifact.uploaded", "artifact.damaged"}));
  artifacts_.Put("a", "bytes", "ada");
  artifacts_.Read("a", ignore);
  Damage(*artifacts_.LocalPath("a"), 2);
  EXPECT_THROW(artifacts_.Read("a", ignore), Error);
  EXPECT_EQ(kinds().size(), 4U);
}

TEST_P(ArtifactsTest, ReadsOneVersionWhateverIsStoredMeanwhile) {
  const std::string before(700'000, 'a');
  artifacts_.Put("a", before, "ada");
  const auto file = artifacts_.Open("a");
  ASSERT_TRUE(file->checksum());
  artifacts_.Put("a", "other", "ada");
  std::string read;
  file->Read([&](std::string_view bytes) {
    read += bytes;
    return true;
  });
  EXPECT_EQ(read, before);
  EXPECT_EQ(artifacts_.Open("none"), nullptr);
  artifacts_.Put("folder/b", "b", "ada");
  EXPECT_EQ(artifacts_.Open("folder"), nullptr);
}

TEST_P(ArtifactsTest, AnswersAtOnceOnlyWhatItKnowsToBeSound) {
  artifacts_.Put("a", "bytes", "ada");
  artifacts_.ReadAll("a");
  // Nothing where the kernel cannot say that the file is in memory.
  const auto at_once = [&] {
    const auto file = artifacts_.OpenAtOnce("a");
    return file ? file->ReadAtOnce() : std::nullopt;
  };
  EXPECT_EQ(at_once().value_or("bytes"), "bytes");
  Damage(*artifacts_.LocalPath("a"), 2);
  EXPECT_EQ(at_once(), std::nullopt);
  EXPECT_EQ(artifacts_.damage_found(), 0);
  store_->Put("b", "bytes");  // whose sum was not looked up yet
  EXPECT_EQ(artifacts_.OpenAtOnce("b"), nullptr);
}

TEST_P(ArtifactsTest, VerifiesEveryKnownFile) {
  for (const char* path : {"a", "b", "c", "d", "e"}) artifacts_.Put(path, "bytes", "ada");
  store_->Put("unknown", "x");
  Damage(*artifacts_.LocalPath("b"), 0);
  std::filesystem::remove(*artifacts_.LocalPath("c"));
  store_->Put("d", "others");  // past this server
  const std::string version = store_->Stat("e")->version;
  store_->Put("e", "bytes");  // as out of a backup
  std::vector<std::pair<std::string, Fault>> faults;
  std::string last;
  Verification wanted{
      .on_fault = [&](const auto& path, Fault fault) { faults.emplace_back(path, fault); },
      .on_progress =
          [&](const VerifiedFiles&, const std::string& path) {
            last = path;
            return true;
          }};
  EXPECT_EQ(artifacts_.CountKnown("").files, 5);
  const auto done = artifacts_.Verify(wanted);
  EXPECT_EQ(done.files, 5);
  EXPECT_EQ(done.bytes, 5 + 5 + 6 + 5);
  EXPECT_EQ(last, "e");
  EXPECT_EQ(faults, (std::vector<std::pair<std::string, Fault>>{
                        {"b", Fault::kDamaged}, {"c", Fault::kMissing}, {"d", Fault::kChanged}}));
  // The file that came back is known again, and a check goes on behind a path.
  EXPECT_TRUE(artifacts_.Open("e")->checksum());
  faults.clear();
  wanted.after = "b";
  EXPECT_EQ(artifacts_.Verify(wanted).files, 3);
  EXPECT_EQ(faults.size(), 2U);
}

TEST_P(ArtifactsTest, EndsACheckWhenNobodyListens) {
  for (const char* path : {"a", "b"}) artifacts_.Put(path, "bytes", "ada");
  // So slow that it would take weeks; the first word about it ends it.
  const auto done =
      artifacts_.Verify({.bytes_per_s = 1,
                         .on_fault = [](const auto&, Fault) {},
                         .on_progress = [](const auto&, const auto&) { return false; }});
  EXPECT_EQ(done.files, 0);
}

TEST_P(ArtifactsTest, MakesNothingOfFilesThatAreBeingRemoved) {
  const auto refused = [&](const std::string& path) {
    try {
      db().Write([&](auto& connection) { RequireKept(connection, path); });
      return false;
    } catch (const Error& error) {
      return error.code() == Code::kFailedPrecondition;
    }
  };
  bool refused_later = false;
  std::jthread other;
  db().Write([&](auto& connection) {
    HoldUses(connection);
    // Whenever it comes to its turn, that is after this transaction.
    other = std::jthread([&] { refused_later = refused("0/r_/artifacts/model"); });
    Abandon(connection, "0/r_/artifacts", 5);
  });
  other.join();
  EXPECT_TRUE(refused_later);
  EXPECT_TRUE(refused("0/r_/artifacts"));
  EXPECT_TRUE(refused("0/r_"));
  EXPECT_FALSE(refused("0/rx/artifacts/model"));
  EXPECT_FALSE(refused("0/r_/artifacts2"));
}

TEST(StorePath, ReadsAddressesOfThisServer) {
  EXPECT_EQ(StorePath("mlflow-artifacts:/1/r/artifacts"), "1/r/artifacts");
  EXPECT_EQ(StorePath("mlflow-artifacts://host:5000/1/r"), "1/r");
  EXPECT_EQ(StorePath("s3://bucket/1"), std::nullopt);
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

MILLWRIGHT_ON_BOTH_DATABASES(ArtifactsTest);

}  // namespace
}  // namespace millwright::artifacts
