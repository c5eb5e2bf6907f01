/*
 * Crashes, with whatever the process held in memory. dump-core <folder> [lower]
 * Facts: a core file holds every secret the server was given, and a core handler runs outside of every sandbox. The limit of core files is not
 * enforced for a handler (man 5 core), but that at 1 none is started (fs/coredump.c); `lower` tries to get to 0.
 */
#include "attack.h"

#include <sys/resource.h>

int main(int argc, char **argv) {
  must("chdir", chdir(argument(argc, argv, 1)));
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
  const struct rlimit zero = {0, 0};
  pid_t child = -1;
  if (argc > 2) {
    must("setrlimit", setrlimit(RLIMIT_CORE, &zero));
    must("the older call", syscall(SYS_setrlimit, RLIMIT_CORE, &zero));
    must("fork", child = fork());
    if (child == 0) for (;;) pause();
    must("that of a child", prlimit(child, RLIMIT_CORE, &zero, NULL));
    getrlimit(RLIMIT_CORE, &limit);
    struct rlimit of_child;
    must("look at a child's", prlimit(child, RLIMIT_CORE, NULL, &of_child));
    if (of_child.rlim_cur != limit.rlim_cur) limit = of_child;
    kill(child, SIGKILL);
  }
  printf("REACHED limit %lu\n", (unsigned long)limit.rlim_cur);
  fflush(stdout);
  signal(SIGABRT, SIG_DFL);
  abort();
}
