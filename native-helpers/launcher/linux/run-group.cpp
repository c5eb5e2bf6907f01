#include "run-group.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "../core/text.hpp"

namespace belljar {

namespace {

constexpr std::string_view folder_of_ours = "belljar";
constexpr size_t file_max = 1 << 20;

std::string text_of(const std::string& file) {
  Descriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  char buffer[4096];
  ssize_t n = 0;
  while (fd && text.size() < file_max && (n = read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(n));
  return text;
}

bool put(const std::string& file, std::string_view value) {
  Descriptor fd(open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  return fd && write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::string_view line : split(text, '\n')) {
    for (std::string_view one : split(line, ' ')) {
      if (one == word) return true;
    }
  }
  return false;
}

std::string read_again(const Descriptor& fd) {
  char buffer[1024];
  ssize_t n = fd ? pread(fd.get(), buffer, sizeof buffer, 0) : -1;
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

}  // namespace

std::string group_mount(std::string_view mountinfo) {
  for (std::string_view line : split(mountinfo, '\n')) {
    auto fields = split(line, ' ');
    auto dash = std::find(fields.begin(), fields.end(), std::string_view("-"));
    // id parent device root mount-point options… - type source options
    if (fields.size() < 6 || fields.end() - dash < 2 || dash[1] != "cgroup2" || fields[3] != "/") continue;
    if (fields[4].find('\\') == std::string_view::npos) return std::string(fields[4]);
  }
  return {};
}

std::string own_group(std::string_view cgroups) {
  for (std::string_view line : split(cgroups, '\n')) {
    if (line.substr(0, 4) != "0::/") continue;
    std::string_view path = line.substr(3);
    // A group that ended, or that lies above what this namespace of groups sees, leads nowhere.
    bool seen = path.find("/..") == std::string_view::npos && !path.ends_with(" (deleted)");
    return seen ? std::string(path) : std::string();
  }
  return {};
}

uint64_t event_count(std::string_view events, std::string_view key) {
  for (std::string_view line : split(events, '\n')) {
    auto fields = split(line, ' ');
    if (fields.size() != 2 || fields[0] != key) continue;
    return parse_number(fields[1], UINT64_MAX / 2).value_or(0);
  }
  return 0;
}

namespace {

// Groups of runs whose guardian was killed. The kernel removes none that holds a process; one that was made just now may
// not hold its process yet.
void remove_stale(const std::string& base) {
  DIR* folder = opendir(base.c_str());
  while (dirent* entry = folder != nullptr ? readdir(folder) : nullptr) {
    struct stat info{};
    if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode)) continue;
    if (time(nullptr) - info.st_ctim.tv_sec > 60) unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
  }
  if (folder != nullptr) closedir(folder);
}

}  // namespace

bool RunGroup::make_in(const std::string& above, const std::string& run, uint64_t memory, uint64_t processes) {
  std::string controllers = text_of(above + "/cgroup.subtree_control");
  bool may_memory = memory != 0 && has_word(controllers, "memory");
  bool may_processes = processes != 0 && has_word(controllers, "pids");
  if (!may_memory && !may_processes) return false;
  // Who moves a process needs to write here too: it is the nearest group above both.
  if (access((above + "/cgroup.procs").c_str(), W_OK) != 0) return false;
  std::string base = above + "/" + std::string(folder_of_ours);
  // Another run that ends just now may remove the folder in between.
  bool made = false;
  for (int tries = 0; tries < 8 && !made; tries++) {
    if (mkdir(base.c_str(), 0755) != 0 && errno != EEXIST) return false;
    struct stat info{};
    if (lstat(base.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid()) continue;
    may_memory = may_memory && put(base + "/cgroup.subtree_control", "+memory");
    may_processes = may_processes && put(base + "/cgroup.subtree_control", "+pids");
    made = mkdir((base + "/" + run).c_str(), 0755) == 0;
    if (!made && errno != ENOENT) return false;
  }
  if (!made) return false;
  remove_stale(base);
  base_ = base;
  name_ = run;
  std::string own = base + "/" + run;
  memory_ = may_memory && put(own + "/memory.max", std::to_string(memory));
  // What lies in swap is no danger to the machine's memory, but must not be without bound either.
  if (memory_) put(own + "/memory.swap.max", std::to_string(memory / 4));
  processes_ = may_processes && put(own + "/pids.max", std::to_string(processes));
  auto opened = [&own](const char* name, int flags) { return Descriptor(open((own + name).c_str(), flags | O_CLOEXEC | O_NOFOLLOW)); };
  procs_ = opened("/cgroup.procs", O_WRONLY);
  kill_ = opened("/cgroup.kill", O_WRONLY);
  if (memory_) memory_events_ = opened("/memory.events", O_RDONLY);
  if (processes_) process_events_ = opened("/pids.events", O_RDONLY);
  if (procs_ && (memory_ || processes_)) return true;
  memory_ = processes_ = false;
  remove();
  return false;
}

RunGroup RunGroup::make(const std::string& run, uint64_t memory, uint64_t processes) {
  RunGroup group;
  if (memory == 0 && processes == 0) return group;
  std::string mount = group_mount(text_of("/proc/self/mountinfo"));
  std::string own = own_group(text_of("/proc/self/cgroup"));
  if (mount.empty() || own.empty()) {
    group.missing_ = "this machine has no control groups of the second version (cgroup v2)";
    return group;
  }
  // From the group above ours up to the top: the first one that is ours to divide.
  for (std::string path = own; path.size() > 1;) {
    path.resize(path.rfind('/'));
    if (group.make_in(mount + path, run, memory, processes)) return group;
  }
  group.missing_ = "this session's control group is not this user's to divide (" + own.substr(0, 120) + ")";
  return group;
}

bool RunGroup::join() const { return procs_ && write(procs_.get(), "0", 1) == 1; }

GroupHits RunGroup::hits() const {
  return {event_count(read_again(memory_events_), "oom_kill"), event_count(read_again(process_events_), "max")};
}

void RunGroup::end_all() const {
  if (kill_ && write(kill_.get(), "1", 1) != 1) return;
}

void RunGroup::remove() {
  if (name_.empty()) return;
  // The kernel lets go of a process a moment after it was waited for.
  for (int tries = 0; tries < 200 && rmdir((base_ + "/" + name_).c_str()) != 0 && errno == EBUSY; tries++) poll(nullptr, 0, 5);
  rmdir(base_.c_str());
  name_.clear();
}

}  // namespace belljar
