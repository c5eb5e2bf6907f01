"""A small internet on one machine: internet.py <folder>

Two network namespaces joined by a pair of virtual cables. In the near one, with a mount namespace and an /etc of its own,
programs are run (support/small-internet.ts enters it); the far one answers for every address there is, except some that
are silent. No packet leaves this machine. In the far one lie name servers (names.py), web servers, a company's proxy and
others (listeners.py), and everything they notice goes into <folder>/seen.jsonl, the packets on the wire included.

Protocol: one JSON line on stdout when all is ready; then one JSON line on stdin is one command, answered by one line on
stdout. The end of stdin is the end of it all. As root only namespaces are made; other users get user namespaces, the
programs in one of their own in which they are the plain user again, with no privilege over the network. Leaves with 77
where this machine allows none.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
import listeners  # noqa: E402
import names  # noqa: E402

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18
PR_SET_PDEATHSIG = 1
NO_NAMESPACE = 77

# Who is silent (packets vanish) and who answers at once that there is nobody.
SILENT = ["93.184.216.99", "2606:2800:220:1::99", "10.0.0.55"]
UNREACHABLE = ["93.184.216.98", "2606:2800:220:1::98"]

# The two ends know each other: looking for a neighbour takes IPv6 a second, and packets that wait arrive in the next test.
NEAR, NEAR_CARD = ("203.0.113.2", "2001:db8:77::2"), "02:00:00:00:00:01"
FAR, FAR_CARD = ("203.0.113.1", "2001:db8:77::1"), "02:00:00:00:00:02"

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind, flags, options):
    encode = lambda text: None if text is None else text.encode()
    check(libc.mount(encode(source), encode(target), encode(kind), flags, encode(options)), f"mount {target}")


def ip(commands):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)


def addresses(own, link):
    four, six = own
    return [f"address add {four}/24 dev {link}", f"address add {six}/64 dev {link} nodad"]


def map_user(inside, outside, inside_group, outside_group):
    open("/proc/self/setgroups", "w").write("deny")
    open("/proc/self/uid_map", "w").write(f"{inside} {outside} 1")
    open("/proc/self/gid_map", "w").write(f"{inside_group} {outside_group} 1")


def child(parent, work):
    """Ends with its parent; what it started it does not leave behind."""
    process = os.fork()
    if process != 0:
        return process
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - the parent's tests must see it
        print(f"internet.py: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def replace(path, text):
    """As programs of the system do it: a new file takes the place of the old one."""
    draft = f"{path}.draft"
    with open(draft, "w") as file:
        file.write(text)
    os.chmod(draft, 0o644)
    os.rename(draft, path)


def own_etc(folder):
    """The near side's /etc: this machine's, with changes that nobody outside sees."""
    mount(None, "/", None, MS_REC | MS_PRIVATE, None)
    layer = os.path.join(folder, "etc")
    os.mkdir(layer)
    mount("none", layer, "tmpfs", 0, "mode=0755")
    for name in ("changes", "work"):
        os.mkdir(os.path.join(layer, name))
    mount("overlay", "/etc", "overlay", 0, f"lowerdir=/etc,upperdir={layer}/changes,workdir={layer}/work,userxattr")
    replace("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    replace("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n10.20.30.41 printer.office.example\n")
    replace("/etc/resolv.conf", "nameserver 10.0.0.53\n")
    try:
        os.unlink("/etc/gai.conf")
    except FileNotFoundError:
        pass
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    known = open(bundle).read() if os.path.exists(bundle) else ""
    authority = certificates.make(folder, names.certified())
    trusted = os.path.join(layer, "trusted")
    os.mkdir(trusted)
    replace(f"{trusted}/small-internet.pem", authority)
    replace(f"{trusted}/ca-certificates.crt", f"{known}\n{authority}")
    mount(trusted, "/etc/ssl/certs", None, MS_BIND, None)


def watch_wire():
    """Every beginning of a connection and every datagram that reaches the far side, whoever it was for."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    load_byte, load_word, load_byte_behind = 0x30, 0x20, 0x50
    header_length, shift_right, both, equal, leave = 0xB1, 0x74, 0x54, 0x15, 0x06
    drop, keep = 18, 19
    program = [  # where to go on when equal, and when not, stands behind
        (load_word, 0xFFFFF004),
        (equal, 0, 2, drop),  # to us, or sent by us?
        (load_byte, 0),
        (shift_right, 4),
        (equal, 4, 5, 11),
        (load_byte, 9),
        (equal, 6, 7, keep),
        (header_length, 0),
        (load_byte_behind, 13),
        (both, 0x12),
        (equal, 0x02, keep, drop),  # SYN without ACK
        (equal, 6, 12, drop),
        (load_byte, 6),
        (equal, 58, drop, 14),  # neighbours looking for each other
        (equal, 6, 15, keep),
        (load_byte, 53),
        (both, 0x12),
        (equal, 0x02, keep, drop),
        (leave, 0),
        (leave, 65535),
    ]
    code = b"".join(
        struct.pack("HBBI", op, *(target - at - 1 for target in targets), value)
        for at, (op, value, *targets) in enumerate((*step, at + 1, at + 1) if len(step) == 2 else step for at, step in enumerate(program))
    )
    buffer = ctypes.create_string_buffer(code)
    wire.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(program), ctypes.addressof(buffer)))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    wire.bind(("far", 3))
    return wire


class Wire:
    protocols = {6: "tcp", 17: "udp", 1: "icmp", 132: "sctp", 136: "udplite", 33: "dccp"}

    def __init__(self, seen):
        self.socket, self.seen = watch_wire(), seen

    def drain(self):
        while True:
            try:
                packet = self.socket.recv(2048)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:
                to, protocol, rest = socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[9], packet[(packet[0] & 15) * 4 :]
            else:
                to, protocol, rest = socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[6], packet[40:]
            if protocol == 1 and rest[:1] == b"\x03":
                continue  # the near kernel itself, about an answer that came too late
            port = struct.unpack(">H", rest[2:4])[0] if protocol in (6, 17, 33, 132, 136) and len(rest) >= 4 else 0
            self.seen(kind="wire", protocol=self.protocols.get(protocol, str(protocol)), to=to, port=port)


async def serve(folder, near_sockets):
    loop = asyncio.get_running_loop()
    log = open(os.path.join(folder, "seen.jsonl"), "a", buffering=1)
    seen = lambda **what: log.write(json.dumps(what) + "\n")
    wire = Wire(seen)
    loop.add_reader(wire.socket, wire.drain)
    servers = await names.serve(seen, near_sockets["names"])
    await listeners.serve(seen, folder, near_sockets["services"], names.addresses_of, lambda text: replace("/etc/resolv.conf", text))
    commands = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    while line := await commands.readline():
        command = json.loads(line)
        if "resolv" in command:
            replace("/etc/resolv.conf", command["resolv"])
        if "hosts" in command:
            replace("/etc/hosts", command["hosts"])
        if "forget" in command:
            servers.forget()
        # Whatever came before this command is written down before the answer to it.
        for _ in range(3):
            await asyncio.sleep(0)
        wire.drain()
        print(json.dumps({"seen": log.tell()}), flush=True)


def near_sockets():
    """This machine's own services on the near side's loopback: a name server as systemd-resolved runs it, and others."""
    found = {"names": [], "services": []}
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        stub = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
        stub.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stub.bind(("127.0.0.53", 53))
        found["names"].append(stub)
    for port in (80, 443, 8080):
        service = socket.socket(socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        service.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        service.bind(("::", port))
        found["services"].append(service)
    return found


def far(folder, made, go, sockets):
    check(libc.unshare(CLONE_NEWNET), "unshare")
    os.write(made, b"x")
    os.read(go, 1)
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        open(f"/proc/sys/net/{name}", "w").write("1")
    open("/proc/sys/net/ipv4/icmp_ratelimit", "w").write("0")
    routes = [("blackhole", one) for one in SILENT] + [("unreachable", one) for one in UNREACHABLE]
    ip([
        "link set lo up",
        *addresses(FAR, "far"),
        "link set far up",
        *(f"neigh add {address} lladdr {NEAR_CARD} dev far nud permanent" for address in NEAR),
        "route add table main local 0.0.0.0/1 dev lo",
        "route add table main local 128.0.0.0/1 dev lo",
        "route add table main local ::/1 dev lo",
        "route add table main local 8000::/1 dev lo",
        *(f"route add {kind} {address}" for kind, address in routes),
    ])
    asyncio.run(serve(folder, sockets))


def resident(user, group, ready):
    """Whose namespaces the programs of an ordinary user enter last: its own user again, without a privilege."""
    check(libc.unshare(CLONE_NEWUSER), "unshare")
    map_user(user, 0, group, 0)
    os.write(ready, b"x")
    signal.pause()


def main():
    folder = sys.argv[1]
    user, group, own = os.getuid(), os.getgid(), os.getpid()
    try:
        check(libc.unshare((CLONE_NEWUSER if user != 0 else 0) | CLONE_NEWNET | CLONE_NEWNS), "unshare")
        if user != 0:
            map_user(0, user, 0, group)
        own_etc(folder)
    except OSError as error:
        print(f"no namespaces: {error}", file=sys.stderr)
        sys.exit(NO_NAMESPACE)
    ip(["link set lo up"])
    sockets = near_sockets()
    made_read, made_write = os.pipe()
    go_read, go_write = os.pipe()
    near = own
    if user != 0:
        near = child(own, lambda: resident(user, group, made_write))
        os.read(made_read, 1)
    server = child(own, lambda: far(folder, made_write, go_read, sockets))
    os.read(made_read, 1)
    ip([
        f"link add near address {NEAR_CARD} type veth peer name far address {FAR_CARD} netns {server}",
        *addresses(NEAR, "near"),
        "link set near up",
        *(f"neigh add {address} lladdr {FAR_CARD} dev near nud permanent" for address in FAR),
        *(f"route add default via {address}" for address in FAR),
    ])
    print(json.dumps({"outer": own, "inner": near}), flush=True)
    os.write(go_write, b"x")
    _, status = os.waitpid(server, 0)
    if near != own:
        os.kill(near, signal.SIGKILL)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
