#include "api/authorize.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::api {
namespace {

class AuthorizeTest : public storage::DatabaseTest {
 protected:
  // "name verified" of the caller, or the code of the refusal.
  std::string Call(security::Security& security, Permission permission, const std::string& header) {
    http::Request request;
    if (!header.empty()) request.headers.Add("authorization", header);
    try {
      MakeAuthorize(security)(request, permission);
    } catch (const Error& error) {
      return std::string(CodeName(error.code()));
    }
    return request.principal + (request.principal_verified ? " verified" : "");
  }

  // The same without waiting; "" when that cannot be.
  std::string CallAtOnce(const security::Security& security, Permission permission,
                         const std::string& header) {
    http::Request request;
    if (!header.empty()) request.headers.Add("authorization", header);
    if (!MakeAuthorizeAtOnce(security)(request, permission)) return "";
    return request.principal + (request.principal_verified ? " verified" : "");
  }

  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
};

TEST_P(AuthorizeTest, AsksForTheRoleOfThePermission) {
  security::Security security(
      db(), events_, clock_,
      {.mode = security::Mode::kBasic, .cost = {.passes = 1, .memory_bytes = 8 << 10}});
  security.CreateUser("ann", "correct horse", security::Role::kEditor, "system");
  const std::string ann = "Basic " + Base64("ann:correct horse");
  EXPECT_EQ("anonymous", Call(security, Permission::kPublic, ""));
  EXPECT_EQ("unauthenticated", Call(security, Permission::kRead, ""));
  EXPECT_EQ("", CallAtOnce(security, Permission::kRead, ann));
  EXPECT_EQ("ann verified", Call(security, Permission::kRead, ann));
  // From now on it is known, for a while.
  EXPECT_EQ("ann verified", CallAtOnce(security, Permission::kEdit, ann));
  EXPECT_EQ("", CallAtOnce(security, Permission::kManage, ann));
  EXPECT_EQ("", CallAtOnce(security, Permission::kRead, ""));
  EXPECT_EQ("anonymous", CallAtOnce(security, Permission::kPublic, ""));
  clock_.Advance(60'001);
  EXPECT_EQ("", CallAtOnce(security, Permission::kEdit, ann));
  EXPECT_EQ("ann verified", Call(security, Permission::kEdit, ann));
  EXPECT_EQ("permission_denied", Call(security, Permission::kManage, ann));
  EXPECT_EQ("permission_denied", Call(security, Permission::kAdmin, ann));
}

TEST_P(AuthorizeTest, RecordsAStatedUserAsUnverifiedWhenOff) {
  security::Security security(db(), events_, clock_, {});
  EXPECT_EQ("anonymous", Call(security, Permission::kAdmin, ""));
  EXPECT_EQ("ann", Call(security, Permission::kEdit, "Basic " + Base64("ann:x")));
  EXPECT_EQ("anonymous", CallAtOnce(security, Permission::kAdmin, ""));
  EXPECT_EQ("ann", CallAtOnce(security, Permission::kEdit, "Basic " + Base64("ann:x")));
}

MILLWRIGHT_ON_BOTH_DATABASES(AuthorizeTest);

}  // namespace
}  // namespace millwright::api
