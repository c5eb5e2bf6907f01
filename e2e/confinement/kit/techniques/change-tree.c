/*
 * Changes names in the file tree. change-tree <call> <path> [second path]
 * Family: tree
 * Facts: each of these changes what a folder holds without opening the file that is concerned (man 2 rename, link, unlink,
 * mknod). Moving or linking a file into a folder with more rights would give it these; Landlock has
 * LANDLOCK_ACCESS_FS_REFER for it from ABI 2 (Linux 5.19).
 * Witness: a name outside that is new, gone or changed; a link count that grew.
 * Cases: name | what it tries | attack | twin | marks
 *   unlink | delete a file outside | unlink {secret} | unlink {inside} | event=file.delete
 *   rmdir | delete a folder outside | rmdir {outside}/empty | rmdir {grant}/sub | event=file.delete
 *   mkdir | make a folder outside | mkdir {outside}/new | mkdir {grant}/new | event=file.create
 *   symlink | make a symbolic link outside | symlink {outside}/new | symlink {grant}/new | event=file.create
 *   mkfifo | make a named pipe outside | mkfifo {outside}/new | mkfifo {grant}/new | event=file.create
 *   mknod-file | make a file outside with mknod | mknod-file {outside}/new | mknod-file {grant}/new | event=file.create
 *   bind-socket | make a socket file outside | bind-socket {outside}/s | bind-socket {grant}/s | event=file.create
 *   truncate | shorten a file by its path | truncate {secret} | truncate {inside} | event=file.write
 *   truncate-read-only | shorten a file that may only be read | truncate {readonly} | truncate {inside} | event=file.write
 *   rename-in | move a file from outside into the grant | rename {secret} {grant}/taken | rename {grant}/sub {grant}/subtwo | event=file.rename
 *   rename-over | replace a file outside by one of its own | rename {inside} {secret} | rename {grant}/sub {grant}/subtwo | event=file.rename
 *   rename-exchange | exchange a file outside with one of its own | rename-exchange {secret} {inside} | rename-exchange {inside} {grant}/sub | event=file.rename
 *   rename-no-replace | rename a file outside where it is | rename-no-replace {secret} {outside}/renamed | rename-no-replace {inside} {grant}/renamed | event=file.rename
 *   rename-folder | move the whole outside folder away | rename {outside} {folder}/elsewhere | rename {grant}/sub {grant}/other | event=file.rename
 *   link-in | give a file outside a second name in the grant | link {secret} {grant}/second | link {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   link-out | give a file of its own a name outside | link {inside} {outside}/planted | link {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   link-read-only | give a file that may only be read a name where it could be written | link-then-write {readonly} {grant}/second | link-then-write {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   link-then-write | write a file outside by a second name in the grant | link-then-write {secret} {grant}/second | link-then-write {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   link-then-chmod | change the mode of a file outside by a second name | link-then-chmod {secret} {grant}/second | link-then-chmod {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   link-proc-fd | link an O_PATH handle through /proc/self/fd | link-proc-fd {secret} {grant}/second | link-proc-fd {inside} {grant}/sub/second | event=file.create,file.rename,file.write
 *   plan-delete | delete the plan of another server | unlink {own}/data/plans/other.plan | unlink {inside} | event=file.delete
 *   plan-replace | put a plan of its own in place of another server's | rename {inside} {own}/data/plans/other.plan | rename {grant}/sub {grant}/subtwo | event=file.rename
 *   journal-delete | delete the journal that holds the original entries | unlink {own}/data/journal/entry.json | unlink {inside} | event=file.delete
 *   launcher-replace | put a program of its own in place of the launcher | rename {inside} {own}/data/bin/launcher | rename {grant}/sub {grant}/subtwo | event=file.rename
 *   launcher-delete | delete the launcher, so that nothing is contained any more | unlink {own}/data/bin/launcher | unlink {inside} | event=file.delete
 *   client-replace | put settings of its own in place of a client's | rename {inside} {home}/.config/Claude/claude_desktop_config.json | rename {grant}/sub {grant}/subtwo | event=file.rename
 *   socket-delete | delete another program's socket, to stand in its place | unlink {neighbour}/stream.sock | unlink {inside} | event=file.delete
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
