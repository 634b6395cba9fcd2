#pragma once

namespace millwright::cli {

// The exit status of a command that decided against going on, though nothing failed: a challenger
// that is not better, a canary that saw no traffic. A pipeline's run ends as held by it
// (pipelines::kHeldExitCode).
inline constexpr int kHold = 99;

}  // namespace millwright::cli
