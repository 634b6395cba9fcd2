#include "data/split_store.h"

#include "data/test_room.h"

namespace millwright::data {
namespace {

class SplitStoreTest : public DataRoomTest {
 protected:
  // 1,000 rows: a timestamp every hour from 2001-01-01, a class with shares 1 : 9, a group of 20.
  DatasetVersion Table() {
    datasets_.Upload("seed", "seed.csv", FromText("x\n1\n"), "ann");
    return datasets_
        .Derive("rows",
                "SELECT i, TIMESTAMP '2001-01-01' + to_hours(i) AS time, "
                "(TIMESTAMP '2001-01-01' + to_hours(i))::DATE AS day, i % 10 = 0 AS rare, "
                "'g' || i % 50 AS team FROM s, range(1000) t(i)",
                {{"s", "seed", 1}}, "ann")
        .version;
  }
  SplitSpec Spec(const std::string& json) { return SplitSpec::FromJson(ParseJson(json)); }
  std::vector<int64_t> Counts(const Split& split) {
    std::vector<int64_t> counts;
    for (const auto& part : split.parts) counts.push_back(part.row_count);
    return counts;
  }
  std::string Ask(const DatasetVersion& version, const std::string& sql) {
    return datasets_.writer().Open({datasets_.File(version)}).Query(sql).Text(0, 0);
  }
};

constexpr char kByTime[] = R"({"kind": "time", "column": "time", "parts": [
  {"name": "train", "from": "2001-01-01", "to": "2001-01-31"},
  {"name": "test", "from": "2001-01-31", "to": "2001-02-05T12:00:00Z"}]})";

TEST_P(SplitStoreTest, SplitsByTimeAndCountsWhatIsInNoPart) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("months", version, Spec(kByTime), "ann");
  EXPECT_EQ(Counts(split), (std::vector<int64_t>{720, 132}));
  EXPECT_EQ(split.unassigned_count, 148);
  EXPECT_EQ(split.Part("train").predicate,
            "\"time\" >= TIMESTAMP '2001-01-01T00:00:00.000' AND "
            "\"time\" < TIMESTAMP '2001-01-31T00:00:00.000'");
  EXPECT_EQ(Ask(version, "SELECT min(time) FROM (" + splits_.PartSql(split, "test") + ")"),
            "2001-01-31 00:00:00");
  EXPECT_EQ(splits_.Get(split.id).parts, split.parts);
  EXPECT_EQ(splits_.Find(version, "months").id, split.id);
  EXPECT_EQ(splits_.List("rows").size(), 1U);
  EXPECT_EQ(EventKinds().back(), "split.created");
  EXPECT_EQ(lineage_.Walk("split:" + split.id, {.depth = 1}).nodes,
            (std::vector<std::string>{"split:" + split.id, "dataset:rows@1"}));
}

TEST_P(SplitStoreTest, SplitsByDateAsByTimestamp) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("days", version, Spec(R"({"kind": "time", "column": "day",
      "parts": [{"name": "a", "from": "2001-01-02", "to": "2001-01-04"}]})"),
                                     "ann");
  EXPECT_EQ(Counts(split), (std::vector<int64_t>{48}));
}

TEST_P(SplitStoreTest, GivesTheSamePartsForTheSameSpecification) {
  const DatasetVersion version = Table();
  const std::string random = R"({"kind": "random", "seed": 7, "parts": [
    {"name": "train", "share": 0.8}, {"name": "test", "share": 0.2}]})";
  const Split first = splits_.Create("one", version, Spec(random), "ann");
  const Split second = splits_.Create("two", version, Spec(random), "ann");
  EXPECT_EQ(first.parts, second.parts);
  EXPECT_EQ(first.unassigned_count, 0);
  EXPECT_EQ(first.parts[0].row_count + first.parts[1].row_count, 1000);
  EXPECT_NEAR(static_cast<double>(first.parts[0].row_count), 800, 40);
  std::string other = random;
  other.replace(other.find("7"), 1, "8");
  EXPECT_NE(splits_.Create("three", version, Spec(other), "ann").parts[0].digest,
            first.parts[0].digest);
}

TEST_P(SplitStoreTest, KeepsTheSharesOfEachClassToARow) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("fair", version, Spec(R"({"kind": "stratified", "seed": 1,
      "column": "rare", "parts": [{"name": "train", "share": 0.75},
      {"name": "valid", "share": 0.15}, {"name": "test", "share": 0.1}]})"),
                                     "ann");
  EXPECT_EQ(Counts(split), (std::vector<int64_t>{750, 150, 100}));
  EXPECT_EQ(
      Ask(version, "SELECT count(*) FILTER (rare) FROM (" + splits_.PartSql(split, "train") + ")"),
      "75");
}

TEST_P(SplitStoreTest, KeepsGroupsAndKeysTogether) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("teams", version, Spec(R"({"kind": "group", "seed": 3,
      "column": "team", "parts": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]})"),
                                     "ann");
  EXPECT_EQ(split.unassigned_count, 0);
  const auto teams = [&](const char* part) {
    return "(SELECT DISTINCT team FROM (" + splits_.PartSql(split, part) + "))";
  };
  EXPECT_EQ(Ask(version, "SELECT count(*) FROM " + teams("a") + " WHERE team IN " + teams("b")),
            "0");
  EXPECT_EQ(Ask(version, "SELECT count(*) > 10 FROM " + teams("a")), "true");
}

TEST_P(SplitStoreTest, WritesPartsThatHoldWhatTheSqlGives) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("months", version, Spec(kByTime), "ann");
  const auto file = dir_.path() / "out" / "test.parquet";
  splits_.WritePart(split, "test", file);
  analytics::Session session;
  const auto answer = session.Query(
      "SELECT count(*), count(*) FILTER (time >= '2001-01-31') FROM '" + file.string() + "'");
  EXPECT_EQ(Texts(answer), (std::vector<std::string>{"132", "132"}));
  EXPECT_EQ(session.Describe("FROM '" + file.string() + "'"), version.columns);
  EXPECT_EQ(FilesBelow(dir_.path() / "out"), std::vector<std::string>{"test.parquet"});
  EXPECT_EQ(CodeOf([&] { splits_.WritePart(split, "none", file); }), Code::kNotFound);
}

TEST_P(SplitStoreTest, AnswersASecondTimeWithTheSplitThatIsThere) {
  const DatasetVersion version = Table();
  const Split split = splits_.Create("months", version, Spec(kByTime), "ann");
  EXPECT_EQ(splits_.Create("months", version, Spec(kByTime), "bob").id, split.id);
  EXPECT_EQ(CodeOf([&] {
              splits_.Create("months", version, Spec(R"({"kind": "random",
                  "parts": [{"name": "a", "share": 1}]})"),
                             "ann");
            }),
            Code::kAlreadyExists);
}

TEST_P(SplitStoreTest, RefusesSpecificationsThatLeakOrMakeNoSense) {
  const DatasetVersion version = Table();
  const std::string wrong[] = {
      R"({"kind": "moon", "parts": [{"name": "a", "share": 1}]})",
      R"({"kind": "random", "parts": []})",
      R"({"kind": "random", "parts": [{"name": "a"}]})",
      R"({"kind": "random", "parts": [{"name": "a", "share": 0}]})",
      R"({"kind": "random", "parts": [{"name": "a", "share": 0.7}, {"name": "b", "share": 0.4}]})",
      R"({"kind": "random", "parts": [{"name": "a", "share": 0.1}, {"name": "a", "share": 0.1}]})",
      R"({"kind": "random", "parts": [{"name": "../a", "share": 1}]})",
      R"({"kind": "random", "column": "none", "parts": [{"name": "a", "share": 1}]})",
      R"({"kind": "stratified", "parts": [{"name": "a", "share": 1}]})",
      R"({"kind": "time", "column": "team", "parts":
          [{"name": "a", "from": "2001-01-01", "to": "2001-01-02"}]})",
      R"({"kind": "time", "column": "time", "parts":
          [{"name": "a", "from": "2001-01-02", "to": "2001-01-01"}]})",
      R"({"kind": "time", "column": "time", "parts":
          [{"name": "a", "from": "2001-01-01", "to": "2001-01-10"},
           {"name": "b", "from": "2001-01-09", "to": "2001-01-12"}]})",
      R"({"kind": "time", "column": "time", "parts": [{"name": "a", "from": "soon", "to": "late"}]})",
  };
  for (const auto& spec : wrong)
    EXPECT_EQ(CodeOf([&] { splits_.Create("s", version, Spec(spec), "ann"); }),
              Code::kInvalidArgument)
        << spec;
  EXPECT_TRUE(splits_.List("rows").empty());
}

MILLWRIGHT_ON_BOTH_DATABASES(SplitStoreTest);

}  // namespace
}  // namespace millwright::data
