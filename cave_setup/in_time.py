"""One piece of work that may never end, given up after a while. Knows nothing of what is done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")


class InTime:
    """Does one thing after another in threads of its own, and waits no longer than so long for each.

    A call into a file system whose server has gone cannot be interrupted. Its thread is left behind, one at most: while
    it hangs nothing else is begun.

    Parameters
    ----------
    seconds : float

    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._hanging: threading.Thread | None = None

    def __call__(self, work: Callable[[], _Result]) -> _Result:
        """Give what the work gives, or raise what it raises.

        Raises
        ------
        TimeoutError
            If it has not ended in time, or what was begun before has not ended yet.

        """
        results: list[_Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
                errors.append(error)

        with self._lock:
            if self._hanging is not None and self._hanging.is_alive():
                raise TimeoutError
            thread = threading.Thread(target=run, name="cave-setup-reads", daemon=True)
            thread.start()
            thread.join(self._seconds)
            self._hanging = thread if thread.is_alive() else None
        if errors:
            raise errors[0]
        if not results:
            raise TimeoutError
        return results[0]
