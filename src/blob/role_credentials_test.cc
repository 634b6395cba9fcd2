#include "blob/role_credentials.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "blob/s3_store.h"
#include "blob/test_s3_server.h"
#include "fetch/scripted_server.h"

namespace millwright::blob {
namespace {

using Kind = RoleSource::Kind;

constexpr int64_t kHourMs = 3'600'000;

// Plays the services that give keys; counts what was asked and ends each key an hour later.
class RoleCredentialsTest : public ::testing::Test {
 protected:
  std::string Keys() {
    ++given_;
    return fmt::format(
        R"({{"Code": "Success", "AccessKeyId": "key{}", "SecretAccessKey": "secret", "Token": "t",)"
        R"( "Expiration": "{}"}})",
        given_, FormatTime(clock_.NowMs() + kHourMs));
  }

  std::string Answer(const std::string& head, const std::string& body) {
    const auto asks = [&](std::string_view line) { return head.starts_with(line); };
    const auto has = [&](std::string_view text) { return head.find(text) != std::string::npos; };
    if (is_down_) return fetch::Answer(500, "");
    if (asks("PUT /latest/api/token ") && has("X-aws-ec2-metadata-token-ttl-seconds"))
      return fetch::Answer(200, "session-token");
    const std::string roles = "GET /latest/meta-data/iam/security-credentials/";
    if (asks(roles)) {
      if (!has("X-aws-ec2-metadata-token: session-token")) return fetch::Answer(401, "");
      return fetch::Answer(200, asks(roles + "the-role ") ? Keys() : "the-role\n");
    }
    if (asks("GET /container ")) {
      if (!has("Authorization: " + container_token_ + "\r\n")) return fetch::Answer(403, "");
      return fetch::Answer(200, Keys());
    }
    if (asks("POST /sts ")) {
      sts_body_ = body;
      ++given_;
      return fetch::Answer(
          200, fmt::format("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                           "<Credentials><AccessKeyId>key{}</AccessKeyId><SecretAccessKey>s"
                           "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{}"
                           "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                           "</AssumeRoleWithWebIdentityResponse>",
                           given_, FormatTime(clock_.NowMs() + kHourMs)));
    }
    return fetch::Answer(404, "");
  }

  TempDir dir_;
  ManualClock clock_{1'700'000'000'000};
  int given_ = 0;
  bool is_down_ = false;
  std::string container_token_ = "first";
  std::string sts_body_;
  fetch::ScriptedServer server_{
      [this](const auto& head, const auto& body) { return Answer(head, body); }};
};

TEST_F(RoleCredentialsTest, AsksAnInstanceWithASessionToken) {
  RoleCredentials role({.kind = Kind::kInstance, .url = server_.Url("")}, clock_);
  const Credentials keys = role.Get();
  EXPECT_EQ(keys.access_key, "key1");
  EXPECT_EQ(keys.secret_key, "secret");
  EXPECT_EQ(keys.session_token, "t");
}

TEST_F(RoleCredentialsTest, AsksAgainBeforeTheKeysEnd) {
  RoleCredentials role({.kind = Kind::kInstance, .url = server_.Url("")}, clock_);
  EXPECT_EQ(role.Get().access_key, "key1");
  clock_.Advance(kHourMs - 6 * 60'000);
  EXPECT_EQ(role.Get().access_key, "key1");
  clock_.Advance(2 * 60'000);
  EXPECT_EQ(role.Get().access_key, "key2");
}

TEST_F(RoleCredentialsTest, KeepsKeysThatAreGoodWhileNobodyGivesNewOnes) {
  RoleCredentials role({.kind = Kind::kInstance, .url = server_.Url("")}, clock_);
  role.Get();
  is_down_ = true;
  clock_.Advance(kHourMs - 60'000);
  EXPECT_EQ(role.Get().access_key, "key1");
  const int requests = server_.requests();
  EXPECT_EQ(role.Get().access_key, "key1");
  EXPECT_EQ(server_.requests(), requests) << "it was asked a moment ago";
  clock_.Advance(2 * 60'000);
  EXPECT_THROW(role.Get(), Error);
  is_down_ = false;
  clock_.Advance(20'000);
  EXPECT_EQ(role.Get().access_key, "key2");
}

TEST_F(RoleCredentialsTest, ReadsTheTokenOfAContainerAnew) {
  const std::string file = (dir_.path() / "token").string();
  WriteFileDurably(file, "first\n");
  RoleCredentials role(
      {.kind = Kind::kContainer, .url = server_.Url("/container"), .token_file = file}, clock_);
  EXPECT_EQ(role.Get().access_key, "key1");
  container_token_ = "second";
  WriteFileDurably(file, "second\n");
  clock_.Advance(kHourMs);
  EXPECT_EQ(role.Get().access_key, "key2");
  WriteFileDurably(file, "two\nlines");
  clock_.Advance(kHourMs);
  EXPECT_THROW(role.Get(), Error);
}

TEST_F(RoleCredentialsTest, TradesTheTokenOfAWebIdentity) {
  const std::string file = (dir_.path() / "token").string();
  WriteFileDurably(file, "ey.J&x\n");
  RoleCredentials role({.kind = Kind::kWebIdentity,
                        .url = server_.Url("/sts"),
                        .token_file = file,
                        .role = "arn:aws:iam::1:role/r",
                        .session = "s"},
                       clock_);
  EXPECT_EQ(role.Get().access_key, "key1");
  EXPECT_EQ(sts_body_,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
            "role%2Fr&RoleSessionName=s&WebIdentityToken=ey.J%26x");
}

TEST_F(RoleCredentialsTest, TakesNothingElseForKeys) {
  for (const std::string answer :
       {R"({"Code": "Success"})", R"({"AccessKeyId": "a", "SecretAccessKey": "b"})", "<html>",
        ""}) {
    fetch::ScriptedServer server(
        [&](const auto&, const auto&) { return fetch::Answer(200, answer); });
    RoleCredentials role({.kind = Kind::kContainer, .url = server.Url("/")}, clock_);
    EXPECT_THROW(role.Get(), Error) << answer;
  }
}

TEST(S3StoreWithARole, SignsWithItsKeys) {
  SystemClock clock;
  TestS3Server s3;
  fetch::ScriptedServer role([&](const auto&, const auto&) {
    return fetch::Answer(
        200, fmt::format(R"({{"AccessKeyId": "S3RVER", "SecretAccessKey": "S3RVER", "Token": "",)"
                         R"( "Expiration": "{}"}})",
                         FormatTime(clock.NowMs() + kHourMs)));
  });
  S3Options options = s3.Options();
  options.credentials = {};
  options.role = {.kind = Kind::kContainer, .url = role.Url("/")};
  S3Store store(options, clock);
  store.Put("a", "bytes");
  EXPECT_EQ(store.ReadAll("a"), "bytes");
  EXPECT_EQ(role.requests(), 1);
}

}  // namespace
}  // namespace millwright::blob
