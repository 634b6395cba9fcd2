#include "artifacts/artifacts.h"

#include <fstream>

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
