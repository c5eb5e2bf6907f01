// The run's own control group (cgroup v2), where this session may make one: the kernel then bounds the memory and the
// processes of the whole run, whatever it starts.
//
// Where: `belljar/<run>` below the nearest group above ours that belongs to this user and hands the controllers on, as
// systemd delegates `user@<uid>.service`. Ours itself cannot be it: a group that holds processes hands nothing on. The
// folder in between keeps the controllers: nobody above can take them away while it uses them.
//
// Trust: the tree belongs to the user. A contained server can read it and write nothing in it, so it cannot leave its group
// or raise a bound; the kernel moves a new process into its parent's group.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "descriptor.hpp"

namespace belljar {

// What the kernel counted since the group was made.
struct GroupHits {
  uint64_t memory = 0;     // processes it ended because the memory was used up
  uint64_t processes = 0;  // processes and threads it refused
};

class RunGroup {
 public:
  RunGroup() = default;
  RunGroup(RunGroup&&) = default;
  RunGroup& operator=(RunGroup&&) = default;

  // A bound of 0 is none. What the kernel does not bound here is told by the two flags, and the reason by `missing`.
  static RunGroup make(const std::string& run, uint64_t memory, uint64_t processes);

  bool bounds_memory() const { return memory_; }
  bool bounds_processes() const { return processes_; }
  const std::string& missing() const { return missing_; }

  // The calling process, alone. What it starts from then on is in the group too.
  bool join() const;
  GroupHits hits() const;
  // Ends everything in it at once, where the kernel can (Linux 5.14).
  void end_all() const;
  // Removes it once nothing is in it.
  void remove();

 private:
  bool make_in(const std::string& above, const std::string& run, uint64_t memory, uint64_t processes);

  bool memory_ = false;
  bool processes_ = false;
  std::string missing_;
  std::string base_;  // the folder `belljar`
  std::string name_;
  Descriptor procs_;
  Descriptor memory_events_;
  Descriptor process_events_;
  Descriptor kill_;
};

// Of /proc/self/mountinfo: where the second version's tree is mounted whole; empty when it is not.
std::string group_mount(std::string_view mountinfo);
// Of /proc/self/cgroup: the path of our group in that tree; empty when there is none that we can see.
std::string own_group(std::string_view cgroups);
// `key value` lines, as memory.events has them; 0 when the key is not there.
uint64_t event_count(std::string_view events, std::string_view key);

}  // namespace belljar
