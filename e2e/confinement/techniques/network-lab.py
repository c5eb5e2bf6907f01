"""Not an attack: a network of its own in which any address can be reached without a packet leaving this machine.

network-lab.py <report file> -- <command> [argument...]

Two network namespaces joined by a pair of virtual cables. In the near one the command runs; the far one owns the whole
internet: public addresses, private ones, the metadata service. The report says in JSON which addresses were contacted
(seen by the far side) and how many connections and datagrams the near side began (counted by its kernel, so that even a
packet that got lost would show). Needs root, or user namespaces that an ordinary user may make; leaves with 77 where
neither is given.
"""

import json
import os
import select
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
import cable

PORT = 8080
FOUR = [
    "93.184.216.34", "169.254.169.254", "169.254.1.1", "10.20.30.40", "172.16.5.5", "172.31.255.1", "192.168.7.7",
    "100.64.1.1", "198.18.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
]
SIX = [
    "2606:2800:220:1::1", "fd12::1", "fc00::1", "fec0::1", "fd00:ec2::254", "64:ff9b::a14:1e28", "2002:a14:1e28::1",
    "::a14:1e28",
]

def counters():
    wanted = {}
    for name in ("/proc/net/snmp", "/proc/net/netstat"):
        lines = open(name).read().splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            group = names.split(":")[0]
            for key, value in zip(names.split()[1:], values.split()[1:]):
                wanted[f"{group}.{key}"] = int(value)
    mp = wanted.get("MPTcpExt.MPCapableSYNTX", 0)
    return {"opens": wanted["Tcp.ActiveOpens"],
            "datagrams": sum(wanted.get(name, 0) for name in ("Udp.OutDatagrams", "UdpLite.OutDatagrams", "Icmp.OutMsgs")),
            "multipath": mp, "packets": wanted["Ip.OutRequests"]}


def datagrams_six():
    total = 0
    for line in open("/proc/net/snmp6"):
        name, value = line.split()
        if name in ("Udp6OutDatagrams", "UdpLite6OutDatagrams"):
            total += int(value)
    return total


def serve(report, started, ended):
    """The far side: accepts everything, writes down who was meant."""
    contacts, targets = [], set()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    wire.bind(("far", 3))
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)  # multipath; accepts plain TCP as well
    except OSError:
        pass
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", PORT))
    listener.listen(64)
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind(("::", PORT))
    os.write(started, b"x")
    ends = [listener, datagrams, wire, ended]
    while True:
        ready, _, _ = select.select(ends, [], [])
        if listener in ready:
            peer, _ = listener.accept()
            contacts.append("tcp " + peer.getsockname()[0].removeprefix("::ffff:"))
            peer.close()
        if datagrams in ready:
            datagrams.recvfrom(2048)
            contacts.append("udp")
        if wire in ready:
            packet, origin = wire.recvfrom(2048)
            # what was sent to us, by the address that the packet itself carries: a source route shows here
            if origin[2] == socket.PACKET_HOST and len(packet) >= 40:
                if packet[0] >> 4 == 4:
                    targets.add(socket.inet_ntop(socket.AF_INET, packet[16:20]))
                elif packet[0] >> 4 == 6 and packet[6] != 58:
                    targets.add(socket.inet_ntop(socket.AF_INET6, packet[24:40]))
        if ready == [ended]:
            break
    with open(report, "w") as file:
        json.dump({"contacts": contacts, "targets": sorted(targets)}, file)
    os._exit(0)


def main():
    report = sys.argv[1]
    command = sys.argv[sys.argv.index("--") + 1:]
    cable.own_network()
    started_read, started_write = os.pipe()
    go_read, go_write = os.pipe()
    made_read, made_write = os.pipe()
    ended_read, ended_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ended_write)
        cable.unshare(cable.CLONE_NEWNET)
        os.write(made_write, b"x")
        os.read(go_read, 1)
        cable.plug_far(FOUR + SIX)
        serve(report, started_write, ended_read)
    os.close(ended_read)
    os.read(made_read, 1)
    cable.plug_near(child)
    os.write(go_write, b"x")
    os.read(started_read, 1)
    cable.way_out()
    try:
        open("/proc/sys/net/ipv4/ping_group_range", "w").write("0 65534")
    except OSError:
        pass
    before, before_six = counters(), datagrams_six()
    # the command is an ordinary program: of the lab's privileges it gets none
    process = subprocess.run(command, pass_fds=())
    after, after_six = counters(), datagrams_six()
    os.close(ended_write)
    os.waitpid(child, 0)
    with open(report) as file:
        seen = json.load(file)
    seen["opens"] = after["opens"] - before["opens"] + after["multipath"] - before["multipath"]
    seen["datagrams"] = after["datagrams"] - before["datagrams"] + after_six - before_six
    seen["packets"] = after["packets"] - before["packets"]
    with open(report, "w") as file:
        json.dump(seen, file)
    sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)


main()
