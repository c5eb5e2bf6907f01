/*
 * Reaches into another process of the same user. attack-process <call> <pid> [hexadecimal or decimal address] [descriptor]
 * Facts: the same user id is all the kernel asks for most of these. <pid> 0 means a child of our own (the twin).
 * Signals are of the two kinds that a process ignores by itself: SIGWINCH to one, SIGURG to all that there are.
 */
#include "attack.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static int pidfd_of(pid_t pid) { return (int)must("pidfd_open", syscall(SYS_pidfd_open, pid, 0)); }

int main(int argc, char **argv) {
  const char *call = argument(argc, argv, 1);
  pid_t pid = (pid_t)atol(argument(argc, argv, 2));
  static char own_secret[] = "own";
  unsigned long address = argc > 3 ? strtoul(argv[3], NULL, 0) : (unsigned long)(uintptr_t)own_secret;
  int descriptor = argc > 4 ? atoi(argv[4]) : 0;
  bool own = pid == 0;
  if (own) {
    pid = fork();
    if (pid == 0) {
      signal(SIGWINCH, SIG_IGN);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
    prepare("fork", pid);
    usleep(20000);
    address = (unsigned long)(uintptr_t)own_secret;
  }
  char buffer[64] = "";
  struct iovec local = {.iov_base = buffer, .iov_len = own ? 4 : 24}, remote = {.iov_base = (void *)address, .iov_len = own ? 4 : 24};
  siginfo_t information;
  memset(&information, 0, sizeof information);
  information.si_signo = SIGWINCH;
  information.si_code = SI_QUEUE;
  information.si_pid = getpid();
  information.si_uid = getuid();

  if (is(call, "ptrace-attach")) must("ptrace", ptrace(PTRACE_ATTACH, pid, NULL, NULL));
  else if (is(call, "ptrace-seize")) must("ptrace", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
  else if (is(call, "process_vm_readv")) {
    must(call, process_vm_readv(pid, &local, 1, &remote, 1, 0));
    reached(buffer);
  } else if (is(call, "process_vm_writev")) {
    memset(buffer, 'W', sizeof buffer);
    must(call, process_vm_writev(pid, &local, 1, &remote, 1, 0));
  } else if (is(call, "pidfd_getfd")) {
    int copy = (int)must(call, syscall(SYS_pidfd_getfd, pidfd_of(pid), descriptor, 0));
    if (!own) {
      lseek(copy, 0, SEEK_SET);
      reached_content(copy, "read");
    }
  } else if (is(call, "kill")) must(call, kill(pid, SIGWINCH));
  else if (is(call, "kill-terminate")) must(call, kill(pid, SIGTERM));
  else if (is(call, "kill-exists")) must(call, kill(pid, 0));
  else if (is(call, "kill-group")) must("kill", kill(-pid, SIGWINCH));
  else if (is(call, "kill-all")) must("kill", kill(-1, SIGURG));
  else if (is(call, "tkill")) must(call, syscall(SYS_tkill, pid, SIGWINCH));
  else if (is(call, "tgkill")) must(call, syscall(SYS_tgkill, pid, pid, SIGWINCH));
  else if (is(call, "rt_sigqueueinfo")) must(call, syscall(SYS_rt_sigqueueinfo, pid, SIGWINCH, &information));
  else if (is(call, "rt_tgsigqueueinfo")) must(call, syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGWINCH, &information));
  else if (is(call, "pidfd_send_signal")) must(call, syscall(SYS_pidfd_send_signal, pidfd_of(pid), SIGWINCH, NULL, 0));
  else if (is(call, "fown-signal")) {
    /* the kernel sends the signal for us when input arrives */
    int pair[2];
    prepare("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    must("F_SETOWN", fcntl(pair[0], F_SETOWN, pid));
    must("F_SETSIG", fcntl(pair[0], F_SETSIG, SIGWINCH));
    must("O_ASYNC", fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    must("write", write(pair[1], "x", 1));
    usleep(50000);
  } else if (is(call, "prlimit")) {
    struct rlimit limit = {.rlim_cur = 17, .rlim_max = 4096};
    prepare("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 17;
    must(call, prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
  } else if (is(call, "prlimit-read")) {
    struct rlimit limit;
    must("prlimit", prlimit(pid, RLIMIT_NOFILE, NULL, &limit));
  } else if (is(call, "setpriority")) must(call, setpriority(PRIO_PROCESS, (id_t)pid, 19));
  else if (is(call, "setpriority-group")) must("setpriority", setpriority(PRIO_PGRP, (id_t)pid, 19));
  else if (is(call, "sched_setaffinity")) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    must(call, sched_setaffinity(pid, sizeof set, &set));
  } else if (is(call, "sched_setscheduler")) {
    struct sched_param parameter = {0};
    must(call, sched_setscheduler(pid, SCHED_BATCH, &parameter));
  } else if (is(call, "sched_setparam")) {
    struct sched_param parameter = {0};
    must(call, sched_setparam(pid, &parameter));
  } else if (is(call, "sched_setattr")) {
    struct {
      uint32_t size, policy;
      uint64_t flags;
      int32_t nice;
      uint32_t priority;
      uint64_t runtime, deadline, period;
    } attributes = {.size = 48, .policy = SCHED_BATCH, .nice = 10};
    must(call, syscall(SYS_sched_setattr, pid, &attributes, 0));
  } else if (is(call, "ioprio_set")) must(call, syscall(SYS_ioprio_set, 1, pid, (3 << 13)));
  else if (is(call, "setpgid")) must(call, setpgid(0, getpgid(pid)));
  else if (is(call, "process_madvise")) {
    struct iovec part = {.iov_base = (void *)(address & ~4095ul), .iov_len = 4096};
    must(call, syscall(SYS_process_madvise, pidfd_of(pid), &part, 1, 20 /* MADV_COLD */, 0));
  } else if (is(call, "process_mrelease")) judge(call, syscall(SYS_process_mrelease, pidfd_of(pid), 0));
  else if (is(call, "migrate_pages")) {
    unsigned long nodes = 1;
    must(call, syscall(SYS_migrate_pages, pid, 64, &nodes, &nodes));
  } else if (is(call, "move_pages")) {
    void *pages[1] = {(void *)(address & ~4095ul)};
    int status[1];
    must(call, syscall(SYS_move_pages, pid, 1, pages, NULL, status, 0));
  } else if (is(call, "kcmp")) must(call, syscall(SYS_kcmp, getpid(), pid, 1, 0, 0));
  else if (is(call, "get_robust_list")) {
    void *head;
    size_t size;
    must(call, syscall(SYS_get_robust_list, pid, &head, &size));
  } else if (is(call, "perf_event_open")) {
    struct {
      uint32_t type, size;
      uint64_t rest[14];
    } attributes = {.type = 1, .size = 112};
    must(call, syscall(SYS_perf_event_open, &attributes, pid, -1, -1, 0));
  } else {
    errno = EINVAL;
    broken("call");
  }
  reached(call);
}
