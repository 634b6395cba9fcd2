#include "serving/request_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

ModelInfoPtr Flights() {
  ModelInfo info{.name = "flights", .version = "3"};
  info.signature.inputs = {{"X", DataType::kFp32, {-1, 3}}};
  info.signature.outputs = {{"label", DataType::kInt64, {-1}}};
  info.signature.columns = {{"delay"}, {"carrier"}, {"distance"}};
  return std::make_shared<const ModelInfo>(std::move(info));
}

InferRequest Rows(const std::string& id, std::vector<float> values) {
  const auto rows = static_cast<int64_t>(values.size() / 3);
  return {.model = "flights",
          .id = id,
          .caller = "ann",
          .event_time_ms = 5,
          .inputs = {Tensor::OfFloats("X", {rows, 3}, std::move(values))}};
}

InferAnswer Labels(std::vector<int64_t> values) {
  Tensor label{.name = "label", .type = DataType::kInt64};
  label.shape = {static_cast<int64_t>(values.size())};
  label.data.resize(values.size() * sizeof(int64_t));
  std::copy(values.begin(), values.end(), label.As<int64_t>());
  InferAnswer answer{.model_version = "3"};
  answer.outputs.push_back(std::move(label));
  return answer;
}

// What a folder's segments hold, a request a line.
std::vector<std::string> Read(const std::filesystem::path& folder) {
  std::vector<std::string> lines;
  for (const auto& segment : RequestSegments(folder)) {
    ReadRequestSegment(segment, [&](const StoredRequest& stored) {
      const auto& one = stored.prediction;
      std::string line =
          fmt::format("{} {}@{} {} {} {} {}us", one.id, one.endpoint, one.model_version, one.caller,
                      one.time_ms, one.event_time_ms, one.latency_us);
      for (const Tensor& input : *one.inputs) {
        for (size_t i = 0; i < input.element_count(); ++i) {
          line += fmt::format(" {}", input.As<float>()[i]);
        }
      }
      line += " ->";
      for (const Tensor& output : one.outputs) {
        for (size_t i = 0; i < output.element_count(); ++i) {
          line += fmt::format(" {}", output.As<int64_t>()[i]);
        }
      }
      if (!one.trace_id.empty()) line += " of " + one.trace_id;
      lines.push_back(line + stored.error);
    });
  }
  return lines;
}

TEST(RequestLog, KeepsWhatWasAskedAndAnswered) {
  TempDir dir;
  {
    RequestLog log({.folder = dir.path()});
    const auto model = log.Register(Flights());
    const InferRequest asked = Rows("a", {1, 2, 3, 4, 5, 6});
    const InferAnswer answer = Labels({0, 1});
    log.Take(*model, {.request = asked, .answer = &answer, .time_ms = 7, .latency_us = 80});
    const InferRequest refused = Rows("b", {1, 2, 3});
    log.Take(*model, {.request = refused, .error = "no", .time_ms = 8, .latency_us = 9});
  }
  EXPECT_EQ(Read(dir.path()),
            (std::vector<std::string>{"a flights@3 ann 7 5 80us 1 2 3 4 5 6 -> 0 1",
                                      "b flights@3 ann 8 5 9us 1 2 3 ->no"}));
}

TEST(RequestLog, KeepsTheTraceThatARequestIsPartOf) {
  TempDir dir;
  {
    RequestLog log({.folder = dir.path()});
    const auto model = log.Register(Flights());
    InferRequest asked = Rows("a", {1, 2, 3});
    asked.trace = TraceContext{.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", .span_id = ""};
    const InferAnswer answer = Labels({0});
    log.Take(*model, {.request = asked, .answer = &answer, .time_ms = 7, .latency_us = 80});
    asked.trace.reset();
    log.Take(*model, {.request = asked, .answer = &answer, .time_ms = 7, .latency_us = 80});
  }
  const std::string line = "a flights@3 ann 7 5 80us 1 2 3 -> 0";
  EXPECT_EQ(Read(dir.path()),
            (std::vector<std::string>{line + " of 4bf92f3577b34da6a3ce929d0e0e4736", line}));
}

TEST(RequestLog, LeavesRedactedColumnsOutAndCountsTheOthers) {
  TempDir dir;
  std::vector<ColumnCounts> counts;
  {
    RequestLog log({.folder = dir.path(),
                    .rules = LoggingRules({}, {"carrier", "flights:label", "other:delay"})});
    const auto model = log.Register(Flights());
    const InferRequest asked = Rows("a", {1, 2, 3, NAN, 5, 9});
    const InferAnswer answer = Labels({0, 1});
    log.Take(*model, {.request = asked, .answer = &answer, .time_ms = 7});
    while (log.stats().written < 1) std::this_thread::yield();
    counts = model->counters().Read();
  }
  EXPECT_EQ(Read(dir.path()),
            (std::vector<std::string>{"a flights@3 ann 7 5 0us 1 nan 3 nan nan 9 ->"}));
  const std::string bytes = ReadFile(RequestSegments(dir.path())[0]);
  const float secret = 5;
  EXPECT_EQ(bytes.find(std::string(reinterpret_cast<const char*>(&secret), sizeof secret)),
            std::string::npos);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].column, "delay");
  EXPECT_EQ(counts[0].count, 1);
  EXPECT_EQ(counts[0].missing, 1);
  EXPECT_EQ(counts[1].column, "distance");
  EXPECT_EQ(counts[1].sum, 12);
  EXPECT_EQ(counts[1].sum_of_squares, 90);
  EXPECT_EQ(counts[1].min, 3);
  EXPECT_EQ(counts[1].max, 9);
}

TEST(RequestLog, KeepsTheShareThatTheIdsDecide) {
  TempDir dir;
  const LoggingRules rules({"0.25"}, {});
  int64_t kept = 0;
  {
    RequestLog log({.folder = dir.path(), .rules = rules});
    const auto model = log.Register(Flights());
    for (int i = 0; i < 500; ++i) {
      const InferRequest asked = Rows("id-" + std::to_string(i), {1, 2, 3});
      log.Take(*model, {.request = asked});
      kept += rules.Keeps("flights", asked.id) ? 1 : 0;
    }
  }
  EXPECT_EQ(static_cast<int64_t>(Read(dir.path()).size()), kept);
}

// A request that finds no room is dropped and counted; none is lost in silence.
TEST(RequestLog, DropsAndCountsWhatFindsNoRoom) {
  TempDir dir;
  RequestLogStats stats;
  constexpr int64_t kRequests = 4000;
  {
    RequestLog log({.folder = dir.path()});
    const auto model = log.Register(Flights());
    const InferRequest large = Rows("large", std::vector<float>(3 * 80'000));  // 960 kB
    for (int64_t i = 0; i < kRequests; ++i) log.Take(*model, {.request = large});
    const InferRequest too_large = Rows("x", std::vector<float>(3 * 100'000));
    log.Take(*model, {.request = too_large});
    stats = log.stats();
    EXPECT_EQ(stats.offered, kRequests + 1);
    EXPECT_GE(stats.dropped, 1);
    const int64_t taken = stats.offered - stats.dropped;
    while (log.stats().written < taken) std::this_thread::yield();
    EXPECT_EQ(log.stats().written, taken);
    EXPECT_EQ(log.stats().lost, 0);
  }
}

TEST(RequestLog, WhatWasWrittenSurvivesKill) {
  TempDir dir;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    RequestLog log({.folder = dir.path()});
    const auto model = log.Register(Flights());
    const InferAnswer answer = Labels({1});
    for (int64_t i = 0;; ++i) {
      const InferRequest asked = Rows(std::to_string(i), {1, 2, 3});
      log.Take(*model, {.request = asked, .answer = &answer});
      const int64_t written = log.stats().written;
      if (i % 1000 == 999 && write(ready[1], &written, sizeof written) < 0) _exit(1);
    }
  }
  int64_t written = 0;
  while (written < 20'000) {
    ASSERT_EQ(read(ready[0], &written, sizeof written), static_cast<ssize_t>(sizeof written));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  const auto lines = Read(dir.path());
  ASSERT_GE(lines.size(), static_cast<size_t>(written));
  EXPECT_EQ(lines[0], "0 flights@3 ann 0 5 0us 1 2 3 -> 1");
  // Who starts again goes on in a segment of its own.
  RequestLog log({.folder = dir.path()});
  EXPECT_EQ(RequestSegments(dir.path()).size(), 2U);
}

TEST(RequestLog, ATornTailIsLeftOut) {
  TempDir dir;
  {
    RequestLog log({.folder = dir.path()});
    const auto model = log.Register(Flights());
    for (const char* id : {"a", "b"}) {
      const InferRequest asked = Rows(id, {1, 2, 3});
      log.Take(*model, {.request = asked});
    }
  }
  const auto segment = RequestSegments(dir.path())[0];
  const std::string whole = ReadFile(segment);
  for (size_t cut = 1; cut <= whole.size(); ++cut) {
    std::ofstream(segment, std::ios::binary | std::ios::trunc)
        .write(whole.data(), static_cast<std::streamsize>(whole.size() - cut));
    EXPECT_LE(Read(dir.path()).size(), 1U);
  }
  std::string flipped = whole;
  flipped[flipped.size() - 3] ^= 1;
  std::ofstream(segment, std::ios::binary | std::ios::trunc) << flipped;
  EXPECT_EQ(Read(dir.path()).size(), 1U);
}

TEST(RequestLog, AFolderThatIsTakenAwayEndsNothing) {
  TempDir dir;
  const auto folder = dir.path() / "log";
  RequestLog log({.folder = folder});
  const auto model = log.Register(Flights());
  std::filesystem::remove_all(folder);
  // More than a segment takes, so that a new one is made.
  const InferRequest large = Rows("large", std::vector<float>(3 * 80'000));
  const int64_t enough = kRequestSegmentBytesMax / 960'000 + 16;
  while (log.stats().written < enough) log.Take(*model, {.request = large});
  EXPECT_EQ(RequestSegments(folder).size(), 1U);
}

TEST(RequestLog, RemovesTheOldestSegments) {
  TempDir dir;
  for (int i = 1; i <= 3; ++i) {
    std::ofstream(dir.path() / fmt::format("0000000{}.requests", i)) << std::string(1 << 20, 'x');
  }
  RequestLog log({.folder = dir.path(), .folder_bytes_max = kRequestSegmentBytesMax + (2 << 20)});
  std::vector<std::string> names;
  for (const auto& segment : RequestSegments(dir.path())) names.push_back(segment.filename());
  EXPECT_EQ(names, (std::vector<std::string>{"00000002.requests", "00000003.requests",
                                             "00000004.requests"}));
}

// What the request's thread pays, with the writer at work beside it.
TEST(RequestLog, TakesMicroseconds) {
  TempDir dir;
  RequestLog log({.folder = dir.path()});
  const auto model = log.Register(Flights());
  const InferAnswer answer = Labels({1});
  const InferRequest asked = Rows("0123456789abcdef0123456789abcdef", {1, 2, 3});
  std::vector<int64_t> nanos;
  for (int i = 0; i < 50'000; ++i) {
    const auto start = std::chrono::steady_clock::now();
    log.Take(*model, {.request = asked, .answer = &answer});
    nanos.push_back((std::chrono::steady_clock::now() - start).count());
  }
  std::sort(nanos.begin(), nanos.end());
  RecordProperty("p50_ns", static_cast<int>(nanos[nanos.size() / 2]));
  RecordProperty("p99_ns", static_cast<int>(nanos[nanos.size() * 99 / 100]));
  EXPECT_LT(nanos[nanos.size() / 2], 20'000);  // on a machine that does other things, too
}

}  // namespace
}  // namespace millwright::serving
