#include "api/origin_rules.h"

#include <gtest/gtest.h>

namespace millwright::api {
namespace {

TEST(OriginRules, TakesLocalAndPrivateHostsAndConfiguredNames) {
  const OriginRules rules({.allowed_hosts = {"ml.example.org", "*.corp.example", "8.8.8.8:5000"}});
  for (const char* host : {"localhost",          "LocalHost:5000",
                           "ui.localhost",       "127.0.0.1",
                           "127.9.9.9:1",        "0.0.0.0:5000",
                           "10.1.2.3",           "172.16.0.1",
                           "172.31.255.255:80",  "192.168.1.1",
                           "169.254.1.1",        "[::1]",
                           "[::1]:5000",         "[fd00::1]:5000",
                           "[fe80::1]",          "[::ffff:127.0.0.1]",
                           "ml.example.org",     "ML.example.org:443",
                           "ml.example.org.",    "a.corp.example",
                           "a.b.corp.example:1", "8.8.8.8"})
    EXPECT_TRUE(rules.HostAllowed(host)) << host;
  for (const char* host :
       {"", ":5000", "evil.org", "localhost.evil.org", "127.0.0.1.evil.org", "172.15.0.1",
        "172.32.0.1", "192.169.0.1", "8.8.4.4", "[2001:db8::1]", "[::ffff:8.8.8.8]", "corp.example",
        "evilcorp.example", "ml.example.org.evil.org", "[::1", "0x7f.1", "2130706433"})
    EXPECT_FALSE(rules.HostAllowed(host)) << host;
  EXPECT_TRUE(OriginRules({.allowed_hosts = {"*"}}).HostAllowed("evil.org"));
}

TEST(OriginRules, TakesOurOwnAndConfiguredOrigins) {
  const OriginRules rules({.allowed_origins = {"https://ui.example.org"}});
  EXPECT_TRUE(rules.OriginAllowed("http://ml.example.org:5000", "ml.example.org:5000"));
  EXPECT_TRUE(rules.OriginAllowed("http://localhost:5173", "ml.example.org:5000"));
  EXPECT_TRUE(rules.OriginAllowed("http://[::1]:5173", "127.0.0.1:5000"));
  EXPECT_TRUE(rules.OriginAllowed("https://ui.example.org", "127.0.0.1:5000"));
  for (const char* origin : {"null", "", "http://evil.org", "http://192.168.1.9", "file://",
                             "http://ml.example.org", "https://ui.example.org.evil.org"})
    EXPECT_FALSE(rules.OriginAllowed(origin, "127.0.0.1:5000")) << origin;
}

}  // namespace
}  // namespace millwright::api
