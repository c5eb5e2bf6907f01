"""A server that gives its place away: `stranger.py inside <address> <port>` begins a connection, lets go of it before the far
side is there, and says which port of this machine it had. `stranger.py outside <command>...` is the machine's own part:
starts the command, opens a service of its own at that port, and says what came to it: `came <number> bytes <number>`. `stranger.py keep <address> <port>` keeps the connection and says what it hears."""

import ctypes
import socket
import subprocess
import sys
import time

# The look-up behind the connection takes less; what should come comes within it.
PATIENCE = 4


def inside(address, port):
    made = socket.socket()
    made.setblocking(False)
    code = made.connect_ex((address, int(port)))
    host, own = made.getsockname()
    nowhere = ctypes.create_string_buffer(16)  # AF_UNSPEC
    ended = ctypes.CDLL(None, use_errno=True).connect(made.fileno(), nowhere, 16)
    print(code, ended, host, own, flush=True)
    time.sleep(PATIENCE + 2)


def outside(command):
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    said = child.stdout.readline()
    code, ended, host, port = said.split()
    service = socket.create_server((host, int(port)))
    service.settimeout(0.1)
    came, size, until = 0, 0, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            visitor = service.accept()[0]
        except TimeoutError:
            continue
        came += 1
        visitor.settimeout(0.5)
        try:
            size += len(visitor.recv(4096))
        except OSError:
            pass
    child.kill()
    child.wait()
    print(f"began {code} ended {ended} came {came} bytes {size}")


if sys.argv[1] == "inside":
    inside(*sys.argv[2:])
elif sys.argv[1] == "keep":
    with socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=2 * PATIENCE) as kept:
        print(kept.recv(4096).decode())
else:
    outside(sys.argv[2:])
