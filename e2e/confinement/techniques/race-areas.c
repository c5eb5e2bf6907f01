/*
 * Races a supervisor that makes calls on files on a program's behalf and leaves some files out.
 * race-areas <symlink|memory|folder|descriptor|how> <open file> <closed file> <folder to swap in> <seconds> <decoy>
 * One thread changes what a path means (a symbolic link, a folder above it, the bytes of the path, what a descriptor is, how openat2 is
 * to go about it) while the other makes every call on files by that path, both ends of those that have two. Facts: whatever the
 * supervisor looks at, another thread can change at the same moment. What counts is the decoy in what was read, and from outside the
 * closed folder. Says of each call how often it was done and refused.
 */
#include "attack.h"

#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/xattr.h>
#include <time.h>

static atomic_bool stop;
static const char *way, *open_file, *closed_file, *folder, *decoy;
static char open_folder[4096], closed_folder[4096];
/* What is raced: a file, the same as a name in a folder that is changed, a name there that is free, and an empty folder there. */
static char file[4096], item[4096], fresh[4096], empty[4096];
static int at = AT_FDCWD, hand = -1, handles[2], folder_handles[2];
static volatile struct open_how how;
static long leaked;

static void parent_of(char *out, const char *path) {
  snprintf(out, 4096, "%s", path);
  *strrchr(out, '/') = 0;
}

static char *below(char *out, const char *in, const char *name) {
  snprintf(out, 4200, "%s/%s", in, name);
  return out;
}

static void point(const char *link, const char *target) {
  char other[4200];
  snprintf(other, sizeof other, "%s.new", link);
  if (symlink(target, other) == 0) rename(other, link);
}

static void *flip(void *nothing) {
  (void)nothing;
  char link[4200], folder_link[4200], real[4200], aside[4200], fresh_names[2][4200], empty_names[2][4200];
  below(link, folder, "flip");
  below(folder_link, folder, "flip-folder");
  below(real, folder, "turn");
  below(aside, folder, "aside");
  below(fresh_names[0], open_folder, "fresh");
  below(fresh_names[1], closed_folder, "fresh");
  below(empty_names[0], open_folder, "empty");
  below(empty_names[1], closed_folder, "empty");
  static const uint64_t flags[] = {O_PATH, O_RDONLY, O_PATH | O_NOFOLLOW, O_WRONLY, O_WRONLY | O_CREAT, O_RDWR | O_TRUNC, O_PATH | O_DIRECTORY};
  static const uint64_t resolves[] = {RESOLVE_BENEATH, 0, RESOLVE_IN_ROOT, 0, RESOLVE_NO_SYMLINKS};
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    bool closed = turn & 1;
    if (is(way, "symlink")) {
      point(link, closed ? closed_file : open_file);
      point(folder_link, closed ? closed_folder : open_folder);
    } else if (is(way, "folder")) {
      /* a real folder, and a link of the same name to the closed one */
      if (closed) {
        rename(real, aside);
        (void)!symlink(closed_folder, real);
      } else {
        unlink(real);
        rename(aside, real);
      }
    } else if (is(way, "descriptor")) {
      dup2(handles[closed], hand);
      dup2(folder_handles[closed], at);
    } else if (is(way, "how")) {
      how.flags = flags[turn % 7];
      how.mode = (how.flags & O_CREAT) != 0 ? 0600 : 0;
      how.resolve = resolves[turn % 5];
    } else {
      const char *target = closed ? closed_file : open_file;
      memcpy(file, target, strlen(target) + 1);
      memcpy(item, target, strlen(target) + 1);
      memcpy(fresh, fresh_names[closed], strlen(fresh_names[closed]) + 1);
      memcpy(empty, empty_names[closed], strlen(empty_names[closed]) + 1);
    }
  }
  return NULL;
}

static void look(int descriptor) {
  char text[256] = "";
  if (descriptor >= 0 && pread(descriptor, text, sizeof text - 1, 0) > 0 && strstr(text, decoy) != NULL) leaked++;
}

static void look_at(const char *path) {
  int descriptor = open(path, O_RDONLY | O_NOFOLLOW);
  look(descriptor);
  if (descriptor >= 0) close(descriptor);
}

/* The open side as it was, by names that nobody swaps: where it is a real folder that is moved, by both of them. */
static void tidy(void) {
  static const char *moved[] = {"turn", "aside"};
  char in[4200], name[8400];
  for (int i = 0; i < 2; i++) {
    if (is(way, "folder")) below(in, folder, moved[i]);
    else snprintf(in, sizeof in, "%s", open_folder);
    struct stat info;
    if (lstat(in, &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    snprintf(name, sizeof name, "%s/fresh", in);
    if (unlink(name) != 0) rmdir(name);
    snprintf(name, sizeof name, "%s/empty", in);
    mkdir(name, 0700);
    snprintf(name, sizeof name, "%s/%s", in, strrchr(closed_file, '/') + 1);
    int descriptor = open(name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
    if (descriptor >= 0) {
      (void)!write(descriptor, "open", 4);
      close(descriptor);
    }
    /* what was removed may have no second name */
    if (is(way, "descriptor") && (descriptor = open(name, O_PATH)) >= 0) {
      dup2(descriptor, handles[0]);
      close(descriptor);
    }
    if (!is(way, "folder")) break;
  }
}

static const char *const calls[] = {"read",  "write",    "truncate", "chmod",   "chown",  "utimes", "setxattr", "openat2", "openat2-make", "link",
                                    "link-to", "create", "mkdir",    "symlink",  "mknod",   "unlink", "rmdir",  "rename",   "rename-to", "replace", "exchange"};
enum { calls_count = sizeof calls / sizeof *calls };

static long make_call(const char *call, int *opened, int *error) {
  char parked[4200], mine[4200];
  below(parked, folder, "parked");
  below(mine, folder, "mine");
  struct open_how steady = {.resolve = RESOLVE_NO_XDEV};
  long result = -1;
  if (is(call, "read")) {
    result = *opened = open(file, O_RDONLY);
    *error = errno;
    look(*opened);
    return result;
  } else if (is(call, "write")) {
    result = *opened = open(file, O_WRONLY);
    if (*opened >= 0) (void)!write(*opened, "W", 1);
  } else if (is(call, "truncate")) result = truncate(file, 1);
  else if (is(call, "chmod")) result = chmod(file, 0640);
  else if (is(call, "chown")) result = chown(file, getuid(), getgid());
  else if (is(call, "utimes")) result = utimensat(AT_FDCWD, file, NULL, 0);
  else if (is(call, "setxattr")) result = setxattr(file, "user.race", "1", 1, 0);
  else if (is(call, "openat2")) {
    steady.flags = O_RDWR;
    result = *opened = (int)syscall(SYS_openat2, at, item, &steady, sizeof steady);
    look(*opened);
  } else if (is(call, "openat2-make")) {
    steady.flags = O_RDWR | O_CREAT;
    steady.mode = 0600;
    result = *opened = (int)syscall(SYS_openat2, at, fresh, &steady, sizeof steady);
  } else if (is(call, "link")) {
    result = linkat(AT_FDCWD, file, AT_FDCWD, parked, AT_SYMLINK_FOLLOW);
    *error = errno;
    if (result == 0) look_at(parked);
    unlink(parked);
    return result;
  } else if (is(call, "link-to")) result = linkat(AT_FDCWD, mine, at, fresh, 0);
  else if (is(call, "create")) result = *opened = openat(at, fresh, O_WRONLY | O_CREAT | O_NONBLOCK, 0600);
  else if (is(call, "mkdir")) result = mkdirat(at, fresh, 0700);
  else if (is(call, "symlink")) result = symlinkat(open_file, at, fresh);
  else if (is(call, "mknod")) result = mknodat(at, fresh, S_IFIFO | 0600, 0);
  else if (is(call, "unlink")) result = unlinkat(at, item, 0);
  else if (is(call, "rmdir")) result = unlinkat(at, empty, AT_REMOVEDIR);
  else if (is(call, "rename")) {
    result = renameat(at, item, AT_FDCWD, parked);
    *error = errno;
    if (result == 0) look_at(parked);
    unlink(parked);
    return result;
  } else {
    close(open(mine, O_WRONLY | O_CREAT, 0600));
    if (is(call, "rename-to")) result = renameat(AT_FDCWD, mine, at, fresh);
    else if (is(call, "replace")) result = renameat(AT_FDCWD, mine, at, item);
    else result = syscall(SYS_renameat2, AT_FDCWD, mine, at, item, 2 /* RENAME_EXCHANGE */);
    *error = errno;
    if (result == 0) look_at(mine);
    return result;
  }
  *error = errno;
  return result;
}

/* By steady names, and with what to do about them in a memory that changes. */
static long call_how(long turn, int *opened, int *error) {
  static const char *const names[] = {"item.txt", "../closed/item.txt", "/item.txt", "fresh", "../closed/fresh", "to-closed"};
  long result = *opened = (int)syscall(SYS_openat2, folder_handles[0], names[turn % 6], &how, sizeof how);
  *error = errno;
  if (*opened < 0) return result;
  look(*opened);
  /* what is only a handle */
  char again[64];
  snprintf(again, sizeof again, "/proc/self/fd/%d", *opened);
  int second = open(again, O_RDONLY);
  look(second);
  if (second >= 0) close(second);
  return result;
}

/* In no steady order: two threads that take turns would meet each call with the same side each time. */
static unsigned any(void) {
  static unsigned seed = 7;
  seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
  return seed;
}

int main(int argc, char **argv) {
  way = argument(argc, argv, 1);
  open_file = argument(argc, argv, 2);
  closed_file = argument(argc, argv, 3);
  folder = argument(argc, argv, 4);
  long seconds = atol(argument(argc, argv, 5));
  decoy = argument(argc, argv, 6);
  parent_of(open_folder, open_file);
  parent_of(closed_folder, closed_file);
  char path[4200];
  const char *name = strrchr(closed_file, '/') + 1;
  close((int)prepare("make a file", open(below(path, folder, "mine"), O_CREAT | O_WRONLY, 0600)));
  snprintf(file, sizeof file, "%s", open_file);
  snprintf(item, sizeof item, "%s", open_file);
  snprintf(fresh, sizeof fresh, "%.4000s/fresh", open_folder);
  snprintf(empty, sizeof empty, "%.4000s/empty", open_folder);
  folder_handles[0] = (int)prepare("handle", open(open_folder, O_PATH));
  folder_handles[1] = (int)prepare("handle", open(closed_folder, O_PATH));
  if (is(way, "folder")) {
    prepare("make the folder", mkdir(below(path, folder, "turn"), 0700));
    snprintf(file, sizeof file, "%.2000s/turn/%.2000s", folder, name);
    snprintf(item, sizeof item, "%.2000s/turn/%.2000s", folder, name);
    snprintf(fresh, sizeof fresh, "%.4000s/turn/fresh", folder);
    snprintf(empty, sizeof empty, "%.4000s/turn/empty", folder);
  } else if (is(way, "symlink")) {
    prepare("symlink", symlink(open_file, below(path, folder, "flip")));
    prepare("symlink", symlink(open_folder, below(path, folder, "flip-folder")));
    snprintf(file, sizeof file, "%.4000s/flip", folder);
    snprintf(item, sizeof item, "%.2000s/flip-folder/%.2000s", folder, name);
    snprintf(fresh, sizeof fresh, "%.4000s/flip-folder/fresh", folder);
    snprintf(empty, sizeof empty, "%.4000s/flip-folder/empty", folder);
  } else if (is(way, "descriptor")) {
    handles[0] = (int)prepare("handle", open(open_file, O_PATH));
    handles[1] = (int)prepare("handle", open(closed_file, O_PATH));
    hand = (int)prepare("dup", dup(handles[0]));
    at = (int)prepare("dup", dup(folder_handles[0]));
    snprintf(file, sizeof file, "/proc/self/fd/%d", hand);
    snprintf(item, sizeof item, "%s", name);
    snprintf(fresh, sizeof fresh, "fresh");
    snprintf(empty, sizeof empty, "empty");
  } else if (is(way, "how")) {
    prepare("symlink", symlink(closed_file, below(path, open_folder, "to-closed")));
  }
  tidy();
  pthread_t thread;
  if (pthread_create(&thread, NULL, flip, NULL) != 0) broken("thread");
  long done[calls_count] = {0}, refused[calls_count] = {0}, all_done = 0, all_refused = 0;
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  now = begin;
  for (long turn = 0; now.tv_sec - begin.tv_sec < seconds && leaked == 0; turn++) {
    int error = 0, opened = -1, which = is(way, "how") ? 0 : (int)(any() % calls_count);
    long result = is(way, "how") ? call_how(turn, &opened, &error) : make_call(calls[which], &opened, &error);
    if (opened >= 0) close(opened);
    if (result >= 0) done[which]++, all_done++;
    else if (error == EACCES || error == EPERM || error == EXDEV) refused[which]++, all_refused++;
    /* What a name was taken from is put back. */
    if (is(way, "how") ? turn % 64 == 0 : which > 7) tidy();
    clock_gettime(CLOCK_MONOTONIC, &now);
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  for (int i = 0; i < calls_count && !is(way, "how"); i++) printf("%s: %ld done, %ld refused\n", calls[i], done[i], refused[i]);
  if (leaked > 0) reached("the closed file's content");
  printf("REFUSED EACCES all: %ld done, %ld refused\n", all_done, all_refused);
  return 10;
}
