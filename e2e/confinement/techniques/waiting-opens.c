/*
 * Opens that wait for the other end of a FIFO, and signals that come meanwhile. waiting-opens <FIFO>
 * Prints what became of each, a line a case. Whoever sends a signal repeats it until it was handled, so that none is lost before the wait.
 * Facts: pipe(7), signal(7) under "Interruption of system calls": open of a FIFO is begun anew after a handler with SA_RESTART, and
 * fails with EINTR after another one, for a signal of the thread as for one of the process that the thread takes.
 */
#include "attack.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char *fifo;
static int handled[2];  /* a pipe: a byte for each time */

static void on_signal(int number) {
  char byte = (char)number;
  int before = errno;
  if (write(handled[1], &byte, 1) != 1) _exit(4);
  errno = before;
}

static void handle(int number, int flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  sigaction(number, &action, NULL);
}

static const char *opened(int flags) {
  int descriptor = open(fifo, flags);
  if (descriptor < 0) return strerrorname_np(errno);
  close(descriptor);
  return "opened";
}

/* Sends until it was handled `times`; then opens the other end where the wait goes on. The sender is a child, so nothing of it is the thread's. */
static pid_t send_to(pid_t process, pid_t thread, int number, int times, int other_end) {
  pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  fcntl(handled[0], F_SETFL, O_NONBLOCK);
  for (int seen = 0; seen < times;) {
    char byte;
    if (thread != 0) tgkill(process, thread, number);
    else kill(process, number);
    usleep(20000);
    while (read(handled[0], &byte, 1) == 1) seen++;
  }
  if (other_end >= 0) _exit(open(fifo, other_end) < 0);
  _exit(0);
}

static void begin(void) {
  if (pipe(handled) != 0) _exit(5);
}

static void end(const char *what, const char *became, pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  /* what is still on its way is dropped */
  signal(SIGUSR1, SIG_IGN);
  signal(SIGUSR2, SIG_IGN);
  printf("%s: %s, sender %d\n", what, became, status);
  fflush(stdout);
  close(handled[0]);
  close(handled[1]);
}

static void *in_thread(void *what) {
  pid_t *thread = what;
  __atomic_store_n(thread, gettid(), __ATOMIC_SEQ_CST);
  return (void *)opened(O_RDONLY);
}

static void *idle(void *unused) {
  (void)unused;
  for (;;) pause();
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  fifo = arguments[1];
  static const struct {
    const char *name;
    int flags, other_end;
  } ends[] = {{"reading", O_RDONLY, O_WRONLY}, {"writing", O_WRONLY, O_RDONLY}};
  for (int i = 0; i < 2; i++) {
    char what[64];
    begin();
    handle(SIGUSR1, 0);
    snprintf(what, sizeof what, "%s, a handler", ends[i].name);
    pid_t child = send_to(getpid(), 0, SIGUSR1, 20, -1);
    end(what, opened(ends[i].flags), child);

    begin();
    handle(SIGUSR1, SA_RESTART);
    snprintf(what, sizeof what, "%s, a handler that lets it go on", ends[i].name);
    child = send_to(getpid(), 0, SIGUSR1, 20, ends[i].other_end);
    end(what, opened(ends[i].flags), child);
  }
  /* a signal of another thread alone, and one that only that thread can take */
  pthread_t waits, other;
  for (int shared = 0; shared < 2; shared++) {
    begin();
    handle(SIGUSR2, 0);
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pid_t thread = 0;
    void *became = NULL;
    pthread_create(&waits, NULL, in_thread, &thread);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    while (__atomic_load_n(&thread, __ATOMIC_SEQ_CST) == 0) usleep(1000);
    /* until it is told to stop: nobody knows how many come before the wait */
    pid_t child = send_to(getpid(), shared ? 0 : thread, SIGUSR2, INT_MAX, -1);
    pthread_join(waits, &became);
    kill(child, SIGKILL);
    end(shared ? "a signal that one thread takes" : "a signal of one thread", became, child);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  /* the first of several threads, none of which blocks it */
  pthread_create(&other, NULL, idle, NULL);
  begin();
  handle(SIGUSR1, SA_RESTART);
  pid_t child = send_to(getpid(), 0, SIGUSR1, 20, O_WRONLY);
  end("a signal of several threads", opened(O_RDONLY), child);
  /* stopped and going on, it waits as before */
  child = fork();
  if (child < 0) return 6;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(strcmp(opened(O_RDONLY), "opened") != 0);
  }
  int status = 0;
  usleep(100000);
  for (int i = 0; i < 3; i++) {
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    printf("stopped: %d\n", WIFSTOPPED(status));
    fflush(stdout);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    printf("goes on: %d\n", WIFCONTINUED(status));
  }
  const char *became = opened(O_WRONLY);
  waitpid(child, &status, 0);
  printf("then: %s, %d\n", became, status);
  return 0;
}
