"""The wizard as a Jupyter widget: messages in, one synced dictionary out. Holds no rule, no sentence and no token."""

from __future__ import annotations

import pathlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from cave_setup import words
from cave_setup.actions import Setup
from cave_setup.errors import PasteError, SetupError, SeveralTokens
from cave_setup.guides import PICTURES_CSS
from cave_setup.keeping import are_files_in_place
from cave_setup.models import Token, what_was_meant
from cave_setup.notebook import picker
from cave_setup.notebook.ladder import Ladder
from cave_setup.notebook.listing import Listing
from cave_setup.notebook.markdown import LONGEST_TEXT, as_tree
from cave_setup.notebook.offers import choices
from cave_setup.notebook.output import Output
from cave_setup.notebook.screen import Screen
from cave_setup.notebook.situation import SignIn, TermsText
from cave_setup.notebook.waiting import Waiting
from cave_setup.notebook.worker import Worker
from cave_setup.places import place_names
from cave_setup.plan import follows

if TYPE_CHECKING:
    from collections.abc import Callable

    from cave_setup.models import DatastackChoice, FrontEnd, Status


# What the page calls itself, by what we call it.
_FRONT_ENDS: dict[str, FrontEnd] = {"JupyterLab": "lab", "Jupyter Notebook": "notebook", "VS Code": "vscode"}
# Before the page has drawn, looking would hold it up: it loads the HTTP library. The page says hello long before.
FIRST_LOOK_SECONDS = 0.5
_FIRST_LOOK = "first-look"
_HERE = pathlib.Path(__file__).parent
# Done only at the server that the person saw: another one may have been chosen while this waited for a busy kernel.
_AT_ITS_SERVER = {
    "paste",
    "pick",
    "signed-in",
    "make-key",
    "choose-key",
    "use-key",
    "ask-revoke",
    "revoke",
    "rotate",
    "accept",
    "save",
    "activate",
    "copy-token",
}


class Wizard(anywidget.AnyWidget):
    """The CAVE Setup wizard.

    Parameters
    ----------
    server_address, datastack, environment : str, optional
        As in `cave_setup.Setup`.
    setup : Setup, optional
        What the wizard works on; by default a new one.

    Raises
    ------
    AddressError, UnknownPlace, NoHomeFolder
        As `cave_setup.Setup` does.

    Notes
    -----
    All work is done in a thread; the callbacks of the kernel only put it there, since they may run on any thread and
    must never wait for a server. Put it into any ipywidgets layout, or show it by itself.

    """

    _esm = _HERE / "wizard.js"
    _css = "\n".join(path.read_text(encoding="utf-8") for path in (_HERE / "wizard.css", PICTURES_CSS))

    state = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        server_address: str | None = None,
        datastack: str | None = None,
        *,
        environment: str | None = None,
        setup: Setup | None = None,
    ) -> None:
        self._setup = setup or Setup(server_address, datastack, environment=environment)
        self._is_lent = setup is not None  # and goes on being used
        self._screen = Screen(self._setup, self._draw)
        self._worker = Worker(self._screen.show_mistake, self._rest)
        self._ladder = Ladder(
            self._setup,
            self._worker,
            show=lambda at: self._screen.show(sign_in=at),
            on_token=lambda token, server: self._do_at(server, lambda: self._signed_in(token)),
            ask_browser=self.send,
        )
        self._output = Output(self._worker, self._bundle, lambda: self._screen.status)
        self._listing = Listing(self._setup, self._worker, self._listed)
        self._waiting = Waiting(
            self._setup, self._worker, check=self._check, gave_up=lambda: self._screen.show(watching="gave-up")
        )
        super().__init__(state=self._screen.drawn())
        self.on_msg(self._receive)
        self._worker.submit(self._check, after=FIRST_LOOK_SECONDS, name=_FIRST_LOOK)

    def __repr__(self) -> str:
        return f"Wizard({self._setup!r})"

    def _draw(self, state: dict[str, Any]) -> None:
        self.state = state

    # ------------------------------------------------------------------------------------------------- messages

    def _receive(self, _widget: object, content: object, buffers: list[memoryview]) -> None:
        """Take a message of the browser: look up the work and put it in the queue, nothing else."""
        if not isinstance(content, dict):
            return
        work = self._work_for(content, buffers)
        if work is not None:
            action = str(content.get("action"))
            self._screen.is_new = self._screen.is_new and action in {"hello", "visible"}
            if action in _AT_ITS_SERVER:
                work = partial(self._do_at, content.get("at"), work)
            # Looking twice at the same thing is of no use; what a person enters is never dropped.
            self._worker.submit(work, name=action if action in {"check", "visible", "datastacks"} else "")

    def _do_at(self, server: object, work: Callable[[], None]) -> None:
        here = self._setup.server_address
        if server == here.url:
            work()
            return
        moved = SetupError(words.server_has_changed(here.netloc))
        self._screen.show(error=moved, error_in="wizard", say=str(moved))

    def _work_for(self, content: dict[str, Any], buffers: list[memoryview]) -> Callable[[], None] | None:
        get = content.get
        actions: dict[str, Callable[[], None]] = {
            "hello": lambda: self._hello(get("base"), get("app"), is_near=get("near") is True),
            "check": self._check_again,
            "back": self._back,
            "paste-open": lambda: self._screen.show(sign_in=self._ladder.paste()),
            "paste": lambda: self._use_pasted(buffers),
            "pick": lambda: self._pick(get("value")),
            "signing-in": self._ladder.window_opened,
            "no-sign-in": lambda: self._window_failed(get("why")),
            "signed-in": lambda: self._take_sign_in(buffers),
            "reached": lambda: self._ladder.reached(through=get("through") is True),
            "make-key": lambda: self._act(words.MAKING_KEY, self._setup.make_token),
            "choose-key": lambda: self._choose_key(get("value")),
            "keys": self._show_keys,
            "use-key": lambda: self._with_key(get("key"), words.CHECKING_TOKEN, self._setup.use_key),
            "ask-revoke": lambda: self._screen.show(keys=True, confirm=_number(get("key"))),
            "revoke": lambda: self._revoke(get("key"), own=get("own") is True),
            "rotate": lambda: self._act(words.ROTATING, self._setup.rotate, keys=True),
            "accept": lambda: self._accept(get("terms"), agreed=get("agreed") is True),
            "save": lambda: self._save(replace_other=get("replace") is True, default=get("default")),
            "server": lambda: self._use_server(
                str(get("server")),
                picker.datastack_with(str(get("datastack")), get("typed")),
                sure=get("sure") is True,
            ),
            "datastacks": self._list_datastacks,
            "opened": lambda: self._opened(get("what")),
            "visible": self._look_now,
            "another": self._use_another,
            "guide": lambda: self._screen.show(guide=True, another=False, sign_in=self._ladder.leave()),
            "copy-token": lambda: self._give_token(get("to")),
            "copied": lambda: self._screen.show(copied=True),
            "platform": lambda: self._use_platform(get("text")),
            "place": lambda: self._screen.show(place="about" if get("what") == "about" else "choose"),
            "use-place": lambda: self._use_place(get("value"), get("home")),
            "activate": lambda: self._act(words.SAVING, self._setup.activate, written=words.ACTIVATED),
            "ask-first": lambda: self._ask_first(on=get("on") is True),
            "ask-undo": lambda: self._screen.show(undo=True),
            "undo": self._undo,
            "done": self._output.finish,  # not closed: a page that was reloaded goes on showing it
        }
        return actions.get(str(get("action")))

    # --------------------------------------------------------------------------------------------------- actions

    def _check_again(self) -> None:
        self._listing.forget()
        self._start_over()

    def _start_over(self) -> None:
        self._waiting.patient_again()
        if not self._screen.situation.terms.body:
            self._screen.show(terms=TermsText())  # fetched once more, if need be
        self._check()

    def _use_another(self) -> None:
        self._ladder.leave()
        self._screen.show(another=True, keys=False, guide=False, sign_in=self._ladder.paste())

    def _back(self) -> None:
        """Put away what was begun; nothing has changed, so nothing is asked."""
        self._ladder.leave()
        if self._screen.status is not None:
            self._settle(self._screen.status)

    def _act(self, busy: str, action: Callable[[], Status], *, keys: bool = False, written: str = "") -> None:
        """Do something that ends in a status; what cannot be done is said in the list of keys."""
        self._screen.show(busy=busy)
        try:
            status = action()
        except SetupError as error:
            self._screen.show(keys=True, error=error.with_traceback(None), error_in="keys", say=error.sentence)
        else:
            self._settle(status, keys=keys, say=written if are_files_in_place(status.facts) else "")

    def _ask_first(self, *, on: bool) -> None:
        self._screen.show(ask_first=on)
        if not on and self._screen.status is not None:
            self._settle(self._screen.status)

    def _check(self) -> None:
        self._screen.show(busy=words.CHECKING if self._screen.status else words.LOOKING)
        self._settle(self._setup.check())

    def _use_pasted(self, buffers: list[memoryview]) -> None:
        """Take what was pasted or dropped. It is beside the message, since kernels log those."""
        try:
            text = _decoded(bytes(buffers[0])) if buffers else ""
        except UnicodeDecodeError:
            self._refuse_paste(PasteError(words.PASTED_NOT_TEXT, words.WHAT_A_TOKEN_LOOKS_LIKE))
            return
        self._take_token(lambda: self._setup.use_token(text))

    def _pick(self, index: object) -> None:
        """Take an answer to which of several tokens it is, while that is the question: a double click gives two."""
        number = _number(index)
        if number is not None and 0 <= number < len(self._screen.situation.choices):
            self._take_token(lambda: self._setup.use_token(pick=number))

    def _take_token(self, take: Callable[[], Status]) -> None:
        self._screen.show(busy=words.CHECKING_TOKEN)
        try:
            status = take()
        except SeveralTokens as several:
            self._screen.show(choices=choices(several.candidates), say=several.sentence)
        except PasteError as error:
            self._refuse_paste(error.with_traceback(None))
        else:
            self._settle(status)

    def _refuse_paste(self, error: PasteError) -> None:
        self._screen.show(error=error, error_in="paste", say=error.sentence, sign_in=self._ladder.paste())

    # ------------------------------------------------------------------------------------------------ signing in

    def _window_failed(self, why: object) -> None:
        if why in {"blocked", "closed", "late", "chosen"}:
            self._ladder.window_failed(why)

    def _take_sign_in(self, buffers: list[memoryview]) -> None:
        try:
            token = Token(_decoded(bytes(buffers[0])) if buffers else "")
        except ValueError:
            return  # the browser has looked at its shape already, so this is nobody's sign-in
        self._signed_in(token)

    def _signed_in(self, token: Token) -> None:
        """Go on with the token of a sign-in, whichever way it came."""
        self._ladder.leave()
        make_key = not self._screen.situation.ask_first
        self._screen.show(busy=words.SIGNING_IN if make_key else words.CHECKING_TOKEN, sign_in=SignIn())
        self._settle(self._setup.signed_in(token, make_key=make_key))

    # ------------------------------------------------------------------------------------------------------- keys

    def _show_keys(self) -> None:
        self._screen.show(busy=words.LOOKING_FOR_KEYS, keys=True)
        try:
            self._setup.tokens()
        except SetupError as error:
            self._screen.show(keys=True, error=error.with_traceback(None), error_in="keys", say=error.sentence)
            return
        self._settle(self._setup.found(), keys=True)

    def _choose_key(self, key: object) -> None:
        """Take an answer to which key this computer shall use, while that is the question."""
        if self._screen.status is None or self._screen.status.focus.need != "lasting-key":
            return
        if key == "new":
            self._act(words.MAKING_KEY, self._setup.make_token)
        else:
            self._with_key(key, words.CHECKING_TOKEN, self._setup.use_key)

    def _with_key(self, number: object, busy: str, action: Callable[[int], Status]) -> None:
        key_id = _number(number)
        if key_id is not None:
            self._act(busy, lambda: action(key_id))

    def _revoke(self, number: object, *, own: bool) -> None:
        key_id = _number(number)
        if key_id is not None:
            self._act(words.REVOKING, lambda: self._setup.revoke(key_id, own=own), keys=not own)

    # ------------------------------------------------------------------------------------------------------ terms

    def _accept(self, number: object, *, agreed: bool) -> None:
        """Accept terms, but only those that are shown and only with the tick."""
        open_terms = self._screen.status.missing_terms if self._screen.status else ()
        shown = self._screen.situation.terms
        if agreed and shown.body and open_terms and number == open_terms[0].id == shown.id:
            self._act(words.ACCEPTING, lambda: self._setup.accept_terms(open_terms[0].id))

    def _fetch_terms(self, status: Status) -> None:
        """Fetch the text of the terms that a person has to read now, once."""
        if not status.missing_terms or status.missing_terms[0].id == self._screen.situation.terms.id:
            return
        terms = status.missing_terms[0]
        try:
            text = self._setup.terms_text(terms)
        except SetupError:
            text = ""
        body = as_tree(text) if len(text) <= LONGEST_TEXT else []  # cut off, they would not be the terms any more
        self._screen.show(terms=TermsText(terms.id, tuple(body)))

    def _opened(self, what: object) -> None:
        if what == "terms":
            self._screen.show(watching="terms")
            self._waiting.for_terms()
        elif what == "tab":
            self._ladder.tab_opened()
        elif what == "account":
            self._screen.show(opened=True)

    # ---------------------------------------------------------------------------------------- mounting the token

    def _give_token(self, to: object) -> None:
        """Send the token for the clipboard of the page that asked: a message, of which nothing is kept in the state.

        It reaches every page on which this wizard is shown; only the one that asked makes use of it.
        """
        self.send({"tell": "token", "to": str(to)}, [self._setup.reveal().encode()])

    def _use_place(self, place: object, home: object) -> None:
        """Take an answer to where this is, or to what becomes of the home folder."""
        here = self._setup.environment.key
        if isinstance(home, bool):
            key, persists = here, home
        elif isinstance(place, str) and place in {here, *place_names()}:
            key, persists = place, None
        else:
            return
        self._screen.show(busy=words.LOOKING, place=self._screen.situation.place)
        self._settle(self._setup.use_environment(key, home_persists=persists))

    def _use_platform(self, text: object) -> None:
        try:
            status = self._setup.use_account_page(str(text))
        except SetupError as error:
            self._screen.show(error=error.with_traceback(None), error_in="platform", say=error.sentence)
        else:
            self._keep_looking(status)

    def _keep_looking(self, status: Status) -> None:
        """Show what has been observed meanwhile; the person goes on with the guide."""
        before = self._screen.status
        if before is None or [step.summary for step in before.steps] != [step.summary for step in status.steps]:
            self._settle(status, guide=self._screen.situation.guide and status.focus.need == "sign-in")
        else:
            self._screen.status = status
            self._screen.show()

    # ----------------------------------------------------------------------------------------------------- saving

    def _save(self, *, replace_other: bool, default: object) -> None:
        self._screen.show(busy=words.SAVING)
        how_default = default if default in {"keep", "replace"} else "auto"
        self._settle(self._setup.save(replace=replace_other, default=how_default))  # type: ignore[arg-type]

    def _undo(self) -> None:
        """Take the last save back, while that is the question."""
        if not self._screen.situation.undo:
            return
        self._screen.show(busy=words.UNDOING)
        try:
            status = self._setup.undo()
        except SetupError as error:
            self._settle(self._setup.look_here())
            self._screen.show_beside(error=error.with_traceback(None), error_in="wizard", say=str(error))
        else:
            self._settle(status, say=words.UNDONE)

    # ------------------------------------------------------------------------------------- server and datastack

    def _use_server(self, server: str, datastack: str, *, sure: bool) -> None:
        """Use another server or datastack, but ask first where a mistake is likely: a token would be sent there."""
        before = self._setup.server_address
        try:
            listed = {before.url: [choice.name for choice in self._screen.situation.listed or ()]}
            meant = what_was_meant(server, datastack, listed)
            if meant is not None and not sure:
                doubt = SetupError(meant.sentence, meant.remedy)
                self._screen.show(error=doubt, error_in="server", meant=meant, say=str(doubt))
                return
            self._setup.use_server(server, datastack)
        except SetupError as error:
            self._screen.show(error=error.with_traceback(None), error_in="server", say=error.sentence)
            return
        self._waiting.stop()
        if before != self._setup.server_address:
            self._forget_datastacks()
        self._screen.show(
            sign_in=self._ladder.leave(),
            terms=TermsText(),
            another=False,
            keys=False,
            guide=False,
            moved=self._screen.situation.moved + 1,
        )
        self._start_over()

    def _list_datastacks(self) -> None:
        """List the server's datastacks beside whatever the person is at; without an account there is no list."""
        status = self._screen.status
        is_of_the_form = self._screen.situation.error_in in {"server", "datastacks"}  # from when it was open last
        over: dict[str, Any] = {"error": None, "error_in": "", "meant": None} if is_of_the_form else {}
        if status is None or status.account is None:
            self._screen.show_beside(listing=False, **over)
            return
        try:
            self._screen.show_beside(listing=self._listing.ask(status), **over)
        except SetupError as error:
            self._listed(error)

    def _listed(self, found: tuple[DatastackChoice, ...] | Exception) -> None:
        if isinstance(found, tuple):
            self._screen.show_beside(listing=False, listed=found, say=picker.summary(found))
        elif isinstance(found, SetupError):
            error = found.with_traceback(None)
            self._screen.show_beside(listing=False, error=error, error_in="datastacks", say=str(error))
        else:
            raise found

    def _forget_datastacks(self) -> None:
        self._listing.forget()
        self._screen.situation = replace(self._screen.situation, listing=False, listed=None)

    # ----------------------------------------------------------------------------- waiting for things elsewhere

    def _look_now(self) -> None:
        """Look at once: the person has come back to this page."""
        if self._screen.situation.watching == "terms":
            self._waiting.look_for_terms()
        elif self._screen.status is not None and self._is_guiding(self._screen.status):
            self._keep_looking(self._setup.look_here())

    def _is_guiding(self, status: Status) -> bool:
        return self._screen.situation.guide or status.focus.need in {"mount", "restart"}

    def _settle(self, status: Status, *, keys: bool = False, guide: bool = False, say: str = "") -> None:
        """Show a new status, and do what follows by itself; what the person was at is over."""
        before, now = self._screen.status.facts.credential if self._screen.status else None, status.facts.credential
        is_same = before is not None and now is not None and before.token == now.token
        self._screen.status = status
        if not is_same:
            self._forget_datastacks()
        focus = status.focus
        waiting = self._screen.situation.watching if focus.need == "accept-terms" else ""
        self._screen.show(
            another=False,
            keys=keys,
            guide=guide,
            copied=self._screen.situation.copied and is_same,
            watching=waiting,
            sign_in=self._screen.situation.sign_in if focus.need in {"sign-in", "new-token"} else self._ladder.leave(),
            say=say or words.announce(focus.title, words.STATES[focus.state], focus.summary),
        )
        if not keys and not self._screen.situation.ask_first and follows(status) == "save":
            self._save(replace_other=False, default="auto")
            return
        if focus.need == "accept-terms":
            self._fetch_terms(status)
        self._waiting.for_late_service(status)

    # ----------------------------------------------------------------------------------------------- the output

    def show(self, begun: Any = None) -> None:  # noqa: ANN401 - a handle of IPython's, which has no types
        """Show the wizard as the output of the cell that runs, in place of what has been shown of it already."""
        self._output.show(begun)

    def _ipython_display_(self) -> None:
        self.show()

    def _bundle(self) -> dict[str, Any]:
        """Give what a front end draws; one that knows no widgets has guidance above it."""
        bundle = self._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**(data or {}), "text/html": "", "text/plain": ""}

    def _hello(self, base: object, app: object, *, is_near: bool) -> None:
        """Note that a front end drew the widget, which one, and where that is."""
        self._ladder.page_base, self._ladder.page_is_near = str(base or ""), is_near
        if front_end := _FRONT_ENDS.get(str(app)):
            self._setup.drawn_by(front_end)
            if self._screen.status is not None:
                self._screen.status = self._setup.found()
                self._screen.show()
        self._output.hello()
        if self._worker.cancel(_FIRST_LOOK):
            self._check()

    def close(self) -> None:
        """Take the wizard down, with its threads and its connections; a server that hangs is not waited for."""
        if "_worker" in vars(self):  # not where the constructor refused its arguments
            self._worker.close()
            self._let_go()
        super().close()

    def _rest(self) -> None:
        """Keep nothing open while nobody does anything here: wizards of cells that were run again are never closed."""
        if self._worker.is_closed:
            self._let_go()  # of what the piece of work that was at hand has begun since
        elif not self._listing.is_under_way:
            self._setup.rest()

    def _let_go(self) -> None:
        self._ladder.leave()
        self._output.close()
        # For good: the thread may have taken up its next work in this very moment, and would ask anew.
        (self._setup if self._is_lent else self._setup.server).close()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decoded(raw: bytes) -> str:
    """Read what was pasted as text; some editors save files in UTF-16."""
    return raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
