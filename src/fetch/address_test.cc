#include "fetch/address.h"

#include <gtest/gtest.h>

namespace millwright::fetch {
namespace {

bool IsPublic(const std::string& text) {
  const auto address = Address::Parse(text);
  EXPECT_TRUE(address) << text;
  return address && address->IsPublic();
}

TEST(Address, KnowsWhatIsNotPublic) {
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.51.100.7",
                           "203.0.113.9",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::7f00:1",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1"})
    EXPECT_FALSE(IsPublic(text)) << text;
  for (const char* text : {"192.0.43.8", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.0.1",
                           "100.128.0.1", "223.255.255.255", "2606:4700::1111"})
    EXPECT_TRUE(IsPublic(text)) << text;
}

TEST(Address, SeesThroughFormsThatHoldAnother) {
  EXPECT_FALSE(IsPublic("::ffff:127.0.0.1"));
  EXPECT_FALSE(IsPublic("::ffff:10.0.0.1"));
  EXPECT_TRUE(IsPublic("::ffff:8.8.8.8"));
  EXPECT_EQ("10.0.0.1", Address::Parse("::ffff:10.0.0.1")->ToText());
  EXPECT_FALSE(IsPublic("64:ff9b::a00:1"));  // 10.0.0.1 behind NAT64
  EXPECT_TRUE(IsPublic("64:ff9b::808:808"));
  EXPECT_FALSE(IsPublic("2002:7f00:1::"));  // 127.0.0.1 as 6to4
}

TEST(Address, LiesInANetworkByItsFirstBits) {
  const auto within = [](const char* address, const char* network, int bits) {
    return Address::Parse(address)->IsWithin(*Address::Parse(network), bits);
  };
  EXPECT_TRUE(within("10.2.3.4", "10.0.0.0", 8));
  EXPECT_FALSE(within("11.2.3.4", "10.0.0.0", 8));
  EXPECT_TRUE(within("10.0.0.5", "10.0.0.4", 31));
  EXPECT_FALSE(within("10.0.0.6", "10.0.0.4", 31));
  EXPECT_TRUE(within("1.2.3.4", "0.0.0.0", 0));
  EXPECT_FALSE(within("::1", "0.0.0.0", 0));
}

TEST(Address, RefusesTextsThatAreNone) {
  for (const char* text : {"", "localhost", "1.2.3", "0x7f.1", "1.2.3.4:80", "[::1]", "::g"})
    EXPECT_EQ(std::nullopt, Address::Parse(text)) << text;
}

TEST(Url, IsReadAsItWillBeConnectedTo) {
  const auto host = [](const std::string& url) {
    const auto parts = ParseUrl(url);
    return parts ? parts->host : "none";
  };
  EXPECT_EQ("example.com", host("https://EXAMPLE.com:8443/x?y"));
  EXPECT_EQ("evil.example", host("https://allowed.example@evil.example/"));
  EXPECT_EQ("evil.example", host("https://allowed.example\\@evil.example/"));
  EXPECT_EQ("::1", host("https://[::1]/x"));
  EXPECT_EQ("127.0.0.1", host("http://2130706433/"));
  EXPECT_EQ("127.0.0.1", host("http://0x7f000001/"));
  EXPECT_EQ("127.0.0.1", host("http://0177.0.0.1/"));
  EXPECT_EQ("none", host("nope"));
  EXPECT_EQ("none", host("https://exa mple/"));
}

}  // namespace
}  // namespace millwright::fetch
