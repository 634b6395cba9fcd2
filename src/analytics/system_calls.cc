#include "analytics/system_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace millwright::analytics {

void RefuseSystemCalls() {
#if defined(__x86_64__)
  constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
  return;
#endif
  constexpr uint32_t kRefused = SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA);
  constexpr int kCalls[] = {// Sockets and other programs.
                            SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_execve, SYS_execveat,
                            // Other processes.
                            SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
                            SYS_pidfd_getfd, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo,
                            SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal,
                            // What asks the kernel in other ways.
                            SYS_io_uring_setup, SYS_bpf};
  constexpr size_t kCount = std::size(kCalls);
  sock_filter filter[6 + 2 * kCount + 1];
  size_t at = 0;
  filter[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  filter[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, kRefused);
  filter[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  // Calls of another binary interface have numbers of their own, from here on.
  constexpr uint32_t kOtherInterface = 0x40000000;
  filter[at++] = BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kOtherInterface, 0, 1);
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, kRefused);
  for (const int call : kCalls) {
    filter[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1);
    filter[at++] = BPF_STMT(BPF_RET | BPF_K, kRefused);
  }
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog program{static_cast<unsigned short>(at), filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // DuckDB's threads too.
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

}  // namespace millwright::analytics
