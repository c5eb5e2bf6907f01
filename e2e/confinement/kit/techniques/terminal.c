/*
 * Types into the terminal on standard input. terminal <way>
 * Family: terminal
 * Facts: TIOCSTI puts bytes into the input queue of the shell that reads the same terminal (man 2 ioctl_tty; CVE-2017-5226
 * of bubblewrap); since Linux 6.2 it can be switched off (dev.tty.legacy_tiocsti). TIOCLINUX pastes on a console. The
 * kernel cuts the request to 32 bits: a filter that compares 64 is passed by (CVE-2019-10063 of flatpak).
 * Witness: bytes that wait in the terminal.
 * Cases: name | what it tries | attack | twin | marks
 *   tiocsti | type with TIOCSTI | tiocsti | size | event=syscall terminal
 *   tiocsti-high-bits | type with TIOCSTI and high bits in the request | tiocsti-high-bits | size | event=syscall terminal
 *   tioclinux | paste with TIOCLINUX | tioclinux | size | event=syscall terminal surface
 *   tiocsetd | give the terminal another line discipline | tiocsetd | size | event=syscall terminal surface
 */
#include "attack.h"

#include <sys/ioctl.h>
#include <termios.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  if (is(way, "tiocsti")) {
    char byte = 'x';
    must(way, ioctl(0, TIOCSTI, &byte));
    reached(way);
  }
  if (is(way, "tiocsti-high-bits")) {
    /* the kernel cuts the request to 32 bits; a filter that compares 64 is passed by */
    char byte = 'x';
    must(way, syscall(SYS_ioctl, 0, 0xf00000000ul | TIOCSTI, &byte));
    reached(way);
  }
  if (is(way, "tioclinux")) {
    char code = 3; /* paste the selection; on a terminal that is no console: ENOTTY */
    judge(way, ioctl(0, TIOCLINUX, &code));
  }
  if (is(way, "tiocsetd")) {
    int discipline = 0;
    judge(way, ioctl(0, TIOCSETD, &discipline));
  }
  if (is(way, "size")) {
    struct winsize size;
    must(way, ioctl(0, TIOCGWINSZ, &size));
    reached(way);
  }
  errno = EINVAL;
  broken("way");
}
