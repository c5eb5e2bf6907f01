"""Not an attack: a small internet with names, on one machine and without a packet leaving it.

name-lab.py <scene file> <report file> -- <command> [argument...]

Two network namespaces joined by a pair of virtual cables. In the near one the command runs, with resolver files of its own
mounted over the machine's. The far one owns public and private addresses, a name server at 203.0.113.1 and listeners. The scene
is JSON:

  zone      {name: {"A": [...], "AAAA": [...], "CNAME": name, "HTTPS": hex of the data, "TXT": [...], "ttl": n, "rcode": n,
                    "do": "silent" | "truncate" | "wrong-id" | "wrong-name" | "wrong-port" | "loop" | "twice"}}
  resolv    text of /etc/resolv.conf (default: nameserver 203.0.113.1)
  hosts     text of /etc/hosts
  ports     listeners of the far side: {port: "echo" | "greet" | "reset" | "hold" | "sink" | "proxy" | "closed"}; echo answers `far:` and what came
  near      the same for 127.0.0.1 and ::1 of the near side
  rate      how fast the cable is for what the near side sends (tc: "1gbit"); as fast as the machine without it

The report says in JSON what the far side saw: questions [proto, name, type], connections [address, port, text that arrived],
datagrams. Needs root, or user namespaces that an ordinary user may make; leaves with 77 where neither is given.
"""

import ctypes
import json
import os
import selectors
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
import cable

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18
FOUR = ["93.184.216.34", "93.184.216.35", "93.184.216.36", "10.20.30.40", "169.254.169.254", "192.168.7.7"]
SIX = ["2606:2800:220:1::1", "2606:2800:220:1::2", "fd12::1"]
TYPES = {1: "A", 5: "CNAME", 16: "TXT", 28: "AAAA", 65: "HTTPS"}

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def wire(name):
    return b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin1"))
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def answer_for(zone, packet, stream):
    """The answers to send (several where it lies), and what was asked."""
    ident, = struct.unpack(">H", packet[:2])
    name, at = read_name(packet, 12)
    kind, = struct.unpack(">H", packet[at:at + 2])
    question = packet[12:at + 4]
    records, code, does = [], 0, ""
    owner, chain = name.lower(), 0
    if owner not in zone:
        code = 3
    while owner in zone and chain < 20:
        entry = zone[owner]
        ttl = entry.get("ttl", 60)
        code, does = entry.get("rcode", 0), entry.get("do", does)
        if "CNAME" in entry:
            records.append(wire(owner) + struct.pack(">HHIH", 5, 1, ttl, len(wire(entry["CNAME"]))) + wire(entry["CNAME"]))
            owner, chain = entry["CNAME"], chain + 1
            continue
        if kind in (1, 28):
            for text in entry.get(TYPES[kind], []):
                data = socket.inet_pton(socket.AF_INET if kind == 1 else socket.AF_INET6, text)
                records.append(wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data)
        elif kind == 65 and "HTTPS" in entry:
            data = bytes.fromhex(entry["HTTPS"])
            records.append(wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data)
        elif kind == 16:
            for text in entry.get("TXT", []):
                data = bytes([len(text)]) + text.encode()
                records.append(wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data)
        break
    flags, body, count = 0x8180 | code, b"".join(records), len(records)
    if does == "loop":
        # a name that points to itself
        at_answer = 12 + len(question)
        body, count = struct.pack(">H", 0xC000 | at_answer) + struct.pack(">HHIH", kind, 1, 60, 4) + b"\x5d\xb8\xd8\x22", 1
    if does == "truncate" and not stream:
        flags, body, count = flags | 0x200, b"", 0
    good = struct.pack(">HHHHHH", ident, flags, 1, count, 0, 0) + question + body
    evil = wire(name) + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton("93.184.216.36")
    if does == "silent":
        return [], name, kind
    if does == "wrong-id" and not stream:
        return [struct.pack(">HHHHHH", ident ^ 1, 0x8180, 1, 1, 0, 0) + question + evil, good], name, kind
    if does == "wrong-name" and not stream:
        other = wire("other.example") + question[-4:]
        return [struct.pack(">HHHHHH", ident, 0x8180, 1, 1, 0, 0) + other + evil, good], name, kind
    if does == "wrong-port" and not stream:
        return [("elsewhere", struct.pack(">HHHHHH", ident, 0x8180, 1, 1, 0, 0) + question + evil), good], name, kind
    return [good], name, kind


class Side:
    """Listeners of one side, and what they saw."""

    def __init__(self, ports, addresses, resolver=None, zone=None):
        self.seen = {"questions": [], "connections": [], "datagrams": []}
        self.zone = zone or {}
        self.select = selectors.DefaultSelector()
        for port, what in ports.items():
            if what == "closed":
                continue
            for address in addresses:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                listener = socket.socket(family, socket.SOCK_STREAM)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((address, int(port)))
                listener.listen(1024)
                self.select.register(listener, selectors.EVENT_READ, lambda one=listener, kind=what: self.accept(one, kind))
                packets = socket.socket(family, socket.SOCK_DGRAM)
                packets.bind((address, int(port)))
                self.select.register(packets, selectors.EVENT_READ, lambda one=packets: self.packet(one))
        if resolver:
            self.elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.elsewhere.bind((resolver, 5353))
            packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            packets.bind((resolver, 53))
            self.select.register(packets, selectors.EVENT_READ, lambda: self.question(packets))
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((resolver, 53))
            listener.listen(256)
            self.select.register(listener, selectors.EVENT_READ, lambda: self.accept(listener, "names"))

    def packet(self, packets):
        text, peer = packets.recvfrom(65536)
        name = packets.getsockname()
        self.seen["datagrams"].append([name[0], name[1], text.decode("latin1")])
        packets.sendto(b"far:" + text, peer)

    def question(self, packets):
        text, peer = packets.recvfrom(65536)
        answers, name, kind = answer_for(self.zone, text, False)
        self.seen["questions"].append(["udp", name, TYPES.get(kind, str(kind))])
        for answer in answers:
            if isinstance(answer, tuple):
                self.elsewhere.sendto(answer[1], peer)
            else:
                packets.sendto(answer, peer)

    def accept(self, listener, what):
        peer, _ = listener.accept()
        name = peer.getsockname()
        record = [name[0], name[1], ""]
        if what != "names":
            self.seen["connections"].append(record)
        if what == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return peer.close()
        if what == "hold":
            return
        if what == "greet":
            peer.send(b"far speaks first\n")
        state = {"what": what, "waiting": b""}
        self.select.register(peer, selectors.EVENT_READ, lambda: self.read(peer, record, state))

    def read(self, peer, record, state):
        try:
            text = peer.recv(1 << 20)
        except OSError:
            text = b""
        if not text:
            self.select.unregister(peer)
            return peer.close()
        if state["what"] == "names":
            state["waiting"] += text
            while len(state["waiting"]) >= 2:
                size, = struct.unpack(">H", state["waiting"][:2])
                if len(state["waiting"]) < 2 + size:
                    return
                query, state["waiting"] = state["waiting"][2:2 + size], state["waiting"][2 + size:]
                answers, name, kind = answer_for(self.zone, query, True)
                self.seen["questions"].append(["tcp", name, TYPES.get(kind, str(kind))])
                for answer in answers:
                    peer.send(struct.pack(">H", len(answer)) + answer)
            return
        if state["what"] == "sink":
            return
        record[2] += text.decode("latin1")
        if state["what"] == "proxy" and "waiting" in state and state["waiting"] is not None:
            state["waiting"] += text
            if state["waiting"].endswith(b"\r\n\r\n"):
                state["waiting"] = None
                peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return
        try:
            peer.sendall(b"far:" + text)
        except OSError:
            pass

    def run(self, ended):
        self.select.register(ended, selectors.EVENT_READ, None)
        last = False
        while True:
            ready = self.select.select(0.05 if last else None)
            if last and not ready:
                return
            for key, _ in ready:
                if key.data:
                    key.data()
                else:
                    self.select.unregister(ended)
                    last = True


def side(setup, end_read, report):
    """A process with its listeners; a pipe tells when they are there."""
    ready_read, ready_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ready_read)
        try:
            one = setup()
            os.write(ready_write, b"x")
            os.close(ready_write)
            one.run(end_read)
            with open(report, "w") as file:
                json.dump(one.seen, file)
        except BaseException as error:
            print(f"lab: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(ready_write)
    return child, ready_read


def main():
    scene = json.load(open(sys.argv[1]))
    report = sys.argv[2]
    command = sys.argv[sys.argv.index("--") + 1:]
    cable.own_network(CLONE_NEWNS)
    try:
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        for path, text in (("/etc/resolv.conf", scene.get("resolv", "nameserver 203.0.113.1\n")),
                           ("/etc/hosts", scene.get("hosts", "127.0.0.1 localhost\n::1 localhost\n"))):
            own = report + os.path.basename(path)
            with open(own, "w") as file:
                file.write(text)
            call("mount", own.encode(), os.path.realpath(path).encode(), None, MS_BIND, None)
    except OSError as error:
        print(f"no network namespace: {error}", file=sys.stderr)
        sys.exit(77)
    made_read, made_write = os.pipe()
    go_read, go_write = os.pipe()
    end_read, end_write = os.pipe()

    def far():
        os.close(end_write)
        cable.unshare(cable.CLONE_NEWNET)
        os.write(made_write, b"x")
        os.read(go_read, 1)
        cable.plug_far(FOUR + SIX)
        return Side(scene.get("ports", {}), FOUR + SIX, "203.0.113.1", scene.get("zone", {}))

    far_child, far_ready = side(far, end_read, report)
    os.read(made_read, 1)
    cable.plug_near(far_child)
    os.write(go_write, b"x")
    if os.read(far_ready, 1) != b"x":
        sys.exit("lab: the far side did not start")
    if "rate" in scene:
        subprocess.run(["tc", "qdisc", "add", "dev", "near", "root", "tbf", "rate", scene["rate"], "burst", "512kb", "latency", "50ms"], check=True)
    cable.way_out()

    def near():
        os.close(end_write)
        return Side(scene.get("near", {}), ["127.0.0.1", "::1"])

    near_child, near_ready = side(near, end_read, report + ".near")
    if os.read(near_ready, 1) != b"x":
        sys.exit("lab: the near side did not start")
    process = subprocess.run(command, pass_fds=())
    os.close(end_write)
    os.waitpid(far_child, 0)
    os.waitpid(near_child, 0)
    seen = json.load(open(report))
    seen["near"] = json.load(open(report + ".near"))
    with open(report, "w") as file:
        json.dump(seen, file)
    sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)


main()
