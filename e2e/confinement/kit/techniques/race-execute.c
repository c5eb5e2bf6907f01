/*
 * Races a supervisor that looks at a program and then lets the kernel look again. race-execute <allowed program> <tries> [folder].
 * One thread puts the allowed program and one in memory behind the same descriptor number in turn, while others execute
 * /proc/self/fd/<number>; with a folder, a copy that lies there and the allowed program are in turn what the bytes of the path say.
 * Family: races
 * Facts: a program in memory (memfd) belongs to no folder, so Landlock does not judge it. MFD_NOEXEC_SEAL (Linux 6.3) makes
 * memory that cannot be executed at all.
 * Witness: the program in memory says by its name that it runs.
 * Silent: most tries start the allowed program, and what is not executed because it is sealed was never begun.
 * Cases: name | what it tries | attack | twin | marks
 *   descriptor | exchange the program behind a descriptor 150 times | {program} 150 | @execute execve {program} {grant} | surface silent slow
 *   path | exchange the bytes of the program's path 150 times | self 150 {grant} | @execute execve {program} {grant} | surface silent slow
 */
#include "attack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

extern char **environ;
static int allowed, memory;
enum { number = 100 };

static char shared[4200], own_path[4200], copy_path[4200];

static void *swap(void *nothing) {
  (void)nothing;
  for (bool to_copy = true; copy_path[0] != 0; to_copy = !to_copy) {
    const char *name = to_copy ? copy_path : own_path;
    memcpy(shared, name, strlen(name) + 1);
  }
  for (;;) {
    dup2(memory, number);
    dup2(allowed, number);
  }
  return NULL;
}

int main(int argc, char **argv) {
  /* the copy in memory is told by its name */
  char self[256] = "";
  (void)!readlink("/proc/self/exe", self, sizeof self - 1);
  if (argc == 2 && is(argv[1], "executed")) _exit(strstr(self, "memfd:") != NULL || strstr(self, "/raced-copy") != NULL ? 77 : 0);
  const char *program = argument(argc, argv, 1);
  long tries = atol(argument(argc, argv, 2));
  if (argc > 3) {
    program = self;
    snprintf(own_path, sizeof own_path, "%s", self);
    snprintf(copy_path, sizeof copy_path, "%s/raced-copy", argv[3]);
  }
  allowed = (int)must("open", open(program, O_RDONLY | O_CLOEXEC));
  memory = (int)must("memfd_create", memfd_create("program", MFD_CLOEXEC));
  struct stat status;
  fstat(allowed, &status);
  must("copy", sendfile(memory, allowed, NULL, (size_t)status.st_size));
  if (copy_path[0] != 0) {
    int copy = (int)must("make a copy", open(copy_path, O_CREAT | O_EXCL | O_WRONLY, 0700));
    lseek(allowed, 0, SEEK_SET);
    must("copy", sendfile(copy, allowed, NULL, (size_t)status.st_size));
    close(copy);
  }
  for (long turn = 0; turn < tries; turn++) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      dup2(allowed, number);
      pthread_create(&thread, NULL, swap, NULL);
      char path[64];
      char *const arguments[] = {(char *)program, "executed", NULL};
      snprintf(path, sizeof path, "/proc/self/fd/%d", number);
      memcpy(shared, own_path, sizeof shared);
      for (int again = 0; again < 50; again++) execve(copy_path[0] != 0 ? shared : path, arguments, environ);
      _exit(1);
    }
    int end = 0;
    waitpid(child, &end, 0);
    if (WIFEXITED(end) && WEXITSTATUS(end) == 77) reached("a program that may not be executed was");
  }
  refused("execve", EACCES);
}
