/*
 * Opens a device, to read and write or for commands alone. devices <path> [commands]
 * Family: devices
 * Facts: each device is a driver of its own, and several are open to every user (udev's rules): /dev/fuse answers file systems,
 * /dev/net/tun makes networks, /dev/kvm machines, /dev/ptmx terminals; /dev/userfaultfd gives what the system call refuses (Linux 6.1).
 * Opened with the fourth access mode (open(2), under NOTES) a device takes commands, and Landlock asks for no right then.
 * Witness: the driver's own answer: what could be opened was reachable.
 * Cases: name | what it tries | attack | twin | marks
 *   fuse | answer a file system | /dev/fuse | /dev/null | event=file.write,file.read surface
 *   tun | make a network interface | /dev/net/tun | /dev/null | event=file.write,file.read surface
 *   kvm | start a machine | /dev/kvm | /dev/null | event=file.write,file.read surface
 *   ptmx | make a terminal | /dev/ptmx | /dev/null | event=file.write,file.read surface
 *   userfaultfd | stop the kernel inside of a copy | /dev/userfaultfd | /dev/null | event=file.write,file.read surface
 *   vhost-vsock | talk to virtual machines | /dev/vhost-vsock | /dev/null | event=file.write,file.read surface
 *   kmsg | write into the kernel's log | /dev/kmsg | /dev/null | event=file.write,file.read surface
 *   memory | the machine's memory | /dev/mem | /dev/null | event=file.write,file.read surface
 *   input | make an input device, and type | /dev/uinput | /dev/null | event=file.write,file.read surface
 *   graphics | the graphics processor | /dev/dri/renderD128 | /dev/null | event=file.write,file.read surface
 *   sound | the microphone | /dev/snd/timer | /dev/null | event=file.write,file.read surface
 *   loop | a file as a disk | /dev/loop-control | /dev/null | event=file.write,file.read surface
 *   rfkill | switch the radio off | /dev/rfkill | /dev/null | event=file.write,file.read surface
 *   console | the console | /dev/console | /dev/null | event=file.write,file.read surface
 *   console-memory | what stands on the console | /dev/vcs | /dev/null | event=file.write,file.read surface
 *   latency | keep the processor awake | /dev/cpu_dma_latency | /dev/null | event=file.write,file.read surface
 *   tun-commands | command network interfaces | /dev/net/tun commands | /dev/null | event=file.write,file.read surface
 *   kvm-commands | command machines | /dev/kvm commands | /dev/null | event=file.write,file.read surface
 *   ptmx-commands | command a terminal of its own | /dev/ptmx commands | /dev/null | event=file.write,file.read surface
 */
#include "attack.h"

#include <linux/kvm.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

/* A command of each driver that only asks. */
static int ask(const char *path, int device) {
  unsigned answer = 0;
  if (is(path, "/dev/kvm")) return ioctl(device, KVM_GET_API_VERSION, 0);
  return ioctl(device, is(path, "/dev/net/tun") ? TUNGETFEATURES : TIOCGPTN, &answer);
}

int main(int argc, char **argv) {
  const char *path = argument(argc, argv, 1);
  bool commands = argc > 2 && is(argv[2], "commands");
  int device = open(path, (commands ? O_ACCMODE : O_RDWR) | O_NONBLOCK | O_NOCTTY);
  if (device < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO)) absent("this machine has no such device");
  must("open", device);
  if (commands) must("command", ask(path, device));
  reached("open");
}
