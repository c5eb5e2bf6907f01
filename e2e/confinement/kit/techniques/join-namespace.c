/*
 * Joins the namespaces of another process. join-namespace <way> <pid>
 * Family: namespaces
 * Facts: setns takes a file of /proc/<pid>/ns or, from Linux 5.8, a process descriptor (man 2 setns); joining the mounts or
 * the network of a process outside undoes what a sandbox built.
 * Witness: the kernel's own answer.
 * Cases: name | what it tries | attack | twin | marks
 *   open-file | open the file of its mounts | open-mnt {pid} | open-mnt 0 | event=file.read,syscall surface
 *   open-user | open the file of its user namespace | open-user {pid} | open-user 0 | event=file.read,syscall surface
 *   pidfd | join by a process descriptor | pidfd {pid} | open-mnt 0 | event=syscall surface
 *   own-file | join through a file that may be opened | own-file {pid} | open-mnt 0 | event=syscall surface
 */
#include "attack.h"

#include <sched.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  long pid = atol(argument(argc, argv, 2));
  char path[64];
  if (strncmp(way, "open-", 5) == 0) {
    snprintf(path, sizeof path, "/proc/%ld/ns/%s", pid == 0 ? (long)getpid() : pid, way + 5);
    must("open", open(path, O_RDONLY));
  } else if (is(way, "pidfd")) {
    int handle = (int)must("pidfd_open", syscall(434, pid, 0));
    judge("setns", setns(handle, CLONE_NEWUTS));
  } else if (is(way, "own-file")) {
    int own = (int)must("open", open("/proc/self/ns/user", O_RDONLY));
    judge("setns", setns(own, CLONE_NEWUSER));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
