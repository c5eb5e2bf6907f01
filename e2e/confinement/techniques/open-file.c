/*
 * Opens a file by one of the routes to it. open-file <route> <access> <path> [inside folder]
 * Facts: a path can be spelled in many ways, and a descriptor from O_PATH (which Landlock does not refuse) can be opened
 * again through /proc/self/fd.
 */
#include "attack.h"

#include <dirent.h>
#include <libgen.h>
#include <linux/openat2.h>

static int flags_of(const char *access) {
  if (is(access, "read")) return O_RDONLY;
  if (is(access, "write")) return O_WRONLY | O_APPEND;
  if (is(access, "read-write")) return O_RDWR | O_APPEND;
  if (is(access, "create")) return O_WRONLY | O_CREAT | O_EXCL;
  if (is(access, "truncate")) return O_WRONLY | O_TRUNC;
  if (is(access, "truncate-read-only")) return O_RDONLY | O_TRUNC;
  if (is(access, "list")) return O_RDONLY | O_DIRECTORY;
  errno = EINVAL;
  broken("access");
}

int main(int argc, char **argv) {
  const char *route = argument(argc, argv, 1);
  const char *access = argument(argc, argv, 2);
  const char *path = argument(argc, argv, 3);
  int flags = flags_of(access) | O_CLOEXEC;
  char folder[4096], name[4096], spelled[16384];
  snprintf(folder, sizeof folder, "%s", path);
  snprintf(name, sizeof name, "%s", path);
  char *parent = dirname(folder);
  char *base = basename(name);
  long descriptor = -1;

  if (is(route, "absolute")) {
    descriptor = openat(AT_FDCWD, path, flags, 0600);
  } else if (is(route, "open-call")) {
#ifdef SYS_open
    descriptor = syscall(SYS_open, path, flags, 0600);
#else
    descriptor = openat(AT_FDCWD, path, flags, 0600);
#endif
  } else if (is(route, "creat-call")) {
#ifdef SYS_creat
    descriptor = syscall(SYS_creat, path, 0600);
#else
    descriptor = openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
#endif
  } else if (is(route, "dotdot")) {
    /* from inside the granted folder up to the root and down again */
    snprintf(spelled, sizeof spelled, "%s/../../../../../../../../../..%s", argument(argc, argv, 4), path);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "slashes")) {
    snprintf(spelled, sizeof spelled, "%s/.//../%s/.///./%s", parent, strrchr(parent, '/') + 1, base);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "symlink")) {
    snprintf(spelled, sizeof spelled, "%s/link-%d", argument(argc, argv, 4), getpid());
    prepare("symlink inside", symlink(path, spelled));
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "symlink-folder")) {
    snprintf(spelled, sizeof spelled, "%s/link-%d", argument(argc, argv, 4), getpid());
    prepare("symlink inside", symlink(parent, spelled));
    snprintf(spelled, sizeof spelled, "%s/link-%d/%s", argv[4], getpid(), base);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "chdir")) {
    must("chdir", chdir(parent));
    descriptor = openat(AT_FDCWD, base, flags, 0600);
  } else if (is(route, "dirfd")) {
    int from = (int)must("open the folder with O_PATH", open(parent, O_PATH | O_DIRECTORY));
    descriptor = openat(from, base, flags, 0600);
  } else if (is(route, "openat2")) {
    struct open_how how = {.flags = (uint64_t)flags, .mode = flags & O_CREAT ? 0600 : 0};
    descriptor = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  } else if (is(route, "openat2-large")) {
    /* a longer open_how than this kernel knows, zero beyond: legal, and a second place for the flags to hide */
    struct {
      struct open_how how;
      uint64_t beyond[8];
    } large = {.how = {.flags = (uint64_t)flags, .mode = flags & O_CREAT ? 0600 : 0}};
    descriptor = syscall(SYS_openat2, AT_FDCWD, path, &large, sizeof large);
  } else if (is(route, "openat2-in-root")) {
    struct open_how how = {.flags = (uint64_t)flags, .mode = flags & O_CREAT ? 0600 : 0, .resolve = RESOLVE_IN_ROOT};
    int from = (int)must("open / with O_PATH", open("/", O_PATH | O_DIRECTORY));
    descriptor = syscall(SYS_openat2, from, path, &how, sizeof how);
  } else if (is(route, "opath-reopen")) {
    int handle = (int)must("open with O_PATH", open(path, O_PATH));
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", handle);
    descriptor = openat(AT_FDCWD, spelled, flags);
  } else if (is(route, "dev-fd-reopen")) {
    int handle = (int)must("open with O_PATH", open(path, O_PATH));
    snprintf(spelled, sizeof spelled, "/dev/fd/%d", handle);
    descriptor = openat(AT_FDCWD, spelled, flags);
  } else if (is(route, "proc-root")) {
    snprintf(spelled, sizeof spelled, "/proc/self/root%s", path);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "proc-cwd")) {
    must("chdir", chdir(parent));
    snprintf(spelled, sizeof spelled, "/proc/self/cwd/%s", base);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "proc-thread-root")) {
    snprintf(spelled, sizeof spelled, "/proc/thread-self/root%s", path);
    descriptor = openat(AT_FDCWD, spelled, flags, 0600);
  } else if (is(route, "tmpfile")) {
    /* an unnamed file made in the folder, then given a name */
    descriptor = openat(AT_FDCWD, parent, O_TMPFILE | O_WRONLY, 0600);
    if (descriptor >= 0) {
      snprintf(spelled, sizeof spelled, "/proc/self/fd/%ld", descriptor);
      must("name the unnamed file", linkat(AT_FDCWD, spelled, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
    }
  } else {
    errno = EINVAL;
    broken("route");
  }
  must("open", descriptor);

  if (is(access, "list")) {
    DIR *directory = fdopendir((int)descriptor);
    if (directory == NULL) refused("fdopendir", errno);
    char names[2048] = "";
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
      strncat(names, entry->d_name, sizeof names - strlen(names) - 2);
      strncat(names, " ", sizeof names - strlen(names) - 2);
    }
    reached(names);
  }
  if (is(access, "read")) reached_content((int)descriptor, "read");
  if (!is(access, "truncate") && !is(access, "truncate-read-only")) {
    must("write", write((int)descriptor, "written\n", 8));
  }
  reached(access);
}
