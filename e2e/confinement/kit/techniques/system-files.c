/*
 * Reads what the system tells about the machine and its programs. system-files <path> [list]
 * Family: system-files
 * Facts: these are readable for every user of most systems, and tell addresses of the kernel, connections and sockets of other
 * programs, hardware and accounts (man 5 proc, man 5 sysfs). An allow-list has to leave them out one by one.
 * Witness: the file's own content: what could be opened was reachable.
 * Cases: name | what it tries | attack | twin | marks
 *   kallsyms | the kernel's symbols | /proc/kallsyms | /proc/version | event=file.read surface
 *   modules | the kernel's modules | /proc/modules | /proc/version | event=file.read surface
 *   command-line | what the machine was started with | /proc/cmdline | /proc/version | event=file.read surface
 *   tcp | every TCP connection and its peer | /proc/net/tcp | /proc/version | event=file.read surface
 *   unix | every Unix socket and its name | /proc/net/unix | /proc/version | event=file.read surface
 *   routes | the routes of the network | /proc/net/route | /proc/version | event=file.read surface
 *   segments | System V segments of others | /proc/sysvipc/shm | /proc/version | event=file.read surface
 *   locks | which files are locked | /proc/locks | /proc/version | event=file.read surface
 *   keys | keys of the user | /proc/keys | /proc/version | event=file.read surface
 *   mounts | the mounts of the machine | /proc/1/mounts | /proc/version | event=file.read surface
 *   first-process | the arguments of process 1 | /proc/1/cmdline | /proc/version | event=file.read surface
 *   interrupts | interrupts, which tell key strokes | /proc/interrupts | /proc/version | event=file.read surface
 *   disks | what disks do | /proc/diskstats | /proc/version | event=file.read surface
 *   timers | the kernel's settings for programs that crash | /proc/sys/kernel/core_pattern | /proc/version | event=file.read surface
 *   ptrace-setting | what the kernel allows | /proc/sys/kernel/perf_event_paranoid | /proc/version | event=file.read surface
 *   hardware | the machine's model | /sys/class/dmi/id/product_name | /proc/version | event=file.read surface
 *   interfaces | hardware addresses of the network | /sys/class/net/lo/address | /proc/version | event=file.read surface
 *   build | the kernel's identity | /sys/kernel/notes | /proc/version | event=file.read surface
 *   machine-id | the identity of the installation | /etc/machine-id | /proc/version | event=file.read surface
 *   mounts-file | what is mounted where | /etc/fstab | /proc/version | event=file.read surface
 *   shells | settings for every login | /etc/profile | /proc/version | event=file.read surface
 *   ssh-server | the keys of the machine | /etc/ssh/ssh_host_ed25519_key.pub | /proc/version | event=file.read surface
 *   packages | what is installed | /var/lib/dpkg/status | /proc/version | event=file.read surface
 *   logins | who was logged in | /var/log/wtmp | /proc/version | event=file.read surface
 *   run | what runs on this machine | /run list | /usr list | event=file.read surface
 *   temporary | names of other programs' temporary files | /tmp list | /usr list | event=file.read surface
 *   shared-memory | names of other programs' shared memory | /var/tmp list | /usr list | event=file.read surface
 *   homes | names of the people here | /home list | /usr list | event=file.read surface
 */
#include "attack.h"

int main(int argc, char **argv) {
  bool list = argc > 2 && is(argv[2], "list");
  int file = open(argument(argc, argv, 1), O_RDONLY | (list ? O_DIRECTORY : 0));
  if (file < 0 && errno == ENOENT) absent("this machine has no such file");
  must("open", file);
  char byte;
  if (!list) must("read", read(file, &byte, 1));
  reached("open");
}
