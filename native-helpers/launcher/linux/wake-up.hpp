// Waking a stopped thread of the server on the processor that the supervisor runs on.
//
// An answer is such a wake-up by itself since Linux 6.6 (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP). Handing a descriptor over is not: it wakes
// the thread, which takes it and wakes the supervisor in turn. On a machine with nothing else to do each of the two lands on another,
// sleeping processor, which costs ten times the call. On a busy one there is no such processor, and nothing needs to be done.
//
// So while a processor is idle, supervisor and thread stay where they are for the handing over. The thread's affinity is borrowed for
// that and given back before the thread goes on, which is why the descriptor and the answer are two steps then: a thread that saw its
// affinity, or handed it on to a thread or process that it makes, would be held to one processor for good.
#pragma once
#include <cstdint>
#include <sched.h>

#include "descriptor.hpp"

namespace belljar {

class WakeHere {
 public:
  explicit WakeHere(int thread);
  ~WakeHere();
  WakeHere(const WakeHere&) = delete;
  WakeHere& operator=(const WakeHere&) = delete;

 private:
  int thread_;
  bool borrowed_ = false;
  cpu_set_t before_;
};

// How the serving thread gives descriptors to the threads that it answers.
class Handing {
 public:
  // `sync_wake_up`: the listener has the flag. Without it (before Linux 6.6) every answer borrows the thread's affinity, and the filter
  // stops the calls that would notice (calls.hpp, RunKind::borrows).
  Handing(int listener, bool sync_wake_up);

  // Before a call of this thread is decided.
  void meet(int thread) {
    if (stays_ && (thread != last_ || ++met_ > met_max)) go_anywhere();
  }
  // Gives the descriptor as the result of the stopped call. 0 or an errno; ENOENT: the caller is gone.
  int give(uint64_t id, int thread, int fd, bool close_on_exec);
  void answer(uint64_t id, int thread, bool go_on, int error, int64_t value);

 private:
  // Calls without a descriptor after which the supervisor goes where its callers are again.
  static constexpr unsigned met_max = 16;

  bool some_idle();
  void stay_here();
  void go_anywhere();

  int listener_;
  bool sync_wake_up_;
  Descriptor load_;       // /proc/loadavg
  int processors_ = 1;
  cpu_set_t everywhere_;
  int last_ = 0;          // the thread that was given something last
  bool stays_ = false;
  unsigned met_ = 0;      // calls since
  bool idle_ = false;
  unsigned looks_in_ = 0; // descriptors until the next look at the load
};

}  // namespace belljar
