/*
 * Not an attack: gives a command a controlling terminal as its standard input and says whether anything was typed into it.
 * with-terminal <report file> <command> [argument...]
 * The terminal is what a client started from a shell hands down; a byte typed into it is a command in that shell.
 */
#include "attack.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

int main(int argc, char **argv) {
  const char *report = argument(argc, argv, 1);
  argument(argc, argv, 2);
  int primary, secondary;
  struct termios raw;
  prepare("openpty", openpty(&primary, &secondary, NULL, NULL, NULL));
  tcgetattr(secondary, &raw);
  cfmakeraw(&raw);
  tcsetattr(secondary, TCSANOW, &raw);
  pid_t child = fork();
  if (child == 0) {
    setsid();
    ioctl(secondary, TIOCSCTTY, 0);
    dup2(secondary, 0);
    close(primary);
    close(secondary);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status = 0;
  /* the primary is kept open: its closing would hang the command up */
  waitpid(child, &status, 0);
  int typed = 0;
  ioctl(secondary, FIONREAD, &typed);
  int file = (int)prepare("report", open(report, O_CREAT | O_WRONLY | O_TRUNC, 0600));
  dprintf(file, "%d", typed);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
