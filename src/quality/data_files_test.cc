#include "quality/data_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace millwright::quality {
namespace {

class DataFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    const auto path = dir_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::vector<std::string> Find(const std::string& pattern) const {
    std::vector<std::string> names;
    for (const std::string& file : FindDataFiles((dir_.path() / pattern).string())) {
      names.push_back(std::filesystem::relative(file, dir_.path()).string());
    }
    return names;
  }
  const TempDir dir_;
};

using Names = std::vector<std::string>;

TEST_F(DataFilesTest, AreAFileAFolderOrAPattern) {
  Write("day=1/a.csv", "x\n1\n");
  Write("day=2/a.csv", "x\n2\n");
  Write("day=2/deep/b.csv", "x\n3\n");
  Write("day=2/readme.md", "no table");
  EXPECT_EQ(Find("day=1/a.csv"), (Names{"day=1/a.csv"}));
  EXPECT_EQ(Find("day=2"), (Names{"day=2/a.csv", "day=2/deep/b.csv"}));
  EXPECT_EQ(Find("day=*/*.csv"), (Names{"day=1/a.csv", "day=2/a.csv"}));
  EXPECT_EQ(Find("**/*.csv"), (Names{"day=1/a.csv", "day=2/a.csv", "day=2/deep/b.csv"}));
  EXPECT_EQ(Find("day=?/deep/*"), (Names{"day=2/deep/b.csv"}));
  EXPECT_THROW(Find("day=3"), Error);
  EXPECT_THROW(Find("*.csv"), Error);
  Write("day=1/b.parquet", "PAR1");
  EXPECT_THROW(Find("day=1"), Error) << "two formats are no table";
}

TEST_F(DataFilesTest, AreOneTableWithColumnsByName) {
  Write("a.csv", "x,y\n1,2\n");
  Write("b.csv", "y,z\n3,4\n");
  analytics::Session session;
  const std::string table =
      OpenDataFiles(session, FindDataFiles((dir_.path() / "*.csv").string()), kDataTable);
  const auto rows = session.Query("SELECT x, y, z FROM " + table + " ORDER BY y");
  EXPECT_EQ(rows.row_count(), 2u);
  EXPECT_TRUE(rows.IsNull(0, 2));
  EXPECT_EQ(rows.Int(1, 2), 4);
}

TEST_F(DataFilesTest, AFolderOfParquetIsReadWhereItLies) {
  analytics::Session session;
  for (int i = 0; i < 3; ++i) {
    session.Execute("COPY (SELECT " + std::to_string(i) + " AS x, 'a' AS name) TO '" +
                    (dir_.path() / (std::to_string(i) + ".parquet")).string() + "'");
  }
  const std::string table = OpenDataFiles(session, FindDataFiles(dir_.path().string()), kDataTable);
  EXPECT_EQ(session.Query("SELECT sum(x)::BIGINT FROM " + table).Int(0, 0), 3);
}

}  // namespace
}  // namespace millwright::quality
