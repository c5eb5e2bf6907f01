/*
 * Makes one system call that a server has no business with. forbidden-call <name> [path]. The arguments do nothing, so the
 * calls are safe to make on a real machine, as root too: what is seen is whether the kernel looked at them. Names that
 * start with `new-` are numbers no kernel knows yet.
 * Family: surface
 * Facts: each is an entrance to code of the kernel in which most of its holes of past years were found (namespaces with
 * mounts, io_uring, BPF, keyrings, userfaultfd), or changes the machine; man 2 of each, and for the holes the files whose
 * names begin with cve.
 * Witness: the kernel's own answer: a call that looked at its arguments was reachable.
 * Silent: libraries call clone3 all the time and fall back; an event for each would hide the others.
 * Cases: name | what it tries | attack | twin | marks
 *   unshare-user | make the call unshare-user | unshare-user {outside} | getpid | event=syscall surface
 *   unshare-user-mount | make the call unshare-user-mount | unshare-user-mount {outside} | getpid | event=syscall surface
 *   unshare-mount | make the call unshare-mount | unshare-mount {outside} | getpid | event=syscall surface
 *   unshare-net | make the call unshare-net | unshare-net {outside} | getpid | event=syscall surface
 *   unshare-pid | make the call unshare-pid | unshare-pid {outside} | getpid | event=syscall surface
 *   unshare-ipc | make the call unshare-ipc | unshare-ipc {outside} | getpid | event=syscall surface
 *   unshare-uts | make the call unshare-uts | unshare-uts {outside} | getpid | event=syscall surface
 *   unshare-cgroup | make the call unshare-cgroup | unshare-cgroup {outside} | getpid | event=syscall surface
 *   unshare-time | make the call unshare-time | unshare-time {outside} | getpid | event=syscall surface
 *   clone-user | make the call clone-user | clone-user {outside} | clone-thread-fork | event=syscall surface
 *   clone-mount | make the call clone-mount | clone-mount {outside} | getpid | event=syscall surface
 *   clone3-user | make the call clone3-user | clone3-user {outside} | clone-thread-fork | surface silent
 *   setns | make the call setns | setns {outside} | getpid | event=syscall surface
 *   chroot | make the call chroot | chroot {outside} | getpid | event=syscall surface
 *   pivot_root | make the call pivot_root | pivot_root {outside} | getpid | event=syscall surface
 *   mount | make the call mount | mount {outside} | getpid | event=syscall surface
 *   umount2 | make the call umount2 | umount2 {outside} | getpid | event=syscall surface
 *   open_tree | make the call open_tree | open_tree {outside} | getpid | event=syscall surface
 *   open_tree-clone | make the call open_tree-clone | open_tree-clone {outside} | getpid | event=syscall surface
 *   move_mount | make the call move_mount | move_mount {outside} | getpid | event=syscall surface
 *   fsopen | make the call fsopen | fsopen {outside} | getpid | event=syscall surface
 *   fsconfig | make the call fsconfig | fsconfig {outside} | getpid | event=syscall surface
 *   fsmount | make the call fsmount | fsmount {outside} | getpid | event=syscall surface
 *   fspick | make the call fspick | fspick {outside} | getpid | event=syscall surface
 *   mount_setattr | make the call mount_setattr | mount_setattr {outside} | getpid | event=syscall surface
 *   open_tree_attr | make the call open_tree_attr | open_tree_attr {outside} | getpid | event=syscall surface
 *   bpf | make the call bpf | bpf {outside} | getpid | event=syscall surface
 *   perf_event_open | make the call perf_event_open | perf_event_open {outside} | getpid | event=syscall surface
 *   userfaultfd | make the call userfaultfd | userfaultfd {outside} | getpid | event=syscall surface
 *   io_uring_setup | make the call io_uring_setup | io_uring_setup {outside} | getpid | event=syscall surface
 *   io_uring_enter | make the call io_uring_enter | io_uring_enter {outside} | getpid | event=syscall surface
 *   io_uring_register | make the call io_uring_register | io_uring_register {outside} | getpid | event=syscall surface
 *   open_by_handle_at | make the call open_by_handle_at | open_by_handle_at {outside} | getpid | event=syscall surface
 *   fanotify_init | make the call fanotify_init | fanotify_init {outside} | getpid | event=syscall surface
 *   personality-no-randomize | make the call personality-no-randomize | personality-no-randomize {outside} | personality-query | event=syscall surface
 *   personality-read-implies-exec | make the call personality-read-implies-exec | personality-read-implies-exec {outside} | personality-query | event=syscall surface
 *   add_key | make the call add_key | add_key {outside} | getpid | event=syscall surface
 *   request_key | make the call request_key | request_key {outside} | getpid | event=syscall surface
 *   keyctl | make the call keyctl | keyctl {outside} | getpid | event=syscall surface
 *   keyctl-session | make the call keyctl-session | keyctl-session {outside} | getpid | event=syscall surface
 *   modify_ldt | make the call modify_ldt | modify_ldt {outside} | getpid | event=syscall surface
 *   iopl | make the call iopl | iopl {outside} | getpid | event=syscall surface
 *   ioperm | make the call ioperm | ioperm {outside} | getpid | event=syscall surface
 *   uselib | make the call uselib | uselib {outside} | getpid | event=syscall surface
 *   ustat | make the call ustat | ustat {outside} | getpid | event=syscall surface
 *   sysfs | make the call sysfs | sysfs {outside} | getpid | event=syscall surface
 *   lsm_set_self_attr | make the call lsm_set_self_attr | lsm_set_self_attr {outside} | getpid | event=syscall surface
 *   syslog | make the call syslog | syslog {outside} | getpid | event=syscall surface
 *   acct | make the call acct | acct {outside} | getpid | event=syscall surface
 *   quotactl | make the call quotactl | quotactl {outside} | getpid | event=syscall surface
 *   quotactl_fd | make the call quotactl_fd | quotactl_fd {outside} | getpid | event=syscall surface
 *   swapon | make the call swapon | swapon {outside} | getpid | event=syscall surface
 *   swapoff | make the call swapoff | swapoff {outside} | getpid | event=syscall surface
 *   init_module | make the call init_module | init_module {outside} | getpid | event=syscall surface
 *   finit_module | make the call finit_module | finit_module {outside} | getpid | event=syscall surface
 *   delete_module | make the call delete_module | delete_module {outside} | getpid | event=syscall surface
 *   kexec_load | make the call kexec_load | kexec_load {outside} | getpid | event=syscall surface
 *   kexec_file_load | make the call kexec_file_load | kexec_file_load {outside} | getpid | event=syscall surface
 *   reboot | make the call reboot | reboot {outside} | getpid | event=syscall surface
 *   sethostname | make the call sethostname | sethostname {outside} | getpid | event=syscall surface
 *   setdomainname | make the call setdomainname | setdomainname {outside} | getpid | event=syscall surface
 *   settimeofday | make the call settimeofday | settimeofday {outside} | getpid | event=syscall surface
 *   clock_settime | make the call clock_settime | clock_settime {outside} | getpid | event=syscall surface
 *   vhangup-other | make the call vhangup-other | vhangup-other {outside} | getpid | event=syscall surface
 *   semget | make the call semget | semget {outside} | getpid | event=syscall surface
 *   msgget | make the call msgget | msgget {outside} | getpid | event=syscall surface
 *   mq_open | make the call mq_open | mq_open {outside} | getpid | event=syscall surface
 */
#include "attack.h"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/personality.h>

#define NEEDS(number, name) \
  if ((number) < 0) absent(name)

struct call {
  const char *name;
  long number;
  long arguments[6];
};

static char nothing[4096];
static int descriptor_pair[2];
static struct {
  unsigned int handle_bytes;
  int handle_type;
  unsigned char handle[128];
} handle = {.handle_bytes = 128};

#define P(pointer) ((long)(intptr_t)(pointer))
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif

int main(int argc, char **argv) {
  const char *name = argument(argc, argv, 1);
  const char *path = argc > 2 ? argv[2] : "/";
  static struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1};
  static union bpf_attr program;
  static struct timespec time;
  (void)descriptor_pair;
  const struct call calls[] = {
      /* namespaces and mounts */
      {"unshare-user", SYS_unshare, {CLONE_NEWUSER}},
      {"unshare-mount", SYS_unshare, {CLONE_NEWNS}},
      {"unshare-net", SYS_unshare, {CLONE_NEWNET}},
      {"unshare-user-mount", SYS_unshare, {CLONE_NEWUSER | CLONE_NEWNS}},
      {"unshare-pid", SYS_unshare, {CLONE_NEWPID}},
      {"unshare-ipc", SYS_unshare, {CLONE_NEWIPC}},
      {"unshare-uts", SYS_unshare, {CLONE_NEWUTS}},
      {"unshare-cgroup", SYS_unshare, {CLONE_NEWCGROUP}},
      {"unshare-time", SYS_unshare, {0x80}},
      {"setns", SYS_setns, {-1, CLONE_NEWNS}},
      {"chroot", SYS_chroot, {P(path)}},
      {"pivot_root", SYS_pivot_root, {P("/belljar-none"), P("/belljar-none")}},
      {"mount", SYS_mount, {P("none"), P("/belljar-none"), P("tmpfs"), 0, 0}},
      {"umount2", SYS_umount2, {P("/belljar-none"), 0}},
      {"open_tree", SYS_open_tree, {AT_FDCWD, P(path), 0}},
      {"open_tree-clone", SYS_open_tree, {AT_FDCWD, P(path), 1}},
      {"move_mount", SYS_move_mount, {-1, P(nothing), -1, P(nothing), 0}},
      {"fsopen", SYS_fsopen, {P("tmpfs"), 0}},
      {"fsconfig", SYS_fsconfig, {-1, 0, 0, 0, 0}},
      {"fsmount", SYS_fsmount, {-1, 0, 0}},
      {"fspick", SYS_fspick, {AT_FDCWD, P(path), 0}},
      {"mount_setattr", 442, {AT_FDCWD, P("/belljar-none"), 0, P(nothing), 32}},
      {"open_tree_attr", 467, {AT_FDCWD, P("/belljar-none"), 0, P(nothing), 32}},
      /* the kernel itself */
      {"bpf", SYS_bpf, {BPF_MAP_CREATE, P(&program), sizeof program}},
      {"perf_event_open", SYS_perf_event_open, {P(&event), 0, -1, -1, 0}},
      {"userfaultfd", SYS_userfaultfd, {1 /* UFFD_USER_MODE_ONLY */}},
      {"init_module", SYS_init_module, {P(nothing), 0, P("")}},
      {"finit_module", SYS_finit_module, {-1, P(""), 0}},
      {"delete_module", SYS_delete_module, {P("belljar-none"), 0}},
      {"kexec_load", SYS_kexec_load, {0, 999999, 0, -1}},
      {"kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, 0, 0xffff}},
      {"reboot", SYS_reboot, {(long)0xfee1dead, 672274793, 0x12345678, 0}},
      {"swapon", SYS_swapon, {P("/belljar-none"), 0}},
      {"swapoff", SYS_swapoff, {P("/belljar-none")}},
      {"quotactl", SYS_quotactl, {(0x800007 << 8), P("/belljar-none"), 0, P(nothing)}},
      {"quotactl_fd", 443, {-1, 0, 0, 0}},
      {"acct", SYS_acct, {P("/belljar-none")}},
      {"syslog", SYS_syslog, {3, P(nothing), 64}},
      {"settimeofday", SYS_settimeofday, {0, P(nothing)}},
      {"clock_settime", SYS_clock_settime, {999, P(&time)}},
      {"adjtimex", SYS_adjtimex, {P(nothing)}},
      {"sethostname", SYS_sethostname, {P(nothing), -1}},
      {"setdomainname", SYS_setdomainname, {P(nothing), -1}},
      {"vhangup-other", SYS_vhangup, {0}},
      {"io_uring_setup", SYS_io_uring_setup, {1, P(nothing)}},
      {"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0, 0}},
      {"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}},
      {"open_by_handle_at", SYS_open_by_handle_at, {AT_FDCWD, P(&handle), O_RDONLY}},
      {"name_to_handle_at", SYS_name_to_handle_at, {AT_FDCWD, P(path), P(&handle), P(nothing), 0}},
      {"fanotify_init", SYS_fanotify_init, {0x200 /* FAN_REPORT_FID */, O_RDONLY}},
      {"fanotify_mark", SYS_fanotify_mark, {-1, 0, 0, AT_FDCWD, P(path)}},
      {"lookup_dcookie", 212, {0, P(nothing), 0}},
      {"personality-no-randomize", SYS_personality, {ADDR_NO_RANDOMIZE}},
      {"personality-read-implies-exec", SYS_personality, {READ_IMPLIES_EXEC}},
      {"add_key", SYS_add_key, {P("user"), P("belljar-decoy"), P("x"), 1, -3 /* session keyring */}},
      {"request_key", SYS_request_key, {P("user"), P("belljar-decoy"), 0, 0}},
      {"keyctl", SYS_keyctl, {0 /* KEYCTL_GET_KEYRING_ID */, -4 /* user keyring */, 1}},
      {"keyctl-session", SYS_keyctl, {1 /* KEYCTL_JOIN_SESSION_KEYRING */, 0}},
      {"memfd_secret", 447, {0}},
#ifdef __x86_64__
      {"iopl", SYS_iopl, {3}},
      {"ioperm", SYS_ioperm, {0x80, 1, 1}},
      {"modify_ldt", SYS_modify_ldt, {0, P(nothing), 64}},
      {"uselib", SYS_uselib, {P("/belljar-none")}},
      {"ustat", SYS_ustat, {0, P(nothing)}},
      {"sysfs", SYS_sysfs, {3}},
      {"_sysctl", 156, {P(nothing)}},
      {"nfsservctl", 180, {0, 0, 0}},
#endif
      {"set_mempolicy_home_node", 450, {0, 0, 0, 0}},
      {"mbind-move-all", SYS_mbind, {0, 0, 0, 0, 0, 4 /* MPOL_MF_MOVE_ALL */}},
      {"listmount", 458, {P(nothing), P(nothing), 1, 0}},
      {"statmount", 457, {P(nothing), P(nothing), 64, 0}},
      {"lsm_set_self_attr", 460, {0, 0, 0, 0}},
      {"pidfd_open-1", SYS_pidfd_open, {1, 0}},
      {"mq_open", SYS_mq_open, {P("belljar-own"), O_CREAT | O_RDWR, 0600, 0}},
      {"shmget", SYS_shmget, {0x62656c6c, 4096, 0600 | 01000}},
      {"semget", SYS_semget, {0x62656c6c, 1, 0600 | 01000}},
      {"msgget", SYS_msgget, {0x62656c6c, 0600 | 01000}},
      {"new-480", 480, {0}},
      {"new-511", 511, {0}},
      {"new-1000", 1000, {0}},
      {"new-large", 0x3fffffff, {0}},
      {"new-negative", -2, {0}},
      /* twins: what ordinary programs do */
      {"getpid", SYS_getpid, {0}},
      {"personality-query", SYS_personality, {(long)0xffffffff}},
      {"name-own-thread", SYS_getppid, {0}},
  };
  for (size_t index = 0; index < sizeof calls / sizeof *calls; index++) {
    if (!is(calls[index].name, name)) continue;
    const long *a = calls[index].arguments;
    long result = syscall(calls[index].number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int error = errno;
    /* undo what the call made, so that the machine stays as it was */
    if (result >= 0) {
      if (is(name, "shmget")) syscall(SYS_shmctl, result, 0, 0);
      if (is(name, "semget")) syscall(SYS_semctl, result, 0, 0, 0);
      if (is(name, "msgget")) syscall(SYS_msgctl, result, 0, 0);
      if (is(name, "mq_open")) syscall(SYS_mq_unlink, "belljar-own");
      if (is(name, "add_key")) syscall(SYS_keyctl, 3 /* KEYCTL_REVOKE */, result);
    }
    errno = error;
    judge(name, result);
  }

  /* calls that need more than registers */
  if (is(name, "clone-user")) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    judge(name, child);
  }
  if (is(name, "clone-mount")) {
    long child = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    judge(name, child);
  }
  if (is(name, "clone3-user")) {
    /* the flags lie in memory, where a filter cannot see them */
    struct {
      uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    judge(name, child);
  }
  if (is(name, "clone-thread-fork")) {
    /* twin: fork and wait */
    long child = fork();
    if (child == 0) _exit(0);
    waitpid((pid_t)child, NULL, 0);
    judge(name, child);
  }
  errno = EINVAL;
  broken("name");
}
