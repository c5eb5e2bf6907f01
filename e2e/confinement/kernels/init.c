/*
 * The first process of a machine that tries a kernel. Static; it is the whole initial file system but for modules.
 *
 * Steps: 1 load /modules/ * in order of their names; 2 mount the disk and make it the root; 3 set up what a Debian start sets up (file
 * systems, loopback, one more address, a group of the user's own, the limits that systemd sets); 4 run /kernels/inside as the
 * ordinary user, with the second disk as descriptor 3; 5 switch the machine off. Any step that fails says so on the
 * console, and the machine goes off without an answer, which the other side takes for a failure.
 * It trusts all it reads: kernel, disk and command line are the tester's own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { user = 1500 };

static void off(void) {
  sync();
  reboot(RB_POWER_OFF);
  for (;;) pause();
}

static void fail(const char *what) {
  printf("init: %s: %s\n", what, strerror(errno));
  fflush(stdout);
  off();
}

static void put(const char *file, const char *text) {
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  /* Which settings there are is the kernel's affair. */
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) < 0) printf("init: %s: %s\n", file, strerror(errno));
  close(fd);
}

static void mount_at(const char *source, const char *at, const char *type, unsigned long flags, const char *data) {
  if (mkdir(at, 0755) != 0 && errno != EEXIST) fail(at);
  if (mount(source, at, type, flags, data) != 0) fail(at);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void load_modules(void) {
  struct dirent **names;
  int count = scandir("/modules", &names, visible, by_name);
  for (int index = 0; index < count; index++) {
    char path[512];
    snprintf(path, sizeof path, "/modules/%s", names[index]->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    /* A module whose hardware is not there refuses; what is needed is missed at the next step. */
    if (syscall(SYS_finit_module, fd, "", 0) != 0) printf("init: %s: %s\n", path, strerror(errno));
    close(fd);
  }
}

/* Files came from the tester's account; on this machine they are root's, as installed ones are. */
static int give_to_root(const char *path, const struct stat *info, int kind, struct FTW *place) {
  (void)kind, (void)place;
  if (info->st_uid == 0 && info->st_gid == 0) return 0;
  if (lchown(path, 0, 0) != 0) fail(path);
  if (!S_ISLNK(info->st_mode) && chmod(path, info->st_mode & 07777) != 0) fail(path);
  return 0;
}

static int give_to_user(const char *path, const struct stat *info, int kind, struct FTW *place) {
  (void)info, (void)kind, (void)place;
  return lchown(path, user, user);
}

static void set_address(const char *name, const char *address) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (address != NULL) {
    struct sockaddr_in place = {.sin_family = AF_INET};
    inet_pton(AF_INET, address, &place.sin_addr);
    memcpy(&request.ifr_addr, &place, sizeof place);
    if (ioctl(fd, SIOCSIFADDR, &request) != 0) fail(name);
  }
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail(name);
  close(fd);
}

/* A group that is the user's to divide, as systemd gives one to each session. */
static void give_group(void) {
  mount_at("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
  put("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids");
  mkdir("/sys/fs/cgroup/person", 0755);
  put("/sys/fs/cgroup/person/cgroup.subtree_control", "+memory +pids");
  mkdir("/sys/fs/cgroup/person/session", 0755);
  static const char *files[] = {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads", "/session", "/session/cgroup.procs"};
  for (size_t index = 0; index < sizeof files / sizeof *files; index++) {
    char path[256];
    snprintf(path, sizeof path, "/sys/fs/cgroup/person%s", files[index]);
    if (chown(path, user, user) != 0) fail(path);
  }
}

static void set_up(void) {
  mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
  mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666,gid=5");
  mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  mount_at("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  /* Debian's rules for devices (udev's 50-udev-default.rules): open to everybody. */
  static const char *open_devices[] = {"/dev/fuse", "/dev/net/tun", "/dev/ptmx", "/dev/rfkill", "/dev/kvm", "/dev/vhost-vsock"};
  for (size_t index = 0; index < sizeof open_devices / sizeof *open_devices; index++) chmod(open_devices[index], 0666);
  symlink("/proc/self/fd", "/dev/fd");
  mkdir("/run/user", 0755);
  mkdir("/run/user/1500", 0700);
  if (chown("/run/user/1500", user, user) != 0) fail("/run/user/1500");
  if (nftw("/usr", give_to_root, 64, FTW_PHYS | FTW_MOUNT) != 0 || nftw("/etc", give_to_root, 64, FTW_PHYS | FTW_MOUNT) != 0 ||
      nftw("/kernels", give_to_root, 64, FTW_PHYS | FTW_MOUNT) != 0 || chown("/", 0, 0) != 0 || chown("/home", 0, 0) != 0 ||
      chown("/tmp", 0, 0) != 0 || chmod("/tmp", 01777) != 0)
    fail("/");
  if (nftw("/home/person", give_to_user, 64, FTW_PHYS | FTW_MOUNT) != 0) fail("/home/person");
  /* Debian's own settings (systemd's 50-default.conf, procps). */
  put("/proc/sys/fs/protected_hardlinks", "1");
  put("/proc/sys/fs/protected_symlinks", "1");
  put("/proc/sys/fs/protected_regular", "2");
  put("/proc/sys/fs/protected_fifos", "1");
  put("/proc/sys/kernel/unprivileged_userns_clone", "1");
  put("/proc/sys/kernel/core_pattern", "core");
  put("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
  sethostname("kernels", 7);
  set_address("lo", NULL);
  set_address("dummy0", "10.20.30.40");
  give_group();
}

static void run_inside(void) {
  int answer = open("/dev/vdb", O_RDWR);
  if (answer < 0) fail("/dev/vdb");
  if (answer != 3 && (dup2(answer, 3) < 0 || close(answer) != 0)) fail("/dev/vdb");
  put("/sys/fs/cgroup/person/session/cgroup.procs", "0");
  /* A session of a desktop has both limits; a shell of systemd's as well. */
  struct rlimit files = {1024, 524288}, core = {0, RLIM_INFINITY};
  setrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_CORE, &core);
  if (setsid() < 0 || setgroups(0, NULL) != 0 || setgid(user) != 0 || setuid(user) != 0) fail("user");
  int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  if (nothing > 3) close(nothing);
  umask(022);
  if (chdir("/home/person") != 0) fail("/home/person");
  char *const arguments[] = {"/usr/bin/node", "/kernels/inside.mjs", NULL};
  char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/home/person", "USER=person", "LOGNAME=person", "SHELL=/bin/sh",
                               "LANG=C.UTF-8", "XDG_RUNTIME_DIR=/run/user/1500", "XDG_CACHE_HOME=/kernels/cache", NULL};
  execve(arguments[0], arguments, environment);
  fail(arguments[0]);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("init: begun");
  mount_at("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  load_modules();
  struct stat info;
  for (int turn = 0; stat("/dev/vda", &info) != 0 || stat("/dev/vdb", &info) != 0; turn++) {
    if (turn == 600) fail("the disks did not come up");
    usleep(50 * 1000);
  }
  mount_at("/dev/vda", "/disk", "ext4", MS_NOATIME, NULL);
  /* The way of switch_root(8): the disk over the root, then there. */
  if (chdir("/disk") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) fail("/disk");
  set_up();
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) run_inside();
  /* Orphans come here too, as to every first process. */
  int status = 0;
  for (;;) {
    pid_t ended = wait(&status);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
  }
  printf("init: inside ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  off();
}
