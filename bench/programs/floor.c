/*
 * What an open costs before anything of Belljar's own is added: floor <what> <plan> -- <command> <argument>...
 *
 *   landlock  the plan's places as two Landlock domains, as a run has them, and nothing else
 *   empty     every openat is stopped by a filter and let go on by a handler that looks at nothing
 *   looking   landlock, and a handler that reads the path
 *   handing   a handler that opens what it read and hands the descriptor over
 *
 * The handler is the least there can be: no decision, no check, no event. Like a run's, the command has a session of its own, because
 * sessions may be groups for the scheduler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names that older headers do not have; the numbers are the kernel's. */
enum { create_ruleset = 444, add_rule = 445, restrict_self = 446, get_descriptor = 438 };
enum { execute = 1 << 0, read_file = 1 << 2, read_folder = 1 << 3, for_files = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) };
static const uint64_t set_flags = SECCOMP_IOW(4, uint64_t);

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int ruleset_of(const char *plan) {
  uint64_t all = (1 << 16) - 1;
  int ruleset = (int)syscall(create_ruleset, &all, sizeof all, 0);
  FILE *file = fopen(plan, "r");
  if (ruleset < 0 || file == NULL) die("floor: Landlock or the plan");
  char line[8192];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *place = strchr(line, ' ');
    if (place == NULL) continue;
    *place++ = '\0';
    uint64_t rights = strcmp(line, "read") == 0    ? read_file | read_folder
                      : strcmp(line, "exec") == 0  ? read_file | read_folder | execute
                      : strcmp(line, "write") == 0 ? all & ~(uint64_t)execute
                                                   : 0;
    int object = rights == 0 ? -1 : open(place, O_PATH | O_CLOEXEC);
    struct stat info;
    if (object < 0 || fstat(object, &info) != 0) continue;
    struct landlock_path_beneath_attr rule = {S_ISDIR(info.st_mode) ? rights : rights & for_files, object};
    if (syscall(add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) die(place);
    close(object);
  }
  fclose(file);
  return ruleset;
}

/* In one piece where it does not lie across the end of a page: the next one may not be there. */
static int read_path(pid_t thread, uint64_t address, char path[256]) {
  for (size_t had = 0; had < 256;) {
    size_t to_page = 4096 - (address & 4095);
    struct iovec local = {path + had, to_page < 256 - had ? to_page : 256 - had};
    struct iovec remote = {(void *)address, local.iov_len};
    ssize_t n = process_vm_readv(thread, &local, 1, &remote, 1, 0);
    if (n <= 0) return 0;
    if (memchr(local.iov_base, 0, (size_t)n) != NULL) return 1;
    had += (size_t)n;
    address += (uint64_t)n;
  }
  return 0;
}

static void serve(int listener, int looks, int hands) {
  char path[256];
  for (;;) {
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      struct pollfd state = {listener, 0, 0};
      if (poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0) return;
      continue;
    }
    if (looks && !read_path((pid_t)call.pid, call.data.args[1], path)) path[0] = '\0';
    /* What a program loads at its start is its own to open. */
    int file = hands && path[0] == '/' && strncmp(path, "/tmp/", 5) == 0 ? open(path, (int)call.data.args[2] | O_CLOEXEC) : -1;
    if (file >= 0) {
      struct seccomp_notif_addfd add = {.id = call.id, .flags = 2 /* SEND */, .srcfd = (uint32_t)file, .newfd_flags = O_CLOEXEC};
      int given = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
      close(file);
      if (given >= 0) continue;
    }
    struct seccomp_notif_resp answer = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

int main(int argc, char **argv) {
  if (argc < 5 || strcmp(argv[3], "--") != 0) return 2;
  const char *what = argv[1];
  char **command = argv + 4;
  int hands = strcmp(what, "handing") == 0;
  int looks = hands || strcmp(what, "looking") == 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("floor: no_new_privs");
  if (strcmp(what, "landlock") == 0 || strcmp(what, "looking") == 0) {
    int rulesets[2] = {ruleset_of(argv[2]), ruleset_of(argv[2])};
    for (int i = 0; i < 2; i++) {
      if (syscall(restrict_self, rulesets[i], 0) != 0) die("floor: landlock_restrict_self");
      close(rulesets[i]);
    }
  }
  int ends[2];
  int go[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0) die("floor: pipe");
  pid_t child = fork();
  if (child < 0) die("floor: fork");
  if (child == 0) {
    setsid();
    if (strcmp(what, "landlock") != 0) {
      struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
                                   {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_openat},
                                   {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
                                   {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
      struct sock_fprog program = {4, code};
      int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
      char byte = 0;
      if (listener < 0 || write(ends[1], &listener, sizeof listener) != sizeof listener || read(go[0], &byte, 1) != 1) _exit(1);
      close(listener);
    }
    execv(command[0], command);
    _exit(127);
  }
  if (strcmp(what, "landlock") != 0) {
    int number = -1;
    int process = (int)syscall(SYS_pidfd_open, child, 0);
    if (read(ends[0], &number, sizeof number) != sizeof number) die("floor: no listener");
    int listener = (int)syscall(get_descriptor, process, number, 0);
    if (listener < 0) die("floor: pidfd_getfd");
    ioctl(listener, set_flags, 1 /* SYNC_WAKE_UP; missing before Linux 6.6 */);
    if (write(go[1], "", 1) != 1) die("floor: write");
    serve(listener, looks, hands);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
