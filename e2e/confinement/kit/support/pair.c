/*
 * Not an attack: plays an allowed twin and then an attack in one and the same sandbox, so that one start proves both.
 * pair [--listen <port>] <twin command...> %% <attack command...>
 * Each part runs as a child of its own with our standard streams, and is framed by lines of ours:
 *   @twin | @attack            what follows was said by it
 *   @end <exit status> <signal> <process id as we see it>
 * --listen: a sandbox that has a network of its own gets its allowed port inside of it, so that the twin is the same.
 * A part that does not end is killed after its time (PAIR_SECONDS, 12 unless told).
 */
#include "attack.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/un.h>

static volatile sig_atomic_t over;

static void on_alarm(int number) {
  (void)number;
  over = 1;
}

static void say(const char *line) { (void)!write(1, line, strlen(line)); }

static void play(const char *name, char **command) {
  char line[96];
  snprintf(line, sizeof line, "\n@%s\n", name);
  say(line);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(0);
    execvp(command[0], command);
    snprintf(line, sizeof line, "BROKEN execute %s\n", errno_name(errno));
    say(line);
    _exit(12);
  }
  const char *seconds = getenv("PAIR_SECONDS");
  over = 0;
  alarm(seconds == NULL ? 12 : (unsigned)atoi(seconds));
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    if (over) kill(child, SIGKILL);
  }
  alarm(0);
  snprintf(line, sizeof line, "\n@end %d %d %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0, child);
  say(line);
}

static void listen_inside(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0) return;
  if (fork() != 0) {
    close(listener);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    int peer = accept(listener, NULL, NULL);
    if (peer >= 0) close(peer);
  }
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, NULL);
  int first = 1;
  if (argc > 3 && is(argv[1], "--listen")) {
    listen_inside((uint16_t)atoi(argv[2]));
    first = 3;
  }
  int middle = first;
  while (middle < argc && !is(argv[middle], "%%")) middle++;
  if (middle >= argc - 1 || middle == first) {
    say("BROKEN pair\n");
    return 12;
  }
  argv[middle] = NULL;
  play("twin", argv + first);
  play("attack", argv + middle + 1);
  return 0;
}
