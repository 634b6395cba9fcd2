#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "analytics/session.h"
#include "cli/progress.h"
#include "cli/stop_signals.h"

namespace millwright::cli {

// While it lives, what a session works at is drawn in a progress bar, and a signal interrupts the
// query that runs, which then throws kAborted; one that does not end within five seconds takes the
// whole process with it.
class SessionWatch {
 public:
  // Both outlive this.
  SessionWatch(analytics::Session& session, Progress& progress);

  // Begins a step at a share of 1 that is done. The session's own progress is drawn within `step`
  // of what follows; of a step whose length nobody knows it stands in the note. Throws kAborted
  // once a signal came.
  void Tell(double share, std::string_view note, double step = 0);

 private:
  void Draw(const std::stop_token& over);

  analytics::Session& session_;
  Progress& progress_;
  StopOnSignal signals_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  double share_ = 0;
  double step_ = 0;
  std::string note_;
  std::jthread drawer_;
};

}  // namespace millwright::cli
