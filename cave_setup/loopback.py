"""One sign-in received on a port of this computer, once, on a path that nobody can guess. Knows HTTP, no rule of CAVE.

The browser is sent to the start page here first, which sends it on to the server's sign-in page. So where browser and
program are on different computers the start page cannot be reached, and that shows before anybody has signed in.
"""

from __future__ import annotations

import contextlib
import http.server
import secrets
import socket
import socketserver
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cave_setup import words
from cave_setup.models import Token

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

PATIENCE = 300.0  # seconds that a person has for signing in
HERE = b"cave-setup"
_READ_SECONDS = 5.0  # for a connection that says nothing
_MOST_AT_ONCE = 16  # connections; a browser needs two or three

# Nothing of the page is kept, sent on, embedded or loaded from elsewhere.
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Connection": "close",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer"><title>{title}</title>
<script nonce="{nonce}">history.replaceState(null, "", location.pathname);</script>
<style nonce="{nonce}">
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-content: center; min-height: 90vh; margin: 0 24px; }}
main {{ max-width: 30em; }}
h1 {{ font-size: 20px; }}
</style>
<main><h1>{title}</h1><p>{text}</p></main></html>
"""


class Loopback:
    """Listens on 127.0.0.1 for one sign-in, from entering a ``with`` block (or `start`) to `close`.

    Parameters
    ----------
    sign_in_page : callable
        Gives the address of the server's sign-in page for an address to come back to.
    on_token : callable, optional
        Called once, in a thread of this object, with the token that came back.
    patience : float
        Seconds after which it closes by itself.

    Attributes
    ----------
    reached : bool
        Whether a browser has come to the start page: only then browser and program are on one computer.

    """

    def __init__(
        self,
        sign_in_page: Callable[[str], str],
        on_token: Callable[[Token], None] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.reached = False
        self.token: Token | None = None
        self._sign_in_page = sign_in_page
        self._on_token = on_token
        self._ends = time.monotonic() + patience
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._secret = secrets.token_urlsafe(24)
        self._through = ""
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="cave-setup-loopback", daemon=True)

    # --------------------------------------------------------------------------------------------- addresses

    @property
    def start_address(self) -> str:
        """Where a browser on this computer begins."""
        return f"http://127.0.0.1:{self.port}/{self._secret}/start"

    @property
    def landing_address(self) -> str:
        """Where a sign-in comes back to."""
        return f"http://127.0.0.1:{self.port}/{self._secret}/signed-in"

    def start_through(self, base: str) -> str:
        """Where a browser elsewhere begins, which reaches this port through jupyter-server-proxy.

        Parameters
        ----------
        base : str
            Address of the Jupyter server as that browser sees it: ``https://hub.example/user/ada/``.

        """
        self._through = f"{base.rstrip('/')}/proxy/{self.port}/{self._secret}"
        return f"{self._through}/start-through"

    # ------------------------------------------------------------------------------------------------- life

    def start(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def wait(self, seconds: float | None = None) -> Token | None:
        """Wait until a token has come, or it is over; at most so many seconds."""
        self._over.wait(seconds)
        return self.token

    @property
    def is_over(self) -> bool:
        """Whether a token has come, the time is up, or it was closed."""
        return self._over.is_set()

    def close(self) -> None:
        """Stop listening; harmless when it has stopped."""
        self._over.set()
        if self._thread.ident is None:  # never started, so nothing else will free the port
            self._server.server_close()
        elif self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        with self._server:
            while not self._over.is_set() and time.monotonic() < self._ends:
                self._server.handle_request()  # comes back after a tenth of a second, request or not
        self._over.set()

    # ---------------------------------------------------------------------------------------------- answers

    def answer(self, path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - HTTPMessage
        """Give status, headers and body for a request."""
        parts = urlsplit(path)
        secret, _, page = parts.path.removeprefix("/").partition("/")
        if secret != self._secret:
            page = ""
        if page == "start" or (page == "start-through" and self._through):
            self.reached = True
            back = self._through if page == "start-through" else self.start_address.removesuffix("/start")
            return 302, {"Location": self._sign_in_page(f"{back}/signed-in")}, b""
        if page == "here":
            return 200, {}, HERE  # for the wizard, which wants to know whether it can be reached this way
        if page == "signed-in" and _is_a_visit(headers):
            return self._signed_in(parts.query)
        return 404, *_page(words.LANDING_NOT_FOUND_TITLE, words.LANDING_NOT_FOUND)

    def _signed_in(self, query: str) -> tuple[int, dict[str, str], bytes]:
        token = _only_token(query)
        if token is None:
            return 400, *_page(words.LANDING_EMPTY_TITLE, words.LANDING_EMPTY)
        with self._lock:
            is_taken = self.token is None and not self._over.is_set()
            if is_taken:
                self.token = token
        if not is_taken:
            return 404, *_page(words.LANDING_NOT_FOUND_TITLE, words.LANDING_NOT_FOUND)
        return 200, *_page(words.LANDING_TITLE, words.LANDING)

    def answered(self) -> None:
        """Stop once the page that tells of a token has been sent."""
        with self._lock:
            if self.token is None or self._over.is_set():
                return
            self._over.set()
        if self._on_token is not None:
            self._on_token(self.token)


def _only_token(query: str) -> Token | None:
    """Give the token that came back. The server says it twice (WIRE section 6); two different ones are nobody's."""
    arguments = parse_qs(query)
    texts = {*arguments.get("middle_auth_token", ()), *arguments.get("token", ())}
    try:
        return Token(texts.pop()) if len(texts) == 1 else None
    except ValueError:
        return None


def _is_a_visit(headers: Any) -> bool:  # noqa: ANN401 - HTTPMessage
    """Whether a person's browser opens a page, as far as it says so: not an image, a frame or a script of some page."""
    wanted = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    return all(headers.get(name, value) == value for name, value in wanted.items())


def _page(title: str, text: str) -> tuple[dict[str, str], bytes]:
    nonce = secrets.token_urlsafe(12)
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; frame-ancestors 'none'"
    body = _PAGE.format(title=title, text=text, nonce=nonce).encode()
    return {"Content-Security-Policy": policy}, body


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection, so that one that says nothing keeps nobody waiting; but not without end.

    Of too many connections the oldest is not listened to any longer: a browser that is let in says at once what it
    wants, and whoever dawdles cannot keep it out.

    Not the library's HTTPServer, which looks up a name for the address first, and waits where nobody answers that.
    """

    daemon_threads = True
    block_on_close = False
    timeout = 0.1
    request_queue_size = 64  # whoever finds the queue full is not told so, and tries again after a second

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the library has it
        self._latest: deque[socket.socket] = deque(maxlen=_MOST_AT_ONCE)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        if len(self._latest) == _MOST_AT_ONCE:
            _stop_listening_to(self._latest[0])
        self._latest.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """Close the port, and let go of everybody who has not yet said what they want."""
        super().server_close()
        for request in self._latest:
            _stop_listening_to(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a traceback here would hold the request, and that the token."""


def _stop_listening_to(request: socket.socket) -> None:
    """End a connection's reading; an answer that is on its way still arrives."""
    with contextlib.suppress(OSError):  # it has ended by itself
        request.shutdown(socket.SHUT_RD)


def _handler_for(loopback: Loopback) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _READ_SECONDS
        server_version = "cave-setup"
        sys_version = ""

        def do_GET(self) -> None:
            status, headers, body = loopback.answer(self.path, self.headers)
            self.send_response(status)
            for name, value in {**_HEADERS, **headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            try:
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            finally:
                loopback.answered()  # also where the browser did not wait for the page

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the address of the page that is landed on has the token."""

    return Handler
