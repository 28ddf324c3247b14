"""One thread that does things one after another, at once or later. Knows nothing of widgets or servers."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


IDLE_SECONDS = 20.0  # a person at work does the next thing within them, and need not wait for new connections


class Worker:
    """A daemon thread with a queue. It ends soon after the last work, so a wizard that is left alone holds none.

    The kernel's own thread only puts work in here, so a server that hangs leaves the next cell free.

    Parameters
    ----------
    on_error : callable
        Gets what a piece of work raised; the thread goes on.
    at_rest : callable
        Called in the thread before it ends: when nothing has come for a while, or when it was closed.

    """

    def __init__(self, on_error: Callable[[Exception], None], at_rest: Callable[[], object] = lambda: None) -> None:
        self._on_error = on_error
        self._at_rest = at_rest
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, str, Callable[[], object]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._has_rested = False
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is done here."""
        return self._closed

    def submit(self, work: Callable[[], object], *, after: float = 0.0, name: str = "") -> None:
        """Do the work as soon as its time has come and the work before it is done.

        Parameters
        ----------
        work : callable
        after : float
            Seconds from now.
        name : str
            Work that waits under the same name is dropped: the new one stands for it.

        """
        with self._changed:
            if self._closed:
                return
            if name:
                self._due = [item for item in self._due if item[2] != name]
                heapq.heapify(self._due)
            heapq.heappush(self._due, (time.monotonic() + after, next(self._order), name, work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cave-setup-worker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, name: str) -> int:
        """Drop the work that waits under this name, and say how much there was."""
        with self._changed:
            before = len(self._due)
            self._due = [item for item in self._due if item[2] != name]
            heapq.heapify(self._due)
            return before - len(self._due)

    def close(self) -> None:
        """Drop all waiting work; the thread ends when the piece at hand is done."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the thread must outlive any mistake, and the screen says it
                with contextlib.suppress(Exception):  # a screen that cannot be drawn as well
                    self._on_error(error)

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            rest_at = time.monotonic() + IDLE_SECONDS
            while True:
                now = time.monotonic()
                if self._due:
                    wait = self._due[0][0] - now
                    if wait <= 0:
                        self._has_rested = False
                        return heapq.heappop(self._due)[3]
                elif self._has_rested:
                    self._thread = None
                    return None
                else:
                    wait = 0 if self._closed else rest_at - now
                    if wait <= 0:
                        self._has_rested = True
                        return self._at_rest
                self._changed.wait(wait)
