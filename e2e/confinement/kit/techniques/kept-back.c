/*
 * Reads what is kept back inside a folder that is granted, or changes it. kept-back <way> <path> <new path> [path to read]
 * Family: kept-back
 * Facts: whoever may write a folder may rename, link and exchange what lies in it (man 2 rename, link), and Landlock's rules count for
 * all below a folder, with no exception (Documentation/userspace-api/landlock.rst): a rule for a name has to hold for every way to
 * the same file, and for every later name of it. What Git runs by itself (man 5 githooks; git-config, core.fsmonitor), an
 * environment file and a client's settings in a project are such places.
 * Witness: the decoy of the environment file in the output; hooks, settings and environment files that are new, gone or changed.
 * Cases: name | what it tries | attack | twin | marks
 *   read-name | read an environment file of the granted folder by its name | @open-file absolute read {env} {grant} | @open-file absolute read {inside} {grant} | event=file.read kept
 *   read-openat2 | by openat2 | @open-file openat2 read {env} {grant} | @open-file openat2 read {inside} {grant} | event=file.read kept
 *   read-dotdot | through .. | @open-file dotdot read {env} {grant} | @open-file dotdot read {inside} {grant} | event=file.read kept
 *   read-chdir | relative, after chdir | @open-file chdir read {env} {grant} | @open-file chdir read {inside} {grant} | event=file.read kept
 *   read-folder-handle | below a handle of its folder | @open-file dirfd read {env} {grant} | @open-file dirfd read {inside} {grant} | event=file.read kept
 *   read-symlink | through a symbolic link of another name | @open-file symlink read {env} {grant} | @open-file symlink read {inside} {grant} | event=file.read kept
 *   read-symlink-folder | through a link to its folder | @open-file symlink-folder read {env} {grant} | @open-file symlink-folder read {inside} {grant} | event=file.read kept
 *   read-handle | by opening an O_PATH handle again through /proc/self/fd | @open-file opath-reopen read {env} {grant} | @open-file opath-reopen read {inside} {grant} | event=file.read kept
 *   read-working-folder | through /proc/self/cwd | @open-file proc-cwd read {env} {grant} | @open-file proc-cwd read {inside} {grant} | event=file.read kept
 *   read-root | through /proc/self/root | @open-file proc-root read {env} {grant} | @open-file proc-root read {inside} {grant} | event=file.read kept
 *   read-renamed | rename it, then read it by the new name | rename {env} {grant}/plain | rename {inside} {grant}/twin | event=file.rename kept
 *   read-folder-renamed | rename the folder around it, then read it there | rename {grant}/movable {grant}/moved {grant}/moved/.env | rename {inside} {grant}/twin | event=file.read kept
 *   read-exchanged | exchange it with a file of another name, then read that | exchange {env} {inside} | rename {inside} {inside} | event=file.rename kept
 *   read-linked | give it a second name, then read that | link {env} {grant}/plain | link {inside} {grant}/twin | event=file.create,file.rename,file.write,file.read kept
 *   read-linked-handle | give an O_PATH handle of it a second name through /proc/self/fd | link-handle {env} {grant}/plain | link-handle {inside} {grant}/twin | event=file.create,file.rename,file.write,file.read kept
 *   read-passed | open it in a child and take the descriptor over a socket pair | pass {env} - | pass {inside} - | event=file.read kept
 *   write-name | write an environment file | @open-file absolute write {env} {grant} | @open-file absolute write {inside} {grant} | event=file.write kept
 *   truncate-name | shorten it by its path | @change-tree truncate {env} | @change-tree truncate {inside} | event=file.write kept
 *   delete-name | delete it | @change-tree unlink {env} | @change-tree unlink {inside} | event=file.delete kept
 *   replace-name | put a file of its own in its place | @change-tree rename {inside} {env} | @change-tree rename {grant}/sub {grant}/subtwo | event=file.rename kept
 *   make-name | make an environment file where there is none | @open-file absolute create {grant}/sub/.env {grant} | @open-file absolute create {grant}/sub/plain {grant} | event=file.create kept
 *   make-rename | rename a file of its own to such a name | @change-tree rename {inside} {grant}/sub/.envrc | @change-tree rename-no-replace {grant}/movable {grant}/movabletwo | event=file.rename kept
 *   make-link | give a file of its own such a name by a link | @change-tree link {inside} {grant}/sub/.env | @change-tree link {inside} {grant}/sub/plain | event=file.create,file.rename,file.write kept
 *   make-symlink | put a symbolic link at such a name | @change-tree symlink {grant}/sub/.env | @change-tree symlink {grant}/sub/plain | event=file.create kept
 *   client-settings | make a project's list of servers, which a client starts | @open-file absolute create {grant}/sub/.mcp.json {grant} | @open-file absolute create {grant}/sub/plain {grant} | event=file.create kept
 *   shell-settings | make a shell's start-up file | @open-file absolute create {grant}/sub/.bashrc {grant} | @open-file absolute create {grant}/sub/plain {grant} | event=file.create kept
 *   hook-write | add to a hook, which Git runs | @open-file absolute write {git}/hooks/pre-commit {grant} | @open-file absolute write {inside} {grant} | event=file.write kept
 *   hook-make | make a hook | @open-file absolute create {git}/hooks/post-checkout {grant} | @open-file absolute create {grant}/sub/plain {grant} | event=file.create kept
 *   hook-truncate | shorten a hook while it is opened to read | @open-file absolute truncate-read-only {git}/hooks/pre-commit {grant} | @open-file absolute truncate-read-only {inside} {grant} | event=file.write,file.read kept
 *   hook-symlink | write a hook through a link | @open-file symlink write {git}/hooks/pre-commit {grant} | @open-file symlink write {inside} {grant} | event=file.write kept
 *   hook-symlink-folder | make a hook through a link to the folder | @open-file symlink-folder create {git}/hooks/post-checkout {grant} | @open-file symlink-folder create {grant}/sub/plain {grant} | event=file.create kept
 *   hook-handle | write a hook by opening an O_PATH handle again through /proc/self/fd | @open-file opath-reopen write {git}/hooks/pre-commit {grant} | @open-file opath-reopen write {inside} {grant} | event=file.write kept
 *   hook-read-handle | write a hook by opening a descriptor that may only read again | reopen {git}/hooks/pre-commit - | reopen {inside} - | event=file.write kept
 *   hook-unnamed | give an unnamed file the name of a hook | @open-file tmpfile create {git}/hooks/post-checkout {grant} | @open-file tmpfile create {grant}/sub/plain {grant} | event=file.create,file.write kept
 *   hook-mode | change a hook's mode | @change-attributes chmod {git}/hooks/pre-commit {grant} | @change-attributes chmod {inside} {grant} | event=file.attr kept
 *   hook-mode-descriptor | change a hook's mode through a descriptor that may only read | @change-attributes fchmod-read-only {git}/hooks/pre-commit {grant} | @change-attributes fchmod-read-only {inside} {grant} | event=file.attr kept
 *   hook-delete | delete a hook | @change-tree unlink {git}/hooks/pre-commit | @change-tree unlink {inside} | event=file.delete kept
 *   hook-replace | put a file of its own in a hook's place | @change-tree rename {inside} {git}/hooks/pre-commit | @change-tree rename {grant}/sub {grant}/subtwo | event=file.rename kept
 *   hook-exchange | exchange a hook with a file of its own | @change-tree rename-exchange {inside} {git}/hooks/pre-commit | @change-tree rename-exchange {inside} {grant}/sub | event=file.rename kept
 *   hook-link-in | give a file of its own the name of a hook | @change-tree link {inside} {git}/hooks/post-checkout | @change-tree link {inside} {grant}/sub/plain | event=file.create,file.rename,file.write kept
 *   hook-link-out | write a hook by a second name | @change-tree link-then-write {git}/hooks/pre-commit {grant}/plain | @change-tree link-then-write {inside} {grant}/sub/plain | event=file.create,file.rename,file.write kept
 *   hook-link-handle | give a hook's handle a second name through /proc/self/fd | @change-tree link-proc-fd {git}/hooks/pre-commit {grant}/plain | @change-tree link-proc-fd {inside} {grant}/sub/plain | event=file.create,file.rename,file.write kept
 *   hooks-rename | rename the folder of the hooks away | @change-tree rename {git}/hooks {grant}/hooks | @change-tree rename {grant}/sub {grant}/subtwo | event=file.rename kept
 *   hooks-exchange | exchange the folder of the hooks with one of its own | @change-tree rename-exchange {grant}/sub {git}/hooks | @change-tree rename-exchange {inside} {grant}/sub | event=file.rename kept
 *   git-rename | rename the repository around the hooks away | @change-tree rename {git} {grant}/repository | @change-tree rename {grant}/sub {grant}/subtwo | event=file.rename kept
 *   git-exchange | exchange the repository with a folder of its own | @change-tree rename-exchange {grant}/sub {git} | @change-tree rename-exchange {inside} {grant}/sub | event=file.rename kept
 *   config-write | add to the repository's settings, which name programs | @open-file absolute write {git}/config {grant} | @open-file absolute write {inside} {grant} | event=file.write kept
 *   config-replace | put settings of its own in their place, as Git does | @change-tree rename {inside} {git}/config | @change-tree rename {grant}/sub {grant}/subtwo | event=file.rename kept
 */
#include "attack.h"

#include <linux/fs.h>

static void show(const char *path) { reached_content((int)must("open", open(path, O_RDONLY)), "read"); }

static void pass(const char *path) {
  int pair[2];
  prepare("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  char control[CMSG_SPACE(sizeof(int))] = "", byte = 'x';
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (prepare("fork", fork()) == 0) {
    int file = open(path, O_RDONLY);
    if (file < 0) _exit(errno);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(head), &file, sizeof file);
    _exit(sendmsg(pair[1], &message, 0) < 0 ? errno : 0);
  }
  int status = 0;
  wait(&status);
  if (WEXITSTATUS(status) != 0) refused("open in the child", WEXITSTATUS(status));
  must("recvmsg", recvmsg(pair[0], &message, 0));
  int file = -1;
  if (CMSG_FIRSTHDR(&message) != NULL) memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof file);
  reached_content(file, "read");
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
  const char *other = argument(argc, argv, 3);
  char spelled[64];
  if (is(way, "pass")) pass(path);
  if (is(way, "reopen")) {
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", (int)must("open to read", open(path, O_RDONLY)));
    must("write", write((int)must("open again", open(spelled, O_WRONLY | O_APPEND)), "written\n", 8));
    reached(way);
  }
  if (is(way, "rename")) must(way, rename(path, other));
  else if (is(way, "exchange")) must(way, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE));
  else if (is(way, "link")) must(way, link(path, other));
  else if (is(way, "link-handle")) {
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", (int)must("open with O_PATH", open(path, O_PATH)));
    must(way, linkat(AT_FDCWD, spelled, AT_FDCWD, other, AT_SYMLINK_FOLLOW));
  } else {
    errno = EINVAL;
    broken("way");
  }
  show(argc > 4 ? argv[4] : other);
}
