#include "area-work.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include "kernel.hpp"
#include "target.hpp"

namespace belljar {

namespace {

constexpr size_t names_looked_through_max = 20'000;
constexpr uint64_t rename_exchange = 2;
// Flags that mean nothing for what is open already, and that the caller saw to.
constexpr uint64_t only_for_names = O_CREAT | O_EXCL | O_NOFOLLOW;
constexpr uint64_t known_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_ASYNC |
                                 O_DIRECT | O_LARGEFILE | O_TMPFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC;

std::string own_name(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string bare(const std::string& name) { return name.substr(0, name.find('/')); }

// The real path of a name in a folder that is open; empty where the folder has none.
std::string path_in(int folder, const std::string& name) {
  std::string path = path_of(folder);
  if (path.empty() || path[0] != '/') return {};
  if (path != "/") path += '/';
  return path + bare(name);
}

bool exists_in(int folder, const std::string& name, struct stat& info) {
  return fstatat(folder, bare(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

bool leads(int folder, const std::string& above, const WayBelow& way, size_t at, size_t& looked, const std::function<bool(const std::string&)>& counts) {
  const std::string& name = way[at];
  auto on = [&](const char* found) {
    struct stat info{};
    if (fstatat(folder, found, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno != ENOENT;
    std::string path = above + "/" + found;
    if (at + 1 == way.size()) return counts(path);
    // A link in the middle leads elsewhere, and what is named through it would be decided there.
    if (S_ISLNK(info.st_mode)) return true;
    if (!S_ISDIR(info.st_mode)) return false;
    Descriptor next(openat(folder, found, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return !next || leads(next.get(), path, way, at + 1, looked, counts);
  };
  if (name.find('*') == std::string::npos) return on(name.c_str());
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy >= 0 ? fdopendir(copy) : nullptr;
  if (listing == nullptr) {
    if (copy >= 0) close(copy);
    return true;
  }
  bool found = false;
  while (dirent* entry = found ? nullptr : readdir(listing)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    found = ++looked > names_looked_through_max || (segment_matches(name, entry->d_name) && on(entry->d_name));
  }
  closedir(listing);
  return found;
}

// A file descriptor of the folder to bind in: an address of a socket holds 107 bytes, a name alone 255.
int bind_in(int socket, int folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = own_name(folder) + "/" + name;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return bind(socket, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1)) == 0 ? 0 : errno;
}

class Work {
 public:
  Work(const AreaRules& rules, MadeNames& made, const AreaCall& call, const AreaObjects& objects, bool late_too)
      : rules_(rules), made_(made), call_(call), objects_(objects), late_too_(late_too) {}

  AreaDone run() {
    if (decide()) perform();
    return std::move(done_);
  }

 private:
  // True when it may go on.
  bool judge(std::string_view path, Touch touch) {
    AreaVerdict verdict = judge_in_run(rules_, made_, path, touch);
    if (verdict.kind == AreaVerdict::Kind::allowed) {
      done_.late = done_.late || verdict.late;
      return true;
    }
    done_.kind = verdict.kind;
    done_.error = EACCES;
    if (verdict.kind == AreaVerdict::Kind::refused) {
      done_.refused = std::string(path);
      done_.why = std::string(verdict.why);
    }
    return false;
  }

  // What the kernel says before it looks at rights: it is there already, or it is not.
  bool judge_name(int folder, const std::string& name, bool made) {
    if (judge(path_in(folder, name), Touch::name)) return true;
    struct stat info{};
    bool there = exists_in(folder, name, info);
    if (done_.kind == AreaVerdict::Kind::refused && there == made) {
      done_.kind = AreaVerdict::Kind::allowed;
      done_.error = made ? EEXIST : ENOENT;
    }
    return false;
  }

  bool refuse(std::string path, const std::vector<WayBelow>& ways) {
    done_.kind = AreaVerdict::Kind::refused;
    done_.error = EACCES;
    done_.refused = std::move(path);
    done_.why = ways.empty() ? "a pattern" : ways.front().back() + " below";
    return false;
  }

  // What stands at the first name of a `protect-old` pattern stays, unless the run made it: moved away, removed or replaced, another one
  // could be made in its place.
  bool judge_old(const std::string& path, const struct stat& info) {
    if (!rules_.keeps_old(path) || made_.holds(info.st_dev, info.st_ino)) return true;
    return refuse(path, {});
  }

  bool judge_old_name(int folder, const std::string& name) {
    struct stat info{};
    return !exists_in(folder, name, info) || judge_old(path_in(folder, name), info);
  }

  // A folder goes on being changed, and what is in it is judged by itself.
  bool judge_old_object() {
    struct stat info{};
    return fstat(objects_.object, &info) != 0 || S_ISDIR(info.st_mode) || judge_old(path_of(objects_.object), info);
  }

  // Would both names allow to change what is named below by them? `from` is where the folder is.
  bool means_the_same(const std::string& from, const std::string& to, const std::string& below, bool is_made) const {
    std::string before = from + below;
    std::string after = to + below;
    std::vector<size_t> made = made_.ends_in(before);
    std::vector<size_t> there = made_.ends_in(after);
    for (size_t end : made) {
      if (end > from.size() || (is_made && end == from.size())) there.push_back(end - from.size() + to.size());
    }
    return rules_.judge(before, Touch::change, made).kind == AreaVerdict::Kind::allowed &&
           rules_.judge(after, Touch::change, there).kind == AreaVerdict::Kind::allowed;
  }

  // What is moved to a name may not bring another meaning to names below it.
  bool judge_moved(int folder, const std::string& name, const std::string& from, const std::string& to) {
    struct stat info{};
    if (!exists_in(folder, name, info)) return true;  // the kernel says so
    std::vector<WayBelow> there = rules_.ways_below(to);
    if (S_ISLNK(info.st_mode)) return there.empty() || refuse(to, there);
    if (!S_ISDIR(info.st_mode)) return true;
    std::vector<WayBelow> here = rules_.ways_below(from);
    if (there.empty() && here.empty()) return true;
    Descriptor moved(openat(folder, bare(name).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    bool is_made = made_.holds(info.st_dev, info.st_ino);
    auto counts = [&](const std::string& below) { return !means_the_same(from, to, below, is_made); };
    if (!moved || leads_somewhere(moved.get(), here, counts)) return refuse(from, here);
    return !leads_somewhere(moved.get(), there, counts) || refuse(to, there);
  }

  // What the kernel's own files say depends on who opens them: they are nobody's to open for the server.
  bool is_kernels() const {
    struct statfs filesystem{};
    int known = objects_.object >= 0 ? objects_.object : objects_.folder;
    return fstatfs(known, &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
  }

  bool decide() {
    using Kind = AreaCall::Kind;
    if (call_.kind != Kind::bind && is_kernels()) return false;
    bool changes = (call_.flags & O_ACCMODE) != O_RDONLY || (call_.flags & O_TRUNC) != 0 || (call_.flags & O_TMPFILE) == O_TMPFILE;
    std::string name = objects_.folder >= 0 ? path_in(objects_.folder, call_.name) : std::string();
    switch (call_.kind) {
      case Kind::open:
        return judge(path_of(objects_.object), changes ? Touch::change : Touch::read) && (!changes || judge_old_object());
      case Kind::shorten:
        return judge(path_of(objects_.object), Touch::change) && judge_old_object();
      case Kind::create:
      case Kind::make_folder:
      case Kind::make_node:
      case Kind::bind:
        return judge_name(objects_.folder, call_.name, true);
      case Kind::make_link: {
        if (!judge_name(objects_.folder, call_.name, true)) return false;
        auto ways = rules_.ways_below(name);
        return ways.empty() || refuse(name, ways);
      }
      case Kind::remove:
      case Kind::remove_folder:
        return judge_name(objects_.folder, call_.name, false) && judge_old_name(objects_.folder, call_.name);
      case Kind::rename: {
        std::string other = path_in(objects_.other_folder, call_.other_name);
        // Both ends in areas, or nothing is moved: what lies in a plain grant may change while it is looked at.
        AreaVerdict from = rules_.judge(name, Touch::name);
        AreaVerdict to = rules_.judge(other, Touch::name);
        if ((from.kind == AreaVerdict::Kind::outside) != (to.kind == AreaVerdict::Kind::outside)) {
          done_.kind = AreaVerdict::Kind::allowed;
          done_.error = EXDEV;
          return false;
        }
        if (!judge_name(objects_.folder, call_.name, false) || !judge(other, Touch::name)) return false;
        if (!judge_old_name(objects_.folder, call_.name) || !judge_old_name(objects_.other_folder, call_.other_name)) return false;
        if (!judge_moved(objects_.folder, call_.name, name, other)) return false;
        return (call_.flags & rename_exchange) == 0 || judge_moved(objects_.other_folder, call_.other_name, other, name);
      }
      case Kind::link: {
        std::string source = path_of(objects_.object);
        AreaVerdict from = rules_.judge(source, Touch::change);
        AreaVerdict to = rules_.judge(path_in(objects_.other_folder, call_.other_name), Touch::name);
        if ((from.kind == AreaVerdict::Kind::outside) != (to.kind == AreaVerdict::Kind::outside)) {
          done_.kind = AreaVerdict::Kind::allowed;
          done_.error = EXDEV;
          return false;
        }
        if (!judge_name(objects_.other_folder, call_.other_name, true) || !judge(source, Touch::change) || !judge_old_object()) return false;
        struct stat info{};
        auto ways = rules_.ways_below(path_in(objects_.other_folder, call_.other_name));
        if (fstat(objects_.object, &info) != 0 || !S_ISLNK(info.st_mode) || ways.empty()) return true;
        return refuse(path_in(objects_.other_folder, call_.other_name), ways);
      }
    }
    return false;
  }

  void perform() {
    using Kind = AreaCall::Kind;
    done_.kind = AreaVerdict::Kind::allowed;
    if (done_.late && !late_too_) return;
    done_.late = false;
    const char* name = call_.name.c_str();
    int result = 0;
    if (call_.kind == Kind::create || call_.kind == Kind::make_folder || call_.kind == Kind::make_node || call_.kind == Kind::bind ||
        (call_.kind == Kind::open && (call_.flags & O_TMPFILE) == O_TMPFILE)) {
      umask(call_.umask);
    }
    mode_t mode = static_cast<mode_t>(call_.mode & 07777);
    switch (call_.kind) {
      case Kind::open:
        result = (call_.flags & O_TMPFILE) == O_TMPFILE
                     ? open(own_name(objects_.object).c_str(), static_cast<int>((call_.flags & known_flags & ~only_for_names) | (call_.flags & O_EXCL) | O_CLOEXEC), mode)
                     : open_again(objects_.object, call_.flags);
        if (result < 0 && (call_.flags & O_TMPFILE) != O_TMPFILE) {
          done_.error = -result;
          return;
        }
        break;
      case Kind::create:
        // Exclusively: what is there is looked at first.
        result = openat(objects_.folder, name, static_cast<int>((call_.flags & known_flags) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), mode);
        break;
      case Kind::make_folder:
        result = mkdirat(objects_.folder, name, mode);
        break;
      case Kind::make_node:
        result = mknodat(objects_.folder, name, static_cast<mode_t>(call_.mode & (S_IFMT | 07777)), static_cast<dev_t>(call_.device));
        break;
      case Kind::make_link:
        result = symlinkat(call_.text.c_str(), objects_.folder, name);
        break;
      case Kind::remove:
        result = unlinkat(objects_.folder, name, 0);
        break;
      case Kind::remove_folder:
        result = unlinkat(objects_.folder, name, AT_REMOVEDIR);
        break;
      case Kind::rename:
        result = static_cast<int>(syscall(SYS_renameat2, objects_.folder, name, objects_.other_folder, call_.other_name.c_str(), static_cast<uint32_t>(call_.flags)));
        break;
      case Kind::link:
        result = linkat(AT_FDCWD, own_name(objects_.object).c_str(), objects_.other_folder, call_.other_name.c_str(), AT_SYMLINK_FOLLOW);
        break;
      case Kind::shorten:
        result = truncate(own_name(objects_.object).c_str(), call_.length);
        break;
      case Kind::bind:
        done_.error = bind_in(objects_.object, objects_.folder, call_.name);
        return;
    }
    if (result < 0) {
      done_.error = errno;
      return;
    }
    bool makes = call_.kind == Kind::create || call_.kind == Kind::make_folder || call_.kind == Kind::make_node;
    if (makes && rules_.keeps_old(bare(call_.name))) made_.note(objects_.folder, call_.name);
    if (call_.kind == Kind::open || call_.kind == Kind::create) done_.fd = Descriptor(result);
  }

  const AreaRules& rules_;
  MadeNames& made_;
  const AreaCall& call_;
  const AreaObjects& objects_;
  bool late_too_;
  AreaDone done_;
};

}  // namespace

bool leads_somewhere(int folder, const std::vector<WayBelow>& ways, const std::function<bool(const std::string&)>& counts) {
  size_t looked = 0;
  for (const WayBelow& way : ways) {
    if (leads(folder, {}, way, 0, looked, counts)) return true;
  }
  return false;
}

int open_again(int object, uint64_t flags) {
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", object);
  int fd = open(name, static_cast<int>((flags & known_flags & ~only_for_names) | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  return fd < 0 ? -errno : fd;
}

bool would_wait(int error, uint64_t flags) {
  if ((flags & O_NONBLOCK) != 0) return false;
  // A FIFO that nobody reads; a file that somebody holds a lease on.
  return error == EAGAIN || (error == ENXIO && (flags & O_ACCMODE) == O_WRONLY);
}

void wait_as_asked(int fd, uint64_t flags) {
  if ((flags & O_NONBLOCK) != 0) return;
  constexpr uint64_t kept = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME;
  fcntl(fd, F_SETFL, static_cast<int>(flags & kept));
}

AreaVerdict judge_in_run(const AreaRules& rules, const MadeNames& made, std::string_view path, Touch touch) {
  AreaVerdict verdict = rules.judge(path, touch);
  return verdict.kind == AreaVerdict::Kind::refused ? rules.judge(path, touch, made.ends_in(path)) : verdict;
}

AreaDone do_in_area(const AreaRules& rules, MadeNames& made, const AreaCall& call, const AreaObjects& objects, bool late_too) {
  return Work(rules, made, call, objects, late_too).run();
}

}  // namespace belljar
