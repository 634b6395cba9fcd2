#include "supply/oci_reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::supply {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(OciReference, HasHostRepositoryAndTagOrDigest) {
  const auto tagged = ParseOciReference("oci://ghcr.io/team/models/m:v1.2");
  EXPECT_EQ(tagged.BaseUrl(), "https://ghcr.io/v2/team/models/m");
  EXPECT_EQ(tagged.tag, "v1.2");
  EXPECT_EQ(tagged.digest, "");
  EXPECT_EQ(ParseOciReference("oci://h/m").tag, "latest");
  const auto pinned = ParseOciReference("oci://h:5000/m@" + kDigest);
  EXPECT_EQ(pinned.host, "h:5000");
  EXPECT_EQ(pinned.digest, kDigest);
  EXPECT_EQ(pinned.tag, "");
  EXPECT_EQ(ParseOciReference("oci://h/m:t@" + kDigest).tag, "t");
}

TEST(OciReference, OnlyThisMachineAndWhoIsToldSoAreAskedInTheClear) {
  EXPECT_EQ(ParseOciReference("oci://localhost:5000/m").BaseUrl(), "http://localhost:5000/v2/m");
  EXPECT_TRUE(ParseOciReference("oci://127.0.0.1/m").is_plain);
  EXPECT_FALSE(ParseOciReference("oci://localhost.example.com/m").is_plain);
  EXPECT_FALSE(ParseOciReference("oci://registry:5000/m").is_plain);
  EXPECT_TRUE(ParseOciReference("oci+http://registry:5000/m").is_plain);
}

TEST(OciReference, RefusesOtherText) {
  for (const std::string& text :
       {std::string("oci://"), std::string("oci://h"), std::string("oci://h/"),
        std::string("oci://h/UPPER"), std::string("oci://h/m:"), std::string("oci://h/m:a b"),
        std::string("oci://h/../m"), std::string("oci://user@h/m"),
        std::string("oci://h/m@sha256:a"), std::string("oci://h/m@md5:") + std::string(64, 'a'),
        std::string("oci://h?x/m"), std::string("oci://h/m?x"),
        "oci://h/m:" + std::string(129, 't')}) {
    EXPECT_THROW(ParseOciReference(text), Error) << text;
  }
}

}  // namespace
}  // namespace millwright::supply
