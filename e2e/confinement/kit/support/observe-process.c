/*
 * Not an attack: what another process looks like from outside, in one line. observe-process <pid>
 */
#include "attack.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

int main(int argc, char **argv) {
  pid_t pid = (pid_t)atol(argument(argc, argv, 1));
  struct rlimit limit = {0};
  cpu_set_t set;
  CPU_ZERO(&set);
  prlimit(pid, RLIMIT_NOFILE, NULL, &limit);
  sched_getaffinity(pid, sizeof set, &set);
  printf("alive=%d nofile=%lu nice=%d policy=%d processors=%d io=%ld group=%d\n", kill(pid, 0) == 0, (unsigned long)limit.rlim_cur,
         getpriority(PRIO_PROCESS, (id_t)pid), sched_getscheduler(pid), CPU_COUNT(&set), syscall(SYS_ioprio_get, 1, pid), getpgid(pid));
  return 0;
}
