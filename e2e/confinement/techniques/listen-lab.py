"""Not an attack: who can reach a listener. listen-lab.py -- <command> [argument...]

Two network namespaces joined by a cable. The command runs in the near one and says `PORT <number>` when it listens (anything
else is passed on, and nothing is tried). It is then called from the near side by its loopback addresses, and from the far
side by the address that the network knows it by. The last line of the output is JSON: which calls were
answered. Needs root, or user namespaces that an ordinary user may make; leaves with 77 where neither is given.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
NEAR = "203.0.113.2"
libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, stdout=subprocess.DEVNULL)


def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=5).close()
        return True
    except OSError:
        return False


def main():
    command = sys.argv[sys.argv.index("--") + 1:]
    user, group = os.getuid(), os.getgid()
    try:
        if user != 0:
            unshare(CLONE_NEWUSER | CLONE_NEWNET)
            open("/proc/self/setgroups", "w").write("deny")
            open("/proc/self/uid_map", "w").write(f"0 {user} 1")
            open("/proc/self/gid_map", "w").write(f"0 {group} 1")
        else:
            unshare(CLONE_NEWNET)
    except OSError as error:
        print(f"no network namespace: {error}", file=sys.stderr)
        sys.exit(77)
    made_read, made_write = os.pipe()
    go_read, go_write = os.pipe()
    said_read, said_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        unshare(CLONE_NEWNET)
        os.write(made_write, b"x")
        os.read(go_read, 1)
        ip("address", "add", "203.0.113.1/24", "dev", "far")
        ip("link", "set", "far", "up")
        os.write(said_write, b"x")
        port = os.read(go_read, 16)
        if port != b"":
            os.write(said_write, b"1" if answers(NEAR, int(port)) else b"0")
        os._exit(0)
    os.read(made_read, 1)
    ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(child))
    ip("link", "set", "lo", "up")
    ip("address", "add", NEAR + "/24", "dev", "near")
    ip("link", "set", "near", "up")
    os.write(go_write, b"x")
    os.read(said_read, 1)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    seen = None
    if line.startswith("PORT "):
        port = int(line.split()[1])
        os.write(go_write, str(port).encode())
        seen = {"far": os.read(said_read, 1) == b"1", "loopback": answers("127.0.0.1", port),
                "loopbackSix": answers("::1", port)}
    else:
        sys.stdout.write(line)
    os.close(go_write)
    rest, _ = process.communicate()
    sys.stdout.write(rest)
    os.waitpid(child, 0)
    print(json.dumps(seen))
    sys.exit(process.returncode)


main()
