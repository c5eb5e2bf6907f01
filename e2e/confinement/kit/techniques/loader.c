/*
 * Puts code of its own into a program of the system that it starts, by what the dynamic loader is told. loader <way> <library> <target> <grant>
 * Family: loader
 * Facts: LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH make the loader map a library of the caller (man 8 ld.so), and Landlock has no
 * right for mapping code (Documentation/userspace-api/landlock.rst). It gains nothing: rights belong to the process, not to the program's
 * file, and a program that would have more (set-user-id, capabilities) does not get them under no_new_privs, so the loader's own secure mode
 * is not what holds. What tells programs apart by their name would be deceived.
 * Witness: the decoy in the output.
 * Cases: name | what it tries | attack | twin | marks
 *   preload | read outside from inside of cat, by LD_PRELOAD | preload {library} {secret} {grant} | preload {library} {inside} {grant} | event=file.read
 *   preload-shell | the same in a shell, which starts others with it | preload-shell {library} {secret} {grant} | preload-shell {library} {inside} {grant} | event=file.read
 *   audit | by LD_AUDIT, which is loaded before the program is | audit {library} {secret} {grant} | audit {library} {inside} {grant} | event=file.read
 *   library-path | by LD_LIBRARY_PATH, as a name service that getent loads | library-path {library} {secret} {grant} | library-path {library} {inside} {grant} | event=file.read
 *   encoding | by GCONV_PATH, as an encoding that iconv loads | encoding {library} {secret} {grant} | encoding {library} {inside} {grant} | event=file.read
 *   needed | by the loader started by hand with --preload | by-hand {library} {secret} {grant} | by-hand {library} {inside} {grant} | event=file.read
 */
#include "attack.h"

#include <sys/sendfile.h>

static char place[4200];

static void copy_to(const char *library, const char *grant, const char *name) {
  snprintf(place, sizeof place, "%s/%s", grant, name);
  unlink(place);
  int from = (int)prepare("open the library", open(library, O_RDONLY));
  int to = (int)prepare("make a library", open(place, O_CREAT | O_EXCL | O_WRONLY, 0600));
  struct stat status;
  fstat(from, &status);
  prepare("copy", sendfile(to, from, NULL, (size_t)status.st_size));
  close(to);
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *library = argument(argc, argv, 2);
  const char *target = argument(argc, argv, 3);
  const char *grant = argument(argc, argv, 4);
  char wanted[4300], given[4300] = "EK_NONE=";
  snprintf(wanted, sizeof wanted, "EK_TARGET=%s", target);
  copy_to(library, grant, is(way, "library-path") ? "libnss_mine.so.2" : is(way, "encoding") ? "MINE.so" : "mine.so");
  if (strncmp(way, "preload", 7) == 0) snprintf(given, sizeof given, "LD_PRELOAD=%s", place);
  else if (is(way, "audit")) snprintf(given, sizeof given, "LD_AUDIT=%s", place);
  else if (is(way, "library-path")) snprintf(given, sizeof given, "LD_LIBRARY_PATH=%s", grant);
  else if (is(way, "encoding")) {
    char list[4300];
    snprintf(given, sizeof given, "GCONV_PATH=%s", grant);
    snprintf(list, sizeof list, "%s/gconv-modules", grant);
    int modules = (int)prepare("make a list", open(list, O_CREAT | O_TRUNC | O_WRONLY, 0600));
    dprintf(modules, "module MINE// INTERNAL MINE 1\nmodule INTERNAL MINE// MINE 1\n");
    close(modules);
  }
  char *const environment[] = {given, wanted, "PATH=/usr/bin:/bin", NULL};
  if (is(way, "library-path")) execle("/usr/bin/getent", "getent", "-s", "mine", "passwd", "nobody", (char *)NULL, environment);
  else if (is(way, "encoding")) execle("/usr/bin/iconv", "iconv", "-f", "MINE", "-t", "UTF-8", "/dev/null", (char *)NULL, environment);
  else if (is(way, "preload-shell")) execle("/bin/sh", "sh", "-c", ":", (char *)NULL, environment);
  else if (is(way, "by-hand")) {
    const char *loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
    for (size_t index = 0; index < 2; index++) execle(loaders[index], loaders[index], "--preload", place, "/usr/bin/cat", "/dev/null", (char *)NULL, environment);
  } else execle("/usr/bin/cat", "cat", "/dev/null", (char *)NULL, environment);
  refused("execve", errno);
}
