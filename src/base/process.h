#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millwright {

// Says how a child process is started. `arguments[0]` is the program (searched in PATH unless it
// holds a slash); where it is ThisProgram(), the very file that runs is started, though it was
// replaced or removed since. `environment` is added to the parent's, replacing equal names.
struct ProcessSpec {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::filesystem::path working_dir;
  // Receives standard output and standard error, appended; the parent's own when empty.
  std::filesystem::path output_file;
  // Becomes the child's standard input; the parent's own when negative.
  int input_fd = -1;
  // Whatever it has started is killed when it ends, also by itself.
  bool group_ends_with_it = false;
};

struct ExitStatus {
  int code = 0;    // of exit(), or 128 + signal
  int signal = 0;  // that ended it, 0 if none
  bool ok() const { return code == 0; }
};

// A child process in a process group of its own, so that a stop reaches its children too. It is
// killed when this object goes away and when the parent dies (PR_SET_PDEATHSIG). Not thread-safe.
class ChildProcess {
 public:
  // Throws kInternal when the program cannot be started.
  explicit ChildProcess(const ProcessSpec& spec);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  // Tells the exit status once it has ended, without waiting.
  std::optional<ExitStatus> Poll();
  // Waits until it ends, at most `timeout_ms` (negative: for ever).
  std::optional<ExitStatus> Wait(int64_t timeout_ms = -1);
  // Sends a signal to the whole group; nothing once it has ended.
  void Signal(int signal);
  // Asks with SIGTERM, waits up to `grace_ms`, then kills the group.
  ExitStatus Stop(int64_t grace_ms);

 private:
  // Takes its status where it has ended; waits for that unless `flags` has WNOHANG.
  void Reap(int flags);

  pid_t pid_ = -1;
  bool group_ends_with_it_ = false;
  std::optional<ExitStatus> status_;
};

// Names the program that runs now, for starting it again with other arguments: its real path at the
// first call, where another file may stand later.
const std::filesystem::path& ThisProgram();
// Makes this process show in `ps` as the program of that path. Linux calls what was started as
// ThisProgram() "exe". For main(), before there are threads.
void NameThisProcess(const std::filesystem::path& program);
// Names the file that holds this code: the shared library, where it is part of one, else the
// program. What is installed with it is found from there.
std::filesystem::path ThisObject();

}  // namespace millwright
