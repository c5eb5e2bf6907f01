/*
 * Crashes, with whatever the process held in memory. dump-core <folder>
 * Facts: a core file holds every secret the server was given, and a core handler runs outside of every sandbox.
 */
#include "attack.h"

#include <sys/resource.h>

int main(int argc, char **argv) {
  must("chdir", chdir(argument(argc, argv, 1)));
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
  printf("REACHED limit %lu\n", (unsigned long)limit.rlim_cur);
  fflush(stdout);
  signal(SIGABRT, SIG_DFL);
  abort();
}
