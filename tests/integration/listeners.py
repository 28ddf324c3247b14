"""TCP servers on loopback that answer as they are told and keep every byte that arrives; they know nothing of CAVE."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from typing_extensions import Self


class Request:
    """The head of one request, as it came over the wire."""

    def __init__(self, head: bytes) -> None:
        self.head = head

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1")

    def header(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


class Connection:
    """The server's end of one connection."""

    def __init__(self, raw: socket.socket, stopped: threading.Event) -> None:
        self._socket = raw
        self._stopped = stopped
        self.sent = 0

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)
        self.sent += len(data)

    def rest(self, seconds: float | None = None) -> bool:
        """Wait; say whether the test goes on."""
        return not self._stopped.wait(seconds)

    def reset(self) -> None:
        """Break the connection instead of closing it."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def pass_on_to(self, port: int) -> None:
        """Become a pipe between the client and another server of this computer."""
        with socket.create_connection(("127.0.0.1", port)) as other:
            back = threading.Thread(target=_pump, args=(other, self._socket), daemon=True)
            back.start()
            _pump(self._socket, other)
            back.join()


Behaviour = Callable[[Connection, Request], None]


class Listener:
    """A server that treats each request as `behave` does, from entering a ``with`` block to leaving it."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behave = behave
        self._tls = tls
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.requests: list[Request] = []
        self.accepted = 0
        self.bytes_sent = 0
        self._bell = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._bell.getsockname()[1]

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.netloc}"

    @property
    def heard(self) -> str:
        """Everything that arrived, as text."""
        return "".join(request.head.decode("latin-1") for request in self.requests)

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._accept, daemon=True)
        self._threads.append(thread)
        thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for one in [self._bell, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        for one in [self._bell, *self._open]:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._bell.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(taken)
            thread = threading.Thread(target=self._serve, args=(taken,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, taken: socket.socket) -> None:
        # The client may leave at any moment: that is often what a test is about.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                taken = self._tls.wrap_socket(taken, server_side=True)
                self._open.append(taken)
            with taken:
                self._talk(taken)

    def _talk(self, taken: socket.socket) -> None:
        arrived = b""
        while not self._stopped.is_set():
            piece = taken.recv(65_536)
            if not piece:
                return
            arrived += piece
            while b"\r\n\r\n" in arrived:
                head, _, arrived = arrived.partition(b"\r\n\r\n")
                request = Request(head)
                length = int(request.header("Content-Length") or 0)
                while len(arrived) < length and (piece := taken.recv(65_536)):
                    arrived += piece
                arrived = arrived[length:]
                self.requests.append(request)
                connection = Connection(taken, self._stopped)
                try:
                    self._behave(connection, request)
                finally:
                    self.bytes_sent += connection.sent
                if taken.fileno() < 0:
                    return


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


# ------------------------------------------------------------------------------------------------ ways to behave


def answers(
    body: bytes | str = b"",
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: tuple[str, ...] = (),
) -> Behaviour:
    """Answer completely, and keep the connection."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(data)}", *headers]

    def behave(connection: Connection, request: Request) -> None:
        connection.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data)

    return behave


def says(value: object, status: str = "200 OK") -> Behaviour:
    """Answer with this as JSON."""
    return answers(json.dumps(value), status)


def redirects(target: str, body: bytes = b"") -> Behaviour:
    return answers(body, "302 Found", "text/html", (f"Location: {target}",))


def by_path(routes: Mapping[str, Behaviour]) -> Behaviour:
    """Behave by the beginning of the path; the longest that fits counts."""

    def behave(connection: Connection, request: Request) -> None:
        fitting = [start for start in routes if request.path.startswith(start)]
        routes[max(fitting, key=len)](connection, request)

    return behave


def tunnels(ports: Mapping[str, int]) -> Behaviour:
    """Be a proxy that knows these hosts."""

    def behave(connection: Connection, request: Request) -> None:
        port = ports.get(request.path)
        if request.method != "CONNECT" or port is None:
            answers("<html>no such host</html>", "502 Bad Gateway", "text/html")(connection, request)
            return
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.pass_on_to(port)

    return behave


def hangs(connection: Connection, request: Request) -> None:
    connection.rest()


def resets(connection: Connection, request: Request) -> None:
    connection.reset()


def resets_in_mid_answer(connection: Connection, request: Request) -> None:
    connection.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"id": 1, "na')
    connection.rest(0.05)
    connection.reset()


def closes_in_mid_answer(connection: Connection, request: Request) -> None:
    connection.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"id": 1}')
    raise OSError


def closes_in_mid_chunk(connection: Connection, request: Request) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{}")
    raise OSError


def drips_the_body(connection: Connection, request: Request) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while connection.rest(0.2):
        connection.send(b" ")


def drips_the_head(connection: Connection, request: Request) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while connection.rest(0.2):
        connection.send(b"x")


def says_wait_for_ever(connection: Connection, request: Request) -> None:
    while connection.rest(0.05):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def _never_ends(head: bytes, piece: bytes) -> Behaviour:
    def behave(connection: Connection, request: Request) -> None:
        connection.send(head)
        while connection.rest(0):
            connection.send(piece)

    return behave


never_ends = _never_ends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 65_536)
never_ends_in_chunks = _never_ends(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65_536 + b"\r\n"
)
redirects_without_end = _never_ends(
    b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Type: text/html\r\n\r\n", b" " * 65_536
)
fails_without_end = _never_ends(b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n\r\n", b" " * 65_536)
