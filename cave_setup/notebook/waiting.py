"""Waiting for what happens elsewhere: terms accepted on the server's page, a service that has yet to notice.

Asks for one thing at a time, ever more rarely, and not without end. Draws nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup.notebook import patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.actions import Setup
    from cave_setup.models import Status
    from cave_setup.notebook.worker import Worker

_TERMS, _LATE = "terms", "late"


class Waiting:
    """What is waited for.

    Parameters
    ----------
    setup : Setup
    worker : Worker
        In whose thread everything is done.
    check : callable
        Called when there is something new to see.
    gave_up : callable
        Called when the acceptance of terms is not waited for any longer.

    """

    def __init__(self, setup: Setup, worker: Worker, check: Callable[[], None], gave_up: Callable[[], None]) -> None:
        self._setup = setup
        self._worker = worker
        self._check = check
        self._gave_up = gave_up
        self._waits, self._late_checks = patience.waits(), 0

    def for_terms(self) -> None:
        """Begin to wait for the acceptance of terms: the person has opened the server's page for it."""
        self._waits = patience.waits()
        self._look_later()

    def look_for_terms(self) -> None:
        """Look now."""
        if self._setup.terms_are_accepted():
            self._worker.cancel(_TERMS)
            self._check()
        else:
            self._look_later()

    def _look_later(self) -> None:
        wait = next(self._waits, None)
        if wait is None:
            self._gave_up()  # a button takes over
        else:
            self._worker.submit(self.look_for_terms, after=wait, name=_TERMS)

    def for_late_service(self, status: Status) -> None:
        """Check again, a few times, where a service has yet to notice what the account's server already knows."""
        waits = any(step.need == "wait" for step in status.steps)
        if waits and self._late_checks < len(patience.LATE_SERVICE_WAITS):
            wait = patience.LATE_SERVICE_WAITS[self._late_checks]
            self._late_checks += 1
            self._worker.submit(self._check, after=wait, name=_LATE)

    def patient_again(self) -> None:
        """Be as patient with a late service as in the beginning."""
        self._late_checks = 0

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._worker.cancel(_TERMS)
        self._worker.cancel(_LATE)
