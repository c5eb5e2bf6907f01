/*
 * What the file system itself says in folders of other kinds: `area-places <folder>`, a line a call, the same bare and in an area. Below
 * the folder: ro (may not be written to), small (has little room), bound (another folder, mounted there), acl (with a default ACL),
 * shared (set-group-id), devices (null and zero, mounted there), each tried where it is there.
 */
#include "attack.h"

#include <sys/un.h>
#include <sys/xattr.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: done\n", what);
}

static void say_open(const char *what, const char *path, int flags) {
  int descriptor = open(path, flags, 0666);
  say(what, descriptor);
  if (descriptor >= 0) close(descriptor);
}

static void say_mode(const char *what, const char *path) {
  struct stat info, folder;
  if (lstat(path, &info) != 0 || lstat(".", &folder) != 0) return say(what, -1);
  char acl[256];
  ssize_t access = getxattr(path, "system.posix_acl_access", acl, sizeof acl);
  ssize_t given = getxattr(path, "system.posix_acl_default", acl, sizeof acl);
  printf("%s: mode %o, group of the folder %d, acl %zd %zd\n", what, info.st_mode, info.st_gid == folder.st_gid, access, given);
}

/* What is opened is the device itself, in the mode and with the flags that were asked for, and is one that waits. */
static void use_device(const char *name) {
  static const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT, O_RDWR | O_NONBLOCK | O_APPEND};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    char what[64], bytes[4];
    int descriptor = open(name, ways[i], 0666);
    snprintf(what, sizeof what, "devices %s opened %o", name, (unsigned)ways[i]);
    say(what, descriptor);
    if (descriptor < 0) continue;
    struct stat info;
    if (fstat(descriptor, &info) == 0) printf("  %o, device %lx, flags %o\n", info.st_mode, (long)info.st_rdev, (unsigned)fcntl(descriptor, F_GETFL));
    if ((ways[i] & O_ACCMODE) == O_RDONLY) printf("devices %s read: %zd of a device\n", name, read(descriptor, bytes, sizeof bytes));
    else say("  write", write(descriptor, "text", 4));
    say("  a terminal", isatty(descriptor) ? 0 : -1);
    close(descriptor);
  }
  char what[64];
  snprintf(what, sizeof what, "devices %s made anew", name);
  say_open(what, name, O_WRONLY | O_CREAT | O_EXCL);
  say("  as a folder", open(name, O_RDONLY | O_DIRECTORY));
  say("  shortened", truncate(name, 0));
  say("  removed", unlink(name));
  say("  moved", rename(name, "moved"));
  say("  linked", link(name, "linked"));
}

static void make_each(const char *in) {
  static const mode_t masks[] = {0, 027, 077};
  for (int i = 0; i < 3; i++) {
    char what[64];
    umask(masks[i]);
    snprintf(what, sizeof what, "%s, umask %o", in, masks[i]);
    say_open(what, "file", O_WRONLY | O_CREAT);
    say_mode("  file", "file");
    say(what, mkdir("folder", 0777));
    say_mode("  folder", "folder");
    say(what, mkfifo("fifo", 0666));
    say_mode("  fifo", "fifo");
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    say(what, bind(listener, (struct sockaddr *)&address, sizeof address));
    say_mode("  socket", "socket");
    close(listener);
    int unnamed = open(".", O_TMPFILE | O_RDWR, 0666);
    struct stat info;
    if (unnamed >= 0 && fstat(unnamed, &info) == 0) printf("  unnamed: mode %o\n", info.st_mode);
    close(unnamed);
    unlink("file"), unlink("fifo"), unlink("socket"), rmdir("folder");
  }
  umask(022);
}

int main(int count, char **arguments) {
  if (count != 2 || chdir(arguments[1]) != 0) return 2;
  if (chdir("ro") == 0) {
    say_open("ro read", "file", O_RDONLY);
    say_open("ro write", "file", O_WRONLY);
    say_open("ro write and shorten", "file", O_WRONLY | O_TRUNC);
    say_open("ro read, made where missing", "file", O_RDONLY | O_CREAT);
    say_open("ro made", "new", O_WRONLY | O_CREAT);
    say_open("ro made anew", "file", O_WRONLY | O_CREAT | O_EXCL);
    say_open("ro unnamed", ".", O_RDWR | O_TMPFILE);
    say("ro mkdir", mkdir("folder", 0777));
    say("ro mkdir that is there", mkdir("there", 0777));
    say("ro rmdir", rmdir("there"));
    say("ro unlink", unlink("file"));
    say("ro unlink of nothing", unlink("nothing"));
    say("ro rename", rename("file", "other"));
    say("ro link", link("file", "other"));
    say("ro symlink", symlink("file", "other"));
    say("ro mkfifo", mkfifo("other", 0666));
    say("ro truncate", truncate("file", 0));
    say("ro chmod", chmod("file", 0600));
    say("ro utimes", utimensat(AT_FDCWD, "file", NULL, 0));
    say("ro moved out", rename("file", "../moved"));
    say("ro moved in", rename("../plain/file", "moved"));
    if (chdir("..") != 0) return 3;
  }
  if (chdir("small") == 0) {
    char block[4096] = "x";
    int descriptor = open("file", O_WRONLY | O_CREAT, 0666);
    long written = 0;
    while (write(descriptor, block, sizeof block) == (ssize_t)sizeof block) written++;
    say("small write", -1);
    printf("small blocks: %ld\n", written);
    close(descriptor);
    say("small removed", unlink("file"));
    char name[32];
    int made = 0;
    do {
      snprintf(name, sizeof name, "f%d", made);
      descriptor = open(name, O_WRONLY | O_CREAT, 0666);
      if (descriptor >= 0) close(descriptor);
    } while (descriptor >= 0 && made++ < 1000);
    say("small one more", -1);
    say("small mkdir", mkdir("d", 0777));
    say("small symlink", symlink("f0", "l"));
    say("small rename", rename("f0", "f"));
    say("small removed", unlink("f"));
    say("small mkdir", mkdir("d", 0777));
    printf("small files: %d\n", made);
    if (chdir("..") != 0) return 3;
  }
  if (chdir("bound") == 0) {
    say_open("bound read", "file", O_RDONLY);
    say_open("bound write", "file", O_WRONLY);
    say_open("bound made", "new", O_WRONLY | O_CREAT | O_EXCL);
    say_open("bound from above", "../bound/new", O_RDWR);
    say("bound renamed", rename("new", "newer"));
    say("bound moved out", rename("newer", "../newer"));
    say("bound linked out", link("newer", "../newer"));
    say("bound moved in", rename("../plain/other", "other"));
    say("bound removed", unlink("newer"));
    say("bound itself removed", rmdir("../bound"));
    say("bound itself renamed", rename("../bound", "../bond"));
    if (chdir("..") != 0) return 3;
  }
  if (chdir("devices") == 0) {
    use_device("null");
    use_device("zero");
    if (chdir("..") != 0) return 3;
  }
  if (chdir("acl") == 0) {
    make_each("acl");
    if (chdir("..") != 0) return 3;
  }
  if (chdir("shared") == 0) make_each("shared");
  return 0;
}
