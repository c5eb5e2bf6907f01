/*
 * Starts a program whose file gives it capabilities. file-capabilities <way> <program> | prepare <copy>
 * Family: set-user-id
 * Facts: the attribute security.capability makes a program have capabilities whoever starts it (man 7 capabilities), but under
 * no_new_privs (man 2 prctl) it is ignored. Only root can set it: as root, `file-capabilities prepare <path>` makes a copy of this program
 * with CAP_DAC_READ_SEARCH, which passes every file mode, in
 * a folder whose programs every sandbox may run (/usr/local/bin), and ESCAPE_KIT_CAPABLE names it for the kit, played as an ordinary user.
 * Witness: the capabilities of the program, in its /proc/<pid>/status.
 * Silent: the program may be executed; it just gains nothing.
 * Cases: name | what it tries | attack | twin | marks
 *   start | start it | start {capable} | start self | surface silent
 *   by-descriptor | start it by its descriptor | descriptor {capable} | start self | surface silent
 *   by-loader | start it by the dynamic loader, with a library path | loader {capable} | start self | surface silent
 *   in-namespace | start it in a user namespace of its own | namespace {capable} | start self | surface silent
 */
#include "attack.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

extern char **environ;

static unsigned long long effective(void) {
  char text[4096] = "";
  int status = open("/proc/self/status", O_RDONLY);
  (void)!read(status, text, sizeof text - 1);
  const char *line = strstr(text, "\nCapEff:");
  return line == NULL ? 0 : strtoull(line + 8, NULL, 16);
}

static void prepare_copy(const char *path) {
  const struct vfs_cap_data wanted = {
      .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, .data = {{.permitted = 1u << CAP_DAC_READ_SEARCH}}};
  int from = (int)prepare("open", open("/proc/self/exe", O_RDONLY));
  int to = (int)prepare("make", open(path, O_CREAT | O_EXCL | O_WRONLY, 0755));
  struct stat status;
  fstat(from, &status);
  prepare("copy", sendfile(to, from, NULL, (size_t)status.st_size));
  prepare("fchmod", fchmod(to, 0755));
  prepare("set the attribute, which needs root", fsetxattr(to, "security.capability", &wanted, sizeof wanted, 0));
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  if (is(way, "look")) {
    if (effective() == 0) _exit(0);
    _exit(77);
  }
  const char *program = argument(argc, argv, 2);
  if (is(way, "prepare")) {
    prepare_copy(program);
    return 0;
  }
  if (is(program, "self")) program = argv[0];
  if (access(program, F_OK) != 0) absent("no program with capabilities was prepared by root (ESCAPE_KIT_CAPABLE)");
  if (getuid() == 0) absent("for root its file gives nothing that it has not");
  pid_t child = (pid_t)must("fork", fork());
  if (child == 0) {
    char *const arguments[] = {(char *)program, "look", NULL};
    if (is(way, "namespace") && unshare(CLONE_NEWUSER) != 0) _exit(78);
    if (is(way, "descriptor")) syscall(SYS_execveat, open(program, O_PATH | O_CLOEXEC), "", arguments, environ, AT_EMPTY_PATH);
    else if (is(way, "loader")) execl("/lib64/ld-linux-x86-64.so.2", "ld.so", program, "look", (char *)NULL);
    else execve(program, arguments, environ);
    _exit(79);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= 78) refused(WEXITSTATUS(status) == 78 ? "unshare" : "execve", EPERM);
  if (strcmp(program, argv[0]) == 0) reached("started");
  if (WEXITSTATUS(status) == 77) reached("it has capabilities");
  refused("it has no capabilities", EPERM);
}
