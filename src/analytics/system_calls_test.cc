#include "analytics/system_calls.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace millwright::analytics {
namespace {

enum Outcome { kAllRefused = 0, kNoFilters = 1, kFirstAllowed = 10 };

bool HasKernelFilters() {
  return std::filesystem::exists("/proc/sys/kernel/seccomp/actions_avail");
}

bool IsRefused(long answer) {
  return answer == -1 && errno == EPERM;
}

// Tries what SQL must never do, in a process of its own. Says which attempt was not refused.
int TryAll() {
  const int open_before = socket(AF_INET, SOCK_STREAM, 0);
  if (open_before < 0) return kFirstAllowed - 1;
  RefuseSystemCalls();
  if (prctl(PR_GET_SECCOMP) != 2) return kNoFilters;
  sockaddr_in here{};
  here.sin_family = AF_INET;
  const auto* address = reinterpret_cast<const sockaddr*>(&here);
  char program[] = "/bin/true";
  char* const arguments[] = {program, nullptr};
  if (!IsRefused(socket(AF_INET, SOCK_STREAM, 0))) return kFirstAllowed;
  if (!IsRefused(socket(AF_UNIX, SOCK_STREAM, 0))) return kFirstAllowed + 1;
  if (!IsRefused(bind(open_before, address, sizeof here))) return kFirstAllowed + 2;
  if (!IsRefused(connect(open_before, address, sizeof here))) return kFirstAllowed + 3;
  if (!IsRefused(listen(open_before, 1))) return kFirstAllowed + 4;
  if (!IsRefused(execv(program, arguments))) return kFirstAllowed + 5;
  if (!IsRefused(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr))) return kFirstAllowed + 6;
  if (!IsRefused(kill(getppid(), 0))) return kFirstAllowed + 7;
  if (!IsRefused(syscall(SYS_tkill, getppid(), 0))) return kFirstAllowed + 10;
  if (!IsRefused(syscall(SYS_io_uring_setup, 1, nullptr))) return kFirstAllowed + 11;
  constexpr long kOtherInterface = 0x40000000;
  if (!IsRefused(syscall(kOtherInterface | SYS_getpid))) return kFirstAllowed + 12;
  // Another program, started from a child.
  const pid_t child = fork();
  if (child == 0) _exit(IsRefused(execv(program, arguments)) ? 0 : 1);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) return kFirstAllowed + 8;
  // What a session needs goes on: files that it may open.
  if (FILE* own = fopen("/proc/self/statm", "r")) {
    fclose(own);
    return kAllRefused;
  }
  return kFirstAllowed + 9;
}

TEST(SystemCalls, SocketsProgramsAndOtherProcessesAreRefused) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(TryAll());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), HasKernelFilters() ? kAllRefused : kNoFilters)
      << "the attempt that was allowed";
}

}  // namespace
}  // namespace millwright::analytics
