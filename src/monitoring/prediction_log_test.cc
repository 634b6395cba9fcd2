#include "monitoring/prediction_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/summary_cache.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kStart = 1'000'000'000'000 / kHourMs * kHourMs;

Prediction Sample(int i) {
  Prediction prediction;
  prediction.id = "p" + std::to_string(i);
  prediction.endpoint = "flights";
  prediction.model_version = "1";
  prediction.revision = "r1";
  prediction.time_ms = kStart + i * 1000;
  prediction.event_time_ms = prediction.time_ms - 5'000;
  prediction.latency_us = 1000 + i;
  prediction.inputs = {{"hour", static_cast<double>(i % 24)},
                       {"carrier", std::string(i % 2 ? "UA" : "it's \"quoted\"")}};
  prediction.outputs = {{"probability", (i % 10) / 10.0}};
  return prediction;
}

class PredictionLogTest : public ::testing::Test {
 protected:
  TempDir dir_;
  ManualClock clock_{kStart};
};

// Holds the log's writer while it takes apart what is offered with Decode().
class HeldWriter {
 public:
  PredictionLog::Decode Decode() {
    return [this]() -> std::vector<Prediction> {
      is_held_ = true;
      is_held_.notify_all();
      is_open_.wait(false);
      return {};
    };
  }
  // Until the writer is there.
  void Await() { is_held_.wait(false); }
  void Open() {
    is_open_ = true;
    is_open_.notify_all();
  }

 private:
  std::atomic<bool> is_held_ = false, is_open_ = false;
};

int64_t CountRows(PredictionLog& log) {
  PredictionReader reader(log);
  return reader.Query("flights", "SELECT count(*) FROM predictions").Int(0, 0);
}

TEST_F(PredictionLogTest, GivesBackWhatWasOfferedNewestFirst) {
  PredictionLog log(dir_.path(), clock_);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log.Offer(Sample(i)));
  log.RecordOutcomes("flights", {{"p49", 1.0, kStart}, {"p48", std::string("late"), kStart}},
                     "ana");
  log.Flush();
  for (int round = 0; round < 2; ++round) {
    PredictionReader reader(log);
    const auto recent = reader.Recent("flights", 3);
    ASSERT_EQ(recent.size(), 3u);
    EXPECT_EQ(recent[0].id, "p49");
    EXPECT_EQ(recent[0].event_time_ms, kStart + 44'000);
    EXPECT_EQ(
        recent[0].inputs, Sample(49).inputs.empty() ? NamedValues() : [] {
          NamedValues sorted = Sample(49).inputs;
          std::sort(sorted.begin(), sorted.end());
          return sorted;
        }());
    EXPECT_EQ(recent[0].outputs, Sample(49).outputs);
    EXPECT_EQ(recent[0].outcome, Value(1.0));
    EXPECT_EQ(recent[1].outcome, Value(std::string("late")));
    EXPECT_EQ(recent[2].outcome, Value());
    EXPECT_EQ(log.Counts("flights"), (LogCounts{50, 2}));
    log.Compact();  // the second round reads Parquet
  }
}

TEST_F(PredictionLogTest, TheNewestOutcomeWinsAndMayComeFirst) {
  PredictionLog log(dir_.path(), clock_);
  log.RecordOutcomes("flights", {{"p1", 0.0, kStart + 10}}, "ana");
  log.RecordOutcomes("flights", {{"p1", 1.0, kStart + 20}}, "ana");
  log.RecordOutcomes("flights", {{"p1", 0.0, kStart + 15}}, "ana");
  log.RecordOutcomes("flights", {{"p2", 0.0, kStart}}, "ana");
  log.RecordOutcomes("flights", {{"p2", true, kStart}}, "ben");
  for (int i = 1; i <= 3; ++i) log.Offer(Sample(i));
  log.Flush();
  PredictionReader reader(log);
  const auto recent = reader.Recent("flights", 10);
  EXPECT_EQ(recent[2].outcome, Value(1.0));
  EXPECT_EQ(recent[2].outcome_time_ms, kStart + 20);
  EXPECT_EQ(recent[1].outcome, Value(1.0));
  const LogSummary summary = reader.Summary("flights");
  EXPECT_EQ(summary.predictions, 3);
  EXPECT_EQ(summary.outcomes, 2);
  EXPECT_NEAR(summary.coverage, 2.0 / 3, 1e-12);
  EXPECT_EQ(*summary.positive_rate_actual, 1.0);
}

TEST_F(PredictionLogTest, AnOutcomeByKeyMeansThePredictionsBeforeIt) {
  for (int round = 0; round < 2; ++round) {
    PredictionLog log(dir_.path(), clock_);
    if (round == 0) {
      for (int i = 0; i < 30; ++i) log.Offer(Sample(i));  // hour is i % 24, one each second
      const auto keyed = [](std::string input, std::string value, double outcome, int64_t time_ms,
                            int64_t within_ms) {
        return Outcome{.value = outcome,
                       .time_ms = time_ms,
                       .key = OutcomeKey{std::move(input), std::move(value), within_ms}};
      };
      log.RecordOutcomes(
          "flights",
          {keyed("hour", "3", 1, kStart + 60'000, 3'600'000),     // 3 and 27
           keyed("hour", "4", 1, kStart + 10'000, 3'600'000),     // 4, not 28
           keyed("hour", "5", 1, kStart + 60'000, 40'000),        // 29, not 5
           keyed("carrier", "UA", 0, kStart - 4'000, 3'600'000),  // 1, all other later
           keyed("absent", "x", 1, kStart, 1'000)},
          "ana");
      log.Flush();
    } else {
      log.Compact();
    }
    PredictionReader reader(log);
    const auto table = reader.Query(
        "flights",
        "SELECT id, outcome FROM predictions WHERE outcome IS NOT NULL ORDER BY outcome, id");
    ASSERT_EQ(table.row_count(), 5u) << round;
    for (const auto& [row, id] :
         {std::pair(0, "p1"), {1, "p27"}, {2, "p29"}, {3, "p3"}, {4, "p4"}}) {
      EXPECT_EQ(table.Text(row, 0), id);
    }
    EXPECT_EQ(table.Double(0, 1), 0);
  }
}

TEST_F(PredictionLogTest, FeedbackIsNoLabelAndHistoryIsKept) {
  PredictionLog log(dir_.path(), clock_);
  for (int i = 0; i < 3; ++i) log.Offer(Sample(i));
  log.RecordOutcomes("flights",
                     {{"p0", false, kStart, OutcomeKind::kFeedback, "wrong gate"},
                      {"p1", {}, kStart, OutcomeKind::kFeedback, "why?"},
                      {"p0", 1.0, kStart + 5},
                      {"p0", 0.0, kStart + 9}},
                     "ben");
  log.Flush();
  for (int round = 0; round < 2; ++round) {
    PredictionReader reader(log);
    const auto recent = reader.Recent("flights", 3);
    EXPECT_EQ(recent[2].outcome, Value(0.0));
    ASSERT_TRUE(recent[2].feedback);
    EXPECT_EQ(recent[2].feedback->value, Value(0.0));
    EXPECT_EQ(recent[2].feedback->comment, "wrong gate");
    ASSERT_TRUE(recent[1].feedback);
    EXPECT_EQ(recent[1].feedback->value, Value());
    EXPECT_FALSE(recent[1].outcome_time_ms);
    EXPECT_FALSE(recent[0].feedback);
    EXPECT_EQ(reader.Summary("flights").outcomes, 1);
    EXPECT_EQ(reader
                  .Query("flights",
                         "SELECT count(*) FROM outcomes WHERE prediction_id = 'p0' AND who = 'ben'")
                  .Int(0, 0),
              3);
    log.Compact();
  }
  EXPECT_THROW(log.RecordOutcomes("flights", {{"p0", {}, kStart}}, "ben"), Error);
  EXPECT_THROW(log.RecordOutcomes("flights", {{"", 1.0, kStart}}, "ben"), Error);
  EXPECT_THROW(log.RecordOutcomes("flights", {{"p0", {}, 0, OutcomeKind::kFeedback}}, "ben"),
               Error);
}

TEST_F(PredictionLogTest, AFullQueueDropsAndCounts) {
  PredictionLogOptions options;
  options.queue_slots = 4;
  PredictionLog log(dir_.path(), clock_, options);
  HeldWriter held;
  EXPECT_TRUE(log.OfferLater(held.Decode(), 0));
  held.Await();
  int accepted = 0;
  for (int i = 0; i < 10; ++i) accepted += log.Offer(Sample(i));
  EXPECT_EQ(accepted, 4);
  EXPECT_EQ(log.stats().dropped, 6);
  held.Open();
  log.Flush();
  EXPECT_EQ(log.stats().written, 4);
  EXPECT_EQ(CountRows(log), 4);
}

TEST_F(PredictionLogTest, AQueueOfManyBytesDropsAndCounts) {
  PredictionLogOptions options;
  options.queue_bytes_max = 1000;
  PredictionLog log(dir_.path(), clock_, options);
  HeldWriter held;
  const auto one = [] { return std::vector<Prediction>{Sample(1)}; };
  EXPECT_TRUE(log.OfferLater(held.Decode(), 5000));  // larger than all, and alone
  held.Await();
  EXPECT_TRUE(log.OfferLater(one, 600));
  EXPECT_FALSE(log.OfferLater(one, 600));
  EXPECT_TRUE(log.OfferLater(one, 400));
  EXPECT_FALSE(log.OfferLater(one, 1));
  EXPECT_EQ(log.stats().dropped, 2);
  held.Open();
  log.Flush();
  EXPECT_EQ(log.stats().written, 2);
  EXPECT_TRUE(log.OfferLater(one, 1000)) << "there is room again";
}

TEST_F(PredictionLogTest, RowsThatComeTogetherAreSyncedTogether) {
  PredictionLog log(dir_.path(), clock_);
  const int64_t start_us = MonotonicUs();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(log.Offer(Sample(i)));
  log.Flush();
  const int64_t gathers = (MonotonicUs() - start_us) / (kGatherMs * 1000);
  EXPECT_EQ(log.stats().written, 2000);
  EXPECT_LE(log.stats().syncs, gathers + 2);  // the first, and the flush
}

TEST_F(PredictionLogTest, WhatWasOfferedIsSeenAtOnce) {
  PredictionLog log(dir_.path(), clock_);
  int seen = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(log.Offer(Sample(i)));
    seen += CountRows(log) == i + 1;
  }
  EXPECT_GE(seen, 10);  // a disk that is busy may take longer than a question waits
  log.Flush();
  EXPECT_EQ(CountRows(log), 20);
}

TEST_F(PredictionLogTest, AQuestionDoesNotWaitForAWriterThatIsBehind) {
  PredictionLog log(dir_.path(), clock_);
  HeldWriter held;
  EXPECT_TRUE(log.OfferLater(held.Decode(), 0));
  EXPECT_TRUE(log.Offer(Sample(1)));
  EXPECT_EQ(CountRows(log), 0);
  held.Open();
  log.Flush();
  EXPECT_EQ(CountRows(log), 1);
}

TEST_F(PredictionLogTest, ADecoderThatThrowsLosesItsRowsOnly) {
  PredictionLog log(dir_.path(), clock_);
  log.OfferLater([]() -> std::vector<Prediction> { throw InvalidArgument("odd tensor"); }, 0);
  log.OfferLater([] { return std::vector<Prediction>{Sample(1), Sample(2)}; }, 0);
  log.Flush();
  EXPECT_EQ(log.stats().lost, 1);
  EXPECT_EQ(CountRows(log), 2);
}

TEST_F(PredictionLogTest, SurvivesARestartBeforeAndAfterCompaction) {
  for (int round = 0; round < 3; ++round) {
    PredictionLog log(dir_.path(), clock_);
    EXPECT_EQ(log.Counts("flights").predictions, round * 20);
    for (int i = 0; i < 20; ++i) log.Offer(Sample(round * 20 + i));
    log.Flush();
    if (round == 1) log.Compact();
    EXPECT_EQ(CountRows(log), (round + 1) * 20);
  }
}

TEST_F(PredictionLogTest, MergesManySmallFilesAndKeepsEveryRow) {
  PredictionLog log(dir_.path(), clock_);
  for (int i = 0; i < 40; ++i) {
    Prediction prediction = Sample(0);
    prediction.id = std::to_string(i);
    if (i % 3 == 0) prediction.inputs.push_back({"extra", 1.0});
    log.Offer(std::move(prediction));
    log.Compact();
  }
  EXPECT_EQ(CountRows(log), 40);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    files += entry.path().extension() == ".parquet";
  }
  EXPECT_LT(files, 20);
  PredictionReader reader(log);
  EXPECT_EQ(reader.Query("flights", "SELECT count(input_extra) FROM predictions").Int(0, 0), 14);
}

TEST_F(PredictionLogTest, KillDuringWritingLosesNothingThatWasAcknowledged) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    PredictionLogOptions options;
    options.segment_bytes_max = 64 << 10;
    PredictionLog log(dir_.path(), clock_, options);
    for (int i = 0;; ++i) {
      log.Offer(Sample(i));
      if (i % 50 != 49) continue;
      log.Flush();
      const int acknowledged = i + 1;
      if (write(pipe_ends[1], &acknowledged, sizeof acknowledged) < 0) _exit(1);
    }
  }
  close(pipe_ends[1]);
  int acknowledged = 0;
  while (acknowledged < 1500) {
    ASSERT_EQ(read(pipe_ends[0], &acknowledged, sizeof acknowledged),
              static_cast<ssize_t>(sizeof acknowledged));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  for (int more; read(pipe_ends[0], &more, sizeof more) == sizeof more;) acknowledged = more;
  close(pipe_ends[0]);
  PredictionLog log(dir_.path(), clock_);
  PredictionReader reader(log);
  const auto table = reader.Query("flights",
                                  "SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE "
                                  "CAST(substr(id, 2) AS INTEGER) < " +
                                      std::to_string(acknowledged) + ") FROM predictions");
  EXPECT_EQ(table.Int(0, 0), table.Int(0, 1)) << "no row twice";
  EXPECT_EQ(table.Int(0, 2), acknowledged);
}

TEST_F(PredictionLogTest, OutsideSqlSeesThePredictionsOnly) {
  const std::filesystem::path secret = dir_.path() / "secret.csv";
  std::ofstream(secret) << "a\n1\n";
  PredictionLog log(dir_.path() / "log", clock_);
  log.Offer(Sample(1));
  log.Compact();
  PredictionReader reader(log);
  EXPECT_EQ(reader.Query("flights", "SELECT input_hour FROM predictions;").Double(0, 0), 1);
  for (const std::string& sql : {"SELECT * FROM read_csv('" + secret.string() + "')",
                                 "COPY (SELECT 1) TO '" + (dir_.path() / "x.csv").string() + "'",
                                 std::string("SELECT 1; DROP VIEW predictions"),
                                 std::string("SET threads = 1"), std::string("nonsense")}) {
    EXPECT_THROW(reader.Query("flights", sql), Error) << sql;
  }
  EXPECT_EQ(reader.Query("other", "SELECT count(*) FROM predictions").Int(0, 0), 0);
}

TEST_F(PredictionLogTest, CountsTrafficBySlotsWithoutGaps) {
  PredictionLog log(dir_.path(), clock_);
  for (int i = 0; i < 10; ++i) {
    Prediction prediction = Sample(i);
    prediction.time_ms = kStart + (i < 6 ? 0 : 25'000);
    if (i == 7) prediction.error = "replica died";
    if (i == 8) prediction.role = Role::kShadow;
    log.Offer(std::move(prediction));
  }
  log.Flush();
  PredictionReader reader(log);
  const auto traffic = reader.Traffic("flights", 4, 10'000, kStart + 29'000);
  ASSERT_EQ(traffic.size(), 4u);
  EXPECT_EQ(traffic[1].start_ms, kStart);
  EXPECT_EQ(traffic[1].requests, 6);
  EXPECT_EQ(*traffic[1].p50_ms, 1.0025);
  EXPECT_EQ(traffic[2].requests, 0);
  EXPECT_FALSE(traffic[2].p50_ms);
  EXPECT_EQ(traffic[3].requests, 3);
  EXPECT_EQ(traffic[3].errors, 1);
}

// A prediction of each hour, asked now and happened an hour before, with its outcome a day later.
void LogHours(PredictionLog& log, int hours) {
  for (int i = 0; i < hours; ++i) {
    Prediction prediction = Sample(i);
    prediction.time_ms = kStart + i * kHourMs;
    prediction.event_time_ms = prediction.time_ms - kHourMs;
    log.RecordPredictions({prediction});
    log.RecordOutcomes("flights", {{prediction.id, i % 2 * 1.0, prediction.time_ms + 24 * kHourMs}},
                       "ana");
    log.Compact();
  }
}

TEST_F(PredictionLogTest, OldRowsGoAndTheOthersStay) {
  clock_.Advance(30 * kHourMs);
  PredictionLogOptions options;
  options.keep_ms = 20 * kHourMs;
  {
    PredictionLog log(dir_.path(), clock_, {});
    LogHours(log, 30);
    EXPECT_EQ(log.RemoveOld(), LogCounts()) << "without a limit all is kept";
  }
  PredictionLog log(dir_.path(), clock_, options);
  log.RemoveOld();  // the log's own thread may have been first
  EXPECT_EQ(log.Counts("flights"), (LogCounts{20, 30})) << "outcomes are a day younger";
  EXPECT_EQ(CountRows(log), 20);
  PredictionReader reader(log);
  EXPECT_EQ(reader.Recent("flights", 100).size(), 20u);
  EXPECT_EQ(reader.Summary("flights").outcomes, 20);
  clock_.Advance(30 * kHourMs);
  EXPECT_EQ(log.RemoveOld(), (LogCounts{20, 16})) << "an outcome is old by its own time";
  EXPECT_EQ(CountRows(log), 0);
  log.RecordPredictions({Sample(77)});
  EXPECT_EQ(log.RemoveOld(), LogCounts()) << "what waits for compaction stays";
  log.Compact();
  log.RemoveOld();  // the log's own thread may have been first
  EXPECT_EQ(log.Counts("flights").predictions, 0);
  EXPECT_EQ(CountRows(log), 0);
}

TEST_F(PredictionLogTest, ReadsOnlyTheFilesOfARange) {
  clock_.Advance(48 * kHourMs);  // so that all outcomes are known
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 10);
  const auto files = [&](const LogRange& range) { return log.Open("flights", range).files.size(); };
  const size_t all = files({});
  EXPECT_EQ(all, 20u) << "ten hours, and as many files of outcomes";
  // Of outcomes those of the hours alone.
  EXPECT_EQ(files({.asked = {kStart + 3 * kHourMs, kStart + 5 * kHourMs}}), 4u);
  EXPECT_EQ(files({.happened = {kStart + 3 * kHourMs, kStart + 5 * kHourMs}}), 4u);
  EXPECT_EQ(files({.asked = {.from_ms = log.NewestFrom("flights", 4)}}), 8u);
  EXPECT_EQ(log.NewestFrom("flights", 11), TimeRange().from_ms);
  const PredictionLog reopened(dir_.path(), clock_);
  EXPECT_EQ(reopened.Open("flights", {.happened = {kStart, kStart + 1}}).files.size(), 2u);
  EXPECT_EQ(reopened.Counts("flights"), (LogCounts{10, 10}));
}

TEST_F(PredictionLogTest, ASliceIsJoinedWithItsOutcomes) {
  clock_.Advance(100 * kHourMs);  // so that all outcomes are known
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 10);
  log.RecordOutcomes("flights", {{"p4", 5.0, kStart + 90 * kHourMs}}, "ben");
  PredictionReader reader(log);
  const LogSummary slice =
      reader.Summarize("flights", {{kStart + 2 * kHourMs, kStart + 5 * kHourMs}, ""});
  EXPECT_EQ(slice.predictions, 3);
  EXPECT_EQ(slice.outcomes, 3);
  ASSERT_TRUE(slice.outcome);
  EXPECT_EQ(*slice.outcome->max, 5) << "the newest outcome of p4";
  EXPECT_EQ(reader.Summarize("flights", {{}, "outcome > 0"}).predictions, 6);
}

TEST_F(PredictionLogTest, WhatHappenedBefore1970IsReadLikeTheRest) {
  PredictionLog log(dir_.path(), clock_);
  Prediction prediction = Sample(1);
  prediction.event_time_ms = -86'400'000;
  log.RecordPredictions({prediction});
  log.Compact();
  EXPECT_EQ(CountRows(log), 1);
  PredictionReader reader(log);
  EXPECT_EQ(reader.Summarize("flights", {}).first_ms, -86'400'000);
  EXPECT_EQ(reader.Summarize("flights", {{.from_ms = 0}, ""}).predictions, 0);
  EXPECT_EQ(reader.Recent("flights", 5).size(), 1u);
}

TEST_F(PredictionLogTest, FiguresThatWereKeptFollowTheLog) {
  clock_.Advance(48 * kHourMs);  // so that all outcomes are known
  PredictionLog log(dir_.path(), clock_);
  SummaryCache summaries(log, clock_);
  EXPECT_EQ(summaries.Get("flights", {}).predictions, 0);
  LogHours(log, 2);
  clock_.Advance(5);
  const LogSummary first = summaries.Get("flights", {});
  EXPECT_EQ(first.predictions, 2);
  EXPECT_EQ(first.as_of_ms, clock_.NowMs());
  clock_.Advance(5);
  EXPECT_EQ(summaries.Get("flights", {}).as_of_ms, first.as_of_ms) << "nothing has changed";
  LogHours(log, 1);
  EXPECT_EQ(summaries.Get("flights", {}).predictions, 3);
}

TEST_F(PredictionLogTest, FiguresOfALargeLogWaitForTheirTime) {
  clock_.Advance(48 * kHourMs);  // so that all outcomes are known
  PredictionLog log(dir_.path(), clock_);
  LogHours(log, 1);
  SummaryCache summaries(log, clock_, 2);
  EXPECT_EQ(summaries.Get("flights", {}).predictions, 1);
  LogHours(log, 2);
  clock_.Advance(5);
  EXPECT_EQ(summaries.Get("flights", {}).predictions, 1);
  EXPECT_EQ(summaries.Get("flights", {}).as_of_ms, clock_.NowMs() - 5);
  while (summaries.Get("flights", {}).predictions == 1) summaries.Refresh();
  EXPECT_EQ(summaries.Get("flights", {}).predictions, 3);
  EXPECT_EQ(summaries.Get("flights", {}).as_of_ms, clock_.NowMs());
}

// As it was written by hand, with zlib's CRC-32 of "prediction of 23 bytes..".
TEST(Segment, ItsFormIsTheOneOfEarlierReleases) {
  const std::string text = "rediction of 23 bytes..";
  const std::string bytes = "MWLOG\x01\r\n" + std::string("\x17\0\0\0", 4) +
                            "\x9A\x92\xE4\xD6"
                            "p" +
                            text;
  int records = 0;
  const int64_t lost = ReadSegmentBytes(bytes, [&](RecordKind kind, std::string_view record) {
    EXPECT_EQ(kind, RecordKind::kPrediction);
    EXPECT_EQ(record, text);
    ++records;
  });
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(records, 1);
}

TEST(RowFacts, OfRowsAtHandAreThoseOfTheirLines) {
  std::vector<Prediction> predictions;
  for (int i = 0; i < 40; ++i) {
    Prediction prediction = Sample(i);
    if (i % 7 == 3) prediction.endpoint = "other";
    if (i % 5 == 2) prediction.inputs.emplace_back("note", std::string("NaN"));
    if (i % 11 == 4) prediction.inputs[0].second = std::monostate();
    if (i == 20) prediction.outputs[0].second = true;  // a column of two types is a text
    if (i == 30) prediction.event_time_ms = 0;
    predictions.push_back(prediction);
  }
  RowFacts at_hand, of_lines;
  for (const Prediction& prediction : predictions) {
    at_hand.Add(prediction);
    of_lines.AddStored(RecordKind::kPrediction, ParseJson(EncodePrediction(prediction)));
  }
  const Outcome outcome{
      .value = 1.0, .kind = OutcomeKind::kFeedback, .key = OutcomeKey{"hour", "3"}};
  at_hand.Add("flights", outcome);
  of_lines.AddStored(RecordKind::kOutcome, ParseJson(EncodeOutcome("flights", outcome, "ana", 1)));
  EXPECT_EQ(at_hand.schemas, of_lines.schemas);
  EXPECT_EQ(at_hand.rows, of_lines.rows);
  EXPECT_EQ(at_hand.traits["flights"].key_inputs, of_lines.traits["flights"].key_inputs);
  EXPECT_EQ(at_hand.traits["flights"].has_feedback, of_lines.traits["flights"].has_feedback);
  EXPECT_EQ(at_hand.traits["flights"].has_sources, of_lines.traits["flights"].has_sources);
  ASSERT_EQ(at_hand.hours.size(), of_lines.hours.size());
  for (const auto& [place, hour] : at_hand.hours) {
    const HourOfRows& other = of_lines.hours[place];
    EXPECT_EQ(hour.rows, other.rows);
    EXPECT_EQ(hour.happened_first_ms, other.happened_first_ms);
    EXPECT_EQ(hour.happened_last_ms, other.happened_last_ms);
  }
  const Schema& flights = at_hand.schemas.at({RecordKind::kPrediction, "flights"});
  EXPECT_EQ(flights.at("input_note"), "DOUBLE");
  EXPECT_EQ(flights.at("output_probability"), "VARCHAR");
}

TEST(Segment, ATornTailIsLeftOut) {
  TempDir dir;
  const auto file = dir.path() / "1.log";
  {
    SegmentWriter writer(file);
    for (int i = 0; i < 5; ++i) writer.Append(RecordKind::kPrediction, std::string(100, 'a' + i));
    writer.Sync();
  }
  const std::string whole = ReadFile(file);
  for (size_t cut = 0; cut <= whole.size(); cut += 7) {
    int records = 0;
    const int64_t lost =
        ReadSegmentBytes(whole.substr(0, cut), [&](RecordKind, std::string_view r) {
          EXPECT_EQ(r, std::string(100, static_cast<char>('a' + records)));
          ++records;
        });
    EXPECT_EQ(records, cut < 8 ? 0 : static_cast<int>((cut - 8) / 109));
    EXPECT_EQ(lost, cut < 8 ? static_cast<int64_t>(cut) : static_cast<int64_t>((cut - 8) % 109));
  }
}

TEST(Segment, DamageNeverGivesARecordThatWasNotWritten) {
  TempDir dir;
  const auto file = dir.path() / "1.log";
  {
    SegmentWriter writer(file);
    for (int i = 0; i < 20; ++i) writer.Append(RecordKind::kOutcome, std::string(i * 13, 'x'));
    writer.Sync();
  }
  const std::string whole = ReadFile(file);
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    int records = 0;
    ReadSegmentBytes(damaged, [&](RecordKind, std::string_view record) {
      EXPECT_EQ(record, std::string(records * 13, 'x'));
      ++records;
    });
  }
}

TEST(Prediction, SecondNumbersHaveNamesOfTheirOwn) {
  const auto added = [](const SecondNumbers& seconds, NamedValues outputs) {
    AddProbabilities(seconds, &outputs);
    return outputs;
  };
  const Value list = std::string("[0.2,0.8]");
  EXPECT_EQ(added({{"p", 0.8}}, {{"p", list}}), (NamedValues{{"p", list}, {"probability", 0.8}}));
  EXPECT_EQ(
      added({{"a", 0.8}, {"b", 2.0}}, {{"a", list}, {"b", list}}),
      (NamedValues{{"a", list}, {"b", list}, {"a_probability", 0.8}, {"b_probability", 2.0}}));
  EXPECT_EQ(added({{"a", 0.8}}, {{"a", list}, {"Probability", 1.0}}),
            (NamedValues{{"a", list}, {"Probability", 1.0}, {"a_probability", 0.8}}));
}

TEST_F(PredictionLogTest, WritesNoColumnTwiceAndKeepsAllValues) {
  PredictionLog log(dir_.path(), clock_);
  Prediction odd = Sample(1);
  odd.inputs = {{"age", 1.0}, {"Age", 2.0}, {"age", 3.0}, {"age_2", 4.0}};
  odd.outputs = {{"probability", 0.5}, {"probability", 0.6}};
  log.RecordPredictions({odd});
  ASSERT_TRUE(log.Offer(odd));
  log.Flush();
  for (int round = 0; round < 2; ++round) {
    PredictionReader reader(log);
    const auto table = reader.Query("flights",
                                    "SELECT input_age, \"input_Age_3\", input_age_4, input_age_2, "
                                    "output_probability, output_probability_2 FROM predictions");
    ASSERT_EQ(table.row_count(), 2) << round;
    for (size_t row = 0; row < 2; ++row) {
      for (size_t column = 0; column < 4; ++column) {
        EXPECT_EQ(table.Double(row, column), static_cast<double>(column + 1)) << column;
      }
      EXPECT_EQ(table.Double(row, 5), 0.6);
    }
    log.Compact();
  }
  EXPECT_EQ(log.stats().set_aside, 0);
}

// As an earlier release wrote them: a column twice, bytes that are no text, and worse.
TEST_F(PredictionLogTest, WhatCannotBeReadKeepsNobodyElseFromBeingStored) {
  std::filesystem::create_directories(dir_.path() / "segments");
  {
    SegmentWriter segment(dir_.path() / "segments" / "00000001.log");
    Prediction good = Sample(1);
    segment.Append(RecordKind::kPrediction, EncodePrediction(good));
    Prediction twice = Sample(2);
    twice.endpoint = "twice";
    twice.outputs = {{"probability", 0.1}, {"probability", 0.2}};
    segment.Append(RecordKind::kPrediction, EncodePrediction(twice));
    for (int i = 3; i < 8; ++i) {
      Prediction bad = Sample(i);
      bad.endpoint = "bad";
      std::string line = EncodePrediction(bad);
      if (i == 5) {
        const std::string field = "\"latency_us\":";
        line.insert(line.find(field) + field.size(), "\"soon\",\"x\":");
      }
      segment.Append(RecordKind::kPrediction, line);
    }
    std::string bytes = EncodePrediction(Sample(9));
    bytes.insert(bytes.find("UA"), "\xff");
    segment.Append(RecordKind::kPrediction, bytes);
    segment.Sync();
  }
  PredictionLog log(dir_.path(), clock_);
  log.Compact();
  EXPECT_EQ(CountRows(log), 2);
  PredictionReader reader(log);
  EXPECT_EQ(reader
                .Query("twice",
                       "SELECT output_probability, output_probability_2 FROM "
                       "predictions")
                .Double(0, 1),
            0.2);
  EXPECT_EQ(reader.Query("bad", "SELECT id FROM predictions").row_count(), 4);
  EXPECT_EQ(log.stats().set_aside, 1);
  EXPECT_EQ(log.Counts("bad").predictions, 4);
  const std::string aside = ReadFile(dir_.path() / "aside" / "bad-00000001.jsonl");
  EXPECT_NE(aside.find("\"p5\""), std::string::npos);
  EXPECT_EQ(std::count(aside.begin(), aside.end(), '\n'), 1);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "segments" / "00000001.log"));
  // And it goes on.
  log.RecordPredictions({Sample(10)});
  log.Compact();
  EXPECT_EQ(CountRows(log), 3);
}

TEST_F(PredictionLogTest, LeavesOutWhatIsHiddenWhereverItComesFrom) {
  PredictionLogOptions options;
  options.hides = [](const std::string& endpoint, const std::string& column) {
    return endpoint == "flights" && column == "carrier";
  };
  PredictionLog log(dir_.path(), clock_, options);
  ASSERT_TRUE(log.Offer(Sample(1)));
  ASSERT_TRUE(log.OfferLater([] { return std::vector<Prediction>{Sample(2)}; }, 0));
  log.RecordPredictions({Sample(3)});
  log.Flush();
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "segments")) {
    const std::string bytes = ReadFile(entry.path());
    EXPECT_NE(bytes.find("input_hour"), std::string::npos);
    EXPECT_EQ(bytes.find("carrier"), std::string::npos);
    EXPECT_EQ(bytes.find("UA"), std::string::npos);
  }
  EXPECT_EQ(CountRows(log), 3);
  const Outcome by_carrier{.value = 1.0, .key = OutcomeKey{"carrier", "UA"}};
  EXPECT_THROW(log.RecordOutcomes("flights", {by_carrier}, "ana"), Error);
  log.RecordOutcomes("other", {by_carrier}, "ana");
}

TEST_F(PredictionLogTest, RefusesTimesThatCannotBe) {
  PredictionLog log(dir_.path(), clock_);
  log.RecordOutcomes("flights", {{"p1", 1.0, kStart + 600'000}}, "a clock that runs ahead");
  const auto refusal = [&](std::vector<Outcome> outcomes) {
    try {
      log.RecordOutcomes("flights", std::move(outcomes), "ana");
    } catch (const Error& error) {
      EXPECT_EQ(error.field(), "time_ms");
      return error.message();
    }
    return std::string();
  };
  EXPECT_NE(refusal({{"p1", 0.0, ParseTime("2090-01-01")}}).find("cannot be known at 2090-01-01"),
            std::string::npos);
  EXPECT_TRUE(refusal({{"p1", 0.0, 5}, {"p1", 0.0, -5}}).starts_with("Outcome 2 of 2: "));
  EXPECT_EQ(log.Counts("flights").outcomes, 1);
  Prediction early = Sample(1);
  early.time_ms = -5;
  EXPECT_THROW(log.RecordPredictions({Sample(2), early}), Error);
  EXPECT_EQ(log.Counts("flights").predictions, 0);
}

TEST_F(PredictionLogTest, CountsOutcomesThatMatchAPrediction) {
  PredictionLog log(dir_.path(), clock_);
  log.RecordPredictions({Sample(1), Sample(2), Sample(25)});  // hours 1, 2 and 1
  PredictionReader reader(log);
  const auto keyed = [](std::string value) {
    return Outcome{.value = 1.0, .time_ms = kStart + 60'000, .key = OutcomeKey{"hour", value}};
  };
  const std::vector<Outcome> outcomes = {
      {"p1", 1.0, kStart}, {"nobody", 1.0, kStart}, keyed("1"), keyed("7")};
  EXPECT_EQ(reader.CountMatched("flights", outcomes, kStart), 2);
  EXPECT_EQ(reader.CountMatched("flights", {keyed("9")}, kStart), 0);
}

}  // namespace
}  // namespace millwright::monitoring
