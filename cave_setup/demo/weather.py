"""What can go wrong on the way, set by tests and lecturers: which fault, where, how often; acted out elsewhere."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any


class Kind(str, Enum):
    """The faults."""

    LATENCY = "latency"
    """Answers rightly, `seconds` late."""
    ERROR_500 = "error-500"
    """An HTML page, `Internal Server Error`."""
    ERROR_502 = "error-502"
    """An HTML page such as a proxy's."""
    HANG = "hang"
    """Takes the request and never answers."""
    DRIP = "drip"
    """Sends the headers at once and the body little by little over `seconds`."""
    PORTAL = "captive-portal"
    """200 and a login page in HTML, whatever was asked for."""
    PORTAL_REDIRECT = "captive-redirect"
    """302 to a login page on another host."""
    TRUNCATED = "truncated"
    """Half of a JSON body, said to be all of it."""
    SEVERED = "severed"
    """Answers rightly, as a page that cuts itself off from the window which opened it."""
    RESET = "reset"
    """The connection breaks instead of an answer."""


_BREAKING = frozenset(Kind) - {Kind.LATENCY, Kind.DRIP, Kind.SEVERED}
# The demo's own doors are never struck, so that the weather can be changed. This page beside them is another company's:
# struck only where it is named.
_GOOGLE = "/demo/google"
_KEYS = ("kind", "prefix", "seconds", "requests")


@dataclass(frozen=True)
class Rule:
    """One fault.

    Parameters
    ----------
    kind
        Which.
    prefix
        Paths that start so are struck; of several rules that fit, the one with the longest prefix counts.
    seconds
        A delay before any answer; for `drip` how long the body takes.
    requests
        For how many requests more; None for all.
    """

    kind: Kind
    prefix: str = "/"
    seconds: float = 0.0
    requests: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as `GET /demo/weather` shows it."""
        return asdict(self) | {"kind": self.kind.value}


class WeatherError(ValueError):
    """A rule that makes no sense; the message is one sentence."""


class Weather:
    """The rules in force; may be set from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, Rule] = {}

    def set(
        self,
        kind: Kind | str,
        prefix: str = "/",
        *,
        seconds: float = 0.0,
        requests: int | None = None,
    ) -> None:
        """Put a fault on all paths that start with `prefix`; replaces what was set for the same prefix.

        Raises
        ------
        WeatherError
            If there is no such fault, or a number makes no sense.
        """
        rule = _checked(kind, prefix, seconds, requests)
        with self._lock:
            self._rules[prefix] = rule

    def clear(self, prefix: str | None = None) -> None:
        """Take back the fault of one prefix, or all."""
        with self._lock:
            if prefix is None:
                self._rules.clear()
            else:
                self._rules.pop(prefix, None)

    def rules(self) -> list[Rule]:
        """Return the rules in force."""
        with self._lock:
            return list(self._rules.values())

    def strike(self, path: str) -> Rule | None:
        """Return the rule for this request and count it."""
        with self._lock:
            rule = self._fitting(path)
            if rule is not None and rule.requests is not None:
                if rule.requests > 1:
                    self._rules[rule.prefix] = replace(rule, requests=rule.requests - 1)
                else:
                    del self._rules[rule.prefix]
        return rule

    def breaks(self, path: str) -> bool:
        """Whether a request to this path would get no good answer; does not count as one."""
        with self._lock:
            rule = self._fitting(path)
        return rule is not None and rule.kind in _BREAKING

    def _fitting(self, path: str) -> Rule | None:
        fitting = [rule for prefix, rule in self._rules.items() if path.startswith(prefix)]
        if path.startswith("/demo"):
            fitting = [rule for rule in fitting if rule.prefix.startswith(_GOOGLE)]
        return max(fitting, key=lambda rule: len(rule.prefix), default=None)


def apply_request(weather: Weather, wanted: object) -> None:
    """Do what the body of `POST /demo/weather` asks for.

    Raises
    ------
    WeatherError
        If it cannot be understood.
    """
    if not isinstance(wanted, dict) or "kind" not in wanted:
        raise WeatherError('The weather must be an object with "kind".')
    unknown = [key for key in wanted if key not in _KEYS]
    if unknown:
        raise WeatherError(f"Unknown key {unknown[0]!r}; known are {', '.join(_KEYS)}.")
    prefix = wanted.get("prefix")
    if wanted["kind"] != "clear":
        seconds, requests = wanted.get("seconds", 0.0), wanted.get("requests")
        weather.set(wanted["kind"], "/" if prefix is None else prefix, seconds=seconds, requests=requests)
    elif prefix is None or isinstance(prefix, str):
        weather.clear(prefix)
    else:
        raise WeatherError('"prefix" must be a path that starts with "/".')


def _checked(kind: object, prefix: object, seconds: object, requests: object) -> Rule:
    try:
        known = Kind(kind)
    except ValueError:
        names = ", ".join(one.value for one in Kind)
        raise WeatherError(f"There is no weather {kind!r}; there are {names}, and clear.") from None
    if not isinstance(prefix, str) or not prefix.startswith("/"):
        raise WeatherError('"prefix" must be a path that starts with "/".')
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise WeatherError('"seconds" must be a number, not negative.')
    if requests is not None and (not isinstance(requests, int) or isinstance(requests, bool) or requests < 1):
        raise WeatherError('"requests" must be a whole number from 1, or null.')
    return Rule(known, prefix, float(seconds), requests)
