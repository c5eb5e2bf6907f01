/*
 * Reads another process through /proc. proc-of-other <way> <pid> [address in its memory] [outside path] [descriptor]; <pid>
 * 0 means ourselves (the twin).
 * Family: proc
 * Facts: a process of the same user may read nearly all of it: environ holds the tokens of other servers, cmdline their
 * arguments (man 5 proc; Documentation/filesystems/proc.rst). hidepid hides others' processes, not one's own.
 * Witness: a secret of the neighbour in the output; its score or filter changed.
 * Silent: chdir and readlink are not stopped, so they are not reported; what is opened from there is relative
 * to a place that the supervisor can no longer see.
 * Cases: name | what it tries | attack | twin | marks
 *   environ | the tokens in its environment | environ {pid} {address} {secret} {held} | environ 0 0 {inside} 0 | event=file.read
 *   cmdline | its arguments | cmdline {pid} {address} {secret} {held} | cmdline 0 0 {inside} 0 | event=file.read
 *   task-cmdline | its arguments, through its thread | task-cmdline {pid} {address} {secret} {held} | task-cmdline 0 0 {inside} 0 | event=file.read
 *   relative-cmdline | its arguments, relative after chdir | relative-cmdline {pid} {address} {secret} {held} | relative-cmdline 0 0 {inside} 0 | silent
 *   thread-cmdline | its arguments, through /proc/self/.. | thread-cmdline {pid} {address} {secret} {held} | thread-cmdline 0 0 {inside} 0 | event=file.read
 *   mem | its memory | mem {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read
 *   mem-write | its memory, to change it | mem-write {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read,file.write
 *   root | a file outside through its root | root {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read
 *   fd | its open file | fd {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read
 *   cwd | its working folder | cwd {pid} {address} {secret} {held} | status 0 0 {inside} 0 | surface silent
 *   fd-list | the list of its open files | fd-list {pid} {address} {secret} {held} | fd-list 0 0 {inside} 0 | event=file.read surface
 *   maps | the map of its memory | maps {pid} {address} {secret} {held} | maps 0 0 {inside} 0 | event=file.read surface
 *   auxv | its start values | auxv {pid} {address} {secret} {held} | auxv 0 0 {inside} 0 | event=file.read surface
 *   io | its input and output counts | io {pid} {address} {secret} {held} | io 0 0 {inside} 0 | event=file.read surface
 *   smaps | the details of its memory | smaps {pid} {address} {secret} {held} | smaps 0 0 {inside} 0 | event=file.read surface
 *   mountinfo | its mounts | mountinfo {pid} {address} {secret} {held} | mountinfo 0 0 {inside} 0 | event=file.read surface
 *   limits | its limits | limits {pid} {address} {secret} {held} | limits 0 0 {inside} 0 | event=file.read surface
 *   status | its state | status {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read surface
 *   cgroup | its control group | cgroup {pid} {address} {secret} {held} | cgroup 0 0 {inside} 0 | event=file.read surface
 *   oom_score_adj | its place in the queue when memory runs out | oom_score_adj {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read,file.write
 *   coredump_filter | what its core file would hold | coredump_filter {pid} {address} {secret} {held} | status 0 0 {inside} 0 | event=file.read,file.write
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
