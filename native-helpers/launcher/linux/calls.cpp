#include "calls.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "assembler.hpp"

namespace belljar {

namespace {

constexpr uint32_t namespace_flags = 0x00020000 /* NEWNS */ | 0x02000000 /* NEWCGROUP */ | 0x04000000 /* NEWUTS */ |
                                     0x08000000 /* NEWIPC */ | 0x10000000 /* NEWUSER */ | 0x20000000 /* NEWPID */ |
                                     0x40000000 /* NEWNET */ | 0x00000080 /* NEWTIME, unshare only */;
constexpr uint32_t x32_bit = 0x40000000;
constexpr uint32_t set_owner_command = 0x8901, set_group_command = 0x8902;  // FIOSETOWN, SIOCSPGRP
constexpr uint32_t interface_type = 0x8900, wireless_type = 0x8B00;
constexpr uint32_t look_up_shortest = 17;
constexpr uint32_t look_up_longest = 512;

// Observed calls; the same for both tables.
void add_observed(std::vector<CallRule>& rules) {
  auto add = [&rules](int nr, const char* name, Action action, const char* reason) {
    rules.push_back({nr, name, action, When::always, 0, reason});
  };
  add(SYS_openat, "openat", Action::openat, "Landlock decides; seen here");
#ifdef SYS_open
  add(SYS_open, "open", Action::open, "Landlock decides; seen here");
  add(SYS_creat, "creat", Action::creat, "Landlock decides; seen here");
#endif
  add(number::openat2, "openat2", Action::openat2, "Landlock decides; seen here");
  add(SYS_execve, "execve", Action::exec, "Landlock decides; seen here");
  add(SYS_execveat, "execveat", Action::execat, "Landlock decides; seen here");
#ifdef SYS_mkdir
  add(SYS_mkdir, "mkdir", Action::make_folder, "Landlock decides; seen here");
  add(SYS_rmdir, "rmdir", Action::remove_folder, "Landlock decides; seen here");
  add(SYS_unlink, "unlink", Action::remove, "Landlock decides; seen here");
  add(SYS_rename, "rename", Action::rename, "Landlock decides; seen here");
  add(SYS_link, "link", Action::link, "Landlock decides; seen here");
  add(SYS_symlink, "symlink", Action::make_link, "Landlock decides; seen here");
  add(SYS_mknod, "mknod", Action::make_node, "Landlock decides; seen here");
#endif
  add(SYS_mkdirat, "mkdirat", Action::make_folder_at, "Landlock decides; seen here");
  add(SYS_unlinkat, "unlinkat", Action::remove_at, "Landlock decides; seen here");
#ifdef SYS_renameat
  add(SYS_renameat, "renameat", Action::rename_at, "Landlock decides; seen here");
#endif
  add(SYS_renameat2, "renameat2", Action::rename_at, "Landlock decides; seen here");
  add(SYS_linkat, "linkat", Action::link_at, "Landlock decides; seen here");
  add(SYS_symlinkat, "symlinkat", Action::make_link_at, "Landlock decides; seen here");
  add(SYS_mknodat, "mknodat", Action::make_node_at, "Landlock decides; seen here");
}

std::vector<CallRule> make_contained(bool nested) {
  std::vector<CallRule> rules;
  auto add = [&rules](int nr, const char* name, Action action, When when, int error, const char* reason) {
    rules.push_back({nr, name, action, when, error, reason});
  };
  auto refuse = [&add](int nr, const char* name, int error, const char* reason) {
    add(nr, name, Action::refuse, When::always, error, reason);
  };
  add_observed(rules);

  // Attributes and shortening: Landlock does not know attributes at all, and truncation only from ABI 3.
  const char* attributes = "Landlock does not cover attributes";
  add(SYS_truncate, "truncate", Action::truncate, When::always, 0, "Landlock covers it only from ABI 3");
#ifdef SYS_chmod
  add(SYS_chmod, "chmod", Action::chmod, When::always, 0, attributes);
  add(SYS_chown, "chown", Action::chown, When::always, 0, attributes);
  add(SYS_lchown, "lchown", Action::chown_link, When::always, 0, attributes);
  add(SYS_utime, "utime", Action::utime, When::always, 0, attributes);
  add(SYS_utimes, "utimes", Action::utimes, When::always, 0, attributes);
  add(SYS_futimesat, "futimesat", Action::utimes_at, When::always, 0, attributes);
#endif
  add(SYS_fchmod, "fchmod", Action::chmod_fd, When::always, 0, attributes);
  add(SYS_fchmodat, "fchmodat", Action::chmod_at, When::always, 0, attributes);
  add(number::fchmodat2, "fchmodat2", Action::chmod_at, When::always, 0, attributes);
  add(SYS_fchown, "fchown", Action::chown_fd, When::always, 0, attributes);
  add(SYS_fchownat, "fchownat", Action::chown_at, When::always, 0, attributes);
  add(SYS_utimensat, "utimensat", Action::utimens_at, When::always, 0, attributes);
  add(SYS_setxattr, "setxattr", Action::set_attribute, When::always, 0, attributes);
  add(SYS_lsetxattr, "lsetxattr", Action::set_attribute_link, When::always, 0, attributes);
  add(SYS_fsetxattr, "fsetxattr", Action::set_attribute_fd, When::always, 0, attributes);
  add(SYS_removexattr, "removexattr", Action::remove_attribute, When::always, 0, attributes);
  add(SYS_lremovexattr, "lremovexattr", Action::remove_attribute_link, When::always, 0, attributes);
  add(SYS_fremovexattr, "fremovexattr", Action::remove_attribute_fd, When::always, 0, attributes);
  const char* newer_attributes = "newer form of a brokered call; programs fall back to the older one";
  refuse(number::setxattrat, "setxattrat", ENOSYS, newer_attributes);
  refuse(number::removexattrat, "removexattrat", ENOSYS, newer_attributes);
  refuse(number::file_setattr, "file_setattr", ENOSYS, newer_attributes);
  add(SYS_inotify_add_watch, "inotify_add_watch", Action::watch, When::always, 0, "tells names and activity of outside folders");
  refuse(SYS_fanotify_init, "fanotify_init", EPERM, "tells activity of outside folders");

  // Network. The server's own domain may connect nowhere; the supervisor connects for it.
  add(SYS_connect, "connect", Action::connect, When::always, 0, "decided by address, on the supervisor's copy");
  add(SYS_listen, "listen", Action::listen, When::always, 0, "Landlock misses listen() without bind()");
  // A network of the run's own is a way into the kernel and leads nowhere, so in there no socket but Unix ones is made.
  add(SYS_socket, "socket", Action::socket, nested ? When::socket_not_unix : When::socket_kind, 0, "datagram and odd families reach the network without connect()");
  add(SYS_socketpair, "socketpair", Action::socket, When::socketpair_kind, 0, "a datagram pair can send to any path");
  add(SYS_sendto, "sendto", Action::send_to, When::destination, 0, "a destination reaches the network without connect()");
  add(SYS_sendmsg, "sendmsg", Action::refuse, When::send_flags_2, EOPNOTSUPP, "MSG_FASTOPEN connects; MSG_OOB was a way into the kernel");
  add(SYS_sendmmsg, "sendmmsg", Action::refuse, When::send_flags_3, EOPNOTSUPP, "MSG_FASTOPEN connects; MSG_OOB was a way into the kernel");
  add(SYS_setsockopt, "setsockopt", Action::refuse, When::socket_option, ENOPROTOOPT,
      "TCP_FASTOPEN_CONNECT makes the first write connect; a source route sends the first packet elsewhere; two listeners of one "
      "port would share another program's connections; protocols above TCP were ways into the kernel");
  add(SYS_bind, "bind", Action::bind, When::always, 0, "a port is decided here, by address; about a socket file Landlock decides");

  // Other processes.
  add(SYS_kill, "kill", Action::signal_process, When::always, 0, "Landlock covers signals only from ABI 6; seen here");
  add(SYS_tkill, "tkill", Action::signal_thread, When::always, 0, "as kill");
  add(SYS_tgkill, "tgkill", Action::signal_thread, When::always, 0, "as kill");
  add(SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Action::signal_process, When::always, 0, "as kill");
  add(SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", Action::signal_thread, When::always, 0, "as kill");
  add(number::pidfd_send_signal, "pidfd_send_signal", Action::signal_pidfd, When::always, 0, "as kill");
  add(SYS_fcntl, "fcntl", Action::owner, When::set_owner, 0, "F_SETOWN makes the kernel send signals; leases hold other programs up");
  add(SYS_prlimit64, "prlimit64", Action::other_process, When::limit_of_other, 0, "limits of other processes");
  add(SYS_setrlimit, "setrlimit", Action::refuse, When::core_limit, EPERM, "a core limit of 0 would let the machine's crash handler have the memory");
  add(SYS_setpriority, "setpriority", Action::priority, When::priority_target, 0, "priority of other processes");
  add(SYS_ioprio_set, "ioprio_set", Action::priority, When::pid_given_1, 0, "priority of other processes");
  add(SYS_sched_setaffinity, "sched_setaffinity", Action::other_process, When::pid_given_0, 0, "scheduling of other processes");
  add(SYS_sched_setscheduler, "sched_setscheduler", Action::other_process, When::pid_given_0, 0, "scheduling of other processes");
  add(SYS_sched_setparam, "sched_setparam", Action::other_process, When::pid_given_0, 0, "scheduling of other processes");
  add(SYS_sched_setattr, "sched_setattr", Action::other_process, When::pid_given_0, 0, "scheduling of other processes");
  add(SYS_migrate_pages, "migrate_pages", Action::other_process, When::pid_given_0, 0, "memory of other processes");
  add(SYS_move_pages, "move_pages", Action::other_process, When::pid_given_0, 0, "memory of other processes");
  const char* inspect = "reads or changes another process";
  refuse(SYS_ptrace, "ptrace", EPERM, inspect);
  refuse(SYS_process_vm_readv, "process_vm_readv", EPERM, inspect);
  refuse(SYS_process_vm_writev, "process_vm_writev", EPERM, inspect);
  refuse(number::process_madvise, "process_madvise", EPERM, inspect);
  refuse(number::process_mrelease, "process_mrelease", EPERM, inspect);
  refuse(number::pidfd_getfd, "pidfd_getfd", EPERM, inspect);
  refuse(SYS_kcmp, "kcmp", EPERM, inspect);
  add(SYS_prctl, "prctl", Action::refuse, When::process_control, EPERM,
      "core scheduling reaches other processes; a program that hides its memory could not be watched");

  // Memory shared by name.
  add(SYS_shmget, "shmget", Action::shm_get, When::always, 0, "System V segments of other programs");
  add(SYS_shmat, "shmat", Action::shm_use, When::always, 0, "System V segments of other programs");
  add(SYS_shmctl, "shmctl", Action::shm_use, When::always, 0, "System V segments of other programs");
  const char* ipc = "System V and POSIX objects are shared by the whole system";
  refuse(SYS_semget, "semget", EACCES, ipc);
  refuse(SYS_semop, "semop", EACCES, ipc);
  refuse(SYS_semtimedop, "semtimedop", EACCES, ipc);
  refuse(SYS_semctl, "semctl", EACCES, ipc);
  refuse(SYS_msgget, "msgget", EACCES, ipc);
  refuse(SYS_msgsnd, "msgsnd", EACCES, ipc);
  refuse(SYS_msgrcv, "msgrcv", EACCES, ipc);
  refuse(SYS_msgctl, "msgctl", EACCES, ipc);
  refuse(SYS_mq_open, "mq_open", EACCES, ipc);
  refuse(SYS_mq_unlink, "mq_unlink", EACCES, ipc);

  refuse(447, "memfd_secret", ENOSYS, "memory that the supervisor cannot read arguments from");
  add(SYS_memfd_create, "memfd_create", Action::memory_file, When::always, 0, "a program in memory is executed without Landlock");

  // Ways around the filter.
  const char* around = "does opens and connects without the filtered calls";
  refuse(number::io_uring_setup, "io_uring_setup", ENOSYS, around);
  refuse(number::io_uring_enter, "io_uring_enter", ENOSYS, around);
  refuse(number::io_uring_register, "io_uring_register", ENOSYS, around);
  add(number::clone3, "clone3", Action::refuse, When::silent, ENOSYS, "its flags are behind a pointer; libraries fall back to clone");
  const char* namespaces = "a new namespace changes what paths and addresses mean, and opens much of the kernel";
  add(SYS_clone, "clone", Action::new_namespace, When::new_namespace, EPERM, namespaces);
  add(SYS_unshare, "unshare", Action::new_namespace, When::new_namespace, EPERM, namespaces);
  const char* view = "changes what paths mean";
  refuse(SYS_setns, "setns", EPERM, view);
  add(SYS_chroot, "chroot", Action::change_root, When::always, EPERM, view);
  refuse(SYS_pivot_root, "pivot_root", EPERM, view);
  refuse(SYS_mount, "mount", EPERM, view);
  refuse(SYS_umount2, "umount2", EPERM, view);
  refuse(number::open_tree, "open_tree", EPERM, view);
  refuse(number::open_tree_attr, "open_tree_attr", EPERM, view);
  refuse(number::move_mount, "move_mount", EPERM, view);
  refuse(number::fsopen, "fsopen", EPERM, view);
  refuse(number::fsconfig, "fsconfig", EPERM, view);
  refuse(number::fsmount, "fsmount", EPERM, view);
  refuse(number::fspick, "fspick", EPERM, view);
  refuse(number::mount_setattr, "mount_setattr", EPERM, view);
  refuse(SYS_open_by_handle_at, "open_by_handle_at", EPERM, "opens without a path");
  add(SYS_personality, "personality", Action::refuse, When::personality_change, EPERM, "switches address randomisation off");

  // Kernel surface that no MCP server needs.
  const char* surface = "kernel surface that no server needs";
  refuse(SYS_bpf, "bpf", EPERM, surface);
  refuse(SYS_perf_event_open, "perf_event_open", EPERM, surface);
  refuse(SYS_userfaultfd, "userfaultfd", EPERM, "stops kernel threads inside copies: the tool of most race exploits");
  refuse(SYS_add_key, "add_key", EPERM, "keyrings are shared with the whole session");
  refuse(SYS_request_key, "request_key", EPERM, "keyrings are shared with the whole session");
  refuse(SYS_keyctl, "keyctl", EPERM, "keyrings are shared with the whole session");
  refuse(SYS_init_module, "init_module", EPERM, surface);
  refuse(SYS_finit_module, "finit_module", EPERM, surface);
  refuse(SYS_delete_module, "delete_module", EPERM, surface);
  refuse(SYS_kexec_load, "kexec_load", EPERM, surface);
#ifdef SYS_kexec_file_load
  refuse(SYS_kexec_file_load, "kexec_file_load", EPERM, surface);
#endif
  refuse(SYS_reboot, "reboot", EPERM, surface);
  refuse(SYS_swapon, "swapon", EPERM, surface);
  refuse(SYS_swapoff, "swapoff", EPERM, surface);
  refuse(SYS_acct, "acct", EPERM, surface);
  refuse(SYS_quotactl, "quotactl", EPERM, surface);
  refuse(number::quotactl_fd, "quotactl_fd", EPERM, surface);
  refuse(SYS_syslog, "syslog", EPERM, "the kernel log tells addresses and other programs' activity");
  refuse(SYS_vhangup, "vhangup", EPERM, surface);
  refuse(SYS_sethostname, "sethostname", EPERM, surface);
  refuse(SYS_setdomainname, "setdomainname", EPERM, surface);
  refuse(SYS_settimeofday, "settimeofday", EPERM, surface);
  refuse(SYS_clock_settime, "clock_settime", EPERM, surface);
  refuse(number::lsm_set_self_attr, "lsm_set_self_attr", EPERM, surface);
#if defined(__x86_64__)
  refuse(SYS_iopl, "iopl", EPERM, surface);
  refuse(SYS_ioperm, "ioperm", EPERM, surface);
  refuse(SYS_modify_ldt, "modify_ldt", EPERM, surface);
  refuse(SYS_uselib, "uselib", ENOSYS, surface);
  refuse(SYS_ustat, "ustat", ENOSYS, surface);
  refuse(SYS_sysfs, "sysfs", ENOSYS, surface);
#endif
  add(SYS_ioctl, "ioctl", nested ? Action::interface_command : Action::refuse, nested ? When::any_device_command : When::device_command, EPERM,
      "TIOCSTI types into the user's terminal; owner commands send signals; file flags change what may only be read");
  return rules;
}

std::vector<CallRule> make_watched() {
  std::vector<CallRule> rules;
  add_observed(rules);
  rules.push_back({SYS_connect, "connect", Action::connect, When::always, 0, "seen, not stopped"});
  const char* look_up = "may be a name that is looked up";
  rules.push_back({SYS_sendto, "sendto", Action::send_to, When::short_message, 0, look_up});
  rules.push_back({SYS_sendmsg, "sendmsg", Action::send_message, When::always, 0, look_up});
  rules.push_back({SYS_sendmmsg, "sendmmsg", Action::send_message, When::always, 0, look_up});
  rules.push_back({SYS_write, "write", Action::write, When::short_message, 0, look_up});
  rules.push_back({SYS_writev, "writev", Action::write, When::always, 0, look_up});
  rules.push_back({SYS_truncate, "truncate", Action::truncate, When::always, 0, "seen, not stopped"});
  return rules;
}

void when_stopped(Assembler& out, When when, uint32_t stop) {
  constexpr uint32_t allow = SECCOMP_RET_ALLOW;
  constexpr uint32_t type_flags = ~static_cast<uint32_t>(SOCK_CLOEXEC | SOCK_NONBLOCK);
  switch (when) {
    case When::always:
    case When::silent:
      out.ret(stop);
      return;
    case When::new_namespace:
      out.low(0);
      out.mask(namespace_flags);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::set_id_1:
    case When::set_id_2:
      out.low(when == When::set_id_1 ? 1 : 2);
      out.mask(S_ISUID | S_ISGID);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::open_flags_1:
    case When::open_flags_2: {
      int flags = when == When::open_flags_1 ? 1 : 2;
      out.low(flags);
      out.mask(O_ACCMODE | O_TRUNC);
      // For commands alone, and shortened without being written to: Landlock asks for no right to either on older kernels.
      out.if_equal(O_ACCMODE, stop);
      out.if_equal(O_ACCMODE | O_TRUNC, stop);
      out.if_equal(O_RDONLY | O_TRUNC, stop);
      out.low(flags + 1);
      out.mask(S_ISUID | S_ISGID);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    }
    case When::short_message:
      out.high(2);
      out.if_not_equal(0, allow);
      out.low(2);
      out.if_above(look_up_longest, allow);
      out.code.push_back({BPF_JMP | BPF_JGE | BPF_K, 1, 0, look_up_shortest});
      out.ret(allow);
      out.ret(stop);
      return;
    case When::socket_or_datagram:
    case When::socket_kind: {
      // Unix stream and seqpacket.
      Assembler unix_kind;
      unix_kind.low(1);
      unix_kind.mask(type_flags);
      unix_kind.if_equal(SOCK_STREAM, allow);
      unix_kind.if_equal(SOCK_SEQPACKET, allow);
      unix_kind.ret(stop);
      // Internet stream over plain TCP.
      Assembler inet_kind;
      inet_kind.low(1);
      inet_kind.mask(type_flags);
      if (when == When::socket_or_datagram) {
        Assembler datagram;
        datagram.low(2);
        datagram.if_equal(0, allow);
        datagram.if_equal(IPPROTO_UDP, allow);
        datagram.ret(stop);
        inet_kind.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(datagram.code.size()), SOCK_DGRAM});
        inet_kind.code.insert(inet_kind.code.end(), datagram.code.begin(), datagram.code.end());
      }
      inet_kind.if_not_equal(SOCK_STREAM, stop);
      inet_kind.low(2);
      inet_kind.if_equal(0, allow);
      inet_kind.if_equal(IPPROTO_TCP, allow);
      inet_kind.ret(stop);
      // Netlink: only the route family, which without rights only reads addresses and routes.
      Assembler netlink_kind;
      netlink_kind.low(2);
      netlink_kind.if_equal(0, allow);
      netlink_kind.ret(stop);
      out.low(0);
      auto branch = [&out](uint32_t family, const Assembler& body) {
        out.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(body.code.size()), family});
        out.code.insert(out.code.end(), body.code.begin(), body.code.end());
      };
      branch(AF_UNIX, unix_kind);
      branch(AF_INET, inet_kind);
      branch(AF_INET6, inet_kind);
      branch(AF_NETLINK, netlink_kind);
      out.ret(stop);
      return;
    }
    case When::socket_not_unix:
    case When::socketpair_kind:
      out.low(0);
      out.if_not_equal(AF_UNIX, stop);
      out.low(1);
      out.mask(type_flags);
      out.if_equal(SOCK_STREAM, allow);
      out.if_equal(SOCK_SEQPACKET, allow);
      out.ret(stop);
      return;
    case When::destination:
      out.low(4);
      out.if_not_equal(0, stop);
      out.high(4);
      out.if_not_equal(0, stop);
      out.low(3);
      out.mask(refused_send_flags);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::send_flags_2:
    case When::send_flags_3:
      out.low(when == When::send_flags_2 ? 2 : 3);
      out.mask(refused_send_flags);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::socket_error:
      out.low(1);
      out.if_not_equal(SOL_SOCKET, allow);
      out.low(2);
      out.if_equal(SO_ERROR, stop);
      out.ret(allow);
      return;
    case When::socket_option: {
      auto level = [&out, stop](uint32_t number, std::initializer_list<uint32_t> options) {
        Assembler body;
        body.low(2);
        for (uint32_t option : options) body.if_equal(option, stop);
        body.ret(allow);
        out.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(body.code.size()), number});
        out.code.insert(out.code.end(), body.code.begin(), body.code.end());
      };
      out.low(1);
      level(SOL_SOCKET, {SO_REUSEPORT});
      level(IPPROTO_TCP, {TCP_FASTOPEN, 30 /* TCP_FASTOPEN_CONNECT */, 33 /* TCP_FASTOPEN_KEY */, TCP_REPAIR, 31 /* TCP_ULP */});
      level(IPPROTO_IP, {4 /* IP_OPTIONS */});
      level(IPPROTO_IPV6, {57 /* IPV6_RTHDR */, 5 /* IPV6_2292RTHDR */, 6 /* IPV6_2292PKTOPTIONS */});
      out.ret(allow);
      return;
    }
    case When::device_command:
    case When::any_device_command:
      if (when == When::any_device_command) {
        out.low(1);
        out.mask(0xFF00);
        out.if_equal(interface_type, stop);
        out.if_equal(wireless_type, stop);
      }
      out.low(1);
      out.if_equal(TIOCSTI, stop);
      out.if_equal(0x541C /* TIOCLINUX */, stop);
      out.if_equal(TIOCSETD, stop);
      out.if_equal(set_owner_command, stop);
      out.if_equal(set_group_command, stop);
      // File systems' own commands change files and folders through a descriptor that may only be read, and Landlock does
      // not see them. By type: generic and ext4 'f', versions 'v', XFS 'X', btrfs, FAT 'r', bcachefs. Commands that only
      // read pass, and so do copies by reference and the map of a file, which programs use every day.
      for (uint32_t common : {0x40049409u /* FICLONE */, 0x4020940Du /* FICLONERANGE */, 0xC0189436u /* FIDEDUPERANGE */,
                              0xC020660Bu /* FS_IOC_FIEMAP */}) {
        out.if_equal(common, allow);
      }
      out.if_equal(0x800C6613 /* FS_IOC_SET_ENCRYPTION_POLICY, which says it reads */, stop);
      out.mask(0xC0000000);
      out.if_equal(0x80000000 /* only reads */, allow);
      out.low(1);
      out.mask(0xFF00);
      for (uint32_t type : {0x66u, 0x76u, 0x58u, 0x94u, 0x72u, 0xBCu}) out.if_equal(type << 8, stop);
      out.ret(allow);
      return;
    case When::output:
    case When::output_copy:
      out.low(0);
      out.if_equal(1, stop);
      if (when == When::output) out.if_equal(output_copy_number, stop);
      out.ret(allow);
      return;
    case When::set_owner_or_copy:
    case When::set_owner:
      if (when == When::set_owner_or_copy) {
        Assembler copy;
        copy.low(1);
        copy.if_equal(F_DUPFD, stop);
        copy.if_equal(F_DUPFD_CLOEXEC, stop);
        out.low(0);
        out.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(copy.code.size()), 1});
        out.code.insert(out.code.end(), copy.code.begin(), copy.code.end());
      }
      out.low(1);
      out.if_equal(F_SETOWN, stop);
      out.if_equal(15 /* F_SETOWN_EX */, stop);
      out.if_equal(F_SETLEASE, stop);
      out.if_equal(F_NOTIFY, stop);
      out.if_equal(1040 /* F_SETDELEG */, stop);
      out.ret(allow);
      return;
    case When::pid_given_0:
    case When::pid_given_1:
      out.low(when == When::pid_given_0 ? 0 : 1);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::core_limit:
      out.low(0);
      out.if_equal(RLIMIT_CORE, SECCOMP_RET_ERRNO | 0);
      out.ret(allow);
      return;
    case When::limit_of_other: {
      // Asking for the limit (no new one) is as for any other.
      Assembler core;
      for (bool high : {false, true}) {
        if (high) core.high(2);
        else core.low(2);
        core.if_not_equal(0, SECCOMP_RET_ERRNO | 0);
      }
      out.low(1);
      out.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(core.code.size()), RLIMIT_CORE});
      out.code.insert(out.code.end(), core.code.begin(), core.code.end());
      out.low(0);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    }
    case When::priority_target:
      out.low(0);
      out.if_equal(2 /* PRIO_USER */, stop);
      out.low(1);
      out.if_not_equal(0, stop);
      out.ret(allow);
      return;
    case When::personality_change:
      out.low(0);
      out.if_equal(0xFFFFFFFF, allow);
      out.if_equal(0, allow);
      out.ret(stop);
      return;
    case When::process_control:
      out.low(0);
      out.if_equal(62 /* PR_SCHED_CORE */, stop);
      out.if_not_equal(4 /* PR_SET_DUMPABLE */, allow);
      out.low(1);
      out.if_not_equal(0, allow);
      out.ret(SECCOMP_RET_ERRNO | 0);
      return;
  }
}

}  // namespace

std::vector<sock_filter> make_supervisor_filter() {
  Assembler out = allow_calls({
      // What it does for the server, on its own copies.
      SYS_openat, number::openat2, SYS_newfstatat, SYS_statx, SYS_fstatfs, SYS_readlinkat, number::faccessat2, SYS_mkdirat, SYS_mknodat, SYS_symlinkat,
      SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_truncate, SYS_fchmod, SYS_fchmodat, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_fsetxattr,
      SYS_removexattr, SYS_fremovexattr, SYS_umask, SYS_inotify_add_watch, SYS_memfd_create, SYS_connect, SYS_bind, SYS_listen, SYS_getsockname,
      SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_shutdown, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_shmget, SYS_shmctl, SYS_kill,
      number::pidfd_send_signal,
      // How it looks at the server, and answers.
      SYS_ioctl, SYS_process_vm_readv, number::pidfd_open, number::pidfd_getfd, SYS_prlimit64, SYS_getdents64, SYS_seccomp,
      // Itself: descriptors, its two threads, memory, time, its children's end.
      SYS_read, SYS_readv, SYS_write, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_fstat, SYS_fcntl, SYS_close, SYS_dup3, SYS_pipe2, SYS_tee,
      SYS_eventfd2, SYS_ppoll, SYS_wait4, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep,
      SYS_getrandom, SYS_getcpu, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_setaffinity, SYS_sched_setattr, SYS_getpriority, SYS_set_robust_list, SYS_rseq,
      SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_tgkill, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigsuspend,
      SYS_restart_syscall, SYS_exit, SYS_exit_group,
#ifdef SYS_open
      SYS_open, SYS_stat, SYS_lstat, SYS_readlink, SYS_access, SYS_chmod, SYS_poll, SYS_pause, SYS_dup2,
#endif
  });
  // On a socket of the internet a carried connection is set on its way. None of Unix: it connects the server's.
  allow_internet_sockets(out);
  return out.code;
}

std::vector<sock_filter> make_guardian_filter() {
  Assembler out;
  constexpr uint32_t die = SECCOMP_RET_KILL_PROCESS;
  out.load(offsetof(seccomp_data, arch));
  out.if_not_equal(native_audit_arch, die);
  out.load(offsetof(seccomp_data, nr));
  out.if_above(number::newest_known, die);
  out.without_execution();
  for (int nr : {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, number::pidfd_getfd, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
                 SYS_add_key, SYS_request_key, SYS_keyctl, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, number::open_tree,
                 number::move_mount, number::fsopen, number::fsmount, number::mount_setattr, number::io_uring_setup, SYS_init_module, SYS_finit_module,
                 SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_open_by_handle_at, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setresuid, SYS_setregid,
                 SYS_setresgid, SYS_setgroups, SYS_personality, SYS_listen, SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget}) {
    out.if_equal(static_cast<uint32_t>(nr), die);
  }
  out.ret(SECCOMP_RET_ALLOW);
  return out.code;
}

const std::vector<CallRule>& contained_calls(bool nested) {
  static const std::vector<CallRule> plain = make_contained(false);
  static const std::vector<CallRule> with_namespaces = make_contained(true);
  return nested ? with_namespaces : plain;
}

const std::vector<CallRule>& watched_calls() {
  static const std::vector<CallRule> rules = make_watched();
  return rules;
}

// Chromium tries whether it may (clone of a user namespace, and another one inside), starts its zygote in namespaces of user,
// processes and network, regains rights there by one more user namespace, and forks every page into a namespace of processes.
bool is_sandbox_namespace(int nr, uint64_t flags) {
  uint64_t kinds = flags & namespace_flags;
  if (nr == SYS_unshare) return flags == CLONE_NEWUSER;
  return kinds == CLONE_NEWUSER || kinds == CLONE_NEWPID || kinds == (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET);
}

std::string namespace_text(const char* call, uint64_t flags) {
  static constexpr struct {
    uint64_t flag;
    const char* name;
  } names[] = {{CLONE_NEWUSER, "CLONE_NEWUSER"}, {CLONE_NEWPID, "CLONE_NEWPID"}, {CLONE_NEWNET, "CLONE_NEWNET"},
               {CLONE_NEWNS, "CLONE_NEWNS"},     {CLONE_NEWIPC, "CLONE_NEWIPC"}, {CLONE_NEWUTS, "CLONE_NEWUTS"},
               {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {0x80, "CLONE_NEWTIME"}};
  std::string text = call;
  char before = ' ';
  for (const auto& one : names) {
    if ((flags & one.flag) == 0) continue;
    text += before;
    text += one.name;
    before = '|';
  }
  return text;
}

bool is_ordinary_socket(int family, int type, int protocol, bool datagrams) {
  type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (family == AF_UNIX) return type == SOCK_STREAM || type == SOCK_SEQPACKET;
  if (family == AF_INET || family == AF_INET6) {
    if (type == SOCK_DGRAM) return datagrams && (protocol == 0 || protocol == IPPROTO_UDP);
    return type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP);
  }
  return family == AF_NETLINK && protocol == 0;
}

bool is_interface_command(uint32_t command) {
  uint32_t type = command & 0xFF00;
  return (type == interface_type || type == wireless_type) && command != set_owner_command && command != set_group_command;
}

namespace {

// Of the calls on files those stay stopped over which the supervisor decides and not Landlock: what would make a file that runs as its
// owner, and opens for commands alone or that shorten without writing. openat2 says that behind a pointer, so all of it does.
void leave_files(std::vector<CallRule>& rules) {
  std::erase_if(rules, [](CallRule& rule) {
    switch (rule.action) {
      case Action::open:
        rule.when = When::open_flags_1;
        return false;
      case Action::openat:
        rule.when = When::open_flags_2;
        return false;
      case Action::make_node_at:
        rule.when = When::set_id_2;
        return false;
      case Action::creat:
      case Action::make_node:
        rule.when = When::set_id_1;
        return false;
      case Action::make_folder:
      case Action::make_folder_at:
      case Action::remove_folder:
      case Action::remove:
      case Action::remove_at:
      case Action::rename:
      case Action::rename_at:
      case Action::link:
      case Action::link_at:
      case Action::make_link:
      case Action::make_link_at:
        return true;
      default:
        return false;
    }
  });
}

}  // namespace

std::vector<CallRule> calls_for(const RunKind& run) {
  std::vector<CallRule> rules = run.contained ? contained_calls(run.nested) : watched_calls();
  if (run.contained && run.files_unseen) leave_files(rules);
  if (run.contained && (run.counted || run.borrows)) {
    const char* reason = run.counted ? "processes are counted" : "it would inherit an affinity that was borrowed";
    for (CallRule& rule : rules) {
      if (rule.nr == SYS_clone) rule.when = When::always;
    }
#ifdef SYS_fork
    rules.push_back({SYS_fork, "fork", Action::new_process, When::always, EAGAIN, reason});
    rules.push_back({SYS_vfork, "vfork", Action::new_process, When::always, EAGAIN, reason});
#endif
  }
  if (run.borrows) {
    auto wait = [&rules](int nr, const char* name) { rules.push_back({nr, name, Action::affinity, When::always, 0, "it would see or inherit an affinity that was borrowed"}); };
    wait(SYS_sched_getaffinity, "sched_getaffinity");
    if (!run.contained) {
      wait(SYS_clone, "clone");
      wait(number::clone3, "clone3");
#ifdef SYS_fork
      wait(SYS_fork, "fork");
      wait(SYS_vfork, "vfork");
#endif
    }
  }
  if (run.contained && run.asks) {
    for (auto [nr, name] : {std::pair{SYS_write, "write"}, {SYS_writev, "writev"}}) {
      rules.push_back({nr, name, Action::write, When::output, 0, "the answer to initialize is seen; nothing is asked before"});
    }
    rules.push_back({SYS_dup, "dup", Action::copy_output, When::output_copy, 0, "the answer to initialize may go through a copy"});
    for (CallRule& rule : rules) {
      if (rule.nr == SYS_fcntl) rule.when = When::set_owner_or_copy;
    }
  }
  if (run.contained && run.relayed) {
    rules.push_back({SYS_getsockopt, "getsockopt", Action::socket_error, When::socket_error, 0,
                     "a carried connection that cannot be made ends in two steps, and the first one alone says too little"});
  }
  if (!run.contained || !run.datagrams) return rules;
  for (CallRule& rule : rules) {
    if (rule.nr == SYS_socket && rule.when == When::socket_kind) rule.when = When::socket_or_datagram;
    if (rule.nr == SYS_sendmsg) rule = {rule.nr, rule.name, Action::send_message, When::always, 0, "the destination of a datagram is behind a pointer"};
    // It tells lengths by writing to the server's memory, which the supervisor cannot; programs fall back to sendmsg.
    if (rule.nr == SYS_sendmmsg) rule = {rule.nr, rule.name, Action::refuse, When::silent, ENOSYS, "many datagrams at once"};
  }
  return rules;
}

const CallRule* rule_for(const std::vector<CallRule>& rules, int nr) {
  for (const CallRule& rule : rules) {
    if (rule.nr == nr) return &rule;
  }
  return nullptr;
}

std::vector<sock_filter> make_filter(const std::vector<CallRule>& rules, bool contained) {
  Assembler out;
  // Foreign architectures first: their numbers mean other calls. Contained: the supervisor refuses and records.
  out.load(offsetof(seccomp_data, arch));
  out.if_not_equal(native_audit_arch, contained ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
  out.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  out.code.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, x32_bit});
  out.ret(contained ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
#endif
  if (contained) out.if_above(number::newest_known, SECCOMP_RET_ERRNO | ENOSYS);
  for (const CallRule& rule : rules) {
    Assembler body;
    uint32_t stop = rule.when == When::silent ? SECCOMP_RET_ERRNO | static_cast<uint32_t>(rule.error) : SECCOMP_RET_USER_NOTIF;
    when_stopped(body, rule.when, stop);
    out.code.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<uint8_t>(body.code.size()), static_cast<uint32_t>(rule.nr)});
    out.code.insert(out.code.end(), body.code.begin(), body.code.end());
  }
  out.ret(SECCOMP_RET_ALLOW);
  return out.code;
}

}  // namespace belljar
