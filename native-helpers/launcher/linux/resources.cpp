#include "resources.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../core/text.hpp"
#include "event-loop.hpp"
#include "kernel.hpp"

namespace belljar {

namespace {

// A machine of today fills some gigabytes a second; a look that comes after that much could have been used is soon enough.
constexpr uint64_t fill_bytes_a_millisecond = 4ULL << 20;
constexpr int look_soonest_ms = 20;
constexpr int look_latest_ms = 2000;
// A call that was let on makes its process a moment later.
constexpr int64_t unborn_ns = 50'000'000;
constexpr uint64_t data_beyond = 1ULL << 30;

bool read_text(const char* name, std::string& text, size_t most) {
  Descriptor fd(open(name, O_RDONLY | O_CLOEXEC));
  text.clear();
  char buffer[4096];
  ssize_t n = 0;
  while (fd && text.size() < most && (n = read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(n));
  return !text.empty();
}

// The children of every thread of a process; its threads go to the end of `threads`.
void children_of(int process, std::vector<int>& children, std::vector<int>& threads) {
  char name[80];
  snprintf(name, sizeof name, "/proc/%d/task", process);
  DIR* folder = opendir(name);
  std::string text;
  while (dirent* entry = folder != nullptr ? readdir(folder) : nullptr) {
    auto thread = parse_number(entry->d_name, INT_MAX);
    if (!thread) continue;
    threads.push_back(static_cast<int>(*thread));
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", process, static_cast<int>(*thread));
    if (!read_text(name, text, 1 << 20)) continue;
    for (std::string_view word : split(text, ' ')) {
      auto child = parse_number(word, INT_MAX);
      if (child) children.push_back(static_cast<int>(*child));
    }
  }
  if (folder != nullptr) closedir(folder);
}

// Every process below the supervisor; orphans are its own children. `threads`: all of theirs.
std::vector<int> processes_below(int supervisor, std::vector<int>& threads) {
  std::vector<int> found;
  children_of(supervisor, found, threads);
  threads.clear();
  // By number: the list grows while it is gone through.
  for (size_t i = 0; i < found.size() && i < 100'000; i++) {
    std::vector<int> children;
    size_t before = threads.size();
    children_of(found[i], children, threads);
    // One that was waited for by nobody yet has no threads to be seen, and takes up its place all the same.
    if (threads.size() == before) threads.push_back(found[i]);
    found.insert(found.end(), children.begin(), children.end());
  }
  return found;
}

// `Name:   123 kB`, in bytes.
uint64_t kilobytes(const std::string& text, const char* name) {
  size_t at = text.find(name);
  return at == std::string::npos ? 0 : strtoull(text.c_str() + at + strlen(name), nullptr, 10) * 1024;
}

uint64_t memory_of(int process, bool exact) {
  char name[64];
  std::string text;
  snprintf(name, sizeof name, "/proc/%d/%s", process, exact ? "smaps_rollup" : "status");
  if (read_text(name, text, 16'384) && exact) return kilobytes(text, "\nPss_Anon:") + kilobytes(text, "\nPss_Shmem:") + kilobytes(text, "\nSwapPss:");
  // A program that may not be read shows no maps, but how much there is.
  if (exact) return memory_of(process, false);
  return kilobytes(text, "\nRssAnon:") + kilobytes(text, "\nRssShmem:") + kilobytes(text, "\nVmSwap:");
}

}  // namespace

Resources resources_of(const Plan& plan) {
  Resources out;
  for (const Limit& limit : plan.limits) {
    if (limit.name == "memory") out.memory = limit.value;
    else if (limit.name == "processes") out.processes = limit.value;
    else if (limit.name == "open-files") out.open_files = limit.value;
    else if (limit.name == "file-size") out.file_size = limit.value;
    else if (limit.name == "cpu-time") out.cpu_time = limit.value;
  }
  return out;
}

const char* apply_resources(const Resources& resources, const RunGroup& group, uint64_t soft_files) {
  auto set = [](__rlimit_resource_t resource, uint64_t soft, uint64_t hard) {
    rlimit now{};
    if (getrlimit(resource, &now) != 0) return false;
    rlimit wanted{std::min<rlim_t>(soft, now.rlim_max), std::min<rlim_t>(hard, now.rlim_max)};
    return setrlimit(resource, &wanted) == 0;
  };
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return "setrlimit RLIMIT_NOFILE";
  uint64_t soft = soft_files != 0 ? soft_files : files.rlim_cur;
  uint64_t hard = resources.open_files != 0 ? resources.open_files : files.rlim_max;
  if (!set(RLIMIT_NOFILE, std::min(soft, hard), hard)) return "setrlimit RLIMIT_NOFILE";
  if (resources.file_size != 0 && !set(RLIMIT_FSIZE, resources.file_size, resources.file_size)) return "setrlimit RLIMIT_FSIZE";
  // A second between the two: at the first the process is told (SIGXCPU), so that its end can be explained.
  if (resources.cpu_time != 0 && !set(RLIMIT_CPU, resources.cpu_time, resources.cpu_time + 1)) return "setrlimit RLIMIT_CPU";
  if (resources.memory != 0 && !group.bounds_memory()) {
    uint64_t data = resources.memory > UINT64_MAX / 4 ? resources.memory : 2 * resources.memory + data_beyond;
    if (!set(RLIMIT_DATA, data, data)) return "setrlimit RLIMIT_DATA";
  }
  return nullptr;
}

std::string resources_json(const Resources& resources, bool group_memory, bool group_processes) {
  std::string out = "[";
  auto add = [&out](const char* name, uint64_t value, const char* by) {
    if (value == 0) return;
    if (out.size() > 1) out += ",";
    out += std::string("{\"name\":\"") + name + "\",\"value\":" + std::to_string(value) + ",\"by\":\"" + by + "\"}";
  };
  add("memory", resources.memory, group_memory ? "cgroup" : "supervisor");
  add("processes", resources.processes, group_processes ? "cgroup" : "supervisor");
  add("open-files", resources.open_files, "rlimit");
  add("file-size", resources.file_size, "rlimit");
  add("cpu-time", resources.cpu_time, "rlimit");
  return out + "]";
}

RunUse measure_run(int supervisor, bool exact) {
  RunUse use;
  uint64_t most = 0;
  std::vector<int> threads;
  for (int process : processes_below(supervisor, threads)) {
    uint64_t memory = memory_of(process, exact);
    use.memory += memory;
    if (memory <= most) continue;
    most = memory;
    use.largest = process;
  }
  return use;
}

int MemoryWatch::look(int64_t now) {
  if (bound_ == 0 || now < next_) return 0;
  RunUse use = measure_run(supervisor_, false);
  uint64_t room = use.memory < bound_ ? bound_ - use.memory : 0;
  int wait = static_cast<int>(std::clamp<uint64_t>(room / fill_bytes_a_millisecond, look_soonest_ms, look_latest_ms));
  next_ = now + static_cast<int64_t>(wait) * 1'000'000;
  if (use.memory <= bound_) return 0;
  // Forked processes share pages until one of them writes; only what is there once counts against the run.
  use = measure_run(supervisor_, true);
  if (use.memory <= bound_ || use.largest == 0) return 0;
  // Held before it is looked at again: the number may be another's by now, and the signal goes to what is held.
  Descriptor held(static_cast<int>(syscall(number::pidfd_open, use.largest, 0)));
  std::vector<int> threads;
  std::vector<int> still = processes_below(supervisor_, threads);
  if (!held || std::find(still.begin(), still.end(), use.largest) == still.end()) return 0;
  return syscall(number::pidfd_send_signal, held.get(), SIGKILL, nullptr, 0) == 0 ? use.largest : 0;
}

int MemoryWatch::due(int64_t now, int most) const {
  if (bound_ == 0) return most;
  return static_cast<int>(std::clamp<int64_t>((next_ - now) / 1'000'000 + 1, 1, most));
}

bool TaskCount::take(int caller, int64_t now) {
  // Who calls again is back from the call before.
  std::erase_if(unborn_, [caller, now](const Unborn& one) { return one.caller == caller || now - one.at > unborn_ns; });
  if (known_ >= bound_) {
    if (now < counted_ + wait_) return false;
    std::vector<int> threads;
    processes_below(supervisor_, threads);
    // So is who is no more.
    std::erase_if(unborn_, [&threads](const Unborn& one) { return std::find(threads.begin(), threads.end(), one.caller) == threads.end(); });
    known_ = threads.size() + unborn_.size();
    counted_ = steady_nanoseconds();
    // A bomb at its bound asks all the time, and counting must leave time for the run's other calls.
    wait_ = known_ >= bound_ ? std::max<int64_t>(1'000'000, (counted_ - now) * 9) : 0;
    if (known_ >= bound_) return false;
  }
  known_++;
  unborn_.push_back({caller, now});
  return true;
}

}  // namespace belljar
