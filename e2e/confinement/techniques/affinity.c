/*
 * Opens a file again and again, and looks each time how many processors it may use, and how many a thread and a process that it makes
 * then: affinity <path> <times>. A supervisor that wakes a thread where it runs itself must have given back what it borrowed for that.
 */
#include "attack.h"

#include <pthread.h>
#include <sched.h>

static int processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

static void *in_thread(void *found) {
  *(int *)found = processors();
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int all = processors(), fewer = 0;
  for (int turn = 0; turn < atoi(argv[2]); turn++) {
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file < 0) refused("open", errno);
    // Made before it looks itself: what waits for the supervisor would give that the time to give back.
    pthread_t thread;
    int seen = all;
    if (turn % 2 == 0) {
      if (pthread_create(&thread, NULL, in_thread, &seen) != 0) broken("pthread_create");
      pthread_join(thread, NULL);
    } else {
      pid_t child = fork();
      if (child == 0) _exit(processors() & 0xff);
      int status = 0;
      if (child < 0 || waitpid(child, &status, 0) < 0) broken("fork");
      seen = WEXITSTATUS(status);
    }
    if (seen < all) fewer++;
    close(file);
    file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (processors() < all) fewer++;
    close(file);
  }
  printf("REACHED %d processors, fewer %d times\n", all, fewer);
  return 0;
}
