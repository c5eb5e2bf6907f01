"""The name servers of the small internet: UDP and TCP, one table of names, and servers that each behave in a way of their own.

Every question is written down with the server it was put to. How a name is answered besides its records is its `how`; the
lies are what a neighbour on the same network, or a server that somebody took over, would tell.
"""

import asyncio
import random
import socket
import struct

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, HTTPS = 1, 2, 5, 6, 12, 15, 16, 28, 33, 65
TYPES = {A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA", SRV: "SRV", HTTPS: "HTTPS"}
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5
IP_FREEBIND = 15

PLAIN, PLAIN_SIX = "93.184.216.34", "2606:2800:220:1::34"
OTHER, OTHER_SIX = "93.184.216.77", "2606:2800:220:1::77"
SHARED, SHARED_SIX = "151.101.1.1", "2a04:4e42::1"
SILENT, SILENT_SIX = "93.184.216.99", "2606:2800:220:1::99"
CLOSED, CLOSED_SIX = "93.184.216.98", "2606:2800:220:1::98"
EVIL = OTHER


def both(four, six, **more):
    return {A: [four], AAAA: [six], **more}


TABLE = {
    "plain.example": both(PLAIN, PLAIN_SIX),
    "four.example": {A: [PLAIN]},
    "six.example": {AAAA: [PLAIN_SIX]},
    "other.example": both(OTHER, OTHER_SIX),
    "one.wild.example": both("93.184.216.40", "2606:2800:220:1::40"),
    "two.deep.wild.example": both("93.184.216.41", "2606:2800:220:1::41"),
    "wild.example": both("93.184.216.42", "2606:2800:220:1::42"),
    # One address, many names: what a content network is.
    "shared-one.example": both(SHARED, SHARED_SIX),
    "shared-two.example": both(SHARED, SHARED_SIX),
    "silent-six.example": {A: [PLAIN], AAAA: [SILENT_SIX]},
    "silent-four.example": {A: [SILENT, PLAIN]},
    "closed-six.example": {A: [PLAIN], AAAA: [CLOSED_SIX]},
    "closed-four.example": {A: [CLOSED, PLAIN]},
    "silent.example": {A: [SILENT]},
    "closed-only.example": {A: [CLOSED]},
    "alias.example": {CNAME: "first.chain.example"},
    "first.chain.example": {CNAME: "second.chain.example"},
    "second.chain.example": both("93.184.216.50", "2606:2800:220:1::50"),
    "alias-private.example": {CNAME: "intranet.office.example"},
    "loop.example": {CNAME: "pool.example"},
    "pool.example": {CNAME: "loop.example"},
    "short.example": {A: ["93.184.216.51"], "ttl": 1},
    "no-ttl.example": {A: ["93.184.216.52"], "ttl": 0},
    "many.example": {A: [f"93.184.217.{last}" for last in range(1, 121)]},
    "cut.example": {A: ["93.184.216.53"], "how": "cut"},
    "slow.example": {A: ["93.184.216.54"], "how": "slow"},
    "failing.example": {"how": "servfail"},
    "mute.example": {"how": "mute"},
    "wrong-id.example": {A: ["93.184.216.55"], "how": "wrong-id"},
    "wrong-question.example": {A: ["93.184.216.56"], "how": "wrong-question"},
    "wrong-owner.example": {A: [EVIL], "how": "wrong-owner"},
    "extra.example": {A: ["93.184.216.57"], "how": "extra"},
    "pointer-loop.example": {A: ["93.184.216.58"], "how": "pointer-loop"},
    "short-packet.example": {A: ["93.184.216.59"], "how": "short-packet"},
    "half.example": {A: ["93.184.216.60"], "how": "half"},
    "loud.example": {A: ["93.184.216.61"], "how": "loud"},
    "private.example": {A: ["10.20.30.40"]},
    "private-six.example": {AAAA: ["fd12::1"]},
    "mapped.example": {AAAA: ["::ffff:10.20.30.40"]},
    "loopback.example": both("127.0.0.1", "::1"),
    "anywhere.example": both("0.0.0.0", "::"),
    "metadata.example": both("169.254.169.254", "fd00:ec2::254"),
    "benchmark.example": {A: ["198.18.0.1"]},
    "mixed.example": {A: ["10.20.30.40", PLAIN]},
    "rebind.example": {A: ["93.184.216.62"], "ttl": 1, "how": "rebind"},
    "service.example": {A: ["93.184.216.63"], HTTPS: (".", ["93.184.216.63"])},
    "service-alias.example": {A: ["93.184.216.64"], HTTPS: ("other.example", [EVIL])},
    "text.example": {TXT: ["words"], A: ["93.184.216.65"]},
    "intranet.office.example": {A: ["10.20.30.40"]},
    "proxy.office.example": {A: ["10.0.0.80"]},
    "gateway.office.example": {A: ["10.0.0.80"]},
    # What only the second name server knows.
    "moved.example": {A: ["93.184.216.66"], "only": "second"},
}
WILDCARDS = {".wild.example": both("93.184.216.43", "2606:2800:220:1::43")}

# Name servers by address. `internal` is a company's: it knows its own names and nothing of the internet.
SERVERS = {
    "10.0.0.53": "plain",
    "2001:db8:53::53": "plain",
    "10.0.0.54": "second",
    "10.0.0.57": "servfail",
    "10.0.0.58": "datagrams",
    "10.0.0.59": "connections",
    "10.0.0.60": "slow",
    "10.0.0.61": "internal",
    "10.0.0.62": "lame",
}


def certified():
    addresses = {address for record in TABLE.values() for address in record.get(A, []) + record.get(AAAA, [])}
    public = {one for one in addresses if one.startswith("93.184.216.") or one.startswith("2606:") or one in (SHARED, SHARED_SIX)}
    return sorted(TABLE) + ["*.wild.example"] + sorted(public)


def find(name):
    if name in TABLE:
        return TABLE[name]
    for end, record in WILDCARDS.items():
        if name.endswith(end) and len(name) > len(end):
            return record
    return None


def addresses_of(name):
    """As the company's proxy asks: it knows the internet's names."""
    for _ in range(8):
        record = find(name) or {}
        if CNAME not in record:
            return record.get(A, []) + record.get(AAAA, [])
        name = record[CNAME]
    return []


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.rstrip(".").split(".") if label) + b"\0"


def data_of(kind, value):
    if kind == A:
        return socket.inet_pton(socket.AF_INET, value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == CNAME:
        return wire_name(value)
    if kind == TXT:
        return bytes([len(value)]) + value.encode()
    target, hints = value
    hint = b"".join(socket.inet_pton(socket.AF_INET, one) for one in hints)
    return struct.pack(">H", 1) + wire_name(target) + struct.pack(">HH", 1, 9) + b"\x08http/1.1" + struct.pack(">HH", 4, len(hint)) + hint


def record(owner, kind, ttl, data):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


class Question:
    def __init__(self, packet):
        self.id, self.flags, count = struct.unpack(">HHH", packet[:6])
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
            at += packet[at] + 1
        self.name = ".".join(labels)
        self.kind, self.sort = struct.unpack(">HH", packet[at + 1 : at + 5])
        self.wire = packet[12 : at + 5]
        self.packet = packet


def message(question, answers=(), code=0, flags=0, identity=None, asked=None, more=()):
    head = struct.pack(">HHHHHH", question.id if identity is None else identity, 0x8180 | flags | code, 1, len(answers), 0, len(more))
    return head + (question.wire if asked is None else asked) + b"".join(answers) + b"".join(more)


class Servers:
    def __init__(self, seen):
        self.seen, self.asked = seen, {}

    def forget(self):
        self.asked.clear()

    def answers(self, name, kind, profile):
        """Records of the whole chain, or a code."""
        found, owner = [], b"\xc0\x0c"
        for _ in range(8):
            entry = find(name)
            internal = name.endswith(".office.example")
            if entry is None or (profile == "internal" and not internal) or entry.get("only", profile) not in (profile,):
                return found, NXDOMAIN
            ttl = entry.get("ttl", 300)
            if CNAME in entry and kind != CNAME:
                found.append(record(owner, CNAME, ttl, data_of(CNAME, entry[CNAME])))
                name, owner = entry[CNAME], wire_name(entry[CNAME])
                continue
            values = entry.get(kind, [])
            for value in values if isinstance(values, list) else [values]:
                found.append(record(owner, kind, ttl, data_of(kind, value)))
            return found, 0
        return found, SERVFAIL

    async def reply(self, packet, profile, over):
        """The packets to send, in order; None ends the connection."""
        question = Question(packet)
        name = question.name.lower()
        if profile == "servfail":
            return [message(question, code=SERVFAIL)]
        if profile == "lame":
            return [message(question, code=REFUSED)]
        if profile == "connections" and over == "udp":
            return [message(question, flags=0x0200)]
        if profile == "slow":
            await asyncio.sleep(1.5)
        entry = find(name) or {}
        how = entry.get("how")
        answers, code = self.answers(name, question.kind, profile)
        good = message(question, answers, code)
        evil = record(b"\xc0\x0c", A, 300, data_of(A, EVIL))
        if how == "slow":
            await asyncio.sleep(2)
        elif how == "servfail":
            return [message(question, code=SERVFAIL)]
        elif how == "mute":
            return []
        elif how == "cut" and over == "udp":
            return [message(question, flags=0x0200)]
        elif question.kind != A:
            pass
        elif how == "rebind":
            self.asked[name] = self.asked.get(name, 0) + 1
            if self.asked[name] % 2 == 0:
                return [message(question, [record(b"\xc0\x0c", A, 1, data_of(A, "127.0.0.1"))])]
        elif how == "wrong-id":
            return [*(message(question, [evil], identity=(question.id + step) & 0xFFFF) for step in range(1, 20)), good]
        elif how == "wrong-question":
            return [message(question, [evil], asked=wire_name("other.example") + question.wire[-4:]), good]
        elif how == "wrong-owner":
            return [message(question, [record(wire_name("other.example"), A, 300, data_of(A, EVIL))])]
        elif how == "extra":
            planted = [record(wire_name(planted), A, 300, data_of(A, EVIL)) for planted in ("other.example", "plain.example")]
            return [message(question, [*answers, *planted], more=planted)]
        elif how == "pointer-loop":
            return [message(question, [record(b"\xc0" + bytes([12 + len(question.wire)]), A, 300, data_of(A, EVIL))])]
        elif how == "short-packet":
            return [good[:-3]]
        elif how == "half":
            return [good] if over == "udp" else [good[: len(good) // 2], None]
        elif how == "loud":
            return [bytes(random.randrange(256) for _ in range(400)), message(question, [evil] * 400)]
        if over == "udp" and len(good) > 512:
            return [message(question, flags=0x0200)]
        return [good]

    async def answer(self, packet, server, profile, over):
        try:
            question = Question(packet)
        except (IndexError, struct.error):
            self.seen(kind="dns", server=server, over=over, name="?", type="?")
            return []
        self.seen(kind="dns", server=server, over=over, name=question.name, type=TYPES.get(question.kind, str(question.kind)))
        return await self.reply(packet, profile, over)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, servers, server, profile):
        self.servers, self.server, self.profile = servers, server, profile

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, packet, peer):
        asyncio.get_running_loop().create_task(self.handle(packet, peer))

    async def handle(self, packet, peer):
        for reply in await self.servers.answer(packet, self.server, self.profile, "udp"):
            if reply is not None:
                self.transport.sendto(reply, peer)


def connections(servers, server, profile):
    async def serve(reader, writer):
        async def one(packet):
            for reply in await servers.answer(packet, server, profile, "tcp"):
                if reply is None:
                    writer.close()
                elif not writer.is_closing():
                    writer.write(struct.pack(">H", len(reply)) + reply)

        tasks = set()
        try:
            while True:
                size = struct.unpack(">H", await reader.readexactly(2))[0]
                task = asyncio.get_running_loop().create_task(one(await reader.readexactly(size)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            if tasks:
                await asyncio.wait(tasks)
            writer.close()

    return serve


async def serve(seen, stubs):
    loop = asyncio.get_running_loop()
    servers = Servers(seen)
    sockets = [("127.0.0.53", "plain", stub) for stub in stubs]
    for address, profile in SERVERS.items():
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            if profile == "datagrams" and kind == socket.SOCK_STREAM:
                continue
            made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind | socket.SOCK_NONBLOCK)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
            made.bind((address, 53))
            sockets.append((address, profile, made))
    for address, profile, one in sockets:
        if one.type == socket.SOCK_DGRAM:
            await loop.create_datagram_endpoint(lambda: Datagrams(servers, address, profile), sock=one)
        else:
            await asyncio.start_server(connections(servers, address, profile), sock=one, backlog=512)
    return servers
