"""Not an attack: who can reach a listener. listen-lab.py -- <command> [argument...]

Two network namespaces joined by a cable. The command runs in the near one and says `PORT <number>` when it listens (anything
else is passed on, and nothing is tried). It is then called from the near side by its loopback addresses, and from the far
side by the address that the network knows it by. The last line of the output is JSON: which calls were
answered. Needs root, or user namespaces that an ordinary user may make; leaves with 77 where neither is given.
"""

import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
import cable

def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=5).close()
        return True
    except OSError:
        return False


def main():
    command = sys.argv[sys.argv.index("--") + 1:]
    cable.own_network()
    made_read, made_write = os.pipe()
    go_read, go_write = os.pipe()
    said_read, said_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        cable.unshare(cable.CLONE_NEWNET)
        os.write(made_write, b"x")
        os.read(go_read, 1)
        cable.plug_far()
        os.write(said_write, b"x")
        port = os.read(go_read, 16)
        if port != b"":
            os.write(said_write, b"1" if answers(cable.NEAR[1], int(port)) else b"0")
        os._exit(0)
    os.read(made_read, 1)
    cable.plug_near(child)
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
