#include "training/matrix_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"

namespace millwright::training {
namespace {

analytics::FloatMatrix SomeMatrix() {
  return {.columns = {"a", "late", "b"}, .values = {1, 0, NAN, 3, 1, 4}, .row_count = 2};
}

TEST(MatrixFile, TakesTheLabelOut) {
  const LabeledTable table = TakeLabel(SomeMatrix(), "late");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.labels, (std::vector<float>{0, 1}));
  ASSERT_EQ(table.values.size(), 4U);
  EXPECT_EQ(table.values[0], 1);
  EXPECT_TRUE(std::isnan(table.values[1]));
  EXPECT_EQ(table.values[2], 3);
  EXPECT_EQ(table.values[3], 4);
  EXPECT_THROW(TakeLabel(SomeMatrix(), "absent"), Error);
  EXPECT_THROW(TakeLabel(SomeMatrix(), "b"), Error);
}

TEST(MatrixFile, MapsWhatWasWritten) {
  const TempDir dir;
  const LabeledTable table = TakeLabel(SomeMatrix(), "late");
  WriteTable(dir.path() / "train.table", table.view());
  const MappedTable mapped(dir.path() / "train.table");
  const TableView view = mapped.view();
  EXPECT_EQ(view.row_count(), 2U);
  EXPECT_EQ(view.columns[1], "b");
  EXPECT_EQ(view.values[3], 4);
  EXPECT_TRUE(std::isnan(view.values[1]));
  EXPECT_EQ(view.labels[1], 1);
}

TEST(MatrixFile, RefusesWhatIsNotAWholeTable) {
  const TempDir dir;
  const auto file = dir.path() / "train.table";
  WriteTable(file, TakeLabel(SomeMatrix(), "late").view());
  const std::string good = ReadFile(file);
  std::string huge = good;
  huge.replace(8, 8, std::string(8, '\xFF'));
  for (const std::string& bytes :
       {std::string(), good.substr(0, 20), good.substr(0, good.size() - 1), good + "x", huge,
        "X" + good.substr(1)}) {
    WriteFileDurably(file, bytes);
    EXPECT_THROW(MappedTable{file}, Error);
  }
  EXPECT_THROW(MappedTable{dir.path() / "absent"}, Error);
}

}  // namespace
}  // namespace millwright::training
