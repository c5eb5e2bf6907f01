#include "target.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "../core/text.hpp"
#include "kernel.hpp"

namespace belljar {

bool has_no_place(const std::string& path, bool deleted) {
  if (path.substr(0, 7) == "/memfd:") return deleted;
  return !path.empty() && path[0] != '/' && path[0] != '(';
}

std::string path_of(int fd) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char buffer[PATH_MAX + 16];
  ssize_t n = readlink(link, buffer, sizeof buffer);
  if (n <= 0 || n == static_cast<ssize_t>(sizeof buffer)) return {};
  return std::string(buffer, static_cast<size_t>(n));
}

TaskStatus::TaskStatus(int number) {
  char name[40];
  snprintf(name, sizeof name, "/proc/%d/status", number);
  Descriptor fd(open(name, O_RDONLY | O_CLOEXEC));
  ssize_t n = fd ? read(fd.get(), text_, sizeof text_ - 1) : -1;
  text_[n > 0 ? n : 0] = '\0';
}

const char* TaskStatus::after(const char* mark) const {
  const char* line = strstr(text_, mark);
  return line != nullptr ? line + strlen(mark) : nullptr;
}

void Target::read_status() {
  if (process_ != 0) return;
  TaskStatus status(thread_);
  const char* mask = status.after("\nUmask:");
  if (mask != nullptr) umask_ = static_cast<uint32_t>(strtoul(mask, nullptr, 8)) & 0777;
  const char* group = status.after("\nTgid:");
  if (group != nullptr) process_ = atoi(group);
  const char* slots = status.after("\nFDSize:");
  if (slots != nullptr) slots_ = strtoull(slots, nullptr, 10);
}

int Target::process() {
  read_status();
  return process_;
}

uint32_t Target::umask() {
  read_status();
  return umask_;
}

bool Target::has_room() {
  read_status();
  rlimit most{};
  // A table that is smaller than the limit has room, or is made larger.
  if (prlimit(thread_, RLIMIT_NOFILE, nullptr, &most) != 0 || slots_ < most.rlim_cur) return true;
  char name[40];
  snprintf(name, sizeof name, "/proc/%d/fd", thread_);
  struct stat info{};
  // Since Linux 6.2 the size is how many there are.
  if (stat(name, &info) == 0 && info.st_size > 0 && static_cast<uint64_t>(info.st_size) < most.rlim_cur) return true;
  DIR* folder = opendir(name);
  if (folder == nullptr) return true;
  uint64_t taken = 0;
  while (dirent* entry = readdir(folder)) {
    // Numbers from before the limit was lowered take nobody's place.
    if (entry->d_name[0] != '.' && strtoull(entry->d_name, nullptr, 10) < most.rlim_cur) taken++;
  }
  closedir(folder);
  return taken < most.rlim_cur;
}

bool Target::bytes_at(uint64_t address, void* out, size_t size, int& error) const {
  iovec local{out, size};
  iovec remote{reinterpret_cast<void*>(address), size};
  ssize_t n = process_vm_readv(thread_, &local, 1, &remote, 1, 0);
  if (n == static_cast<ssize_t>(size)) return true;
  error = n < 0 ? errno : EFAULT;
  return false;
}

std::optional<std::string> Target::string_at(uint64_t address, int& error) const {
  if (address == 0) {
    error = EFAULT;
    return std::nullopt;
  }
  std::string out;
  // Nearly all of them end in the first piece. Larger ones would cost each call, also when they stay empty: they are cleared first.
  char buffer[256];
  while (out.size() < path_max_bytes) {
    // Never across a page in one read: the next one may not be there.
    size_t size = std::min<size_t>(sizeof buffer, 4096 - (address & 4095));
    iovec local{buffer, size};
    iovec remote{reinterpret_cast<void*>(address), size};
    ssize_t n = process_vm_readv(thread_, &local, 1, &remote, 1, 0);
    if (n <= 0) {
      error = n < 0 ? errno : EFAULT;
      return std::nullopt;
    }
    const void* end = memchr(buffer, 0, static_cast<size_t>(n));
    if (end != nullptr) {
      out.append(buffer, static_cast<size_t>(static_cast<const char*>(end) - buffer));
      if (out.size() >= path_max_bytes) break;
      return out;
    }
    out.append(buffer, static_cast<size_t>(n));
    address += static_cast<uint64_t>(n);
  }
  error = ENAMETOOLONG;
  return std::nullopt;
}

Descriptor Target::descriptor(int fd, int& error) {
  // The notification names a thread; before Linux 6.9 only a thread group's leader can be opened.
  long pidfd = syscall(number::pidfd_open, thread_, pidfd_thread);
  if (pidfd < 0 && errno == EINVAL) pidfd = syscall(number::pidfd_open, process(), 0);
  if (pidfd < 0) {
    error = errno;
    return {};
  }
  Descriptor owner(static_cast<int>(pidfd));
  long copy = syscall(number::pidfd_getfd, owner.get(), fd, 0);
  if (copy < 0) {
    error = errno;
    return {};
  }
  return Descriptor(static_cast<int>(copy));
}

namespace {

enum class Same { yes, no, unknown };

Same same_object(const char* one, const char* other) {
  struct stat first{};
  struct stat second{};
  if (stat(one, &first) != 0 || stat(other, &second) != 0) return Same::unknown;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino ? Same::yes : Same::no;
}

constexpr unsigned get_parent = 0xB702;  // NS_GET_PARENT

}  // namespace

bool Target::is_apart(Apart kind, bool when_hidden) const {
  const char* entry = kind == Apart::users ? "ns/user" : kind == Apart::processes ? "ns/pid" : "root";
  char theirs[64];
  char ours[64];
  snprintf(theirs, sizeof theirs, "/proc/%d/%s", thread_, entry);
  snprintf(ours, sizeof ours, "/proc/self/%s", entry);
  Same same = same_object(theirs, ours);
  return same == Same::unknown ? when_hidden : same == Same::no;
}

bool Target::is_deeper() const {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/ns/user", thread_);
  Descriptor theirs(open(name, O_RDONLY | O_CLOEXEC));
  Descriptor above(theirs ? ioctl(theirs.get(), get_parent) : -1);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", above.get());
  return !above || same_object(link, "/proc/self/ns/user") != Same::yes;
}

Descriptor Target::root() const {
  char name[64] = "/";
  if (own_root_) snprintf(name, sizeof name, "/proc/%d/root", thread_);
  return Descriptor(open(name, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Descriptor Target::start(int at, const std::string& path, int& error) {
  char name[64];
  if (!path.empty() && path[0] == '/') {
    Descriptor top = root();
    if (!top) error = errno;
    return top;
  }
  if (at == AT_FDCWD) snprintf(name, sizeof name, "/proc/%d/cwd", thread_);
  else snprintf(name, sizeof name, "/proc/%d/fd/%d", thread_, at);
  Descriptor fd(open(name, O_PATH | O_CLOEXEC));
  if (!fd) error = errno == ENOENT && at != AT_FDCWD ? EBADF : errno;
  return fd;
}

Resolved Target::resolve_object(int at, const std::string& path, bool follow_last) {
  if (own_root_ || path.empty()) return resolve(at, path, follow_last);
  Resolved out;
  Descriptor from;
  if (path[0] != '/') {
    from = start(at, path, out.error);
    if (!from) return out;
  }
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (follow_last ? 0 : O_NOFOLLOW);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  out.object = Descriptor(static_cast<int>(syscall(number::openat2, from ? from.get() : AT_FDCWD, path.c_str(), &how, sizeof how)));
  struct stat info{};
  if (!out.object || fstat(out.object.get(), &info) != 0) return resolve(at, path, follow_last);
  out.exists = true;
  out.mode = info.st_mode;
  out.path = path_of(out.object.get());
  out.special = has_no_place(out.path, info.st_nlink == 0);
  out.name = std::string(base_name(out.path));
  return out;
}

Descriptor Target::resolve_folder(int at, const std::string& path, std::string& name, int& error) {
  error = 0;
  size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) {
    if (path.empty()) error = ENOENT;
    return {};
  }
  size_t begin = path.rfind('/', end);
  name = path.substr(begin == std::string::npos ? 0 : begin + 1, begin == std::string::npos ? end + 1 : end - begin);
  if (name == "." || name == "..") return {};
  if (end + 1 < path.size()) name += '/';
  std::string before = begin == std::string::npos ? "." : begin == 0 ? "/" : path.substr(0, begin + 1);
  Resolved folder = resolve_object(at, before, true);
  if (!folder.exists) error = folder.error != 0 ? folder.error : ENOENT;
  else if (!S_ISDIR(folder.mode)) error = ENOTDIR;
  else return std::move(folder.object);
  return {};
}

Resolved Target::resolve_descriptor(int fd) {
  Resolved out;
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/fd/%d", thread_, fd);
  out.object = Descriptor(open(name, O_PATH | O_CLOEXEC));
  struct stat info{};
  if (!out.object || fstat(out.object.get(), &info) != 0) {
    out.error = errno == ENOENT ? EBADF : errno;
    return out;
  }
  out.exists = true;
  out.mode = info.st_mode;
  out.path = path_of(out.object.get());
  out.special = has_no_place(out.path, info.st_nlink == 0);
  out.name = std::string(base_name(out.path));
  return out;
}

// Component by component, so that `self` means the stopped thread and magic links are seen for what they are.
bool Target::walk(Descriptor from, std::string_view path, bool follow_last, Resolved& out) {
  std::string rest(path);
  Descriptor current = std::move(from);
  int links = 0;
  struct stat top{};
  if (own_root_) {
    Descriptor own = root();
    if (!own || fstat(own.get(), &top) != 0) {
      out.error = EACCES;
      return false;
    }
  }
  while (true) {
    size_t begin = rest.find_first_not_of('/');
    if (begin == std::string::npos) {
      // The path ended in a folder that is already open (or was only slashes).
      struct stat info{};
      if (fstat(current.get(), &info) != 0) {
        out.error = errno;
        return false;
      }
      out.exists = true;
      out.mode = info.st_mode;
      out.path = path_of(current.get());
      out.name = std::string(base_name(out.path));
      out.special = has_no_place(out.path, info.st_nlink == 0);
      if (!out.special) out.parent = Descriptor(openat(current.get(), "..", O_PATH | O_CLOEXEC | O_DIRECTORY));
      out.object = std::move(current);
      return true;
    }
    size_t end = rest.find('/', begin);
    std::string name = rest.substr(begin, end == std::string::npos ? std::string::npos : end - begin);
    std::string after = end == std::string::npos ? std::string() : rest.substr(end);
    bool last = after.find_first_not_of('/') == std::string::npos;
    bool wants_folder = last && !after.empty();
    struct stat here_info{};
    if (own_root_ && name == ".." && fstat(current.get(), &here_info) == 0 && here_info.st_dev == top.st_dev && here_info.st_ino == top.st_ino) {
      rest = after;
      continue;
    }
    Descriptor next(openat(current.get(), name.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    if (!next) {
      out.error = errno;
      if (errno == ENOENT && last) {
        out.path = path_of(current.get());
        if (out.path != "/") out.path += "/";
        out.path += name;
        out.name = name;
        out.parent = std::move(current);
      }
      return false;
    }
    struct stat info{};
    if (fstat(next.get(), &info) != 0) {
      out.error = errno;
      return false;
    }
    if (S_ISLNK(info.st_mode) && (!last || follow_last || wants_folder)) {
      if (++links > 40) {
        out.error = ELOOP;
        return false;
      }
      struct stat folder{};
      // The kernel's own rule (fs.protected_symlinks): in a folder that everybody writes to, others' links are not followed.
      if (fstat(current.get(), &folder) == 0 && (folder.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && info.st_uid != geteuid() &&
          info.st_uid != folder.st_uid) {
        out.error = EACCES;
        return false;
      }
      struct statfs filesystem{};
      bool in_proc = fstatfs(current.get(), &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
      std::string text;
      if (in_proc && name == "self") text = std::to_string(process());
      else if (in_proc && name == "thread-self") text = std::to_string(process()) + "/task/" + std::to_string(thread_);
      else {
        std::string here = in_proc ? path_of(current.get()) : std::string();
        bool magic = in_proc && here.size() > 6 && here[6] >= '0' && here[6] <= '9';
        if (magic) {
          // The kernel itself follows it; it checks that we may look into that process.
          Descriptor followed(openat(current.get(), name.c_str(), O_PATH | O_CLOEXEC));
          if (!followed || fstat(followed.get(), &info) != 0) {
            out.error = errno;
            out.guarded = errno == EACCES || errno == EPERM;
            out.path = here + "/" + name;
            return false;
          }
          current = std::move(followed);
          rest = after;
          if (!last) continue;
          out.exists = true;
          out.mode = info.st_mode;
          out.path = path_of(current.get());
          out.name = std::string(base_name(out.path));
          out.special = has_no_place(out.path, info.st_nlink == 0);
          out.object = std::move(current);
          return true;
        }
        char buffer[PATH_MAX];
        ssize_t n = readlinkat(next.get(), "", buffer, sizeof buffer);
        if (n < 0) {
          out.error = errno;
          return false;
        }
        text.assign(buffer, static_cast<size_t>(n));
      }
      if (text.empty() || text.size() + after.size() > 2 * path_max_bytes) {
        out.error = ENAMETOOLONG;
        return false;
      }
      if (text[0] == '/') {
        current = root();
        if (!current) {
          out.error = errno;
          return false;
        }
      }
      rest = text + after;
      continue;
    }
    if (last) {
      if (wants_folder && !S_ISDIR(info.st_mode)) {
        out.error = ENOTDIR;
        return false;
      }
      if (name == "." || name == "..") {
        current = std::move(next);
        rest.clear();
        continue;
      }
      out.exists = true;
      out.mode = info.st_mode;
      out.name = name;
      out.path = path_of(next.get());
      out.object = std::move(next);
      out.parent = std::move(current);
      return true;
    }
    if (!S_ISDIR(info.st_mode)) {
      out.error = ENOTDIR;
      return false;
    }
    current = std::move(next);
    rest = after;
  }
}

Resolved Target::resolve(int at, const std::string& path, bool follow_last) {
  Resolved out;
  if (path.empty()) {
    out.error = ENOENT;
    return out;
  }
  Descriptor from = start(at, path, out.error);
  if (!from) return out;
  if (!walk(std::move(from), path, follow_last, out) && out.error == 0) out.error = ENOENT;
  return out;
}

}  // namespace belljar
