// belljar-records: tells which accesses to files Landlock refused to a server, from the kernel's own audit records.
//
//   belljar-records    standard input: the process that made the server's domain, a decimal number and a newline; its end ends this program
//                      standard output: `ready`, or `no <what is missing>` and the end; then a line for each refusal
//                      (launcher/core/audit-record.hpp), and `lost` where the kernel had no room for records
//
// It needs CAP_AUDIT_READ, which an administrator gives it: setcap cap_audit_read=ep belljar-records. The records of a whole machine are
// private, so it hands out only refusals by domains that a process of its caller's own user made, and only paths that this user's
// own program named.
//
// Steps, in this order: join the group of readers; give up every right; prove by a refusal of its own that records come (audit may be
// switched off, or rules may leave them out); put up its own walls; pass on. After that it can read its two descriptors, write one, and end.
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../launcher/core/audit-record.hpp"
#include "../launcher/core/text.hpp"
#include "../launcher/linux/assembler.hpp"

using namespace belljar;

namespace {

// linux/landlock.h, which older systems lack.
struct landlock_ruleset_attr {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
constexpr uint32_t create_ruleset_version = 1;
constexpr uint64_t read_folder = 1ULL << 3;
constexpr uint64_t all_file_rights = (1ULL << 16) - 1, all_network_rights = 3, all_scopes = 3;
// The first that writes audit records.
constexpr long abi_with_records = 7;

constexpr int proof_ms = 300;
constexpr int answer_ms = 100;
constexpr int read_every_ms = 50;
constexpr int room = 8 << 20;
constexpr size_t message_max = 16'384;

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// All of it, or the end: who reads is gone.
void say(std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(1, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    text.remove_prefix(static_cast<size_t>(n));
  }
}

[[noreturn]] void missing(const char* what) {
  say(std::string("no ") + what + "\n");
  _exit(2);
}

bool restrict_to(uint64_t files, uint64_t network, uint64_t scopes) {
  landlock_ruleset_attr rights{files, network, scopes};
  long ruleset = syscall(number::landlock_create_ruleset, &rights, sizeof rights, 0);
  return ruleset >= 0 && syscall(number::landlock_restrict_self, ruleset, 0) == 0;
}

bool give_up_rights() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  rlimit no_files{0, 0};
  return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
         setrlimit(RLIMIT_FSIZE, &no_files) == 0 && setrlimit(RLIMIT_CORE, &no_files) == 0;
}

struct Message {
  uint16_t type = 0;
  std::string text;
  bool lost = false;
};

// One record of the kernel's; nothing where there is none now.
std::optional<Message> next_message(int log) {
  static char buffer[message_max];
  sockaddr_nl from{};
  iovec part{buffer, sizeof buffer};
  msghdr header{};
  header.msg_name = &from;
  header.msg_namelen = sizeof from;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ssize_t n = recvmsg(log, &header, MSG_DONTWAIT);
  if (n < 0) return errno == ENOBUFS ? std::optional(Message{0, "", true}) : std::nullopt;
  nlmsghdr head{};
  if (from.nl_pid != 0 || static_cast<size_t>(n) < sizeof head) return Message{};
  memcpy(&head, buffer, sizeof head);
  // A record's length leaves its own head out (kernel/audit.c), so what came is what counts.
  std::string_view text(buffer + sizeof head, static_cast<size_t>(n) - sizeof head);
  text = text.substr(0, text.find('\0'));
  return Message{head.nlmsg_type, std::string(text), false};
}

// Who may change audit (root) can also ask whether it is on, and need not wait for a proof that does not come.
bool is_switched_off() {
  int control = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
  nlmsghdr question{};
  question.nlmsg_len = sizeof question;
  question.nlmsg_type = AUDIT_GET;
  question.nlmsg_flags = NLM_F_REQUEST;
  struct {
    nlmsghdr head;
    audit_status status;
    char rest[256];
  } answer{};
  pollfd wait{control, POLLIN, 0};
  bool off = control >= 0 && send(control, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question) && poll(&wait, 1, answer_ms) == 1 &&
             recv(control, &answer, sizeof answer, 0) >= static_cast<ssize_t>(sizeof answer.head + 2 * sizeof(uint32_t)) && answer.head.nlmsg_type == AUDIT_GET &&
             answer.status.enabled == 0;
  close(control);
  return off;
}

// A refusal of our own must come back to us.
bool records_come(int log) {
  pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) _exit(restrict_to(read_folder, 0, 0) && open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return false;
  int64_t until = now_ms() + proof_ms;
  while (now_ms() < until) {
    pollfd wait{log, POLLIN, 0};
    poll(&wait, 1, static_cast<int>(until - now_ms()));
    while (std::optional<Message> message = next_message(log)) {
      if (message->type != audit_landlock_domain) continue;
      std::optional<AuditText> text = audit_text(message->text);
      std::optional<DomainMaker> maker = text ? domain_maker(text->rest) : std::nullopt;
      if (maker && maker->process == static_cast<uint64_t>(child) && maker->user == getuid()) return true;
    }
  }
  return false;
}

bool confine() {
  if (!restrict_to(all_file_rights, all_network_rights, all_scopes)) return false;
  Assembler out = allow_calls({SYS_read, SYS_recvmsg, SYS_write, SYS_ppoll, SYS_brk, SYS_mremap, SYS_munmap, SYS_madvise, SYS_futex, SYS_clock_gettime, SYS_rt_sigreturn,
                               SYS_restart_syscall, SYS_exit, SYS_exit_group,
#ifdef SYS_poll
                               SYS_poll,
#endif
  });
  out.ret(SECCOMP_RET_KILL_PROCESS);
  return apply_filter(out.code);
}

// A decimal number and a newline; anything else ends this.
uint64_t read_maker() {
  char text[32];
  ssize_t n = read(0, text, sizeof text);
  if (n <= 0) _exit(0);
  std::string_view said(text, static_cast<size_t>(n));
  std::optional<uint64_t> number = said.ends_with('\n') ? parse_number(said.substr(0, said.size() - 1), INT_MAX) : std::nullopt;
  if (!number || *number == 0) _exit(2);
  return *number;
}

}  // namespace

int main(int count, char**) {
  // Else the socket below would take the place of one that is closed.
  for (int fd : {0, 1, 2}) {
    if (fcntl(fd, F_GETFD) < 0) return 2;
  }
  if (count != 1 || syscall(SYS_close_range, 3U, ~0U, 0U) != 0) return 2;
  signal(SIGPIPE, SIG_DFL);
  // Its member's rights are asked for when the group is joined, and never again.
  int log = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
  sockaddr_nl readers{};
  readers.nl_family = AF_NETLINK;
  readers.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
  bool joined = log >= 0 && bind(log, reinterpret_cast<sockaddr*>(&readers), sizeof readers) == 0;
  bool off = joined && is_switched_off();
  if (!give_up_rights()) missing("way to give up its rights");
  if (!joined) missing("right to read audit records: setcap cap_audit_read=ep");
  if (off) missing("audit records: audit is switched off");
  setsockopt(log, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (syscall(number::landlock_create_ruleset, nullptr, 0, create_ruleset_version) < abi_with_records) missing("audit records of Landlock in this kernel (Linux 6.15)");
  if (!records_come(log)) missing("audit records: audit is switched off, or its rules leave Landlock out");
  RecordFilter filter(getuid());
  if (!confine()) missing("walls of its own");
  say("ready\n");

  bool followed = false;
  while (true) {
    // A record may wait for another that never comes.
    pollfd waits[] = {{0, POLLIN, 0}, {log, POLLIN, 0}};
    poll(waits, 2, filter.waiting() > 0 ? read_every_ms : -1);
    // First: the process that is named now may already have been refused something.
    if (waits[0].revents != 0) {
      uint64_t maker = read_maker();
      if (followed) _exit(2);
      followed = true;
      filter.follow(maker);
    }
    std::string out;
    while (std::optional<Message> message = next_message(log)) {
      if (message->lost) out += "lost\n";
      else filter.take(message->type, message->text, now_ms(), out);
      if (out.size() > message_max) break;
    }
    filter.settle(now_ms(), out);
    say(out);
  }
}
