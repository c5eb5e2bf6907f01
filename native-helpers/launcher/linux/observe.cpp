// Files and programs: Landlock's answer, predicted from the same grants.
//
// Cheap first: a path whose folder was lately seen to hold no symlink, and whose grants cover what is asked, is let go at
// once. Everything else is resolved in full, as the stopped thread would, and compared with the grants by object, climbing
// to the root, which is what Landlock does.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../core/text.hpp"
#include "kernel.hpp"
#include "setting-door.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr int64_t folder_fact_lifetime = 1'000'000'000;
constexpr unsigned names_before_listing = 4;
constexpr size_t listing_bytes_max = 65'536;

int64_t monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// The supervisor itself ran out of something: what it cannot look at it does not let go unseen.
bool cannot_look(const Resolved& found) { return found.error == EMFILE || found.error == ENFILE || found.error == ENOMEM; }

// What the kernel says of a path before it asks Landlock (fs/namei.c): of `.` and `..` nothing is made, moved or removed, and a slash
// at the end is for folders.
bool ends_in_slash(std::string_view path) { return !path.empty() && path.back() == '/'; }
std::string entry_of(std::string_view path) {
  while (path.size() > 1 && ends_in_slash(path)) path.remove_suffix(1);
  return std::string(path);
}
bool names_no_entry(std::string_view path) {
  while (ends_in_slash(path)) path.remove_suffix(1);
  std::string_view last = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  return last.empty() || last == "." || last == "..";
}

// Would the file's own permission bits refuse first? Then it is not a denial of ours.
bool permitted_by_mode(const Descriptor& object, int access) {
  return syscall(number::faccessat2, object.get(), "", access, AT_EMPTY_PATH | AT_EACCESS) == 0 || errno != EACCES;
}

// `net` of a process, or of one of its threads, tells every connection and Unix socket of the machine, not of the process.
// Whether there is IPv6 may be asked: Java turns it off where the file is missing (net_util_md.c).
bool of_the_machines_network(std::string_view file) {
  if (file.compare(0, 5, "task/") == 0) {
    size_t thread_end = file.find('/', 5);
    file = thread_end == std::string_view::npos ? std::string_view() : file.substr(thread_end + 1);
  }
  return file == "net" || (file.compare(0, 4, "net/") == 0 && file != "net/if_inet6");
}

}  // namespace

uint64_t Supervisor::rights_by_path(std::string_view path) const {
  uint64_t rights = 0;
  for (const auto& [place, its_rights] : path_rights_) {
    if (path_within(path, place)) rights |= its_rights;
  }
  return rights;
}

uint64_t Supervisor::rights_by_objects(const Descriptor& first, bool first_is_folder, const Descriptor& folder) {
  uint64_t rights = 0;
  auto add = [this, &rights](const struct stat& info) {
    for (const ObjectRight& one : object_rights_) {
      if (one.ino == info.st_ino && one.dev == info.st_dev) rights |= one.rights;
    }
  };
  struct stat info{};
  if (first && fstat(first.get(), &info) == 0) add(info);
  Descriptor current;
  if (first_is_folder) current = Descriptor(openat(first.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  else if (folder) current = Descriptor(fcntl(folder.get(), F_DUPFD_CLOEXEC, 3));
  uint64_t last_ino = first_is_folder ? info.st_ino : 0;
  uint64_t last_dev = first_is_folder ? info.st_dev : 0;
  for (int depth = 0; current && depth < 256; depth++) {
    if (fstat(current.get(), &info) != 0) break;
    if (info.st_ino == last_ino && info.st_dev == last_dev) break;
    add(info);
    last_ino = info.st_ino;
    last_dev = info.st_dev;
    current = Descriptor(openat(current.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return rights;
}

uint64_t Supervisor::rights_at(const Resolved& where, bool parent_only, bool exact) {
  if (where.special) return ~0ULL;
  std::string_view path = where.path;
  if (parent_only || !where.exists) path = parent_of(path);
  uint64_t by_path = exact ? 0 : rights_by_path(path);
  // Names and objects agree unless something was moved or mounted after the start; only a shortage needs the climb.
  constexpr uint64_t everything = right_read_file | right_write_file | right_execute;
  if ((by_path & everything) == everything) return by_path;
  if (parent_only || !where.exists) return by_path | rights_by_objects(where.parent, true, Descriptor());
  if (S_ISDIR(where.mode)) return by_path | rights_by_objects(where.object, true, Descriptor());
  if (where.parent) return by_path | rights_by_objects(where.object, false, where.parent);
  Descriptor parent(open(std::string(parent_of(where.path)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return by_path | rights_by_objects(where.object, false, parent);
}

// Where a program goes through a folder, one look at all of its names is cheaper than one at each.
bool Supervisor::holds_no_links(FolderFact& fact) {
  if (fact.no_links || ++fact.asked != names_before_listing) return fact.no_links;
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  Descriptor folder(static_cast<int>(syscall(number::openat2, AT_FDCWD, fact.path.c_str(), &how, sizeof how)));
  // As much as two calls give. A larger folder's names are looked at one by one.
  alignas(8) static char entries[listing_bytes_max];
  for (int calls = 0; folder && calls < 2; calls++) {
    long n = syscall(SYS_getdents64, folder.get(), entries, sizeof entries);
    fact.no_links = n == 0;
    if (n <= 0) break;
    for (long at = 0; at < n;) {
      const dirent64* entry = reinterpret_cast<const dirent64*>(entries + at);
      if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) return false;
      at += entry->d_reclen;
    }
  }
  return fact.no_links;
}

bool Supervisor::known_allowed(const std::string& path, uint64_t need, bool create) {
  if (!plain_path(path)) return false;
  std::string_view folder = parent_of(path);
  FolderFact& fact = folders_[std::hash<std::string_view>{}(folder) % folders_.size()];
  int64_t now = monotonic();
  if (fact.path != folder || now - fact.checked > folder_fact_lifetime || !fact.stable) {
    std::string name(folder);
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    Descriptor fd(static_cast<int>(syscall(number::openat2, AT_FDCWD, name.c_str(), &how, sizeof how)));
    if (!fd) return false;
    if (fact.path != folder) {
      fact.path = std::move(name);
      fact.rights = rights_by_path(fact.path);
    }
    fact.checked = now;
    // Where the server may write it may put a symlink in a folder's place at any time, so nothing is remembered there.
    fact.stable = (fact.rights & right_make_symlink) == 0;
    fact.asked = 0;
    fact.no_links = false;
  }
  uint64_t wanted = create ? need | right_make_file : need;
  if ((fact.rights & wanted) != wanted) {
    // A file that was granted alone. Whoever may change its folder is not the server, or the folder's rights would do.
    bool alone = std::any_of(path_rights_.begin(), path_rights_.end(), [&](const auto& one) {
      return one.first == path && ((one.second | fact.rights | right_read_folder) & wanted) == wanted;
    });
    if (!alone) return false;
  }
  if (fact.stable && holds_no_links(fact)) return true;
  FileFact& file = files_[std::hash<std::string_view>{}(path) % files_.size()];
  if (fact.stable && file.path == path && now - file.checked <= folder_fact_lifetime) return true;
  char buffer[1];
  bool plain = readlinkat(AT_FDCWD, path.c_str(), buffer, sizeof buffer) < 0 && (errno == EINVAL || errno == ENOENT);
  if (plain && fact.stable) {
    file.path = path;
    file.checked = now;
  }
  return plain;
}

std::string Supervisor::cwd_joined(Target& target, int at, const std::string& path) const {
  if (!path.empty() && path[0] == '/') return path;
  char link[64];
  if (at == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", target.thread());
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", target.thread(), at);
  char buffer[PATH_MAX];
  ssize_t n = readlink(link, buffer, sizeof buffer);
  if (n <= 0 || n == static_cast<ssize_t>(sizeof buffer)) return {};
  std::string out(buffer, static_cast<size_t>(n));
  if (out != "/") out.push_back('/');
  out += path.substr(0, 2) == "./" ? path.substr(2) : path;
  return out;
}

bool Supervisor::shared_memory_name(int, const std::string& path, std::string& name) const {
  constexpr std::string_view folder = "/dev/shm/";
  if (!shm_folder_ || other_root_ || path.size() <= folder.size() || path.compare(0, folder.size(), folder) != 0) return false;
  name = path.substr(folder.size());
  return name.find('/') == std::string::npos && name != "." && name != ".." && name.size() < 255;
}

Supervisor::Answer Supervisor::inject(const Target& target, Descriptor fd, bool close_on_exec) {
  int error = handing_.give(current_id_, target.thread(), fd.get(), close_on_exec);
  if (error == 0) return {false, 0, 0, true};
  return {false, error == EMFILE ? EMFILE : EACCES, 0, error == ENOENT};
}

// POSIX shared memory lives in one folder that all programs of the user share; the run gets one of its own.
Supervisor::Answer Supervisor::open_shared_memory(Target& target, const std::string& name, uint64_t flags, uint64_t mode) {
  open_how how{};
  // Never waits: a FIFO of that name has no other end.
  how.flags = (flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND)) | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW;
  how.mode = (flags & O_CREAT) != 0 ? (mode & 0777) : 0;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
  Descriptor fd(static_cast<int>(syscall(number::openat2, shm_folder_.get(), name.c_str(), &how, sizeof how)));
  if (!fd) {
    int error = errno;
    // Is there a foreign one of that name? Then this was an attempt to reach it.
    struct stat info{};
    if (error == ENOENT && lstat(("/dev/shm/" + name).c_str(), &info) == 0) {
      record(target, (flags & O_ACCMODE) == O_RDONLY ? "file.read" : "file.write", "/dev/shm/" + name, true, EACCES, "broker");
      return {false, EACCES, 0, false};
    }
    return {false, error, 0, false};
  }
  struct stat info{};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {false, EACCES, 0, false};
  if ((flags & O_NONBLOCK) == 0) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  return inject(target, std::move(fd), (flags & O_CLOEXEC) != 0);
}

// The kernel takes a map only through a file that was opened in the namespace itself or right above it, and we are further
// away. So ids stay unmapped in a namespace inside a namespace: less is possible there, and what is written goes nowhere.
Supervisor::Answer Supervisor::give_unused_map(Target& target) {
  Descriptor file(static_cast<int>(syscall(SYS_memfd_create, "unused id map", MFD_CLOEXEC)));
  if (!file) return {false, errno, 0, false};
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  return inject(target, std::move(file), true);
}

// /proc holds every process. The server may read its own run's entries, which the supervisor opens for it.
Supervisor::Answer Supervisor::open_proc(Target& target, const Resolved& found, uint64_t flags) {
  std::string_view rest = std::string_view(found.path).substr(std::min<size_t>(6, found.path.size()));
  int process = atoi(std::string(rest).c_str());
  size_t slash = rest.find('/');
  std::string_view file = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  bool read_only = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY;
  bool id_map = settings_.nested_sandbox && process == target.process() && target.is_apart(Apart::users, true) &&
                (file == "uid_map" || file == "gid_map" || file == "setgroups");
  std::string_view leaf = base_name(file);
  bool secret = leaf == "mem" || leaf == "pagemap" || leaf == "kpageflags" || of_the_machines_network(file);
  // The folder itself: a list of numbers, which can be found out anyway, and which browsers hold on to.
  bool list = found.path == "/proc";
  bool mine = list || process == target.process() || in_run(process);
  // A browser marks its pages' processes as the first to end when memory is short.
  bool own_setting = id_map || file == "oom_score_adj" || (process == target.process() && (file == "comm" || file == "coredump_filter"));
  if (!mine || secret || !(read_only || own_setting)) {
    const char* kind = read_only ? "file.read" : "file.write";
    return refuse(target, kind, found.path, EACCES);
  }
  if (id_map && !read_only && target.is_deeper()) return give_unused_map(target);
  // Reopen exactly the object that was judged.
  std::string link = "/proc/self/fd/" + std::to_string(found.object.get());
  int how = static_cast<int>(flags & (O_ACCMODE | O_DIRECTORY | O_NONBLOCK)) | O_CLOEXEC | O_NOCTTY;
  int error = 0;
  Descriptor fd = read_only ? Descriptor(open(link.c_str(), how)) : ask_for_setting(settings_.setting_door.get(), found.object.get(), flags, error);
  if (!fd) return {false, read_only ? errno : error, 0, false};
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  return inject(target, std::move(fd), (flags & O_CLOEXEC) != 0);
}

// openat2's own bounds (RESOLVE_BENEATH and its like) are kept before Landlock is asked. Seen only, never decided by.
bool Supervisor::leaves_its_bounds(Target& target, int at, const std::string& path, uint64_t resolve, bool follow) {
  char link[64];
  if (at == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", target.thread());
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", target.thread(), at);
  Descriptor from(open(link, O_PATH | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  how.resolve = resolve;
  Descriptor found(static_cast<int>(syscall(number::openat2, from.get(), path.c_str(), &how, sizeof how)));
  return !found && (errno == EXDEV || errno == ELOOP || errno == EAGAIN);
}

// The object that was judged is the one that is opened, and a look at a path that is let go on would not be: another thread may
// have exchanged the path since. What else may be meant by such an open (a new file, a device) has no use.
Supervisor::Answer Supervisor::open_shortened(Target& target, const Resolved& found, uint64_t flags) {
  constexpr uint64_t need = right_read_file | right_write_file;
  if (!found.exists || found.special || found.guarded || !S_ISREG(found.mode) || (flags & O_EXCL) != 0 || (rights_at(found, false, true) & need) != need) {
    return refuse(target, "file.write", found.path.empty() ? "(unnamed)" : found.path, EACCES);
  }
  std::string link = "/proc/self/fd/" + std::to_string(found.object.get());
  Descriptor fd(open(link.c_str(), static_cast<int>(flags & (O_APPEND | O_NONBLOCK)) | O_RDONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
  if (!fd) return {false, errno, 0, false};
  if (!still_valid(current_id_)) return {false, EINTR, 0, false};
  return inject(target, std::move(fd), (flags & O_CLOEXEC) != 0);
}

Supervisor::Answer Supervisor::observe_open(Target& target, int at, uint64_t address, uint64_t flags, uint64_t mode, uint64_t resolve) {
  if ((flags & O_PATH) != 0) return {};  // opens nothing that Landlock guards; what it reaches is only names
  // What the kernel refuses before it looks at the path, and it says so itself.
  if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY)) return {};
  if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_ACCMODE) == O_RDONLY) return {};
  int error = 0;
  auto path = target.string_at(address, error);
  if (!path) return unreadable(target, "file.read", error);
  bool reads = (flags & O_ACCMODE) != O_WRONLY;
  bool writes = (flags & O_ACCMODE) != O_RDONLY;
  bool creates = (flags & O_CREAT) != 0;
  bool shortens = (flags & O_TRUNC) != 0;
  // The fourth access mode opens a file for commands alone, and Landlock asks for no right at all then: before ABI 3 it shortens any
  // file, before ABI 5 it commands any device. Nobody needs it (open(2), under NOTES): outside of areas it is refused.
  bool for_commands = settings_.contained && (flags & O_ACCMODE) == O_ACCMODE;
  // Before ABI 3 Landlock lets whatever may be read be shortened by opening it; then it is decided and done here.
  bool shortened_here = settings_.contained && shortens && !writes && settings_.landlock_abi < 3;
  uint64_t need = (reads ? right_read_file : 0) | (writes ? right_write_file : 0) |
                  (shortens && settings_.landlock_abi >= 3 ? right_truncate : 0);
  // A file that runs as its owner would lend the user's rights to every other account.
  if (settings_.contained && (creates || (flags & O_TMPFILE) == O_TMPFILE) && (mode & 06000) != 0) {
    return refuse(target, "file.attr", "set-user-id on " + *path, EPERM);
  }
  if (settings_.contained) {
    // A folder is asked for as a whole; the fast way covers both, since every grant of a folder lists and reads.
    Descriptor served;
    if (settings_.resolver && !other_root_ && !writes && resolver_file(*path, target, served)) return inject(target, std::move(served), (flags & O_CLOEXEC) != 0);
    std::string name;
    if (shared_memory_name(at, *path, name) && (flags & O_DIRECTORY) == 0) {
      return open_shared_memory(target, name, flags, mode);
    }
  }
  const std::string joined = path->starts_with('/') ? std::string() : cwd_joined(target, at, *path);
  const std::string& full = path->starts_with('/') ? *path : joined;
  uint64_t fast = need | (reads ? right_read_folder : 0);
  if (!settings_.record_all && settings_.contained && !other_root_ && !shortened_here && !for_commands && known_allowed(full, fast, creates)) return {};
  if (has_areas()) {
    given_back_before_ = readers_given_back_.load();
    auto answer = resolve != 0 ? open_restricted_in_area(target, at, *path, flags, mode, resolve) : open_in_area(target, full, flags, mode);
    if (answer) return *answer;
  }

  bool follow = (flags & O_NOFOLLOW) == 0 && !(creates && (flags & O_EXCL) != 0);
  Resolved found = target.resolve_object(at, *path, follow);
  if (cannot_look(found) && settings_.contained) return refuse(target, writes ? "file.write" : "file.read", *path, EMFILE);
  const char* kind = creates && !found.exists ? "file.create" : writes ? "file.write" : "file.read";
  if (creates && ends_in_slash(*path)) return {};  // EISDIR
  if (found.exists && !found.special && !S_ISDIR(found.mode) && ((flags & O_DIRECTORY) != 0 || ends_in_slash(*path))) return {};  // ENOTDIR
  if (resolve != 0 && leaves_its_bounds(target, at, *path, resolve, follow)) return {};
  if (!settings_.contained) {
    if (found.exists || found.parent) record(target, kind, found.path, false, 0, "predicted");
    return {};
  }
  bool decided_here = shortened_here || for_commands;
  if (found.special && !decided_here) return {};
  if (found.guarded && !decided_here) {
    record(target, kind, found.path, true, EACCES, "predicted");
    return {};
  }
  if (has_areas() && resolve == 0 && !found.special) {
    auto answer = open_found_in_area(target, found, path->ends_with('/'), flags, mode);
    if (answer) return *answer;
  }
  if (decided_here && !found.exists && !creates) return {false, found.error != 0 ? found.error : ENOENT, 0, false};
  if (for_commands) return refuse(target, "file.write", found.path.empty() ? *path : found.path, EACCES);
  if (shortened_here) return open_shortened(target, found, flags);
  if (!found.exists) {
    if (!creates || !found.parent) return {};  // the kernel says so itself, before Landlock is asked
    uint64_t rights = rights_at(found, true);
    bool refused = (rights & (right_make_file | need)) != (right_make_file | need);
    if (refused && permitted_by_mode(found.parent, W_OK | X_OK)) {
      if (resolve == 0 && ask_for_file(target, found, flags, mode, kind)) return {false, 0, 0, true};
      record(target, kind, found.path, true, EACCES, "predicted");
    } else if (!refused && settings_.record_all) {
      record(target, kind, found.path, false, 0, "predicted");
    }
    return {};
  }
  if (creates && (flags & O_EXCL) != 0) return {};  // EEXIST
  if (S_ISLNK(found.mode)) return {};               // ELOOP
  struct statfs filesystem{};
  bool of_process = found.path.size() > 6 && found.path.compare(0, 6, "/proc/") == 0 && found.path[6] >= '0' && found.path[6] <= '9';
  bool own_proc = (of_process || (found.path == "/proc")) &&
                  fstatfs(found.object.get(), &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
  uint64_t rights = rights_at(found, false);
  if (own_proc && (rights & need) != need) return open_proc(target, found, flags);
  if (S_ISDIR(found.mode)) {
    if ((writes || shortens || creates) && (flags & O_TMPFILE) != O_TMPFILE) return {};  // EISDIR
    need = right_read_folder;
  }
  if ((flags & O_TMPFILE) == O_TMPFILE) need = right_write_file | (reads ? right_read_file : 0);
  bool refused = (rights & need) != need;
  if (refused) {
    int access = (reads ? R_OK : 0) | (writes ? W_OK : 0);
    if (permitted_by_mode(found.object, access)) {
      if (resolve == 0 && ask_for_file(target, found, flags, mode, kind)) return {false, 0, 0, true};
      record(target, kind, found.path, true, EACCES, "predicted");
    }
  } else if (settings_.record_all) {
    record(target, kind, found.path, false, 0, "predicted");
  }
  return {};
}

Supervisor::Answer Supervisor::observe_exec(Target& target, int at, uint64_t address, uint64_t flags) {
  int error = 0;
  auto path = target.string_at(address, error);
  if (!path) return unreadable(target, "exec", error);
  // Another program may look names up in another way.
  for (ResolverUser& user : resolver_users_) {
    if (user.process == target.thread()) user = {};
  }
  Resolved found = path->empty() && (flags & AT_EMPTY_PATH) != 0 ? target.resolve_descriptor(at)
                                                                   : target.resolve(at, *path, (flags & AT_SYMLINK_NOFOLLOW) == 0);
  if (cannot_look(found) && settings_.contained) return refuse(target, "exec", *path, EMFILE);
  if (found.guarded && settings_.contained) record(target, "exec", found.path, true, EACCES, "predicted");
  if (!found.exists || (!S_ISREG(found.mode) && !found.special)) return {};
  if (!settings_.contained) {
    record(target, "exec", found.path, false, 0, "predicted");
    return {};
  }
  if (found.special) {
    // A program made in memory was never on disk for anyone to judge. Landlock does not see it, so it is refused here.
    return refuse(target, "exec", found.path.empty() ? "(memory)" : found.path, EACCES);
  }
  constexpr uint64_t need = right_execute | right_read_file;
  bool refused = (rights_at(found, false) & need) != need;
  if (refused && permitted_by_mode(found.object, X_OK)) {
    record(target, "exec", found.path, true, EACCES, "predicted");
    return {};
  }
  if (refused) return {};
  // A script's interpreter is executed too, and judged by the same rules.
  Descriptor file(open(("/proc/self/fd/" + std::to_string(found.object.get())).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char start[256];
  ssize_t n = file ? read(file.get(), start, sizeof start) : 0;
  if (n > 2 && start[0] == '#' && start[1] == '!') {
    std::string_view line(start + 2, static_cast<size_t>(n) - 2);
    line = line.substr(0, line.find('\n'));
    size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string_view::npos) {
      line = line.substr(begin);
      std::string interpreter(line.substr(0, line.find_first_of(" \t\r")));
      Resolved inner = target.resolve(AT_FDCWD, interpreter, true);
      if (inner.exists && !inner.special && (rights_at(inner, false) & need) != need && permitted_by_mode(inner.object, X_OK)) {
        record(target, "exec", inner.path, true, EACCES, "predicted");
        return {};
      }
    }
  }
  if (permitted_by_mode(found.object, X_OK)) record(target, "exec", found.path, false, 0, "predicted");
  return {};
}

Supervisor::Answer Supervisor::observe_make(Target& target, int at, uint64_t address, uint64_t right, AreaCall call, uint64_t leads_to) {
  const char* kind = "file.create";
  int error = 0;
  auto path = target.string_at(address, error);
  if (!path) return unreadable(target, kind, error);
  if (has_areas()) {
    if (leads_to != 0) {
      auto text = target.string_at(leads_to, error);
      if (!text) return unreadable(target, kind, error);
      call.text = std::move(*text);
    }
    auto answer = change_in_area(target, std::move(call), at, *path, right, kind);
    if (answer) return *answer;
  }
  Resolved found = target.resolve(at, entry_of(*path), false);
  if (cannot_look(found) && settings_.contained) return refuse(target, kind, *path, EMFILE);
  if (!settings_.contained) {
    if (!found.exists && found.parent) record(target, kind, found.path, false, 0, "predicted");
    return {};
  }
  if (found.exists || !found.parent || (right != right_make_folder && ends_in_slash(*path))) return {};  // EEXIST or ENOENT comes first
  if ((rights_at(found, true) & right) != right) record(target, kind, found.path, true, EACCES, "predicted");
  else if (settings_.record_all) record(target, kind, found.path, false, 0, "predicted");
  return {};
}

Supervisor::Answer Supervisor::observe_remove(Target& target, int at, uint64_t address, bool folder) {
  int error = 0;
  auto path = target.string_at(address, error);
  if (!path) return unreadable(target, "file.delete", error);
  std::string name;
  if (settings_.contained && !folder && shared_memory_name(at, *path, name)) {
    if (unlinkat(shm_folder_.get(), name.c_str(), 0) == 0) return {false, 0, 0, false};
    struct stat info{};
    if (errno == ENOENT && lstat(path->c_str(), &info) == 0) return refuse(target, "file.delete", *path, EACCES);
    return {false, errno, 0, false};
  }
  if (has_areas()) {
    AreaCall call{.kind = folder ? AreaCall::Kind::remove_folder : AreaCall::Kind::remove};
    auto answer = change_in_area(target, std::move(call), at, *path, folder ? right_remove_folder : right_remove_file, "file.delete");
    if (answer) return *answer;
  }
  // A slash at the end does not make the kernel follow a link that is to be removed or moved.
  Resolved found = target.resolve(at, entry_of(*path), false);
  if (cannot_look(found) && settings_.contained) return refuse(target, "file.delete", *path, EMFILE);
  if (!found.exists || found.special) return {};
  if (!settings_.contained) {
    record(target, "file.delete", found.path, false, 0, "predicted");
    return {};
  }
  // That it is no folder, or one, the kernel looks at after it has asked Landlock.
  if (names_no_entry(*path) || (!folder && ends_in_slash(*path))) return {};  // EINVAL, EISDIR, ENOTDIR
  uint64_t right = folder ? right_remove_folder : right_remove_file;
  if ((rights_at(found, true) & right) != right) record(target, "file.delete", found.path, true, EACCES, "predicted");
  else if (settings_.record_all && folder == S_ISDIR(found.mode)) record(target, "file.delete", found.path, false, 0, "predicted");
  return {};
}

namespace {

uint64_t make_right_of(uint32_t mode) {
  if (S_ISDIR(mode)) return right_make_folder;
  if (S_ISLNK(mode)) return right_make_symlink;
  if (S_ISFIFO(mode)) return right_make_fifo;
  if (S_ISSOCK(mode)) return right_make_socket;
  if (S_ISCHR(mode)) return right_make_char;
  if (S_ISBLK(mode)) return right_make_block;
  return right_make_file;
}

// What a file could gain by moving: Landlock refuses a move into a place that allows more (EXDEV or EACCES).
constexpr uint64_t carried = right_execute | right_read_file | right_write_file | right_truncate | right_read_folder |
                             right_device_ioctl;

}  // namespace

Supervisor::Answer Supervisor::observe_rename(Target& target, int from_at, uint64_t from, int to_at, uint64_t to, uint64_t flags) {
  int error = 0;
  auto old_path = target.string_at(from, error);
  auto new_path = target.string_at(to, error);
  if (!old_path || !new_path) return unreadable(target, "file.rename", error);
  std::string old_name;
  std::string new_name;
  if (settings_.contained && shared_memory_name(from_at, *old_path, old_name) && shared_memory_name(to_at, *new_path, new_name)) {
    bool done = syscall(SYS_renameat2, shm_folder_.get(), old_name.c_str(), shm_folder_.get(), new_name.c_str(), flags) == 0;
    return {false, done ? 0 : errno, 0, false};
  }
  if (has_areas()) {
    auto answer = move_in_area(target, {.kind = AreaCall::Kind::rename, .flags = flags}, from_at, *old_path, to_at, *new_path, 0);
    if (answer) return *answer;
  }
  Resolved source = target.resolve(from_at, entry_of(*old_path), false);
  Resolved goal = target.resolve(to_at, entry_of(*new_path), false);
  if ((cannot_look(source) || cannot_look(goal)) && settings_.contained) return refuse(target, "file.rename", *old_path, EMFILE);
  if (!source.exists || source.special || !goal.parent) return {};
  if (names_no_entry(*old_path) || names_no_entry(*new_path)) return {};  // EBUSY
  std::string text = source.path;
  if (!settings_.contained) {
    record(target, "file.rename", text, false, 0, "predicted");
    return {};
  }
  bool exchange = (flags & 2 /* RENAME_EXCHANGE */) != 0;
  if ((flags & 1 /* RENAME_NOREPLACE */) != 0 && goal.exists) return {};
  if (exchange && !goal.exists) return {};  // ENOENT
  bool file = !S_ISDIR(source.mode);
  if ((file && (ends_in_slash(*old_path) || (!exchange && ends_in_slash(*new_path)))) ||
      (exchange && !S_ISDIR(goal.mode) && ends_in_slash(*new_path))) {
    return {};  // ENOTDIR
  }
  if (source.path != goal.path && (path_within(goal.path, source.path) || path_within(source.path, goal.path))) return {};  // EINVAL, ENOTEMPTY
  uint64_t from_rights = rights_at(source, true);
  uint64_t to_rights = rights_at(goal, true);
  bool same = parent_of(source.path) == parent_of(goal.path);
  uint64_t from_need = S_ISDIR(source.mode) ? right_remove_folder : right_remove_file;
  uint64_t to_need = make_right_of(source.mode);
  if (goal.exists) to_need |= S_ISDIR(goal.mode) ? right_remove_folder : right_remove_file;
  if (exchange && goal.exists) from_need |= make_right_of(goal.mode);
  if (!same) {
    from_need |= right_refer;
    to_need |= right_refer;
  }
  bool gains = !same && ((to_rights & carried & ~rights_at(source, false)) != 0);
  // Landlock says EACCES where a right to remove or make is missing, EXDEV where only moving between folders is.
  bool from_refused = ((from_need & ~right_refer) & ~from_rights) != 0;
  bool to_refused = ((to_need & ~right_refer) & ~to_rights) != 0;
  bool moving_refused = !same && (((from_rights & to_rights) & right_refer) == 0 || gains);
  if (from_refused || to_refused || moving_refused) {
    bool elsewhere = !from_refused && (to_refused || (to_rights & right_refer) == 0);
    record(target, "file.rename", elsewhere ? goal.path : text, true, from_refused || to_refused ? EACCES : EXDEV, "predicted");
  } else if (settings_.record_all) {
    record(target, "file.rename", text, false, 0, "predicted");
  }
  return {};
}

Supervisor::Answer Supervisor::observe_link(Target& target, int from_at, uint64_t from, int to_at, uint64_t to, uint64_t flags) {
  int error = 0;
  auto old_path = target.string_at(from, error);
  auto new_path = target.string_at(to, error);
  if (!old_path || !new_path) return unreadable(target, "file.create", error);
  std::string old_name;
  std::string new_name;
  if (settings_.contained && shared_memory_name(from_at, *old_path, old_name) && shared_memory_name(to_at, *new_path, new_name)) {
    bool done = linkat(shm_folder_.get(), old_name.c_str(), shm_folder_.get(), new_name.c_str(), 0) == 0;
    return {false, done ? 0 : errno, 0, false};
  }
  if (has_areas()) {
    auto answer = move_in_area(target, {.kind = AreaCall::Kind::link}, from_at, *old_path, to_at, *new_path, flags);
    if (answer) return *answer;
  }
  bool empty = old_path->empty() && (flags & AT_EMPTY_PATH) != 0;
  Resolved source = empty ? target.resolve_descriptor(from_at) : target.resolve(from_at, *old_path, (flags & AT_SYMLINK_FOLLOW) != 0);
  Resolved goal = target.resolve(to_at, entry_of(*new_path), false);
  if ((cannot_look(source) || cannot_look(goal)) && settings_.contained) return refuse(target, "file.create", *new_path, EMFILE);
  if (!source.exists || goal.exists || !goal.parent || ends_in_slash(*new_path)) return {};
  if (!settings_.contained) {
    record(target, "file.create", goal.path, false, 0, "predicted");
    return {};
  }
  uint64_t to_rights = rights_at(goal, true);
  bool same = parent_of(source.path) == parent_of(goal.path);
  uint64_t need = make_right_of(source.mode);
  bool source_fixed = !same && !source.special && (rights_at(source, true) & right_refer) == 0;
  bool gains = !same && !source.special && (to_rights & carried & ~rights_at(source, false)) != 0;
  if ((to_rights & need) != need) record(target, "file.create", goal.path, true, EACCES, "predicted");
  else if (!same && (to_rights & right_refer) == 0) record(target, "file.create", goal.path, true, EXDEV, "predicted");
  else if (source_fixed || gains) record(target, "file.create", source.path, true, EXDEV, "predicted");
  else if (settings_.record_all) record(target, "file.create", goal.path, false, 0, "predicted");
  return {};
}

}  // namespace belljar
