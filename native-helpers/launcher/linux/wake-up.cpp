#include "wake-up.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "kernel.hpp"

namespace belljar {

namespace {

constexpr unsigned gives_a_look = 32;

}  // namespace

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

Handing::Handing(int listener, bool sync_wake_up)
    : listener_(listener), sync_wake_up_(sync_wake_up), load_(open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {
  if (sched_getaffinity(0, sizeof everywhere_, &everywhere_) == 0) processors_ = CPU_COUNT(&everywhere_);
}

// The fourth field is the number of threads that run or could, of the whole machine, at this moment. Ours is one of them, and the one
// that waits for us is none. Source: fs/proc/loadavg.c of Linux 6.18.
bool Handing::some_idle() {
  if (looks_in_ > 0) {
    looks_in_--;
    return idle_;
  }
  looks_in_ = gives_a_look;
  char text[128];
  ssize_t n = processors_ > 1 && load_ ? pread(load_.get(), text, sizeof text - 1, 0) : -1;
  idle_ = false;
  if (n <= 0) return false;
  text[n] = '\0';
  const char* at = text;
  for (int field = 0; field < 3 && at != nullptr; field++) {
    at = strchr(at, ' ');
    if (at != nullptr) at++;
  }
  idle_ = at != nullptr && atoi(at) < processors_;
#ifdef BELLJAR_AS_IF_IDLE
  // For measuring and testing that way on a busy machine.
  idle_ = true;
#endif
  return idle_;
}

void Handing::stay_here() {
  int here = sched_getcpu();
  if (stays_ || here < 0) return;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(here, &only);
  stays_ = sched_setaffinity(0, sizeof only, &only) == 0;
}

void Handing::go_anywhere() { stays_ = sched_setaffinity(0, sizeof everywhere_, &everywhere_) != 0; }

int Handing::give(uint64_t id, int thread, int fd, bool close_on_exec) {
  seccomp_notif_addfd add{};
  add.id = id;
  add.srcfd = static_cast<uint32_t>(fd);
  add.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
  if (!sync_wake_up_) {
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    WakeHere wake(thread);
    return ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0 ? 0 : errno;
  }
  bool same = thread == last_;
  last_ = thread;
  met_ = 0;
  if (!some_idle()) {
    if (stays_) go_anywhere();
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    return ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0 ? 0 : errno;
  }
  // Not for a thread's first: where several take turns, going and staying would cost more than it saves.
  if (same) stay_here();
  int got = -1;
  int error = 0;
  {
    WakeHere wake(thread);
    got = ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    error = errno;
  }
  if (got < 0) return error;
  answer(id, thread, false, 0, got);
  return 0;
}

void Handing::answer(uint64_t id, int thread, bool go_on, int error, int64_t value) {
  seccomp_notif_resp response{};
  response.id = id;
  if (go_on) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (error != 0) response.error = -error;
  else response.val = value;
  if (sync_wake_up_) {
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
    return;
  }
  WakeHere wake(thread);
  ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

}  // namespace belljar
