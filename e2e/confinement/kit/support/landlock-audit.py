"""
Not an attack: writes down what Landlock itself refused, as the kernel's audit says it. landlock-audit.py <file>
Needs root and Landlock's ABI 7 (Linux 6.15). Audit is switched on while it runs and put back as it was. One JSON object a
record: {serial, at, type, text}; it says `ready` on standard output, and ends when its standard input ends.
Facts: the records AUDIT_LANDLOCK_ACCESS (1423) and AUDIT_LANDLOCK_DOMAIN (1424) come with the SYSCALL record of the same
serial number (Documentation/admin-guide/LSM/landlock.rst); the multicast group AUDIT_NLGRP_READLOG hands them to root.
"""
import fcntl
import json
import os
import re
import select
import socket
import struct
import sys
import time

AUDIT_GET, AUDIT_SET = 1000, 1001
ENABLED, RATE_LIMIT, BACKLOG_LIMIT = 1, 8, 16
REQUEST, ACKNOWLEDGE = 1, 4
WANTED = {1300, 1423, 1424}


def message(kind, payload=b"", flags=REQUEST):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload


def status(mask, enabled, rate, backlog):
    return struct.pack("=10I", mask, enabled, 0, 0, rate, backlog, 0, 0, 0, 0)


# One for the machine: whoever comes while another has it switched waits, so that each finds it as it was.
owner = open("/run/belljar-landlock-audit.lock", "w", encoding="ascii")
fcntl.flock(owner, fcntl.LOCK_EX)
control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
control.bind((0, 0))
control.send(message(AUDIT_GET))
before = None
while before is None:
    data = control.recv(65536)
    _, kind = struct.unpack_from("=IH", data)
    if kind == AUDIT_GET:
        before = struct.unpack_from("=8I", data, 16)


def change(enabled, rate, backlog):
    control.send(message(AUDIT_SET, status(ENABLED | RATE_LIMIT | BACKLOG_LIMIT, enabled, rate, backlog), REQUEST | ACKNOWLEDGE))


log = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
log.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
log.bind((0, 1))
change(1, 0, 65536)
lost = 0
with open(sys.argv[1], "w", encoding="utf8", errors="replace") as out:
    print("ready", flush=True)
    # Other programs are refused things too, without end: the last record that counts is older than the end of standard input.
    ended = None
    while ended is None or select.select([log], [], [], 0.5)[0]:
        ready, _, _ = select.select([log] + ([sys.stdin] if ended is None else []), [], [])
        if log in ready:
            try:
                data = log.recv(65536)
            except OSError:
                lost += 1
                continue
            _, kind = struct.unpack_from("=IH", data)
            if kind in WANTED:
                text = data[16:].rstrip(b"\0").decode("utf8", "replace")
                head = re.match(r"audit\(([\d.]+):(\d+)\): (.*)", text, re.S)
                if head:
                    at, serial, rest = head.groups()
                    if ended is not None and float(at) > ended:
                        break
                    out.write(json.dumps({"serial": int(serial), "at": float(at), "type": kind, "text": rest}) + "\n")
        if sys.stdin in ready and os.read(0, 64) == b"":
            ended = time.time()
change(before[1], before[4], before[5])
print(json.dumps({"lost": lost}), flush=True)
