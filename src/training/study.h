#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/process.h"
#include "training/search_space.h"
#include "training/trial.h"

namespace millwright::training {

// What a study searches: the content of its study.json.
struct StudySpec {
  std::string name;
  SearchSpace space;
  SamplerKind sampler = SamplerKind::kRandom;
  uint64_t seed = 0;
  int trial_count = 8;  // a grid is not walked twice: at most its size
  int parallel = 2;     // trials that run at once
  std::string metric = "validation_auc";
  bool maximize = true;
  int64_t trial_timeout_ms = 3'600'000;
  TrialSpec trial;  // number, params and folder are filled for each trial
};

enum class TrialState { kWaiting, kRunning, kSucceeded, kFailed };
std::string_view TrialStateName(TrialState state);

struct Trial {
  int number = 0;
  TrialState state = TrialState::kWaiting;
  Json params;
  std::filesystem::path folder;
  TrialResult result;               // once it has ended
  std::optional<double> objective;  // the study's metric, once it has succeeded with one
};

struct StudyCallbacks {
  // Makes the command of a trial's process from the path of its spec.json.
  std::function<ProcessSpec(const std::filesystem::path& spec_file)> command;
  // Fills the caller's `context` of a trial before it starts; may be empty.
  std::function<Json(const Trial&)> context;
  // Is told of each change of state, on the thread that runs the study; may be empty.
  std::function<void(const Trial&)> on_change;
};

// A search over parameters whose trials run as child processes. All state is in its folder:
// study.json, and for each trial trials/0007/ with spec.json, result.json and what the trial left.
// A study whose process was killed is opened again and goes on: trials with a result keep it,
// others start anew. A trial that crashes, hangs or fails is a failed trial; the study goes on. Not
// thread-safe.
class Study {
 public:
  // Opens the study in the folder or begins it. Throws kFailedPrecondition when the folder holds a
  // study of another spec (`parallel` may differ), kInvalidArgument for a spec that cannot be.
  Study(std::filesystem::path folder, StudySpec spec);

  // Runs what is left until all trials have ended or a stop is asked for, which kills the running
  // ones; they count as not begun.
  void Run(const StudyCallbacks& callbacks, const std::stop_token& stop = {});

  const std::vector<Trial>& trials() const { return trials_; }
  // The succeeded trial with the best objective, the first of equals; null when there is none.
  const Trial* best() const;

 private:
  struct Running;

  void OpenTrial(int number);
  Running Start(const StudyCallbacks& callbacks, Trial* trial);
  bool EndIfDone(const StudyCallbacks& callbacks, Running* running);
  void End(const StudyCallbacks& callbacks, Trial* trial, TrialResult result);

  std::filesystem::path folder_;
  StudySpec spec_;
  std::vector<Trial> trials_;
};

}  // namespace millwright::training
