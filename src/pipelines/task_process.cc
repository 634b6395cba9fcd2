#include "pipelines/task_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace millwright::pipelines {
namespace {

namespace fs = std::filesystem;

// Rounds of looking for orphans, which may fork while they are looked for.
constexpr int kOrphanRoundsMax = 10;

std::string PathWith(const fs::path& program_dir) {
  const char* path = std::getenv("PATH");
  return program_dir.string() + ":" + (path == nullptr ? "/usr/bin:/bin" : path);
}

bool IsOutputName(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == name.npos &&
         (name[0] < '0' || name[0] > '9');
}

Outputs ReadOutputs(const fs::path& file) {
  Outputs outputs;
  std::error_code absent;
  const auto size = fs::file_size(file, absent);
  if (absent) return outputs;
  if (size > kOutputBytesMax) throw InvalidArgument("More than {} bytes", kOutputBytesMax);
  std::istringstream lines(ReadFile(file));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    if (equals == line.npos || !IsOutputName(std::string_view(line).substr(0, equals))) {
      throw InvalidArgument("Line {} is not name=value", number);
    }
    outputs[line.substr(0, equals)] = line.substr(equals + 1);
  }
  if (outputs.size() > kOutputsMax) throw InvalidArgument("More than {} outputs", kOutputsMax);
  return outputs;
}

// Returns the environment of a process as it was started with, empty when it may not be read.
std::string EnvironmentOf(const fs::path& process) {
  std::ifstream in(process / "environ", std::ios::binary);
  std::ostringstream text;
  text << '\0' << in.rdbuf();
  return text.str();
}

}  // namespace

fs::path OutputFile(const fs::path& run_dir, const std::string& task, int64_t attempt) {
  return run_dir / fmt::format("{}.{}.outputs", task, attempt);
}

ProcessSpec TaskProcess(const LiveRun& live, size_t task, const fs::path& run_dir,
                        const fs::path& log_file, const TaskEnvironment& environment) {
  const TaskSpec& spec = live.spec().tasks[task];
  const int64_t attempt = live.run().tasks[task].attempts.back().number;
  const Scope scope = [&](const Reference& reference) { return live.Value(reference); };
  ProcessSpec process{.working_dir = run_dir / "work", .output_file = log_file};
  fs::create_directories(process.working_dir);
  for (const auto* templates : {&live.spec().environment, &spec.environment}) {
    for (const auto& [name, text] : *templates) process.environment[name] = text.Fill(scope);
  }
  if (spec.shell) {
    const std::string script = spec.shell->FillForShell(scope, &process.environment);
    process.arguments = {"/bin/sh", "-e", "-c", script};
  } else {
    for (const Template& argument : spec.arguments) {
      process.arguments.push_back(argument.Fill(scope));
    }
  }
  process.environment["MILLWRIGHT_URI"] = environment.uri;
  if (!environment.token.empty()) process.environment["MILLWRIGHT_TOKEN"] = environment.token;
  process.environment["MILLWRIGHT_PIPELINE_RUN"] = live.run().id.str();
  process.environment["MILLWRIGHT_TASK"] = spec.name;
  process.environment["MILLWRIGHT_ATTEMPT"] = std::to_string(attempt);
  process.environment["MILLWRIGHT_OUTPUT"] = OutputFile(run_dir, spec.name, attempt);
  process.environment["PATH"] = PathWith(environment.program_dir);
  return process;
}

Outcome OutcomeOf(const ExitStatus& status, const fs::path& output_file) {
  Outcome outcome{.exit_code = status.code};
  if (status.signal != 0) {
    outcome.message = fmt::format("killed by signal {}", status.signal);
    return outcome;
  }
  if (status.code != 0 && status.code != kHeldExitCode) {
    outcome.message = fmt::format("exit code {}", status.code);
    return outcome;
  }
  try {
    outcome.outputs = ReadOutputs(output_file);
    outcome.state = status.code == 0 ? AttemptState::kSucceeded : AttemptState::kHeld;
  } catch (const Error& error) {
    outcome.message = "its outputs cannot be read: " + error.message();
  }
  return outcome;
}

void KillOrphans(const std::string& run, const std::string& task) {
  const std::string marks[] = {fmt::format("{}MILLWRIGHT_PIPELINE_RUN={}{}", '\0', run, '\0'),
                               fmt::format("{}MILLWRIGHT_TASK={}{}", '\0', task, '\0')};
  for (int round = 0; round < kOrphanRoundsMax; ++round) {
    bool found = false;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid <= 1 || pid == getpid()) continue;
      const std::string environment = EnvironmentOf(entry.path());
      if (environment.find(marks[0]) == environment.npos ||
          environment.find(marks[1]) == environment.npos) {
        continue;
      }
      found = true;
      kill(pid, SIGKILL);
    }
    if (!found) return;
  }
}

}  // namespace millwright::pipelines
