/*
 * Holds a lease on a file, as a server of network files does: hold-lease <file> read|write. Says `held`, then `asked` when
 * somebody else opens it, and lets go when a line comes in. fcntl(2), "Leases": who opens it waits until then, or gets EAGAIN with O_NONBLOCK.
 */
#include "attack.h"

int main(int count, char **arguments) {
  if (count != 3) return 2;
  bool read_lease = is(arguments[2], "read");
  int descriptor = open(arguments[1], read_lease ? O_RDONLY : O_RDWR);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigprocmask(SIG_BLOCK, &set, NULL);
  if (descriptor < 0 || fcntl(descriptor, F_SETLEASE, read_lease ? F_RDLCK : F_WRLCK) != 0) {
    printf("%s\n", strerrorname_np(errno));
    return 3;
  }
  printf("held\n");
  fflush(stdout);
  int number = 0;
  sigwait(&set, &number);
  printf("asked\n");
  fflush(stdout);
  char line[16];
  if (read(0, line, sizeof line) < 0) return 4;
  return fcntl(descriptor, F_SETLEASE, F_UNLCK) == 0 ? 0 : 5;
}
