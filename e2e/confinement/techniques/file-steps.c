/*
 * Does file operations from standard input, a line each with fields between tabs, in its working folder, and answers with a line:
 * `ok`, `ok <content>`, or the error's name. Facts: each step is one system call, or an open and what is done through it.
 */
#include "attack.h"

#include <sys/xattr.h>

/* A file without a name, which is given one once something is in it. */
static long make_unnamed(const char *in, const char *name) {
  int descriptor = open(in, O_TMPFILE | O_RDWR, 0644);
  if (descriptor < 0) return -1;
  char handle[64];
  snprintf(handle, sizeof handle, "/proc/self/fd/%d", descriptor);
  long result = write(descriptor, name, strlen(name)) < 0 ? -1 : linkat(AT_FDCWD, handle, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
  int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

int main(void) {
  char line[1024];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    char *rest = line;
    char *op = strsep(&rest, "\t"), *path = strsep(&rest, "\t"), *other = strsep(&rest, "\t");
    if (path == NULL || other == NULL) return 2;
    long result = -1;
    char text[64] = "";
    if (is(op, "read")) {
      int descriptor = open(path, O_RDONLY | O_NONBLOCK);
      result = descriptor < 0 ? -1 : read(descriptor, text, sizeof text - 1);
      if (descriptor >= 0) close(descriptor);
    } else if (is(op, "write") || is(op, "create")) {
      int descriptor = open(path, is(op, "write") ? O_WRONLY | O_TRUNC : O_WRONLY | O_CREAT | O_EXCL, 0644);
      result = descriptor < 0 ? -1 : write(descriptor, other, strlen(other));
      if (descriptor >= 0) close(descriptor);
    } else if (is(op, "mkdir")) result = mkdir(path, 0755);
    else if (is(op, "rmdir")) result = rmdir(path);
    else if (is(op, "unlink")) result = unlink(path);
    else if (is(op, "rename")) result = rename(path, other);
    else if (is(op, "link")) result = link(path, other);
    else if (is(op, "symlink")) result = symlink(other, path);
    else if (is(op, "truncate")) result = truncate(path, 0);
    else if (is(op, "chmod")) result = chmod(path, 0755);
    else if (is(op, "chown")) result = chown(path, getuid(), getgid());
    else if (is(op, "utimes")) result = utimensat(AT_FDCWD, path, NULL, 0);
    else if (is(op, "setxattr")) result = setxattr(path, "user.step", "1", 1, 0);
    else if (is(op, "mknod")) result = mknod(path, S_IFREG | 0644, 0);
    else if (is(op, "tmpfile")) result = make_unnamed(path, other);
    else if (is(op, "exchange")) result = syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 2 /* RENAME_EXCHANGE */);
    if (result < 0) printf("%s\n", errno_name(errno));
    else printf("ok %s\n", text);
  }
  return 0;
}
