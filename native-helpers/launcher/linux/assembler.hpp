// Filters of system calls, in the kernel's own language (classic BPF over seccomp_data).
#pragma once
#include <cstddef>
#include <initializer_list>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "kernel.hpp"

namespace belljar {

// A tiny assembler: every rule is self-contained and ends in a return, so jumps are short and only forward.
class Assembler {
 public:
  std::vector<sock_filter> code;

  void load(uint32_t offset) { code.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}); }
  void low(int argument) { load(static_cast<uint32_t>(offsetof(seccomp_data, args)) + static_cast<uint32_t>(argument) * 8); }
  void high(int argument) { load(static_cast<uint32_t>(offsetof(seccomp_data, args)) + static_cast<uint32_t>(argument) * 8 + 4); }
  void mask(uint32_t bits) { code.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, bits}); }
  void ret(uint32_t action) { code.push_back({BPF_RET | BPF_K, 0, 0, action}); }
  // if (A == value) return action;
  void if_equal(uint32_t value, uint32_t action) {
    code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value});
    ret(action);
  }
  void if_not_equal(uint32_t value, uint32_t action) {
    code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value});
    ret(action);
  }
  void if_above(uint32_t value, uint32_t action) {
    code.push_back({BPF_JMP | BPF_JGT | BPF_K, 0, 1, value});
    ret(action);
  }
  // Memory is mapped and its protection changed, but none of it can be executed: who takes a process over has only its own code to
  // run. The number of the call must be at hand, and is afterwards for all others.
  void without_execution() {
    for (uint32_t nr : {SYS_mmap, SYS_mprotect}) {
      code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 5, nr});
      low(2);
      mask(PROT_EXEC);
      if_equal(0, SECCOMP_RET_ALLOW);
      ret(SECCOMP_RET_KILL_PROCESS);
    }
    if_equal(SYS_pkey_mprotect, SECCOMP_RET_KILL_PROCESS);
    if_equal(SYS_shmat, SECCOMP_RET_KILL_PROCESS);
  }
};

// Begins the filter of a process of the launcher's own: of this machine's calls these are allowed, and memory that is not executed. The number of any other is at hand
// for what follows, which must end in SECCOMP_RET_KILL_PROCESS.
inline Assembler allow_calls(std::initializer_list<int> calls) {
  Assembler out;
  out.load(offsetof(seccomp_data, arch));
  out.if_not_equal(native_audit_arch, SECCOMP_RET_KILL_PROCESS);
  out.load(offsetof(seccomp_data, nr));
  out.without_execution();
  for (int nr : calls) out.if_equal(static_cast<uint32_t>(nr), SECCOMP_RET_ALLOW);
  return out;
}

// For good, on the calling thread.
inline bool apply_filter(const std::vector<sock_filter>& code) {
  sock_fprog program{static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

// Ends a filter that allow_calls began: of what is left only sockets of the internet and of the routing table are made.
inline void allow_internet_sockets(Assembler& out) {
  out.if_not_equal(SYS_socket, SECCOMP_RET_KILL_PROCESS);
  out.low(0);
  for (uint32_t family : {AF_INET, AF_INET6}) out.if_equal(family, SECCOMP_RET_ALLOW);
  out.if_not_equal(AF_NETLINK, SECCOMP_RET_KILL_PROCESS);
  out.low(2);
  out.if_equal(0 /* NETLINK_ROUTE */, SECCOMP_RET_ALLOW);
  out.ret(SECCOMP_RET_KILL_PROCESS);
}

}  // namespace belljar
