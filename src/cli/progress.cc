#include "cli/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr int kBarCells = 20;
constexpr int64_t kRedrawUs = 50'000;
constexpr size_t kTitleWidth = 24;

}  // namespace

Progress::Progress(std::string title, bool interactive, bool silent)
    : title_(std::move(title)),
      interactive_(interactive && !silent),
      silent_(silent),
      start_us_(MonotonicUs()) {
  Draw(0, "");
}

Progress::~Progress() {
  std::lock_guard lock(mutex_);
  if (open_ && interactive_) fmt::print(stderr, "\n");
}

void Progress::Update(double share, std::string_view note) {
  std::lock_guard lock(mutex_);
  const int64_t now_us = MonotonicUs();
  if (!open_ || now_us - drawn_us_ < kRedrawUs) return;
  drawn_us_ = now_us;
  Draw(share, note);
}

void Progress::Finish(std::string_view result) {
  std::lock_guard lock(mutex_);
  open_ = false;
  if (silent_) return;
  const std::string pad(kTitleWidth - std::min(kTitleWidth, DisplayWidth(title_)), ' ');
  fmt::print(stderr, "{}{}{} {}  ({})\n", interactive_ ? "\r\033[K" : "", title_, pad, result,
             FormatDuration((MonotonicUs() - start_us_) / 1000));
}

void Progress::Draw(double share, std::string_view note) {
  if (!interactive_) return;
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarCells);
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < filled ? "█" : "░";
  const std::string pad(kTitleWidth - std::min(kTitleWidth, DisplayWidth(title_)), ' ');
  fmt::print(stderr, "\r\033[K{}{} {}  {}  {}", title_, pad, bar, note,
             FormatDuration((MonotonicUs() - start_us_) / 1000));
  std::fflush(stderr);
}

}  // namespace millwright::cli
