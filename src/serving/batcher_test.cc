#include "serving/batcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::Signature;
using inference::Tensor;
using Outputs = Batcher::Outputs;

Signature Doubling() {
  return {.inputs = {{"x", inference::DataType::kFp32, {-1, 1}}},
          .outputs = {{"y", inference::DataType::kFp32, {-1, 1}}}};
}

InferRequest Row(float value) {
  return {.model = "doubling", .id = "id", .inputs = {Tensor::OfFloats("x", {1, 1}, {value})}};
}

// A model that doubles, notes the rows of its runs, refuses negative numbers and runs only while
// its door is open.
class Model {
 public:
  Outputs Run(const std::vector<Tensor>& inputs) {
    std::unique_lock lock(mutex_);
    runs_.push_back(inputs[0].shape[0]);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    std::vector<float> values(inputs[0].As<float>(),
                              inputs[0].As<float>() + inputs[0].element_count());
    for (float& value : values) {
      if (value < 0) throw Internal("negative: {}", value);
      value *= 2;
    }
    std::vector<Tensor> outputs;
    outputs.push_back(Tensor::OfFloats("y", inputs[0].shape, std::move(values)));
    return outputs;
  }
  void Close() {
    std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitRuns(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return runs_.size() >= count; });
  }
  std::vector<int64_t> runs() {
    std::lock_guard lock(mutex_);
    return runs_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::vector<int64_t> runs_;
};

constexpr double kLongUs = 100e6;  // a cost beside which no pause of the machine counts

// As measured of a model that gains much by batches, and takes long enough to be handed over.
BatchProbe Measured(double one_us, double many_us) {
  BatchProbe probe{.rows_are_apart = true};
  probe.costs.Add(1, one_us);
  probe.costs.Add(64, many_us);
  probe.gain.AddAlone(1, one_us);
  probe.gain.AddTogether(64, many_us);
  return probe;
}
BatchProbe FlatCosts() {
  return Measured(1000, 1200);
}
BatchProbe DearCosts() {
  return Measured(1000, 640'000);  // far from gaining, so that a slow run changes nothing
}

class BatcherFixture {
 public:
  explicit BatcherFixture(const BatchProbe& costs = FlatCosts(),
                          BatchingOptions options = {.threads = 1})
      : lane_("test-run", options.threads, 64),
        batcher_(std::make_shared<Batcher>(
            [this](const std::vector<Tensor>& inputs, const Json&) { return model.Run(inputs); },
            BatchRules(Doubling(), true, {}), costs, options, lane_, watch_)) {}

  std::future<Result<Outputs>> Ask(InferRequest request) {
    return Ask(std::move(request), batcher_);
  }
  std::future<Result<Outputs>> Ask(InferRequest request, std::shared_ptr<const void> keep) {
    auto promise = std::make_shared<std::promise<Result<Outputs>>>();
    auto future = promise->get_future();
    batcher_->Submit(
        std::move(request),
        [promise](InferRequest&, Batcher::Finished finished) {
          promise->set_value(std::move(finished.outputs));
        },
        std::move(keep));
    return future;
  }
  // Keeps the one thread busy, so that what comes next waits.
  std::future<Result<Outputs>> Hold() {
    model.Close();
    auto held = Ask(Row(0));
    model.AwaitRuns(1);
    return held;
  }
  BatchStatistics statistics() const { return batcher_->statistics(); }

  Model model;

 private:
  inference::RunWatch watch_;
  Lane lane_;
  std::shared_ptr<Batcher> batcher_;
};

float ValueOf(std::future<Result<Outputs>> future) {
  const auto outputs = future.get();
  return outputs ? *outputs->at(0).As<float>() : -1;
}

TEST(Batcher, HoldsWhatEachRequestGaveUntilItIsAnswered) {
  BatcherFixture fixture;
  auto held = fixture.Hold();  // the thread that works has come with what this one gave
  auto given = std::make_shared<const int>(0);
  const std::weak_ptr<const int> kept = given;
  auto asked = fixture.Ask(Row(1), std::move(given));
  EXPECT_FALSE(kept.expired());
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(asked)), 2);
  EXPECT_EQ(ValueOf(std::move(held)), 0);
}

TEST(Batcher, WhatCameDuringARunIsOneRun) {
  BatcherFixture fixture;
  auto held = fixture.Hold();
  std::vector<std::future<Result<Outputs>>> asked;
  for (int i = 1; i <= 5; ++i) asked.push_back(fixture.Ask(Row(static_cast<float>(i))));
  fixture.model.Open();
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(ValueOf(std::move(asked[static_cast<size_t>(i - 1)])), static_cast<float>(2 * i));
  }
  EXPECT_EQ(ValueOf(std::move(held)), 0);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 5}));
}

TEST(Batcher, AModelThatDoesNotGainRunsEachRequestAlone) {
  BatcherFixture fixture(DearCosts());
  auto held = fixture.Hold();
  auto a = fixture.Ask(Row(1));
  auto b = fixture.Ask(Row(2));
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(a)), 2);
  EXPECT_EQ(ValueOf(std::move(b)), 4);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 1, 1}));
}

TEST(Batcher, OffRunsEachRequestAlone) {
  BatcherFixture fixture(FlatCosts(), {.batching = Batching::kOff, .threads = 1});
  auto held = fixture.Hold();
  auto a = fixture.Ask(Row(1));
  auto b = fixture.Ask(Row(2));
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(a)), 2);
  EXPECT_EQ(ValueOf(std::move(b)), 4);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 1, 1}));
}

TEST(Batcher, ARunHasAtMostTheRowsThatItMay) {
  BatcherFixture fixture(FlatCosts(), {.rows_max = 2, .threads = 1});
  auto held = fixture.Hold();
  std::vector<std::future<Result<Outputs>>> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(fixture.Ask(Row(1)));
  fixture.model.Open();
  for (auto& one : asked) EXPECT_EQ(ValueOf(std::move(one)), 2);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 2, 2, 1}));
  EXPECT_EQ(fixture.statistics().ends[static_cast<size_t>(BatchEnd::kFull)], 2);
}

// Asks while as many runs as there may be are under way, and tells the rows of those that follow.
std::vector<int64_t> RunsOfSixBehind(const BatchProbe& costs) {
  BatcherFixture fixture(costs, {.threads = 2});
  fixture.model.Close();
  const size_t held = std::min(2U, std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::future<Result<Outputs>>> asked;
  for (size_t i = 1; i <= held; ++i) {
    asked.push_back(fixture.Ask(Row(1)));
    fixture.model.AwaitRuns(i);
  }
  for (int i = 0; i < 6; ++i) asked.push_back(fixture.Ask(Row(1)));
  fixture.model.Open();
  for (auto& one : asked) EXPECT_EQ(ValueOf(std::move(one)), 2);
  auto runs = fixture.model.runs();
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(held));
  return runs;
}

TEST(Batcher, ARunLeavesOthersTheirShare) {
  const auto runs = RunsOfSixBehind(Measured(kLongUs, 40 * kLongUs));
  const int64_t share = std::thread::hardware_concurrency() > 1 ? 3 : 6;
  EXPECT_EQ(*std::max_element(runs.begin(), runs.end()), share);
}

TEST(Batcher, ARunTakesAllWhereSmallOnesAreDear) {
  EXPECT_EQ(RunsOfSixBehind(FlatCosts()), (std::vector<int64_t>{6}));
}

TEST(Batcher, OneThatFailsTakesNoOtherWithIt) {
  BatcherFixture fixture;
  auto held = fixture.Hold();
  auto good = fixture.Ask(Row(1));
  auto bad = fixture.Ask(Row(-3));
  auto good_too = fixture.Ask(Row(2));
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(good)), 2);
  EXPECT_EQ(ValueOf(std::move(good_too)), 4);
  const auto failed = bad.get();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "negative: -3");
}

TEST(Batcher, ASingleCallerNeverWaitsForOthers) {
  BatcherFixture fixture(FlatCosts(),
                         {.batching = Batching::kOn, .delay_us = kBatchDelayUsMax, .threads = 1});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ValueOf(fixture.Ask(Row(1))), 2);
  EXPECT_EQ(fixture.statistics().ends[static_cast<size_t>(BatchEnd::kIdle)], 50);
  EXPECT_EQ(fixture.model.runs(), std::vector<int64_t>(50, 1));
}

TEST(Batcher, AShortRunIsDoneByTheCaller) {
  BatcherFixture fixture(Measured(2, 3));
  auto answered = fixture.Ask(Row(1));
  EXPECT_EQ(answered.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

TEST(Batcher, ARunThatNothingBoundsIsNotDoneByTheCaller) {
  BatchProbe probe = Measured(2, 3);
  probe.is_bounded = false;
  BatcherFixture fixture(probe);
  auto held = fixture.Hold();  // would never come back
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(held)), 0);
}

TEST(Batcher, CallersThatMayWaitDoNotQueueBehindARunThatDoesNotEnd) {
  BatcherFixture fixture(DearCosts(), {.threads = 1, .callers_wait = true});
  fixture.model.Close();
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&fixture] { EXPECT_EQ(ValueOf(fixture.Ask(Row(1))), 2); });
  }
  fixture.model.AwaitRuns(3);  // none of them has come back
  fixture.model.Open();
}

TEST(Batcher, RunsThatNothingBoundsAreOfOneRequestEach) {
  BatchProbe probe = FlatCosts();
  probe.is_bounded = false;
  BatcherFixture fixture(probe);
  auto held = fixture.Hold();
  auto a = fixture.Ask(Row(1));
  auto b = fixture.Ask(Row(2));
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(a)), 2);
  EXPECT_EQ(ValueOf(std::move(b)), 4);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 1, 1}));
}

TEST(Batcher, WhatCannotMakeItsDeadlineIsRefusedAtOnce) {
  BatcherFixture fixture;
  auto held = fixture.Hold();
  InferRequest hurried = Row(1);
  hurried.deadline_us = MonotonicUs() + 500;  // a run takes 1,000
  auto refused = fixture.Ask(std::move(hurried));
  ASSERT_EQ(refused.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(refused.get().error().code(), Code::kUnavailable);
  EXPECT_EQ(fixture.statistics().impossible, 1);
  fixture.model.Open();
}

TEST(Batcher, WhatComesBehindARunIsRefusedByTheTimeThatItStillTakes) {
  BatcherFixture fixture(Measured(kLongUs, 1.2 * kLongUs));
  auto held = fixture.Hold();
  InferRequest hurried = Row(1);
  hurried.deadline_us = MonotonicUs() + static_cast<int64_t>(1.5 * kLongUs);
  auto refused = fixture.Ask(std::move(hurried));
  ASSERT_EQ(refused.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(refused.get().error().code(), Code::kUnavailable);
  EXPECT_EQ(fixture.statistics().impossible, 1);
  fixture.model.Open();
}

TEST(Batcher, ManyRowsInTheQueueAreCountedByTheirRequests) {
  BatcherFixture fixture(Measured(kLongUs, 1.2 * kLongUs),
                         {.batching = Batching::kOff, .threads = 1});
  auto held = fixture.Hold();
  auto many = fixture.Ask({.model = "doubling",
                           .id = "id",
                           .inputs = {Tensor::OfFloats("x", {32, 1}, std::vector<float>(32, 1))}});
  InferRequest patient = Row(1);
  patient.deadline_us = MonotonicUs() + static_cast<int64_t>(4 * kLongUs);  // three runs
  auto answered = fixture.Ask(std::move(patient));
  fixture.model.Open();
  EXPECT_EQ(ValueOf(std::move(answered)), 2);
}

TEST(Batcher, ARunEndsBeforeTheDeadlineOfEachOfItsRequests) {
  BatcherFixture fixture(Measured(kLongUs, 32 * kLongUs));  // a further row takes half of the first
  auto held = fixture.Hold();
  InferRequest hurried = Row(1);
  hurried.deadline_us = MonotonicUs() + static_cast<int64_t>(3.2 * kLongUs);
  std::vector<std::future<Result<Outputs>>> asked;
  asked.push_back(fixture.Ask(std::move(hurried)));
  for (int i = 0; i < 5; ++i) asked.push_back(fixture.Ask(Row(1)));
  fixture.model.Open();
  for (auto& one : asked) EXPECT_EQ(ValueOf(std::move(one)), 2);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1, 5, 1}));
}

TEST(Batcher, WhoseTimePassedInTheQueueIsNotRun) {
  BatcherFixture fixture;
  auto held = fixture.Hold();
  InferRequest hurried = Row(1);
  hurried.deadline_us = MonotonicUs() + 20'000;
  const int64_t deadline_us = *hurried.deadline_us;
  auto late = fixture.Ask(std::move(hurried));
  while (MonotonicUs() <= deadline_us) std::this_thread::yield();
  fixture.model.Open();
  EXPECT_EQ(late.get().error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(fixture.statistics().late, 1);
  EXPECT_EQ(fixture.model.runs(), (std::vector<int64_t>{1}));
}

TEST(Batcher, AFullQueueRefuses) {
  BatcherFixture fixture;
  auto held = fixture.Hold();
  std::vector<std::future<Result<Outputs>>> asked;
  for (size_t i = 0; i < kBatchQueueMax; ++i) asked.push_back(fixture.Ask(Row(1)));
  const auto refused = fixture.Ask(Row(1)).get();
  EXPECT_EQ(refused.error().message(), "1024 requests wait for the model doubling, as many as may");
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  fixture.model.Open();
  for (auto& one : asked) EXPECT_EQ(ValueOf(std::move(one)), 2);
  EXPECT_EQ(fixture.statistics().refused, 1);
}

}  // namespace
}  // namespace millwright::serving
