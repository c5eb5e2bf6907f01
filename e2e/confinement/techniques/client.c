/*
 * Not an attack: a client, as far as a server can tell. client <command> [argument...]
 * It starts the command in its own process group with pipes, prints `client <pid>` and the command's pid, passes its
 * standard output on, and says `client alive` at the end. It dies of SIGTERM as most programs do.
 */
#include "attack.h"

int main(int argc, char **argv) {
  argument(argc, argv, 1);
  int input[2];
  prepare("pipe", pipe(input));
  pid_t child = fork();
  if (child == 0) {
    dup2(input[0], 0);
    close(input[0]);
    close(input[1]);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  close(input[0]);
  printf("client %d %d\n", getpid(), child);
  fflush(stdout);
  int status = 0;
  waitpid(child, &status, 0);
  printf("client alive %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
