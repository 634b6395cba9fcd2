#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace millwright::cli {

// A progress bar on standard error for one step of long work:
//   4/11 train        ████████████░░░░░░░░  5/8 trials   12.3 s
// On a terminal it is redrawn in place; elsewhere only the closing line is printed. Thread-safe.
class Progress {
 public:
  // A silent one draws nothing: for a step inside another that has a bar already.
  Progress(std::string title, bool interactive, bool silent = false);
  // Closes the line if Finish did not (an error passes through).
  ~Progress();

  // `share` of 1 that is done; a note such as "5/8 trials".
  void Update(double share, std::string_view note = "");
  // Closes the bar with what came out.
  void Finish(std::string_view result);

 private:
  void Draw(double share, std::string_view note);

  std::mutex mutex_;
  const std::string title_;
  const bool interactive_;
  const bool silent_;
  const int64_t start_us_;
  int64_t drawn_us_ = 0;
  bool open_ = true;
};

}  // namespace millwright::cli
