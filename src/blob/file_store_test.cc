#include "blob/file_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace millwright::blob {
namespace {

namespace fs = std::filesystem;

class FileStoreTest : public ::testing::Test {
 protected:
  Code CodeOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was refused";
    return Code::kInternal;
  }
  TempDir dir_;
  FileStore store_{dir_.path() / "root"};
};

TEST_F(FileStoreTest, ReturnsWhatWasPutAndItsChecksum) {
  const std::string bytes(1'000'000, 'x');
  EXPECT_EQ(store_.Put("a/b/c.bin", bytes), Sha256Hex(bytes));
  EXPECT_EQ(store_.ReadAll("a/b/c.bin"), bytes);
  std::string part;
  store_.Read("a/b/c.bin", 999'990, 100, [&](std::string_view piece) {
    part.append(piece);
    return true;
  });
  EXPECT_EQ(part, "xxxxxxxxxx");
  store_.Put("a/b/c.bin", "new");
  EXPECT_EQ(store_.ReadAll("a/b/c.bin"), "new");
}

TEST_F(FileStoreTest, OpensOneVersionOfABlob) {
  const std::string before(700'000, 'x');
  store_.Put("a/b", before);
  const auto reader = store_.Open("a/b");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->info().bytes, before.size());
  EXPECT_EQ(reader->info().version, store_.Stat("a/b")->version);
  store_.Put("a/b", "new");
  std::string read;
  reader->Read(0, std::nullopt, [&](std::string_view bytes) {
    read += bytes;
    return true;
  });
  EXPECT_EQ(read, before);
  EXPECT_FALSE(reader->WasChanged());
}

TEST_F(FileStoreTest, OpensOnlyFilesBelowItsRoot) {
  const fs::path root = dir_.path() / "root";
  store_.Put("a/file", "inside");
  std::ofstream(dir_.path() / "secret") << "outside";
  fs::create_symlink(dir_.path(), root / "out");
  fs::create_symlink("../secret", root / "out-file");
  fs::create_symlink("..", root / "up");
  fs::create_symlink(root / "a", root / "absolute");
  fs::create_symlink("a", root / "relative");
  ASSERT_EQ(mkfifo((root / "pipe").c_str(), 0600), 0);
  for (const char* path : {"out/secret", "out-file", "up/secret", "../secret", "a/../../secret",
                           ".uploads/x", "/etc/passwd", "a\\b"})
    EXPECT_EQ(CodeOf([&] { store_.Open(path); }), Code::kInvalidArgument) << path;
  for (const char* path : {"pipe", "a", "a/", "none", "none/x"})
    EXPECT_EQ(store_.Open(path), nullptr) << path;
  // Links that stay inside lead where they say, however they say it.
  for (const char* path : {"a/file", "a//file", "./a/file", "relative/file", "absolute/file"})
    EXPECT_EQ(store_.ReadAll(path), "inside") << path;
}

TEST_F(FileStoreTest, ReadsAtOnceWhatIsInMemory) {
  store_.Put("a/b", "bytes");
  ASSERT_EQ(store_.ReadAll("a/b"), "bytes");
  // A kernel or a file system that cannot say what is in memory answers nothing, never wrongly.
  if (const auto reader = store_.OpenAtOnce("a/b")) {
    EXPECT_EQ(reader->info().version, store_.Stat("a/b")->version);
    const auto bytes = reader->ReadAtOnce();
    EXPECT_TRUE(!bytes || *bytes == "bytes");
  }
  fs::create_symlink(dir_.path(), dir_.path() / "root/out");
  std::ofstream(dir_.path() / "secret") << "outside";
  for (const char* path : {"none", "a", "out/secret", "../secret", "a/../../secret", ".uploads/x"})
    EXPECT_EQ(store_.OpenAtOnce(path), nullptr) << path;
}

TEST_F(FileStoreTest, ShowsNothingBeforeCommitAndLeavesNothingWithoutIt) {
  {
    const auto writer = store_.Create("a.txt");
    writer->Write("half");
    EXPECT_EQ(store_.Stat("a.txt"), std::nullopt);
  }
  EXPECT_TRUE(store_.List("").empty());
  EXPECT_TRUE(fs::is_empty(dir_.path() / "root/.uploads"));
}

TEST_F(FileStoreTest, ClearsAwayWhatACrashLeftAndNothingThatIsWritten) {
  const auto writer = store_.Create("a.txt");
  writer->Write("half");
  // As a server leaves it that was killed a moment ago.
  WriteFileDurably(dir_.path() / "root/.uploads/left", "half");
  FileStore another(dir_.path() / "root");
  EXPECT_FALSE(fs::exists(dir_.path() / "root/.uploads/left"));
  writer->Write(" whole");
  writer->Finish();
  writer->Commit();
  EXPECT_EQ(another.ReadAll("a.txt"), "half whole");
}

TEST_F(FileStoreTest, ListsChildrenByName) {
  store_.Put("z", "12");
  store_.Put("a/1", "1");
  store_.Put("b", "");
  const auto entries = store_.List("");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, "a");
  EXPECT_TRUE(entries[0].is_folder);
  EXPECT_EQ(entries[1].path, "b");
  EXPECT_EQ(entries[2].bytes, 2U);
  EXPECT_TRUE(store_.List("z").empty());
  EXPECT_TRUE(store_.List("none").empty());
}

TEST_F(FileStoreTest, RefusesEveryWayOut) {
  WriteFileDurably(dir_.path() / "secret", "s");
  fs::create_symlink(dir_.path(), dir_.path() / "root/link");
  fs::create_symlink(dir_.path() / "secret", dir_.path() / "root/file-link");
  for (const std::string& path : std::initializer_list<std::string>{
           "../secret", "a/../../secret", "/etc/passwd", "link/secret", "file-link", "..", ".", "",
           "a\\..\\b", std::string("a\0b", 3), ".uploads/x", "./.uploads/x"}) {
    EXPECT_EQ(CodeOf([&] { store_.Create(path); }), Code::kInvalidArgument) << path;
    EXPECT_EQ(CodeOf([&] { store_.Remove(path); }), Code::kInvalidArgument) << path;
    EXPECT_EQ(CodeOf([&] { store_.Stat(path); }), Code::kInvalidArgument) << path;
  }
  EXPECT_TRUE(store_.List("").empty()) << "links are not shown";
  EXPECT_EQ(ReadFile(dir_.path() / "secret"), "s");
}

TEST_F(FileStoreTest, RefusesAFileBelowAFileOrOverAFolder) {
  store_.Put("a", "1");
  store_.Put("d/e", "1");
  EXPECT_EQ(CodeOf([&] { store_.Put("a/b", "2"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { store_.Put("d", "2"); }), Code::kInvalidArgument);
  EXPECT_EQ(store_.ReadAll("a"), "1");
  EXPECT_TRUE(fs::is_empty(dir_.path() / "root/.uploads"));
}

TEST_F(FileStoreTest, MovesFilesAndFolders) {
  store_.Put("m/a", "1");
  store_.Put("m/b/c", "2");
  store_.Move("m", "t/1/m");
  store_.Move("none", "t/2");
  EXPECT_EQ(store_.List("").size(), 1U);
  EXPECT_EQ(store_.ReadAll("t/1/m/b/c"), "2");
}

TEST_F(FileStoreTest, NamesAnotherVersionAfterEveryWrite) {
  store_.Put("a", "1");
  const std::string first = store_.Stat("a")->version;
  EXPECT_EQ(store_.Stat("a")->version, first);
  const auto writer = store_.Create("a");
  writer->Write("2");
  writer->Finish();
  const std::string second = writer->Commit();
  EXPECT_EQ(store_.Stat("a")->version, second);
  EXPECT_NE(store_.Stat("a")->version, first);
}

TEST_F(FileStoreTest, RemovesFilesAndFolders) {
  store_.Put("d/e/f", "1");
  store_.Put("g", "1");
  store_.Remove("d");
  store_.Remove("g");
  store_.Remove("none");
  EXPECT_TRUE(store_.List("").empty());
  EXPECT_EQ(CodeOf([&] { store_.ReadAll("g"); }), Code::kNotFound);
}

}  // namespace
}  // namespace millwright::blob
