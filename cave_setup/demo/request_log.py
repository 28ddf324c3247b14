"""What was asked of the demo, for tests and lecturers; never a token, never a query."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cave_setup.demo.scrub import without_tokens

if TYPE_CHECKING:
    from cave_setup.demo.messages import Request
    from cave_setup.demo.world import Clock

_KEPT = 2000


@dataclass(frozen=True)
class LoggedRequest:
    """One request; `path` has tokens masked (`/user/token/T/ttl` has one) and no query."""

    method: str
    path: str
    authorization: bool
    time: float
    listener: str

    def as_dict(self) -> dict[str, object]:
        """Return it as `GET /demo/requests` shows it."""
        return asdict(self)


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[LoggedRequest] = deque(maxlen=_KEPT)

    def add(self, request: Request, listener: str) -> None:
        """Note a request."""
        has_header = "Authorization" in request.headers
        path = without_tokens(request.path)
        self._entries.append(LoggedRequest(request.method, path, has_header, self._clock(), listener))

    def entries(self) -> list[LoggedRequest]:
        """Return what has been noted."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
