"""Not an attack: two network namespaces joined by a pair of virtual cables. What the labs beside this file are built on.

In the near one (203.0.113.2, 2001:db8:77::2) a command runs; the far one (203.0.113.1, 2001:db8:77::1) owns every address it is
given, and is the near one's way to all others. Each end knows the other's from the beginning: a question for it that is asked
while the cable is only just plugged in may get lost, and is repeated a second later.
"""

import ctypes
import os
import subprocess
import sys

NEAR, FAR = ("02:00:00:00:00:02", "203.0.113.2", "2001:db8:77::2"), ("02:00:00:00:00:01", "203.0.113.1", "2001:db8:77::1")


CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def own_network(flags=0):
    """A network namespace of this process's own, and what other namespaces `flags` say; leaves with 77 where there is none to be had."""
    user, group = os.getuid(), os.getgid()
    try:
        unshare(CLONE_NEWNET | flags | (CLONE_NEWUSER if user != 0 else 0))
        if user != 0:
            open("/proc/self/setgroups", "w").write("deny")
            open("/proc/self/uid_map", "w").write(f"0 {user} 1")
            open("/proc/self/gid_map", "w").write(f"0 {group} 1")
    except OSError as error:
        print(f"no network namespace: {error}", file=sys.stderr)
        sys.exit(77)


def ip(*lines):
    """Several commands of ip(8), with one start of it."""
    subprocess.run(["ip", "-batch", "-"], check=True, stdout=subprocess.DEVNULL, text=True, input="\n".join(lines) + "\n")


def end(name, own, other):
    return ["link set lo up", f"address add {own[1]}/24 dev {name}", f"address add {own[2]}/64 dev {name} nodad",
            f"link set {name} up", *(f"neighbour add {address} lladdr {other[0]} dev {name} nud permanent" for address in other[1:])]


def plug_near(far_process):
    """In the near namespace: lays the cable to the namespace of that process. `way_out` follows when the far end is plugged in."""
    ip(f"link add near address {NEAR[0]} type veth peer name far address {FAR[0]} netns {far_process}", *end("near", NEAR, FAR))


def plug_far(addresses=()):
    """In the far namespace, when the cable is there."""
    ip(*(f"address add {address}/{128 if ':' in address else 32} dev lo{' nodad' if ':' in address else ''}" for address in addresses),
       *end("far", FAR, NEAR))


def way_out():
    ip(f"route add default via {FAR[1]}", f"route add ::/0 via {FAR[2]}")
