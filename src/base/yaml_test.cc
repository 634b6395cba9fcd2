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

}  // namespace
}  // namespace millwright
