#include "artifacts/artifacts.h"

#include "base/digest.h"
#include "base/error.h"
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
