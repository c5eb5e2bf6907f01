#include "../launcher/linux/calls.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "check.hpp"

using namespace belljar;

namespace {

// Runs the filter's program on one call, as the kernel would.
uint32_t run(const std::vector<sock_filter>& code, const seccomp_data& data) {
  uint32_t a = 0;
  for (size_t at = 0; at < code.size(); at++) {
    const sock_filter& step = code[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        memcpy(&a, reinterpret_cast<const char*>(&data) + step.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += a > step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        return 0xDEAD;
    }
  }
  return 0xDEAD;
}

uint32_t call(const std::vector<sock_filter>& code, int nr, std::initializer_list<uint64_t> arguments = {}) {
  seccomp_data data{};
  data.nr = nr;
  data.arch = native_audit_arch;
  std::copy(arguments.begin(), arguments.end(), data.args);
  return run(code, data);
}

}  // namespace

void test_calls() {
  constexpr uint32_t allow = SECCOMP_RET_ALLOW;
  constexpr uint32_t notify = SECCOMP_RET_USER_NOTIF;
  std::vector<sock_filter> relayed = make_filter(calls_for({.contained = true, .relayed = true}), true);
  std::vector<sock_filter> direct = make_filter(calls_for({.contained = true}), true);
  check::that(call(relayed, SYS_getsockopt, {3, SOL_SOCKET, SO_ERROR}) == notify && call(direct, SYS_getsockopt, {3, SOL_SOCKET, SO_ERROR}) == allow,
              "a look at a socket's error is stopped where connections are carried");
  check::that(call(relayed, SYS_getsockopt, {3, SOL_SOCKET, SO_TYPE}) == allow && call(relayed, SYS_getsockopt, {3, 6, SO_ERROR}) == allow,
              "and at nothing else of it");
  std::vector<sock_filter> unseen = make_filter(calls_for({.contained = true, .files_unseen = true}), true);
  for (int nr : {SYS_openat, SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mknodat}) {
    check::that(call(unseen, nr, {0, 0, 0, 0}) == allow && call(direct, nr, {0, 0, 0, 0}) == notify, "calls on files are the kernel's where they are not seen");
  }
  for (uint64_t mode : {04755u, 02755u, 06000u}) {
    check::that(call(unseen, SYS_openat, {0, 0, O_CREAT, mode}) == notify && call(unseen, SYS_mknodat, {0, 0, mode}) == notify, "but not what makes a file that runs as its owner");
#ifdef SYS_open
    check::that(call(unseen, SYS_open, {0, O_CREAT, mode}) == notify && call(unseen, SYS_creat, {0, mode}) == notify && call(unseen, SYS_mknod, {0, mode}) == notify, "by its older names too");
#endif
  }
  for (uint64_t flags : {static_cast<uint64_t>(O_ACCMODE), static_cast<uint64_t>(O_ACCMODE | O_TRUNC), static_cast<uint64_t>(O_TRUNC), static_cast<uint64_t>(O_CREAT | O_TRUNC)}) {
    check::equal(call(unseen, SYS_openat, {0, 0, flags, 0644}), notify, "nor what Landlock asks for no right to on older kernels: commands alone, and shortening what is read");
#ifdef SYS_open
    check::equal(call(unseen, SYS_open, {0, flags, 0644}), notify, "by the older name too");
#endif
  }
  for (uint64_t flags : {static_cast<uint64_t>(O_WRONLY | O_TRUNC), static_cast<uint64_t>(O_RDWR | O_TRUNC | O_CREAT), static_cast<uint64_t>(O_RDONLY | O_DIRECTORY)}) {
    check::equal(call(unseen, SYS_openat, {0, 0, flags, 0644}), allow, "what is written to is Landlock's");
  }
  for (int nr : {static_cast<int>(number::openat2), SYS_execve, SYS_truncate, SYS_fchmodat, SYS_connect, SYS_kill}) {
    check::equal(call(unseen, nr, {5}), notify, "what Landlock alone does not hold stays stopped");
  }
  std::vector<sock_filter> borrowed = make_filter(calls_for({.contained = true, .borrows = true}), true);
  for (int nr : {SYS_sched_getaffinity, SYS_clone}) {
    check::that(call(borrowed, nr, {0, SIGCHLD}) == notify && call(direct, nr, {0, SIGCHLD}) == allow, "what would see or inherit a borrowed affinity waits");
  }
  auto code = make_filter(contained_calls(false), true);
  check::that(code.size() < 4096, "the program fits the kernel's bound");
  std::set<int> numbers;
  for (const CallRule& rule : contained_calls(false)) {
    check::that(numbers.insert(rule.nr).second, std::string("named once: ") + rule.name);
    check::that(rule.reason[0] != '\0', std::string("has a reason: ") + rule.name);
    if (rule.when == When::always) check::equal(call(code, rule.nr), notify, std::string("stopped: ") + rule.name);
    bool refuses = rule.action == Action::refuse;
    check::that(!refuses || rule.error != 0, std::string("has an errno: ") + rule.name);
  }
  for (int nr : {SYS_read, SYS_write, SYS_mmap, SYS_futex, SYS_epoll_wait, SYS_close, SYS_newfstatat, SYS_recvmsg}) {
    check::equal(call(code, nr), allow, "ordinary calls go at full speed");
  }
  check::equal(call(code, number::newest_known + 1), SECCOMP_RET_ERRNO | 38u, "calls of a later kernel do not exist");
  check::equal(call(code, number::clone3), SECCOMP_RET_ERRNO | 38u, "clone3 falls back to clone");
  check::equal(call(code, -1), notify, "negative numbers are stopped");
  seccomp_data foreign{};
  foreign.nr = SYS_read;
  foreign.arch = AUDIT_ARCH_I386;
  check::equal(run(code, foreign), notify, "foreign architectures are stopped");
#if defined(__x86_64__)
  check::equal(call(code, static_cast<int>(0x40000000 | SYS_read)), notify, "x32 is stopped");
#endif
  check::equal(call(code, SYS_clone, {0x11}), allow, "fork");
  check::equal(call(code, SYS_clone, {0x10000011}), notify, "a new user namespace");
  check::equal(call(code, SYS_unshare, {0x400}), allow, "unshare of descriptors");
  check::equal(call(code, SYS_unshare, {0x40000000}), notify, "unshare of the network");
  auto socket_of = [&](int family, int type, int protocol) {
    return call(code, SYS_socket, {static_cast<uint64_t>(family), static_cast<uint64_t>(type), static_cast<uint64_t>(protocol)});
  };
  check::equal(socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), allow, "TCP");
  check::equal(socket_of(AF_INET6, SOCK_STREAM, 6), allow, "TCP over v6");
  check::equal(socket_of(AF_UNIX, SOCK_STREAM, 0), allow, "Unix stream");
  check::equal(socket_of(AF_NETLINK, SOCK_RAW, 0), allow, "route netlink");
  struct Odd {
    int family;
    int type;
    int protocol;
  };
  for (auto [family, type, protocol] : std::initializer_list<Odd>{{AF_INET, SOCK_DGRAM, 0}, {AF_INET, SOCK_STREAM, 262}, {AF_INET, SOCK_STREAM, 132},
                                        {AF_INET6, SOCK_RAW, 58}, {AF_UNIX, SOCK_DGRAM, 0}, {AF_NETLINK, SOCK_RAW, 9}, {40, SOCK_STREAM, 0},
                                        {38, SOCK_SEQPACKET, 0}, {AF_PACKET, SOCK_RAW, 3}, {0, SOCK_STREAM, 0}}) {
    check::equal(socket_of(family, type, protocol), notify, "odd socket " + std::to_string(family) + " " + std::to_string(type));
  }
  check::equal(call(code, SYS_socketpair, {AF_UNIX, SOCK_STREAM}), allow, "a stream pair");
  check::equal(call(code, SYS_socketpair, {AF_UNIX, SOCK_DGRAM}), notify, "a datagram pair");
  check::equal(call(code, SYS_sendto, {1, 2, 3, 0, 0, 0}), allow, "send");
  check::equal(call(code, SYS_sendto, {1, 2, 3, 0, 0x7F0000000000ULL, 16}), notify, "an address whose low half is zero");
  check::equal(call(code, SYS_sendto, {1, 2, 3, 0x20000000, 0, 0}), notify, "fast open by sendto");
  check::equal(call(code, SYS_sendmsg, {1, 2, 0x20000000}), notify, "fast open by sendmsg");
  check::equal(call(code, SYS_sendmsg, {1, 2, 0x4000}), allow, "sendmsg");
  check::equal(call(code, SYS_sendmmsg, {1, 2, 1, 0x20000000}), notify, "fast open by sendmmsg");
  check::equal(call(code, SYS_setsockopt, {1, 6, 30}), notify, "fast open by option");
  check::equal(call(code, SYS_setsockopt, {1, 6, 1}), allow, "TCP_NODELAY");
  check::equal(call(code, SYS_setsockopt, {1, 1, 30}), allow, "the same number at another level");
  check::equal(call(code, SYS_ioctl, {0, TIOCSTI}), notify, "typing into a terminal");
  check::equal(call(code, SYS_ioctl, {0, 0xFFFFFFFF00000000ULL | TIOCSTI}), notify, "with junk in the high half");
  check::equal(call(code, SYS_ioctl, {0, TIOCGWINSZ}), allow, "asking a terminal's size");
  check::equal(call(code, SYS_prlimit64, {0, 7}), allow, "own limits");
  check::equal(call(code, SYS_prlimit64, {1, 7}), notify, "another's limits");
  check::equal(call(code, SYS_setpriority, {0, 0, 5}), allow, "own priority");
  check::equal(call(code, SYS_setpriority, {2, 0, 5}), notify, "a whole user's priority");
  check::equal(call(code, SYS_personality, {0xFFFFFFFF}), allow, "asking the personality");
  check::equal(call(code, SYS_personality, {0x40000}), notify, "no address randomisation");
  check::equal(call(code, SYS_fcntl, {0, 8, 1}), notify, "F_SETOWN");
  check::equal(call(code, SYS_fcntl, {0, 3}), allow, "F_GETFL");

  auto nested = make_filter(contained_calls(true), true);
  check::that(nested.size() < 4096, "with namespaces too");
  check::equal(call(nested, SYS_socket, {AF_UNIX, SOCK_STREAM}), allow, "Unix sockets need no look");
  check::equal(call(nested, SYS_socket, {AF_INET, SOCK_STREAM}), notify, "others depend on the namespace");
  check::equal(call(nested, SYS_socket, {AF_NETLINK, SOCK_RAW}), notify, "route netlink too");
  check::equal(call(nested, SYS_ioctl, {0, 0x8914 /* SIOCSIFFLAGS */}), notify, "setting an interface up");
  check::equal(call(code, SYS_ioctl, {0, 0x8914}), allow, "without namespaces there are no rights to do it with");
  check::equal(call(nested, SYS_ioctl, {0, TIOCSTI}), notify, "typing into a terminal");
  check::equal(call(nested, SYS_ioctl, {0, TIOCGWINSZ}), allow, "asking a terminal's size");
  check::equal(call(nested, SYS_mount), notify, "mounts are stopped");
  constexpr uint64_t user = CLONE_NEWUSER, processes = CLONE_NEWPID, network = CLONE_NEWNET, mounts = CLONE_NEWNS;
  for (uint64_t flags : {user, processes, user | processes | network}) {
    check::that(is_sandbox_namespace(SYS_clone, flags | SIGCHLD), "a browser's sandbox " + std::to_string(flags));
  }
  for (uint64_t flags : std::initializer_list<uint64_t>{mounts, network, user | mounts, user | network, processes | network, user | processes | network | mounts, user | 0x80}) {
    check::that(!is_sandbox_namespace(SYS_clone, flags), "anything else " + std::to_string(flags));
  }
  check::that(is_sandbox_namespace(SYS_unshare, user), "users alone");
  for (uint64_t flags : std::initializer_list<uint64_t>{processes, user | processes, user | mounts, user | CLONE_FILES, user | (1ULL << 32)}) {
    check::that(!is_sandbox_namespace(SYS_unshare, flags), "unshare of anything else " + std::to_string(flags));
  }
  check::equal(namespace_text("clone", user | mounts | SIGCHLD), "clone CLONE_NEWUSER|CLONE_NEWNS", "named");
  check::that(is_interface_command(0x8914) && is_interface_command(0x8B00), "interfaces and wireless");
  check::that(!is_interface_command(0x8901) && !is_interface_command(TIOCSTI), "not who gets signals, nor terminals");

  auto asking = make_filter(calls_for({.contained = true, .asks = true}), true);
  for (uint64_t fd : {1, 1000}) {
    check::equal(call(asking, SYS_write, {fd}), notify, "Ask: the first output and its copy are seen");
    check::equal(call(asking, SYS_writev, {fd}), notify, "Ask: in parts too");
  }
  check::equal(call(asking, SYS_write, {2}), allow, "Ask: other outputs are not");
  check::equal(call(asking, SYS_dup, {1}), notify, "Ask: a copy of the first output");
  check::equal(call(asking, SYS_dup, {3}), allow, "Ask: of another one");
  check::equal(call(asking, SYS_fcntl, {1, F_DUPFD_CLOEXEC}), notify, "Ask: a copy by fcntl");
  check::equal(call(asking, SYS_fcntl, {3, F_DUPFD_CLOEXEC}), allow, "Ask: of another one by fcntl");
  check::equal(call(asking, SYS_fcntl, {3, F_SETOWN}), notify, "Ask: owners as ever");
  check::equal(call(make_filter(contained_calls(false), true), SYS_write, {1}), allow, "without Ask no write is stopped");
  auto watched = make_filter(watched_calls(), false);
  check::equal(call(watched, SYS_openat), notify, "watch sees opens");
  check::equal(call(watched, SYS_mount), allow, "watch stops nothing");
  check::equal(call(watched, number::newest_known + 1), allow, "not even what is unknown");
  check::equal(run(watched, foreign), allow, "nor foreign calls");

  {
    // The limit of core files stays what it is, for itself and for others; it can be asked for, and every other one set.
    auto plain = make_filter(contained_calls(false), true);
    constexpr uint32_t nothing = SECCOMP_RET_ERRNO | 0;
    constexpr uint64_t somewhere = 0x7FFF00000000, low = 0x1000;
    for (uint64_t limits : {somewhere, low}) {
      check::equal(call(plain, SYS_prlimit64, {0, RLIMIT_CORE, limits, 0}), nothing, "the core limit is not set");
      check::equal(call(plain, SYS_prlimit64, {1234, RLIMIT_CORE, limits, 0}), nothing, "nor that of a child");
      check::equal(call(plain, SYS_prlimit64, {0, RLIMIT_NOFILE, limits, 0}), allow, "any other is");
      check::equal(call(plain, SYS_prlimit64, {1234, RLIMIT_NOFILE, limits, 0}), SECCOMP_RET_USER_NOTIF, "that of another is asked about");
    }
    check::equal(call(plain, SYS_prlimit64, {0, RLIMIT_CORE, 0, somewhere}), allow, "the core limit is told");
    check::equal(call(plain, SYS_setrlimit, {RLIMIT_CORE, low}), nothing, "the older call does not set it");
    check::equal(call(plain, SYS_setrlimit, {RLIMIT_NOFILE, low}), allow, "and sets others");
  }
  constexpr uint32_t die = SECCOMP_RET_KILL_PROCESS;
  auto own = make_supervisor_filter();
  check::that(own.size() < 4096, "the supervisor's own filter fits");
  for (int nr : {SYS_execve, SYS_execveat, SYS_clone, SYS_ptrace, SYS_process_vm_writev, SYS_mount, SYS_unshare, SYS_setuid, SYS_accept, SYS_accept4, SYS_socketpair, SYS_shmat,
                 SYS_prctl, number::io_uring_setup, number::landlock_create_ruleset, number::newest_known + 1}) {
    check::equal(call(own, nr), die, "the supervisor dies rather than ask for what it does not need");
  }
  for (int nr : {SYS_openat, SYS_connect, SYS_ioctl, SYS_process_vm_readv, SYS_write}) check::equal(call(own, nr), allow, "and serves");
  check::equal(call(own, SYS_socket, {AF_INET, SOCK_STREAM}), allow, "a carried connection");
  check::equal(call(own, SYS_socket, {AF_NETLINK, SOCK_RAW, 0}), allow, "the routing table");
  check::equal(call(own, SYS_socket, {AF_NETLINK, SOCK_RAW, 16}), die, "no other part of the kernel's network");
  check::equal(call(own, SYS_socket, {AF_UNIX, SOCK_STREAM}), die, "no socket of its own to a bus or an agent");
  check::equal(run(own, foreign), die, "no foreign calls");
  auto guardian = make_guardian_filter();
  for (const auto& filter : {own, guardian}) {
    check::equal(call(filter, SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE}), allow, "memory");
    check::equal(call(filter, SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}), die, "none that is executed");
    check::equal(call(filter, SYS_mprotect, {0, 4096, PROT_READ}), allow, "its protection");
    check::equal(call(filter, SYS_mprotect, {0, 4096, PROT_EXEC}), die, "not to be executed");
    check::equal(call(filter, SYS_shmat), die, "no segment that could be");
  }
  for (int nr : {SYS_execve, SYS_ptrace, SYS_mount, SYS_setuid, SYS_listen, number::pidfd_getfd}) check::equal(call(guardian, nr), die, "the guardian dies rather than do that");
  for (int nr : {SYS_openat, SYS_clone, SYS_accept4, SYS_kill}) check::equal(call(guardian, nr), allow, "and guards");
}
