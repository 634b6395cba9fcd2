#include "base/yaml.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright {
namespace {

TEST(Yaml, ReadsScalarsByTheCoreSchema) {
  EXPECT_EQ(
      ParseYaml("{a: 1, b: 1.5, c: true, d: ~, e: \"1\", f: text, g: [x, 2], h: 1e3, i: 1.2.3}")
          .Dump(),
      R"({"a":1,"b":1.5,"c":true,"d":null,"e":"1","f":"text","g":["x",2],"h":1000.0,"i":"1.2.3"})");
}

TEST(Yaml, SaysWhereItIsMalformed) {
  try {
    ParseYaml("a: [1,\nb: 2");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message().substr(0, 22), "Malformed YAML at line");
  }
}

TEST(Yaml, RefusesAliasesThatStandForBillions) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; ++j) text += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    text += "]\n";
  }
  EXPECT_THROW(ParseYaml(text), Error);
}

}  // namespace
}  // namespace millwright
