/*
 * Runs a command and says on the last line of standard error how much processor time it and all that it waited for took, in seconds:
 * processor-time <command> <argument>... Where programs take turns on one processor, the clock alone does not say what they cost.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  struct rusage used;
  if (getrusage(RUSAGE_CHILDREN, &used) != 0) return 1;
  fprintf(stderr, "\n%.6f\n", (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
