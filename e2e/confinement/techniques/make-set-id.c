/*
 * Makes a file that runs as its owner by the very call that makes it. make-set-id <open|openat|creat|mknod|openat2> <file>
 * Facts: the mode of open(2), creat(2) and mknod(2) may hold S_ISUID; Landlock knows no modes.
 * Witness: the mode of the file.
 */
#include <linux/openat2.h>
#include "attack.h"

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
  umask(0);
  long result = -1;
  if (is(way, "open")) result = syscall(SYS_open, path, O_WRONLY | O_CREAT | O_EXCL, 04755);
  else if (is(way, "openat")) result = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 04755);
  else if (is(way, "creat")) result = syscall(SYS_creat, path, 04755);
  else if (is(way, "mknod")) result = syscall(SYS_mknod, path, S_IFREG | 04755, 0);
  else if (is(way, "plain")) result = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0755);
  else {
    struct open_how how = {.flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 04755};
    result = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  }
  if (result < 0) refused(way, errno);
  struct stat made;
  if (stat(path, &made) != 0) broken("stat");
  if (!is(way, "plain") && (made.st_mode & S_ISUID) == 0) broken("the mode");
  reached("a file");
}
