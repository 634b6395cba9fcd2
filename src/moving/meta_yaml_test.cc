#include "moving/meta_yaml.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace millwright::moving {
namespace {

MetaYaml Parsed(const TempDir& dir, const std::string& text) {
  WriteFileDurably(dir.path() / "meta.yaml", text);
  return MetaYaml(dir.path() / "meta.yaml");
}

TEST(MetaYaml, GivesTextsAsTheyAreWritten) {
  const TempDir dir;
  const MetaYaml meta = Parsed(dir,
                               "experiment_id: '0'\nname: 1e5\nrun_name: true\nuser_id: null\n"
                               "start_time: 17\nnote: 'it''s'\n");
  EXPECT_EQ(meta.Text("experiment_id"), "0");
  EXPECT_EQ(meta.Text("name"), "1e5");
  EXPECT_EQ(meta.Text("run_name"), "true");
  EXPECT_EQ(meta.OptionalText("user_id"), std::nullopt);
  EXPECT_EQ(meta.Text("absent"), "");
  EXPECT_EQ(meta.Int("start_time"), 17);
  EXPECT_EQ(meta.Text("note"), "it's");
}

TEST(MetaYaml, ReadsWhatItWrites) {
  const TempDir dir;
  const Json fields = Json::Of({{"name", "a: b # c\n\"ü\" 'x'\t\x01"},
                                {"run_id", "302e1234567890123456789012345678"},
                                {"end_time", Json()},
                                {"tags", Json::Of({{"k", "1"}})},
                                {"status", 3}});
  const MetaYaml meta = Parsed(dir, ToMetaYaml(fields));
  EXPECT_EQ(meta.json(), fields);
}

TEST(MetaYaml, NamesWhatIsBroken) {
  const TempDir dir;
  EXPECT_THROW(Parsed(dir, "name: [unclosed"), Error);
  EXPECT_THROW(Parsed(dir, "only a text"), Error);
  EXPECT_THROW(Parsed(dir, ""), Error);
  EXPECT_THROW(MetaYaml(dir.path() / "absent"), Error);
}

}  // namespace
}  // namespace millwright::moving
