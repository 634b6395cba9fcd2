#include "webhooks/address_policy.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "webhooks/webhook.h"

namespace millwright::webhooks {
namespace {

std::string Refusal(const AddressPolicy& policy, const std::string& url) {
  try {
    policy.RequireUrl(url);
  } catch (const Error& error) {
    EXPECT_EQ(Code::kInvalidArgument, error.code()) << url;
    return error.message();
  }
  return "";
}

bool Allows(const AddressPolicy& policy, const std::string& url, const std::string& address) {
  return policy.Allows(url, *fetch::Address::Parse(address));
}

TEST(AddressPolicy, RefusesHostileUrls) {
  const AddressPolicy policy({});
  for (const char* url : {"",
                          "nope",
                          "http://192.0.43.8/",
                          "ftp://192.0.43.8/",
                          "file:///etc/passwd",
                          "gopher://192.0.43.8/",
                          "javascript:alert(1)",
                          "//192.0.43.8/",
                          "https://",
                          "https:///x",
                          "https://127.0.0.1/",
                          "https://127.1/",
                          "https://2130706433/",
                          "https://0x7f000001/",
                          "https://0177.0.0.1/",
                          "https://localhost/",
                          "https://LOCALHOST/",
                          "https://localhost./",
                          "https://[::1]/",
                          "https://[::]/",
                          "https://[::ffff:127.0.0.1]/",
                          "https://[64:ff9b::7f00:1]/",
                          "https://0/",
                          "https://0.0.0.0/",
                          "https://10.1.2.3/",
                          "https://169.254.169.254/latest/meta-data",
                          "https://192.168.0.1/",
                          "https://172.16.9.9/",
                          "https://100.64.0.1/",
                          "https://[fd00::1]/",
                          "https://[fe80::1]/",
                          "https://192.0.43.8@127.0.0.1/",
                          "https://192.0.43.8:x@127.0.0.1/",
                          "https://127.0.0.1#@192.0.43.8/",
                          "https://192.0.43.8 .evil/",
                          "https://192.0.43.8\r\nHost: x/",
                          "https://no-such-host.invalid/"})
    EXPECT_NE("", Refusal(policy, url)) << url;
  EXPECT_NE("", Refusal(policy, "https://192.0.43.8/" + std::string(kUrlBytesMax, 'x')));
  EXPECT_EQ("", Refusal(policy, "https://192.0.43.8/hook?a=b#c"));
  EXPECT_EQ("", Refusal(policy, "HTTPS://192.0.43.8:8443/hook"));
}

TEST(AddressPolicy, LetsTheOperatorNameWhatElseMayBeCalled) {
  const AddressPolicy policy({"127.0.0.1", "10.0.0.0/8", "fd00::/8", "Hooks.Example"});
  for (const char* url : {"http://127.0.0.1:1234/", "https://127.0.0.1/", "http://10.9.8.7/",
                          "https://[fd12::1]/", "http://hooks.example/x", "http://HOOKS.EXAMPLE/"})
    EXPECT_EQ("", Refusal(policy, url)) << url;
  for (const char* url : {"http://127.0.0.2/", "http://11.0.0.1/", "http://192.0.43.8/",
                          "http://x.hooks.example.invalid/", "http://hooks.example@127.0.0.2/"})
    EXPECT_NE("", Refusal(policy, url)) << url;
}

TEST(AddressPolicy, JudgesTheAddressThatANameHasWhenItIsCalled) {
  const AddressPolicy policy({"10.0.0.0/8", "hooks.example"});
  EXPECT_TRUE(Allows(policy, "https://other.example/", "192.0.43.8"));
  EXPECT_TRUE(Allows(policy, "https://other.example/", "10.0.0.1"));
  EXPECT_TRUE(Allows(policy, "http://hooks.example/", "127.0.0.1"));
  EXPECT_FALSE(Allows(policy, "https://other.example/", "127.0.0.1"));
  EXPECT_FALSE(Allows(policy, "https://other.example/", "169.254.169.254"));
  EXPECT_FALSE(Allows(policy, "http://other.example/", "192.0.43.8"));
  EXPECT_FALSE(Allows(policy, "nonsense", "192.0.43.8"));
}

TEST(AddressPolicy, RefusesOptionsThatSayNothing) {
  for (const char* entry : {"", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/-1", "fd00::/129",
                            "http://host", "host:80", "*.example", "a b"})
    EXPECT_THROW(AddressPolicy({entry}), Error) << entry;
}

}  // namespace
}  // namespace millwright::webhooks
