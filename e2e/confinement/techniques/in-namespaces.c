/*
 * Makes the namespaces that a browser's sandbox is made of, and attacks from inside.
 *   in-namespaces <form> <program> [arguments]   executes another attack in there; its exit status is passed on
 *   in-namespaces <form> - <way> [arguments]     attacks that cannot be executed in there (see below)
 * Forms: user; sandbox (users, processes and network, as Chromium's zygote); page (one more namespace of users inside, and
 * one of processes in that, as every page). Facts: in a namespace of users its maker has every right that the kernel grants
 * by namespace, process numbers mean other processes, and chroot() needs no more privilege.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/un.h>

static int put(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0) return -1;
  ssize_t written = write(file, text, strlen(text));
  close(file);
  return written == (ssize_t)strlen(text) ? 0 : -1;
}

/* As root of the namespace, where the kernel lets us: with our own rights dropped it does not map id 0 for us. */
static void map_ids(uid_t user, gid_t group) {
  char text[64];
  must("setgroups", open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC));
  put("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "0 %u 1", group);
  put("/proc/self/gid_map", text);
  snprintf(text, sizeof text, "0 %u 1", user);
  put("/proc/self/uid_map", text);
}

/* Goes on in a new child; the parent waits for it and passes its status on. */
static void enter(const char *step, unsigned long flags) {
  long child = must(step, syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));
  if (child == 0) return;
  int status = 0;
  waitpid((pid_t)child, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static void own_way(int argc, char **argv, int socket_from_outside) {
  const char *way = argument(argc, argv, 3);
  if (is(way, "nothing")) reached("namespaces");
  if (is(way, "pid-is-one")) {
    if (getpid() != 1) {
      errno = EINVAL;
      broken("process number");
    }
    reached("process 1");
  }
  if (is(way, "signal-own-child")) {
    /* by the number that it has in here */
    pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    must("setpriority", setpriority(0, (id_t)child, 5));
    must("kill", kill(child, SIGTERM));
    int status = 0;
    must("waitpid", waitpid(child, &status, 0));
    if (!WIFSIGNALED(status)) refused("kill", EPERM);
    reached("own child");
  }
  if (is(way, "inherited-connect")) {
    /* a socket belongs to the network it was made in */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument(argc, argv, 4)))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must("connect", connect(socket_from_outside, (struct sockaddr *)&to, sizeof to));
    reached("connected");
  }
  if (is(way, "interface-up")) {
    /* a Unix socket is enough to set the namespace's own interfaces up */
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int descriptor = (int)prepare("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    must("SIOCSIFFLAGS", ioctl(descriptor, SIOCSIFFLAGS, &request));
    reached("interface up");
  }
  if (is(way, "interface-ask")) {
    struct ifreq request = {.ifr_name = "lo"};
    int descriptor = (int)prepare("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    must("SIOCGIFFLAGS", ioctl(descriptor, SIOCGIFFLAGS, &request));
    reached("interface seen");
  }
  if (is(way, "map-of-other")) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/uid_map", argument(argc, argv, 4));
    must("open", open(path, O_WRONLY));
    reached("map");
  }
  /* From below a root folder of one's own: <folder> <path> */
  const char *folder = argument(argc, argv, 4);
  const char *path = argument(argc, argv, 5);
  char up[4096];
  snprintf(up, sizeof up, "/../../../../../../..%s", path);
  must("chroot", chroot(folder));
  must("chdir", chdir("/"));
  if (is(way, "root-open")) reached_content((int)must("open", open(path, O_RDONLY)), "read");
  if (is(way, "root-open-up")) reached_content((int)must("open", open(up, O_RDONLY)), "read");
  if (is(way, "root-chmod")) {
    must("chmod", chmod(path, 0640));
    reached("mode");
  }
  if (is(way, "root-chmod-up")) {
    must("chmod", chmod(up, 0640));
    reached("mode");
  }
  if (is(way, "root-connect") || is(way, "root-connect-up")) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", is(way, "root-connect") ? path : up);
    int descriptor = (int)prepare("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    must("connect", connect(descriptor, (struct sockaddr *)&to, sizeof to));
    reached("connected");
  }
  errno = EINVAL;
  broken("way");
}

int main(int argc, char **argv) {
  const char *form = argument(argc, argv, 1);
  const char *program = argument(argc, argv, 2);
  uid_t user = geteuid();
  gid_t group = getegid();
  int from_outside = socket(AF_INET, SOCK_STREAM, 0);
  if (is(form, "user")) enter("clone", CLONE_NEWUSER);
  else if (!is(form, "none")) enter("clone", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET);
  if (!is(form, "none")) map_ids(user, group);
  if (is(form, "page")) {
    must("unshare", unshare(CLONE_NEWUSER));
    map_ids(0, 0);
    enter("clone", CLONE_NEWPID);
  }
  if (is(program, "-")) own_way(argc, argv, from_outside);
  execv(program, argv + 2);
  broken("execv");
}
