// Waking a thread of the server that is to run next on this processor. Where the kernel does not see to that itself (adding a
// descriptor; everything before Linux 6.6), the woken thread lands on another, sleeping processor, which costs ten times the
// call: so its affinity is borrowed around the answer.
#pragma once
#include <sched.h>

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

}  // namespace belljar
