#include "base/file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright {
namespace {

bool Refuses(const std::filesystem::path& root, std::string_view path) {
  try {
    ConfinedPath(root, path);
    return false;
  } catch (const Error& error) {
    return error.code() == Code::kInvalidArgument;
  }
}

TEST(File, ReadsBackWhatWasWrittenDurably) {
  const TempDir dir;
  const auto path = dir.path() / "a" / "b.txt";
  WriteFileDurably(path, "one");
  WriteFileDurably(path, "two");
  EXPECT_EQ(ReadFile(path), "two");
  EXPECT_EQ(Sha256OfFile(path), "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path() / "a"), {}), 1);
}

TEST(File, ConfinesPathsToTheirRoot) {
  const TempDir dir;
  EXPECT_EQ(ConfinedPath(dir.path(), "a/./b.txt"), dir.path() / "a/b.txt");
  EXPECT_EQ(ConfinedPath(dir.path(), ""), dir.path() / "");
  EXPECT_TRUE(Refuses(dir.path(), "../x"));
  EXPECT_TRUE(Refuses(dir.path(), "a/../../x"));
  EXPECT_TRUE(Refuses(dir.path(), "/etc/passwd"));
  EXPECT_TRUE(Refuses(dir.path(), "a\\..\\x"));
  EXPECT_TRUE(Refuses(dir.path(), std::string_view("a\0b", 3)));
  std::filesystem::create_directory_symlink("/etc", dir.path() / "link");
  EXPECT_TRUE(Refuses(dir.path(), "link/passwd"));
}

TEST(File, NamesAPathThatIsRefused) {
  const auto shown = [](std::string_view path) { return InvalidPath(path).message(); };
  EXPECT_EQ(shown("a/../../ü"), "Invalid path: a/../../ü");
  EXPECT_EQ(shown(std::string_view("a\0\n\x7F", 4)), "Invalid path: a%00%0A%7F");
  EXPECT_EQ(shown("\xFF/.."), "Invalid path: \uFFFD/..");
  EXPECT_EQ(shown(std::string(200, 'a')), "Invalid path: " + std::string(200, 'a'));
  EXPECT_EQ(shown(std::string(201, 'a')), "Invalid path: " + std::string(200, 'a') + "…");
  EXPECT_EQ(shown(std::string(199, 'a') + "üü"), "Invalid path: " + std::string(199, 'a') + "…");
}

}  // namespace
}  // namespace millwright
