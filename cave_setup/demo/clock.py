"""A clock that is moved by hand, for tests and lecturers who do not want to wait."""

from __future__ import annotations

import time


class ManualClock:
    """Stands still until it is told to go on; pass it to `DemoServer` as its `clock`."""

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
