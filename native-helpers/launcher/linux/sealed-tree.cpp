#include "sealed-tree.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "../core/sha256.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

struct Walk {
  Sha256 sum;
  size_t entries = 0;
  std::string path;  // of the entry that is looked at
  std::string line;
  alignas(8) char buffer[32768];  // not of one call: it would be cleared for each of hundreds of folders
  std::string error;
};

void append_number(std::string& out, uint64_t value, unsigned base, size_t least) {
  char digits[24];
  size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % base);
    value /= base;
  } while (value > 0);
  while (sizeof digits - at < least) digits[--at] = '0';
  out.append(digits + at, sizeof digits - at);
}

void append_time(std::string& out, const timespec& time) {
  int64_t nanoseconds = static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  if (nanoseconds < 0) out += '-';
  append_number(out, nanoseconds < 0 ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds), 10, 1);
}

// `<kind> <mode> <size> <written> <changed> <path>` and a zero byte; a link's target and another zero byte follow.
void add_line(Walk& walk, char kind, const struct stat& info) {
  std::string& line = walk.line;
  line.assign(1, kind);
  line += ' ';
  append_number(line, info.st_mode & 07777, 8, 4);
  line += ' ';
  // What a folder's size says depends on the file system; its times tell when a name came or went.
  append_number(line, kind == 'd' ? 0 : static_cast<uint64_t>(info.st_size), 10, 1);
  line += ' ';
  append_time(line, info.st_mtim);
  line += ' ';
  append_time(line, info.st_ctim);
  line += ' ';
  line += walk.path;
  line += '\0';
  walk.sum.add(line);
}

bool fail(Walk& walk, const char* why) {
  walk.error = walk.path + ": " + why;
  return false;
}

// The system call itself: opendir would ask three more things about each of hundreds of folders.
bool read_names(Walk& walk, int fd, std::vector<std::string>& names) {
  while (true) {
    long read = syscall(SYS_getdents64, fd, walk.buffer, sizeof walk.buffer);
    if (read < 0) return fail(walk, strerror(errno));
    if (read == 0) break;
    for (long at = 0; at < read;) {
      const auto* entry = reinterpret_cast<const dirent64*>(walk.buffer + at);
      at += entry->d_reclen;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (++walk.entries > sealed_tree_entries_max) return fail(walk, "too many files");
      names.emplace_back(entry->d_name);
    }
  }
  std::sort(names.begin(), names.end());
  return true;
}

bool add_folder(Walk& walk, int fd, int depth) {
  if (depth > sealed_tree_depth_max) return fail(walk, "too deep");
  std::vector<std::string> names;
  if (!read_names(walk, fd, names)) return false;
  size_t length = depth == 0 ? 0 : walk.path.size() + 1;
  if (depth == 0) walk.path.clear();
  else walk.path += '/';
  for (const std::string& name : names) {
    walk.path.resize(length);
    walk.path += name;
    struct stat info{};
    if (fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return fail(walk, strerror(errno));
    if (S_ISREG(info.st_mode)) {
      add_line(walk, 'f', info);
    } else if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      ssize_t n = readlinkat(fd, name.c_str(), target, sizeof target);
      if (n <= 0 || n == static_cast<ssize_t>(sizeof target)) return fail(walk, "a link that cannot be read");
      add_line(walk, 'l', info);
      walk.sum.add({target, static_cast<size_t>(n)});
      walk.sum.add({"\0", 1});
    } else if (S_ISDIR(info.st_mode)) {
      add_line(walk, 'd', info);
      Descriptor folder(openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!folder) return fail(walk, strerror(errno));
      if (!add_folder(walk, folder.get(), depth + 1)) return false;
    } else {
      return fail(walk, "neither a file, a folder nor a link");
    }
  }
  return true;
}

}  // namespace

std::string tree_digest(const std::string& folder, std::string& error) {
  Walk walk;
  walk.path = ".";
  Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0) {
    error = std::string(".: ") + strerror(errno);
    return {};
  }
  add_line(walk, 'd', info);
  if (!add_folder(walk, fd.get(), 0)) {
    error = walk.error;
    return {};
  }
  return walk.sum.finish();
}

}  // namespace belljar
