#include "sealed-tree.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

#include "../core/sha256.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

struct Walk {
  Sha256 sum;
  size_t entries = 0;
  std::string error;
};

std::string nanoseconds(const timespec& time) {
  return std::to_string(static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec);
}

// `<kind> <mode> <size> <written> <changed> <path>` and a zero byte; a link's target and another zero byte follow.
void add_line(Walk& walk, char kind, const struct stat& info, const std::string& path) {
  char mode[8];
  snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(info.st_mode & 07777));
  // What a folder's size says depends on the file system; its times tell when a name came or went.
  std::string line = std::string(1, kind) + " " + mode + " " + std::to_string(kind == 'd' ? 0 : info.st_size) + " " +
                     nanoseconds(info.st_mtim) + " " + nanoseconds(info.st_ctim) + " " + path;
  line.push_back('\0');
  walk.sum.add(line);
}

bool fail(Walk& walk, const std::string& path, const char* why) {
  walk.error = path + ": " + why;
  return false;
}

bool add_folder(Walk& walk, int fd, const std::string& path, int depth) {
  if (depth > sealed_tree_depth_max) return fail(walk, path, "too deep");
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  DIR* listing = copy >= 0 ? fdopendir(copy) : nullptr;
  if (listing == nullptr) {
    int code = errno;
    if (copy >= 0) close(copy);
    return fail(walk, path, strerror(code));
  }
  std::vector<std::string> names;
  errno = 0;
  while (dirent* entry = readdir(listing)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (++walk.entries > sealed_tree_entries_max) break;
    names.emplace_back(entry->d_name);
  }
  int code = errno;
  closedir(listing);
  if (walk.entries > sealed_tree_entries_max) return fail(walk, path, "too many files");
  if (code != 0) return fail(walk, path, strerror(code));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::string below = path == "." ? name : path + "/" + name;
    struct stat info{};
    if (fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return fail(walk, below, strerror(errno));
    if (S_ISREG(info.st_mode)) {
      add_line(walk, 'f', info, below);
    } else if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      ssize_t n = readlinkat(fd, name.c_str(), target, sizeof target);
      if (n <= 0 || n == static_cast<ssize_t>(sizeof target)) return fail(walk, below, "a link that cannot be read");
      add_line(walk, 'l', info, below);
      walk.sum.add({target, static_cast<size_t>(n)});
      walk.sum.add({"", 1});
    } else if (S_ISDIR(info.st_mode)) {
      add_line(walk, 'd', info, below);
      Descriptor folder(openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!folder) return fail(walk, below, strerror(errno));
      if (!add_folder(walk, folder.get(), below, depth + 1)) return false;
    } else {
      return fail(walk, below, "neither a file, a folder nor a link");
    }
  }
  return true;
}

}  // namespace

std::string tree_digest(const std::string& folder, std::string& error) {
  Walk walk;
  Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0) {
    error = std::string(".: ") + strerror(errno);
    return {};
  }
  add_line(walk, 'd', info, ".");
  if (!add_folder(walk, fd.get(), ".", 0)) {
    error = walk.error;
    return {};
  }
  return walk.sum.finish();
}

}  // namespace belljar
