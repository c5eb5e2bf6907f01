// Internet sockets: connects decided on the supervisor's own copy of the address and made by it; what the network process has to
// say; the resolver files; and, under watch, the names that are looked up.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../core/dns-message.hpp"
#include "../core/resolver-files.hpp"
#include "event-loop.hpp"
#include "kernel.hpp"
#include "supervisor.hpp"
#include "upstream-resolver.hpp"

namespace belljar {

namespace {

constexpr size_t pending_connects_max = 512;
constexpr int64_t name_wait = 2'000'000'000;
constexpr int64_t name_wait_at_end = 1'000'000'000;
constexpr size_t unnamed_max = 256;
constexpr size_t sent_look_up_longest = 514;  // two bytes of length before it, over TCP

}  // namespace

void Supervisor::take_in_network() {
  for (Observation& one : network_.drain()) spool_.observe(std::move(one), program_of);
  for (const NetworkLink::AskedName& one : network_.asked_names()) ask_for_name(one.name, one.process);
}

void Supervisor::record_connect(int process, const std::string& name, const Address& where, int error) {
  Observation one;
  one.kind = "net.connect";
  one.address = name.empty() ? std::string() : address_text(where);
  one.target = name.empty() ? address_text(where) : name + ":" + std::to_string(where.port);
  one.refused = error != 0;
  one.by = settings_.contained ? "broker" : "predicted";
  one.error = error != 0 ? error_name(error) : nullptr;
  one.pid = process;
  spool_.observe(std::move(one), program_of);
}

Supervisor::Answer Supervisor::connect_inet(Target& target, Descriptor copy, int domain, int type, const sockaddr_storage& storage, size_t size) {
  using Way = ConnectVerdict::Way;
  Address where;
  if (!read_address(storage, size, where)) return {false, EAFNOSUPPORT, 0, false};
  take_in_network();
  ConnectVerdict verdict = network_.judge(where);
  if (type == SOCK_DGRAM) {
    // What is inside a datagram is not checked; a name server that takes them there is none.
    if (verdict.way == Way::checked) verdict.way = Way::direct;
    if (verdict.way != Way::direct) verdict.way = Way::refuse;
  }
  if (verdict.way == Way::refuse) {
    if (type == SOCK_STREAM && ask_for_connect(target, copy, domain, where, verdict, storage, size)) return {false, 0, 0, true};
    record_connect(target.process(), verdict.name, where, EACCES);
    return {false, EACCES, 0, false};
  }
  return begin_connect(current_id_, target.process(), std::move(copy), domain, verdict, where, storage, size);
}

// What was allowed, on the supervisor's own copies; by either of its threads.
Supervisor::Answer Supervisor::begin_connect(uint64_t id, int process, Descriptor copy, int domain, const ConnectVerdict& verdict, const Address& where,
                                             const sockaddr_storage& storage, size_t size) {
  using Way = ConnectVerdict::Way;
  int flags = fcntl(copy.get(), F_GETFL);
  bool blocking = (flags & O_NONBLOCK) == 0;
  // The supervisor must never wait: a blocking connect is finished by the housekeeping thread.
  if (blocking) fcntl(copy.get(), F_SETFL, flags | O_NONBLOCK);
  int code = 0;
  Address local;
  if (verdict.way == Way::direct) {
    code = connect(copy.get(), reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(size)) == 0 ? 0 : errno;
    record_connect(process, verdict.name, where, 0);
  } else {
    // The network process tells what became of it.
    code = network_.carry(copy, domain, verdict, where, storage, size, process, local);
    uint64_t one = 1;
    if (network_.behind() && write(pending_wake_.get(), &one, sizeof one) != sizeof one) return {false, ENETUNREACH, 0, false};
  }
  if (blocking && code == EINPROGRESS) {
    // On this machine it is often done by now.
    pollfd wait{copy.get(), POLLOUT, 0};
    if (verdict.way == Way::direct && poll(&wait, 1, 0) == 1) {
      socklen_t length_of_code = sizeof code;
      getsockopt(copy.get(), SOL_SOCKET, SO_ERROR, &code, &length_of_code);
    } else {
      std::lock_guard lock(pending_mutex_);
      if (pending_.size() >= pending_connects_max) {
        fcntl(copy.get(), F_SETFL, flags);
        record_of(process, "limit", "waiting connections", true, EAGAIN, "broker");
        return {false, EAGAIN, 0, false};
      }
      pending_.push_back({id, std::move(copy), flags, local});
      uint64_t one = 1;
      if (write(pending_wake_.get(), &one, sizeof one) != sizeof one) return {false, 0, 0, true};
      return {false, 0, 0, true};
    }
  }
  if (blocking) fcntl(copy.get(), F_SETFL, flags);
  return {false, code, 0, false};
}

// Served in place of the machine's: /etc/resolv.conf with the run's own name server, and, for programs that cannot ask it over
// TCP, /etc/hosts with an address for each name of the plan. Those are told by opening /etc/hosts first of all (musl).
bool Supervisor::resolver_file(const std::string& path, Target& target, Descriptor& copy) {
  bool resolv = path == "/etc/resolv.conf";
  bool hosts = path == "/etc/hosts" && settings_.network.network == Network::hosts;
  if (!resolv && !hosts && path != "/etc/nsswitch.conf") return false;
  int process = target.process();
  auto user = std::find_if(resolver_users_.begin(), resolver_users_.end(), [process](const ResolverUser& one) { return one.process == process; });
  if (user == resolver_users_.end()) {
    user = resolver_users_.begin() + static_cast<std::ptrdiff_t>(resolver_users_next_++ % resolver_users_.size());
    *user = {process, !hosts};
  }
  if (hosts ? user->asks_name_servers : !resolv) return false;

  ServedFile& served = resolv ? resolv_file_ : hosts_file_;
  struct stat info{};
  bool there = stat(path.c_str(), &info) == 0;
  bool same = served.file && served.inode == info.st_ino && served.changed.tv_sec == info.st_mtim.tv_sec && served.changed.tv_nsec == info.st_mtim.tv_nsec;
  if (!same) {
    std::string machine = there ? read_resolver_file(path.c_str()) : std::string();
    std::string text = resolv ? resolv_conf_for(machine, resolver_address(), settings_.asks) : hosts_file_for(machine, started_names_);
    Descriptor file(static_cast<int>(syscall(SYS_memfd_create, resolv ? "resolv.conf" : "hosts", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
    if (file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0) {
      served = {std::move(file), info.st_mtim, info.st_ino};
    }
  }
  if (!served.file) return false;
  // A descriptor of its own for each that opens it, with a place of its own in it.
  copy = Descriptor(open(("/proc/self/fd/" + std::to_string(served.file.get())).c_str(), O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(copy);
}

// ---- Watch ----------------------------------------------------------------------------------------------------------

Supervisor::Answer Supervisor::watch_connect(Target& target, const sockaddr_storage& storage, size_t size) {
  Address where;
  if (read_address(storage, size, where)) {
    take_in_network();
    std::string name = network_.name_of(where);
    int64_t now = steady_nanoseconds();
    std::lock_guard lock(unnamed_mutex_);
    bool wait = name.empty() && last_query_ != 0 && now - last_query_ < name_wait && unnamed_.size() < unnamed_max;
    if (!wait) {
      record_connect(target.process(), name, where, 0);
      return {};
    }
    Observation one;
    one.kind = "net.connect";
    one.target = address_text(where);
    one.pid = target.process();
    unnamed_.push_back({std::move(one), where, now});
  } else if (storage.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const char* text = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    size_t room = size - offsetof(sockaddr_un, sun_path);
    std::string name = text[0] == '\0' ? "@" + std::string(text + 1, room - 1) : std::string(text, strnlen(text, room));
    record(target, "unix.connect", name, false, 0, "predicted");
  }
  return {};
}

// Our own look-up of a name may come back after the server has connected: its connects wait for their names a moment.
void Supervisor::settle_watched(bool all) {
  std::lock_guard lock(unnamed_mutex_);
  int64_t now = steady_nanoseconds();
  std::erase_if(unnamed_, [&](UnnamedConnect& one) {
    std::string name = network_.name_of(one.where);
    if (name.empty() && !all && now - one.since < name_wait) return false;
    if (!name.empty()) {
      one.seen.address = one.seen.target;
      one.seen.target = name + ":" + std::to_string(one.where.port);
    }
    spool_.observe(std::move(one.seen), program_of);
    return true;
  });
}

bool Supervisor::names_are_missing() {
  std::lock_guard lock(unnamed_mutex_);
  return !unnamed_.empty();
}

void Supervisor::finish_network() {
  int64_t until = steady_nanoseconds() + name_wait_at_end;
  while (true) {
    network_.catch_up();
    bool told = network_.finished();
    take_in_network();
    bool late = steady_nanoseconds() >= until;
    settle_watched(late || network_.socket() < 0);
    if (late || (told && !names_are_missing())) return;
    pollfd wait{network_.socket(), POLLIN, 0};
    poll(&wait, 1, 20);
  }
}

// A look-up on its way to a name server: the name is recorded, and looked up once more by us, to know it by its addresses.
// Seen from the server's memory, so it may be wrong; nothing is stopped.
Supervisor::Answer Supervisor::watch_send(Target& target, const seccomp_notif& request) {
  const __u64* args = request.data.args;
  int nr = request.data.nr;
  struct Part {
    uint64_t at;
    uint64_t size;
  };
  Part parts[4];
  size_t count = 0;
  sockaddr_storage to{};
  size_t to_size = 0;
  int error = 0;
  auto take_vector = [&](uint64_t at) {
    iovec part{};
    if (count < 4 && target.bytes_at(at, &part, sizeof part, error)) parts[count++] = {reinterpret_cast<uint64_t>(part.iov_base), part.iov_len};
  };
  auto take_destination = [&](uint64_t at, uint64_t size) {
    if (at != 0 && size <= sizeof to && target.bytes_at(at, &to, size, error)) to_size = size;
  };
  if (nr == SYS_sendto || nr == SYS_write) {
    parts[count++] = {args[1], args[2]};
    if (nr == SYS_sendto) take_destination(args[4], static_cast<uint32_t>(args[5]));
  } else if (nr == SYS_writev) {
    // Length and look-up in two parts, or in one.
    for (uint64_t i = 0; i < 2 && i < args[2]; i++) take_vector(args[1] + i * sizeof(iovec));
  } else {
    size_t step = nr == SYS_sendmsg ? sizeof(msghdr) : sizeof(mmsghdr);
    uint64_t messages = nr == SYS_sendmsg ? 1 : std::min<uint64_t>(static_cast<uint32_t>(args[2]), 2);
    for (uint64_t i = 0; i < messages; i++) {
      msghdr header{};
      if (!target.bytes_at(args[1] + i * step, &header, sizeof header, error)) break;
      take_destination(reinterpret_cast<uint64_t>(header.msg_name), header.msg_namelen);
      for (uint64_t k = 0; k < 2 && k < header.msg_iovlen; k++) take_vector(reinterpret_cast<uint64_t>(header.msg_iov) + k * sizeof(iovec));
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < count; i++) {
    if (parts[i].size < 17 || parts[i].size > sent_look_up_longest) continue;
    char bytes[sent_look_up_longest];
    if (!target.bytes_at(parts[i].at, bytes, parts[i].size, error)) continue;
    std::string_view text(bytes, parts[i].size);
    DnsQuery query;
    if (!parse_dns_query(text, query) && !parse_dns_query(text.substr(2), query)) continue;
    if (!query.name.empty() && query.name.size() <= host_name_max && std::find(names.begin(), names.end(), query.name) == names.end()) names.push_back(query.name);
  }
  if (names.empty()) return {};
  if (to_size == 0) {
    Descriptor copy = target.descriptor(static_cast<int>(args[0]), error);
    socklen_t size = sizeof to;
    if (!copy || getpeername(copy.get(), reinterpret_cast<sockaddr*>(&to), &size) != 0) return {};
    to_size = size;
  }
  Address where;
  if (!read_address(to, to_size, where) || where.port != resolver_port) return {};
  for (const std::string& name : names) {
    record(target, "net.dns", name, false, 0, "predicted");
    network_.seen_query(name);
    std::lock_guard lock(unnamed_mutex_);
    last_query_ = steady_nanoseconds();
  }
  return {};
}

}  // namespace belljar
