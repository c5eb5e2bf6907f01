#include "../launcher/linux/run-group.hpp"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../launcher/linux/calls.hpp"
#include "../launcher/linux/event-loop.hpp"
#include "../launcher/linux/resources.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

void test_group_files() {
  const char* unified = "25 30 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  const char* hybrid =
      "33 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "34 24 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  check::equal(group_mount(unified), "/sys/fs/cgroup", "where the second version is mounted");
  check::equal(group_mount(hybrid), "/sys/fs/cgroup/unified", "beside the first one");
  check::equal(group_mount("33 24 0:29 /other /mnt rw - cgroup2 cgroup2 rw\n"), "", "a part of the tree is not the tree");
  check::equal(group_mount("33 24 0:29 / /a\\040b rw - cgroup2 cgroup2 rw\n"), "", "a name that has to be read is none");
  check::equal(group_mount("33 24 0:29 / /mnt rw - tmpfs cgroup2 rw\n"), "", "a source's name is no type");
  check::equal(group_mount("- cgroup2\n\n- \n"), "", "lines that are cut short");

  check::equal(own_group("0::/user.slice/a.scope\n"), "/user.slice/a.scope", "our group");
  check::equal(own_group("9:pids:/x\n0::/y\n"), "/y", "among those of the first version");
  check::equal(own_group("0::/../outside\n"), "", "above what this namespace sees");
  check::equal(own_group("0::/gone (deleted)\n"), "", "one that ended");
  check::equal(own_group("1:name=systemd:/x\n"), "", "none");

  const char* events = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n";
  check::that(event_count(events, "oom_kill") == 2 && event_count(events, "max") == 12, "what was counted");
  check::that(event_count(events, "oom_kil") == 0 && event_count("max\nmax x\n", "max") == 0 && event_count("", "max") == 0, "and what was not");
}

// Children of this process, as the supervisor's are.
void test_task_count() {
  std::vector<pid_t> children;
  auto add = [&children] {
    pid_t child = fork();
    if (child == 0) {
      poll(nullptr, 0, 20'000);
      _exit(0);
    }
    children.push_back(child);
  };
  TaskCount tasks(getpid(), 4);
  int made = 0;
  // Each asked for by another thread, as in a bomb.
  for (int caller = 1; caller <= 10; caller++) {
    if (!tasks.take(caller, steady_nanoseconds())) continue;
    add();
    made++;
  }
  check::equal(made, 4, "exactly as many as the bound");
  for (pid_t child : children) kill(child, SIGKILL);
  for (pid_t child : children) waitpid(child, nullptr, 0);
  bool again = false;
  for (int tries = 0; tries < 1000 && !again; tries++) {
    again = tasks.take(99, steady_nanoseconds());
    if (!again) poll(nullptr, 0, 5);
  }
  check::that(again, "and again, once they are gone");

  TaskCount loop(getpid(), 3);
  bool all = true;
  for (int i = 0; i < 300; i++) all = all && loop.take(7, steady_nanoseconds());
  check::that(all, "a thread whose processes come and go is never refused");
}

void test_counted_calls() {
  auto always = [](const std::vector<CallRule>& rules, int nr) {
    const CallRule* rule = rule_for(rules, nr);
    return rule != nullptr && rule->when == When::always;
  };
  auto counted = calls_for({.contained = true, .counted = true});
  check::that(always(counted, SYS_clone), "every clone is stopped where processes are counted");
#ifdef SYS_fork
  check::that(always(counted, SYS_fork) && always(counted, SYS_vfork), "and every fork");
#endif
  check::that(!always(calls_for({.contained = true}), SYS_clone), "and none where the kernel counts");
  check::that(rule_for(calls_for({.counted = true}), SYS_clone) == nullptr, "nor where nothing is limited");
}

}  // namespace

void test_run_group() {
  test_group_files();
  test_task_count();
  test_counted_calls();
}
