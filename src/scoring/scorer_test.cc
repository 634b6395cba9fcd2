#include "scoring/scorer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"
#include "scoring/job.h"

namespace millwright::scoring {
namespace {

using inference::DataType;
using inference::Tensor;

// Answers each row with what identifies it, in several types and shapes.
class Echo : public inference::Engine {
 public:
  Echo() {
    signature_.inputs = {{.name = "x", .type = DataType::kFp64, .shape = {-1, 2}}};
    signature_.columns = {{.name = "id", .type = DataType::kFp64},
                          {.name = "half", .type = DataType::kFp64, .optional = true}};
  }
  const inference::Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    const auto rows = static_cast<size_t>(inputs.at(0).shape.at(0));
    if (rows > rows_max) rows_max = rows;
    Tensor twice{"twice", DataType::kFp64, {static_cast<int64_t>(rows)}, {}, {}};
    Tensor pair{"pair", DataType::kFp32, {static_cast<int64_t>(rows), 2}, {}, {}};
    Tensor name{"name", DataType::kBytes, {static_cast<int64_t>(rows), 1}, {}, {}};
    Tensor keys{"pair_keys", DataType::kBytes, {2}, {}, {"left", "right"}};
    twice.data.resize(rows * sizeof(double));
    pair.data.resize(rows * 2 * sizeof(float));
    for (size_t row = 0; row < rows; ++row) {
      const double id = inputs[0].As<double>()[row * 2];
      const double half = inputs[0].As<double>()[row * 2 + 1];
      twice.As<double>()[row] = id * 2;
      pair.As<float>()[row * 2] = static_cast<float>(half);
      pair.As<float>()[row * 2 + 1] = -1;
      name.strings.push_back("row " + std::to_string(static_cast<int64_t>(id)));
    }
    if (wrong_shape && id_of_last(inputs[0]) > 5'000) twice.shape = {1};
    return {twice, pair, name, keys};
  }

  bool wrong_shape = false;
  size_t rows_max = 0;

 private:
  static double id_of_last(const Tensor& input) {
    return input.As<double>()[(static_cast<size_t>(input.shape[0]) - 1) * 2];
  }
  inference::Signature signature_;
};

class ScorerTest : public testing::Test {
 protected:
  // Rows numbered from 0 with another column in between that the model does not take.
  void MakeInput(int64_t rows, const std::string& half = "i / 2.0") {
    input_ = (folder_.path() / "rows.parquet").string();
    session_.Execute(fmt::format(
        "COPY (SELECT i AS id, 'c' || i AS \"a \"\"name\"\"\", {} AS half FROM range({}) t(i)) TO "
        "'{}' (FORMAT parquet)",
        half, rows, input_));
  }

  Plan PlanOf(int shards) {
    const FileState state = StateOf(input_);
    return {.model = "echo",
            .input = input_,
            .input_bytes = state.bytes,
            .input_changed_ns = state.changed_ns,
            .rows = CountRows(input_),
            .shards = shards,
            .columns = ColumnsOf(input_)};
  }

  void Score(const Plan& plan, int shard, const std::stop_token& stop = {}) {
    ScoreShard(
        plan, shard, engine_, folder_.path(), folder_.path() / PartName(plan, shard),
        {.batch_rows = 1000, .threads = 2}, [&](int64_t rows) { told_ = rows; }, stop);
  }

  std::string MessageOf(const Plan& plan, int shard) {
    try {
      Score(plan, shard);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  const TempDir folder_;
  analytics::Session session_;
  Echo engine_;
  std::string input_;
  int64_t told_ = 0;
};

TEST_F(ScorerTest, KeepsEachAnswerBesideItsRow) {
  MakeInput(300'007);
  const Plan plan = PlanOf(3);
  for (int shard = 2; shard >= 0; --shard) Score(plan, shard);
  EXPECT_EQ(RowsOf(plan, 0).count, told_);
  EXPECT_EQ(1000u, engine_.rows_max);
  const auto output = folder_.path() / "out.parquet";
  JoinParts(plan, folder_.path(), folder_.path(), output);
  const auto table = session_.Query(fmt::format(
      "SELECT count(*), min(n = id), min(twice = 2 * id), min(pair_left = half), min(pair_right = "
      "-1), min(name = 'row ' || id), min(\"a \"\"name\"\"\" = 'c' || id) FROM (SELECT *, "
      "file_row_number AS n FROM read_parquet('{}', file_row_number = true))",
      output.string()));
  EXPECT_EQ(300'007, table.Int(0, 0));
  for (size_t i = 1; i < 7; ++i) EXPECT_EQ("true", table.Text(0, i)) << i;
  EXPECT_EQ((std::vector<std::string>{"id", "a \"name\"", "half", "twice", "pair_left",
                                      "pair_right", "name"}),
            ColumnsOf(output.string()));
}

TEST_F(ScorerTest, WritesEveryFormat) {
  MakeInput(10);
  Plan plan = PlanOf(1);
  plan.columns = {"id"};
  Score(plan, 0);
  for (const char* name : {"o.parquet", "o.csv", "o.tsv", "o.json", "o.jsonl", "o.ndjson"}) {
    const auto output = folder_.path() / name;
    JoinParts(plan, folder_.path(), folder_.path(), output);
    const auto sum = session_.Query("SELECT count(*), sum(twice)::BIGINT, sum(id)::BIGINT FROM " +
                                    analytics::ReadFileSql(output.string()));
    EXPECT_EQ(10, sum.Int(0, 0)) << name;
    EXPECT_EQ(90, sum.Int(0, 1)) << name;
    EXPECT_EQ(45, sum.Int(0, 2)) << name;
  }
  EXPECT_THROW(CheckOutputName("o.xlsx"), Error);
  const auto metadata = session_.Query(
      fmt::format("SELECT decode(value) FROM parquet_kv_metadata('{}') WHERE decode(key) = "
                  "'millwright'",
                  (folder_.path() / "o.parquet").string()));
  EXPECT_NE(std::string::npos, metadata.Text(0, 0).find("\"model\":\"echo\""));
}

TEST_F(ScorerTest, TakesNullWhereTheModelDoes) {
  MakeInput(3, "CASE WHEN i = 1 THEN NULL ELSE i END");
  const Plan plan = PlanOf(1);
  Score(plan, 0);
  const auto table = session_.Query(fmt::format("SELECT pair_left FROM read_parquet('{}')",
                                                (folder_.path() / PartName(plan, 0)).string()));
  EXPECT_EQ(0, table.Double(0, 0));
  EXPECT_TRUE(std::isnan(table.Double(1, 0)));
  EXPECT_EQ(2, table.Double(2, 0));
}

TEST_F(ScorerTest, NamesTheRowThatTheModelCannotTake) {
  MakeInput(5'000, "CASE WHEN i = 3210 THEN 'text' ELSE '1' END");
  const std::string message = MessageOf(PlanOf(2), 1);
  EXPECT_NE(std::string::npos, message.find("Row 2501 of ")) << message;
  EXPECT_NE(std::string::npos, message.find("Column half: expected FP64, got string")) << message;
  EXPECT_EQ(std::string::npos, message.find("(row ")) << message;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "part-00001-of-00002.parquet"));
}

TEST_F(ScorerTest, LeavesNoPartWhenTheModelFails) {
  MakeInput(20'000);
  engine_.wrong_shape = true;
  EXPECT_NE(std::string::npos, MessageOf(PlanOf(1), 0).find("not of one shape"));
  engine_.wrong_shape = false;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(Score(PlanOf(1), 0, stop.get_token()), Error);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    EXPECT_EQ(input_, entry.path().string());
}

TEST_F(ScorerTest, RefusesTwoColumnsOfOneName) {
  MakeInput(10);
  Plan plan = PlanOf(1);
  plan.columns.push_back("twice");
  EXPECT_NE(std::string::npos, MessageOf(plan, 0).find("--prefix"));
  plan = PlanOf(1);
  plan.prefix = "p.";
  Score(plan, 0);
  EXPECT_EQ("p.name", ColumnsOf((folder_.path() / PartName(plan, 0)).string()).back());
}

TEST_F(ScorerTest, RefusesFeaturesThatDoNotFit) {
  MakeInput(10);
  Plan plan = PlanOf(1);
  plan.features = {"half"};
  EXPECT_NE(std::string::npos, MessageOf(plan, 0).find("takes 2 columns, --features names 1"));
  plan.features = {"half", "id"};
  Score(plan, 0);
  const auto table = session_.Query(fmt::format("SELECT twice FROM read_parquet('{}')",
                                                (folder_.path() / PartName(plan, 0)).string()));
  EXPECT_EQ(9, table.Double(9, 0));
  EXPECT_THROW(NamedColumns({"a", "b"}, "a,c"), Error);
}

class JobTest : public ScorerTest {
 protected:
  static void PlaceNothing(const std::filesystem::path&) {}
};

TEST_F(JobTest, MakesTheOutputOnceAllPartsAreThere) {
  MakeInput(10);
  for (const char* name : {"out.csv", "out/"}) {
    const auto output = folder_.path() / name;
    const Job job = Job::Create(output, PlanOf(2), false, PlaceNothing);
    EXPECT_TRUE(Job::Exists(output));
    for (const int shard : {1, 0}) {
      EXPECT_FALSE(job.IsDone(shard));
      job.TellRows(shard, 3);
      EXPECT_EQ(3, Job::Open(output).RowsTold(shard));
      ScoreShard(job.plan(), shard, engine_, job.folder(), job.part(shard), {}, [](int64_t) {}, {});
      EXPECT_EQ(5, job.RowsTold(shard));
    }
    job.Finish();
    EXPECT_FALSE(Job::Exists(output));
    EXPECT_THROW(Job::Create(output, PlanOf(2), false, PlaceNothing), Error);
    Job::Create(output, PlanOf(3), true, PlaceNothing);
    EXPECT_EQ(3, Job::Open(output).plan().shards);
    Job::Discard(output);
    EXPECT_FALSE(Job::Exists(output));
  }
}

TEST_F(JobTest, IsMadeOnceByManyWhoBeginAtATime) {
  MakeInput(10);
  const auto output = folder_.path() / "out.csv";
  const Job first = Job::Create(output, PlanOf(2), false, [&](const auto&) {
    Job::Create(output, PlanOf(5), false, PlaceNothing);  // another process in between
  });
  EXPECT_EQ(5, first.plan().shards);
  const JobLock lock(first);
  EXPECT_THROW(JobLock{first}, Error);
  EXPECT_THROW(Job::Create(folder_.path() / "x.csv", PlanOf(1), false,
                           [](const auto&) { throw NotFound("Model", "m"); }),
               Error);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.csv.scoring"));
}

}  // namespace
}  // namespace millwright::scoring
