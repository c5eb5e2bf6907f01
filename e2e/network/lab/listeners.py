"""Who answers on the small internet: web servers with and without TLS, an echo, a service that speaks first, a company's
proxy. Each listens on every address of the far side; the answer tells which one was meant. The same web servers stand on
the near side's loopback, as a machine's own services, and what reaches those is written down as `own`.
"""

import asyncio
import json
import os
import socket
import ssl
from urllib.parse import parse_qs, urlsplit

HTTP_PORTS, TLS_PORTS = (80, 8080), (443, 8443)
ECHO_PORT, GREETING_PORT, PROXY_PORT = 7777, 2525, 3128
BACKLOG = 2048


def listening(port):
    made = socket.socket(socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(("::", port))
    return made


def fields(lines):
    pairs = (line.lower().partition(":")[::2] for line in lines if ":" in line)
    return {name: value.strip() for name, value in pairs}


def place_of(writer):
    address, port = writer.get_extra_info("sockname")[:2]
    return address.removeprefix("::ffff:"), port


class Web:
    def __init__(self, seen, kind, move):
        self.seen, self.kind, self.move = seen, kind, move

    async def __call__(self, reader, writer):
        to, port = place_of(writer)
        secure = writer.get_extra_info("ssl_object")
        server_name = getattr(secure, "server_name_sent", None)
        self.seen(kind=self.kind, to=to, port=port, server_name=server_name)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                _, target, _ = lines[0].split(" ")
                headers = fields(lines[1:])
                if "content-length" in headers:
                    await reader.readexactly(int(headers["content-length"]))
                host = headers.get("host", "")
                self.seen(kind="request", to=to, port=port, server_name=server_name, host=host, target=target)
                about = {"host": host, "server_name": server_name, "to": to, "port": port}
                await self.answer(writer, target, about)
                if headers.get("connection") == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, ssl.SSLError):
            pass
        writer.close()

    async def answer(self, writer, target, about):
        address = urlsplit(target)
        asked = {key: values[0] for key, values in parse_qs(address.query).items()}
        status, more, body = "200 OK", "", json.dumps(about).encode() + b"\n"
        if address.path == "/redirect":
            status, more, body = "302 Found", f"Location: {asked['to']}\r\n", b"elsewhere\n"
        elif address.path == "/move-resolver":
            self.move("".join(f"nameserver {one}\n" for one in asked["to"].split(",")))
        elif address.path == "/bytes":
            body = b"x" * int(asked["n"])
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
        if address.path == "/drip":
            writer.write((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
            for turn in range(int(asked["n"])):
                writer.write(b"2\r\n.\n\r\n")
                await writer.drain()
                await asyncio.sleep(int(asked["ms"]) / 1000)
            writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        else:
            writer.write((head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        await writer.drain()


def echo(seen):
    async def serve(reader, writer):
        to, port = place_of(writer)
        seen(kind="accept", to=to, port=port)
        try:
            while data := await reader.read(65536):
                if data == b"urgent\n":
                    # One byte out of band, among others.
                    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as made:
                        for part, flags in ((b"one\n", 0), (b"!", socket.MSG_OOB), (b"two\n", 0)):
                            made.send(part, flags)
                            await asyncio.sleep(0.05)
                    continue
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    return serve


def greeting(seen):
    async def serve(reader, writer):
        to, port = place_of(writer)
        seen(kind="accept", to=to, port=port)
        try:
            writer.write(f"220 {to} speaks first\r\n".encode())
            line = await reader.readline()
            writer.write(b"250 heard " + line)
            await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    return serve


async def pour(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


def proxy(seen, addresses_of):
    """A company's: CONNECT for what is inside, whole addresses for plain requests."""

    async def serve(reader, writer):
        to, port = place_of(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.decode("latin-1").split("\r\n")[0].split(" ")
            headers = fields(head.decode("latin-1").split("\r\n")[1:])
            seen(kind="proxy", to=to, port=port, method=method, target=target, authorization=headers.get("proxy-authorization"))
            if method == "CONNECT":
                host, _, wanted = target.rpartition(":")
            else:
                host, wanted = urlsplit(target).hostname, urlsplit(target).port or 80
            host = host.strip("[]")
            found = addresses_of(host) if any(letter.isalpha() for letter in host.replace(":", "")) else [host]
            if not found:
                writer.write(b"HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
            there, out = await asyncio.open_connection(found[0], int(wanted))
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                out.write(head)
            await asyncio.gather(pour(reader, out), pour(there, writer))
            out.close()
        except (asyncio.IncompleteReadError, ConnectionError, OSError, ValueError):
            pass
        writer.close()

    return serve


async def serve(seen, folder, own, addresses_of, move):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"))
    context.set_alpn_protocols(["http/1.1"])

    def named(connection, name, _):
        connection.server_name_sent = name

    context.sni_callback = named
    for kind, sockets in (
        ("accept", [listening(port) for port in HTTP_PORTS + TLS_PORTS]),
        ("own", own),
    ):
        for one in sockets:
            secure = context if one.getsockname()[1] in TLS_PORTS else None
            await asyncio.start_server(Web(seen, kind, move), sock=one, ssl=secure, backlog=BACKLOG)
    for port, handler in ((ECHO_PORT, echo(seen)), (GREETING_PORT, greeting(seen)), (PROXY_PORT, proxy(seen, addresses_of))):
        await asyncio.start_server(handler, sock=listening(port), backlog=BACKLOG)
