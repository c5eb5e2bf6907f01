/*
 * Becomes root of a user namespace and goes on from there. user-namespace <way> [target]
 * Family: namespaces
 * Facts: who makes a user namespace has every capability in it (man 7 user_namespaces), and with these most of the kernel's
 * holes of recent years: CVE-2022-0185 (fsconfig, fixed in 5.16.2), CVE-2022-0492 (cgroup release_agent, 5.17),
 * CVE-2023-0386 (overlayfs, 6.2), CVE-2024-1086 and CVE-2023-32233 (nf_tables, 6.8 and 6.4), CVE-2021-22555 (x_tables, 5.12),
 * CVE-2026-43284 (ESP, "Dirty Frag"). Each case makes the first call that such an exploit makes.
 * Witness: the kernel's own answer; a call that it looked at was reachable.
 * Cases: name | what it tries | attack | twin | marks
 *   mount-tmpfs | mount something over a folder | mount-tmpfs {grant}/sub | fork | event=syscall surface
 *   bind-mount | mount a folder from outside into the grant | bind-mount {outside} {grant}/sub | fork | event=syscall surface
 *   mount-proc | mount a /proc of its own | mount-proc {grant}/sub | fork | event=syscall surface
 *   mount-overlay | mount an overlay (CVE-2023-0386) | mount-overlay {grant} | fork | event=syscall surface
 *   mount-cgroup | mount a control group tree (CVE-2022-0492) | mount-cgroup {grant}/sub | fork | event=syscall surface
 *   mount-move | move its root away and come back (pivot_root) | pivot {grant}/sub | fork | event=syscall surface
 *   chroot | make another folder the root | chroot {grant} | fork | event=syscall surface
 *   fsopen | open a file system with the new calls (CVE-2022-0185) | fsopen | fork | event=syscall surface
 *   open-tree | take a copy of a mount | open-tree {outside} | fork | event=syscall surface
 *   mount-attributes | change a mount's attributes | mount-attributes | fork | event=syscall surface
 *   network | a network of its own with its own interfaces | network | fork | event=syscall surface
 *   processes | a list of processes of its own | processes | fork | event=syscall surface
 *   ipc | System V objects of its own | ipc | fork | event=syscall surface
 *   host-name | a name of the machine of its own | host-name | fork | event=syscall surface
 *   cgroups | a root of control groups of its own | cgroups | fork | event=syscall surface
 *   time | a clock of its own | time | fork | event=syscall surface
 *   nf-tables | talk to nf_tables (CVE-2024-1086) | netlink 12 | fork | event=syscall surface
 *   xfrm | talk to the IPsec code (CVE-2026-43284) | netlink 6 | fork | event=syscall surface
 *   x-tables | set a table of packets (CVE-2021-22555) | x-tables | fork | event=syscall surface
 *   packet | read every packet of an interface | packet | fork | event=syscall surface
 *   raw | make packets of its own | raw | fork | event=syscall surface
 *   map-root | write the map of ids, to be root in there | map-root | fork | event=syscall,file.write surface
 *   nested | a second one inside of the first | nested | fork | event=syscall surface
 *   clone | the same by clone | clone | fork | event=syscall surface
 */
#include "attack.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>

static void enter(int more) { must("unshare", unshare(CLONE_NEWUSER | more)); }

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argc > 2 ? argv[2] : "/";
  char options[8192];
  if (is(way, "fork")) {
    pid_t child = (pid_t)must("fork", fork());
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
  } else if (is(way, "mount-tmpfs")) {
    enter(CLONE_NEWNS);
    must("mount", mount("none", target, "tmpfs", 0, NULL));
  } else if (is(way, "bind-mount")) {
    enter(CLONE_NEWNS);
    must("mount", mount(target, argument(argc, argv, 3), NULL, MS_BIND | MS_REC, NULL));
  } else if (is(way, "mount-proc")) {
    enter(CLONE_NEWNS | CLONE_NEWPID);
    pid_t child = (pid_t)must("fork", fork());
    if (child == 0) _exit(mount("proc", target, "proc", 0, NULL) < 0 ? errno : 0);
    int status = 0;
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) != 0) refused("mount", WEXITSTATUS(status));
  } else if (is(way, "mount-overlay")) {
    enter(CLONE_NEWNS);
    snprintf(options, sizeof options, "%s/up", target);
    mkdir(options, 0700);
    snprintf(options, sizeof options, "%s/work", target);
    mkdir(options, 0700);
    snprintf(options, sizeof options, "lowerdir=/usr/bin,upperdir=%s/up,workdir=%s/work", target, target);
    if (mount("overlay", target, "overlay", 0, options) < 0 && errno != EINVAL) refused("mount", errno);
  } else if (is(way, "mount-cgroup")) {
    enter(CLONE_NEWNS | CLONE_NEWCGROUP);
    must("mount", mount("none", target, "cgroup2", 0, NULL));
  } else if (is(way, "pivot")) {
    enter(CLONE_NEWNS);
    must("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    must("mount", mount(target, target, NULL, MS_BIND, NULL));
    must("chdir", chdir(target));
    must("pivot_root", syscall(SYS_pivot_root, ".", "."));
  } else if (is(way, "chroot")) {
    enter(0);
    must(way, chroot(target));
  } else if (is(way, "fsopen")) {
    enter(CLONE_NEWNS);
    long context = must(way, syscall(430, "tmpfs", 0));
    must("fsconfig", syscall(431, context, 1, "size", "1m", 0));
  } else if (is(way, "open-tree")) {
    enter(CLONE_NEWNS);
    must(way, syscall(428, AT_FDCWD, target, 1 | 0x8000));
  } else if (is(way, "mount-attributes")) {
    enter(CLONE_NEWNS);
    uint64_t attributes[4] = {1 /* read-only */, 0, 0, 0};
    must(way, syscall(442, AT_FDCWD, "/", 0, attributes, sizeof attributes));
  } else if (is(way, "network")) enter(CLONE_NEWNET);
  else if (is(way, "processes")) enter(CLONE_NEWPID);
  else if (is(way, "ipc")) enter(CLONE_NEWIPC);
  else if (is(way, "host-name")) {
    enter(CLONE_NEWUTS);
    must("sethostname", sethostname("other", 5));
  } else if (is(way, "cgroups")) enter(CLONE_NEWCGROUP);
  else if (is(way, "time")) enter(0x80);
  else if (is(way, "netlink")) {
    enter(CLONE_NEWNET);
    must("socket", socket(AF_NETLINK, SOCK_RAW, atoi(target)));
  } else if (is(way, "x-tables")) {
    enter(CLONE_NEWNET);
    int descriptor = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    judge("setsockopt", setsockopt(descriptor, IPPROTO_IP, 64 /* IPT_SO_SET_REPLACE */, options, 8));
  } else if (is(way, "packet")) {
    enter(CLONE_NEWNET);
    must("socket", socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
  } else if (is(way, "raw")) {
    enter(CLONE_NEWNET);
    must("socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  } else if (is(way, "map-root")) {
    unsigned user = getuid();
    enter(0);
    int map = (int)must("open", open("/proc/self/uid_map", O_WRONLY));
    snprintf(options, sizeof options, "0 %u 1\n", user);
    must("write", write(map, options, strlen(options)));
  } else if (is(way, "nested")) {
    enter(0);
    enter(CLONE_NEWNS);
  } else if (is(way, "clone")) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    must(way, child);
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
