"""Lists the server's datastacks beside whatever the wizard's thread does, and not again while nothing has changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from cave_setup.models import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.actions import Setup
    from cave_setup.models import DatastackChoice, Status
    from cave_setup.notebook.worker import Worker

    Listed = tuple[DatastackChoice, ...]

FRESH_SECONDS = 300.0


class Listing:
    """The list of one server for one token. All but the asking is done in the worker's thread.

    Parameters
    ----------
    setup : Setup
    worker : Worker
    got : callable
        Gets the list, or what kept it from coming; not called for a server or a token that is not used any more.

    """

    def __init__(self, setup: Setup, worker: Worker, got: Callable[[Listed | Exception], None]) -> None:
        self._setup = setup
        self._worker = worker
        self._got = got
        self._asking: object = None  # for what a thread is under way, and for what the list is that came last
        self._has: object = None
        self._since = 0.0
        self._under_way = 0

    @property
    def is_under_way(self) -> bool:
        """Whether somebody is being asked, also for a list that nobody cares for any more."""
        return self._under_way > 0

    def ask(self, status: Status) -> bool:
        """Have the list come, unless it has come a moment ago; say whether it is still to come.

        Raises
        ------
        NoTokenToActWith
            If there is no token for this server.

        """
        now = self._now(status)
        if self._has == now and time.monotonic() - self._since < FRESH_SECONDS:
            return False
        if self._asking != now:
            ask = self._setup.datastacks_later()
            self._asking = now
            self._under_way += 1
            # In no pool: the end of the program would wait for it. It takes ten seconds at most.
            threading.Thread(target=self._ask, args=(now, ask), name="cave-setup-lists", daemon=True).start()
        return True

    def forget(self) -> None:
        """Ask anew the next time, and care no more for what is on its way."""
        self._asking = self._has = None

    def _ask(self, asked: object, ask: Callable[[], Listed]) -> None:
        found: Listed | Exception
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001 - a mistake of ours is told in the worker's thread
            found = error.with_traceback(None)
        self._worker.submit(lambda: self._take(asked, found))

    def _take(self, asked: object, found: Listed | Exception) -> None:
        self._under_way -= 1
        if self._asking != asked:
            return
        self._asking = None
        if isinstance(found, tuple):
            self._has, self._since = asked, time.monotonic()
        self._got(found)

    def _now(self, status: Status) -> object:
        """Give what the list depends on: whose it is, and which terms are accepted."""
        facts = status.facts
        terms = facts.server.account.missing_terms if isinstance(facts.server.account, Account) else ()
        return self._setup.server_address, facts.credential and facts.credential.token, terms
