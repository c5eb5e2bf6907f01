/*
 * Makes processes or threads one after the other, each gone before the next: make-many forks|vforks|threads <count>.
 * Prints nanoseconds for one.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *nothing(void *unused) { return unused; }

static int make(const char *way) {
  if (strcmp(way, "threads") == 0) {
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0 ? 0 : 1;
  }
  pid_t child = strcmp(way, "forks") == 0 ? fork() : vfork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long count = atol(argv[2]);
  struct timespec begin, end;
  for (int warm = 0; warm < 200; warm++) make(argv[1]);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long turn = 0; turn < count; turn++) {
    if (make(argv[1]) != 0) return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.1f\n", ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)count);
  return 0;
}
