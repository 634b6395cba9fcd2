#include "monitoring/prediction_import.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "monitoring/prediction_reader.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kNow = 1'000'000'000'000;

class PredictionImportTest : public ::testing::Test {
 protected:
  ImportResult Import(const std::string& name, const std::string& text,
                      const ImportRules& rules = {}, const std::string& log = "shop") {
    const auto file = dir_.path() / name;
    std::ofstream(file) << text;
    return import_.Import(log, file, rules, "ana");
  }
  std::string Ask(const std::string& sql, const std::string& log = "shop") {
    const auto table = reader_.Query(log, sql);
    std::string text;
    for (size_t row = 0; row < table.row_count(); ++row) {
      for (size_t i = 0; i < table.columns().size(); ++i) text += table.Text(row, i) + " ";
      text += "| ";
    }
    return text;
  }

  TempDir dir_;
  ManualClock clock_{kNow};
  PredictionLog log_{dir_.path() / "log", clock_};
  PredictionReader reader_{log_};
  PredictionImport import_{log_, clock_};
};

TEST_F(PredictionImportTest, ATableOfSomebodyElseIsReadByNamedColumns) {
  const std::string csv =
      "order,at,amount,country,score,fraud\n"
      "a1,2001-09-09 01:46:40,10.5,DE,0.2,0\n"
      "a2,2001-09-09 01:46:41,,FR,0.9,1\n"
      "a3,2001-09-09T01:46:42Z,7,DE,0.4,\n";
  const ImportRules rules{.id = "order", .time = "at", .outcome = "fraud", .outputs = {"score"}};
  const ImportResult first = Import("orders.csv", csv, rules);
  EXPECT_EQ(first.predictions, 3);
  EXPECT_EQ(first.outcomes, 2);
  EXPECT_EQ(Ask("SELECT id, time_ms, event_time_ms, input_amount, input_country, output_score, "
                "outcome, caller FROM predictions ORDER BY id"),
            "a1 1000000000000 1000000000000 10.5 DE 0.2 0.0 ana | "
            "a2 1000000001000 1000000001000  FR 0.9 1.0 ana | "
            "a3 1000000002000 1000000002000 7.0 DE 0.4  ana | ");
  const ImportResult again =
      Import("orders.csv", csv + "a4,2001-09-09 01:46:43,1,IT,0.1,0\n", rules);
  EXPECT_EQ(again.predictions, 1);
  EXPECT_EQ(again.known, 3);
}

TEST_F(PredictionImportTest, WhatWasExportedIsReadBack) {
  Prediction prediction{
      .id = "p1",
      .endpoint = "shop",
      .model_version = "7",
      .time_ms = kNow,
      .event_time_ms = kNow - 1000,
      .latency_us = 1500,
      .caller = "till",
      .inputs = {{"amount", 3.5}, {"country", std::string("DE, \"x\"")}, {"new", true}},
      .outputs = {{"score", 0.25}, {"label", std::string("ok")}}};
  log_.RecordPredictions({prediction});
  log_.RecordOutcomes("shop", {{"p1", std::string("bad"), kNow}}, "ben");
  for (const char* name : {"out.parquet", "out.csv", "out.jsonl"}) {
    const auto file = dir_.path() / name;
    EXPECT_EQ(reader_.Export("shop", {}, file), 1);
    const std::string other = "copy-" + file.extension().string().substr(1);
    const ImportResult result = import_.Import(other, file, {}, "ana");
    EXPECT_EQ(result.predictions, 1) << name;
    EXPECT_EQ(result.outcomes, 1) << name;
    const auto read = reader_.Recent(other, 1)[0];
    EXPECT_EQ(read.id, "p1");
    EXPECT_EQ(read.model_version, "7");
    EXPECT_EQ(read.event_time_ms, kNow - 1000);
    EXPECT_EQ(read.latency_us, 1500);
    EXPECT_EQ(read.caller, "till");
    EXPECT_EQ(read.inputs, prediction.inputs) << name;
    EXPECT_EQ(read.outputs, (NamedValues{{"label", std::string("ok")}, {"score", 0.25}})) << name;
    EXPECT_EQ(read.outcome, Value(std::string("bad")));
  }
}

TEST_F(PredictionImportTest, IdsAndOutcomesOfACsvAreTakenAsTheyAreWritten) {
  EXPECT_EQ(Import("x.csv", "id,a,outcome\n007,1,yes\n008,2,no\n009,3,1.5\n").outcomes, 3);
  EXPECT_EQ(Ask("SELECT id, input_a, outcome, outcome_text FROM predictions ORDER BY id"),
            "007 1.0  yes | 008 2.0  no | 009 3.0 1.5  | ");
}

TEST_F(PredictionImportTest, LinesMayHoldObjects) {
  const ImportResult result = Import(
      "rows.jsonl",
      "{\"id\":\"1\",\"time_ms\":1000,\"inputs\":{\"a\":1,\"b\":[1,2]},\"outputs\":{\"y\":\"no\"}}"
      "\n"
      "{\"id\":\"2\",\"time_ms\":\"soon\",\"inputs\":{\"a\":2},\"outputs\":{\"y\":\"yes\"}}\n"
      "{\"id\":\"1\",\"time_ms\":3000,\"inputs\":{\"a\":3},\"outputs\":{\"y\":\"yes\"}}\n"
      "{\"inputs\":{\"a\":4}}\n");
  EXPECT_EQ(result.predictions, 2);
  EXPECT_EQ(result.known, 1);
  EXPECT_EQ(result.refused, 1);
  EXPECT_EQ(result.refusal, "Row 2: its time cannot be read");
  EXPECT_EQ(Ask("SELECT time_ms, input_a, input_b, output_y FROM predictions ORDER BY time_ms"),
            "1000 1.0 [1,2] no | 1000000000000 4.0   | ");
}

TEST_F(PredictionImportTest, AFileThatCannotBeReadIsNamedAsItWasSent) {
  try {
    Import("rows.jsonl", "{\"id\":\"1\",\"a\":1}\n{\"id\":\"2\", oops\n");
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_EQ(error.message(), "rows.jsonl line 2: unexpected character");
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM predictions"), "0 | ");
}

TEST_F(PredictionImportTest, ATimeMayHaveAnOffset) {
  const ImportResult csv =
      Import("x.csv",
             "id,time_ms,a\n1,2026-01-02T03:04:05+02:00,1\n2,2026-01-02T03:04:05Z,1\n"
             "3,2026-01-02 03:04:05,1\n4,soon,1\n5,1000,1\n");
  EXPECT_EQ(csv.refusal, "Row 4: its time cannot be read");
  const ImportResult lines =
      Import("x.jsonl",
             "{\"id\":\"6\",\"time_ms\":\"2026-01-02T03:04:05+02:00\",\"a\":1}\n"
             "{\"id\":\"7\",\"time_ms\":\"2026-01-02 03:04:05\",\"a\":1}\n");
  EXPECT_EQ(lines.predictions, 2);
  EXPECT_EQ(Ask("SELECT id, time_ms FROM predictions ORDER BY id"),
            "1 1767315845000 | 2 1767323045000 | 3 1767323045000 | 5 1000 | 6 1767315845000 | "
            "7 1767323045000 | ");
}

TEST_F(PredictionImportTest, ARowThatCannotBeReadIsRefusedAndTheOthersAreKept) {
  const ImportResult result = Import("rows.jsonl",
                                     "{\"id\":\"1\",\"time_ms\":1000,\"inputs\":{\"a\":1}}\n"
                                     "{\"id\":\"2\",\"time_ms\":-5,\"inputs\":{\"a\":2}}\n"
                                     "{\"id\":\"3\",\"time_ms\":3000,\"inputs\":{\"a\":3}}\n");
  EXPECT_EQ(result.predictions, 2);
  EXPECT_EQ(result.refused, 1);
  EXPECT_EQ(result.refusal, "Row 2: its time is before 1970");
}

// Whatever the first 20,000 rows look like.
TEST_F(PredictionImportTest, ALateFractionIsNotRoundedAndALateWordIsKept) {
  for (const char* name : {"rows.jsonl", "rows.json"}) {
    std::string lines;
    for (int i = 0; i < 25'000; ++i) {
      lines += fmt::format("{{\"id\":\"{}\",\"time_ms\":{},\"input_x\":{}{}}}\n", i, kNow + i,
                           i < 24'999 ? "1" : "2.5", i < 24'999 ? "" : ",\"input_late\":\"word\"");
    }
    const std::string log = std::filesystem::path(name).extension().string().substr(1);
    EXPECT_EQ(Import(name, lines, {}, log).predictions, 25'000) << name;
    EXPECT_EQ(Ask("SELECT input_x, input_late FROM predictions ORDER BY time_ms DESC LIMIT 2", log),
              "2.5 word | 1.0  | ")
        << name;
  }
}

TEST_F(PredictionImportTest, EachLineSaysForItselfWhatItsValuesAre) {
  const ImportResult result = Import(
      "rows.jsonl",
      "{\"id\":1,\"at\":\"2001-09-09T01:46:40Z\",\"x\":1,\"latency_us\":\"12\",\"caller\":\"\"}\n"
      "\n"
      "{\"x\":\"word\",\"at\":1000000001000,\"id\":\"1\"}\r\n"
      "{\"x\":true,\"id\":2.5,\"at\":1000000002000.4,\"latency_us\":7.6,\"outcome\":\"bad\"}\n"
      "{\"at\":\"soon\"}",
      {.time = "at"});
  EXPECT_EQ(result.predictions, 2);
  EXPECT_EQ(result.known, 1);
  EXPECT_EQ(result.refusal, "Row 4: its time cannot be read");
  EXPECT_EQ(Ask("SELECT id, time_ms, input_x, latency_us, caller, outcome_text FROM predictions "
                "ORDER BY time_ms"),
            "1 1000000000000 1.0 12   | 2.5 1000000002000 true 8 ana bad | ");
}

// Python writes NaN and Infinity without quotes.
TEST_F(PredictionImportTest, LinesThatAreNotQuiteJsonAreReadAsBefore) {
  EXPECT_EQ(Import("rows.jsonl",
                   "{\"id\":\"1\",\"time_ms\":1000,\"input_x\":Infinity}\n"
                   "{\"id\":\"2\",\"time_ms\":2000,\"input_x\":0.5}\n")
                .predictions,
            2);
  EXPECT_EQ(Ask("SELECT id, input_x FROM predictions ORDER BY id"), "1 inf | 2 0.5 | ");
}

TEST_F(PredictionImportTest, AFileThatCannotBeReadLeavesNothing) {
  EXPECT_THROW(Import("x.csv", "id,a\n1,2\n", {.time = "when"}), Error);
  EXPECT_THROW(Import("x.csv", "id,a\n1,2\n", {.outputs = {"score"}}), Error);
  EXPECT_THROW(Import("x.parquet", "PAR1 not really PAR1"), Error);
  EXPECT_THROW(Import("x.jsonl", "{\"id\":\"1\"}\n{\"id\":"), Error);
  EXPECT_THROW(Import("x.txt", "id\n1\n"), Error);
  EXPECT_EQ(Import("empty.csv", "id,a\n").predictions, 0);
  EXPECT_EQ(log_.Counts("shop"), LogCounts());
}

// A sketch says 27 of 24 hours.
TEST_F(PredictionImportTest, DistinctValuesAreCountedExactly) {
  std::string csv = "id,time_ms,hour,day,amount,output_probability\n";
  for (int i = 0; i < 5000; ++i) {
    csv += fmt::format("{},{},{},d{},{},0.5\n", i, kNow + i, i % 24, i % 31, i * 0.25);
  }
  Import("rows.csv", csv);
  std::map<std::string, int64_t> distinct;
  for (const ColumnSummary& column : reader_.Summarize("shop", {}).inputs) {
    distinct[column.name] = column.distinct;
    EXPECT_FALSE(column.is_distinct_approximate);
  }
  EXPECT_EQ(distinct,
            (std::map<std::string, int64_t>{{"amount", 5000}, {"day", 31}, {"hour", 24}}));
}

TEST_F(PredictionImportTest, ASliceIsSummarized) {
  std::string csv = "id,time_ms,latency_us,hour,carrier,output_probability,outcome\n";
  for (int i = 0; i < 100; ++i) {
    csv += fmt::format("{},{},{},{},{},{},{}\n", i, kNow + i * 1000, 1000 + i, i % 24,
                       i % 4 == 0 ? "UA" : "AA", i / 100.0, i < 50 ? (i % 2 ? "1" : "0") : "");
  }
  EXPECT_EQ(Import("rows.csv", csv).predictions, 100);
  const LogSummary all = reader_.Summarize("shop", {});
  EXPECT_EQ(all.predictions, 100);
  EXPECT_EQ(all.outcomes, 50);
  EXPECT_EQ(*all.positive_rate_predicted, 0.5);
  EXPECT_EQ(all.inputs.size(), 2u);
  EXPECT_EQ(all.inputs[0].top[0], (std::pair<std::string, int64_t>("AA", 75)));
  EXPECT_EQ(*all.inputs[1].max, 23);
  EXPECT_EQ(*all.outcome->mean, 0.5);
  EXPECT_EQ(*all.first_ms, kNow);
  const LogSummary some = reader_.Summarize(
      "shop", {.happened = {kNow + 10'000, kNow + 60'000}, .where = "input_carrier = 'UA'"});
  EXPECT_EQ(some.predictions, 12);
  for (const char* where : {"nonsense", "1) OR (1=1", "true; DROP VIEW predictions",
                            "id IN (SELECT * FROM read_csv('/etc/passwd'))"}) {
    EXPECT_THROW(reader_.Summarize("shop", {.where = where}), Error) << where;
  }
}

}  // namespace
}  // namespace millwright::monitoring
