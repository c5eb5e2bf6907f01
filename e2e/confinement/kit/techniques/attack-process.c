/*
 * Reaches into another process of the same user. attack-process <call> <pid> [address] [descriptor]; <pid> 0 means a child
 * of our own (the twin). Signals are of kinds that a process ignores by itself: SIGWINCH to one, SIGURG to all that there
 * are.
 * Family: processes
 * Facts: the same user id is all that kill(2), setpriority(2), prlimit(2) and sched_setscheduler(2) ask for; ptrace(2),
 * process_vm_readv(2) and pidfd_getfd(2) ask for PTRACE_MODE_ATTACH, which Yama narrows where ptrace_scope is set. Landlock
 * has scopes for signals only from ABI 6 (Linux 6.12), and none for limits and scheduling.
 * Witness: the neighbour's signals, limits, priorities, scheduler, memory; its secret or its open file in the output.
 * Cases: name | what it tries | attack | twin | marks
 *   ptrace-attach | stop and trace it | ptrace-attach {pid} {address} {held} | kill 0 | event=signal,syscall surface
 *   ptrace-seize | trace it without stopping it | ptrace-seize {pid} {address} {held} | kill 0 | event=signal,syscall surface
 *   process_vm_readv | read its memory | process_vm_readv {pid} {address} {held} | kill 0 | event=signal,syscall
 *   process_vm_writev | write its memory | process_vm_writev {pid} {address} {held} | kill 0 | event=signal,syscall
 *   pidfd_getfd | take its open file | pidfd_getfd {pid} {address} {held} | kill 0 | event=signal,syscall
 *   process_madvise | push its memory out | process_madvise {pid} {address} {held} | kill 0 | event=signal,syscall surface
 *   process_mrelease | release its memory | process_mrelease {pid} {address} {held} | kill 0 | event=signal,syscall surface
 *   kcmp | compare descriptors with it | kcmp {pid} {address} {held} | kill 0 | event=signal,syscall surface
 *   kill | signal it | kill {pid} {address} {held} | kill 0 | event=signal,syscall
 *   kill-terminate | end it | kill-terminate {pid} {address} {held} | kill-terminate 0 | event=signal,syscall
 *   kill-group | signal its process group | kill-group {pid} {address} {held} | kill 0 | event=signal,syscall
 *   kill-all | signal every process of the user at once | kill-all {pid} {address} {held} | kill 0 | event=signal,syscall everyone
 *   tkill | signal its thread | tkill {pid} {address} {held} | tkill 0 | event=signal,syscall
 *   tgkill | signal a thread of a process | tgkill {pid} {address} {held} | tgkill 0 | event=signal,syscall
 *   rt_sigqueueinfo | queue a signal with data | rt_sigqueueinfo {pid} {address} {held} | rt_sigqueueinfo 0 | event=signal,syscall
 *   rt_tgsigqueueinfo | queue a signal with data for a thread | rt_tgsigqueueinfo {pid} {address} {held} | rt_tgsigqueueinfo 0 | event=signal,syscall
 *   pidfd_send_signal | signal it through a process descriptor | pidfd_send_signal {pid} {address} {held} | pidfd_send_signal 0 | event=signal,syscall
 *   fown-signal | let the kernel signal it when input arrives (F_SETOWN) | fown-signal {pid} {address} {held} | kill 0 | event=signal,syscall
 *   prlimit | lower its limit of open files | prlimit {pid} {address} {held} | prlimit 0 | event=signal,syscall
 *   setpriority | lower its priority | setpriority {pid} {address} {held} | setpriority 0 | event=signal,syscall
 *   setpriority-group | lower its group's priority | setpriority-group {pid} {address} {held} | setpriority 0 | event=signal,syscall
 *   sched_setaffinity | bind it to one processor | sched_setaffinity {pid} {address} {held} | sched_setaffinity 0 | event=signal,syscall
 *   sched_setscheduler | change its scheduler | sched_setscheduler {pid} {address} {held} | sched_setscheduler 0 | event=signal,syscall
 *   sched_setattr | change its scheduling | sched_setattr {pid} {address} {held} | sched_setattr 0 | event=signal,syscall
 *   sched_setparam | set its scheduling parameter | sched_setparam {pid} {address} {held} | sched_setparam 0 | event=signal,syscall surface
 *   ioprio_set | lower its disk priority | ioprio_set {pid} {address} {held} | ioprio_set 0 | event=signal,syscall
 *   migrate_pages | move its memory to another node | migrate_pages {pid} {address} {held} | migrate_pages 0 | event=signal,syscall surface
 *   move_pages | ask where its pages are | move_pages {pid} {address} {held} | move_pages 0 | event=signal,syscall surface
 *   perf_event_open | measure it | perf_event_open {pid} {address} {held} | kill 0 | event=signal,syscall surface
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
