// How much a run may use: memory, processes, open files, file size, processor time. What bounds each one:
//
//   open-files, file-size, cpu-time   resource limits of the kernel, for each process (setrlimit), inherited
//   memory, processes                 the run's control group where there is one (run-group.hpp); else the supervisor:
//     processes   each fork and each new thread is stopped by the filter and counted before it happens
//     memory      what the run's processes use is looked at, and beyond the bound the largest process is ended. How
//                 often follows from how fast memory can be filled, so that the bound is passed by little; behind that stands
//                 the kernel's limit on what one process may map for itself (RLIMIT_DATA), at twice the bound and more
//
// Why not the obvious ones: RLIMIT_AS counts address space, of which V8, Go and wasm reserve terabytes that they never use;
// RLIMIT_NPROC counts everything of the user, not of the run.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../core/plan.hpp"
#include "run-group.hpp"

namespace belljar {

// 0 is no bound.
struct Resources {
  uint64_t memory = 0;
  uint64_t processes = 0;
  uint64_t open_files = 0;
  uint64_t file_size = 0;
  uint64_t cpu_time = 0;
};

Resources resources_of(const Plan& plan);

// Sets the limits of the calling process, which its children inherit. `soft_files`: the soft limit of open files that the
// client gave, or 0. Returns the name of what failed, with errno set; or null.
const char* apply_resources(const Resources& resources, const RunGroup& group, uint64_t soft_files);

// `[{"name":"memory","value":…,"by":"cgroup"}…]`, for the run's first event.
std::string resources_json(const Resources& resources, bool group_memory, bool group_processes);

// The processes below `supervisor` as /proc shows them now.
struct RunUse {
  uint64_t memory = 0;  // bytes that are this run's own: anonymous, shared and swapped; what is a file's can be had again
  int largest = 0;
};

// `exact`: pages that processes share count once (slow: the kernel walks every page table).
RunUse measure_run(int supervisor, bool exact);

// Ends the largest process of the run when it uses more than `bound`. One housekeeping thread's own.
class MemoryWatch {
 public:
  MemoryWatch(int supervisor, uint64_t bound) : supervisor_(supervisor), bound_(bound) {}

  // Looks when it is time to. The number of a process that was ended, or 0.
  int look(int64_t now);
  // Milliseconds until the next look is due, at most `most`.
  int due(int64_t now, int most) const;

 private:
  int supervisor_;
  uint64_t bound_;
  int64_t next_ = 0;
};

// Fills processes up to the bound, and says when there is no room for one more. The serving thread's own.
class TaskCount {
 public:
  TaskCount(int supervisor, uint64_t bound) : supervisor_(supervisor), bound_(bound) {}

  // `caller`: the thread that is about to make one.
  bool take(int caller, int64_t now);

 private:
  struct Unborn {
    int caller;
    int64_t at;
  };
  int supervisor_;
  uint64_t bound_;
  uint64_t known_ = 1;     // at the last count, and let on since
  int64_t counted_ = 0;
  int64_t wait_ = 0;       // from a count that found no room to the next one
  std::vector<Unborn> unborn_;  // let on a moment ago, and perhaps not made yet
};

}  // namespace belljar
