/*
 * Changes names in the file tree. change-tree <call> <path> [second path]
 * Facts: each of these changes what a folder holds without opening the file that is concerned.
 */
#include "attack.h"

#include <linux/fs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

int main(int argc, char **argv) {
  const char *call = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
  const char *other = argc > 3 ? argv[3] : "";

  if (is(call, "unlink")) must(call, unlink(path));
  else if (is(call, "rmdir")) must(call, rmdir(path));
  else if (is(call, "mkdir")) must(call, mkdir(path, 0700));
  else if (is(call, "rename")) must(call, rename(path, other));
  else if (is(call, "rename-exchange")) must(call, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE));
  else if (is(call, "rename-no-replace")) must(call, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE));
  else if (is(call, "link")) must(call, link(path, other));
  else if (is(call, "link-empty-path")) {
    int handle = (int)must("open with O_PATH", open(path, O_PATH));
    must(call, linkat(handle, "", AT_FDCWD, other, AT_EMPTY_PATH));
  } else if (is(call, "link-proc-fd")) {
    char spelled[64];
    int handle = (int)must("open with O_PATH", open(path, O_PATH));
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", handle);
    must(call, linkat(AT_FDCWD, spelled, AT_FDCWD, other, AT_SYMLINK_FOLLOW));
  } else if (is(call, "link-then-chmod")) {
    /* the outside file gets a second name inside the grant, and is changed by that name */
    must("link", link(path, other));
    must("chmod", chmod(other, 0777));
  } else if (is(call, "link-then-write")) {
    must("link", link(path, other));
    int descriptor = (int)must("open", open(other, O_WRONLY | O_APPEND));
    must("write", write(descriptor, "written\n", 8));
  } else if (is(call, "symlink")) must(call, symlink("/etc/hostname", path));
  else if (is(call, "mkfifo")) must(call, mknod(path, S_IFIFO | 0600, 0));
  else if (is(call, "mknod-file")) must(call, mknod(path, S_IFREG | 0600, 0));
  else if (is(call, "mknod-device")) must(call, mknod(path, S_IFCHR | 0600, makedev(1, 3)));
  else if (is(call, "truncate")) must(call, truncate(path, 0));
  else if (is(call, "bind-socket")) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    int descriptor = (int)must("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    must(call, bind(descriptor, (struct sockaddr *)&address, sizeof address));
  } else {
    errno = EINVAL;
    broken("call");
  }
  reached(call);
}
