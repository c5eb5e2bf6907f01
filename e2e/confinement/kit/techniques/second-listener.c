/*
 * Installs a seccomp filter of its own. second-listener <way>
 * Family: supervisor
 * Facts: a listener could answer the server's own calls before ours does; the kernel allows one listener in a task's tree
 * (man 2 seccomp, EBUSY).
 * Witness: the kernel's answer.
 * Silent: the kernel refuses it, and the call is one that browsers make for their own sandbox.
 * Cases: name | what it tries | attack | twin | marks
 *   listener | answer its own calls before the supervisor does | listener | filter | surface silent
 */
#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {.len = 1, .filter = allow};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (is(way, "listener")) must(way, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
  else if (is(way, "filter")) must(way, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
