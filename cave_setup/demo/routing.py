"""From a request to the function that answers it, and the cross-origin headers of each part of the server."""

from __future__ import annotations

import logging
import re
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cave_setup.demo import pages
from cave_setup.demo.messages import Answer, Request, ServerFaultError
from cave_setup.demo.site import SESSION_COOKIE, Addresses, Session, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.demo.world import Token, User

logger = logging.getLogger(__name__)

Headers = list[tuple[str, str]]


@dataclass
class Visit:
    """A request on its way to a route that is open to anybody."""

    request: Request
    site: Site
    opened: Session | None = field(default=None, init=False)

    @property
    def addresses(self) -> Addresses:
        """Where the demo is for whoever asks."""
        return self.site.addresses.seen_from(self.request)

    @property
    def session(self) -> Session:
        """The browser's session; asking for it prolongs it and sets its cookie."""
        if self.opened is None:
            self.opened = self.site.sessions.open(self.request)
        return self.opened


@dataclass
class AccountVisit(Visit):
    """A request to the auth server with a good token."""

    token: Token

    @property
    def user(self) -> User:
        """Who asks."""
        return self.token.user


@dataclass(frozen=True)
class Route:
    """A method and a path (a regular expression; its groups become arguments) and what answers them."""

    method: str
    path: str
    function: Callable[..., Answer]
    is_open: bool = False


@dataclass(frozen=True)
class Mount:
    """Routes under a prefix, with one way of judging tokens and one cross-origin rule.

    Parameters
    ----------
    prefix
        Start of the path.
    routes
        Tried in order.
    admit
        Turns an anonymous visit into one with a token holder, or into the answer that refuses it.
    cors
        Headers for a request of a page on another origin.
    has_preflight
        Whether `OPTIONS` is answered.
    """

    prefix: str
    routes: tuple[Route, ...]
    admit: Callable[[Visit], Visit | Answer] = lambda visit: visit
    cors: Callable[[Request], Headers] = lambda _request: []
    has_preflight: bool = True


class Router:
    """Answers every request to one listener."""

    def __init__(self, site: Site, mounts: tuple[Mount, ...]) -> None:
        self._site = site
        self._mounts = mounts

    def answer(self, request: Request) -> Answer:
        """Return the answer; a fault of our own becomes the 500 page, never a traceback."""
        mount = next((one for one in self._mounts if _below(request.path, one.prefix)), None)
        try:
            answer = self._route(request, mount)
        except ServerFaultError:
            answer = pages.error(request, 500)
        except Exception as fault:  # noqa: BLE001 the last line of defence: a server has to answer
            _note(fault)
            answer = pages.error(request, 500)
        if mount is not None:
            answer.headers.extend(mount.cors(request))
        return answer

    def _route(self, request: Request, mount: Mount | None) -> Answer:
        if mount is None:
            return pages.error(request, 404)
        path = request.path[len(mount.prefix) :]
        fitting = [(route, found) for route in mount.routes if (found := re.fullmatch(route.path, path))]
        if not fitting:
            return pages.error(request, 404)
        if request.method == "OPTIONS" and mount.has_preflight:
            return _preflight(request)
        method = "GET" if request.method == "HEAD" else request.method
        for route, found in fitting:
            if route.method == method:
                return self._run(route, found, mount, request)
        return pages.error(request, 405)

    def _run(self, route: Route, found: re.Match[str], mount: Mount, request: Request) -> Answer:
        visit = Visit(request, self._site)
        admitted = visit if route.is_open else mount.admit(visit)
        if isinstance(admitted, Answer):
            return admitted
        answer = route.function(admitted, *(unquote(group) for group in found.groups()))
        session = admitted.opened
        if session is not None and request.cookies.get(SESSION_COOKIE) != session.id:
            answer.with_cookie(SESSION_COOKIE, session.id, secure=False)
        return answer


def auth_cors(request: Request) -> Headers:
    """Return the auth server's headers: any origin, with credentials (WIRE section 5)."""
    if request.origin is None:
        return []
    return [
        *service_cors(request),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "WWW-Authenticate, X-Requested-With"),
    ]


def service_cors(request: Request) -> Headers:
    """Return the services' headers: any origin, but no credentials."""
    if request.origin is None:
        return []
    return [("Access-Control-Allow-Origin", request.origin), ("Vary", "Origin")]


def open_cors(_request: Request) -> Headers:
    """Return the header of a static file for everybody."""
    return [("Access-Control-Allow-Origin", "*")]


def _preflight(request: Request) -> Answer:
    answer = Answer()
    asked = request.headers.get("Access-Control-Request-Headers")
    if request.origin is not None and "Access-Control-Request-Method" in request.headers:
        methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
        answer.headers.append(("Access-Control-Allow-Methods", methods))
        if asked:
            answer.headers.append(("Access-Control-Allow-Headers", asked))
        if "Access-Control-Request-Private-Network" in request.headers:
            answer.headers.append(("Access-Control-Allow-Private-Network", "true"))
    return answer


def under(prefix: str, routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return the same routes, a step further down."""
    return tuple(replace(route, path=prefix + route.path) for route in routes)


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def _note(fault: Exception) -> None:
    # Type and place only: the message of an exception can quote what a user sent.
    last = traceback.extract_tb(fault.__traceback__)[-1]
    logger.error("%s in %s, line %s", type(fault).__name__, last.name, last.lineno)
