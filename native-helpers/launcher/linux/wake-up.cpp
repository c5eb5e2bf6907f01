#include "wake-up.hpp"

namespace belljar {

WakeHere::WakeHere(int thread) : thread_(thread) {
  int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(thread, sizeof before_, &before_) != 0 || !CPU_ISSET(here, &before_) || CPU_COUNT(&before_) <= 1) return;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(here, &only);
  borrowed_ = sched_setaffinity(thread, sizeof only, &only) == 0;
}

WakeHere::~WakeHere() {
  if (borrowed_) sched_setaffinity(thread_, sizeof before_, &before_);
}

}  // namespace belljar
