// What the log's files become with time, and that nobody who asks sees anything of it.
#include "monitoring/log_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <random>

#include "base/file.h"
#include "monitoring/prediction_log.h"
#include "monitoring/prediction_reader.h"

namespace millwright::monitoring {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDay = 86'400'000;
constexpr int64_t kStart = 982'368'000'000;  // 2001-02-17

class LogStoreTest : public ::testing::Test {
 protected:
  void SetTime(int64_t now_ms) { clock_.Advance(now_ms - clock_.NowMs()); }

  Prediction Row(int hour, int i, double value = 1) {
    Prediction row;
    row.id = "h" + std::to_string(hour) + "-" + std::to_string(i);
    row.endpoint = "flights";
    row.time_ms = kStart + hour * kHourMs + i;
    row.inputs = {{"value", value}};
    row.outputs = {{"probability", 0.25}};
    return row;
  }

  // One segment an hour, with an outcome of each prediction two hours later.
  void LogHours(PredictionLog& log, int first, int last, int rows = 3) {
    for (int hour = first; hour < last; ++hour) {
      SetTime(kStart + hour * kHourMs);
      std::vector<Prediction> batch;
      std::vector<Outcome> outcomes;
      for (int i = 0; i < rows; ++i) {
        batch.push_back(Row(hour, i, hour));
        if (hour >= 2) {
          outcomes.push_back({Row(hour - 2, i).id, i % 2 * 1.0, kStart + hour * kHourMs});
        }
      }
      log.RecordPredictions(batch);
      log.RecordOutcomes("flights", outcomes, "ana");
      log.Compact();
    }
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
      if (entry.is_regular_file()) {
        files.push_back(entry.path().lexically_relative(dir_.path()).string());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  static std::vector<int64_t> Figures(PredictionLog& log) {
    PredictionReader reader(log);
    const auto table = reader.Query(
        "flights",
        "SELECT count(*), count(DISTINCT id), count(outcome), CAST(sum(input_value) AS BIGINT), "
        "(SELECT count(*) FROM outcomes) FROM predictions");
    std::vector<int64_t> figures;
    for (size_t i = 0; i < 5; ++i) figures.push_back(table.Int(0, i));
    const LogCounts counts = log.Counts("flights");
    EXPECT_EQ(counts.predictions, figures[0]);
    EXPECT_EQ(counts.outcomes, figures[4]);
    return figures;
  }

  TempDir dir_;
  ManualClock clock_{kStart};
};

TEST(LogFile, NamesOfPeriodsAreReadAsTheyAreWritten) {
  const int64_t hour = HourAt(kStart) + 7;
  for (const auto& [period, name] : {std::pair(Period{hour, 1}, "2001-02-17-07"),
                                     {DayOf(hour), "2001-02-17"},
                                     {MonthOf(hour), "2001-02"}}) {
    EXPECT_EQ(FolderName(period), name);
    EXPECT_EQ(PeriodOf(name), period) << name;
    EXPECT_TRUE(period.Covers({hour, 1}));
  }
  EXPECT_EQ(MonthOf(hour).hours, 28 * 24);
  for (const char* other : {"2001", "2001-13", "2001-02-30", "2001-02-17-24", "2001-02-17x", ""}) {
    EXPECT_FALSE(PeriodOf(other)) << other;
  }
  EXPECT_EQ(SegmentsOf(ParquetName({3, 123456789})), (SegmentRange{3, 123456789}));
  EXPECT_FALSE(SegmentsOf("00000001-00000002.parquet.tmp"));
}

TEST(IdFile, KeepsWhatItWasGiven) {
  TempDir dir;
  FileFacts facts{.rows = 7, .asked_first_ms = -5, .traits = {{"order"}, true, false}};
  std::ofstream(dir.path() / "a.ids", std::ios::binary)
      << IdFile::Encode(facts, {HashId("b"), HashId("a"), HashId("a")});
  const IdFile file(dir.path() / "a.ids");
  EXPECT_EQ(file.facts().rows, 7);
  EXPECT_EQ(file.facts().asked_first_ms, -5);
  EXPECT_EQ(file.facts().happened_last_ms, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(file.facts().traits.key_inputs, std::set<std::string>{"order"});
  ASSERT_EQ(file.hashes().size(), 3u);
  EXPECT_TRUE(std::is_sorted(file.hashes().begin(), file.hashes().end()));
  const std::string whole = ReadFile(dir.path() / "a.ids");
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    if ((whole.size() - cut) % 8 == 0 && whole.size() - cut <= 24) continue;  // fewer hashes
    std::ofstream(dir.path() / "b.ids", std::ios::binary) << whole.substr(0, cut);
    EXPECT_THROW(IdFile(dir.path() / "b.ids"), Error) << cut;
  }
}

TEST(IdFile, MayHaveNone) {
  TempDir dir;
  std::ofstream(dir.path() / "a.ids", std::ios::binary) << IdFile::Encode({.rows = 7}, {});
  const IdFile file(dir.path() / "a.ids");
  EXPECT_EQ(file.facts().rows, 7);
  EXPECT_TRUE(file.hashes().empty());
}

TEST(IdFile, FindsWhatTwoHaveInCommon) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint64_t> a(random() % 40), b(random() % 400);
    for (uint64_t& x : a) x = random() % 4000;
    for (uint64_t& x : b) x = random() % 4000;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::vector<uint64_t> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    EXPECT_EQ(HaveCommon(a, b), !both.empty());
    EXPECT_EQ(HaveCommon(b, a), !both.empty());
  }
}

TEST(LogFile, TheNewestRowsAreNotOlderThanItSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::vector<RowBlock> blocks(1 + random() % 8);
    std::vector<int64_t> times;
    for (RowBlock& block : blocks) {
      block = {1 + static_cast<int64_t>(random() % 5), 1000, 0};
      for (int64_t i = 0; i < block.rows; ++i) {
        const int64_t time = random() % 100;
        times.push_back(time);
        block.first_ms = std::min(block.first_ms, time);
        block.last_ms = std::max(block.last_ms, time);
      }
    }
    const int64_t before = random() % 120, wanted = 1 + random() % 6;
    std::sort(times.rbegin(), times.rend());
    std::erase_if(times, [&](int64_t time) { return time >= before; });
    const auto from = NewestFrom(blocks, wanted, before);
    if (!from) continue;
    ASSERT_GE(static_cast<int64_t>(times.size()), wanted);
    EXPECT_LE(*from, times[wanted - 1]);
  }
}

TEST_F(LogStoreTest, HoursBecomeDaysAndMonthsAndTheirRowsStay) {
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 0, 73);
  const std::vector<int64_t> figures = Figures(log);
  EXPECT_EQ(figures, (std::vector<int64_t>{219, 219, 213, 3 * 72 * 73 / 2, 213}));
  EXPECT_TRUE(fs::exists(dir_.path() / "predictions/flights/2001-02-17")) << "two days later";
  EXPECT_FALSE(fs::exists(dir_.path() / "predictions/flights/2001-02-17-00"));
  EXPECT_TRUE(fs::exists(dir_.path() / "predictions/flights/2001-02-19-23"));
  SetTime(kStart + 20 * kDay);
  log.Compact();
  EXPECT_EQ(Figures(log), figures);
  // 17 to 20 February in one month's file; outcomes in few.
  const std::vector<std::string> files = Files();
  EXPECT_EQ(std::count_if(files.begin(), files.end(),
                          [](const std::string& file) {
                            return file.starts_with("predictions") && file.ends_with(".parquet");
                          }),
            1);
  EXPECT_LT(log.file_count(), 18);
  EXPECT_EQ(files.size(), static_cast<size_t>(2 * log.file_count())) << "with ids beside each";
  PredictionReader reader(log);
  EXPECT_EQ(
      reader.Summarize("flights", {{kStart + 10 * kHourMs, kStart + 20 * kHourMs}, ""}).predictions,
      30);
}

TEST_F(LogStoreTest, WhereRowsGrowTooOldNoMonthsAreMade) {
  PredictionLogOptions options;
  options.keep_ms = 30 * kDay;
  PredictionLog log(dir_.path(), clock_, options);
  LogHours(log, 0, 48);
  SetTime(kStart + 25 * kDay);
  log.Compact();
  EXPECT_TRUE(fs::exists(dir_.path() / "predictions/flights/2001-02-17"));
  EXPECT_FALSE(fs::exists(dir_.path() / "predictions/flights/2001-02"));
  SetTime(kStart + 31 * kDay);
  EXPECT_EQ(log.RemoveOld().predictions, 72) << "the first of two days";
  EXPECT_EQ(log.Counts("flights").predictions, 72);
  EXPECT_FALSE(fs::exists(dir_.path() / "predictions/flights/2001-02-17"));
}

TEST_F(LogStoreTest, ALimitOfAgeCutsMonthsThatWereMadeWithoutOne) {
  {
    PredictionLog log(dir_.path(), clock_);
    LogHours(log, 0, 73);
    SetTime(kStart + 20 * kDay);
    log.Compact();
    EXPECT_TRUE(fs::exists(dir_.path() / "predictions/flights/2001-02"));
  }
  PredictionLogOptions options;
  options.keep_ms = 18 * kDay;  // since the third of four days
  for (int start = 0; start < 2; ++start) {
    PredictionLog log(dir_.path(), clock_, options);
    log.RemoveOld();  // the log's own thread may have been first
    EXPECT_EQ(log.Counts("flights").predictions, 3 * 25);
    PredictionReader reader(log);
    EXPECT_EQ(reader.Summarize("flights", {}).predictions, 3 * 25);
    EXPECT_EQ(reader.Summarize("flights", {}).first_ms, kStart + 2 * kDay);
    EXPECT_TRUE(reader.Find("flights", "h47-2").empty());
    EXPECT_EQ(reader.Find("flights", "h48-0").size(), 1u);
    // What comes and is too old already goes when it has become Parquet.
    log.RecordPredictions({Row(5, 0)});
    log.Compact();
    log.RemoveOld();
    EXPECT_EQ(log.Counts("flights").predictions, 3 * 25);
  }
}

TEST_F(LogStoreTest, AHistoryOfYearsMakesFewFiles) {
  PredictionLog log(dir_.path(), clock_);
  std::vector<Prediction> history;
  for (int hour = 0; hour < 24 * 90; ++hour) history.push_back(Row(hour, 0, 1));
  SetTime(kStart + 200 * kDay);
  log.RecordPredictions(history);
  log.Compact();
  EXPECT_EQ(log.file_count(), 4) << "February to May";
  EXPECT_EQ(Figures(log)[0], 24 * 90);
}

// After each step of a merge the process may end: what stands on the disk then is read as before.
TEST_F(LogStoreTest, ACrashAmidAMergeLosesAndDoublesNothing) {
  std::vector<int64_t> figures;
  TempDir before;
  {
    PredictionLog log(dir_.path(), clock_);
    LogHours(log, 0, 40);
    figures = Figures(log);
    fs::copy(dir_.path(), before.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    SetTime(kStart + 20 * kDay);
    log.Compact();
    EXPECT_EQ(Figures(log), figures);
  }
  std::vector<fs::path> replaced;
  for (const auto& entry : fs::recursive_directory_iterator(before.path())) {
    const fs::path relative = entry.path().lexically_relative(before.path());
    if (entry.is_regular_file() && !fs::exists(dir_.path() / relative))
      replaced.push_back(relative);
  }
  ASSERT_GT(replaced.size(), 60u);
  const auto restore = [&](size_t first) {
    for (size_t i = first; i < replaced.size(); ++i) {
      fs::create_directories((dir_.path() / replaced[i]).parent_path());
      fs::copy_file(before.path() / replaced[i], dir_.path() / replaced[i]);
    }
  };
  for (const size_t removed : {size_t{0}, size_t{1}, replaced.size() / 2, replaced.size() - 1}) {
    restore(removed);
    PredictionLog log(dir_.path(), clock_);
    EXPECT_EQ(Figures(log), figures) << removed << " were removed";
    log.Compact();
    EXPECT_EQ(Figures(log), figures);
    for (size_t i = removed; i < replaced.size(); ++i) {
      EXPECT_FALSE(fs::exists(dir_.path() / replaced[i])) << replaced[i];
    }
  }
  // The rename of a file's ids came, that of its rows did not.
  for (const std::string& file : Files()) {
    if (file.ends_with(".parquet")) continue;
    const fs::path stray = (dir_.path() / file).replace_filename("00009999-00009999.ids");
    fs::copy_file(dir_.path() / file, stray);
    PredictionLog log(dir_.path(), clock_);
    EXPECT_EQ(Figures(log), figures);
    EXPECT_FALSE(fs::exists(stray));
    break;
  }
}

// A clock that goes back writes hours into the folder of a day before it is settled.
TEST_F(LogStoreTest, AClockThatGoesBackLosesNothingToAMerge) {
  std::vector<int64_t> figures;
  {
    PredictionLog log(dir_.path(), clock_);
    for (int i = 0; i < 40; ++i) {
      SetTime(i % 3 == 0 ? kStart + 10 * kHourMs : kStart + (4 + i % 2 * 60) * kDay);
      log.RecordPredictions({Row(5, i)});
      log.Compact();
    }
    figures = Figures(log);
    EXPECT_EQ(figures[0], 40);
  }
  for (int i = 0; i < 3; ++i) {
    SetTime(kStart + (i % 2 * 90) * kDay);
    PredictionLog log(dir_.path(), clock_);
    EXPECT_EQ(Figures(log), figures);
    log.Compact();
    EXPECT_EQ(Figures(log), figures);
  }
}

TEST_F(LogStoreTest, FilesOfEarlierReleasesAreReadAndGetTheirIds) {
  std::vector<int64_t> figures;
  {
    PredictionLog log(dir_.path(), clock_);
    LogHours(log, 0, 10);
    figures = Figures(log);
  }
  for (const std::string& file : Files()) {
    if (file.ends_with(".ids")) fs::remove(dir_.path() / file);
  }
  std::ofstream(dir_.path() / "outcomes/flights/00000001-00000001.ids") << "damaged";
  PredictionLog log(dir_.path(), clock_);
  EXPECT_EQ(Figures(log), figures);
  const LogRange range{.happened = {kStart + 3 * kHourMs, kStart + 4 * kHourMs}};
  log.Compact();
  EXPECT_EQ(Figures(log), figures);
  EXPECT_EQ(log.Open("flights", range).files.size(), 2u) << "an hour and the outcomes of it";
  PredictionReader reader(log);
  EXPECT_EQ(reader.Summarize("flights", {range.happened, ""}).outcomes, 3);
}

TEST_F(LogStoreTest, ColumnsOfTwoTypesStayApart) {
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 0, 2);
  Prediction word = Row(2, 0);
  word.inputs[0].second = std::string("many");
  log.RecordPredictions({word});
  log.Compact();
  SetTime(kStart + 30 * kDay);
  log.Compact();
  EXPECT_TRUE(fs::exists(dir_.path() / "predictions/flights/2001-02-17-01"));
  PredictionReader reader(log);
  const LogSummary numbers = reader.Summarize("flights", {{kStart, kStart + 2 * kHourMs}, ""});
  ASSERT_EQ(numbers.inputs.size(), 1u);
  EXPECT_TRUE(numbers.inputs[0].is_number) << "of the hours that have no word";
  EXPECT_FALSE(reader.Summarize("flights", {}).inputs[0].is_number);
}

TEST_F(LogStoreTest, NamesThatDifferByCaseAreOneColumn) {
  PredictionLog log(dir_.path(), clock_);
  SetTime(kStart);
  std::vector<Prediction> rows = {Row(0, 0, 1), Row(0, 1, 2)};
  rows[1].inputs[0].first = "VALUE";
  log.RecordPredictions(rows);
  EXPECT_EQ(Figures(log), (std::vector<int64_t>{2, 2, 0, 3, 0}));
  log.Compact();
  EXPECT_EQ(Figures(log), (std::vector<int64_t>{2, 2, 0, 3, 0})) << "no row is set aside";
  Prediction later = Row(1, 0, 4);
  later.inputs[0].first = "Value";
  log.RecordPredictions({later});
  EXPECT_EQ(Figures(log), (std::vector<int64_t>{3, 3, 0, 7, 0}));
  log.Compact();
  SetTime(kStart + 30 * kDay);
  log.Compact();
  EXPECT_EQ(Figures(log), (std::vector<int64_t>{3, 3, 0, 7, 0})) << "out of one file of both";
  EXPECT_EQ(PredictionReader(log).Summarize("flights", {}).inputs.size(), 1u);
}

TEST_F(LogStoreTest, OutcomesOfOtherPredictionsAreNotRead) {
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 0, 12);
  const LogRange range{.asked = {kStart + 5 * kHourMs, kStart + 6 * kHourMs}};
  for (int round = 0; round < 2; ++round) {
    const LogSnapshot snapshot = log.Open("flights", range);
    ASSERT_EQ(snapshot.files.size(), 2u) << "the hour, and the outcomes that came two hours later";
    EXPECT_TRUE(snapshot.files[1].find("00000008") != std::string::npos) << snapshot.files[1];
  }
  // An outcome by a key may be of any.
  log.RecordOutcomes("flights",
                     {{.value = 1.0, .time_ms = kStart, .key = OutcomeKey{"value", "5"}}}, "ana");
  log.Compact();
  EXPECT_EQ(log.Open("flights", range).files.size(), 3u);
  EXPECT_EQ(log.Open("flights", {.ids = std::vector<uint64_t>{HashId("h4-1")}}).files.size(), 3u);
  EXPECT_EQ(log.Open("flights", {.ids = std::vector<uint64_t>{HashId("x")}}).files.size(), 1u);
}

TEST_F(LogStoreTest, PagesFollowOneAnotherWithoutGapsOrRepeats) {
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 0, 60, 7);
  log.RecordPredictions({Row(60, 0, 60), Row(60, 1, 60)});
  log.Flush();
  PredictionReader reader(log);
  for (const auto& [slice, expected] :
       {std::pair(LogSlice{}, 422),
        {LogSlice{{}, "input_value >= 30"}, 212},
        {LogSlice{{}, "outcome = 1 OR input_value = 3"}, 4 + 58 * 3},
        {LogSlice{{kStart + kHourMs, kStart + 3 * kHourMs}, ""}, 14},
        {LogSlice{{}, "input_value < 0"}, 0}}) {
    std::vector<std::pair<int64_t, std::string>> seen;
    std::optional<PredictionPlace> place;
    do {
      const PredictionPage page = reader.Page("flights", 25, slice, place);
      for (const KnownPrediction& one : page.predictions) seen.emplace_back(one.time_ms, one.id);
      place = page.next;
    } while (place);
    EXPECT_EQ(static_cast<int>(seen.size()), expected) << slice.where;
    EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend())) << slice.where;
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  }
  EXPECT_THROW(reader.Page("flights", 5, {{}, "1) OR (1 = 1"}), Error);
  EXPECT_THROW(reader.Page("flights", 5, {{}, "nobody = 1"}), Error);
}

// Whether summaries out of what is summed beside the files say what the rows say.
void ExpectSumsAreTrue(const PredictionLog& log, const std::string& when) {
  SCOPED_TRACE(when);
  PredictionReader reading(log, nullptr, std::numeric_limits<int64_t>::max()),
      summing(log, nullptr, 1);
  for (const TimeRange& range : {TimeRange{}, TimeRange{kStart, kStart + 2 * kHourMs},
                                 TimeRange{kStart + kHourMs + 700, kStart + 3 * kHourMs + 1},
                                 TimeRange{kStart - kDay, kStart + 5 * kHourMs + 10}}) {
    for (const LabelRule& rule :
         {LabelRule{}, LabelRule{.threshold = 0.2}, LabelRule{.task = ModelTask::kRegression}}) {
      const LogSummary read = reading.Summarize("flights", {range, ""}, rule);
      const LogSummary summed = summing.Summarize("flights", {range, ""}, rule);
      EXPECT_EQ(summed.predictions, read.predictions);
      EXPECT_EQ(summed.outcomes, read.outcomes);
      EXPECT_EQ(summed.feedback, read.feedback);
      EXPECT_EQ(summed.errors, read.errors);
      EXPECT_EQ(summed.coverage, read.coverage);
      EXPECT_EQ(summed.first_ms, read.first_ms);
      EXPECT_EQ(summed.last_ms, read.last_ms);
      EXPECT_EQ(summed.task, read.task);
      EXPECT_EQ(summed.versions, read.versions);
      EXPECT_NEAR(*summed.latency_p50_ms, *read.latency_p50_ms, 0.002);
      EXPECT_NEAR(*summed.latency_p99_ms, *read.latency_p99_ms, 0.002);
      const auto expect_same = [](const std::optional<double>& a, const std::optional<double>& b) {
        ASSERT_EQ(a.has_value(), b.has_value());
        if (a) EXPECT_NEAR(*a, *b, 1e-12 * std::max(1.0, std::abs(*b)));
      };
      expect_same(summed.positive_rate_predicted, read.positive_rate_predicted);
      expect_same(summed.positive_rate_actual, read.positive_rate_actual);
      expect_same(summed.mean_predicted, read.mean_predicted);
      expect_same(summed.mean_actual, read.mean_actual);
      ASSERT_EQ(summed.outcome.has_value(), read.outcome.has_value());
      std::vector<ColumnSummary> of_sums = summed.inputs, of_rows = read.inputs;
      of_sums.insert(of_sums.end(), summed.outputs.begin(), summed.outputs.end());
      of_rows.insert(of_rows.end(), read.outputs.begin(), read.outputs.end());
      // Whole files come before the rows at the ends of a range, and columns as they are met.
      for (std::vector<ColumnSummary>* columns : {&of_sums, &of_rows}) {
        std::sort(columns->begin(), columns->end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
      }
      if (read.outcome) {
        of_sums.push_back(*summed.outcome);
        of_rows.push_back(*read.outcome);
      }
      ASSERT_EQ(of_sums.size(), of_rows.size());
      for (size_t i = 0; i < of_rows.size(); ++i) {
        EXPECT_EQ(of_sums[i].name, of_rows[i].name);
        EXPECT_EQ(of_sums[i].is_number, of_rows[i].is_number);
        EXPECT_EQ(of_sums[i].missing, of_rows[i].missing);
        EXPECT_EQ(of_sums[i].top, of_rows[i].top);
        EXPECT_EQ(of_sums[i].min, of_rows[i].min);
        EXPECT_EQ(of_sums[i].max, of_rows[i].max);
        expect_same(of_sums[i].mean, of_rows[i].mean);
        if (!of_sums[i].is_distinct_approximate) {
          EXPECT_EQ(of_sums[i].distinct, of_rows[i].distinct);
        }
        if (!of_sums[i].is_approximate) EXPECT_EQ(of_sums[i].p50, of_rows[i].p50);
      }
    }
  }
}

TEST_F(LogStoreTest, SummariesOutOfSumsSayWhatTheRowsSay) {
  constexpr int kRows = 2'100;  // enough for sums of an hour
  std::optional<PredictionLog> log;
  log.emplace(dir_.path(), clock_);
  const auto record = [&](int hour, int rows) {
    std::vector<Prediction> batch;
    for (int i = 0; i < rows; ++i) {
      Prediction row = Row(hour, i, i % 40);
      row.latency_us = 100 + i % 100;
      row.model_version = hour < 2 ? "1" : "2";
      row.role = i % 50 == 7 ? Role::kShadow : Role::kLive;
      if (i % 30 == 2) row.error = "no";
      row.inputs.emplace_back("word", std::string(1, static_cast<char>('a' + i % 5)));
      row.inputs.emplace_back("many", i * 1.5);
      if (hour > 1) row.inputs.emplace_back("new", i % 2 == 0);
      row.outputs = {{"probability", (i % 10) / 10.0}};
      batch.push_back(row);
    }
    log->RecordPredictions(batch);
  };
  const auto tell = [&](int hour, int from, int to, Value value, OutcomeKind kind) {
    std::vector<Outcome> outcomes;
    for (int i = from; i < to; ++i) {
      outcomes.push_back({.prediction_id = Row(hour, i).id, .value = value, .kind = kind});
    }
    log->RecordOutcomes("flights", outcomes, "ana");
  };
  for (int hour = 0; hour < 5; ++hour) {
    SetTime(kStart + hour * kHourMs);
    record(hour, kRows);
    tell(hour, 0, 1'000, 1.0, OutcomeKind::kLabel);
    log->Compact();
    log->Sum();
  }
  EXPECT_EQ(log->OpenSummed("flights", {}).summed_rows, 5 * kRows * 49 / 50);
  EXPECT_EQ(log->OpenSummed("flights", {}).rest_rows_max, 0);
  ExpectSumsAreTrue(*log, "when all is summed");
  tell(1, 500, 1'500, 0.0, OutcomeKind::kLabel);  // corrections, and more
  record(5, 300);
  log->Flush();
  EXPECT_FALSE(log->OpenSummed("flights", {}).unknown.empty()) << "what became of hour 1";
  EXPECT_EQ(log->OpenSummed("flights", {}).known.size(), 4u);
  ExpectSumsAreTrue(*log, "with rows and outcomes in memory");
  log->Compact();
  log->Sum();
  EXPECT_EQ(log->OpenSummed("flights", {}).known.size(), 5u);
  ExpectSumsAreTrue(*log, "when these are in files");
  tell(2, 100, 200, true, OutcomeKind::kLabel);
  tell(2, 150, 400, std::string("maybe"), OutcomeKind::kLabel);
  tell(3, 0, 2'000, std::string("true"), OutcomeKind::kFeedback);
  log->Compact();
  log->Sum();
  ExpectSumsAreTrue(*log, "with truths, texts and feedback");
  log->RecordOutcomes("flights", {{.value = 3.5, .key = OutcomeKey{"many", "15"}}}, "ana");
  log->Flush();
  ExpectSumsAreTrue(*log, "with an outcome by a key in memory");
  log->Compact();
  log->Sum();
  ExpectSumsAreTrue(*log, "with an outcome by a key");
  log.reset();
  log.emplace(dir_.path(), clock_);
  EXPECT_EQ(log->OpenSummed("flights", {}).known.size(), 5u) << "after a start";
  ExpectSumsAreTrue(*log, "after a start");
  SetTime(kStart + 20 * kDay);
  log->Compact();
  log->Sum();
  EXPECT_EQ(log->OpenSummed("flights", {}).rest_rows_max, 0) << "in one month";
  ExpectSumsAreTrue(*log, "when hours are a month");
}

TEST_F(LogStoreTest, DamagedSumsAreReadAnew) {
  {
    PredictionLog log(dir_.path(), clock_);
    LogHours(log, 0, 4, 2'100);
    log.Sum();
  }
  int cut = 0;
  for (const std::string& file : Files()) {
    if (!file.ends_with(".sums") && !file.ends_with(".known")) continue;
    fs::resize_file(dir_.path() / file, fs::file_size(dir_.path() / file) / 2);
    ++cut;
  }
  EXPECT_GE(cut, 8);
  PredictionLog log(dir_.path(), clock_);
  ExpectSumsAreTrue(log, "damaged");
}

TEST_F(LogStoreTest, OutcomesThatGrowTooOldLeaveTheSums) {
  PredictionLogOptions options;
  options.keep_ms = 30 * kDay;
  PredictionLog log(dir_.path(), clock_, options);
  LogHours(log, 0, 3, 2'100);
  log.Sum();
  // Told with a time long before: they go before their predictions do.
  log.RecordOutcomes("flights", {{Row(2, 0).id, 1.0, kStart - 20 * kDay}}, "ana");
  log.Compact();
  log.Sum();
  PredictionReader reader(log, nullptr, 1);
  EXPECT_EQ(reader.Summarize("flights", {}).outcomes, 2'101);
  SetTime(kStart + 15 * kDay);
  log.RemoveOld();
  EXPECT_EQ(reader.Summarize("flights", {}).outcomes, 2'100);
  ExpectSumsAreTrue(log, "without");
}

TEST_F(LogStoreTest, FindsAPredictionByItsIdWhereverItIs) {
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 0, 30);
  log.RecordPredictions({Row(40, 0), Row(40, 0)});
  PredictionReader reader(log);
  const auto old = reader.Find("flights", "h3-1");
  ASSERT_EQ(old.size(), 1u);
  EXPECT_EQ(old[0].outcome, Value(1.0));
  EXPECT_EQ(reader.Find("flights", "h40-0").size(), 2u) << "in no file yet, twice";
  EXPECT_TRUE(reader.Find("flights", "it's nobody").empty());
  EXPECT_TRUE(reader.Find("other", "h3-1").empty());
}

}  // namespace
}  // namespace millwright::monitoring
