"""A WebSocket client of the standard library's: what a follower needs of RFC 6455, and no more."""

import base64
import http.client
import json
import os
import socket
import struct
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The server answered the upgrade with something else."""


class Socket:
    """One open socket. `read` gives each message as JSON, and None once the server closed it."""

    def __init__(self, url: str, token: str, timeout: float = 10.0):
        place = urlsplit(url)
        self.connection = socket.create_connection((place.hostname, place.port or 80), timeout)
        path = place.path + (f"?{place.query}" if place.query else "")
        self.connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: bearer, {token}\r\n\r\n".encode()
        )
        self.file = self.connection.makefile("rb")
        status = self.file.readline().decode()
        http.client.parse_headers(self.file)
        if " 101 " not in status:
            self.close()
            raise Refused(status.strip() or "the connection was closed")

    def read(self):
        text = b""
        while True:
            head = self._bytes(2)
            final, kind, size = head[0] & 0x80, head[0] & 0x0F, head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._bytes(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._bytes(8))
            body = self._bytes(size)
            if kind == CLOSE:
                self._send(CLOSE, body[:2])
                return None
            if kind == PING:
                self._send(PONG, body)
            elif kind != PONG:
                text += body
                if final:
                    return json.loads(text)

    def close(self):
        self.connection.close()

    def _bytes(self, count: int) -> bytes:
        read = self.file.read(count)
        if len(read) < count:
            raise ConnectionError("the connection ended without a close frame")
        return read

    def _send(self, kind: int, body: bytes):
        # A client masks what it sends; any mask will do.
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
        self.connection.sendall(struct.pack("!BB", 0x80 | kind, 0x80 | len(body)) + mask + masked)
