#include "pending-signals.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>

#include "target.hpp"

namespace belljar {

namespace {

struct Signals {
  int process = 0;
  int threads = 0;
  uint64_t own = 0;      // sent to this thread
  uint64_t shared = 0;   // sent to its process
  uint64_t blocked = 0;
};

bool read_signals(int thread, Signals& out) {
  TaskStatus status(thread);
  auto field = [&status](const char* mark, int base, uint64_t& value) {
    const char* text = status.after(mark);
    if (text != nullptr) value = strtoull(text, nullptr, base);
    return text != nullptr;
  };
  uint64_t process = 0;
  uint64_t threads = 0;
  if (!field("\nTgid:", 10, process) || !field("\nThreads:", 10, threads) || !field("\nSigPnd:", 16, out.own) || !field("\nShdPnd:", 16, out.shared) ||
      !field("\nSigBlk:", 16, out.blocked)) {
    return false;
  }
  out.process = static_cast<int>(process);
  out.threads = static_cast<int>(threads);
  return true;
}

// Of these signals, those that every other thread of the process blocks.
uint64_t blocked_by_others(const Signals& signals, int thread) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/task", signals.process);
  DIR* folder = opendir(name);
  if (folder == nullptr) return 0;
  uint64_t left = ~0ULL;
  while (dirent* entry = readdir(folder)) {
    int other = atoi(entry->d_name);
    if (other == 0 || other == thread) continue;
    Signals its;
    left &= read_signals(other, its) && its.process == signals.process ? its.blocked : 0;
  }
  closedir(folder);
  return left;
}

}  // namespace

bool is_interrupted(int thread, bool& seen) {
  Signals signals;
  if (!read_signals(thread, signals)) return false;
  if ((signals.own & ~signals.blocked) != 0) return true;
  uint64_t shared = signals.shared & ~signals.blocked;
  bool before = seen;
  seen = false;
  if (shared == 0) return false;
  if (signals.threads == 1 || (shared & blocked_by_others(signals, thread)) != 0) return true;
  constexpr uint64_t child_ended = 1ULL << (SIGCHLD - 1);
  seen = thread == signals.process && (shared & ~child_ended) != 0;
  return before && seen;
}

}  // namespace belljar
