#include "inference/run_limit.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/lane.h"

namespace millwright::inference {
namespace {

thread_local RunLimit* of_this_thread = nullptr;

}  // namespace

RunWatch::~RunWatch() {
  {
    std::lock_guard lock(mutex_);
    CHECK(limits_.empty());
    is_over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RunWatch::EndAll() {
  std::lock_guard lock(mutex_);
  is_ending_ = true;
  for (const auto& [until_us, limit] : limits_) Pass(limit);
}

void RunWatch::Pass(RunLimit* limit) {
  if (std::exchange(limit->has_passed_, true)) return;
  if (limit->stop_) limit->stop_();
}

void RunWatch::Add(RunLimit* limit) {
  std::lock_guard lock(mutex_);
  limit->place_ = limits_.emplace(limit->time_.until_us, limit);
  if (is_ending_) Pass(limit);
  if (!thread_.joinable()) thread_ = std::thread([this] { Watch(); });
  // Seldom: limits come in the order in which they pass.
  if (limit->time_.until_us < wakes_us_) changed_.notify_all();
}

void RunWatch::Remove(RunLimit* limit) {
  std::lock_guard lock(mutex_);
  limits_.erase(limit->place_);
}

void RunWatch::Watch() {
  NameThisThread("run-watch");
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    // Those that have passed stay until their run has ended; they are few.
    const int64_t now_us = MonotonicUs();
    auto next = limits_.begin();
    for (; next != limits_.end() && (next->second->has_passed_ || next->first <= now_us); ++next) {
      Pass(next->second);
    }
    if (next == limits_.end()) {
      wakes_us_ = INT64_MAX;
      changed_.wait(lock);
    } else {
      wakes_us_ = next->first;
      changed_.wait_for(lock, std::chrono::microseconds(wakes_us_ - now_us));
    }
  }
}

RunLimit::RunLimit(RunWatch& watch, const RunTime& time) : watch_(watch), time_(time) {
  CHECK(of_this_thread == nullptr);
  watch_.Add(this);
  of_this_thread = this;
}

RunLimit::~RunLimit() {
  of_this_thread = nullptr;
  watch_.Remove(this);
}

RunLimit* RunLimit::OfThisThread() {
  return of_this_thread;
}

bool RunLimit::has_passed() const {
  std::lock_guard lock(watch_.mutex_);
  return has_passed_;
}

std::string RunLimit::Reason() const {
  std::lock_guard lock(watch_.mutex_);
  if (watch_.is_ending_) return "The model was stopped, as its server ends";
  return fmt::format("The model was stopped, for it took longer than {} ms ({})", time_.ms,
                     time_.set_by);
}

void RunLimit::SetStop(std::function<void()> stop) {
  std::lock_guard lock(watch_.mutex_);
  stop_ = std::move(stop);
  if (has_passed_ && stop_) stop_();
}

}  // namespace millwright::inference
