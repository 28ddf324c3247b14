"""The ways of signing in from a notebook, one below the other: a window, a tab that comes back here, a paste.

Knows which is tried and which comes next; what a token is good for is `cave_setup.actions`, sentences are `words`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cave_setup.notebook.situation import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.actions import Setup
    from cave_setup.loopback import Loopback
    from cave_setup.models import Token
    from cave_setup.notebook.situation import Reason
    from cave_setup.notebook.worker import Worker

WINDOW_PATIENCE = 60.0  # after that the silence of the window is told; it may still speak
TAB_REACHED_SECONDS = 10.0  # a browser on this computer is at the start page long before
LOOKING_SECONDS = 5.0  # for the browser to say how it can reach this computer
PATIENCE = 300.0

_REACH, _TAB, _OVER = "reach", "tab", "tab-over"


class Ladder:
    """Where the person is on the ladder.

    Parameters
    ----------
    setup : Setup
    worker : Worker
        Does what has to wait; everything here runs on its thread.
    show : callable
        Draws a new `SignIn`.
    on_token : callable
        Gets the token that came back through the tab, and the address of the server that gave it.
    ask_browser : callable
        Sends a message to the browser.

    """

    def __init__(
        self,
        setup: Setup,
        worker: Worker,
        show: Callable[[SignIn], None],
        on_token: Callable[[Token, str], None],
        ask_browser: Callable[[dict[str, Any]], None],
    ) -> None:
        self._setup = setup
        self._worker = worker
        self._show = show
        self._on_token = on_token
        self._ask_browser = ask_browser
        self._loopback: Loopback | None = None
        self._at = SignIn()
        self.page_base = ""  # of the Jupyter server, as the browser sees it
        self.page_is_near = False  # the page says that it runs on this computer

    def _move(self, at: SignIn) -> None:
        self._at = at
        self._show(at)

    def leave(self) -> SignIn:
        """Begin anew: somebody has signed in, or does something else."""
        for name in (_REACH, _TAB, _OVER):
            self._worker.cancel(name)
        loopback, self._loopback = self._loopback, None
        if loopback is not None:
            loopback.close()
        self._at = SignIn()
        return self._at

    def paste(self) -> SignIn:
        """Open the field to paste into, whatever else is being tried."""
        self._at = replace(self._at, paste=True)
        return self._at

    # ------------------------------------------------------------------------------------------------ the window

    def window_opened(self) -> None:
        """Note that the sign-in window is open."""
        self._move(replace(self._at, rung="window", why=""))

    def window_failed(self, why: Reason) -> None:
        """Go down to the tab: the window was blocked, closed or is silent, or the person does not want it."""
        if self._loopback is not None and not self._loopback.is_over:
            self._move(replace(self._at, why=why))
            return
        server = self._setup.server_address.url
        try:
            self._loopback = self._setup.listen(
                lambda token: self._worker.submit(lambda: self._on_token(token, server)), PATIENCE
            ).start()
        except OSError:  # where a program may not listen at all
            self._move(replace(self._at, why=why, tab="", tab_state="impossible"))
            return
        self._worker.submit(self._tab_over, after=PATIENCE, name=_OVER)
        self._move(replace(self._at, why=why, tab="", tab_state="looking"))
        if not self.page_base:
            self.reached(through=False)
            return
        through = self._loopback.start_through(self.page_base)
        self._ask_browser({"ask": "reach", "address": through.replace("/start-through", "/here")})
        self._worker.submit(lambda: self.reached(through=False), after=LOOKING_SECONDS, name=_REACH)

    # --------------------------------------------------------------------------------------------------- the tab

    def reached(self, *, through: bool) -> None:
        """Choose the tab's address: through the Jupyter server where that passes us on, else directly if it is near."""
        self._worker.cancel(_REACH)
        if self._loopback is None or self._at.tab_state != "looking":
            return
        if through:
            address = self._loopback.start_through(self.page_base)
        else:
            address = self._loopback.start_address if self.page_is_near else ""
        self._move(replace(self._at, rung="tab", tab=address, tab_state="ready" if address else "impossible"))

    def tab_opened(self) -> None:
        """Note that the person has opened the tab; it must reach us before anybody signs in there."""
        self._move(replace(self._at, tab_state="opened"))
        self._worker.submit(self._tab_reached_us, after=TAB_REACHED_SECONDS, name=_TAB)

    def _tab_reached_us(self) -> None:
        if self._loopback is not None and not self._loopback.reached:
            self._move(replace(self._at, tab_state="unreached", tab="", paste=True))

    def _tab_over(self) -> None:
        if self._loopback is not None and self._loopback.token is None:
            self._loopback.close()
            self._move(replace(self._at, tab_state="over", tab=""))
