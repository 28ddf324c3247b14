"""One request and its whole answer, within bounds of time and memory. Knows HTTP and tokens, nothing of CAVE.

The only module that touches the HTTP library. What goes wrong on the way is named here, so that a fault of the network
is never taken for an answer.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import logging
import re
import socket
import ssl
import threading
import time
import weakref
import zlib
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL, ProxyError, SSLError

from cave_setup import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cave_setup.models import ServerAddress, Token

CONNECT_SECONDS = 4.0
READ_SECONDS = 8.0
LARGEST_ANSWER = 8_000_000  # bytes; a list of 20 datastacks has a few thousand

_REDIRECTS = range(300, 400)
_BROKEN = 500
_NETWORK_WANTS_LOGIN = 511  # what a guest network should answer instead of a page with 200
# A host in an answer that is shown: it is no command to a terminal, and not the token that was sent.
_HOST = re.compile(r"(?!.*[0-9a-f]{32})[a-z0-9._:-]{1,100}")


class _Discreet(logging.Filter):
    """Keeps the token of the request at hand out of the log of urllib3, which writes down addresses and odd headers."""

    def __init__(self) -> None:
        super().__init__()
        self._at_hand = threading.local()
        for module in ("connection", "connectionpool"):
            logging.getLogger(f"urllib3.{module}").addFilter(self)

    @contextlib.contextmanager
    def about(self, token: Token | None) -> Iterator[None]:
        """Filter what this thread logs meanwhile."""
        self._at_hand.token = token
        try:
            yield
        finally:
            self._at_hand.token = None

    def filter(self, record: logging.LogRecord) -> bool:
        token: Token | None = getattr(self._at_hand, "token", None)
        return token is None or token.reveal() not in logging.Formatter().format(record)


_DISCREET = _Discreet()


class _Bearer(requests.auth.AuthBase):
    """Puts the token into the header. As an ``auth=`` object, so that no ``.netrc`` entry replaces it."""

    def __init__(self, token: Token | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Makes the request "programmatic", so that no answer is ever a redirect to a sign-in page (WIRE section 3).
        request.headers["X-Requested-With"] = "cave-setup"
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request

    def __repr__(self) -> str:
        return f"_Bearer({self.token})"


class Answer:
    """Status and body of one answer, read completely; what it means is judged elsewhere."""

    def __init__(self, host: str, status: int, body: bytes) -> None:
        self.host = host
        self.status = status
        self.body = body

    def data(self) -> Any:  # noqa: ANN401 - it is whatever the server sent
        """Give the body as data; None if it is not JSON. The content type is not believed: it is often wrong."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return None

    @property
    def looks_like_a_page(self) -> bool:
        """Whether this is a web page, whatever its content type says."""
        start = self.body[:1000].lstrip().lower()
        return start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")) or b"<html" in start


class Exchange:
    """Keeps connections open between requests and sends each request by the same rules.

    Parameters
    ----------
    connect_seconds, read_seconds : float
        How long to wait for a connection, and for the whole of an answer.

    """

    def __init__(self, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS) -> None:
        self.met_a_demo = False
        self.demo_path = ""
        self._timeout = (connect_seconds, read_seconds)
        self._lines = _Lines()
        self._session = _Session()
        # Of the kinds of compression the one that is bounded here, and no other that happens to be installed.
        self._session.headers["Accept-Encoding"] = "gzip"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the token comes as a cookie, too
        for prefix in ("https://", "http://"):
            self._session.mount(prefix, _Adapter(self._lines, pool_maxsize=8))

    def rest(self) -> None:
        """Close the connections that are kept open between requests, while there are none."""
        self._session.close()

    def close(self) -> None:
        """Ask nothing any more: what waits for an answer is let go at once, but for a look-up or a handshake."""
        self._lines.cut()
        self._session.close()

    def get(self, address: ServerAddress, path: str, token: Token | None) -> Answer:
        """Send one question and read the whole answer, whatever it is, but for redirects and 5xx.

        Raises
        ------
        ServerError
            If no answer came, or not the server's own.

        """
        return self.send("GET", address, path, token)

    def send(
        self,
        method: Literal["GET", "POST", "DELETE"],
        address: ServerAddress,
        path: str,
        token: Token | None,
        content: object = None,
    ) -> Answer:
        """Send one request, with JSON content if there is any, and read the whole answer. Nothing is sent twice.

        Raises
        ------
        ServerError
            If no answer came, or not the server's own.

        """
        fault: errors.ServerError
        with _DISCREET.about(token):
            try:
                return self._answered(method, address, path, token, content)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exception:
                fault = _name_fault(exception, address)
        raise fault

    def _answered(self, method: str, address: ServerAddress, path: str, token: Token | None, content: object) -> Answer:
        deadline = time.monotonic() + sum(self._timeout)
        with self._session.request(
            method,
            address.url + path,
            json=content,
            auth=_Bearer(token),
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
            # A proxy elsewhere could not reach this computer's own servers, and must not see what is sent to them.
            proxies={"no_proxy": address.host} if address.is_loopback else None,
        ) as response:
            if address.is_loopback and response.headers.get("X-CAVE-Demo") == "1":
                self.met_a_demo = True
                self.demo_path = response.headers.get("X-CAVE-Demo-Browser", "")
            _check_is_answer(response, address.netloc)
            return Answer(address.netloc, response.status_code, _read_body(response, deadline))


class _Session(requests.Session):
    """Knows no redirects: the library reads their bodies and addresses even where it is told not to follow them."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the library's signature
        return None


# ------------------------------------------------------------------------------------ letting go of who does not answer


class _Lines:
    """The connections of one exchange, so that whoever waits at one of them can be let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: weakref.WeakSet[_Line] = weakref.WeakSet()
        self._are_cut = False

    def add(self, line: _Line) -> None:
        """Note a connection."""
        with self._lock:
            if self._are_cut:
                raise ConnectionAbortedError
            self._lines.add(line)

    def cut(self) -> None:
        """End all connections, now and from now on."""
        with self._lock:
            self._are_cut = True
            lines = list(self._lines)
        for line in lines:
            # Not closed: whoever reads there does that. And not by TLS's own shutdown, which is not for two threads.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(line.sock, socket.SHUT_RDWR)


class _Line(urllib3.connection.HTTPConnection):
    """A connection that can be cut by another thread."""

    def __init__(self, *args: Any, lines: _Lines, **kwargs: Any) -> None:  # noqa: ANN401 - as the library has it
        super().__init__(*args, **kwargs)
        self._lines = lines

    def connect(self) -> None:
        self._lines.add(self)  # now, since a proxy may keep us waiting in here
        super().connect()
        self._lines.add(self)  # where it was cut before there was a socket


# -------------------------------------------------------------------------------- a head that comes without an end


class _InTime(io.RawIOBase):
    """What arrives on a socket until a deadline; a socket's own timeout begins anew with every byte."""

    def __init__(self, raw: Any, sock: socket.socket) -> None:  # noqa: ANN401 - what makefile() is made of
        self._raw = raw
        self._socket = sock
        self._wait = sock.gettimeout()
        self._deadline = time.monotonic() + (self._wait or READ_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.settimeout(self._wait)  # the connection is used again
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose head and body together take no longer than one read may; so does a proxy's to CONNECT."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the library has it
        super().__init__(sock, *args, **kwargs)
        stream: Any = self.fp
        self.fp = io.BufferedReader(_InTime(stream.detach(), sock))


class _Connection(_Line):
    response_class = _Response


class _TlsConnection(_Line, urllib3.connection.HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """Makes all connections of the kinds above, also those through a proxy."""

    def __init__(self, lines: _Lines, **kwargs: Any) -> None:  # noqa: ANN401 - as the library has it
        self._pools: Any = {"http": partial(_Pool, lines=lines), "https": partial(_TlsPool, lines=lines)}
        super().__init__(**kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the library has it
        super().init_poolmanager(*args, **kwargs)
        self._settle(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library has it
        manager = super().proxy_manager_for(*args, **kwargs)
        if type(manager) is urllib3.ProxyManager:  # the one for SOCKS has pools of its own, which know that proxy
            self._settle(manager)
        return manager

    def _settle(self, manager: urllib3.PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools
        # The library leaves the closing of connections to the garbage collector, and so to any time later.
        manager.pools.dispose_func = urllib3.HTTPConnectionPool.close


# ------------------------------------------------------------------------------------------------- what came back


def _check_is_answer(response: requests.Response, host: str) -> None:
    """Raise where something else than the server's own answer came back."""
    if response.status_code in _REDIRECTS:
        target = _host_in(response.headers.get("Location", ""))
        raise errors.LoginRedirect(host, f" ({target})" if target else "")
    if response.status_code == _NETWORK_WANTS_LOGIN:
        raise errors.NotJson(host)
    if response.status_code >= _BROKEN:
        raise errors.ServerBroken(host, str(response.status_code))


def _host_in(location: str) -> str:
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _read_body(response: requests.Response, deadline: float) -> bytes:
    """Read the body within bounds: a server that drips or never stops costs neither time nor memory without end."""
    body = bytearray()
    # Not response.iter_content(), which waits until a whole piece is there, however slowly it comes.
    while chunk := response.raw.read1(65_536, decode_content=False):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("too large")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and len(body) < int(announced):
        raise requests.ConnectionError
    return _unpacked(bytes(body), response.headers.get("Content-Encoding", "identity").strip().lower())


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Undo the one kind of compression that was asked for. Several of it, one in the other, would have no bound."""
    if encoding == "identity" or not body:
        return body
    if encoding != "gzip":
        raise ValueError("compressed in a way that was not asked for")
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacking.decompress(body, LARGEST_ANSWER)
    except zlib.error:
        plain = b""
    if not unpacking.eof:
        raise ValueError("damaged, cut off or too large")
    return plain


def _name_fault(exception: BaseException, address: ServerAddress) -> errors.ServerError:
    """Find out what went wrong from the exceptions below the one that `requests` raised.

    They are only looked at here and never kept: they hold the request, and the request holds the token.
    """
    host = address.netloc
    causes = list(_causes(exception))

    def any_of(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    # Through a proxy it is the proxy's own name that is looked up here.
    lookup_failed = any_of(socket.gaierror, InvalidURL, urllib3.exceptions.LocationParseError, UnicodeError)
    if any_of(ProxyError, InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown) or (
        (lookup_failed or any_of(InvalidSchema)) and _has_proxy(address)
    ):
        return errors.ProxyFailed(host)
    # A mistyped REQUESTS_CA_BUNDLE is a plain OSError of `requests`, told from others by its text only.
    if any_of(SSLError, ssl.SSLError) or (type(exception) is OSError and "TLS CA certificate" in str(exception)):
        return errors.TlsFailed(host)
    if lookup_failed:
        return errors.NameLookupFailed(host)
    # Not urllib3's own TimeoutError: it is a base of NewConnectionError, which a refused connection raises as well.
    if any_of(requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return errors.ServerTimeout(host)
    if any_of(requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError, OSError):
        return errors.ConnectionRefused(host)
    return errors.UnexpectedAnswer(host, type(exception).__name__)


def _has_proxy(address: ServerAddress) -> bool:
    proxies = requests.utils.get_environ_proxies(address.url)
    return not address.is_loopback and requests.utils.select_proxy(address.url, proxies) is not None


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """Walk through an exception and all that it was made from."""
    seen: set[int] = set()
    waiting = [exception]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
