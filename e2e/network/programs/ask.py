"""Real Python programs in one file: ask.py '<way> <what>'..., one line of answer a task, `<number> ok <text>` or
`<number> error <text>`. Ways: urllib, requests, httpx, httpx-async, aiohttp, socket (create_connection, blocking),
nonblocking (connect_ex and select), urgent (a byte out of band from an echo), datagram-sendto, -sendmsg and -connect; and what no library would do, over the connection that libraries ask name servers
on: dns (one question of any type), dns-many (many different names at once), dns-raw (any bytes). `--together` before the
tasks begins all of them at once, each in a thread."""

import asyncio
import os
import select
import socket
import ssl
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

LIMIT = 8
trust = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))


def by_urllib(address):
    import urllib.request

    with urllib.request.urlopen(address, timeout=LIMIT, context=trust) as response:
        return response.read().decode()


def by_requests(address):
    import requests

    return requests.get(address, timeout=LIMIT).text


def by_httpx(address):
    import httpx

    return httpx.get(address, timeout=LIMIT, follow_redirects=True, verify=trust).text


def by_httpx_async(address):
    import httpx

    async def ask():
        async with httpx.AsyncClient(timeout=LIMIT, follow_redirects=True, verify=trust) as client:
            return (await client.get(address)).text

    return asyncio.run(ask())


def by_aiohttp(address):
    import aiohttp

    async def ask():
        limit = aiohttp.ClientTimeout(total=LIMIT)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), timeout=limit) as session:
            async with session.get(address) as response:
                return await response.text()

    return asyncio.run(ask())


def by_socket(what):
    host, port = what.split(" ")
    with socket.create_connection((host, int(port)), timeout=None if host[0].isdigit() else LIMIT) as made:
        return f"connected {made.getpeername()[0]}"


def by_nonblocking(what):
    host, port = what.split(" ")
    family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setblocking(False)
        code = made.connect_ex(address)
        if code not in (0, 115):
            raise OSError(code, os.strerror(code))
        if not select.select([], [made], [], LIMIT)[1]:
            raise TimeoutError("timeout")
        code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code != 0:
            raise OSError(code, os.strerror(code))
        return f"connected {made.getpeername()[0]} at first {'at once' if code == 0 else code}"


def by_urgent(what):
    """What an echo sends of itself: three parts, of which one is a byte out of band."""
    host, port = what.split(" ")
    with socket.create_connection((host, int(port)), timeout=LIMIT) as made:
        made.sendall(b"urgent\n")
        said = b""
        while not said.endswith(b"two\n"):
            said += read_exactly(made, 1)
        return repr(said)


def name_server():
    with open("/etc/resolv.conf") as file:
        server = next(line.split()[1] for line in file if line.startswith("nameserver"))
    return socket.create_connection((server, 53), timeout=LIMIT)


def question(number, name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".") if label)
    message = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
    return struct.pack(">H", len(message)) + message


def read_exactly(made, size):
    found = b""
    while len(found) < size:
        part = made.recv(size - len(found))
        if not part:
            raise EOFError("the name server closed the connection")
        found += part
    return found


def one_answer(made):
    return read_exactly(made, struct.unpack(">H", read_exactly(made, 2))[0])


def summary(answer):
    number, flags, _, count = struct.unpack(">HHHH", answer[:8])
    return f"id {number} code {flags & 15} answers {count} bytes {answer[12:].hex()}"


def by_dns(what):
    kind, name = what.split(" ")
    with name_server() as made:
        made.sendall(question(7, name, int(kind)))
        return summary(one_answer(made))


def by_dns_many(what):
    """How many of so many different names were answered with an address."""
    count, suffix = what.split(" ")
    with name_server() as made:
        made.sendall(b"".join(question(number, f"n{number}.{suffix}", 1) for number in range(int(count))))
        codes = [one_answer(made)[3] & 15 for _ in range(int(count))]
    return f"answered {codes.count(0)} refused {len(codes) - codes.count(0)}"


def by_dns_raw(what):
    with name_server() as made:
        made.sendall(bytes.fromhex(what))
        return summary(one_answer(made))


def by_datagram(how):
    def send(what):
        host, port = what.split(" ")
        address = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_DGRAM)[0][4]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            if how == "sendto":
                made.sendto(b"x", address)
            elif how == "sendmsg":
                made.sendmsg([b"x"], [], 0, address)
            else:
                made.connect(address)
                made.send(b"x")
        return "sent"

    return send


WAYS = {
    "datagram-sendto": by_datagram("sendto"),
    "datagram-sendmsg": by_datagram("sendmsg"),
    "datagram-connect": by_datagram("connect"),
    "dns": by_dns,
    "dns-many": by_dns_many,
    "dns-raw": by_dns_raw,
    "urllib": by_urllib,
    "requests": by_requests,
    "httpx": by_httpx,
    "httpx-async": by_httpx_async,
    "aiohttp": by_aiohttp,
    "socket": by_socket,
    "nonblocking": by_nonblocking,
    "urgent": by_urgent,
}

def answer(task):
    way, _, rest = task.partition(" ")
    try:
        return "ok " + " ".join(WAYS[way](rest).split())
    except Exception as error:  # noqa: BLE001 - every failure is an answer
        return f"error {type(error).__name__} " + " ".join(str(error).split())


together = sys.argv[1:2] == ["--together"]
tasks = sys.argv[2:] if together else sys.argv[1:]
with ThreadPoolExecutor(len(tasks) if together else 1) as pool:
    for number, text in enumerate(pool.map(answer, tasks)):
        print(number, text, flush=True)
