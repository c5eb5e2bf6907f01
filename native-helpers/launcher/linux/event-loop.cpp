#include "event-loop.hpp"

#include <ctime>

namespace belljar {

int64_t steady_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

bool EventLoop::add(int fd, uint32_t events, Watched* watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watched;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EventLoop::change(int fd, uint32_t events, Watched* watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watched;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0;
}

void EventLoop::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void EventLoop::bury(std::unique_ptr<Watched> watched) {
  watched->buried = true;
  graves_.push_back(std::move(watched));
}

void EventLoop::round(int timeout_ms) {
  epoll_event events[64];
  int count = epoll_wait(epoll_.get(), events, 64, timeout_ms);
  for (int i = 0; i < count; i++) {
    Watched* watched = static_cast<Watched*>(events[i].data.ptr);
    if (!watched->buried) watched->ready(events[i].events);
  }
  graves_.clear();
}

}  // namespace belljar
