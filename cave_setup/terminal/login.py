"""``cave-setup login``: a person signs in with the browser, or pastes a token, and everything that can follow does.

Standard output has addresses, each alone on a line, and in the end the status; all that is said or asked is on
standard error. Terms of service are accepted only by a person who types so.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.errors import PasteError, ServerError, SetupError, SeveralTokens, SignInRefused
from cave_setup.models import TokenRefused
from cave_setup.paste import find_token
from cave_setup.plan import follows
from cave_setup.report import as_text
from cave_setup.terminal import REFUSED, WRONG_USAGE
from cave_setup.terminal.output import plain, say, show
from cave_setup.terminal.status import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cave_setup.actions import Setup
    from cave_setup.models import Status, Terms
    from cave_setup.terminal.asking import Person

_PAUSE = 0.1  # seconds between two looks at what was pasted
_LONGEST_TERMS = 50_000  # characters


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """Have signals end things in order: the terminal shows again what is typed, and nobody listens any more.

    Ctrl-C, too, where a shell that started this in the background had it ignored: it may be brought to the front.
    """

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    handlers: dict[int, Callable[..., object]] = {signal.SIGTERM: end, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def login(setup: Setup, person: Person, open_browser: Callable[[str], object] | None = None) -> int:
    """Have a person sign in, unless this computer has a lasting key already; then do what is left.

    Parameters
    ----------
    setup : Setup
    person : Person
        Who is asked, and may paste a token instead.
    open_browser : callable, optional
        Opens an address; without it the address is only printed.

    Returns
    -------
    int
        0 ready; 1 something left to do; 3 the server could not be asked; 4 it refused the token just given.

    """
    return _end(go_through(setup, person, open_browser))


def go_through(setup: Setup, person: Person, open_browser: Callable[[str], object] | None = None) -> Status:
    """Do what `login` does, and give what was found in the end instead of printing it."""
    found = setup.check()
    if found.ready or isinstance(found.facts.server.reachable or found.facts.server.account, ServerError):
        return found
    if found.step("token").state != "done":
        found = _sign_in(setup, person, open_browser) or found
    return _finished(setup, found, person)


def login_with_token(setup: Setup, person: Person) -> int:
    """Take a token from standard input, in any form in which people paste one.

    Parameters
    ----------
    setup : Setup
    person : Person

    Returns
    -------
    int
        As of `login`; also 2: the text has no token, or several.

    """
    try:
        found = _use_pasted(setup, person, person.text(words.LOGIN_PASTE_NOW))
    except PasteError as error:
        say(_told(error))
        return WRONG_USAGE
    return _end(_finished(setup, found, person))


def _end(found: Status) -> int:
    show(as_text(found))
    credential, server = found.facts.credential, found.facts.server
    is_refused = isinstance(server.account, TokenRefused) and credential is not None and credential.given
    if is_refused or isinstance(found.facts.problems.get("account"), SignInRefused):
        return REFUSED
    return exit_code(found)


# ---------------------------------------------------------------------------------------------------- a token


def _sign_in(setup: Setup, person: Person, open_browser: Callable[[str], object] | None) -> Status | None:
    """Wait for a sign-in or a paste, whichever comes first; None if neither did in time."""
    # Nothing shows from before the first word on, so that nobody can paste too early.
    with person.hidden() as pasted, setup.listen() as loopback:
        start, landing = loopback.start_address, loopback.landing_address
        say(words.login_begin(setup.server_address.netloc, opens=open_browser is not None))
        print(start, flush=True)
        if open_browser is not None:  # in a thread, since some browsers keep whoever opened them waiting
            threading.Thread(target=open_browser, args=(start,), daemon=True).start()
        text = ""
        while not text and not loopback.is_over:
            loopback.wait(_PAUSE)
            text = _usable(pasted.whole(), start, setup.server.sign_in_page(landing))
    if loopback.token is not None:
        return _reported(setup.signed_in(loopback.token))
    if text:
        return _use_pasted(setup, person, text, has_just_signed_in=_is_in(landing, text))
    say(f"{words.SIGN_IN_TIMEOUT if loopback.reached else words.SIGN_IN_UNREACHED} {words.SIGN_IN_TIMEOUT_REMEDY}")
    return None


def _usable(text: str, start: str, second: str) -> str:
    """Give a pasted text that holds a token; of any other say what to do instead, and give nothing."""
    if not text:
        return ""
    try:
        find_token(text)
    except PasteError as error:
        if _is_in(start, text):
            say(words.LOGIN_ELSEWHERE)
            print(second, flush=True)
        else:
            say(_told(error))
        return ""
    return text


def _is_in(address: str, text: str) -> bool:
    """Whether the address was pasted; some browsers leave the scheme out."""
    return address.removeprefix("http://") in text


def _told(error: PasteError) -> str:
    """Put an error about pasted text into words; of several tokens list what is known of each, masked."""
    if not isinstance(error, SeveralTokens):
        return str(error)
    found = [words.login_candidate(one.token.masked, one.description, one.created) for one in error.candidates]
    return "\n".join([error.sentence, *found, words.LOGIN_SEVERAL_REMEDY])


def _use_pasted(setup: Setup, person: Person, text: str, *, has_just_signed_in: bool = False) -> Status:
    """Use the token in the text; one that does not last can have a lasting key made."""
    found = setup.use_token(text.removesuffix("\n").removesuffix("\r"))  # what ends the input was not pasted
    if found.step("token").need != "lasting-key":
        return found
    if has_just_signed_in or person.agrees(words.LOGIN_MAKE_KEY, usual=True):
        return _reported(setup.make_token())
    return found


def _reported(found: Status) -> Status:
    for report in found.facts.reports:
        say(report)
    return found


# ------------------------------------------------------------------------------------------- what follows by itself


def _finished(setup: Setup, found: Status, person: Person) -> Status:
    """Go on with the token, as far as that goes without a decision that nobody makes."""
    return _saved(setup, _accepted(setup, found, person), person)


def _accepted(setup: Setup, found: Status, person: Person) -> Status:
    asked: set[int] = set()
    while still_open := [terms for terms in found.missing_terms if terms.id not in asked]:
        asked.add(still_open[0].id)
        if _accepts(setup, still_open[0], person):
            found = setup.accept_terms(still_open[0].id)
            if (failed := found.facts.problems.get("terms")) is not None:
                say(str(failed))  # now: a status after saving does not know of it any more
    return found


def _accepts(setup: Setup, terms: Terms, person: Person) -> bool:
    """Show the terms and ask. Nobody is asked about terms that cannot be shown: those are on the server's page."""
    page = setup.terms_page(terms)
    text = _text_of(setup, terms) if person.is_there else ""
    if not text:
        say(words.login_terms_on_page(terms.name, page))
        return False
    say(words.login_terms(terms.name, text, page))
    return (person.answer(words.LOGIN_TERMS_QUESTION) or "").lower() == "yes"


def _text_of(setup: Setup, terms: Terms) -> str:
    """Give the whole text, or none: cut off, they would not be the terms any more."""
    try:
        text = plain(setup.terms_text(terms)).strip()
    except SetupError:
        return ""
    return text if len(text) <= _LONGEST_TERMS else ""


def _saved(setup: Setup, found: Status, person: Person) -> Status:
    if follows(found) == "save":
        found = setup.save()
    doubts = _doubts(found)
    if doubts and all(person.agrees(doubt) for doubt in doubts):
        is_replacing = found.step("save").need == "replace"
        found = setup.save(replace=is_replacing)
        if is_replacing and found.facts.store.last_save:
            say(words.REPLACED_CAN_COME_BACK)
    return found


def _doubts(found: Status) -> list[str]:
    """List what a person has to agree to before the token is saved; nothing where it cannot be, or is."""
    facts, need = found.facts, found.step("save").need
    if not facts.is_lasting or need not in {"save", "replace", "mount", "restart"}:
        return []
    was_found = facts.credential is not None and not facts.credential.given
    doubts = [words.LOGIN_SAVE] if was_found else []
    if facts.environment.keeps_for_a_run:
        doubts.append(words.LOGIN_THIS_RUN_ONLY)
    for target in facts.store.targets:
        now = target.now
        if target.verdict == "repair" and now and now.damage:
            doubts.append(words.login_damaged(target.shown, words.DAMAGE[now.damage]))
        if target.verdict == "replace" and now and now.token:
            doubts.append(words.login_replace(now.token.masked, target.shown))
    return doubts
