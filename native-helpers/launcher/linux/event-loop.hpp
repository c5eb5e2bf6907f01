// One thread, one epoll: who waits for descriptors is called when they are ready. Objects end themselves by being buried:
// events of the same round that are still to come for them are left out.
#pragma once
#include <cstdint>
#include <memory>
#include <sys/epoll.h>
#include <vector>

#include "descriptor.hpp"

namespace belljar {

class Watched {
 public:
  virtual ~Watched() = default;
  virtual void ready(uint32_t events) = 0;
  bool buried = false;
};

class EventLoop {
 public:
  EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  bool good() const { return static_cast<bool>(epoll_); }
  bool add(int fd, uint32_t events, Watched* watched);
  bool change(int fd, uint32_t events, Watched* watched);
  void remove(int fd);
  // Destroyed when this round's events are done.
  void bury(std::unique_ptr<Watched> watched);
  void round(int timeout_ms);

 private:
  Descriptor epoll_;
  std::vector<std::unique_ptr<Watched>> graves_;
};

// Nanoseconds since some moment; never goes back.
int64_t steady_nanoseconds();

}  // namespace belljar
