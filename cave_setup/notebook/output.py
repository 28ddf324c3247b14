"""The cell outputs in which a wizard stands: itself, guidance where nothing draws it, a summary at the end.

There are two of them, one below the other: first a frame that gives way to guidance (`beginning`), then the wizard.
No bundle can do both: where a kernel has gone, JupyterLab draws an error for a widget, whatever else is in its bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from cave_setup.notebook import static
from cave_setup.notebook.beginning import NOTHING, begin, instead

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.models import Status
    from cave_setup.notebook.worker import Worker

HELLO_SECONDS = 10.0  # a front end that can draw the widget has said so long before, if no cell ran

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
        self._displays: list[tuple[Any, Any]] = []
        self._has_front_end = self._was_missed = False
        self._shell: Any = None
        # While a cell runs, this one or the next, a front end is not heard: only the time between cells counts.
        self._cells = {"pre_run_cell": self._wait_no_more, "post_run_cell": self._wait}

    def show(self, begun: Any = None) -> None:  # noqa: ANN401 - a handle of IPython's, which has no types
        """Show the wizard as the output of the cell that runs, below what `beginning.begin` has shown already."""
        shell: Any = get_ipython()
        if getattr(shell, "kernel", None) is None:  # IPython in a terminal: no front end will ever come
            display(static.no_front_end(), raw=True)
            return
        begun = begun or begin()
        handle = display(self._bundle(), raw=True, display_id=True)
        if handle is not None:
            self._displays.append((handle, begun))
            if not self._has_front_end and self._shell is None:
                self._shell = shell
                for event, listener in self._cells.items():
                    shell.events.register(event, listener)

    def hello(self) -> None:
        """Note that a front end drew the wizard; put it back where its absence had been told too early."""
        if not self._has_front_end:
            self._has_front_end = True
            self.close()
            if self._was_missed:
                self._put(self._bundle(), instead())

    def close(self) -> None:
        """Wait for no front end any more."""
        self._wait_no_more()
        shell, self._shell = self._shell, None
        if shell is not None:
            for event, listener in self._cells.items():
                shell.events.unregister(event, listener)

    def finish(self) -> None:
        """Leave a plain summary in the notebook in place of the wizard, which would be dead there tomorrow."""
        status = self._status()
        if status is not None:
            self._put(static.summary(status))

    def _wait(self, _cell: object) -> None:
        self._worker.submit(self._miss_front_end, after=HELLO_SECONDS, name=_HELLO)

    def _wait_no_more(self, _cell: object = None) -> None:
        self._worker.cancel(_HELLO)

    def _miss_front_end(self) -> None:
        self._was_missed = True
        self.close()
        self._put(static.front_end_missing(self._status()))

    def _put(self, bundle: dict[str, Any], above: dict[str, Any] = NOTHING) -> None:
        for handle, begun in self._displays:
            begun.update(above, raw=True)
            handle.update(bundle, raw=True)
