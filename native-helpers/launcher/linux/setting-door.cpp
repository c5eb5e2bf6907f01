#include "setting-door.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <vector>

#include "../core/text.hpp"
#include "packets.hpp"
#include "target.hpp"

namespace belljar {

namespace {

constexpr int answer_wait_ms = 2'000;
constexpr int questions_at_once = 16;
constexpr const char* settings[] = {"comm", "coredump_filter", "oom_score_adj", "uid_map", "gid_map", "setgroups"};

// An errno when negative.
int open_setting(const Descriptor& object, uint64_t flags, int supervisor) {
  struct statfs filesystem{};
  std::string path = path_of(object.get());
  if (fstatfs(object.get(), &filesystem) != 0 || filesystem.f_type != PROC_SUPER_MAGIC || path.substr(0, 6) != "/proc/") return -EACCES;
  size_t end = path.find('/', 6);
  auto process = parse_number(std::string_view(path).substr(6, end == std::string::npos ? end : end - 6), INT_MAX);
  bool known = process && std::any_of(std::begin(settings), std::end(settings), [&](const char* one) { return std::string_view(path).substr(end + 1) == one; });
  if (!known || !descends_from(static_cast<int>(*process), supervisor)) return -EACCES;
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", object.get());
  int fd = open(link, static_cast<int>(flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC | O_NOCTTY);
  return fd < 0 ? -errno : fd;
}

}  // namespace

bool descends_from(int process, int ancestor) {
  for (int steps = 0; steps < 4096 && process > 1; steps++) {
    if (process == ancestor) return steps > 0;
    TaskStatus status(process);
    const char* group = status.after("\nTgid:");
    const char* parent = status.after("\nPPid:");
    if (parent == nullptr || group == nullptr) return false;
    if (atoi(group) == ancestor) return steps > 0;
    process = atoi(parent);
  }
  return false;
}

bool SettingDoor::open() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  own_end_ = Descriptor(ends[0]);
  supervisor_end_ = Descriptor(ends[1]);
  return true;
}

void SettingDoor::serve(int supervisor) {
  for (int i = 0; i < questions_at_once; i++) {
    uint64_t flags = 0;
    size_t size = 0;
    Descriptor object;
    Received received = receive_packet(own_end_.get(), &flags, sizeof flags, size, &object, 1, false);
    if (received == Received::nothing) return;
    if (received == Received::closed || size != sizeof flags) {
      own_end_.reset();  // gone, or taken over
      return;
    }
    int32_t opened = object ? open_setting(object, flags, supervisor) : -EBADF;
    Descriptor fd(opened >= 0 ? opened : -1);
    int32_t error = opened < 0 ? -opened : 0;
    int number = fd.get();
    send_packet(own_end_.get(), std::string_view(reinterpret_cast<const char*>(&error), sizeof error), &number, fd ? 1 : 0, false);
  }
}

Descriptor ask_for_setting(int channel, int object, uint64_t flags, int& error) {
  error = EACCES;
  if (channel < 0 || !send_packet(channel, std::string_view(reinterpret_cast<const char*>(&flags), sizeof flags), &object, 1, false)) return {};
  pollfd wait{channel, POLLIN, 0};
  int32_t code = 0;
  size_t size = 0;
  Descriptor fd;
  if (poll(&wait, 1, answer_wait_ms) != 1 || receive_packet(channel, &code, sizeof code, size, &fd, 1, false) != Received::packet || size != sizeof code) return {};
  if (code != 0) error = code;
  return fd;
}

}  // namespace belljar
