#include "scan/extract.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace millwright::scan {
namespace {

// Real tar archives, made by Python's own library.
class ExtractTarTest : public ::testing::Test {
 protected:
  std::filesystem::path Archive(const std::string& code, const std::string& mode = "w:gz") {
    const auto file = dir_.path() / "archive";
    const std::string script = "import tarfile, io, sys\nt = tarfile.open(sys.argv[1], '" + mode +
                               "')\n"
                               "def add(name, data=b'', type=tarfile.REGTYPE, to=''):\n"
                               "  e = tarfile.TarInfo(name); e.type = type; e.linkname = to\n"
                               "  e.size = len(data); t.addfile(e, io.BytesIO(data))\n" +
                               code + "\nt.close()\n";
    ChildProcess python({.arguments = {"python3", "-c", script, file.string()},
                         .environment = {},
                         .working_dir = {},
                         .output_file = dir_.path() / "log"});
    EXPECT_TRUE(python.Wait()->ok()) << ReadFile(dir_.path() / "log");
    return file;
  }
  std::string RefusalOf(const std::filesystem::path& archive) {
    try {
      ExtractTar(archive, folder_);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }
  void SetUp() override { std::filesystem::create_directory(folder_); }

  TempDir dir_;
  const std::filesystem::path folder_ = dir_.path() / "folder";
};

TEST_F(ExtractTarTest, UnpacksFilesAndFoldersOfPlainAndPackedArchives) {
  for (const char* mode : {"w", "w:gz", "w:xz", "w:bz2"}) {
    ExtractTar(Archive("add('./a/b', b'x' * 100000); add('/c', b'y'); add('d/', type=b'5')", mode),
               folder_);
    EXPECT_EQ(ReadFile(folder_ / "a/b"), std::string(100000, 'x')) << mode;
    EXPECT_EQ(ReadFile(folder_ / "c"), "y");
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / "d"));
  }
}

TEST_F(ExtractTarTest, NothingIsWrittenOutside) {
  EXPECT_EQ(RefusalOf(Archive("add('../evil', b'x')")), "Invalid path: ../evil");
  EXPECT_EQ(RefusalOf(Archive("add('a/../../evil', b'x')")), "Invalid path: a/../../evil");
  // A link is not made, so what is written through it lands inside.
  ExtractTar(Archive("add('out', type=b'2', to='..'); add('out/evil', b'x'); "
                     "add('hard', type=b'1', to='/etc/passwd'); add('pipe', type=b'6')"),
             folder_);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/evil"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "evil"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "hard"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pipe"));
}

TEST_F(ExtractTarTest, ALayerMayRemoveWhatIsBelowIt) {
  ExtractTar(Archive("add('a/x', b'1'); add('a/y', b'1'); add('b/z', b'1')"), folder_);
  ExtractTar(Archive("add('a/.wh.x'); add('b/.wh..wh..opq'); add('b/w', b'2')"), folder_);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a/x"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "a/y"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b/z"));
  EXPECT_EQ(ReadFile(folder_ / "b/w"), "2");
}

TEST_F(ExtractTarTest, DamagedArchivesAndBombsAreRefused) {
  WriteFileDurably(dir_.path() / "text", "this is no archive");
  EXPECT_NE(RefusalOf(dir_.path() / "text"), "");
  const auto archive = Archive("add('a', b'x' * 100000 + bytes(range(256)) * 1000)");
  const std::string bytes = ReadFile(archive);
  WriteFileDurably(archive, bytes.substr(0, bytes.size() / 2));
  EXPECT_NE(RefusalOf(archive), "");
  EXPECT_NE(RefusalOf(Archive("add('a', bytes(400 << 20))")).find("without end"),
            std::string::npos);
}

}  // namespace
}  // namespace millwright::scan
