#include "base/option.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace millwright {
namespace {

struct Config {
  std::string host = "127.0.0.1";
  int port = 5000;
  bool quiet = false;
  double share = 0.5;
  std::vector<std::string> roots;
};

constexpr Option<Config> kOptions[] = {
    {"server.host", "--host", "The address to listen on", &Config::host, "HOST"},
    {"server.port", "--port", "The port", &Config::port, "PORT", 0, 65535},
    {"server.quiet", "--quiet", "Say less", &Config::quiet},
    {"server.share", "--share", "A share of 1", &Config::share, "X", 0, 1},
    {"server.roots", "--root", "A folder", &Config::roots, "DIR"},
};

const char* NoEnvironment(const char*) {
  return nullptr;
}

std::string MistakesOf(std::string_view yaml) {
  Config config;
  auto options = BindOptions(kOptions, config);
  try {
    ApplyConfiguration(options, ParseYaml(yaml), NoEnvironment);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Option, TakesDefaultThenFileThenEnvironment) {
  Config config;
  auto options = BindOptions(kOptions, config);
  const auto sources = ApplyConfiguration(
      options, ParseYaml("server: {port: 6000, share: 0.25, roots: [a, b]}"), [](const char* name) {
        return std::string_view(name) == "MILLWRIGHT_SERVER_PORT" ? "7000" : nullptr;
      });
  EXPECT_EQ(config.host, "127.0.0.1");
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.share, 0.25);
  EXPECT_EQ(config.roots, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sources.at("server.host"), OptionSource::kDefault);
  EXPECT_EQ(sources.at("server.share"), OptionSource::kFile);
  EXPECT_EQ(sources.at("server.port"), OptionSource::kEnvironment);
}

TEST(Option, CollectsAllMistakesAndSuggestsTheNearestKey) {
  EXPECT_EQ(MistakesOf("server: {prot: 1, share: 2, quiet: maybe}"),
            "Unknown option in the configuration file: server.prot (did you mean server.port?)\n"
            "--share must be between 0 and 1, not 2\n"
            "--quiet must be true or false, not \"maybe\"");
}

TEST(Option, WhatIsNoNumberLiesBetweenNone) {
  EXPECT_EQ(MistakesOf("server: {share: nan}"), "--share must be between 0 and 1, not nan");
}

TEST(Option, NamesTheEnvironmentVariable) {
  EXPECT_EQ(EnvironmentName("server.drain-ms"), "MILLWRIGHT_SERVER_DRAIN_MS");
}

}  // namespace
}  // namespace millwright
