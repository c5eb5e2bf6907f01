/*
 * Holds up or watches other programs through a file that may only be read. leases <way> <file>
 * Family: processes
 * Facts: a lease makes whoever opens the file wait up to a minute (man 2 fcntl, F_SETLEASE), F_NOTIFY signals what happens in a
 * folder, and F_SETOWN names who gets the signal. None of them needs a right to write.
 * Witness: the kernel's own answer.
 * Cases: name | what it tries | attack | twin | marks
 *   lease | take a lease on a file that may only be read | lease {readonly} | get {readonly} | event=syscall surface
 *   delegation | take a delegation on it | delegation {readonly} | get {readonly} | event=syscall surface
 *   notify | be signalled what happens in a folder | notify {readfolder} | get {readonly} | event=syscall surface
 *   owner | name another process for the signals of a pipe | owner {pid} | get {readonly} | event=syscall,signal surface
 *   owner-ex | the same with the newer call | owner-ex {pid} | get {readonly} | event=syscall,signal surface
 *   ioctl-owner | the same with ioctl | ioctl-owner {pid} | get {readonly} | event=syscall,signal surface
 */
#include "attack.h"

#include <sys/ioctl.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argument(argc, argv, 2);
  int pair[2];
  prepare("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  pid_t pid = (pid_t)atol(target);
  if (is(way, "owner")) must(way, fcntl(pair[0], F_SETOWN, pid));
  else if (is(way, "owner-ex")) {
    struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = pid};
    must(way, fcntl(pair[0], F_SETOWN_EX, &owner));
  } else if (is(way, "ioctl-owner")) must(way, ioctl(pair[0], 0x8901 /* FIOSETOWN */, &pid));
  else {
    int file = (int)must("open", open(target, O_RDONLY));
    if (is(way, "lease")) must(way, fcntl(file, F_SETLEASE, F_RDLCK));
    else if (is(way, "delegation")) must(way, fcntl(file, 1040 /* F_SETDELEG */, (struct { uint32_t flags; uint16_t type, padding; }[1]){{0, F_RDLCK, 0}}));
    else if (is(way, "notify")) must(way, fcntl(file, F_NOTIFY, DN_CREATE));
    else must(way, fcntl(file, F_GETFL));
  }
  reached(way);
}
