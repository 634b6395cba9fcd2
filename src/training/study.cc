#include "training/study.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace millwright::training {
namespace {

constexpr char kStudyFile[] = "study.json";
constexpr int kParallelMax = 64;
constexpr int64_t kPollMs = 20;
constexpr int64_t kStopGraceMs = 2'000;
constexpr size_t kLogTailBytes = 500;

constexpr std::string_view kStates[] = {"waiting", "running", "succeeded", "failed"};

// What makes a study the same study; how many trials run at once does not.
Json StudyIdentity(const StudySpec& spec) {
  TrialSpec trial = spec.trial;
  trial.context = Json();
  return Json::Of({{"name", spec.name},
                   {"space", SearchSpaceToJson(spec.space)},
                   {"sampler", SamplerKindName(spec.sampler)},
                   {"seed", std::to_string(spec.seed)},
                   {"trial_count", spec.trial_count},
                   {"metric", spec.metric},
                   {"maximize", spec.maximize},
                   {"trial", TrialSpecToJson(trial)}});
}

void CheckSpec(StudySpec* spec) {
  if (spec->sampler == SamplerKind::kGrid) {
    spec->trial_count = std::min(spec->trial_count, static_cast<int>(GridSize(spec->space)));
  }
  if (spec->trial_count < 1 || spec->trial_count > static_cast<int>(kTrialsMax)) {
    throw InvalidArgument("A study has 1 to {} trials: {}", kTrialsMax, spec->trial_count)
        .WithField("trial_count");
  }
  if (spec->parallel < 1 || spec->parallel > kParallelMax) {
    throw InvalidArgument("A study runs 1 to {} trials at once: {}", kParallelMax, spec->parallel)
        .WithField("parallel");
  }
}

// The last lines of a crashed trial's output say more than its exit code.
std::string LogTail(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return "";
  std::string text = ReadFile(file);
  if (text.size() > kLogTailBytes) text.erase(0, text.size() - kLogTailBytes);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string ExitReason(const ExitStatus& status, const std::filesystem::path& log) {
  std::string reason = status.signal != 0
                           ? fmt::format("The trial was ended by signal {}", status.signal)
                           : fmt::format("The trial ended with code {} and no result", status.code);
  const std::string tail = LogTail(log);
  return tail.empty() ? reason : reason + ": " + tail;
}

}  // namespace

struct Study::Running {
  Trial* trial;
  ChildProcess process;
  int64_t started_us;
};

std::string_view TrialStateName(TrialState state) {
  return kStates[static_cast<size_t>(state)];
}

Study::Study(std::filesystem::path folder, StudySpec spec)
    : folder_(std::move(folder)), spec_(std::move(spec)) {
  CheckSpec(&spec_);
  const std::string identity = StudyIdentity(spec_).Dump(2);
  const auto file = folder_ / kStudyFile;
  if (!std::filesystem::exists(file)) {
    WriteFileDurably(file, identity);
  } else if (ReadFile(file) != identity) {
    throw FailedPrecondition("The folder holds another study: {}", folder_.string());
  }
  for (int number = 0; number < spec_.trial_count; ++number) OpenTrial(number);
}

void Study::OpenTrial(int number) {
  Trial trial{.number = number};
  trial.folder = folder_ / "trials" / fmt::format("{:04}", number);
  trial.params = SampleTrial(spec_.space, spec_.sampler, spec_.seed, static_cast<size_t>(number));
  const auto file = trial.folder / kTrialResultFile;
  if (std::filesystem::exists(file)) {
    trial.result = TrialResultFromJson(ParseJson(ReadFile(file)));
    trial.state = trial.result.succeeded ? TrialState::kSucceeded : TrialState::kFailed;
    const auto metric = trial.result.metrics.find(spec_.metric);
    if (trial.result.succeeded && metric != trial.result.metrics.end()) {
      trial.objective = metric->second;
    }
  }
  trials_.push_back(std::move(trial));
}

Study::Running Study::Start(const StudyCallbacks& callbacks, Trial* trial) {
  std::filesystem::remove_all(trial->folder);  // what an attempt that was killed has left
  TrialSpec spec = spec_.trial;
  spec.number = trial->number;
  spec.params = trial->params;
  spec.folder = trial->folder;
  if (callbacks.context) spec.context = callbacks.context(*trial);
  const auto spec_file = trial->folder / kTrialSpecFile;
  WriteFileDurably(spec_file, TrialSpecToJson(spec).Dump(2));
  ProcessSpec process = callbacks.command(spec_file);
  if (process.output_file.empty()) process.output_file = trial->folder / kTrialLogFile;
  trial->state = TrialState::kRunning;
  if (callbacks.on_change) callbacks.on_change(*trial);
  return {trial, ChildProcess(process), MonotonicUs()};
}

void Study::End(const StudyCallbacks& callbacks, Trial* trial, TrialResult result) {
  trial->result = std::move(result);
  trial->state = trial->result.succeeded ? TrialState::kSucceeded : TrialState::kFailed;
  const auto metric = trial->result.metrics.find(spec_.metric);
  trial->objective.reset();
  if (trial->result.succeeded && metric != trial->result.metrics.end()) {
    trial->objective = metric->second;
  }
  if (callbacks.on_change) callbacks.on_change(*trial);
}

bool Study::EndIfDone(const StudyCallbacks& callbacks, Running* running) {
  const int64_t run_ms = (MonotonicUs() - running->started_us) / 1000;
  const auto file = running->trial->folder / kTrialResultFile;
  std::optional<ExitStatus> status = running->process.Poll();
  TrialResult failed{.duration_ms = run_ms};
  if (!status) {
    if (run_ms < spec_.trial_timeout_ms) return false;
    running->process.Stop(kStopGraceMs);
    failed.error = fmt::format("The trial took longer than {} ms", spec_.trial_timeout_ms);
  } else {
    failed.error = ExitReason(*status, running->trial->folder / kTrialLogFile);
  }
  // A trial writes its result last: where there is one, it is whole, whatever came after.
  if (std::filesystem::exists(file)) {
    End(callbacks, running->trial, TrialResultFromJson(ParseJson(ReadFile(file))));
  } else {
    WriteFileDurably(file, TrialResultToJson(failed).Dump(2));
    End(callbacks, running->trial, std::move(failed));
  }
  return true;
}

void Study::Run(const StudyCallbacks& callbacks, const std::stop_token& stop) {
  std::vector<Running> running;
  auto next = trials_.begin();
  while (!stop.stop_requested()) {
    for (; next != trials_.end() && running.size() < static_cast<size_t>(spec_.parallel); ++next) {
      if (next->state == TrialState::kWaiting) running.push_back(Start(callbacks, &*next));
    }
    if (running.empty()) return;
    running.front().process.Wait(kPollMs);
    std::erase_if(running, [&](Running& one) { return EndIfDone(callbacks, &one); });
  }
  for (Running& one : running) {
    one.process.Stop(kStopGraceMs);
    one.trial->state = TrialState::kWaiting;
    if (std::filesystem::exists(one.trial->folder / kTrialResultFile)) EndIfDone(callbacks, &one);
  }
}

const Trial* Study::best() const {
  const Trial* best = nullptr;
  for (const Trial& trial : trials_) {
    if (!trial.objective || std::isnan(*trial.objective)) continue;
    const bool is_better =
        best == nullptr || (spec_.maximize ? *trial.objective > *best->objective
                                           : *trial.objective < *best->objective);
    if (is_better) best = &trial;
  }
  return best;
}

}  // namespace millwright::training
