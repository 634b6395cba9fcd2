#include "security/security.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::security {
namespace {

constexpr PasswordCost kCheap{1, 8 << 10};

std::string Basic(const std::string& name, const std::string& password) {
  return "Basic " + Base64(name + ":" + password);
}

Code CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Code::kInternal;
}

class SecurityTest : public storage::DatabaseTest {
 protected:
  std::unique_ptr<Security> Make(Mode mode) {
    return std::make_unique<Security>(db(), events_, clock_,
                                      SecurityOptions{.mode = mode, .cost = kCheap});
  }
  // "kind subject who payload" of all events.
  std::vector<std::string> Events() {
    std::vector<std::string> lines;
    for (const auto& event : events_.After(0, 1000))
      lines.push_back(event.kind + " " + event.subject + " " + event.who + " " +
                      event.payload.Dump());
    return lines;
  }

  ManualClock clock_{1'000'000};
  events::EventLog events_{db(), clock_};
};

TEST_P(SecurityTest, BelievesNobodyAndAllowsAllWhenOff) {
  const auto security = Make(Mode::kOff);
  const Identity anonymous = security->Authenticate(std::nullopt);
  EXPECT_EQ("anonymous", anonymous.name);
  EXPECT_FALSE(anonymous.verified);
  EXPECT_TRUE(anonymous.MayActAs(Role::kAdmin));
  const Identity stated = security->Authenticate(Basic("ann", "whatever"));
  EXPECT_EQ("ann", stated.name);
  EXPECT_FALSE(stated.verified);
  EXPECT_EQ("anonymous", security->Authenticate("Bearer x").name);
  EXPECT_EQ("anonymous", security->Authenticate("Basic %%%").name);
  EXPECT_EQ(std::vector<std::string>{}, Events());
}

TEST_P(SecurityTest, ChecksPasswords) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("ann", "correct horse", Role::kEditor, "admin");
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    const Identity ann = security->Authenticate(Basic("ann", "correct horse"));
    EXPECT_EQ("ann", ann.name);
    EXPECT_TRUE(ann.verified);
    EXPECT_TRUE(ann.MayActAs(Role::kEditor));
    EXPECT_FALSE(ann.MayActAs(Role::kManager));
  }
  const std::optional<std::string> wrong[] = {std::nullopt,
                                              "",
                                              "Basic",
                                              "Basic !!!",
                                              "Basic " + Base64("ann"),
                                              Basic("ann", "correct horsE"),
                                              Basic("ann", ""),
                                              Basic("bob", "correct horse"),
                                              Basic("", ""),
                                              Basic("ann", std::string(2000, 'x')),
                                              "Digest x",
                                              "Bearer mwt_0123456789ab_00"};
  for (const auto& header : wrong)
    EXPECT_EQ(Code::kUnauthenticated, CodeOf([&] { security->Authenticate(header); }))
        << header.value_or("none");
}

TEST_P(SecurityTest, TakesNoNameThatOnlyBeginsAsOne) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("ann", "correct horse", Role::kEditor, "admin");
  security->CreateUser("Zo\xc3\xab \xf0\x9f\x90\xb4", "correct horse", Role::kEditor, "admin");
  const std::string nul("ann\0x", 5);
  for (const std::string& name : {nul, std::string("ann\xff"), std::string("\xff")})
    EXPECT_EQ(Code::kUnauthenticated,
              CodeOf([&] { security->Authenticate(Basic(name, "correct horse")); }));
  EXPECT_EQ(R"(login.failed user:(not a name) (not a name) {"failures":1})", Events().back());
  EXPECT_TRUE(
      security->Authenticate(Basic("Zo\xc3\xab \xf0\x9f\x90\xb4", "correct horse")).verified);
}

TEST_P(SecurityTest, KeepsNoPasswordAndNoToken) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("ann", "correct horse", Role::kAdmin, "system");
  const NewToken token = security->CreateToken("ann", "ci", std::nullopt, "ann");
  const std::string secret = token.secret.substr(token.secret.rfind('_') + 1);
  EXPECT_EQ(64u, secret.size());
  for (const std::string& line : Events()) {
    EXPECT_EQ(std::string::npos, line.find("correct horse")) << line;
    EXPECT_EQ(std::string::npos, line.find(secret)) << line;
  }
}

TEST_P(SecurityTest, AppliesChangesAtOnce) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("root", "root password", Role::kAdmin, "system");
  security->CreateUser("ann", "first password", Role::kReader, "root");
  EXPECT_TRUE(security->Authenticate(Basic("ann", "first password")).verified);
  security->SetRole("ann", Role::kManager, "root");
  EXPECT_TRUE(security->Authenticate(Basic("ann", "first password")).MayActAs(Role::kManager));
  security->SetPassword("ann", "second password", "ann");
  EXPECT_EQ(Code::kUnauthenticated,
            CodeOf([&] { security->Authenticate(Basic("ann", "first password")); }));
  EXPECT_TRUE(security->Authenticate(Basic("ann", "second password")).verified);
  security->DeleteUser("ann", "root");
  EXPECT_EQ(Code::kUnauthenticated,
            CodeOf([&] { security->Authenticate(Basic("ann", "second password")); }));
  EXPECT_EQ((std::vector<std::string>{
                R"(user.created user:root system {"role":"admin"})",
                R"(role.granted user:root system {"role":"admin"})",
                R"(user.created user:ann root {"role":"reader"})",
                R"(role.granted user:ann root {"role":"reader"})",
                R"(role.revoked user:ann root {"role":"reader"})",
                R"(role.granted user:ann root {"role":"manager"})",
                R"(user.updated user:ann ann {"changed":"password"})",
                R"(login.failed user:ann ann {"failures":1})",
                R"(user.deleted user:ann root {})",
            }),
            Events());
}

TEST_P(SecurityTest, SeesChangesOfAnotherServerAfterAWhile) {
  const auto one = Make(Mode::kBasic);
  const auto other = Make(Mode::kBasic);
  one->CreateUser("ann", "first password", Role::kAdmin, "system");
  EXPECT_TRUE(one->Authenticate(Basic("ann", "first password")).verified);
  other->SetPassword("ann", "second password", "ann");
  EXPECT_TRUE(one->Authenticate(Basic("ann", "first password")).verified);
  clock_.Advance(60'000);
  EXPECT_EQ(Code::kUnauthenticated,
            CodeOf([&] { one->Authenticate(Basic("ann", "first password")); }));
}

TEST_P(SecurityTest, IssuesTokensThatExpireAndCanBeRevoked) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("ann", "correct horse", Role::kEditor, "system");
  const int64_t expires_ms = clock_.NowMs() + 10'000;
  const NewToken short_lived = security->CreateToken("ann", "ci", expires_ms, "ann");
  clock_.Advance(1);
  const NewToken lasting = security->CreateToken("ann", "notebook", std::nullopt, "ann");
  const std::string bearer = "Bearer " + short_lived.secret;
  const Identity identity = security->Authenticate(bearer);
  EXPECT_EQ("ann", identity.name);
  EXPECT_TRUE(identity.verified);
  EXPECT_EQ(Role::kEditor, identity.role);
  EXPECT_EQ(Code::kUnauthenticated, CodeOf([&] { security->Authenticate(bearer + "0"); }));
  std::string altered = bearer;
  altered.back() = altered.back() == '0' ? '1' : '0';
  EXPECT_EQ(Code::kUnauthenticated, CodeOf([&] { security->Authenticate(altered); }));

  const auto tokens = security->ListTokens("ann");
  ASSERT_EQ(2u, tokens.size());
  EXPECT_EQ("notebook", tokens[0].name);
  EXPECT_EQ(expires_ms, tokens[1].expires_ms);
  EXPECT_EQ(0u, security->ListTokens("bob").size());
  EXPECT_EQ(2u, security->ListTokens("").size());

  clock_.Advance(10'000);
  EXPECT_EQ(Code::kUnauthenticated, CodeOf([&] { security->Authenticate(bearer); }));
  EXPECT_TRUE(security->Authenticate("bearer " + lasting.secret).verified);
  EXPECT_EQ("ann", security->TokenOwner(lasting.token.id));
  security->DeleteToken(lasting.token.id, "ann");
  EXPECT_EQ(Code::kUnauthenticated,
            CodeOf([&] { security->Authenticate("Bearer " + lasting.secret); }));
  EXPECT_EQ(Code::kNotFound, CodeOf([&] { security->DeleteToken(lasting.token.id, "ann"); }));
  EXPECT_EQ(Code::kInvalidArgument,
            CodeOf([&] { security->CreateToken("ann", "late", clock_.NowMs(), "ann"); }));
  EXPECT_EQ(Code::kNotFound,
            CodeOf([&] { security->CreateToken("bob", "x", std::nullopt, "ann"); }));
}

TEST_P(SecurityTest, KeepsTheLastAdmin) {
  const auto security = Make(Mode::kBasic);
  security->CreateUser("root", "root password", Role::kAdmin, "system");
  EXPECT_EQ(Code::kFailedPrecondition, CodeOf([&] { security->DeleteUser("root", "root"); }));
  EXPECT_EQ(Code::kFailedPrecondition,
            CodeOf([&] { security->SetRole("root", Role::kReader, "root"); }));
  security->SetRole("root", Role::kAdmin, "root");
  security->CreateUser("second", "root password", Role::kAdmin, "root");
  security->DeleteUser("root", "second");
  EXPECT_EQ(Role::kAdmin, security->GetUser("second").role);
}

TEST_P(SecurityTest, LeavesAnAdminHoweverManyGoAtOnce) {
  const auto security = Make(Mode::kBasic);
  for (const char* name : {"a", "b", "c", "d"})
    security->CreateUser(name, "root password", Role::kAdmin, "system");
  std::atomic<int> deleted = 0;
  {
    std::vector<std::jthread> threads;
    for (const char* name : {"a", "b", "c", "d"}) {
      threads.emplace_back([&, name] {
        try {
          security->DeleteUser(name, "system");
          ++deleted;
        } catch (const Error& error) {
          EXPECT_EQ(Code::kFailedPrecondition, error.code()) << error.what();
        }
      });
    }
  }
  EXPECT_EQ(3, deleted.load());
  EXPECT_EQ(1u, security->ListUsers("", 10).size());
}

TEST_P(SecurityTest, ListsUsersInPages) {
  const auto security = Make(Mode::kBasic);
  for (const char* name : {"carol", "Bob", "ann", "dave"})
    security->CreateUser(name, "password", Role::kReader, "system");
  const auto names = [&](const std::string& after, int limit) {
    std::string text;
    for (const Principal& user : security->ListUsers(after, limit)) text += user.name + " ";
    return text;
  };
  EXPECT_EQ("Bob ann ", names("", 2));
  EXPECT_EQ("carol dave ", names("ann", 2));
  EXPECT_EQ("", names("dave", 2));
  EXPECT_EQ(Code::kInvalidArgument, CodeOf([&] { names("", 0); }));
  EXPECT_EQ(Code::kNotFound, CodeOf([&] { security->GetUser("eve"); }));
}

TEST_P(SecurityTest, RefusesBadNamesAndPasswords) {
  const auto security = Make(Mode::kBasic);
  const auto create = [&](const std::string& name, const std::string& password) {
    return CodeOf([&] { security->CreateUser(name, password, Role::kReader, "system"); });
  };
  for (const std::string& name :
       {std::string(), std::string("a:b"), std::string("a\nb"), std::string(" a"),
        std::string(256, 'x'), std::string("a\0b", 3), std::string("\xff"), std::string("\xc0\xaf"),
        std::string("\xed\xa0\x80")})
    EXPECT_EQ(Code::kInvalidArgument, create(name, "good password")) << name;
  EXPECT_EQ(Code::kInvalidArgument, create("ann", "short"));
  EXPECT_EQ(Code::kInvalidArgument, create("ann", std::string(1025, 'x')));
  security->CreateUser("ann", "good password", Role::kReader, "system");
  EXPECT_EQ(Code::kAlreadyExists, create("ann", "good password"));
  EXPECT_EQ(Code::kNotFound,
            CodeOf([&] { security->SetPassword("bob", "good password", "system"); }));
}

TEST_P(SecurityTest, MakesTheFirstAdminOnlyFromAGivenPassword) {
  const auto security = Make(Mode::kBasic);
  EXPECT_EQ(Code::kFailedPrecondition,
            CodeOf([&] { security->EnsureFirstAdmin("admin", std::nullopt); }));
  security->EnsureFirstAdmin("admin", "given by the operator");
  EXPECT_TRUE(
      security->Authenticate(Basic("admin", "given by the operator")).MayActAs(Role::kAdmin));
  security->EnsureFirstAdmin("admin", "another password");
  security->EnsureFirstAdmin("admin", std::nullopt);
  EXPECT_TRUE(security->Authenticate(Basic("admin", "given by the operator")).verified);
  Make(Mode::kOff)->EnsureFirstAdmin("admin", std::nullopt);
}

TEST_P(SecurityTest, RecordsFailedLoginsOnceAMinute) {
  const auto security = Make(Mode::kBasic);
  const auto fail = [&](const std::string& name) {
    CodeOf([&] { security->Authenticate(Basic(name, "wrong password")); });
  };
  for (int i = 0; i < 5; ++i) fail("eve");
  fail("mallory");
  clock_.Advance(60'000);
  fail("eve");
  EXPECT_EQ((std::vector<std::string>{R"(login.failed user:eve eve {"failures":1})",
                                      R"(login.failed user:mallory mallory {"failures":1})",
                                      R"(login.failed user:eve eve {"failures":5})"}),
            Events());
}

MILLWRIGHT_ON_BOTH_DATABASES(SecurityTest);

TEST(Secret, HashesPasswordsWithASaltOfTheirOwn) {
  const std::string one = HashPassword("correct horse", kCheap);
  const std::string two = HashPassword("correct horse", kCheap);
  EXPECT_TRUE(one.starts_with("$argon2id$")) << one;
  EXPECT_NE(one, two);
  EXPECT_TRUE(PasswordMatches(one, "correct horse"));
  EXPECT_FALSE(PasswordMatches(one, "correct horsE"));
  EXPECT_FALSE(PasswordMatches("", "correct horse"));
  EXPECT_FALSE(PasswordMatches(std::string(500, 'x'), "correct horse"));
}

TEST(Secret, ShowsLittleOfASecret) {
  EXPECT_EQ("********", MaskSecret(""));
  EXPECT_EQ("********", MaskSecret("hunter2"));
  EXPECT_EQ("mwt_********", MaskSecret("mwt_0123456789ab_0123456789"));
}

TEST(Role, HasOneNameEach) {
  for (const Role role : {Role::kReader, Role::kEditor, Role::kManager, Role::kAdmin})
    EXPECT_EQ(role, ParseRole(RoleName(role)));
  EXPECT_EQ(Code::kInvalidArgument, CodeOf([] { ParseRole("owner"); }));
}

}  // namespace
}  // namespace millwright::security
