"""What all routes share: the addresses, the world, the browser sessions, the weather, the log; no routes here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from cave_setup.demo.messages import Request
    from cave_setup.demo.request_log import RequestLog
    from cave_setup.demo.weather import Weather
    from cave_setup.demo.world import Clock, World

SESSION_COOKIE = "session"
TOKEN_COOKIE = "middle_auth_token"
SESSION_LIFETIME = 3600.0


@dataclass(frozen=True)
class Addresses:
    """Where the demo is reached.

    Parameters
    ----------
    server, data_server
        The two listeners, as programs on this computer reach them; no slash at the end.
    behind
        Path of a Jupyter server that passes on to ports of this computer, such as ``/user/ada/``; empty if
        browsers come directly.
    origin
        Scheme and host by which the browser at hand has come through there; empty if it has not.
    """

    server: str
    data_server: str
    behind: str = ""
    origin: str = ""

    def seen_from(self, request: Request) -> Addresses:
        """Return the addresses as whoever sent the request has them.

        Through a Jupyter server nobody but the request knows the public address.
        """
        if not self.behind or not request.has_come_through_jupyter:
            return self
        return replace(self, origin=request.public_origin)

    @property
    def browser(self) -> str:
        """The main server as the browser reaches it. Every absolute address of the wire format starts so."""
        return self._reached(self.server)

    @property
    def data_browser(self) -> str:
        """The data server as the browser reaches it."""
        return self._reached(self.data_server)

    @property
    def path(self) -> str:
        """Where a browser on the Jupyter server's pages finds the main server; empty if it comes directly."""
        return self._path(self.server) if self.behind else ""

    def _reached(self, listener: str) -> str:
        return self.origin + self._path(listener) if self.origin else listener

    def _path(self, listener: str) -> str:
        return f"{self.behind}proxy/{listener.rpartition(':')[2]}"

    @property
    def authorize(self) -> str:
        """Where a sign-in starts; also the realm of every 401."""
        return f"{self.browser}/sticky_auth/api/v1/authorize"

    @property
    def sign_in_base(self) -> str:
        """Start of the pages that have sessions."""
        return f"{self.browser}/sticky_auth"

    @property
    def host(self) -> str:
        """Host (and prefix) without scheme, as `middle_auth_url` has it."""
        return self.browser.partition("://")[2]

    @property
    def is_secure(self) -> bool:
        """Whether the token cookie may be marked `Secure`.

        The real server always marks it, and is always behind TLS. Over plain HTTP some browsers drop such a
        cookie even on loopback, so the mark is left out there and nowhere else.
        """
        return self.browser.startswith("https://")

    def terms_form(self, terms_id: int) -> str:
        """Return the address of the page where terms are accepted."""
        return f"{self.sign_in_base}/api/v1/tos/{terms_id}/accept"

    def authorize_then(self, page: str) -> str:
        """Return the address that signs in and comes back to `page`."""
        return f"{self.authorize}?redirect={quote(page, safe='')}"

    def of(self, request: Request, *, on_data_server: bool) -> str:
        """Return the address of a request as the browser sees it."""
        return (self.data_browser if on_data_server else self.browser) + request.uri


@dataclass
class Session:
    """What the auth server remembers of one browser for an hour."""

    id: str
    expires: float
    state: str | None = None
    redirect: str | None = None
    terms_id: int | None = None


class Sessions:
    """Browser sessions by the value of their cookie."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Session] = {}

    def find(self, request: Request) -> Session | None:
        """Return the session of this browser unless it has none or it is over."""
        session = self._kept.get(request.cookies.get(SESSION_COOKIE, ""))
        return session if session is not None and session.expires > self._clock() else None

    def open(self, request: Request) -> Session:
        """Return the session of this browser, a new one if need be, good for another hour."""
        session = self.find(request) or Session(secrets.token_urlsafe(24), 0.0)
        session.expires = self._clock() + SESSION_LIFETIME
        self._kept[session.id] = session
        return session


@dataclass
class Site:
    """All that the routes of one demo server share."""

    addresses: Addresses
    world: World
    sessions: Sessions
    weather: Weather
    log: RequestLog
    google_codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Single-use codes of the page that stands in for Google: the e-mail and name each stands for."""
