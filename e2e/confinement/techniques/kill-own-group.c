/*
 * Signals its own process group. kill-own-group <way>
 * Facts: a child shares its parent's group until somebody moves it, so kill(0) reaches the client that started the server.
 */
#include "attack.h"

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  signal(SIGTERM, SIG_IGN);
  if (is(way, "kill-zero")) must(way, kill(0, SIGTERM));
  else if (is(way, "kill-group")) must(way, kill(-getpgrp(), SIGTERM));
  else if (is(way, "kill-parent")) must(way, kill(getppid(), SIGTERM));
  else if (is(way, "kill-parent-hard")) must(way, kill(getppid(), SIGKILL));
  else if (is(way, "stop-parent")) must(way, kill(getppid(), SIGSTOP));
  else if (is(way, "own-child")) {
    pid_t child = fork();
    if (child == 0) for (;;) pause();
    must(way, kill(child, SIGKILL));
    waitpid(child, NULL, 0);
  } else {
    errno = EINVAL;
    broken("way");
  }
  usleep(100000);
  reached(way);
}
