#include "security/secret_box.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace millwright::security {
namespace {

TEST(SecretBox, GivesBackWhatItSealedAndShowsNothingOfIt) {
  const TempDir dir;
  const SecretBox box(dir.path() / "key");
  const std::string sealed = box.Seal("a secret that is known", "webhook:1");
  EXPECT_EQ(std::string::npos, sealed.find("known"));
  EXPECT_NE(sealed, box.Seal("a secret that is known", "webhook:1"));
  EXPECT_EQ("a secret that is known", box.Open(sealed, "webhook:1"));
  EXPECT_EQ("", box.Open(box.Seal("", "webhook:1"), "webhook:1"));
}

TEST(SecretBox, OpensForItsPurposeAndItsKeyOnly) {
  const TempDir dir;
  const SecretBox box(dir.path() / "key");
  const std::string sealed = box.Seal("s", "webhook:1");
  EXPECT_EQ(std::nullopt, box.Open(sealed, "webhook:2"));
  EXPECT_EQ(std::nullopt, SecretBox(dir.path() / "other").Open(sealed, "webhook:1"));
  EXPECT_EQ("s", SecretBox(dir.path() / "key").Open(sealed, "webhook:1"));
}

TEST(SecretBox, RefusesWhatItDidNotSeal) {
  const TempDir dir;
  const SecretBox box(dir.path() / "key");
  std::string changed = box.Seal("secret", "p");
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {std::string(), std::string("v1."), std::string("v1.AAAA"), std::string("secret"), changed})
    EXPECT_EQ(std::nullopt, box.Open(text, "p")) << text;
}

TEST(SecretBox, MakesAKeyThatItsOwnerAloneMayRead) {
  const TempDir dir;
  const SecretBox box(dir.path() / "sub" / "key");
  struct stat info {};
  ASSERT_EQ(0, stat((dir.path() / "sub" / "key").c_str(), &info));
  EXPECT_EQ(0600u, info.st_mode & 0777u);
  EXPECT_EQ(65, info.st_size);
}

TEST(SecretBox, RefusesAKeyFileOfAnotherKind) {
  const TempDir dir;
  for (const char* text : {"", "short\n", "zz", "00112233445566778899aabbccddeeff"}) {
    WriteFileDurably(dir.path() / "key", text);
    EXPECT_THROW(SecretBox(dir.path() / "key"), Error) << text;
  }
}

}  // namespace
}  // namespace millwright::security
