/*
 * Reads another process through /proc. proc-of-other <way> <pid> [address in its memory] [outside path] [descriptor]
 * Facts: a process of the same user may read all of it; environ holds the tokens of other servers, cmdline their arguments.
 * <pid> 0 means ourselves (the twin).
 */
#include "attack.h"

#include <dirent.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  long pid = atol(argument(argc, argv, 2));
  char path[8192], link[4096];
  static char own_secret[] = "own";
  if (pid == 0) pid = getpid();
  if (is(way, "environ") || is(way, "cmdline") || is(way, "maps") || is(way, "auxv") || is(way, "status") || is(way, "stack") ||
      is(way, "stat") || is(way, "io") || is(way, "smaps") || is(way, "mountinfo") || is(way, "limits") || is(way, "cgroup")) {
    snprintf(path, sizeof path, "/proc/%ld/%s", pid, way);
    reached_content((int)must("open", open(path, O_RDONLY)), "read");
  } else if (is(way, "mem") || is(way, "mem-write")) {
    unsigned long address = strtoul(argument(argc, argv, 3), NULL, 0);
    char buffer[64] = "";
    if (address == 0) address = (unsigned long)(uintptr_t)own_secret;
    snprintf(path, sizeof path, "/proc/%ld/mem", pid);
    int descriptor = (int)must("open", open(path, is(way, "mem") ? O_RDONLY : O_RDWR));
    if (is(way, "mem")) must("read", pread(descriptor, buffer, address == (unsigned long)(uintptr_t)own_secret ? 3 : 23, (off_t)address));
    else must("write", pwrite(descriptor, "WWW", 3, (off_t)address));
    reached(buffer);
  } else if (is(way, "root")) {
    snprintf(path, sizeof path, "/proc/%ld/root%s", pid, argument(argc, argv, 4));
    reached_content((int)must("open", open(path, O_RDONLY)), "read");
  } else if (is(way, "cwd")) {
    snprintf(path, sizeof path, "/proc/%ld/cwd", pid);
    must("readlink", readlink(path, link, sizeof link));
    int folder = (int)must("open", open(path, O_RDONLY | O_DIRECTORY));
    DIR *directory = fdopendir(folder);
    struct dirent *entry = directory == NULL ? NULL : readdir(directory);
    reached(entry == NULL ? "" : entry->d_name);
  } else if (is(way, "fd")) {
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", pid, atoi(argument(argc, argv, 5)));
    reached_content((int)must("open", open(path, O_RDONLY)), "read");
  } else if (is(way, "fd-list")) {
    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    must("open", open(path, O_RDONLY | O_DIRECTORY));
    reached(way);
  } else if (is(way, "exe")) {
    snprintf(path, sizeof path, "/proc/%ld/exe", pid);
    must("readlink", readlink(path, link, sizeof link));
    reached(way);
  } else if (is(way, "task-cmdline")) {
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/cmdline", pid, pid);
    reached_content((int)must("open", open(path, O_RDONLY)), "read");
  } else if (is(way, "relative-cmdline")) {
    snprintf(path, sizeof path, "/proc/%ld", pid);
    must("chdir", chdir(path));
    reached_content((int)must("open", open("cmdline", O_RDONLY)), "read");
  } else if (is(way, "thread-cmdline")) {
    snprintf(path, sizeof path, "/proc/self/../%ld/cmdline", pid);
    reached_content((int)must("open", open(path, O_RDONLY)), "read");
  } else if (is(way, "oom_score_adj")) {
    snprintf(path, sizeof path, "/proc/%ld/oom_score_adj", pid);
    must("write", write((int)must("open", open(path, O_WRONLY)), "500", 3));
    reached(way);
  } else if (is(way, "coredump_filter")) {
    snprintf(path, sizeof path, "/proc/%ld/coredump_filter", pid);
    must("write", write((int)must("open", open(path, O_WRONLY)), "0x7f", 4));
    reached(way);
  }
  errno = EINVAL;
  broken("way");
}
