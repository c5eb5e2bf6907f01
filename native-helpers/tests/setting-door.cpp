// What the guardian opens of /proc for a supervisor, and what it does not, whoever asks.
#include "../launcher/linux/setting-door.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../launcher/linux/packets.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

int waiting_child() {
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) pause();
  }
  return child;
}

// As the supervisor asks, while somebody serves; 0 or the errno.
int ask(SettingDoor& door, int channel, const std::string& path, uint64_t flags = O_WRONLY) {
  Descriptor object(open(path.c_str(), O_PATH | O_CLOEXEC));
  int error = 0;
  Descriptor fd;
  std::thread asks([&] { fd = ask_for_setting(channel, object.get(), flags, error); });
  pollfd wait{door.descriptor(), POLLIN, 0};
  poll(&wait, 1, 5'000);
  door.serve(getpid());
  asks.join();
  if (!fd) return error;
  check::equal(fcntl(fd.get(), F_GETFL) & O_ACCMODE, static_cast<int>(flags & O_ACCMODE), "opened as asked for: " + path);
  return 0;
}

}  // namespace

void test_setting_door() {
  SettingDoor door;
  check::that(door.open(), "a door");
  Descriptor channel = door.take_supervisor_end();
  int own = waiting_child();
  std::string folder = "/proc/" + std::to_string(own) + "/";
  for (const char* name : {"comm", "coredump_filter", "oom_score_adj"}) check::equal(ask(door, channel.get(), folder + name), 0, std::string("a setting of the run's: ") + name);
  check::equal(ask(door, channel.get(), folder + "comm", O_RDWR), 0, "to read and to write");
  check::equal(ask(door, channel.get(), folder + "mem"), EACCES, "no memory");
  check::equal(ask(door, channel.get(), folder + "task/" + std::to_string(own) + "/comm"), EACCES, "nothing deeper");
  check::equal(ask(door, channel.get(), "/proc/self/oom_score_adj"), EACCES, "nothing of the supervisor itself");
  check::equal(ask(door, channel.get(), "/proc/1/oom_score_adj"), EACCES, "nothing of another program");
  check::equal(ask(door, channel.get(), "/proc/sys/kernel/core_pattern"), EACCES, "no setting of the machine");
  check::equal(ask(door, channel.get(), "/proc/sysrq-trigger"), EACCES, "nor its levers");
  check::equal(ask(door, channel.get(), "/dev/null"), EACCES, "nothing that is no process' at all");
  kill(own, SIGKILL);
  waitpid(own, nullptr, 0);
  check::that(door.descriptor() >= 0, "and it goes on");
  send_packet(channel.get(), "more than a question", nullptr, 0, false);
  door.serve(getpid());
  check::equal(door.descriptor(), -1, "what nobody asks closes it");
}
