/*
 * Ends, stops, starves or confuses whoever watches, then does what is not allowed. supervisor <way> <outside file> <neighbour's socket> <grant>
 * <process id of the kit's runner>
 * Family: supervisor
 * Facts: a sandbox that answers calls from outside is a program that can be ended, stopped, kept busy or run out of descriptors and
 * memory; a stopped call is answered ENOSYS when its listener is gone (man 2 seccomp_unotify), and a signal can end the wait for an
 * answer (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19).
 * Witness: the mode of the file outside; contacts of the neighbour.
 * Cases: name | what it tries | attack | twin | marks
 *   kill | kill every process above itself, then change the file | kill {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   stop | stop every process above itself, then change the file | stop {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   limits | take limits away from every process above itself | limits {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   starve | give every process above itself the lowest priority | starve {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   listener | find the listener among its descriptors and answer itself | listener {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   descriptors | hold a thousand connections open, so that none is left to look with | descriptors {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   threads | ask from two hundred threads at once | threads {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   memory | ask with the longest paths there are | memory {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   flood | make six thousand different refusals, so that the one is lost | flood {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   signals | interrupt each wait for an answer | signals {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   dying | ask while it is dying, many times | dying {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   leader | ask from a thread whose first thread is gone | leader {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   own-limits | ask with no descriptor left for an answer | own-limits {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   vfork | ask as a child that borrows its parent's memory | vfork {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 *   frozen | ask, and be stopped before the answer | frozen {secret} {neighbour}/stream.sock {grant} {runner} | plain {inside} - {grant} 0 | slow
 */
#include "attack.h"

#include <dirent.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/un.h>

static const char *target, *socket_path, *grant;

static long change(void) { return chmod(target, 0777); }

static int visit(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
  int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = connect(own, (struct sockaddr *)&address, sizeof address);
  if (own >= 0) close(own);
  return result;
}

/* Parents up to the runner of the kit, which is left alone, as is everything that cannot be looked at but for its own number. */
static int above(pid_t *list, int most, pid_t runner) {
  int count = 0;
  pid_t pid = getppid();
  while (pid > 1 && pid != runner && count < most) {
    char path[64], text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY);
    if (file >= 0) {
      (void)!read(file, text, sizeof text - 1);
      close(file);
    }
    int parent = 0;
    const char *after = strrchr(text, ')');
    list[count++] = pid;
    if (after == NULL || sscanf(after, ") %*c %d", &parent) != 1) break;
    pid = parent;
  }
  return count;
}

static void *asking(void *nothing) {
  (void)nothing;
  for (int turn = 0; turn < 20; turn++) {
    change();
    visit();
  }
  return NULL;
}

static void *late(void *nothing) {
  (void)nothing;
  usleep(50000);
  if (change() < 0) {
    printf("REFUSED %s chmod\n", errno_name(errno));
    fflush(stdout);
    _exit(10);
  }
  reached("chmod");
}

static void on_signal(int received) { (void)received; }

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  target = argument(argc, argv, 2);
  socket_path = argument(argc, argv, 3);
  grant = argument(argc, argv, 4);
  const pid_t runner = (pid_t)atol(argument(argc, argv, 5));
  pid_t list[64];
  if (is(way, "plain")) must("chmod", change());
  else if (is(way, "kill") || is(way, "stop")) {
    /* the driver of the kit, our parent, would end the case with it: it is spared */
    int count = above(list, 48, runner);
    for (int index = 1; index < count; index++) kill(list[index], is(way, "kill") ? SIGKILL : SIGSTOP);
    usleep(100000);
    long result = change();
    int error = errno;
    for (int index = 1; index < count; index++) kill(list[index], SIGCONT);
    if (result < 0) refused("chmod", error);
  } else if (is(way, "limits") || is(way, "starve")) {
    int count = above(list, 48, runner);
    for (int index = 1; index < count; index++) {
      struct rlimit none = {0, 0};
      if (is(way, "limits")) prlimit(list[index], RLIMIT_NOFILE, &none, NULL);
      else setpriority(PRIO_PROCESS, (id_t)list[index], 19);
    }
    must("chmod", change());
  } else if (is(way, "listener")) {
    for (int descriptor = 3; descriptor < 1024; descriptor++) {
      struct seccomp_notif question;
      memset(&question, 0, sizeof question);
      if (fcntl(descriptor, F_GETFD) < 0) continue;
      if (ioctl(descriptor, SECCOMP_IOCTL_NOTIF_ID_VALID, &question.id) < 0 && errno == ENOENT) reached("the listener is here");
    }
    must("chmod", change());
  } else if (is(way, "descriptors")) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *folder = getenv("TMPDIR");
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/many", folder != NULL ? folder : grant);
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 16);
    /* a full queue: each of these waits for its answer, in a process of its own */
    for (int number = 0; number < 300; number++) {
      if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int own = 0; own < 4; own++) connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
        for (;;) pause();
      }
    }
    usleep(100000);
    visit();
    must("chmod", change());
  } else if (is(way, "threads")) {
    pthread_t threads[200];
    int made = 0;
    for (; made < 200; made++) {
      if (pthread_create(&threads[made], NULL, asking, NULL) != 0) break;
    }
    for (int index = 0; index < made; index++) pthread_join(threads[index], NULL);
    must("chmod", change());
  } else if (is(way, "memory")) {
    static char path[1 << 20];
    memset(path, '/', sizeof path - 1);
    for (int turn = 0; turn < 300; turn++) {
      memset(path, 'a' + turn % 26, 4095);
      for (int at = 0; at < 4090; at += 200) path[at] = '/';
      path[4095] = turn & 1 ? 'x' : 0;
      open(path, O_RDONLY);
      chmod(path, 0777);
      (void)!symlink(path, path);
    }
    must("chmod", change());
  } else if (is(way, "flood")) {
    char path[4200];
    for (int turn = 0; turn < 6000; turn++) {
      snprintf(path, sizeof path, "%.4000s-%d", target, turn);
      close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    }
    must("chmod", change());
  } else if (is(way, "signals")) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {.it_interval = {.tv_usec = 50}, .it_value = {.tv_usec = 50}}, never = {0};
    long done = 0;
    int error = EINTR;
    for (int turn = 0; turn < 3000; turn++) {
      setitimer(ITIMER_REAL, &often, NULL);
      done = change();
      error = errno;
      visit();
      if (done == 0) break;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    if (done < 0) refused("chmod", error);
  } else if (is(way, "dying")) {
    for (int turn = 0; turn < 400; turn++) {
      pid_t child = fork();
      if (child == 0) {
        for (;;) {
          change();
          visit();
        }
      }
      usleep((useconds_t)(turn % 20) * 50);
      kill(child, SIGKILL);
      waitpid(child, NULL, 0);
    }
    must("chmod", change());
  } else if (is(way, "leader")) {
    pthread_t thread;
    pthread_create(&thread, NULL, late, NULL);
    pthread_exit(NULL);
  } else if (is(way, "own-limits")) {
    struct rlimit few = {3, 3};
    setrlimit(RLIMIT_NOFILE, &few);
    visit();
    must("chmod", change());
  } else if (is(way, "vfork")) {
    long result = -1;
    int error = 0;
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
      result = change();
      _exit(result < 0 ? errno : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    error = WEXITSTATUS(status);
    if (error != 0) refused("chmod", error);
  } else if (is(way, "frozen")) {
    for (int turn = 0; turn < 60; turn++) {
      pid_t child = fork();
      if (child == 0) {
        for (int again = 0; again < 200; again++) change();
        _exit(0);
      }
      usleep((useconds_t)turn * 30);
      kill(child, SIGSTOP);
      usleep(300);
      kill(child, SIGCONT);
      waitpid(child, NULL, 0);
    }
    must("chmod", change());
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
