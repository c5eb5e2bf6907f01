/*
 * Opens a file by one of the routes to it. open-file <route> <access> <path> [inside folder]
 * Family: paths
 * Facts: a path can be spelled in many ways (man 7 path_resolution), and a descriptor from O_PATH, which Landlock does not
 * refuse, can be opened again through /proc/self/fd (man 2 open, O_PATH; Documentation/userspace-api/landlock.rst).
 * Witness: the decoy in the output, or a file outside that is new, gone or changed.
 * Cases: name | what it tries | attack | twin | marks
 *   absolute-read | read outside by its absolute path | absolute read {secret} {grant} | absolute read {inside} {grant} | event=file.read
 *   absolute-write | write outside by its absolute path | absolute write {secret} {grant} | absolute write {inside} {grant} | event=file.write
 *   absolute-read-write | read-write outside by its absolute path | absolute read-write {secret} {grant} | absolute read-write {inside} {grant} | event=file.write,file.read
 *   absolute-create | create outside by its absolute path | absolute create {outside}/made.txt {grant} | absolute create {grant}/made.txt {grant} | event=file.create
 *   absolute-truncate | truncate outside by its absolute path | absolute truncate {secret} {grant} | absolute truncate {inside} {grant} | event=file.write,file.create
 *   absolute-truncate-read-only | truncate-read-only outside by its absolute path | absolute truncate-read-only {secret} {grant} | absolute truncate-read-only {inside} {grant} | event=file.write,file.read
 *   absolute-list | list outside by its absolute path | absolute list {outside} {grant} | absolute list {grant} {grant} | event=file.read
 *   open-call-read | read outside with the old call open | open-call read {secret} {grant} | open-call read {inside} {grant} | event=file.read
 *   open-call-write | write outside with the old call open | open-call write {secret} {grant} | open-call write {inside} {grant} | event=file.write
 *   open-call-create | create outside with the old call open | open-call create {outside}/made.txt {grant} | open-call create {grant}/made.txt {grant} | event=file.create
 *   creat-call-truncate | truncate outside with the old call creat | creat-call truncate {secret} {grant} | creat-call truncate {inside} {grant} | event=file.write,file.create
 *   dotdot-read | read outside through .. from inside the grant | dotdot read {secret} {grant} | dotdot read {inside} {grant} | event=file.read
 *   dotdot-write | write outside through .. from inside the grant | dotdot write {secret} {grant} | dotdot write {inside} {grant} | event=file.write
 *   slashes-read | read outside by doubled slashes and dots | slashes read {secret} {grant} | slashes read {inside} {grant} | event=file.read
 *   symlink-read | read outside through a symbolic link inside the grant | symlink read {secret} {grant} | symlink read {inside} {grant} | event=file.read
 *   symlink-write | write outside through a symbolic link inside the grant | symlink write {secret} {grant} | symlink write {inside} {grant} | event=file.write
 *   symlink-truncate | truncate outside through a symbolic link inside the grant | symlink truncate {secret} {grant} | symlink truncate {inside} {grant} | event=file.write,file.create
 *   symlink-list | list outside through a symbolic link inside the grant | symlink list {outside} {grant} | symlink list {grant} {grant} | event=file.read
 *   symlink-folder-read | read outside through a link to its folder | symlink-folder read {secret} {grant} | symlink-folder read {inside} {grant} | event=file.read
 *   symlink-folder-create | create outside through a link to its folder | symlink-folder create {outside}/made.txt {grant} | symlink-folder create {grant}/made.txt {grant} | event=file.create
 *   chdir-read | read outside relative, after chdir | chdir read {secret} {grant} | chdir read {inside} {grant} | event=file.read
 *   chdir-create | create outside relative, after chdir | chdir create {outside}/made.txt {grant} | chdir create {grant}/made.txt {grant} | event=file.create
 *   dirfd-read | read outside relative to an O_PATH handle of its folder | dirfd read {secret} {grant} | dirfd read {inside} {grant} | event=file.read
 *   dirfd-create | create outside relative to an O_PATH handle of its folder | dirfd create {outside}/made.txt {grant} | dirfd create {grant}/made.txt {grant} | event=file.create
 *   openat2-read | read outside with openat2 | openat2 read {secret} {grant} | openat2 read {inside} {grant} | event=file.read
 *   openat2-write | write outside with openat2 | openat2 write {secret} {grant} | openat2 write {inside} {grant} | event=file.write
 *   openat2-create | create outside with openat2 | openat2 create {outside}/made.txt {grant} | openat2 create {grant}/made.txt {grant} | event=file.create
 *   openat2-large-read | read outside with openat2 and a longer structure, where flags could hide | openat2-large read {secret} {grant} | openat2-large read {inside} {grant} | event=file.read
 *   openat2-in-root-read | read outside with openat2 below a handle of / | openat2-in-root read {secret} {grant} | openat2-in-root read {inside} {grant} | event=file.read
 *   opath-reopen-read | read outside by opening an O_PATH handle again through /proc/self/fd | opath-reopen read {secret} {grant} | opath-reopen read {inside} {grant} | event=file.read
 *   opath-reopen-write | write outside by opening an O_PATH handle again through /proc/self/fd | opath-reopen write {secret} {grant} | opath-reopen write {inside} {grant} | event=file.write
 *   opath-reopen-truncate | truncate outside by opening an O_PATH handle again through /proc/self/fd | opath-reopen truncate {secret} {grant} | opath-reopen truncate {inside} {grant} | event=file.write,file.create
 *   dev-fd-reopen-read | read outside by opening an O_PATH handle again through /dev/fd | dev-fd-reopen read {secret} {grant} | dev-fd-reopen read {inside} {grant} | event=file.read
 *   proc-root-read | read outside through /proc/self/root | proc-root read {secret} {grant} | proc-root read {inside} {grant} | event=file.read
 *   proc-root-create | create outside through /proc/self/root | proc-root create {outside}/made.txt {grant} | proc-root create {grant}/made.txt {grant} | event=file.create
 *   proc-cwd-read | read outside through /proc/self/cwd after chdir | proc-cwd read {secret} {grant} | proc-cwd read {inside} {grant} | event=file.read
 *   proc-thread-root-read | read outside through /proc/thread-self/root | proc-thread-root read {secret} {grant} | proc-thread-root read {inside} {grant} | event=file.read
 *   tmpfile-create | create outside as an unnamed file that gets a name | tmpfile create {outside}/made.txt {grant} | tmpfile create {grant}/made.txt {grant} | event=file.create,file.write
 *   read-only-write | write a file that may only be read | absolute write {readonly} | absolute read {readonly} | event=file.write,file.read
 *   read-only-truncate | truncate a file that may only be read | absolute truncate {readonly} | absolute read {readonly} | event=file.write,file.read
 *   read-only-truncate-read-only | truncate-read-only a file that may only be read | absolute truncate-read-only {readonly} | absolute read {readonly} | event=file.write,file.read
 *   absolute-truncate-commands | shorten a file outside by an open for commands alone | absolute truncate-commands {secret} {grant} | absolute truncate {inside} {grant} | event=file.write
 *   read-only-truncate-commands | shorten a file that may only be read by an open for commands alone | absolute truncate-commands {readonly} | absolute read {readonly} | event=file.write
 *   openat2-truncate-commands | shorten a file outside with openat2 for commands alone | openat2 truncate-commands {secret} {grant} | openat2 truncate {inside} {grant} | event=file.write
 *   openat2-truncate-read-only | shorten a file that may only be read with openat2 | openat2 truncate-read-only {readonly} {grant} | openat2 read {readonly} {grant} | event=file.write,file.read
 *   private-key | read a private key of the home folder | absolute read {key} | absolute read {inside} | event=file.read
 *   shell-start | add to what runs at the next login | absolute write {home}/.profile | absolute write {inside} | event=file.write
 *   client-settings | read a client's settings, which hold tokens | absolute read {home}/.config/Claude/claude_desktop_config.json | absolute read {inside} | event=file.read
 *   client-settings-write | add a server of its own to a client | absolute write {home}/.config/Claude/claude_desktop_config.json | absolute write {inside} | event=file.write
 *   autostart | plant a program that starts with the session | absolute create {home}/.config/autostart.desktop | absolute create {grant}/made | event=file.create
 *   ssh-authorized | let somebody in by ssh | absolute create {home}/.ssh/authorized_keys | absolute create {grant}/made | event=file.create
 *   plan-read | read the plan of another server | absolute read {own}/data/plans/other.plan {grant} | absolute read {inside} {grant} | event=file.read
 *   plan-write | add to the plan of another server | absolute write {own}/data/plans/other.plan {grant} | absolute write {inside} {grant} | event=file.write
 *   plan-make | make the plan of a server of its own | absolute create {own}/data/plans/mine.plan {grant} | absolute create {grant}/mine {grant} | event=file.create
 *   launcher-write | add to the launcher | absolute write {own}/data/bin/launcher {grant} | absolute write {inside} {grant} | event=file.write
 *   journal-write | change the journal that holds the original entries | absolute write {own}/data/journal/entry.json {grant} | absolute write {inside} {grant} | event=file.write
 *   runtime-make | plant a plan among those that are in use | absolute create {own}/state/runtime/mine.plan {grant} | absolute create {grant}/mine {grant} | event=file.create
 *   events-forge | forge events of a run | absolute create {own}/state/spool/forged.jsonl {grant} | absolute create {grant}/mine {grant} | event=file.create
 *   events-read | list the runs of other servers | absolute list {own}/state/spool {grant} | absolute list {grant} {grant} | event=file.read surface
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
  if (is(access, "truncate-commands")) return O_ACCMODE | O_TRUNC;
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
  if (strncmp(access, "truncate", 8) != 0) {
    must("write", write((int)descriptor, "written\n", 8));
  }
  reached(access);
}
