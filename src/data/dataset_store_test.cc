#include "data/dataset_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "base/digest.h"
#include "data/test_room.h"

namespace millwright::data {
namespace {

class DatasetStoreTest : public DataRoomTest {
 protected:
  Versioned UploadCsv(const std::string& name, const std::string& text) {
    return datasets_.Upload(name, "rows.csv", FromText(text), "ann");
  }
};

TEST_P(DatasetStoreTest, MakesNumberedVersionsOfUploads) {
  const auto first = UploadCsv("pets", "name,age\nkit,3\nrex,\n");
  clock_.Advance(5);
  const auto second = UploadCsv("pets", "name,age\nkit,4\n");
  EXPECT_EQ(first.version.Reference(), "pets@1");
  EXPECT_EQ(second.version.Reference(), "pets@2");
  EXPECT_FALSE(second.is_unchanged);
  EXPECT_EQ(first.version.row_count, 2);
  EXPECT_EQ(first.version.columns,
            (std::vector<analytics::Column>{{"name", analytics::ColumnType::kText, "VARCHAR"},
                                            {"age", analytics::ColumnType::kInteger, "BIGINT"}}));
  EXPECT_EQ(first.version.created_by, "ann");
  EXPECT_EQ(second.version.created_ms, 1'000'005);
  EXPECT_EQ(Texts(datasets_.Rows(first.version, 10)),
            (std::vector<std::string>{"kit", "3", "rex", ""}));
  EXPECT_EQ(Texts(datasets_.Rows(first.version, 10, 1)), (std::vector<std::string>{"rex", ""}));
  EXPECT_EQ(datasets_.Get("pets").version, 2);
  EXPECT_EQ(datasets_.Resolve("pets@1").md5, first.version.md5);
  ASSERT_EQ(datasets_.Versions("pets").size(), 2U);
  EXPECT_EQ(datasets_.Versions("pets")[0].version, 2);
  EXPECT_EQ(EventKinds(), (std::vector<std::string>{"snapshot.created", "dataset.created",
                                                    "dataset.version_created", "snapshot.created",
                                                    "dataset.version_created"}));
}

TEST_P(DatasetStoreTest, KeepsTablesInTheLayoutOfDvc) {
  const auto version = UploadCsv("pets", "name\nkit\n").version;
  const auto file = datasets_.File(version);
  const std::string bytes = ReadFile(file);
  Digest md5(Digest::Kind::kMd5);
  md5.Update(bytes);
  EXPECT_EQ(md5.FinishHex(), version.md5);
  EXPECT_EQ(Sha256Hex(bytes), version.sha256);
  EXPECT_EQ(bytes.size(), version.bytes);
  EXPECT_EQ(file, dir_.path() / "store" / "files" / "md5" / version.md5.substr(0, 2) /
                      version.md5.substr(2));
  struct stat about {};
  ASSERT_EQ(stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0444U);
  const std::string raw = Sha256Hex("name\nkit\n");
  EXPECT_EQ(FilesBelow(dir_.path() / "store"),
            (std::vector<std::string>{
                "files/md5/" + version.md5.substr(0, 2) + "/" + version.md5.substr(2),
                "raw/sha256/" + raw.substr(0, 2) + "/" + raw.substr(2)}));
}

TEST_P(DatasetStoreTest, LeadsFromAVersionBackToItsRawBytes) {
  const auto version = UploadCsv("pets", "name\nkit\n").version;
  const Snapshot snapshot = datasets_.GetSnapshot(version.snapshot_id.value());
  EXPECT_EQ(snapshot.location, "rows.csv");
  EXPECT_EQ(snapshot.state, Snapshot::State::kParsed);
  EXPECT_EQ(ReadFile(datasets_.RawFile(snapshot)), "name\nkit\n");
  EXPECT_EQ(CodeOf([&] { datasets_.GetSnapshot("none"); }), Code::kNotFound);
}

TEST_P(DatasetStoreTest, FindsThatAnUploadIsWhatItHasAlready) {
  UploadCsv("pets", "name\nkit\n");
  const auto again = UploadCsv("pets", "name\nkit\n");
  EXPECT_TRUE(again.is_unchanged);
  EXPECT_EQ(again.version.version, 1);
  EXPECT_EQ(datasets_.Versions("pets").size(), 1U);
}

TEST_P(DatasetStoreTest, ListsDatasetsByNameWithTheirLatestVersion) {
  for (const char* name : {"b", "a", "Zürich 東京", "a"})
    UploadCsv(name, fmt::format("x\n{}\n", clock_.NowMs() + events_.Last()));
  std::vector<std::string> seen;
  for (const auto& dataset : datasets_.List()) seen.push_back(dataset.latest.Reference());
  EXPECT_EQ(seen, (std::vector<std::string>{"Zürich 東京@1", "a@2", "b@1"}));
  EXPECT_EQ(datasets_.List(1, "a").at(0).name, "b");
}

TEST_P(DatasetStoreTest, RefusesNamesThatCouldBePathsOrReferences) {
  for (const std::string name :
       {"", "..", "../x", "a/b", "a\\b", "a@1", "a:b", ".hidden", " x", "a\nb", "\xff\xfe"})
    EXPECT_EQ(CodeOf([&] { UploadCsv(name, "x\n1\n"); }), Code::kInvalidArgument) << name;
  EXPECT_EQ(CodeOf([&] { UploadCsv(std::string("a\0b", 3), "x\n1\n"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { UploadCsv(std::string(201, 'x'), "x\n1\n"); }), Code::kInvalidArgument);
  EXPECT_TRUE(FilesBelow(dir_.path()).empty());
}

TEST_P(DatasetStoreTest, SaysWhatIsNotThere) {
  UploadCsv("pets", "x\n1\n");
  EXPECT_EQ(CodeOf([&] { datasets_.Get("none"); }), Code::kNotFound);
  EXPECT_EQ(CodeOf([&] { datasets_.Versions("none"); }), Code::kNotFound);
  EXPECT_EQ(CodeOf([&] { datasets_.Resolve("pets@2"); }), Code::kNotFound);
  for (const char* reference : {"pets@", "pets@x", "pets@0", "pets@1x"})
    EXPECT_EQ(CodeOf([&] { datasets_.Resolve(reference); }), Code::kInvalidArgument) << reference;
  const auto version = datasets_.Get("pets");
  EXPECT_EQ(CodeOf([&] { datasets_.Rows(version, 0); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { datasets_.Rows(version, 1, -1); }), Code::kInvalidArgument);
}

TEST_P(DatasetStoreTest, ReadsEveryFormat) {
  const struct {
    const char* file;
    std::string bytes;
  } cases[] = {
      {"a.csv", "x,y\n1,é\n"},
      {"a.TSV", "x\ty\n1\té\n"},
      {"a.json", R"([{"x": 1, "y": "é"}])"},
      {"a.jsonl", "{\"x\": 1, \"y\": \"é\"}\n"},
      {"a.ndjson", "{\"x\": 1, \"y\": \"é\"}\n"},
  };
  for (const auto& [file, bytes] : cases) {
    const auto version = datasets_.Upload("t", file, FromText(bytes), "ann").version;
    EXPECT_EQ(Texts(datasets_.Rows(version, 9)), (std::vector<std::string>{"1", "é"})) << file;
  }
  const auto semicolons =
      datasets_.Upload("t", "odd", FromText("x;y\nNA;2\n"), "ann",
                       ParseJson(R"({"format": "csv", "options": {"delim": ";", "nullstr": ["NA"],
                    "types": {"y": "VARCHAR"}}})"));
  EXPECT_EQ(Texts(datasets_.Rows(semicolons.version, 9)), (std::vector<std::string>{"", "2"}));
  for (const char* config :
       {R"({})", R"({"format": "exe"})", R"({"format": "csv", "options": {"filename": true}})",
        R"({"format": "csv", "options": {"delim": 1}})"})
    EXPECT_EQ(
        CodeOf([&] { datasets_.Upload("t", "odd", FromText("x\n1\n"), "ann", ParseJson(config)); }),
        Code::kInvalidArgument)
        << config;
}

TEST_P(DatasetStoreTest, KeepsTheRawBytesOfWhatCannotBeParsed) {
  const struct {
    const char* file;
    std::string bytes;
  } cases[] = {
      {"a.parquet", "PAR1 this is no table PAR1"},
      {"b.parquet", ""},
      {"c.json", "{\"x\": "},
      {"d.csv", ""},
      {"e.csv.gz", "not gzip at all"},
  };
  for (const auto& [file, bytes] : cases) {
    try {
      datasets_.Upload("t", file, FromText(bytes), "ann");
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << error.what();
      EXPECT_NE(error.message().find(file), std::string::npos) << error.what();
    }
    EXPECT_EQ(ReadFile(datasets_.content().RawPath(Sha256Hex(bytes))), bytes) << file;
  }
  EXPECT_TRUE(datasets_.List().empty());
  EXPECT_TRUE(FilesBelow(dir_.path() / "store" / "files").empty());
  EXPECT_TRUE(FilesBelow(dir_.path() / "store" / "tmp").empty());
  const auto kinds = EventKinds();
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "source.failed"), 5);
}

TEST_P(DatasetStoreTest, FindsDamageInTheMiddleOfAParquetFile) {
  std::string csv = "x,y\n";
  for (int i = 0; i < 5000; ++i) csv += fmt::format("{},{}\n", i * 7919 % 100003, i * i);
  std::string bytes = ReadFile(datasets_.File(UploadCsv("t", csv).version));
  for (size_t i = bytes.size() / 3; i < bytes.size() / 3 + 64; ++i) bytes[i] ^= 0x5a;
  EXPECT_EQ(CodeOf([&] { datasets_.Upload("t", "t.parquet", FromText(bytes), "ann"); }),
            Code::kInvalidArgument);
  EXPECT_EQ(datasets_.Versions("t").size(), 1U);
}

TEST_P(DatasetStoreTest, TakesTablesWithoutRowsAndWithThousandsOfColumns) {
  EXPECT_EQ(UploadCsv("empty", "a,b\n").version.row_count, 0);
  const auto wide = [](size_t count) {
    std::string names, values;
    for (size_t i = 0; i < count; ++i) {
      names += fmt::format("{}column {}", i > 0 ? "," : "", i);
      values += i > 0 ? ",1" : "1";
    }
    return names + "\n" + values + "\n";
  };
  EXPECT_EQ(UploadCsv("wide", wide(3000)).version.columns.size(), 3000U);
  EXPECT_EQ(CodeOf([&] { UploadCsv("wider", wide(kColumnsMax + 1)); }), Code::kInvalidArgument);
}

TEST_P(DatasetStoreTest, DerivesAVersionOnceForTheSameSqlAndInputs) {
  UploadCsv("pets", "name,age\nkit,3\nrex,9\n");
  UploadCsv("names", "name,sound\nkit,meow\nrex,woof\n");
  const std::string sql =
      "SELECT sound, age * 2 AS double_age FROM p JOIN n USING (name) ORDER BY age -- the end";
  const std::vector<Input> inputs = {{"p", "pets", 1}, {"n", "names", 0}};
  const auto first = datasets_.Derive("sounds", sql, inputs, "bob");
  EXPECT_FALSE(first.is_unchanged);
  EXPECT_EQ(Texts(datasets_.Rows(first.version, 9)),
            (std::vector<std::string>{"meow", "6", "woof", "18"}));
  EXPECT_EQ(first.version.sql, sql);
  EXPECT_EQ(first.version.inputs, (std::vector<Input>{{"p", "pets", 1}, {"n", "names", 1}}));
  const auto again = datasets_.Derive("sounds", sql, inputs, "bob");
  EXPECT_TRUE(again.is_unchanged);
  EXPECT_EQ(again.version.version, 1);
  UploadCsv("names", "name,sound\nkit,miau\nrex,wau\n");
  EXPECT_EQ(datasets_.Derive("sounds", sql, inputs, "bob").version.version, 2);
  const auto other = datasets_.Derive("other", sql, {{"p", "pets", 1}, {"n", "names", 1}}, "bob");
  EXPECT_EQ(other.version.md5, first.version.md5);
  const auto graph = lineage_.Walk("dataset:sounds@1");
  EXPECT_EQ(graph.nodes.size(), 5U);  // with the two datasets and their snapshots
}

TEST_P(DatasetStoreTest, DerivesFromItsInputsAndReachesNothingElse) {
  const auto pets = UploadCsv("pets", "name\nkit\n").version;
  const auto secret = UploadCsv("secret", "word\nxyzzy\n").version;
  const std::string file = datasets_.File(secret).string();
  const std::string root = dir_.path().string();
  const std::string forbidden[] = {
      "SELECT * FROM read_parquet('" + file + "')",
      "SELECT * FROM '" + file + "'",
      "SELECT content FROM read_text('/etc/passwd')",
      "SELECT * FROM glob('" + root + "/**')",
      "COPY p TO '" + root + "/stolen.csv'",
      "SELECT 1; COPY p TO '" + root + "/stolen.csv'",
      "SELECT 1) TO '" + root + "/stolen.csv'; SELECT (1",
      "SELECT * FROM p; DROP VIEW p",
      "DROP VIEW p",
      "SET lock_configuration = false",
      "",
      "SELECT nothing FROM p",
  };
  for (const auto& sql : forbidden) {
    const Code code = CodeOf([&] { datasets_.Derive("d", sql, {{"p", "pets", 1}}, "bob"); });
    EXPECT_TRUE(code == Code::kInvalidArgument || code == Code::kPermissionDenied) << sql;
  }
  EXPECT_EQ(CodeOf([&] { datasets_.Derive("d", "SELECT 1", {}, "bob"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] {
              datasets_.Derive("d", "FROM p", {{"p", "none", 0}}, "bob");
            }),
            Code::kNotFound);
  EXPECT_EQ(CodeOf([&] { datasets_.Get("d"); }), Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "stolen.csv"));
  EXPECT_TRUE(FilesBelow(dir_.path() / "store" / "tmp").empty());
}

TEST_P(DatasetStoreTest, CountsVersionsWithoutGapsWhenManyWrite) {
  constexpr int kWriters = 4;
  constexpr int kEach = 3;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i)
      writers.emplace_back([&, i] {
        for (int k = 0; k < kEach; ++k) UploadCsv("pets", fmt::format("x\n{}\n", i * 10 + k));
      });
  }
  std::vector<int64_t> versions;
  for (const auto& version : datasets_.Versions("pets")) versions.push_back(version.version);
  EXPECT_EQ(versions, (std::vector<int64_t>{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}));
}

MILLWRIGHT_ON_BOTH_DATABASES(DatasetStoreTest);

}  // namespace
}  // namespace millwright::data
