// Some thousand file calls in one folder, each by name with what came of it: run bare and inside an area, the two lists must be equal.
//   file-calls <folder>
// The folder is empty and may be written, as may the one that it stands in (its mode is changed). Every case makes what it needs and removes it again. A line is `name: result`, where a
// result is the name of an error, or facts that do not depend on the day, the folder or the numbers of descriptors.
//
// Root gives up its capabilities first, because a contained program has none.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static char root[PATH_MAX / 2];
static int root_fd, parent_fd;
// Whether the last case may have changed something.
static int touched = 1;
static char long_name[300];
static char long_path[8192];

static void broken(const char *what) {
  printf("BROKEN %s: %s\n", what, strerror(errno));
  exit(2);
}

static void say(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vprintf(format, list);
  va_end(list);
  putchar('\n');
}

static const char *name_of(int error) {
  const char *name = strerrorname_np(error);
  return name == NULL ? "?" : name;
}

static const char *result(long r) {
  static char texts[8][32];
  static int next;
  if (r < 0) return name_of(errno);
  char *text = texts[next++ % 8];
  snprintf(text, sizeof texts[0], "%ld", r);
  return text;
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) broken(path);
  close(fd);
}

// Everything that a case left; folders that may not be entered too.
static void empty_at(int folder) {
  int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY);
  DIR *list = fd < 0 ? NULL : fdopendir(fd);
  if (list == NULL) broken("listing");
  for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    struct stat info;
    if (fstatat(dirfd(list), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      fchmodat(dirfd(list), entry->d_name, 0700, 0);
      int inner = openat(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (inner >= 0) {
        empty_at(inner);
        close(inner);
      }
      if (unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR) != 0) broken(entry->d_name);
    } else if (unlinkat(dirfd(list), entry->d_name, 0) != 0) {
      broken(entry->d_name);
    }
  }
  closedir(list);
}

// The folder as every case finds it; made again only when it may have changed.
static void fresh(void) {
  if (!touched) return;
  umask(022);
  if (fchmod(parent_fd, 0755) != 0 || fchmod(root_fd, 0755) != 0 || chdir(root) != 0) broken("chdir");
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  if (fd < 0) broken("the folder");
  empty_at(fd);
  close(fd);
  write_file("file", "content\n");
  write_file("other", "other\n");
  if (mkdir("dir", 0755) != 0 || mkdir("full", 0755) != 0) broken("mkdir");
  write_file("full/inner", "inner\n");
  if (symlink("file", "link") != 0 || symlink("dir", "dirlink") != 0 || symlink("nowhere", "dangling") != 0 ||
      symlink("loop", "loop") != 0 || symlink("full/inner", "deeplink") != 0)
    broken("symlink");
  if (mkfifo("fifo", 0644) != 0) broken("mkfifo");
  write_file("closed", "closed\n");
  if (chmod("closed", 0) != 0) broken("chmod");
  if (mkdir("shut", 0755) != 0) broken("mkdir");
  write_file("shut/inner", "inner\n");
  if (chmod("shut", 0) != 0) broken("chmod");
  int sock = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "sock"};
  if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof address) != 0) mknod("sock", S_IFSOCK | 0644, 0);
  close(sock);
  touched = 1;
}

static const char *targets[] = {"file",    "dir",      "missing",   "missing/below", "file/below", "file/",     "dir/",     "dir/.",      "missing/", "link",   "link/",
                                "dirlink", "dirlink/", "dangling",  "dangling/",     "loop",       "fifo",      "sock",     "full/inner", "deeplink", "closed", "shut",
                                "shut/inner", "dir/new", ".",       "..",            "./file",     "dir/../file", "dirlink/../file", "", "LONGNAME", "LONGPATH", "ABSOLUTE", "//DOUBLE//"};
enum { target_count = sizeof targets / sizeof *targets };

static const char *path_of(const char *target) {
  static char absolute[2][PATH_MAX * 2];
  static int next;
  char *text = absolute[next++ % 2];
  if (strcmp(target, "LONGNAME") == 0) return long_name;
  if (strcmp(target, "LONGPATH") == 0) return long_path;
  if (strcmp(target, "ABSOLUTE") == 0) return snprintf(text, sizeof absolute[0], "%s/file", root), text;
  if (strcmp(target, "//DOUBLE//") == 0) return snprintf(text, sizeof absolute[0], "%s//dir//..//file", root), text;
  return target;
}

static void facts(const char *call, const char *what, const char *target, int fd) {
  if (fd < 0) return say("%s %s %s: %s", call, what, target, name_of(errno));
  struct stat info;
  if (fstat(fd, &info) != 0) return say("%s %s %s: fstat %s", call, what, target, name_of(errno));
  int flags = fcntl(fd, F_GETFL);
  long size = S_ISREG(info.st_mode) ? (long)info.st_size : -1;
  say("%s %s %s: flags %o close %d mode %o size %ld links %d", call, what, target, flags, fcntl(fd, F_GETFD), info.st_mode, size,
      S_ISDIR(info.st_mode) ? -1 : (int)info.st_nlink);
  close(fd);
}

static const struct {
  const char *name;
  int flags;
} openings[] = {
    {"RDONLY", O_RDONLY},
    {"WRONLY", O_WRONLY},
    {"RDWR", O_RDWR},
    {"ACCMODE", O_ACCMODE},
    {"DIRECTORY", O_RDONLY | O_DIRECTORY},
    {"NOFOLLOW", O_RDONLY | O_NOFOLLOW},
    {"DIRECTORY|NOFOLLOW", O_RDONLY | O_DIRECTORY | O_NOFOLLOW},
    {"WRONLY|TRUNC", O_WRONLY | O_TRUNC},
    {"RDONLY|TRUNC", O_RDONLY | O_TRUNC},
    {"WRONLY|APPEND|CLOEXEC", O_WRONLY | O_APPEND | O_CLOEXEC},
    {"CREAT", O_RDONLY | O_CREAT},
    {"RDWR|CREAT|TRUNC", O_RDWR | O_CREAT | O_TRUNC},
    {"RDWR|CREAT|EXCL", O_RDWR | O_CREAT | O_EXCL},
    {"WRONLY|CREAT|NOFOLLOW", O_WRONLY | O_CREAT | O_NOFOLLOW},
    {"CREAT|DIRECTORY", O_RDONLY | O_CREAT | O_DIRECTORY},
    {"EXCL", O_RDONLY | O_EXCL},
    {"PATH", O_PATH},
    {"PATH|NOFOLLOW", O_PATH | O_NOFOLLOW},
    {"PATH|DIRECTORY", O_PATH | O_DIRECTORY},
    {"PATH|CREAT|RDWR", O_PATH | O_CREAT | O_RDWR},
    {"RDWR|TMPFILE", O_RDWR | O_TMPFILE},
    {"RDONLY|TMPFILE", O_RDONLY | O_TMPFILE},
    {"WRONLY|TMPFILE|EXCL", O_WRONLY | O_TMPFILE | O_EXCL},
    {"RDWR|SYNC|NOATIME", O_RDWR | O_SYNC | O_NOATIME},
    {"RDONLY|DSYNC|NOCTTY", O_RDONLY | O_DSYNC | O_NOCTTY},
};

static void opens(void) {
  for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
    for (int t = 0; t < target_count; t++) {
      // A FIFO's opening waits for the other end: those are cases of their own.
      if (strcmp(targets[t], "fifo") == 0) continue;
      fresh();
      facts("open", openings[i].name, targets[t], open(path_of(targets[t]), openings[i].flags, 0640));
      touched = (openings[i].flags & (O_CREAT | O_TRUNC)) != 0;
      struct stat info;
      const char *made = strncmp(targets[t], "dangling", 8) == 0 ? "nowhere" : path_of(targets[t]);
      if ((openings[i].flags & O_CREAT) != 0 && stat(made, &info) == 0) say("  made %o", info.st_mode);
    }
    fresh();
    facts("open", openings[i].name, "fifo", open("fifo", openings[i].flags | O_NONBLOCK, 0640));
  }
  static const int masks[] = {0, 022, 027, 077, 0777};
  static const int modes[] = {0, 0400, 0644, 0666, 0755, 0777, 02755, 01777};
  for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
      touched = 1;
      fresh();
      umask(masks[m]);
      char what[32];
      snprintf(what, sizeof what, "umask %o mode %o", masks[m], modes[i]);
      facts("open", what, "made", open("made", O_RDWR | O_CREAT | O_EXCL, modes[i]));
      facts("open", what, "unnamed", open(".", O_RDWR | O_TMPFILE, modes[i]));
      struct stat info;
      say("mkdir %s: %s", what, result(mkdir("madedir", modes[i])));
      if (stat("madedir", &info) == 0) say("  made %o", info.st_mode);
      say("mknod %s: %s", what, result(mknod("madefifo", S_IFIFO | modes[i], 0)));
      if (stat("madefifo", &info) == 0) say("  made %o", info.st_mode);
      int created = creat("created", modes[i]);
      say("creat %s: %s", what, created >= 0 ? "ok" : name_of(errno));
      if (stat("created", &info) == 0) say("  made %o", info.st_mode);
      close(created);
    }
  }
  // A folder that hands its group on.
  touched = 1;
  fresh();
  say("setgid folder: %s", result(chmod("dir", 02775)));
  struct stat info;
  close(open("dir/made", O_CREAT | O_WRONLY, 02755));
  mkdir("dir/inner", 0755);
  if (stat("dir/made", &info) == 0) say("  file %o", info.st_mode);
  if (stat("dir/inner", &info) == 0) say("  folder %o", info.st_mode);
}

static void relative_opens(void) {
  touched = 1;
  fresh();
  int dir = open("full", O_RDONLY | O_DIRECTORY);
  int path = open("full", O_PATH);
  int file = open("file", O_RDONLY);
  facts("openat", "folder", "inner", openat(dir, "inner", O_RDWR));
  facts("openat", "O_PATH folder", "inner", openat(path, "inner", O_RDWR));
  facts("openat", "folder", "../file", openat(dir, "../file", O_RDONLY));
  facts("openat", "folder", "new", openat(dir, "new", O_RDWR | O_CREAT, 0600));
  facts("openat", "folder", "/dev/null", openat(dir, "/dev/null", O_RDONLY));
  facts("openat", "file", "inner", openat(file, "inner", O_RDONLY));
  facts("openat", "file", "(empty)", openat(file, "", O_RDONLY));
  facts("openat", "closed", "inner", openat(999, "inner", O_RDONLY));
  facts("openat", "negative", "inner", openat(-5, "inner", O_RDONLY));
  facts("openat", "closed", "absolute", openat(999, path_of("ABSOLUTE"), O_RDONLY));
  facts("openat", "bad pointer", "", openat(dir, (char *)1, O_RDONLY));
  facts("open", "bad pointer", "", open((char *)1, O_RDONLY));
  facts("open", "unknown flag", "file", (int)syscall(SYS_openat, AT_FDCWD, "file", 0x40000000, 0));
  facts("open", "mode with more bits", "made", (int)syscall(SYS_openat, AT_FDCWD, "made", O_CREAT | O_RDWR, 0177644));
  close(dir), close(path), close(file);

  static const struct {
    const char *name;
    struct open_how how;
    size_t size;
  } ways[] = {
      {"plain", {O_RDONLY, 0, 0}, sizeof(struct open_how)},
      {"beneath", {O_RDONLY, 0, RESOLVE_BENEATH}, sizeof(struct open_how)},
      {"in-root", {O_RDONLY, 0, RESOLVE_IN_ROOT}, sizeof(struct open_how)},
      {"no-symlinks", {O_RDONLY, 0, RESOLVE_NO_SYMLINKS}, sizeof(struct open_how)},
      {"no-magiclinks", {O_RDONLY, 0, RESOLVE_NO_MAGICLINKS}, sizeof(struct open_how)},
      {"no-xdev", {O_RDONLY, 0, RESOLVE_NO_XDEV}, sizeof(struct open_how)},
      {"create", {O_RDWR | O_CREAT, 0604, RESOLVE_BENEATH}, sizeof(struct open_how)},
      {"mode without create", {O_RDONLY, 0644, 0}, sizeof(struct open_how)},
      {"too many mode bits", {O_RDWR | O_CREAT, 0170644, 0}, sizeof(struct open_how)},
      {"unknown flags", {1ull << 40, 0, 0}, sizeof(struct open_how)},
      {"unknown way", {O_RDONLY, 0, 1ull << 40}, sizeof(struct open_how)},
      {"both roots", {O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT}, sizeof(struct open_how)},
      {"too small", {O_RDONLY, 0, 0}, 8},
      {"empty", {O_RDONLY, 0, 0}, 0},
  };
  static const char *paths[] = {"file", "link", "dir/../file", "..", "full/inner", "dirlink", "missing", "../x", "/file", "dangling", "loop"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
      fresh();
      struct open_how how = ways[i].how;
      facts("openat2", ways[i].name, paths[p], (int)syscall(SYS_openat2, AT_FDCWD, paths[p], &how, ways[i].size));
      touched = (how.flags & O_CREAT) != 0;
    }
  }
  touched = 1;
  fresh();
  facts("openat2", "no how", "file", (int)syscall(SYS_openat2, AT_FDCWD, "file", NULL, sizeof(struct open_how)));
  struct open_how bigger[2] = {{O_RDONLY, 0, 0}, {0, 0, 0}};
  facts("openat2", "larger", "file", (int)syscall(SYS_openat2, AT_FDCWD, "file", bigger, sizeof bigger));
  bigger[1].flags = 1;
  facts("openat2", "larger and not zero", "file", (int)syscall(SYS_openat2, AT_FDCWD, "file", bigger, sizeof bigger));
}

// Every name as it looks now, so that a call that failed half-way would be seen.
static void look(void) {
  static const char *names[] = {"file", "other", "dir", "full", "link", "dirlink", "dangling", "fifo", "closed", "shut", "nowhere", "missing", "sock", "dir/new", "full/inner"};
  char line[1024] = "";
  size_t at = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct stat info;
    if (lstat(names[i], &info) == 0)
      at += (size_t)snprintf(line + at, sizeof line - at, " %s=%o/%ld", names[i], info.st_mode, S_ISREG(info.st_mode) ? (long)info.st_size : 0);
  }
  say(" %s", line);
}

#define TRY(label, call)                                        \
  do {                                                          \
    fresh();                                                    \
    errno = 0;                                                  \
    long r = (long)(call);                                      \
    say("%s %s: %s", label, targets[t], result(r));             \
    if (r == 0) look();                                         \
    touched = r >= 0;                                           \
  } while (0)

static void names(void) {
  touched = 1;
  struct timespec two[2] = {{1000, 5}, {2000, 7}};
  struct timespec odd[2] = {{1000, 2000000000}, {2000, 0}};
  struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  struct timeval old[2] = {{1000, 5}, {2000, 7}};
  struct utimbuf oldest = {1000, 2000};
  for (int t = 0; t < target_count; t++) {
    const char *path = path_of(targets[t]);
    TRY("mkdir", mkdir(path, 0750));
    TRY("rmdir", rmdir(path));
    TRY("unlink", unlink(path));
    TRY("unlinkat dir", unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
    TRY("unlinkat flags", unlinkat(AT_FDCWD, path, 0x10000));
    TRY("mknod file", mknod(path, S_IFREG | 0640, 0));
    TRY("mknod fifo", mknod(path, S_IFIFO | 0640, 0));
    TRY("mknod socket", mknod(path, S_IFSOCK | 0640, 0));
    TRY("mknod device", mknod(path, S_IFCHR | 0640, 0x103));
    TRY("mknod nothing", mknod(path, 0640, 0));
    TRY("mknod folder", mknod(path, S_IFDIR | 0640, 0));
    TRY("symlink", symlink("file", path));
    TRY("symlink to nothing", symlink("", path));
    TRY("symlink from long", symlink(long_path, path));
    TRY("link to", link("file", path));
    TRY("link from", link(path, "linked"));
    TRY("linkat follow", linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    TRY("linkat flags", linkat(AT_FDCWD, path, AT_FDCWD, "linked", 0x10000));
    TRY("truncate 3", truncate(path, 3));
    TRY("truncate 100", truncate(path, 100));
    TRY("truncate negative", truncate(path, -1));
    TRY("chmod", chmod(path, 0611));
    TRY("chmod no bits", chmod(path, 0));
    TRY("fchmodat nofollow", syscall(SYS_fchmodat2, AT_FDCWD, path, 0611, AT_SYMLINK_NOFOLLOW));
    TRY("fchmodat2 flags", syscall(SYS_fchmodat2, AT_FDCWD, path, 0611, 0x10000));
    TRY("chown nothing", chown(path, (uid_t)-1, (gid_t)-1));
    TRY("chown self", chown(path, getuid(), getgid()));
    TRY("chown other", chown(path, getuid() + 1, (gid_t)-1));
    TRY("lchown", lchown(path, (uid_t)-1, getgid()));
    TRY("fchownat flags", fchownat(AT_FDCWD, path, (uid_t)-1, getgid(), 0x10000));
    TRY("utimensat", utimensat(AT_FDCWD, path, two, 0));
    TRY("utimensat nofollow", utimensat(AT_FDCWD, path, two, AT_SYMLINK_NOFOLLOW));
    TRY("utimensat now", utimensat(AT_FDCWD, path, NULL, 0));
    TRY("utimensat odd", utimensat(AT_FDCWD, path, odd, 0));
    TRY("utimensat omit", utimensat(AT_FDCWD, path, omit, 0));
    TRY("utimensat flags", utimensat(AT_FDCWD, path, two, 0x10000));
    TRY("utime", utime(path, &oldest));
    TRY("utimes", utimes(path, old));
    TRY("futimesat", futimesat(AT_FDCWD, path, old));
    TRY("setxattr", setxattr(path, "user.a", "b", 1, 0));
    TRY("setxattr replace", setxattr(path, "user.a", "b", 1, XATTR_REPLACE));
    TRY("setxattr no space", setxattr(path, "a", "b", 1, 0));
    TRY("lsetxattr", lsetxattr(path, "user.a", "b", 1, 0));
    TRY("removexattr", removexattr(path, "user.a"));
    TRY("lremovexattr", lremovexattr(path, "user.a"));
    TRY("access", access(path, R_OK | W_OK));
    TRY("faccessat", faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW));
    TRY("chdir", chdir(path));
    char text[64] = "";
    touched = 1;
    fresh();
    ssize_t length = readlink(path, text, sizeof text - 1);
    say("readlink %s: %s %s", targets[t], result(length), text);
    struct stat info;
    say("stat %s: %s", targets[t], result(stat(path, &info)));
    say("lstat %s: %s", targets[t], result(lstat(path, &info)));
  }
}

static void renames(void) {
  touched = 1;
  static const char *ends[] = {"file", "other", "dir", "full", "missing", "missing/below", "file/below", "file/", "dir/", "missing/", "link", "dirlink", "dirlink/", "dangling",
                               "loop", "fifo", "closed", "shut", "shut/inner", "dir/new", "full/inner", "full/new", "full/deeper/new", ".", "..", "", "LONGNAME", "ABSOLUTE"};
  enum { count = sizeof ends / sizeof *ends };
  for (int a = 0; a < count; a++) {
    for (int b = 0; b < count; b++) {
      fresh();
      int r = rename(path_of(ends[a]), path_of(ends[b]));
      say("rename %s %s: %s", ends[a], ends[b], result(r));
      if (r == 0) look();
      touched = r == 0;
    }
  }
  static const struct {
    const char *name;
    unsigned flags;
  } ways[] = {{"noreplace", RENAME_NOREPLACE}, {"exchange", RENAME_EXCHANGE}, {"both", RENAME_NOREPLACE | RENAME_EXCHANGE}, {"unknown", 1u << 20}};
  static const char *few[] = {"file", "other", "dir", "full", "missing", "link", "dir/new", "full/inner", "fifo", "file/", ".", ""};
  for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
    for (size_t a = 0; a < sizeof few / sizeof *few; a++) {
      for (size_t b = 0; b < sizeof few / sizeof *few; b++) {
        fresh();
        long r = syscall(SYS_renameat2, AT_FDCWD, few[a], AT_FDCWD, few[b], ways[w].flags);
        say("renameat2 %s %s %s: %s", ways[w].name, few[a], few[b], result(r));
        if (r == 0) look();
        touched = r == 0;
      }
    }
  }
  touched = 1;
  fresh();
  int dir = open("full", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY);
  say("renameat folder: %s", result(renameat(dir, "inner", dir, "moved")));
  say("renameat out: %s", result(renameat(dir, "moved", AT_FDCWD, "out")));
  say("renameat file: %s", result(renameat(file, "x", dir, "y")));
  say("renameat closed: %s", result(renameat(999, "x", dir, "y")));
  say("rename bad pointer: %s", result(rename((char *)1, "y")));
  say("rename bad pointer to: %s", result(rename("file", (char *)1)));
  close(dir), close(file);
}

static void pointers(void) {
  touched = 1;
  fresh();
  char *volatile unknown = (char *)1;
  char *bad = unknown;
  say("EFAULT mkdir: %s", result(mkdir(bad, 0700)));
  say("EFAULT rmdir: %s", result(rmdir(bad)));
  say("EFAULT unlink: %s", result(unlink(bad)));
  say("EFAULT symlink: %s", result(symlink(bad, "x")));
  say("EFAULT symlink to: %s", result(symlink("x", bad)));
  say("EFAULT link: %s", result(link(bad, "x")));
  say("EFAULT link to: %s", result(link("file", bad)));
  say("EFAULT mknod: %s", result(mknod(bad, S_IFIFO, 0)));
  say("EFAULT truncate: %s", result(truncate(bad, 0)));
  say("EFAULT chmod: %s", result(chmod(bad, 0)));
  say("EFAULT chown: %s", result(chown(bad, (uid_t)-1, (gid_t)-1)));
  say("EFAULT utimensat: %s", result(utimensat(AT_FDCWD, bad, NULL, 0)));
  say("EFAULT utimensat times: %s", result(syscall(SYS_utimensat, AT_FDCWD, "file", bad, 0)));
  say("EFAULT setxattr: %s", result(setxattr(bad, "user.a", "b", 1, 0)));
  say("EFAULT setxattr name: %s", result(setxattr("file", bad, "b", 1, 0)));
  say("EFAULT setxattr value: %s", result(setxattr("file", "user.a", bad, 1, 0)));
  say("EFAULT removexattr: %s", result(removexattr(bad, "user.a")));
}

static void no_more(int signal) { (void)signal; }

static void descriptors(void) {
  touched = 1;
  char text[64], path[64];
  touched = 1;
  fresh();
  // A file without a name, and how it gets one.
  int fd = open(".", O_RDWR | O_TMPFILE, 0640);
  say("unnamed write: %s", result(write(fd, "abc", 3)));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  say("unnamed linkat: %s", result(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW)));
  facts("open", "RDONLY", "named", open("named", O_RDONLY));
  say("unnamed linkat again: %s", result(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW)));
  close(fd);
  fd = open(".", O_RDWR | O_TMPFILE | O_EXCL, 0640);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  say("unnamed for good linkat: %s", result(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW)));
  close(fd);
  // Opened again through its number: with more rights, after it is gone, and what is no file.
  touched = 1;
  fresh();
  fd = open("file", O_RDONLY);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  facts("reopen", "RDWR", "file", open(path, O_RDWR));
  facts("reopen", "TRUNC", "file", open(path, O_WRONLY | O_TRUNC));
  snprintf(path, sizeof path, "/dev/fd/%d", fd);
  facts("reopen", "dev/fd", "file", open(path, O_RDONLY));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  facts("reopen", "NOFOLLOW", "file", open(path, O_RDONLY | O_NOFOLLOW));
  unlink("file");
  facts("reopen", "RDONLY", "deleted", open(path, O_RDONLY));
  facts("reopen", "RDWR", "deleted", open(path, O_RDWR));
  say("reopen linkat deleted: %s", result(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW)));
  close(fd);
  touched = 1;
  fresh();
  fd = open("file", O_PATH);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  facts("reopen", "RDWR", "O_PATH", open(path, O_RDWR));
  say("O_PATH read: %s", result(read(fd, text, 1)));
  say("O_PATH fchmod: %s", result(fchmod(fd, 0600)));
  say("O_PATH fchmodat empty: %s", result(syscall(SYS_fchmodat2, fd, "", 0604, AT_EMPTY_PATH)));
  say("O_PATH fchownat empty: %s", result(fchownat(fd, "", (uid_t)-1, getgid(), AT_EMPTY_PATH)));
  say("O_PATH utimensat empty: %s", result(utimensat(fd, "", NULL, AT_EMPTY_PATH)));
  say("O_PATH linkat empty: %s", result(linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH)));
  close(fd);
  fd = open("link", O_PATH | O_NOFOLLOW);
  say("O_PATH link readlinkat: %s", result(readlinkat(fd, "", text, sizeof text)));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  facts("reopen", "RDONLY", "link", open(path, O_RDONLY));
  close(fd);
  // On descriptors.
  touched = 1;
  fresh();
  fd = open("file", O_RDWR);
  say("fchmod: %s", result(fchmod(fd, 0640)));
  say("fchown: %s", result(fchown(fd, (uid_t)-1, getgid())));
  say("futimens: %s", result(futimens(fd, NULL)));
  say("fsetxattr: %s", result(fsetxattr(fd, "user.a", "b", 1, 0)));
  say("fgetxattr: %s", result(fgetxattr(fd, "user.a", text, sizeof text)));
  say("fremovexattr: %s", result(fremovexattr(fd, "user.a")));
  say("fremovexattr again: %s", result(fremovexattr(fd, "user.a")));
  say("ftruncate: %s", result(ftruncate(fd, 20)));
  say("fallocate: %s", result(fallocate(fd, 0, 0, 4096)));
  say("flock: %s", result(flock(fd, LOCK_EX | LOCK_NB)));
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  say("fcntl lock: %s", result(fcntl(fd, F_SETLK, &range)));
  say("lease: %s", result(fcntl(fd, F_SETLEASE, F_WRLCK)));
  say("no lease: %s", result(fcntl(fd, F_SETLEASE, F_UNLCK)));
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) say("mmap: %s", name_of(errno));
  else {
    memcpy(map, "MAPPED", 6);
    say("mmap: %s", result(msync(map, 4096, MS_SYNC)));
    munmap(map, 4096);
    say("read back: %s %.6s", result(pread(fd, text, 6, 0)), text);
  }
  int copy = open("copy", O_RDWR | O_CREAT, 0600);
  say("sendfile: %s", result(sendfile(copy, fd, &(off_t){0}, 6)));
  say("copy_file_range: %s", result(copy_file_range(fd, &(off_t){0}, copy, &(off_t){6}, 6, 0)));
  say("append: %s", result(lseek(copy, 0, SEEK_END)));
  close(copy);
  close(fd);
  // The other end of a FIFO.
  touched = 1;
  fresh();
  pid_t child = fork();
  if (child == 0) {
    int out = open("fifo", O_WRONLY);
    _exit(out < 0 || write(out, "through", 7) != 7);
  }
  fd = open("fifo", O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  int status = 0;
  waitpid(child, &status, 0);
  say("fifo: %s %s, writer %d", result(n), text, status);
  close(fd);
  touched = 1;
  fresh();
  child = fork();
  if (child == 0) {
    int in = open("fifo", O_RDONLY);
    _exit(in < 0 || read(in, text, sizeof text) != 4);
  }
  fd = open("fifo", O_WRONLY);
  say("fifo the other way: %s", result(write(fd, "back", 4)));
  close(fd);
  waitpid(child, &status, 0);
  say("  reader %d", status);
  // A signal ends the waiting.
  struct sigaction none = {.sa_handler = no_more};
  sigaction(SIGALRM, &none, NULL);
  struct itimerval soon = {{0, 0}, {0, 200000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  facts("open", "RDONLY interrupted", "fifo", open("fifo", O_RDONLY));
  signal(SIGALRM, SIG_DFL);
}

static void folders(void) {
  touched = 1;
  char text[4096];
  touched = 1;
  fresh();
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  DIR *list = fdopendir(fd);
  int count = 0, sum = 0;
  for (struct dirent *entry; (entry = readdir(list)) != NULL; count++) sum += entry->d_type;
  say("readdir: %d entries, types %d", count, sum);
  closedir(list);
  // A working folder that is gone.
  mkdir("gone", 0700);
  if (chdir("gone") != 0) broken("chdir");
  rmdir("../gone");
  facts("open", "RDONLY", "file in a deleted folder", open("file", O_RDONLY));
  facts("open", "CREAT", "file in a deleted folder", open("file", O_RDWR | O_CREAT, 0600));
  facts("open", "RDONLY", ". of a deleted folder", open(".", O_RDONLY));
  facts("open", "RDONLY", ".. of a deleted folder", open("../file", O_RDONLY));
  say("mkdir in a deleted folder: %s", result(mkdir("x", 0700)));
  say("getcwd: %s", getcwd(text, sizeof text) == NULL ? name_of(errno) : "ok");
  touched = 1;
  fresh();
  // Deep, and by many links.
  for (int depth = 0; depth < 20; depth++) {
    if (mkdir("d", 0700) != 0 || chdir("d") != 0) broken("deep");
  }
  facts("open", "CREAT", "deep", open("file", O_RDWR | O_CREAT, 0600));
  facts("open", "RDONLY", "deep upwards", open("../../../../d/../d/d/d/d/file", O_RDONLY));
  touched = 1;
  fresh();
  char name[16], before[16] = "file";
  for (int i = 0; i < 45; i++) {
    snprintf(name, sizeof name, "l%d", i);
    if (symlink(before, name) != 0) broken("symlink");
    if (i == 10 || i == 39 || i == 40 || i == 44) facts("open", "RDONLY", name, open(name, O_RDONLY));
    strcpy(before, name);
  }
  touched = 1;
  fresh();
  snprintf(text, sizeof text, "%s/file", root);
  if (symlink(text, "absolute") != 0 || symlink(root, "folder") != 0 || symlink("..", "up") != 0 || symlink("link", "twice") != 0 || symlink("dir/", "slash") != 0) broken("symlink");
  facts("open", "RDONLY", "absolute link", open("absolute", O_RDONLY));
  facts("open", "RDWR", "through a link to the folder", open("folder/file", O_RDWR));
  facts("open", "CREAT", "through a link to the folder", open("folder/dir/made", O_RDWR | O_CREAT, 0600));
  facts("open", "RDONLY", "a link twice", open("twice", O_RDONLY));
  facts("open", "CREAT", "through a link that ends in a slash", open("slash/x", O_RDWR | O_CREAT, 0600));
  say("unlink absolute link: %s", result(unlink("absolute")));
  say("rename through links: %s", result(rename("folder/other", "dirlink/moved")));
  say("stat moved: %s", result(access("dir/moved", F_OK)));
  say("link over itself: %s", result(link("file", "file")));
  say("rename over itself: %s", result(rename("file", "file")));
  link("file", "hard");
  say("rename over its other name: %s", result(rename("file", "hard")));
  say("both are there: %s %s", result(access("file", F_OK)), result(access("hard", F_OK)));
  say("rmdir .: %s", result(rmdir("dir/.")));
  say("rmdir ..: %s", result(rmdir("full/..")));
  say("rmdir full: %s", result(rmdir("full")));
  say("unlink .: %s", result(unlink(".")));
  say("mkdir .: %s", result(mkdir(".", 0700)));
  say("mkdir dir/.: %s", result(mkdir("dir/.", 0700)));
  say("mkdir slash: %s", result(mkdir("withslash/", 0700)));
  say("rename into itself: %s", result(rename("full", "full/inside")));
  say("rename of the working folder: %s", result(chdir("dir") == 0 ? rename("../dir", "../moveddir") : -1));
  facts("open", "CREAT", "in the moved folder", open("made2", O_RDWR | O_CREAT, 0600));
  touched = 1;
  fresh();
  // A name of 255 bytes is one, 256 bytes are not; bytes that are no text are names.
  char name255[256];
  memset(name255, 'n', 255);
  name255[255] = 0;
  facts("open", "CREAT", "255 bytes", open(name255, O_RDWR | O_CREAT, 0600));
  say("mkdir not text: %s", result(mkdir("\xff\xfe\x01 \n%", 0700)));
  facts("open", "CREAT", "not text", open("\xff\xfe\x01 \n%/x", O_RDWR | O_CREAT, 0600));
}

static void limits(void) {
  touched = 1;
  fresh();
  struct rlimit before, few;
  getrlimit(RLIMIT_NOFILE, &before);
  few = before;
  few.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &few);
  int fd = open("file", O_RDONLY);
  int error = errno;
  int made = open("made", O_RDWR | O_CREAT, 0600);
  int made_error = errno;
  setrlimit(RLIMIT_NOFILE, &before);
  say("no descriptor left: %s", fd < 0 ? name_of(error) : "opened");
  say("no descriptor left to make one: %s, %s", made < 0 ? name_of(made_error) : "opened", access("made", F_OK) == 0 ? "there" : "not there");
  fflush(stdout);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit size, small = {10, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &size);
  small.rlim_max = size.rlim_max;
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_FSIZE, &small);
    int wide = truncate("file", 100) == 0 ? 0 : errno;
    int within = truncate("file", 5) == 0 ? 0 : errno;
    _exit(wide == EFBIG && within == 0 ? 0 : wide == 0 ? 1 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  say("truncate beyond the largest size: %d", WEXITSTATUS(status));
}

static void drop_capabilities(void) {
  if (geteuid() != 0) return;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {0};
  if (syscall(SYS_capset, &header, none) != 0) broken("capset");
}

int main(int count, char **words) {
  char *folder = count == 2 ? realpath(words[1], NULL) : NULL;
  if (folder == NULL || strlen(folder) >= sizeof root) broken("usage: file-calls <folder>");
  strcpy(root, folder);
  root_fd = open(root, O_RDONLY | O_DIRECTORY);
  parent_fd = openat(root_fd, "..", O_RDONLY | O_DIRECTORY);
  if (root_fd < 0 || parent_fd < 0) broken("the folder");
  drop_capabilities();
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  memset(long_name, 'n', 256);
  for (int i = 0; i < 4200; i += 2) memcpy(long_path + i, "d/", 2);
  strcpy(long_path + 4200, "x");
  opens();
  relative_opens();
  names();
  renames();
  pointers();
  descriptors();
  folders();
  limits();
  touched = 1;
  fresh();
  say("END");
  return 0;
}
