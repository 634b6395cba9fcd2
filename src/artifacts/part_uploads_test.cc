#include "artifacts/part_uploads.h"

#include <fstream>

#include "base/digest.h"
#include "base/error.h"
#include "blob/file_store.h"
#include "storage/test_database.h"

namespace millwright::artifacts {
namespace {

constexpr const char* kWho = "ada";

class PartUploadsTest : public storage::DatabaseTest {
 protected:
  PartUpload Begin(const std::string& path, const std::string& whole, int64_t part_bytes) {
    return uploads_.Begin({.path = path,
                           .bytes = static_cast<int64_t>(whole.size()),
                           .sha256 = Sha256Hex(whole),
                           .part_bytes = part_bytes},
                          kWho);
  }
  StoredPart Send(const PartUpload& upload, int number, std::string_view bytes,
                  ExpectedSums expected = {}) {
    const auto part = uploads_.CreatePart(upload, number, std::move(expected));
    part->Write(bytes);
    return part->Commit();
  }
  Checksum Complete(const PartUpload& upload) {
    return uploads_.Complete(uploads_.Get(upload.id), kWho);
  }
  static Code CodeOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was refused";
    return Code::kInternal;
  }
  std::vector<std::string> Kept() {
    std::vector<std::string> names;
    for (const auto& entry : store_.List(".parts")) names.push_back(entry.path);
    return names;
  }

  TempDir dir_;
  ManualClock clock_{1000};
  blob::FileStore store_{dir_.path() / "artifacts"};
  events::EventLog events_{db(), clock_};
  Artifacts artifacts_{db(), store_, events_, clock_};
  PartUploads uploads_{db(), store_, artifacts_, clock_};
};

TEST_P(PartUploadsTest, MakesOneFileOfPartsThatCameInAnyOrder) {
  const auto upload = Begin("a/b", "0123456789", 4);
  Send(upload, 3, "89");
  Send(upload, 1, "xxxx");
  Send(upload, 1, "0123");  // again, after a cut
  EXPECT_FALSE(artifacts_.Stat("a/b"));
  EXPECT_EQ(CodeOf([&] { Complete(upload); }), Code::kAborted);
  Send(upload, 2, "4567");
  EXPECT_TRUE(artifacts_.List("").empty());
  const auto checksum = Complete(upload);
  EXPECT_EQ(checksum.sha256, Sha256Hex("0123456789"));
  EXPECT_EQ(artifacts_.ReadAll("a/b"), "0123456789");
  EXPECT_EQ(artifacts_.FindChecksum("a/b")->sha256, checksum.sha256);
  EXPECT_EQ(CodeOf([&] { uploads_.Get(upload.id); }), Code::kNotFound);
  EXPECT_TRUE(Kept().empty());
}

TEST_P(PartUploadsTest, GoesOnWithWhatWasSentBefore) {
  const auto first = Begin("a", "012345", 2);
  Send(first, 1, "01");
  const auto again = Begin("a", "012345", 2);
  EXPECT_EQ(again.id, first.id);
  ASSERT_EQ(again.parts.size(), 1U);
  EXPECT_EQ(again.parts[0].number, 1);
  EXPECT_NE(Begin("a", "01234x", 2).id, first.id);
  EXPECT_NE(Begin("b", "012345", 2).id, first.id);
  // Without a sum nobody knows whether it is the same.
  EXPECT_NE(uploads_.Begin({.path = "c"}, kWho).id, uploads_.Begin({.path = "c"}, kWho).id);
}

TEST_P(PartUploadsTest, AsksForAPartAgainThatWasDamaged) {
  const auto upload = Begin("a", "0123", 2);
  Send(upload, 1, "01");
  Send(upload, 2, "23");
  std::ofstream(dir_.path() / "artifacts/.parts" / upload.id / "2") << "2?";
  EXPECT_EQ(CodeOf([&] { Complete(upload); }), Code::kAborted);
  EXPECT_FALSE(artifacts_.Stat("a"));
  EXPECT_EQ(Begin("a", "0123", 2).parts.size(), 1U);
  Send(upload, 2, "23");
  Complete(upload);
  EXPECT_EQ(artifacts_.ReadAll("a"), "0123");
}

TEST_P(PartUploadsTest, KeepsNothingOfWhatIsNotWhatWasAnnounced) {
  const auto upload = Begin("a", "0123", 2);
  EXPECT_EQ(CodeOf([&] { Send(upload, 1, "01", {.bytes = 3}); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { Send(upload, 1, "01", {.sha256 = Sha256Hex("10")}); }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { Send(upload, 1, "012"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { Send(upload, 0, "01"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { Send(upload, kPartsMax + 1, "01"); }), Code::kInvalidArgument);
  EXPECT_TRUE(uploads_.Get(upload.id).parts.empty());
  Send(upload, 1, "01");
  Send(upload, 2, "2x");
  EXPECT_EQ(CodeOf([&] { Complete(upload); }), Code::kInvalidArgument);
  EXPECT_FALSE(artifacts_.Stat("a"));
  EXPECT_TRUE(Kept().empty());
}

TEST_P(PartUploadsTest, IsClosedToEverybodyElse) {
  const auto upload = Begin("a", "0123", 2);
  Send(upload, 1, "01");
  const std::vector<std::string> closed = {".parts", ".parts/" + upload.id + "/1", "./.parts/y"};
  for (const auto& path : closed) {
    EXPECT_THROW(artifacts_.Stat(path), Error) << path;
    EXPECT_THROW(artifacts_.Open(path), Error) << path;
    EXPECT_THROW(artifacts_.Create(path), Error) << path;
    EXPECT_THROW(uploads_.Begin({.path = path}, kWho), Error) << path;
  }
  EXPECT_THROW(uploads_.Begin({.path = "../x"}, kWho), Error);
  EXPECT_THROW(uploads_.Begin({.path = ""}, kWho), Error);
  EXPECT_THROW(uploads_.Begin({.path = "a", .bytes = 1 << 30, .part_bytes = 1}, kWho), Error);
}

TEST_P(PartUploadsTest, LeavesNothingOfAnUploadThatIsGivenUp) {
  const auto upload = Begin("a", "0123", 2);
  Send(upload, 1, "01");
  const auto late = uploads_.CreatePart(upload, 2, {});
  late->Write("23");
  uploads_.Abort(upload.id);
  EXPECT_EQ(CodeOf([&] { late->Commit(); }), Code::kNotFound);
  EXPECT_TRUE(Kept().empty());
  uploads_.Abort(upload.id);
}

TEST_P(PartUploadsTest, RemovesWhatACrashLeftOfUploadsThatAreOver) {
  const auto upload = Begin("a", "0123", 2);
  Send(upload, 1, "01");
  store_.Put(".parts/over/1", "01");
  uploads_.RemoveLeftOvers();
  EXPECT_EQ(Kept(), std::vector<std::string>{upload.id});
}

MILLWRIGHT_ON_BOTH_DATABASES(PartUploadsTest);

}  // namespace
}  // namespace millwright::artifacts
