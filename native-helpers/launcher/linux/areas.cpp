// Calls in areas. The server's own walls hold none of them, so the supervisor makes the call: from its own copy of the path, on an
// object or in a folder that it holds open, decided by the real path that the kernel tells for that. Nothing is decided here and
// then let go on: what goes on fails at the server's own walls.
//
// Cheap first: a path without links whose text lies in an area and names nothing that a pattern concerns is opened by one call that
// follows no link. Everything else is resolved step by step.
//
// Nothing here waits. A FIFO without its other end and a file with a lease are tried again by the housekeeping thread.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../core/text.hpp"
#include "kernel.hpp"
#include "opener.hpp"
#include "pending-signals.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr size_t pending_opens_max = 256;
constexpr int links_followed_max = 40;  // as the kernel's MAXSYMLINKS
constexpr uint64_t open_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT |
                                O_TMPFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME;

bool is_unnamed(uint64_t flags) { return (flags & O_TMPFILE) == O_TMPFILE; }

bool changes(uint64_t flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 || is_unnamed(flags); }

const char* kind_of_open(uint64_t flags, bool made) { return made ? "file.create" : changes(flags) ? "file.write" : "file.read"; }

uint64_t need_of_open(uint64_t flags) {
  uint64_t need = 0;
  if ((flags & O_ACCMODE) != O_WRONLY) need |= right_read_file;
  if (changes(flags)) need |= right_write_file;
  return need;
}

}  // namespace

// The one place where a call on a file is refused by an area's rules.
Supervisor::Answer Supervisor::refuse_in_area(Target& target, const char* kind, std::string path, const std::string&) {
  return refuse(target, kind, std::move(path), EACCES);
}

bool Supervisor::area_allows(const Resolved& found, Touch touch) const {
  return has_areas() && judge_in_run(areas_, made_, found.path, touch).kind == AreaVerdict::Kind::allowed;
}

AreaDone Supervisor::do_area(const AreaCall& call, const AreaObjects& objects) {
  for (int tries = 0; tries < 2; tries++) {
    AreaDone done = do_in_area(areas_, made_, call, objects, false);
    if (!done.late) return done;
    if (ask_opener(opener_.get(), call, objects, done)) return done;
    if (!wait_for_rules()) break;
  }
  AreaDone failed;
  failed.kind = AreaVerdict::Kind::allowed;
  failed.error = EIO;
  return failed;
}

std::optional<Supervisor::Answer> Supervisor::area_answer(Target& target, AreaDone& done, const char* kind, const std::string& path, uint64_t need) {
  if (done.kind == AreaVerdict::Kind::outside) return std::nullopt;
  if (done.kind == AreaVerdict::Kind::refused) {
    if ((rights_by_path(done.refused) & need) == need) return std::nullopt;
    return refuse_in_area(target, kind, done.refused, done.why);
  }
  if (done.error == 0 && settings_.record_all) record(target, kind, path, false, 0, "broker");
  return Answer{false, done.error, 0, false};
}

Supervisor::Answer Supervisor::give_opened(Target& target, Descriptor fd, Descriptor object, uint64_t flags) {
  struct stat info{};
  bool waits = (flags & O_NONBLOCK) == 0;
  if (waits && fstat(fd.get(), &info) == 0 && S_ISFIFO(info.st_mode) && (flags & O_ACCMODE) != O_RDWR) {
    if ((flags & O_ACCMODE) == O_RDONLY) {
      PendingOpen one{0, {}, Descriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)), flags, info.st_dev, info.st_ino, false, target.thread()};
      bool met = false;
      {
        std::lock_guard lock(pending_mutex_);
        met = has_writer(one);
      }
      if (!met) return wait_to_open(target, std::move(object), std::move(fd), flags);
    } else {
      bool alone = false;
      {
        std::lock_guard lock(pending_mutex_);
        for (PendingOpen& one : pending_opens_) {
          if (one.held && one.dev == info.st_dev && one.ino == info.st_ino) one.met = true;
        }
        // Who was met may have been given back to the kernel meanwhile, for a signal: it comes again, and is waited for.
        pollfd state{fd.get(), POLLOUT, 0};
        alone = readers_given_back_ != given_back_before_ && poll(&state, 1, 0) > 0 && (state.revents & POLLERR) != 0;
      }
      if (alone) {
        Descriptor known(object ? std::move(object) : Descriptor(open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), O_PATH | O_CLOEXEC)));
        fd.reset();
        return wait_to_open(target, std::move(known), Descriptor(), flags);
      }
      uint64_t wake = 1;
      if (write(pending_wake_.get(), &wake, sizeof wake) < 0) return {false, EAGAIN, 0, false};
    }
  }
  wait_as_asked(fd.get(), flags);
  return inject(target, std::move(fd), (flags & O_CLOEXEC) != 0);
}

Supervisor::Answer Supervisor::wait_to_open(const Target& target, Descriptor object, Descriptor held, uint64_t flags) {
  struct stat info{};
  const Descriptor& known = held ? held : object;
  if (fstat(known.get(), &info) != 0) return {false, errno, 0, false};
  std::lock_guard lock(pending_mutex_);
  if (pending_opens_.size() >= pending_opens_max) return {false, ENFILE, 0, false};
  pending_opens_.push_back({current_id_, std::move(object), std::move(held), flags, info.st_dev, info.st_ino, false, target.thread()});
  uint64_t wake = 1;
  if (write(pending_wake_.get(), &wake, sizeof wake) < 0) return {false, EAGAIN, 0, false};
  return {false, 0, 0, true};
}

// What is in a FIFO can be copied without taking it out, and the kernel says then whether anybody could still write.
bool Supervisor::has_writer(const PendingOpen& one) {
  pollfd state{one.held.get(), POLLIN, 0};
  if (one.met || (poll(&state, 1, 0) > 0 && (state.revents & (POLLIN | POLLHUP)) != 0)) return true;
  if (!scratch_in_) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    scratch_out_ = Descriptor(ends[0]);
    scratch_in_ = Descriptor(ends[1]);
  }
  ssize_t n = tee(one.held.get(), scratch_in_.get(), 1, SPLICE_F_NONBLOCK);
  char byte = 0;
  if (n > 0 && read(scratch_out_.get(), &byte, 1) < 0) return true;
  return n != 0;
}

// Housekeeping: true while opens wait.
bool Supervisor::finish_opens() {
  std::lock_guard lock(pending_mutex_);
  for (size_t i = 0; i < pending_opens_.size();) {
    PendingOpen& one = pending_opens_[i];
    bool over = !still_valid(one.id);
    if (!over && one.held) {
      over = has_writer(one);
    } else if (!over) {
      int fd = open_again(one.object.get(), one.flags);
      over = fd >= 0 || !would_wait(-fd, one.flags);
      if (fd >= 0) one.held = Descriptor(fd);
      if (fd < 0 && over) {
        seccomp_notif_resp response{};
        response.id = one.id;
        response.error = fd;
        ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
      }
      for (PendingOpen& other : pending_opens_) {
        if (fd >= 0 && &other != &one && other.held && other.dev == one.dev && other.ino == one.ino) other.met = true;
      }
    }
    if (!over && is_interrupted(one.thread, one.signal_seen)) {
      if (one.held) readers_given_back_++;
      one.held.reset();
      respond(one.id, {false, restart_or_interrupt, 0, false});
      pending_opens_.erase(pending_opens_.begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    if (!over) {
      i++;
      continue;
    }
    if (one.held) {
      wait_as_asked(one.held.get(), one.flags);
      seccomp_notif_addfd add{};
      add.id = one.id;
      add.srcfd = static_cast<uint32_t>(one.held.get());
      add.newfd_flags = (one.flags & O_CLOEXEC) != 0 ? O_CLOEXEC : 0;
      int number = ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
      int error = errno == EMFILE ? EMFILE : EACCES;
      // Before the thread goes on, which may close its own: this end here would pass for one of the run's.
      one.held.reset();
      respond(one.id, number < 0 ? Answer{false, error, 0, false} : Answer{false, 0, number, false});
    }
    pending_opens_.erase(pending_opens_.begin() + static_cast<ptrdiff_t>(i));
    // Who was met meanwhile may stand before it.
    i = 0;
  }
  return !pending_opens_.empty();
}

std::optional<Supervisor::Answer> Supervisor::open_in_area(Target& target, const std::string& full, uint64_t flags, uint64_t mode) {
  // A folder that is gone has a name that another one may have by now.
  bool elsewhere = full.starts_with("/proc/") || full.find(" (deleted)/") != std::string::npos;
  if (other_root_ || elsewhere || !plain_path(full)) return std::nullopt;
  bool makes = (flags & O_CREAT) != 0;
  // What is made under such a name is to be known again.
  if ((makes || changes(flags)) && areas_.keeps_old(full)) return std::nullopt;
  AreaVerdict verdict = areas_.judge(full, makes ? Touch::name : changes(flags) ? Touch::change : Touch::read);
  if (verdict.kind != AreaVerdict::Kind::allowed || verdict.late) return std::nullopt;
  if ((makes || (flags & O_TRUNC) != 0) && !target.has_room()) return Answer{false, EMFILE, 0, false};
  open_how how{};
  how.flags = (flags & open_flags) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (makes || is_unnamed(flags)) {
    how.mode = mode & 07777;
    umask(target.umask());
  }
  Descriptor fd(static_cast<int>(syscall(number::openat2, AT_FDCWD, full.c_str(), &how, sizeof how)));
  if (!fd) {
    int error = errno;
    if (error == ELOOP || error == EINVAL || would_wait(error, flags)) return std::nullopt;
    return Answer{false, error, 0, false};
  }
  struct stat info{};
  if (fstat(fd.get(), &info) != 0 || info.st_dev == proc_device_) return std::nullopt;
  if (settings_.record_all) record(target, kind_of_open(flags, makes && (flags & O_EXCL) != 0), full, false, 0, "broker");
  if (!S_ISFIFO(info.st_mode)) {
    wait_as_asked(fd.get(), flags);
    return inject(target, std::move(fd), (flags & O_CLOEXEC) != 0);
  }
  return give_opened(target, std::move(fd), Descriptor(), flags);
}

std::optional<Supervisor::Answer> Supervisor::open_found_in_area(Target& target, Resolved& found, bool slash, uint64_t flags, uint64_t mode) {
  bool makes = (flags & O_CREAT) != 0;
  bool folder = found.exists && S_ISDIR(found.mode);
  AreaCall call{.flags = flags, .mode = mode};
  bool outside = areas_.judge(found.path, found.exists ? Touch::read : Touch::name).kind == AreaVerdict::Kind::outside;
  if (!outside && (makes || (flags & O_TRUNC) != 0) && !target.has_room()) return Answer{false, EMFILE, 0, false};
  if (found.exists) {
    if (outside) return std::nullopt;
    // What the kernel says before it asks who may.
    if (makes && (flags & O_EXCL) != 0) return Answer{false, slash && folder ? EISDIR : EEXIST, 0, false};
    if (S_ISLNK(found.mode)) return Answer{false, (flags & O_DIRECTORY) != 0 ? ENOTDIR : ELOOP, 0, false};
    if ((flags & O_DIRECTORY) != 0 && !folder) return Answer{false, ENOTDIR, 0, false};
    if (folder && (makes || (changes(flags) && !is_unnamed(flags)))) return Answer{false, EISDIR, 0, false};
    if (is_unnamed(flags)) call.umask = target.umask();
  } else {
    if (!makes || !found.parent || found.error != ENOENT || outside) return std::nullopt;
    if (slash) return Answer{false, EISDIR, 0, false};
    call.kind = AreaCall::Kind::create;
    call.name = found.name;
    call.umask = target.umask();
  }
  AreaDone done = do_area(call, {.object = found.object.get(), .folder = found.parent.get()});
  const char* kind = kind_of_open(flags, !found.exists);
  if (!found.exists && done.error == EEXIST && (flags & O_EXCL) == 0) {
    // Somebody outside made it meanwhile.
    found.object = Descriptor(openat(found.parent.get(), found.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    call.kind = AreaCall::Kind::open;
    struct stat info{};
    if (!found.object || fstat(found.object.get(), &info) != 0) return Answer{false, errno, 0, false};
    if (S_ISLNK(info.st_mode)) return Answer{false, ELOOP, 0, false};
    if (S_ISDIR(info.st_mode)) return Answer{false, EISDIR, 0, false};
    done = do_area(call, {.object = found.object.get()});
  }
  if (!still_valid(current_id_)) return Answer{false, EINTR, 0, false};
  // A socket answers with the error of a FIFO that nobody reads.
  bool can_wait = done.error != ENXIO || S_ISFIFO(found.mode);
  if (done.kind == AreaVerdict::Kind::allowed && can_wait && would_wait(done.error, flags)) return wait_to_open(target, std::move(found.object), Descriptor(), flags);
  uint64_t need = folder ? right_read_folder : found.exists ? need_of_open(flags) : need_of_open(flags) | right_make_file;
  // What may only be read may be asked for; what a pattern keeps back may not.
  bool only_read = done.kind == AreaVerdict::Kind::refused && done.why == "area read" && (rights_by_path(done.refused) & need) != need;
  if (only_read && ask_for_file(target, found, flags, mode, kind)) return Answer{false, 0, 0, true};
  auto answer = area_answer(target, done, kind, found.path, need);
  if (!answer || !done.fd) return answer;
  return give_opened(target, std::move(done.fd), std::move(found.object), flags);
}

// openat2 with rules of its own about the way: the kernel keeps them, on the supervisor's copy.
std::optional<Supervisor::Answer> Supervisor::open_restricted_in_area(Target& target, int at, const std::string& path, uint64_t flags, uint64_t mode,
                                                                      uint64_t resolve) {
  Resolved start = at == AT_FDCWD || (path[0] == '/' && (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == 0) ? target.resolve(AT_FDCWD, ".", true)
                                                                                                                  : target.resolve_descriptor(at);
  if (!start.exists || other_root_) return std::nullopt;
  // What is asked to come from the kernel's memory alone is not to wait, and nothing here does; with these the kernel refuses to begin.
  if ((resolve & RESOLVE_CACHED) != 0 && ((flags & (O_CREAT | O_TRUNC)) != 0 || is_unnamed(flags))) return std::nullopt;
  open_how how{};
  how.resolve = resolve & ~static_cast<uint64_t>(RESOLVE_CACHED);
  bool follow = (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  auto open_at = [&](const std::string& name, uint64_t its_flags) {
    how.flags = O_PATH | O_CLOEXEC | its_flags;
    return Descriptor(static_cast<int>(syscall(number::openat2, start.object.get(), name.c_str(), &how, sizeof how)));
  };
  Resolved found;
  std::string way = path;
  for (int links = 0; links <= links_followed_max; links++) {
    found.object = open_at(way, follow ? 0 : O_NOFOLLOW);
    struct stat info{};
    if (found.object && fstat(found.object.get(), &info) == 0) {
      found.exists = true;
      found.mode = info.st_mode;
      found.path = path_of(found.object.get());
      return open_found_in_area(target, found, path.ends_with('/'), flags, mode);
    }
    found.error = errno;
    size_t end = way.find_last_not_of('/');
    size_t begin = end == std::string::npos ? end : way.rfind('/', end);
    if (found.error != ENOENT || (flags & O_CREAT) == 0 || end == std::string::npos) return std::nullopt;
    found.name = way.substr(begin == std::string::npos ? 0 : begin + 1, begin == std::string::npos ? end + 1 : end - begin);
    std::string folder = begin == std::string::npos ? std::string() : way.substr(0, begin + 1);
    found.parent = open_at(folder.empty() ? "." : folder, O_DIRECTORY);
    if (!found.parent) return std::nullopt;
    char text[path_max_bytes];
    ssize_t length = readlinkat(found.parent.get(), found.name.c_str(), text, sizeof text);
    if (length < 0) {
      found.path = path_of(found.parent.get());
      if (found.path != "/") found.path += '/';
      found.path += found.name;
      return open_found_in_area(target, found, way.ends_with('/'), flags, mode);
    }
    // A link that leads nowhere: the file is made where it leads, and the kernel holds that way to the same rules, from the same start.
    std::string leads(text, static_cast<size_t>(length));
    if (!follow || leads.empty() || folder.size() + leads.size() >= path_max_bytes) return std::nullopt;
    way = leads[0] == '/' ? leads : folder + leads;
  }
  return std::nullopt;
}

std::optional<Supervisor::Answer> Supervisor::change_in_area(Target& target, AreaCall call, int at, const std::string& path, uint64_t right, const char* kind) {
  int error = 0;
  Descriptor folder = target.resolve_folder(at, path, call.name, error);
  if (!folder) return std::nullopt;
  std::string where = path_of(folder.get());
  std::string full = (where == "/" ? where : where + "/") + call.name.substr(0, call.name.find('/'));
  if (areas_.judge(full, Touch::name).kind == AreaVerdict::Kind::outside) return std::nullopt;
  call.umask = target.umask();
  if (!still_valid(current_id_)) return Answer{false, EINTR, 0, false};
  AreaDone done = do_area(call, {.folder = folder.get()});
  return area_answer(target, done, kind, full, right);
}

std::optional<Supervisor::Answer> Supervisor::move_in_area(Target& target, AreaCall call, int from_at, const std::string& from, int to_at,
                                                           const std::string& to, uint64_t link_flags) {
  int error = 0;
  bool link = call.kind == AreaCall::Kind::link;
  Descriptor other = target.resolve_folder(to_at, to, call.other_name, error);
  if (!other) return std::nullopt;
  Descriptor folder;
  Resolved source;
  if (link) {
    if ((link_flags & ~static_cast<uint64_t>(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) return std::nullopt;
    bool empty = from.empty() && (link_flags & AT_EMPTY_PATH) != 0;
    source = empty ? target.resolve_descriptor(from_at) : target.resolve(from_at, from, (link_flags & AT_SYMLINK_FOLLOW) != 0);
    if (!source.exists || source.special) return std::nullopt;
    if (S_ISDIR(source.mode)) {
      struct stat info{};
      if (areas_.judge(path_of(other.get()) + "/" + call.other_name, Touch::name).kind == AreaVerdict::Kind::outside) return std::nullopt;
      return Answer{false, fstatat(other.get(), call.other_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : EPERM, 0, false};
    }
  } else {
    folder = target.resolve_folder(from_at, from, call.name, error);
    if (!folder) return std::nullopt;
  }
  if (!still_valid(current_id_)) return Answer{false, EINTR, 0, false};
  AreaDone done = do_area(call, {.object = source.object.get(), .folder = folder.get(), .other_folder = other.get()});
  std::string where = path_of(link ? other.get() : folder.get());
  std::string full = (where == "/" ? where : where + "/") + (link ? call.other_name : call.name);
  uint64_t need = right_refer | right_make_file | right_remove_file;
  if (done.kind == AreaVerdict::Kind::allowed && done.error == EXDEV && done.refused.empty()) record(target, link ? "file.create" : "file.rename", full, true, EXDEV, "broker");
  return area_answer(target, done, link ? "file.create" : "file.rename", full, need);
}

std::optional<Supervisor::Answer> Supervisor::bind_in_area(Target& target, int fd, const std::string& path) {
  int error = 0;
  AreaCall call{.kind = AreaCall::Kind::bind};
  Descriptor folder = target.resolve_folder(AT_FDCWD, path, call.name, error);
  if (!folder) return std::nullopt;
  std::string full = path_of(folder.get()) + "/" + call.name;
  if (areas_.judge(full, Touch::name).kind == AreaVerdict::Kind::outside) return std::nullopt;
  Descriptor socket = target.descriptor(fd, error);
  if (!socket) return unreadable(target, "net.listen", error);
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return std::nullopt;
  if (!still_valid(current_id_)) return Answer{false, EINTR, 0, false};
  call.umask = target.umask();
  AreaDone done = do_area(call, {.object = socket.get(), .folder = folder.get()});
  if (done.error == EEXIST) done.error = EADDRINUSE;
  return area_answer(target, done, "file.create", full, right_make_socket);
}

}  // namespace belljar
