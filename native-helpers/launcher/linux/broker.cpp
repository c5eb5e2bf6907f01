// Calls that Landlock does not cover. Where an argument is behind a pointer, the supervisor copies it once, decides on the
// copy, and makes the call itself on the object it looked at; the kernel never reads the server's memory for it. Where
// registers say everything, the supervisor decides and lets the kernel go on.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <utime.h>

#include "../core/text.hpp"
#include "event-loop.hpp"
#include "kernel.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr size_t attribute_value_max = 65'536;  // XATTR_SIZE_MAX
constexpr uint32_t set_id_bits = 06000;

std::string proc_fd(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// What a brokered attribute call carries besides its object.
struct Change {
  uint32_t mode = 0;
  uint32_t user = 0;
  uint32_t group = 0;
  bool times_given = false;
  timespec times[2] = {};
  std::string name;
  std::string value;
  int flags = 0;
  int64_t length = 0;
};

}  // namespace

Supervisor::Answer Supervisor::change_attributes(const seccomp_notif& request, Target& target, Action action) {
  const __u64* args = request.data.args;
  int error = 0;
  int at = AT_FDCWD;
  uint64_t path_address = 0;
  bool by_descriptor = false;
  bool follow = true;
  bool empty_path = false;
  uint64_t flags = 0;
  Change change;
  auto wrong = [](int code) { return Answer{false, code, 0, false}; };
  const char* event = action == Action::truncate ? "file.write" : "file.attr";

  // One form for all variants: (descriptor or folder, path) and what to do.
  enum class Kind { truncate, mode, owner, times, set, remove } kind = Kind::mode;
  switch (action) {
    case Action::truncate:
      kind = Kind::truncate;
      path_address = args[0];
      change.length = static_cast<int64_t>(args[1]);
      if (change.length < 0) return wrong(EINVAL);
      break;
    case Action::chmod:
      path_address = args[0];
      change.mode = static_cast<uint32_t>(args[1]);
      break;
    case Action::chmod_fd:
      by_descriptor = true;
      change.mode = static_cast<uint32_t>(args[1]);
      break;
    case Action::chmod_at:
      at = static_cast<int>(args[0]);
      path_address = args[1];
      change.mode = static_cast<uint32_t>(args[2]);
      if (request.data.nr == number::fchmodat2) flags = static_cast<uint32_t>(args[3]);
      break;
    case Action::chown:
    case Action::chown_link:
      kind = Kind::owner;
      path_address = args[0];
      change.user = static_cast<uint32_t>(args[1]);
      change.group = static_cast<uint32_t>(args[2]);
      follow = action == Action::chown;
      break;
    case Action::chown_fd:
      kind = Kind::owner;
      by_descriptor = true;
      change.user = static_cast<uint32_t>(args[1]);
      change.group = static_cast<uint32_t>(args[2]);
      break;
    case Action::chown_at:
      kind = Kind::owner;
      at = static_cast<int>(args[0]);
      path_address = args[1];
      change.user = static_cast<uint32_t>(args[2]);
      change.group = static_cast<uint32_t>(args[3]);
      flags = static_cast<uint32_t>(args[4]);
      break;
    case Action::utime:
    case Action::utimes:
    case Action::utimes_at:
    case Action::utimens_at: {
      kind = Kind::times;
      bool has_folder = action == Action::utimes_at || action == Action::utimens_at;
      if (has_folder) at = static_cast<int>(args[0]);
      path_address = args[has_folder ? 1 : 0];
      uint64_t times = args[has_folder ? 2 : 1];
      if (action == Action::utimens_at) {
        flags = static_cast<uint32_t>(args[3]);
        // Without a path it is about the descriptor itself (futimens).
        by_descriptor = path_address == 0;
      }
      if (action == Action::utimes_at && path_address == 0) by_descriptor = true;
      if (times == 0) break;
      change.times_given = true;
      if (action == Action::utimens_at) {
        if (!target.bytes_at(times, change.times, sizeof change.times, error)) return unreadable(target, event, error == EPERM ? error : EFAULT);
      } else if (action == Action::utime) {
        utimbuf two{};
        if (!target.bytes_at(times, &two, sizeof two, error)) return unreadable(target, event, error == EPERM ? error : EFAULT);
        change.times[0].tv_sec = two.actime;
        change.times[1].tv_sec = two.modtime;
      } else {
        timeval two[2] = {};
        if (!target.bytes_at(times, two, sizeof two, error)) return unreadable(target, event, error == EPERM ? error : EFAULT);
        for (int i = 0; i < 2; i++) {
          if (two[i].tv_usec < 0 || two[i].tv_usec >= 1'000'000) return wrong(EINVAL);
          change.times[i].tv_sec = two[i].tv_sec;
          change.times[i].tv_nsec = two[i].tv_usec * 1000;
        }
      }
      break;
    }
    default: {
      bool set = action == Action::set_attribute || action == Action::set_attribute_link || action == Action::set_attribute_fd;
      kind = set ? Kind::set : Kind::remove;
      by_descriptor = action == Action::set_attribute_fd || action == Action::remove_attribute_fd;
      follow = action != Action::set_attribute_link && action != Action::remove_attribute_link;
      path_address = args[0];
      auto name = target.string_at(args[1], error);
      if (!name) return unreadable(target, event, error);
      change.name = *name;
      if (set) {
        if (args[3] > attribute_value_max) return wrong(E2BIG);
        change.value.resize(args[3]);
        change.flags = static_cast<int>(args[4]);
        if (args[3] > 0 && !target.bytes_at(args[2], change.value.data(), args[3], error)) return unreadable(target, event, error == EPERM ? error : EFAULT);
      }
      break;
    }
  }
  if ((flags & AT_SYMLINK_NOFOLLOW) != 0) follow = false;
  if ((flags & ~static_cast<uint64_t>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return wrong(EINVAL);
  empty_path = (flags & AT_EMPTY_PATH) != 0;

  Resolved found;
  Descriptor copy;
  if (by_descriptor) {
    int fd = static_cast<int>(args[0]);
    copy = target.descriptor(fd, error);
    if (!copy) return unreadable(target, event, error);
    struct stat info{};
    if (fstat(copy.get(), &info) != 0) return wrong(errno);
    found.exists = true;
    found.mode = info.st_mode;
    found.path = path_of(copy.get());
    bool deleted = info.st_nlink == 0;
    found.special = has_no_place(found.path, deleted);
    constexpr std::string_view mark = " (deleted)";
    if (deleted && found.path.size() > mark.size() && found.path.ends_with(mark)) found.path.resize(found.path.size() - mark.size());
    found.object = Descriptor(fcntl(copy.get(), F_DUPFD_CLOEXEC, 3));
  } else {
    auto path = target.string_at(path_address, error);
    if (!path) return unreadable(target, event, error);
    std::string name;
    bool memory = shared_memory_name(at, *path, name);
    if (memory) {
      // The run's own shared memory is elsewhere; its attributes are its own affair.
      found.object = Descriptor(openat(shm_folder_.get(), name.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
      if (!found.object) return wrong(errno);
      found.exists = true;
      found.special = true;
    } else if (path->empty() && empty_path) {
      found = target.resolve_descriptor(at);
    } else {
      found = target.resolve_object(at, *path, follow);
    }
    if (found.guarded && settings_.contained) return refuse(target, event, found.path, EACCES);
    if (!found.exists) return wrong(found.error != 0 ? found.error : ENOENT);
  }
  if (!still_valid(request.id)) return wrong(EINTR);
  uint64_t need = kind == Kind::truncate ? right_write_file : right_attributes;
  if (!settings_.contained) {
    record(target, event, found.path, false, 0, "predicted");
    return {};
  }
  bool plain = found.special || (rights_at(found, false, true) & need) == need;
  if (!plain && !area_allows(found, Touch::change)) {
    AreaVerdict verdict = areas_.judge(found.path, Touch::change);
    return refuse_in_area(target, event, found.path, std::string(verdict.why));
  }

  // A file that runs as its owner would lend the user's rights to every other account, outside of all walls.
  if (kind == Kind::mode && !S_ISDIR(found.mode) && (change.mode & set_id_bits) != 0) {
    return refuse(target, event, "set-user-id on " + found.path, EPERM);
  }
  int object = found.object.get();
  std::string link = proc_fd(object);
  bool symlink = S_ISLNK(found.mode);
  int done = -1;
  switch (kind) {
    case Kind::truncate: {
      rlimit longest{};
      bool limited = prlimit(target.process(), RLIMIT_FSIZE, nullptr, &longest) == 0 && longest.rlim_cur != RLIM_INFINITY;
      if (limited && static_cast<uint64_t>(change.length) > longest.rlim_cur && change.length > 0) return wrong(EFBIG);
      if (!plain) return {false, do_area({.kind = AreaCall::Kind::shorten, .length = change.length}, {.object = object}).error, 0, false};
      done = truncate(link.c_str(), change.length);
      break;
    }
    case Kind::mode:
      // A symlink has no mode on Linux; chmod through /proc would follow it.
      if (symlink) return wrong(EOPNOTSUPP);
      done = copy ? fchmod(copy.get(), change.mode & 07777) : chmod(link.c_str(), change.mode & 07777);
      break;
    case Kind::owner:
      done = fchownat(object, "", change.user, change.group, AT_EMPTY_PATH);
      break;
    case Kind::times:
      if (copy) done = futimens(copy.get(), change.times_given ? change.times : nullptr);
      else done = static_cast<int>(syscall(SYS_utimensat, object, "", change.times_given ? change.times : nullptr, AT_EMPTY_PATH));
      break;
    case Kind::set:
      if (symlink) return wrong(EPERM);
      done = copy ? fsetxattr(copy.get(), change.name.c_str(), change.value.data(), change.value.size(), change.flags)
                  : setxattr(link.c_str(), change.name.c_str(), change.value.data(), change.value.size(), change.flags);
      break;
    case Kind::remove:
      if (symlink) return wrong(EPERM);
      done = copy ? fremovexattr(copy.get(), change.name.c_str()) : removexattr(link.c_str(), change.name.c_str());
      break;
  }
  if (done == 0 && settings_.record_all) record(target, event, found.path, false, 0, "broker");
  return {false, done == 0 ? 0 : errno, 0, false};
}

Supervisor::Answer Supervisor::add_watch(Target& target, int inotify, uint64_t address, uint32_t mask) {
  int error = 0;
  auto path = target.string_at(address, error);
  if (!path) return unreadable(target, "file.read", error);
  Descriptor copy = target.descriptor(inotify, error);
  if (!copy) return unreadable(target, "file.read", error);
  Resolved found = target.resolve(AT_FDCWD, *path, (mask & IN_DONT_FOLLOW) == 0);
  if (!found.exists) return {false, found.error != 0 ? found.error : ENOENT, 0, false};
  uint64_t need = S_ISDIR(found.mode) ? right_read_folder : right_read_file;
  bool own_process = found.path.compare(0, 6, "/proc/") == 0 && in_run(atoi(found.path.c_str() + 6));
  if (!found.special && !own_process && (rights_at(found, false, true) & need) != need && !area_allows(found, Touch::read)) {
    return refuse(target, "file.read", found.path, EACCES);
  }
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  int watch = inotify_add_watch(copy.get(), proc_fd(found.object.get()).c_str(), mask & ~static_cast<uint32_t>(IN_DONT_FOLLOW));
  return {false, watch < 0 ? errno : 0, watch < 0 ? 0 : watch, false};
}

// About a socket file Landlock decides, and here it is only seen.
Supervisor::Answer Supervisor::observe_bind(Target& target, int fd, uint64_t address, uint64_t size) {
  sockaddr_storage storage{};
  int error = 0;
  size_t length = static_cast<uint32_t>(size);
  if (length > sizeof storage || length < sizeof(sa_family_t)) return {};
  if (!target.bytes_at(address, &storage, length, error)) return unreadable(target, "net.listen", error == EPERM ? error : EFAULT);
  if (storage.ss_family != AF_UNIX) return bind_stream(target, fd, storage, length);
  if (length > offsetof(sockaddr_un, sun_path)) {
    const char* raw = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    if (raw[0] == '\0') return {};
    std::string path(raw, strnlen(raw, length - offsetof(sockaddr_un, sun_path)));
    if (has_areas()) {
      auto answer = bind_in_area(target, fd, path);
      if (answer) return *answer;
    }
    // Nothing is made behind a slash, and the kernel says so before it asks Landlock.
    if (path.ends_with('/')) return {};
    Resolved found = target.resolve(AT_FDCWD, path, false);
    if (found.exists || !found.parent) return {};
    if ((rights_at(found, true) & right_make_socket) == 0) record(target, "file.create", found.path, true, EACCES, "predicted");
  }
  return {};
}

// Files in memory are made here, sealed against execution: a look at what is executed could be outrun by another thread
// that swaps the descriptor, and Landlock does not judge such files.
Supervisor::Answer Supervisor::make_memory_file(Target& target, uint64_t name_address, uint32_t flags) {
  constexpr uint32_t no_exec_seal = 8;
  constexpr uint32_t exec = 16;
  int error = 0;
  auto name = target.string_at(name_address, error);
  if (!name) return unreadable(target, "syscall", error);
  if (!settings_.memory_files) return refuse(target, "exec", "(memory)", EACCES);
  long fd = syscall(SYS_memfd_create, name->c_str(), (flags & ~exec) | no_exec_seal);
  // Linux before 6.3 does not know the seal; the run's start says so.
  if (fd < 0 && errno == EINVAL) fd = syscall(SYS_memfd_create, name->c_str(), flags & ~(exec | no_exec_seal));
  if (fd < 0) return {false, errno, 0, false};
  return inject(target, Descriptor(static_cast<int>(fd)), (flags & 1 /* MFD_CLOEXEC */) != 0);
}

Supervisor::Answer Supervisor::do_connect(Target& target, int fd, uint64_t address, uint64_t size) {
  sockaddr_storage storage{};
  int error = 0;
  size_t length = static_cast<uint32_t>(size);
  if (length > sizeof storage || length < sizeof(sa_family_t)) return {false, EINVAL, 0, false};
  if (!target.bytes_at(address, &storage, length, error)) {
    return unreadable(target, "net.connect", error == EPERM ? error : EFAULT);
  }
  if (!settings_.contained) return watch_connect(target, storage, length);
  Descriptor copy = target.descriptor(fd, error);
  if (!copy) return unreadable(target, "net.connect", error);
  int domain = 0;
  int type = 0;
  int protocol = 0;
  socklen_t option = sizeof(int);
  if (getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &option) != 0) return {false, errno, 0, false};
  option = sizeof(int);
  getsockopt(copy.get(), SOL_SOCKET, SO_TYPE, &type, &option);
  option = sizeof(int);
  getsockopt(copy.get(), SOL_SOCKET, SO_PROTOCOL, &protocol, &option);
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  if (domain == AF_UNIX) return connect_unix(target, copy, storage, length);
  if (domain == AF_NETLINK) {
    // The route family only (the filter sees to that): a connect sets the peer, which is the kernel and no other program.
    uint32_t peer = 0;
    memcpy(&peer, reinterpret_cast<const char*>(&storage) + 4, sizeof peer);
    if (storage.ss_family != AF_NETLINK && storage.ss_family != AF_UNSPEC) return {false, EINVAL, 0, false};
    if (storage.ss_family == AF_NETLINK && peer != 0) return refuse(target, "syscall", "connect netlink", EPERM);
    bool done = connect(copy.get(), reinterpret_cast<sockaddr*>(&storage), static_cast<socklen_t>(length)) == 0;
    return {false, done ? 0 : errno, 0, false};
  }
  bool stream = type == SOCK_STREAM && protocol == IPPROTO_TCP;
  bool datagram = settings_.network.datagrams && type == SOCK_DGRAM && protocol == IPPROTO_UDP;
  if ((domain != AF_INET && domain != AF_INET6) || (!stream && !datagram)) {
    return refuse(target, "net.connect", "socket family " + std::to_string(domain), EACCES);
  }
  if (storage.ss_family == AF_UNSPEC) {
    bool done = connect(copy.get(), reinterpret_cast<sockaddr*>(&storage), static_cast<socklen_t>(length)) == 0;
    return {false, done ? 0 : errno, 0, false};
  }
  return connect_inet(target, std::move(copy), domain, type, storage, length);
}

Supervisor::Answer Supervisor::connect_unix(Target& target, const Descriptor& socket, const sockaddr_storage& storage, size_t size) {
  if (storage.ss_family == AF_UNSPEC) {
    bool done = connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(size)) == 0;
    return {false, done ? 0 : errno, 0, false};
  }
  if (storage.ss_family != AF_UNIX) return {false, EINVAL, 0, false};
  const char* raw = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  size_t room = size - offsetof(sockaddr_un, sun_path);
  if (size <= offsetof(sockaddr_un, sun_path) || raw[0] == '\0') {
    std::string name = room > 1 ? std::string(raw + 1, room - 1) : std::string();
    if (name == link_door_name && settings_.link_door) return connect_link_door(socket);
    bool granted = !name.empty() && std::find(settings_.sockets.begin(), settings_.sockets.end(), "@" + name) != settings_.sockets.end();
    if (!granted) return refuse(target, "unix.connect", "@" + name, EACCES);
    return connect_granted(target.process(), socket, reinterpret_cast<const sockaddr_un&>(storage), static_cast<socklen_t>(size), "@" + name);
  }
  std::string path(raw, strnlen(raw, room));
  Resolved found = target.resolve(AT_FDCWD, path, true);
  bool named = found.exists && std::find(settings_.sockets.begin(), settings_.sockets.end(), found.path) != settings_.sockets.end();
  bool own = found.exists && !settings_.private_tmp.empty() && path_within(found.path, settings_.private_tmp);
  // What is not there is said to be so, as the kernel would: libraries try sockets of services that most machines lack.
  if (!found.exists) return {false, found.error != 0 ? found.error : ENOENT, 0, false};
  if (!named && !own && ask_for_socket(target, socket, found)) return {false, 0, 0, true};
  if (!named && !own) {
    return refuse(target, "unix.connect", found.path.empty() ? path : found.path, EACCES);
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::string link = proc_fd(found.object.get());
  memcpy(to.sun_path, link.c_str(), link.size() + 1);
  return connect_granted(target.process(), socket, to, sizeof to, own && !settings_.record_all ? std::string() : found.path);
}

// `seen` is what the event is about; empty for none.
Supervisor::Answer Supervisor::connect_granted(int process, const Descriptor& socket, const sockaddr_un& to, socklen_t size, std::string seen) {
  int flags = fcntl(socket.get(), F_GETFL);
  bool blocking = (flags & O_NONBLOCK) == 0;
  if (blocking) fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  int code = connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), size) == 0 ? 0 : errno;
  if (blocking) fcntl(socket.get(), F_SETFL, flags);
  if (!seen.empty()) record_of(process, "unix.connect", std::move(seen), false, 0, "broker");
  return {false, code, 0, false};
}

Supervisor::Answer Supervisor::do_listen(Target& target, int fd, int backlog) {
  int error = 0;
  Descriptor copy = target.descriptor(fd, error);
  if (!copy) return unreadable(target, "net.listen", error);
  int domain = 0;
  socklen_t option = sizeof domain;
  if (getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &option) != 0) return {false, errno, 0, false};
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  if (domain == AF_UNIX) {
    // An abstract name is nobody's file: a program outside that looks for somebody else's service would find the server.
    sockaddr_un name{};
    socklen_t size = sizeof name;
    if (getsockname(copy.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return {false, errno, 0, false};
    if (size > offsetof(sockaddr_un, sun_path) && name.sun_path[0] == '\0') {
      return refuse(target, "net.listen", "@" + std::string(name.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1), EACCES);
    }
  } else {
    return listen_stream(target, copy, domain, backlog);
  }
  int done = listen(copy.get(), backlog);
  return {false, done == 0 ? 0 : errno, 0, false};
}

Supervisor::Answer Supervisor::decide_signal(Target& target, const seccomp_notif& request, Action action) {
  const __u64* args = request.data.args;
  int process = static_cast<int>(args[0]);
  if (action == Action::signal_pidfd) {
    // The descriptor decides; look at our own copy of it.
    int error = 0;
    Descriptor copy = target.descriptor(static_cast<int>(args[0]), error);
    if (!copy) return unreadable(target, "signal", error);
    std::string info = "/proc/self/fdinfo/" + std::to_string(copy.get());
    Descriptor file(open(info.c_str(), O_RDONLY | O_CLOEXEC));
    char text[1024];
    ssize_t n = file ? read(file.get(), text, sizeof text - 1) : 0;
    text[n > 0 ? n : 0] = '\0';
    const char* line = strstr(text, "\nPid:");
    process = line != nullptr ? atoi(line + 5) : 0;
    // In a namespace of its own the caller may not end that namespace's first process, and we could.
    bool reachable = !settings_.nested_sandbox || !target.is_apart(Apart::processes, true);
    if (process > 0 && reachable && in_run(process)) {
      // The descriptor number may be swapped before the kernel looks again, so the signal is sent here.
      if (args[2] != 0) return {false, EPERM, 0, false};
      long done = syscall(number::pidfd_send_signal, copy.get(), static_cast<int>(args[1]), nullptr, static_cast<uint32_t>(args[3]));
      return {false, done == 0 ? 0 : errno, 0, false};
    }
    return refuse(target, "signal", "process " + std::to_string(process), EPERM);
  }
  if (action == Action::signal_thread && request.data.nr != SYS_tkill) {
    // The kernel checks that the thread belongs to the process. A program's signals to itself are many: no look at /proc.
    if (process == target.process() || names_own(target, process)) return {};
    return refuse(target, "signal", "process " + std::to_string(process), EPERM);
  }
  if (process == -1 || process == INT_MIN) return refuse(target, "signal", "every process", EPERM);
  // Its own group: the run is a session of its own, and groups do not reach over sessions.
  if (process == 0) return {};
  bool mine = process > 0 ? names_own(target, process) : names_own_group(target, -process);
  if (mine) return {};
  // What does not exist is said to be so, as the kernel would.
  if (process > 0 && kill(process, 0) != 0 && errno == ESRCH) return {false, ESRCH, 0, false};
  return refuse(target, "signal", (process > 0 ? "process " : "group ") + std::to_string(process > 0 ? process : -process), EPERM);
}

Supervisor::Answer Supervisor::decide_priority(Target& target, const seccomp_notif& request, int nr) {
  const __u64* args = request.data.args;
  int who = static_cast<int>(args[0]);
  const CallRule* rule = rule_for(calls_, nr);
  if (nr == SYS_setpriority || nr == SYS_ioprio_set) {
    // which: 0 or 1 is a process, then group, then user (setpriority counts from 0, ioprio_set from 1).
    int which = static_cast<int>(args[0]) - (nr == SYS_ioprio_set ? 1 : 0);
    who = static_cast<int>(args[1]);
    if (which == 1 && names_own_group(target, who)) return {};
    if (which != 0) return refuse(target, "signal", std::string(rule->name) + " of others", EPERM);
  }
  if (names_own(target, who)) return {};
  return refuse(target, "signal", std::string(rule->name) + " of process " + std::to_string(who), EPERM);
}

Supervisor::Answer Supervisor::decide_owner(Target& target, const seccomp_notif& request) {
  uint32_t command = static_cast<uint32_t>(request.data.args[1]);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) return copy_output(target, command == F_DUPFD_CLOEXEC, request.data.args[2]);
  if (command != F_SETOWN && command != 15) {
    // Leases and folder notices: they hold up, or tell of, programs outside.
    return refuse(target, "syscall", command == F_SETLEASE ? "fcntl F_SETLEASE" : command == F_NOTIFY ? "fcntl F_NOTIFY" : "fcntl F_SETDELEG", EPERM);
  }
  int owner = static_cast<int>(request.data.args[2]);
  bool extended = static_cast<uint32_t>(request.data.args[1]) == 15;  // F_SETOWN_EX: behind a pointer
  if (!extended && (owner == 0 || (owner > 0 ? names_own(target, owner) : names_own_group(target, -owner)))) return {};
  return refuse(target, "signal", extended ? "fcntl F_SETOWN_EX" : "fcntl F_SETOWN of process " + std::to_string(owner), EPERM);
}

Supervisor::Answer Supervisor::decide_shm(Target& target, const seccomp_notif& request, Action action) {
  const __u64* args = request.data.args;
  if (action == Action::shm_get) {
    if (static_cast<int>(args[0]) != IPC_PRIVATE) return refuse(target, "syscall", "shmget of a shared key", EACCES);
    if (segments_.size() >= 256) return {false, ENOSPC, 0, false};
    // Made here, so that the run's own segments are known by their numbers.
    int segment = shmget(IPC_PRIVATE, args[1], static_cast<int>(args[2]) & (IPC_CREAT | IPC_EXCL | 0777));
    if (segment < 0) return {false, errno, 0, false};
    segments_.insert(segment);
    return {false, 0, segment, false};
  }
  auto segment = segments_.find(static_cast<int>(args[0]));
  if (segment != segments_.end() && request.data.nr == SYS_shmctl && (static_cast<int>(args[1]) & 0xFF) == IPC_RMID) {
    // Removed here, so that its number is forgotten before the kernel gives it to somebody else.
    int done = shmctl(*segment, IPC_RMID, nullptr);
    segments_.erase(segment);
    return {false, done == 0 ? 0 : errno, 0, false};
  }
  if (segment != segments_.end()) return {};
  return refuse(target, "syscall", request.data.nr == SYS_shmat ? "shmat of a foreign segment" : "shmctl of a foreign segment", EACCES);
}

// Registers say it all, and nobody but the stopped thread itself could change its namespace of users.
Supervisor::Answer Supervisor::decide_socket(Target& target, const seccomp_notif& request) {
  const __u64* args = request.data.args;
  bool ordinary = request.data.nr == SYS_socket &&
                  is_ordinary_socket(static_cast<int>(args[0]), static_cast<int>(args[1]), static_cast<int>(args[2]), settings_.network.datagrams);
  if (settings_.nested_sandbox && ordinary && !target.is_apart(Apart::users, true)) return {};
  return refuse_socket(target, request);
}

// A sandbox of the run's own (a browser's): exactly the namespaces that one is made of, and a root folder for what is in one.
// Where that root folder is stands behind a pointer and does not matter: what the supervisor does for a caller whose root
// is another, it does from there.
// The answer is made from a count and from nothing that the caller could change; what it lets on is the kernel's to do.
Supervisor::Answer Supervisor::decide_process(Target& target) {
  if (settings_.processes == 0 || tasks_.take(target.thread(), steady_nanoseconds())) return {};
  record_limit("processes", 1, target.process(), "broker", "EAGAIN");
  return {false, EAGAIN, 0, false};
}

void Supervisor::record_limit(const char* target, uint64_t times, int process, const char* by, const char* error) {
  for (uint64_t i = 0; i < times; i++) {
    Observation observation;
    observation.kind = "limit";
    observation.target = target;
    observation.refused = true;
    observation.by = by;
    observation.error = error;
    observation.pid = process;
    spool_.observe(std::move(observation), program_of);
  }
}

Supervisor::Answer Supervisor::decide_namespace(Target& target, const seccomp_notif& request, const CallRule& rule) {
  bool root = rule.action == Action::change_root;
  uint64_t flags = request.data.args[0];
  if (rule.nr == SYS_clone && namespace_text("", flags).empty()) return decide_process(target);
  bool known = root ? target.is_apart(Apart::users, true) : is_sandbox_namespace(rule.nr, flags);
  std::string text = root ? rule.name : namespace_text(rule.name, flags);
  if (!settings_.nested_sandbox || !known) return refuse(target, "syscall", std::move(text), rule.error);
  if (settings_.record_all) record(target, "syscall", std::move(text), false, 0, "broker");
  roots_differ_ = roots_differ_ || root;
  if (rule.nr == SYS_clone) return decide_process(target);
  return {};
}

Supervisor::Answer Supervisor::refuse_socket(Target& target, const seccomp_notif& request) {
  const __u64* args = request.data.args;
  int family = static_cast<int>(args[0]);
  int type = static_cast<int>(args[1]) & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  static constexpr struct {
    int family;
    const char* name;
  } names[] = {{AF_UNIX, "AF_UNIX"}, {AF_INET, "AF_INET"},   {AF_INET6, "AF_INET6"}, {AF_NETLINK, "AF_NETLINK"},
               {AF_PACKET, "AF_PACKET"}, {38, "AF_ALG"},     {40, "AF_VSOCK"},       {31, "AF_BLUETOOTH"},
               {44, "AF_XDP"},       {AF_KEY, "AF_KEY"},     {21, "AF_RDS"},         {29, "AF_CAN"}};
  std::string text = request.data.nr == SYS_socketpair ? "socketpair " : "socket ";
  const char* name = nullptr;
  for (const auto& one : names) {
    if (one.family == family) name = one.name;
  }
  text += name != nullptr ? name : "family " + std::to_string(family);
  static constexpr const char* types[] = {"", " SOCK_STREAM", " SOCK_DGRAM", " SOCK_RAW", " SOCK_RDM", " SOCK_SEQPACKET", " SOCK_DCCP"};
  if (type >= 1 && type <= 6) text += types[type];
  if (static_cast<int>(args[2]) != 0) text += " protocol " + std::to_string(static_cast<int>(args[2]));
  bool ordinary = family == AF_UNIX || family == AF_INET || family == AF_INET6;
  return refuse(target, "syscall", std::move(text), ordinary ? EACCES : EAFNOSUPPORT);
}

}  // namespace belljar
