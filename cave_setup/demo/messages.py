"""One HTTP request and one HTTP answer, as values; knows nothing of sockets, routes or people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from tornado.httputil import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Mapping

HTML = "text/html; charset=utf-8"
JSON = "application/json"


class ServerFaultError(Exception):
    """The real server breaks at this point: the answer is its 500 page."""


@dataclass(frozen=True)
class Request:
    """What a client sent.

    Parameters
    ----------
    method, path, query_string
        The request line, in parts; `path` is not percent-decoded.
    headers
        Header names are looked up without regard to case.
    body
        The raw body.
    """

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def uri(self) -> str:
        """Path and query as they stood in the request line."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    @cached_property
    def cookies(self) -> dict[str, str]:
        """Cookies by name, read the tolerant way browsers write them."""
        return parse_cookie(self.headers.get("Cookie", ""))

    @cached_property
    def _query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    @cached_property
    def _form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def query(self, name: str) -> str | None:
        """Return the first query argument of that name."""
        return self._query.get(name, [None])[0]

    def form(self, name: str) -> str | None:
        """Return the first form field of that name."""
        return self._form.get(name, [None])[0]

    @property
    def origin(self) -> str | None:
        """The page that sent this, if a browser says so."""
        return self.headers.get("Origin")

    @property
    def is_programmatic(self) -> bool:
        """Whether the real server takes this for a program rather than a person's navigation.

        `Accept: application/json` changes nothing.
        """
        return bool(
            self.headers.get("Authorization")
            or self.headers.get("X-Requested-With")
            or self.headers.get("Origin") is not None
        )

    @property
    def has_come_through_jupyter(self) -> bool:
        """Whether jupyter-server-proxy has passed it on."""
        return "X-ProxyContextPath" in self.headers

    @property
    def public_origin(self) -> str:
        """Scheme and host in the browser's address bar, as the proxies on the way tell; the first is the outermost."""
        host = self.headers.get("X-Forwarded-Host") or self.headers.get("Host", "")
        scheme = self.headers.get("X-Forwarded-Proto") or "http"
        return f"{scheme.split(',')[0].strip()}://{host.split(',')[0].strip()}"

    @property
    def root(self) -> str:
        """The way from this page up to the server's root, for links that survive a path-prefix proxy."""
        return "../" * (self.path.count("/") - 1) or "./"


@dataclass
class Answer:
    """What goes back.

    Parameters
    ----------
    status
        HTTP status code.
    body
        The whole body.
    content_type
        Value of the header of that name.
    headers
        Further headers; a name may stand more than once.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: list[tuple[str, str]] = field(default_factory=list)

    def with_cookie(self, name: str, value: str, *, secure: bool) -> Answer:
        """Add a session cookie as the real server sets it: no `SameSite`, no `Max-Age`."""
        jar: SimpleCookie = SimpleCookie()
        jar[name] = value
        jar[name]["httponly"] = True
        jar[name]["path"] = "/"
        jar[name]["secure"] = secure
        self.headers.append(("Set-Cookie", jar[name].OutputString()))
        return self


def json_answer(value: object, status: int = 200) -> Answer:
    """Return JSON the way the real server writes it: compact, keys sorted, a newline at the end."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
    return Answer(status, text.encode(), JSON)


def text_answer(text: str, status: int) -> Answer:
    """Return plain text under an HTML content type, which is how the real server refuses."""
    return Answer(status, text.encode(), HTML)


def redirect(location: str) -> Answer:
    """Return a 302; anything that cannot stand in a header is percent-encoded."""
    safe = quote(location, safe="%/:?#[]@!$&'()*+,;=~-._")
    return Answer(302, b"", HTML, [("Location", safe)])


def http_date(moment: float) -> str:
    """Return a time as the real server's JSON has it, such as ``Sun, 22 Nov 2026 07:14:56 GMT``."""
    return formatdate(moment, usegmt=True)
