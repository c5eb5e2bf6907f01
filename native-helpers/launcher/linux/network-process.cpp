#include "network-process.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../core/text.hpp"
#include "assembler.hpp"
#include "event-loop.hpp"
#include "kernel.hpp"
#include "name-server.hpp"
#include "network-messages.hpp"
#include "relay.hpp"
#include "upstream-resolver.hpp"
#include "walls.hpp"

namespace belljar {

namespace {

constexpr rlim_t descriptors_wanted = 16'384;
constexpr rlim_t memory_most = 256 << 20;

// The folders of the resolver files and of what they lead to: files in them are replaced, not changed.
bool confine_files(int abi) {
  if (abi == 0) return true;  // watch on a kernel without Landlock; the start says what is missing
  LandlockRulesetAttributes attributes{};
  attributes.handled_access_fs = (1ULL << 13) - 1;
  if (abi >= 2) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= 5) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  size_t size = abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
  if (abi >= 6) {
    attributes.scoped = landlock_scope_abstract_unix | landlock_scope_signal;
    size = sizeof attributes;
  }
  Descriptor ruleset(static_cast<int>(syscall(number::landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset) return false;
  std::string places[5] = {"/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", ""};
  char real[PATH_MAX];
  if (realpath("/etc/resolv.conf", real) != nullptr) places[4] = std::string(parent_of(real));
  for (const std::string& place : places) {
    Descriptor fd(place.empty() ? -1 : open(place.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) continue;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    rule.parent_fd = fd.get();
    if (syscall(number::landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) return false;
  }
  return apply_wall(ruleset.get(), abi) == 0;
}

// What it may still ask of the kernel; anything else ends it.
bool confine_calls() {
  Assembler out = allow_calls({
      SYS_read, SYS_readv, SYS_write, SYS_close, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_connect, SYS_bind,
      SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_shutdown, SYS_splice, SYS_pipe2, SYS_fcntl, SYS_epoll_ctl,
      SYS_epoll_pwait, SYS_openat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_clock_gettime, SYS_getrandom, SYS_munmap,
      SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, SYS_tgkill, SYS_restart_syscall,
      SYS_ioctl, SYS_exit, SYS_exit_group,
#ifdef SYS_epoll_wait
      SYS_epoll_wait, SYS_stat, SYS_open,
#endif
  });
  // None of Unix: no bus, no agent, no Docker.
  allow_internet_sockets(out);
  return apply_filter(out.code);
}

class SupervisorMessages : public Watched {
 public:
  SupervisorMessages(int socket, NameServer& names, Relays& relays, UpstreamResolver& resolver, Asker* watcher, NetworkRules& rules)
      : socket_(socket), names_(names), relays_(relays), resolver_(resolver), watcher_(watcher), rules_(rules) {}

  // Which look-ups of the watcher are whose.
  std::unordered_map<uint64_t, std::string> watched;

  void ready(uint32_t) override {
    for (int i = 0; i < 64; i++) {
      NetworkMessage message;
      Descriptor descriptors[2];
      Received received = receive_message(socket_, message, descriptors, false);
      if (received == Received::nothing) return;
      // The supervisor is gone, and with it the run.
      if (received == Received::closed) _exit(0);
      take(message, descriptors);
    }
  }

 private:
  void take(NetworkMessage& message, Descriptor descriptors[2]) {
    names_.expire();
    switch (message.kind) {
      case NetworkMessage::Kind::serve_names:
        if (descriptors[0]) names_.serve(std::move(descriptors[0]), message.local, message.pid);
        return;
      case NetworkMessage::Kind::carry:
        if (descriptors[0] && descriptors[1]) relays_.carry(std::move(descriptors[0]), std::move(descriptors[1]), message);
        return;
      case NetworkMessage::Kind::carry_by_name:
        if (descriptors[0]) relays_.carry_by_name(std::move(descriptors[0]), message);
        return;
      case NetworkMessage::Kind::name_answer:
        names_.name_answer(std::string(message.text()), !message.refused, message.seconds);
        return;
      case NetworkMessage::Kind::rules:
        take_rules(descriptors[0]);
        return;
      case NetworkMessage::Kind::finish:
        relays_.tell_all();
        message.kind = NetworkMessage::Kind::finished;
        send_message(socket_, message, nullptr, 0, true);
        return;
      case NetworkMessage::Kind::seen_query: {
        std::string name(message.text());
        if (!valid_host_name(name) || watched.size() >= lookups_waiting_max) return;
        for (uint16_t type : {dns_type::a, dns_type::aaaa}) {
          uint64_t lookup = resolver_.ask(watcher_, name, type);
          if (lookup != 0) watched.emplace(lookup, name);
        }
        return;
      }
      default:
        return;
    }
  }

  // What cannot be read leaves everything as it is; the supervisor decides over connects by its own rules in any case.
  void take_rules(const Descriptor& file) {
    struct stat info{};
    if (!file || fstat(file.get(), &info) != 0 || info.st_size < 0 || info.st_size > static_cast<off_t>(plan_max_bytes)) return;
    std::string text(static_cast<size_t>(info.st_size), '\0');
    if (!text.empty() && read(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return;
    std::vector<HostRule> lines;
    HostRules hosts;
    std::string error;
    if (!parse_hosts(text, lines) || !hosts.compile(lines, error)) return;
    hosts.keep_own(rules_.hosts);
    rules_.hosts = std::move(hosts);
  }

  int socket_;
  NameServer& names_;
  Relays& relays_;
  UpstreamResolver& resolver_;
  Asker* watcher_;
  NetworkRules& rules_;
};

// Watch: the names that the server was seen to ask for are looked up once more, to know them by their addresses.
class Watcher : public Asker {
 public:
  explicit Watcher(int supervisor) : supervisor_(supervisor) {}
  SupervisorMessages* messages = nullptr;
  void answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) override {
    auto found = messages->watched.find(lookup);
    if (found == messages->watched.end()) return;
    for (const DnsAddress& one : answer.addresses) {
      NetworkMessage message;
      message.kind = NetworkMessage::Kind::learnt;
      message.remote = one.address;
      message.seconds = one.ttl;
      message.flag = of_hosts;
      message.set_text(found->second);
      send_message(supervisor_, message, nullptr, 0, true);
    }
    messages->watched.erase(found);
  }

 private:
  int supervisor_;
};

}  // namespace

bool prepare_network_process(NetworkProcess& process, std::string& error) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    error = std::string("socketpair: ") + strerror(errno);
    return false;
  }
  process.supervisor_end = Descriptor(ends[0]);
  process.own_end = Descriptor(ends[1]);
  if (!process.watch && !open_holes(process.holes)) {
    error = std::string("a socket of its own on loopback: ") + strerror(errno);
    return false;
  }
  return true;
}

void run_network_process(NetworkProcess& process) {
  process.supervisor_end.reset();
  // Of what was inherited it keeps only its own.
  std::vector<int> kept = {2, process.own_end.get(), process.holes.v4.get(), process.holes.v6.get(),
                           process.holes.v4_filler.get(), process.holes.v6_filler.get()};
  std::sort(kept.begin(), kept.end());
  for (size_t i = 0; i < kept.size(); i++) {
    if (kept[i] < 0) continue;
    unsigned from = static_cast<unsigned>(kept[i]) + 1;
    unsigned to = i + 1 < kept.size() ? static_cast<unsigned>(kept[i + 1]) - 1 : ~0U;
    if (from <= to) syscall(SYS_close_range, from, to, 0U);
  }
  // A run without its network process reaches nothing by name; one that is left over would only wait.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) _exit(1);
  // A core file would hold what it carries; more memory than this only a flood would need, and that ends it.
  const rlimit no_core{0, 0};
  const rlimit memory{memory_most, memory_most};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_DATA, &memory) != 0) _exit(1);
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max < descriptors_wanted ? files.rlim_max : descriptors_wanted;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  {
    EventLoop loop;
    if (!loop.good() || !confine_files(process.landlock_abi) || !confine_calls()) _exit(1);
    int supervisor = process.own_end.get();
    UpstreamResolver resolver(loop, process.rules.network == Network::hosts);
    NameServer names(loop, resolver, process.rules, process.holes, supervisor, !process.proxy.host.empty() && process.rules.network == Network::hosts);
    names.made_up(process.rules.hosts.full_names());
    Relays relays(loop, resolver, process.rules, process.holes, process.proxy, supervisor);
    Watcher watcher(supervisor);
    SupervisorMessages messages(supervisor, names, relays, resolver, &watcher, process.rules);
    watcher.messages = &messages;
    if (!loop.add(supervisor, EPOLLIN, &messages)) _exit(1);
    while (true) {
      // In this order: what is answered may start connections, and those may fail at once.
      int resolver_wait = resolver.tick();
      int relay_wait = relays.tick();
      int wait = resolver_wait < 0 ? relay_wait : relay_wait < 0 ? resolver_wait : resolver_wait < relay_wait ? resolver_wait : relay_wait;
      loop.round(resolver.has_ready() ? 0 : wait);
    }
  }
}

}  // namespace belljar
