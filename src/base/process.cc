#include "base/process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace millwright {
namespace {

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& added) {
  std::map<std::string, std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) merged[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : added) merged[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : merged) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The file that runs, whatever stands at its path by now; of a process that was just forked, its
// parent's.
constexpr char kRunningProgram[] = "/proc/self/exe";

ExitStatus FromWait(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

ChildProcess::ChildProcess(const ProcessSpec& spec) {
  // All allocation happens before fork: between fork and exec only system calls are safe.
  auto arguments = spec.arguments;
  auto environment = MergedEnvironment(spec.environment);
  const auto argv = Pointers(arguments);
  const auto envp = Pointers(environment);
  const std::string program =
      arguments.at(0) == ThisProgram().string() ? kRunningProgram : arguments[0];
  int report[2];  // carries errno of a failed exec; closes on success
  if (pipe2(report, O_CLOEXEC) != 0) throw Internal("pipe failed: {}", std::strerror(errno));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    close(report[0]);
    close(report[1]);
    throw ResourceExhausted("Cannot start a process: {}", std::strerror(errno));
  }
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    bool ok = getppid() == parent;
    if (ok && !spec.working_dir.empty()) ok = chdir(spec.working_dir.c_str()) == 0;
    if (ok && spec.input_fd >= 0) ok = dup2(spec.input_fd, STDIN_FILENO) >= 0;
    if (ok && !spec.output_file.empty()) {
      const int out = open(spec.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      ok = out >= 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0;
    }
    if (ok) execvpe(program.c_str(), argv.data(), envp.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(report[1], &error, sizeof error);
    _exit(127);
  }
  close(report[1]);
  int error = 0;
  const ssize_t size = read(report[0], &error, sizeof error);
  close(report[0]);
  if (size == sizeof error) {
    waitpid(pid, nullptr, 0);
    throw Internal("Cannot start {}: {}", spec.arguments[0], std::strerror(error));
  }
  pid_ = pid;
  group_ends_with_it_ = spec.group_ends_with_it;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !status_) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      group_ends_with_it_(other.group_ends_with_it_),
      status_(other.status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(group_ends_with_it_, other.group_ends_with_it_);
  std::swap(status_, other.status_);
  return *this;
}

std::optional<ExitStatus> ChildProcess::Poll() {
  if (status_ || pid_ < 0) return status_;
  Reap(WNOHANG);
  return status_;
}

void ChildProcess::Reap(int flags) {
  siginfo_t ended{};
  int result = 0;
  do {
    result = waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT | flags);
  } while (result < 0 && errno == EINTR);
  if (result < 0 || ended.si_pid != pid_) return;
  // Until it is reaped nobody else has its number, nor its group's.
  if (group_ends_with_it_) kill(-pid_, SIGKILL);
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) status_ = FromWait(status);
}

std::optional<ExitStatus> ChildProcess::Wait(int64_t timeout_ms) {
  if (Poll()) return status_;
  if (timeout_ms < 0) {
    Reap(0);
    if (!status_) status_ = FromWait(0);
    return status_;
  }
  // A pidfd becomes readable when the process ends, so no polling interval is needed.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (fd < 0) throw Internal("pidfd_open failed: {}", std::strerror(errno));
  const int64_t deadline_us = MonotonicUs() + timeout_ms * 1000;
  pollfd wait{fd, POLLIN, 0};
  for (;;) {
    const int64_t left_ms = (deadline_us - MonotonicUs()) / 1000;
    const int ready = poll(&wait, 1, static_cast<int>(left_ms > 0 ? left_ms : 0));
    if (ready >= 0 || errno != EINTR) break;
  }
  close(fd);
  return Poll();
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0 && !Poll()) kill(-pid_, signal);
}

ExitStatus ChildProcess::Stop(int64_t grace_ms) {
  Signal(SIGTERM);
  if (auto status = Wait(grace_ms)) return *status;
  Signal(SIGKILL);
  return *Wait();
}

const std::filesystem::path& ThisProgram() {
  static const auto path = [] {
    // Linux writes so behind the path of a file that was removed or replaced.
    constexpr std::string_view kDeleted = " (deleted)";
    std::string text = std::filesystem::read_symlink(kRunningProgram).string();
    if (text.ends_with(kDeleted)) text.resize(text.size() - kDeleted.size());
    return std::filesystem::path(text);
  }();
  return path;
}

void NameThisProcess(const std::filesystem::path& program) {
  prctl(PR_SET_NAME, program.filename().c_str());
}

std::filesystem::path ThisObject() {
  Dl_info object{};
  if (dladdr(reinterpret_cast<const void*>(&ThisObject), &object) == 0) return ThisProgram();
  const std::filesystem::path file = object.dli_fname;
  // Of a program the loader knows only what it was called by.
  if (file.filename().string().find(".so") == std::string::npos) return ThisProgram();
  return std::filesystem::canonical(file);
}

}  // namespace millwright
