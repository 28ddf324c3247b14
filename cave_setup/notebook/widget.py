"""The wizard as a Jupyter widget: messages in, one synced dictionary out. Holds no rule, no sentence and no token."""

from __future__ import annotations

import pathlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display

from cave_setup import words
from cave_setup.actions import Setup
from cave_setup.errors import PasteError, SetupError, SeveralTokens
from cave_setup.notebook import static
from cave_setup.notebook.view import Situation, choices, view
from cave_setup.notebook.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.models import Status

HELLO_SECONDS = 10.0  # a front end that can draw the widget has said so long before
TERMS_FIRST_WAIT, TERMS_WAIT_GROWTH, TERMS_LONGEST_WAIT = 2.0, 1.3, 15.0
TERMS_GIVE_UP = 600.0
LATE_SERVICE_WAITS = (20.0, 60.0, 180.0)  # a service may remember a refusal for 300 s; asking more keeps it so

_HERE = pathlib.Path(__file__).parent
_TERMS, _LATE, _HELLO = "terms", "late", "hello"


class Wizard(anywidget.AnyWidget):
    """The CAVE Setup wizard.

    Parameters
    ----------
    server_address, datastack : str, optional
        As in `cave_setup.Setup`.
    setup : Setup, optional
        What the wizard works on; by default a new one.

    Raises
    ------
    AddressError
        If the address or the name of the datastack cannot be one.

    Notes
    -----
    All work is done in a thread; the callbacks of the kernel only put it there, since they may run on any thread and
    must never wait for a server. Put it into any ipywidgets layout, or show it by itself.

    """

    _esm = _HERE / "wizard.js"
    _css = _HERE / "wizard.css"

    state = traitlets.Dict().tag(sync=True)

    def __init__(
        self, server_address: str | None = None, datastack: str | None = None, *, setup: Setup | None = None
    ) -> None:
        self._setup = setup or Setup(server_address, datastack)
        self._status: Status | None = None
        self._situation = Situation(busy=words.LOOKING)
        self._worker = Worker(self._show_mistake)
        self._displays: list[Any] = []
        self._front_end_answered = False
        self._terms_wait, self._terms_waited, self._late_checks = TERMS_FIRST_WAIT, 0.0, 0
        super().__init__(state=self._drawn())
        self.on_msg(self._receive)
        self._worker.submit(self._check)

    def __repr__(self) -> str:
        return f"Wizard({self._setup!r})"

    # ------------------------------------------------------------------------------------------------- messages

    def _receive(self, _widget: object, content: object, buffers: list[memoryview]) -> None:
        """Take a message of the browser: look up the work and put it in the queue, nothing else."""
        if not isinstance(content, dict):
            return
        actions: dict[str, Callable[[], None]] = {
            "hello": self._hello,
            "check": self._start_over,
            "paste": lambda: self._use_text(content.get("text")),
            "file": lambda: self._use_file(buffers),
            "pick": lambda: self._pick(content.get("index")),
            "save": lambda: self._save(replace_other=content.get("replace") is True, default=content.get("default")),
            "server": lambda: self._use_server(content.get("server"), content.get("datastack")),
            "opened": self._watch_terms,
            "visible": self._look_now,
            "another": lambda: self._show(another=True),
            "done": self._finish,
        }
        action = str(content.get("action"))
        if action in actions:
            # Looking twice at the same thing is of no use; what a person enters is never dropped.
            self._worker.submit(actions[action], name=action if action in {"check", "visible"} else "")

    # --------------------------------------------------------------------------------------------------- actions

    def _start_over(self) -> None:
        self._late_checks = 0
        self._check()

    def _check(self) -> None:
        self._show(busy=words.CHECKING if self._status else words.LOOKING)
        self._settle(self._setup.check())

    def _use_text(self, text: object) -> None:
        self._take_token(lambda: self._setup.use_token(str(text)))

    def _use_file(self, buffers: list[memoryview]) -> None:
        try:
            text = _decoded(bytes(buffers[0])) if buffers else ""
        except UnicodeDecodeError:
            self._show(error=PasteError(words.PASTED_NOT_TEXT, words.WHAT_A_TOKEN_LOOKS_LIKE), error_in="paste")
            return
        self._use_text(text)

    def _pick(self, index: object) -> None:
        if isinstance(index, int):
            self._take_token(lambda: self._setup.use_token(pick=index))

    def _take_token(self, take: Callable[[], Status]) -> None:
        self._show(busy=words.CHECKING_TOKEN)
        try:
            status = take()
        except SeveralTokens as several:
            self._show(choices=choices(several.candidates), say=several.sentence)
        except PasteError as error:
            self._show(error=error.with_traceback(None), error_in="paste", say=error.sentence)
        else:
            self._settle(status)

    def _save(self, *, replace_other: bool, default: object) -> None:
        self._show(busy=words.SAVING)
        how_default = default if default in {"keep", "replace"} else "auto"
        self._settle(self._setup.save(replace=replace_other, default=how_default))  # type: ignore[arg-type]

    def _use_server(self, server: object, datastack: object) -> None:
        try:
            self._setup.use_server(str(server), str(datastack))
        except SetupError as error:
            self._show(error=error.with_traceback(None), error_in="server", say=error.sentence)
            return
        self._worker.cancel(_TERMS)
        self._worker.cancel(_LATE)
        self._start_over()

    # ----------------------------------------------------------------------------- waiting for things elsewhere

    def _watch_terms(self) -> None:
        """Begin to wait for the acceptance of terms: the person has opened the server's page for it."""
        self._terms_wait, self._terms_waited = TERMS_FIRST_WAIT, 0.0
        self._show(watching=_TERMS)
        self._worker.submit(self._look_for_terms, after=self._terms_wait, name=_TERMS)

    def _look_now(self) -> None:
        """Look at once: the person has come back to this page."""
        if self._situation.watching == _TERMS:
            self._look_for_terms()

    def _look_for_terms(self) -> None:
        """Ask for one thing only, ever more rarely; at the end a button takes over."""
        if self._setup.terms_are_accepted():
            self._worker.cancel(_TERMS)
            self._check()
            return
        self._terms_waited += self._terms_wait
        if self._terms_waited >= TERMS_GIVE_UP:
            self._show(watching="gave-up")
            return
        self._terms_wait = min(self._terms_wait * TERMS_WAIT_GROWTH, TERMS_LONGEST_WAIT)
        self._worker.submit(self._look_for_terms, after=self._terms_wait, name=_TERMS)

    def _wait_for_late_service(self, status: Status) -> None:
        """Check again, a few times, where a service has yet to notice what the account's server already knows."""
        waits = any(step.need == "wait" for step in status.steps)
        if waits and self._late_checks < len(LATE_SERVICE_WAITS):
            wait = LATE_SERVICE_WAITS[self._late_checks]
            self._late_checks += 1
            self._worker.submit(self._check, after=wait, name=_LATE)

    # --------------------------------------------------------------------------------------------------- drawing

    def _settle(self, status: Status) -> None:
        """Show a new status; what the person was at is over."""
        self._status = status
        focus = status.focus
        waiting = self._situation.watching if focus.need == "accept-terms" else ""
        self._show(
            another=False, watching=waiting, say=words.announce(focus.title, words.STATES[focus.state], focus.summary)
        )
        self._wait_for_late_service(status)

    def _show(
        self,
        *,
        say: str = "",
        watching: str | None = None,
        another: bool | None = None,
        **changes: Any,  # noqa: ANN401 - those of Situation
    ) -> None:
        """Draw. What is waited for and what was begun goes on unless it is named; all else is over."""
        before = self._situation
        self._situation = Situation(
            another=before.another if another is None else another,
            watching=before.watching if watching is None else watching,
            say=say or before.say,
            said=before.said + bool(say),
            **changes,
        )
        self.state = self._drawn()

    def _show_mistake(self, error: Exception) -> None:
        """Say that the wizard itself failed; only the kind of the error, since its text is not ours."""
        mistake = SetupError(words.UNEXPECTED.format(kind=type(error).__name__))
        self._situation = replace(self._situation, busy="", error=mistake, error_in="wizard", say=str(mistake))
        self.state = self._drawn()

    def _drawn(self) -> dict[str, Any]:
        pages = {"token": self._setup.server.token_page}
        if self._status and self._status.missing_terms:
            pages["terms"] = self._setup.terms_page(self._status.missing_terms[0])
        return view(self._status, self._situation, self._setup.server_address, self._setup.datastack, pages)

    # ----------------------------------------------------------------------------------------------- the output

    def _ipython_display_(self) -> None:
        if getattr(get_ipython(), "kernel", None) is None:  # IPython in a terminal: no front end will ever come
            display(static.no_front_end(), raw=True)
            return
        handle = display(self._bundle(), raw=True, display_id=True)
        if handle is not None:
            self._displays.append(handle)
            self._worker.submit(self._miss_front_end, after=HELLO_SECONDS, name=_HELLO)

    def _bundle(self) -> dict[str, Any]:
        """Give what a front end draws; the plain text is for those that know no widgets."""
        bundle = self._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**(data or {}), "text/plain": words.PLAIN_TEXT}

    def _hello(self) -> None:
        """Note that a front end drew the widget; put it back where its absence had been told too early."""
        if not self._front_end_answered:
            self._front_end_answered = True
            if self._worker.cancel(_HELLO) == 0:
                self._update_displays(self._bundle())

    def _miss_front_end(self) -> None:
        self._update_displays(static.front_end_missing(self._status))

    def _finish(self) -> None:
        """Leave a plain summary in the notebook in place of the widget, which would be dead there tomorrow.

        The widget itself is not closed: a page that was reloaded no longer knows which output to replace, and goes on
        showing it.
        """
        if self._status is not None:
            self._update_displays(static.summary(self._status))

    def _update_displays(self, bundle: dict[str, Any]) -> None:
        for handle in self._displays:
            handle.update(bundle, raw=True)

    def close(self) -> None:
        """Take the wizard down, with its thread and its connections."""
        if "_worker" in vars(self):  # not where the constructor refused its arguments
            self._worker.close()
            self._setup.close()
        super().close()


def _decoded(raw: bytes) -> str:
    """Read a dropped file as text; some editors save UTF-16."""
    return raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
