/*
 * Tries to outlive the run. detach <way> <heartbeat file> [after: stay|exit]. The heartbeat file grows as long as one of
 * them lives.
 * Family: outliving
 * Facts: setsid and a second fork leave the process group and the parent (man 2 setsid, prctl PR_SET_CHILD_SUBREAPER); a
 * process that forks faster than somebody reads /proc escapes a killer that lists and then kills.
 * Witness: the heartbeat file still grows after the sandbox has ended.
 * Silent: to start a process is nothing that is refused; its end is the wall.
 * Cases: name | what it tries | attack | twin | marks
 *   child | leave a child behind | child {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 *   daemon | leave a daemon in a session of its own | daemon {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 *   daemon-closed | the same without the standard streams | daemon-closed {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 *   subreaper | with a parent of its own for orphans | subreaper {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 *   leapfrog | live on as one process after the other, milliseconds each | leapfrog {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 *   stopped | behind a parent that was stopped | stopped {grant}/beat exit | @forbidden-call getpid | outlives silent slow
 */
#include "attack.h"

#include <sys/prctl.h>
#include <time.h>

static void beat(const char *path) {
  int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (file < 0) _exit(1);
  for (;;) {
    (void)!write(file, ".", 1);
    usleep(10000);
  }
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
  bool leave = argc > 3 && is(argv[3], "exit");
  for (int number = 1; number < 64; number++) {
    if (number != SIGKILL && number != SIGSTOP && number != SIGCHLD) signal(number, SIG_IGN);
  }
  if (is(way, "child")) {
    if (fork() == 0) beat(path);
  } else if (is(way, "daemon") || is(way, "daemon-closed")) {
    if (fork() == 0) {
      setsid();
      if (is(way, "daemon-closed")) {
        close(0);
        close(1);
        close(2);
      }
      if (fork() == 0) beat(path);
      _exit(0);
    }
  } else if (is(way, "subreaper")) {
    if (fork() == 0) {
      setsid();
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      if (fork() == 0) {
        setsid();
        if (fork() == 0) beat(path);
        _exit(0);
      }
      for (;;) pause();
    }
  } else if (is(way, "leapfrog")) {
    /* each process lives some milliseconds, then another one with another id and session goes on */
    if (fork() == 0) {
      for (;;) {
        setsid();
        int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
        if (file < 0) _exit(1); /* the folder is gone: so is the test, and nothing else would end us */
        (void)!write(file, ".", 1);
        close(file);
        pid_t next = fork();
        if (next > 0) _exit(0);
        usleep(2000);
      }
    }
  } else if (is(way, "stopped")) {
    if (fork() == 0) {
      setsid();
      if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, 0);
        beat(path);
      }
      raise(SIGSTOP);
      for (;;) pause();
    }
  } else {
    errno = EINVAL;
    broken("way");
  }
  /* the server itself ends when it is asked to; what it left behind does not */
  signal(SIGTERM, SIG_DFL);
  struct stat status;
  for (int wait = 0; wait < 300 && (stat(path, &status) < 0 || status.st_size == 0); wait++) usleep(10000);
  printf("REACHED detached\n");
  fflush(stdout);
  if (leave) _exit(0);
  for (;;) pause();
}
