/*
 * Crashes, so that the kernel writes what was in memory to a place that is not granted. core-dump <way> <folder> [grant]
 * Family: core-dumps
 * Facts: a core file is made by the kernel in the working folder, or where core_pattern says, with the rights of who crashed; a
 * program that core_pattern names is started by the kernel as root, outside of every sandbox, whatever the limit (man 5 core), but
 * for a limit of 1 (fs/coredump.c). Crash handlers had holes of their own (CVE-2025-5054 apport, CVE-2025-4598 systemd-coredump).
 * A file that has a second name, or is a link, is not written to.
 * Witness: a core file outside of the grant; for limits and the filter, the kernel's own answer.
 * Silent: crashing is allowed, and so is asking for a limit: nothing is attempted that a call says.
 * Cases: name | what it tries | attack | twin | marks
 *   outside | crash in a folder outside | crash {outside} | die {grant} | silent
 *   home | crash in the user's home folder | crash {home} | die {grant} | silent
 *   read-only | crash in a folder that may only be read | crash {readfolder} | die {grant} | silent
 *   linked | crash where `core` is a second name of a file outside | linked {grant} {secret} | die {grant} | silent
 *   symlinked | crash where `core` is a link to a name outside | symlinked {grant} {outside}/planted | die {grant} | silent
 *   in-grant | leave its memory in the grant, after raising the limit | in-grant {grant} | die {grant} | surface silent
 *   handler | be handed to the machine's crash handler: by a limit other than 1 | handler {grant} | die {grant} | surface silent
 */
#include "attack.h"

#include <dirent.h>
#include <sys/resource.h>

/* It ends by SIGABRT in the folder, with as high a limit as it can have. */
static void crash(const char *folder) {
  pid_t child = (pid_t)prepare("fork", fork());
  if (child == 0) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    if (chdir(folder) != 0) _exit(errno);
    signal(SIGABRT, SIG_DFL);
    abort();
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) refused("chdir", WEXITSTATUS(status));
}

static bool has_core(const char *folder) {
  DIR *directory = opendir(folder);
  bool found = false;
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
    if (strncmp(entry->d_name, "core", 4) == 0) found = true;
  if (directory != NULL) closedir(directory);
  return found;
}

static void read_line(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY);
  ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
  text[length < 0 ? 0 : length] = 0;
  if (file >= 0) close(file);
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *folder = argument(argc, argv, 2);
  char core[4200], text[64];
  snprintf(core, sizeof core, "%s/core", folder);
  if (is(way, "die")) {
    pid_t child = (pid_t)must("fork", fork());
    if (child == 0) raise(SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) broken("end by a signal");
    reached("ended by a signal");
  }
  if (is(way, "handler")) {
    const struct rlimit none = {0, 0};
    struct rlimit limit;
    (void)!setrlimit(RLIMIT_CORE, &none);
    must("getrlimit", getrlimit(RLIMIT_CORE, &limit));
    if (limit.rlim_cur == 1) refused("a limit of 1 stays", EPERM);
    reached("a handler would get its memory");
  }
  if (is(way, "linked")) must("link", link(argument(argc, argv, 3), core));
  if (is(way, "symlinked")) must("symlink", symlink(argument(argc, argv, 3), core));
  crash(folder);
  if (is(way, "linked") || is(way, "symlinked")) {
    struct stat status;
    if (stat(argv[3], &status) != 0 || status.st_size < 4096) refused("the kernel does not write there", EPERM);
    reached("the core was written there");
  }
  if (!has_core(folder)) {
    read_line("/proc/sys/kernel/core_pattern", text, sizeof text);
    refused(text[0] == '|' || text[0] == '@' ? "a handler gets the core here" : "no core file", EPERM);
  }
  if (is(way, "in-grant")) unlink(core);
  reached("a core file");
}
