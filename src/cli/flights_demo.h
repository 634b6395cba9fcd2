#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "cli/console.h"
#include "cli/replay.h"

namespace millwright::cli {

// Walks the whole loop on real flights, step by step, by the command lines that a person would
// type; they are kept and printed at the end. Needs a server that answers.
class FlightsDemo {
 public:
  struct Options {
    std::filesystem::path examples;
    bool quick = false;
  };
  FlightsDemo(Console& console, Options options);

  // Returns 0 only if the loop closed: a retrained version was promoted, or the gate said hold, and
  // no request failed.
  int Run();

 private:
  void Collect();
  void Validate();
  void Split();
  void Train();
  void Register();
  void Deploy();
  void Watch();
  void Live();
  void Retrain();
  int Report();

  // Runs a command line as step `number` of the loop, with a progress bar of that title.
  Json Step(const std::string& title, std::vector<std::string> words);
  void EndEarlierRetraining();
  // Sends the next rows and, after them, what really happened.
  void SendChunk(size_t first, size_t last, int64_t requests_per_s);
  // The newest alert of this demo's monitor that is open, or null.
  Json OpenAlert();
  // The alert, of those opened with this one, that started a pipeline run; null until one has.
  Json AlertWithRun();
  std::string File(const std::string& name) const { return (options_.examples / name).string(); }

  Console& console_;
  const Options options_;
  const std::string tag_;  // tells this walk from earlier ones on the same server
  int step_ = 0;
  std::vector<std::string> lines_;

  std::string features_;  // dataset references
  std::string raw_;
  std::string run_id_;
  std::string version_;
  ReplayPlan plan_;
  std::vector<ReplayRow> rows_;
  size_t next_row_ = 0;
  int64_t requests_ = 0;
  int64_t failed_ = 0;
  std::string first_failure_;
  Json alert_;
  Json retraining_;  // the pipeline's run as it ended
};

}  // namespace millwright::cli
