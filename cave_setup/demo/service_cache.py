"""What one service process remembers about tokens (WIRE section 8); it asks the auth server, nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cave_setup.demo import shapes
from cave_setup.demo.messages import ServerFaultError

if TYPE_CHECKING:
    from cave_setup.demo.shapes import Json
    from cave_setup.demo.weather import Weather
    from cave_setup.demo.world import World

CACHE_SECONDS = 300.0
SKIPS = 20
_ASKED = "/auth/api/v1/user/cache"


class AuthServerDownError(ServerFaultError):
    """The auth server did not answer the service, which then breaks itself."""


@dataclass(frozen=True)
class Remembered:
    """What the auth server said about a token, and when; `permissions` is None if it refused it."""

    permissions: Json | None
    until: float


@dataclass
class _Window:
    start: float
    denials: int = 0


class ServiceCache:
    """The token cache of one service.

    A good token stays good here for up to 300 s after it ended, and a refused one stays refused. A denial asks
    anew, so that new permissions count at once, but only for the first 20 denials of a token in 300 s.
    """

    def __init__(self, world: World, weather: Weather) -> None:
        self._world = world
        self._weather = weather
        self._remembered: dict[str, Remembered] = {}
        self._windows: dict[str, _Window] = {}

    def permissions(self, token: str) -> Json | None:
        """Return what the token's holder may do, or None for a token that is refused."""
        known = self._remembered.get(token)
        if known is None or known.until <= self._world.clock():
            known = self._ask(token)
        return known.permissions

    def permissions_after_denial(self, token: str) -> Json | None:
        """Ask the auth server anew, if this token's denials have not used that up; else as remembered."""
        now = self._world.clock()
        window = self._windows.get(token)
        if window is None or window.start + CACHE_SECONDS <= now:
            window = self._windows[token] = _Window(now)
        if window.denials >= SKIPS:
            return self.permissions(token)
        window.denials += 1
        return self._ask(token).permissions

    def _ask(self, token: str) -> Remembered:
        if self._weather.breaks(_ASKED):
            raise AuthServerDownError
        holder = self._world.use(token)
        said = None if holder is None else shapes.permissions(self._world, holder.user)
        known = Remembered(said, self._world.clock() + CACHE_SECONDS)
        self._remembered[token] = known
        return known
