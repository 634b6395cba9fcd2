#pragma once

#include <atomic>
#include <csignal>

namespace millwright::cli {

// Counts Ctrl-C while it lives: the first lets long work end tidily, the second ends the program.
class Interruption {
 public:
  Interruption() { previous_ = std::signal(SIGINT, Handle); }
  ~Interruption() { std::signal(SIGINT, previous_); }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  static bool asked() { return asked_; }

 private:
  static void Handle(int) {
    asked_ = true;
    std::signal(SIGINT, SIG_DFL);
  }
  static inline std::atomic<bool> asked_ = false;
  void (*previous_)(int);
};

}  // namespace millwright::cli
