"""The cell outputs in which a wizard stands: itself, guidance where no front end drew it, a summary at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from cave_setup.notebook import static

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.models import Status
    from cave_setup.notebook.worker import Worker

HELLO_SECONDS = 10.0  # a front end that can draw the widget has said so long before

_HELLO = "hello"


class Output:
    """Where a wizard is shown.

    Parameters
    ----------
    worker : Worker
        Waits for the front end.
    bundle : callable
        Gives what a front end draws.
    status : callable
        Gives the status as it stands, or None.

    """

    def __init__(
        self, worker: Worker, bundle: Callable[[], dict[str, Any]], status: Callable[[], Status | None]
    ) -> None:
        self._worker = worker
        self._bundle = bundle
        self._status = status
        self._displays: list[Any] = []
        self._has_front_end = False

    def show(self) -> None:
        """Show the wizard as the output of the cell that runs."""
        if getattr(get_ipython(), "kernel", None) is None:  # IPython in a terminal: no front end will ever come
            display(static.no_front_end(), raw=True)
            return
        handle = display(self._bundle(), raw=True, display_id=True)
        if handle is not None:
            self._displays.append(handle)
            self._worker.submit(self._miss_front_end, after=HELLO_SECONDS, name=_HELLO)

    def hello(self) -> None:
        """Note that a front end drew the wizard; put it back where its absence had been told too early."""
        if not self._has_front_end:
            self._has_front_end = True
            if self._worker.cancel(_HELLO) == 0:
                self._put(self._bundle())

    def finish(self) -> None:
        """Leave a plain summary in the notebook in place of the wizard, which would be dead there tomorrow."""
        status = self._status()
        if status is not None:
            self._put(static.summary(status))

    def _miss_front_end(self) -> None:
        self._put(static.front_end_missing(self._status()))

    def _put(self, bundle: dict[str, Any]) -> None:
        for handle in self._displays:
            handle.update(bundle, raw=True)
